//! The latest start that may already be late, so that one comparison in SQL stands in for a deadline per claim.
//!
//! A later local start hardly ever has an earlier deadline, so the last local day with a late start is found by halving,
//! and in it the second. Two things can turn the order of starts round, and both widen the cutoff: a roll moves several
//! last days to one (that is why days are compared by their first starts), and clocks that are set back show an earlier
//! local time to a later instant (that is why the local bound becomes the last instant that shows an earlier time).
//! Source: docs/architecture.md.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::calendar::{Calendar, FIRST_DAY, LAST_DAY};

use super::deadline::{due_of_local, risk_of_local};
use super::{Span, Target};

const SECONDS_OF_A_DAY: u32 = 86_400;

/// An instant, on a whole second, that every start due (or, with `warn`, at risk) at `now` lies before. Starts before it
/// need not be late; normally, under `end_of_day`, all are, and it is the start of the first local day whose starts are
/// not.
#[must_use]
pub fn cutoff(target: &Target, warn: Option<Span>, calendar: &Calendar, now: DateTime<Utc>) -> DateTime<Utc> {
    let is_late = |start: NaiveDateTime| {
        let at = match warn {
            Some(warn) => risk_of_local(target, warn, calendar, start),
            None => due_of_local(target, calendar, start),
        };
        at.is_some_and(|at| at <= now)
    };
    let Some(day) = last_day_with_late_starts(&is_late, calendar.zone().local_date(now)) else {
        return FIRST_DAY.and_time(NaiveTime::MIN).and_utc();
    };
    let bound = end_of_late_starts(&is_late, day);
    let past = calendar.zone().instant_past(bound).unwrap_or(LAST_DAY.and_time(NaiveTime::MIN).and_utc());
    // At risk at the earliest when it starts: a start after now is not.
    let next_second = DateTime::from_timestamp(now.timestamp().saturating_add(1), 0);
    if warn.is_some() { next_second.map_or(past, |next| past.min(next)) } else { past }
}

/// The last local day that has late starts, if there is one: if any start of a day is late, so is its first.
fn last_day_with_late_starts(is_late: &impl Fn(NaiveDateTime) -> bool, today: NaiveDate) -> Option<NaiveDate> {
    let first_is_late = |day: NaiveDate| is_late(day.and_time(NaiveTime::MIN));
    // From there on starts are after now, even in a zone that has just set its clocks back over midnight.
    let mut not_late = today.min(LAST_DAY).checked_add_days(Days::new(2))?.min(LAST_DAY);
    let mut step = 1;
    let mut late = loop {
        if not_late <= FIRST_DAY {
            return None;
        }
        let earlier = not_late.checked_sub_days(Days::new(step)).map_or(FIRST_DAY, |day| day.max(FIRST_DAY));
        if first_is_late(earlier) {
            break earlier;
        }
        (not_late, step) = (earlier, step * 2);
    };
    loop {
        let between = not_late.signed_duration_since(late).num_days();
        if between <= 1 {
            return Some(late);
        }
        let middle = late + TimeDelta::days(between / 2);
        if first_is_late(middle) { late = middle } else { not_late = middle }
    }
}

/// The first second of that day from which on starts are not late; at the latest its end.
fn end_of_late_starts(is_late: &impl Fn(NaiveDateTime) -> bool, day: NaiveDate) -> NaiveDateTime {
    let midnight = day.and_time(NaiveTime::MIN);
    let at = |second: u32| midnight + TimeDelta::seconds(second.into());
    let (mut late, mut not_late) = (0, SECONDS_OF_A_DAY);
    if is_late(at(SECONDS_OF_A_DAY - 1)) {
        return at(SECONDS_OF_A_DAY);
    }
    while not_late - late > 1 {
        let middle = u32::midpoint(late, not_late);
        if is_late(at(middle)) { late = middle } else { not_late = middle }
    }
    at(not_late)
}

#[cfg(test)]
mod tests;
