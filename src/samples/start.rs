//! When a clock must have started to stand as it should now.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike, Utc};

use crate::calendar::Calendar;
use crate::sla::{Rule, at_risk_at, due_at};

/// How far back a start is looked for: longer than any built-in target and its delay here.
const MOST_DAYS: u32 = 250;

/// How a clock stands, and how long it has stood so: for `0` since the latest possible day, for `2` two days longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    OnTime(u32),
    AtRisk(u32),
    Late(u32),
}

impl Stand {
    fn days(self) -> u32 {
        match self {
            Self::OnTime(days) | Self::AtRisk(days) | Self::Late(days) => days,
        }
    }

    /// How a clock of `rule` that started at `start` stands at `now`.
    pub fn of(rule: &Rule, calendar: &Calendar, start: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        if due_at(&rule.target, calendar, start).ok()? <= now {
            return Some(Self::Late(0));
        }
        let warned = rule.warn.and_then(|warn| at_risk_at(&rule.target, warn, calendar, start).ok());
        Some(if warned.is_some_and(|at| at <= now) { Self::AtRisk(0) } else { Self::OnTime(0) })
    }
}

/// A start on a business day at which `rule`'s clock stands so at `now`: the latest one, or so many days before it (as
/// far as it then still stands so). `seed` varies the time of day.
pub fn find_start(
    rule: &Rule,
    calendar: &Calendar,
    now: DateTime<Utc>,
    stand: Stand,
    seed: u32,
) -> Option<DateTime<Utc>> {
    let wanted = std::mem::discriminant(&stand);
    let time = working_time(seed);
    let latest = (now - TimeDelta::minutes(20)).with_nanosecond(0)?;
    let mut day = calendar.zone().local_date(now);
    let mut found = None;
    let mut left = stand.days();
    for _ in 0..MOST_DAYS {
        let start = calendar.zone().instant_of(day.and_time(time))?.min(latest);
        if Stand::of(rule, calendar, start, now).is_some_and(|it| std::mem::discriminant(&it) == wanted) {
            found = Some(start);
            if left == 0 {
                break;
            }
            left -= 1;
        } else if found.is_some() {
            break;
        }
        day = calendar.previous_business_day(day)?;
    }
    found
}

/// A time of day between 8:00:00 and 17:59:59.
pub fn working_time(seed: u32) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(8 * 3600 + seed.wrapping_mul(7919) % 36_000, 0).unwrap_or_default()
}

/// The same local time so many business days before `at`.
pub fn business_days_before(calendar: &Calendar, at: DateTime<Utc>, count: u32) -> DateTime<Utc> {
    let local = calendar.zone().local(at);
    let day = calendar.nth_business_day_before(local.date(), count);
    let time = local.time().with_nanosecond(0).unwrap_or_default();
    day.and_then(|day| calendar.zone().instant_of(day.and_time(time))).unwrap_or(at)
}
