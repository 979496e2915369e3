//! Which starts have deadlines that reach days of which a calendar does not know: the mirror image of [`super::cutoff`].
//!
//! The last day of a deadline depends on the start's local day alone, and a later day never has an earlier one, so that
//! the first day whose deadline reaches too far is found by halving. Where a zone sets clocks back over midnight an instant
//! may show an earlier day than one before it: both bounds are wide enough for that, and [`beyond`] is exact.
//! Source: docs/domain.md, "Counting days".

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::calendar::{Calendar, FIRST_DAY, LAST_DAY, Origin, Uncovered};

use super::Target;
use super::deadline::Due;

/// The starts whose deadlines may reach days of which a calendar does not know. Empty for a calendar that knows them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// Starts before this instant: the day of the start itself is too early. `None`: no start is.
    pub before: Option<DateTime<Utc>>,
    /// Starts at this instant and after it: the last day is too late. `None`: no start has such a deadline.
    pub from: Option<DateTime<Utc>>,
}

impl Horizon {
    /// The starts that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let from = self.from.into_iter().chain(other.from).min();
        Self { before: self.before.max(other.before), from }
    }
}

/// The starts of which [`beyond`] may say something: it says nothing of any other.
#[must_use]
pub fn horizon(target: &Target, calendar: &Calendar) -> Horizon {
    let known = || calendar.sources().filter_map(|(_, known)| known);
    let (Some(first), Some(last)) = (known().map(|days| *days.start()).max(), known().map(|days| *days.end()).min())
    else {
        return Horizon::default();
    };
    let zone = calendar.zone();
    let end_of_time = LAST_DAY.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1) - TimeDelta::microseconds(1);
    let before = (first > FIRST_DAY).then(|| zone.instant_past(first.and_time(NaiveTime::MIN)).unwrap_or(end_of_time));
    let from = first_day_that_reaches_past(target, calendar, last).map(|day| {
        if day == FIRST_DAY { DateTime::<Utc>::MIN_UTC } else { zone.start_of_day(day).unwrap_or(end_of_time) }
    });
    Horizon { before, from }
}

/// What the calendar does not know of the days from a clock's start to its last one, and that last day; `None` if it knows
/// them all, or the clock has no deadline.
#[must_use]
pub fn beyond<'c>(target: &Target, calendar: &'c Calendar, start: DateTime<Utc>) -> Option<(Uncovered<'c>, NaiveDate)> {
    let zone = calendar.zone();
    let local = zone.local(start);
    let due = Due::of_local(target, calendar, local)?;
    due.instant(zone)?;
    Some((calendar.uncovered(&(local.date()..=due.last))?, due.last))
}

/// What to do about an origin that does not know enough, for a person.
#[must_use]
pub fn remedy(origin: &Origin) -> String {
    match origin {
        Origin::File(name) => format!("add the missing years to {name}, or set its known_until if none are missing"),
        Origin::Country(_) | Origin::Configuration => {
            "install a newer claimwatch, or name a file with these years in `ics`, in place of `country`".into()
        }
    }
}

/// The first local day whose starts have a last day after `known`, or none at all; `None`: no day has.
fn first_day_that_reaches_past(target: &Target, calendar: &Calendar, known: NaiveDate) -> Option<NaiveDate> {
    let reaches = |day: NaiveDate| {
        let due = Due::of_local(target, calendar, day.and_time(NaiveTime::MIN));
        due.is_none_or(|due| due.last > known)
    };
    if known >= LAST_DAY {
        return None;
    }
    let mut reaching = known.max(FIRST_DAY);
    let mut step = 1;
    let mut short = loop {
        if reaching == FIRST_DAY {
            return Some(FIRST_DAY);
        }
        let earlier = reaching.checked_sub_days(Days::new(step)).map_or(FIRST_DAY, |day| day.max(FIRST_DAY));
        if !reaches(earlier) {
            break earlier;
        }
        (reaching, step) = (earlier, step * 2);
    };
    loop {
        let between = reaching.signed_duration_since(short).num_days();
        if between <= 1 {
            return Some(reaching);
        }
        let middle = short + TimeDelta::days(between / 2);
        if reaches(middle) { reaching = middle } else { short = middle }
    }
}

#[cfg(test)]
mod tests;
