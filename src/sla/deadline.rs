//! When a clock is due, when it is at risk, and what is so many days after an instant.
//!
//! The day of the start is not counted and a deadline is the first instant of the local day after the last one, or, under
//! [`Counting::Elapsed`], the start's own time of day on the last one. Nothing here allocates. Everything is decided on
//! local time and turned into an instant at the very end; [`super::explain`] takes the same walk day by day.
//! Source: docs/domain.md, "Counting days".

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::calendar::{Calendar, DayTable, FIRST_DAY, LAST_DAY, Zone};

use super::{Counting, Roll, Span, Target, Unit};

/// Why a deadline cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    /// The start or the deadline is in none of them, or the calendar has too few business days left.
    #[error("a start at {start} has no deadline in the years 1 to 9999")]
    OutOfRange { start: DateTime<Utc> },
}

/// The first instant at which a clock that started at `start` is late: it is breached if `now >= due_at`.
///
/// # Errors
/// [`DeadlineError`]
pub fn due_at(target: &Target, calendar: &Calendar, start: DateTime<Utc>) -> Result<DateTime<Utc>, DeadlineError> {
    due_by_table(target, calendar.table(), start)
        .or_else(|| due_of_local(target, calendar, calendar.zone().local(start)))
        .ok_or(DeadlineError::OutOfRange { start })
}

/// The same from the calendar's arrays alone; `None` where they do not say.
#[inline]
fn due_by_table(target: &Target, days: &DayTable, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let first = days.day_of(start)?;
    let Target { span: Span { count, unit }, counting, roll } = *target;
    let mut last = match unit {
        Unit::BusinessDays => days.nth_business_day_after(first, count)?,
        Unit::Days => days.nth_day_after(first, count)?,
    };
    if roll == Roll::NextBusinessDay && !days.is_business_day(last) {
        last = days.nth_business_day_after(last, 1)?;
    }
    match counting {
        Counting::EndOfDay => days.end(last),
        Counting::Elapsed if unit == Unit::BusinessDays && !days.is_business_day(first) => {
            let begins = days.nth_business_day_after(first, 1)?;
            days.start(days.nth_business_day_after(begins, count)?)
        }
        Counting::Elapsed => days.same_time_on(start, last),
    }
}

/// The first instant at which it is at risk: `warn` before the deadline, but not before `start`.
///
/// A warning in business days leaves so many whole business days until the deadline, also where a target in calendar
/// days ends on a day off: one business day before the end of a Sunday is the end of Thursday, which leaves Friday.
///
/// # Errors
/// [`DeadlineError`]
pub fn at_risk_at(
    target: &Target,
    warn: Span,
    calendar: &Calendar,
    start: DateTime<Utc>,
) -> Result<DateTime<Utc>, DeadlineError> {
    let due = Due::of_local(target, calendar, calendar.zone().local(start));
    let deadline = due.and_then(|due| due.instant(calendar.zone()));
    match (due, deadline) {
        (Some(due), Some(_)) => Ok(due.risk(warn, calendar).map_or(start, |at| at.max(start))),
        _ => Err(DeadlineError::OutOfRange { start }),
    }
}

/// The instant `span` after `from`, for escalation levels and reminders.
///
/// An instant that is exactly the start of a local day, as deadlines usually are, is taken as the end of the day before:
/// the answer is the end of the *n*-th (business) day after that one. Any other instant keeps its local time of day on
/// the *n*-th (business) day after its own; on a day off, business days count from the start of the next business day,
/// as under [`Counting::Elapsed`].
///
/// # Errors
/// [`DeadlineError`]
pub fn later(calendar: &Calendar, from: DateTime<Utc>, span: Span) -> Result<DateTime<Utc>, DeadlineError> {
    let zone = calendar.zone();
    let local = zone.local(from);
    let after = if zone.start_of_day(local.date()) == Some(from) {
        let target = Target { span, counting: Counting::EndOfDay, roll: Roll::None };
        local.date().pred_opt().and_then(|day| Due::on_day_after(&target, calendar, day, local.time()))
    } else {
        let target = Target { span, counting: Counting::Elapsed, roll: Roll::None };
        Due::of_local(&target, calendar, local)
    };
    after.and_then(|due| due.instant(zone)).ok_or(DeadlineError::OutOfRange { start: from })
}

/// How many whole business days have passed between two instants: those that begin at `from` or later and have ended at
/// `to`. From a deadline to now, it is "3 business days late".
#[must_use]
pub fn business_days_between(calendar: &Calendar, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    let whole_days = || {
        let zone = calendar.zone();
        let mut first = zone.local_date(from).max(FIRST_DAY);
        while zone.start_of_day(first)? < from {
            first = first.succ_opt()?;
        }
        let mut beyond = zone.local_date(to);
        // Where clocks were set back over midnight, the next day has begun once already.
        while let Some(next) = beyond.succ_opt().filter(|day| zone.start_of_day(*day).is_some_and(|start| start <= to))
        {
            beyond = next;
        }
        Some(calendar.business_days_in(first..=beyond.pred_opt()?))
    };
    if from < to { whole_days().unwrap_or(0) } else { 0 }
}

/// On which business day after the day of `start` the instant `stop` is; 0 on that day itself. A clock with a target of so
/// many business days, counted to the end of the last one, is met if it is no more than that.
#[must_use]
pub fn business_day_of(calendar: &Calendar, start: DateTime<Utc>, stop: DateTime<Utc>) -> u32 {
    let (first, last) = (calendar.zone().local_date(start), calendar.zone().local_date(stop));
    match first.max(FIRST_DAY).succ_opt() {
        Some(first) if start <= stop => calendar.business_days_in(first..=last.min(LAST_DAY)),
        _ => 0,
    }
}

/// The deadline of a start at that local time; `None`: outside the years 1 to 9999.
pub(super) fn due_of_local(target: &Target, calendar: &Calendar, start: NaiveDateTime) -> Option<DateTime<Utc>> {
    Due::of_local(target, calendar, start)?.instant(calendar.zone())
}

/// When a start at that local time is at risk; the earliest instant there is, if the warning goes back before all days.
/// `None`: the deadline is outside the years 1 to 9999.
pub(super) fn risk_of_local(
    target: &Target,
    warn: Span,
    calendar: &Calendar,
    start: NaiveDateTime,
) -> Option<DateTime<Utc>> {
    let due = Due::of_local(target, calendar, start)?;
    due.instant(calendar.zone())?;
    Some(due.risk(warn, calendar).unwrap_or(DateTime::<Utc>::MIN_UTC))
}

/// A deadline in local terms.
#[derive(Clone, Copy)]
pub(super) struct Due {
    /// The last day, the only one of which something may still be left.
    pub(super) last: NaiveDate,
    pub(super) at: At,
}

/// What of the last day is over at the deadline.
#[derive(Clone, Copy)]
pub(super) enum At {
    Start,
    TimeOfDay(NaiveTime),
    End,
}

impl Due {
    pub(super) fn of_local(target: &Target, calendar: &Calendar, start: NaiveDateTime) -> Option<Self> {
        let (day, time) = (start.date(), start.time());
        if !(FIRST_DAY..=LAST_DAY).contains(&day) {
            return None;
        }
        let elapsed = target.counting == Counting::Elapsed && target.span.unit == Unit::BusinessDays;
        if elapsed && !calendar.is_business_day(day) {
            let first = calendar.next_business_day(day)?;
            return Some(Self { last: calendar.nth_business_day_after(first, target.span.count)?, at: At::Start });
        }
        Self::on_day_after(target, calendar, day, time)
    }

    /// Counts from the end of `day`, whatever day that is.
    fn on_day_after(target: &Target, calendar: &Calendar, day: NaiveDate, time: NaiveTime) -> Option<Self> {
        let last = match target.span.unit {
            Unit::BusinessDays => calendar.nth_business_day_after(day, target.span.count)?,
            Unit::Days => calendar.nth_day_after(day, target.span.count)?,
        };
        let last = match target.roll {
            Roll::NextBusinessDay if !calendar.is_business_day(last) => calendar.next_business_day(last)?,
            _ => last,
        };
        let at = match target.counting {
            Counting::EndOfDay => At::End,
            Counting::Elapsed => At::TimeOfDay(time),
        };
        Some(Self { last, at })
    }

    /// Goes back from the last day; `None`: to before the year 1.
    fn risk(self, warn: Span, calendar: &Calendar) -> Option<DateTime<Utc>> {
        let last = match warn.unit {
            Unit::Days => calendar.nth_day_before(self.last, warn.count)?,
            Unit::BusinessDays if calendar.is_business_day(self.last) => {
                calendar.nth_business_day_before(self.last, warn.count)?
            }
            Unit::BusinessDays => calendar.nth_business_day_before(self.last, warn.count.checked_add(1)?)?,
        };
        Self { last, ..self }.instant(calendar.zone())
    }

    pub(super) fn instant(self, zone: &Zone) -> Option<DateTime<Utc>> {
        zone.instant_of(self.local()?)
    }

    /// The local time of the deadline, which may not exist or occur twice.
    pub(super) fn local(self) -> Option<NaiveDateTime> {
        match self.at {
            At::Start => Some(self.last.and_time(NaiveTime::MIN)),
            At::TimeOfDay(time) => Some(self.last.and_time(time)),
            At::End if self.last < LAST_DAY => Some(self.last.succ_opt()?.and_time(NaiveTime::MIN)),
            At::End => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
