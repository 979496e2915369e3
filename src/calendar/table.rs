//! A built calendar as arrays: when each local day starts, and its number among the business days. A deadline between
//! 1970 and 2100 is a few loads; whatever the arrays do not answer (`None`), the zone and the walk over days do.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc, WeekdaySet};

use super::Calendar;
use super::zone::{DAYS, ZoneDays, date, number};

/// A local day of a calendar's arrays, by its number since 1970-01-01; up to 2100-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayNumber(u16);

/// A leap second is the end of the second before it.
const LAST_NANOSECOND: u32 = 999_999_999;

/// The arrays.
#[derive(Clone, Debug)]
pub(super) struct Table {
    days: ZoneDays,
    /// How many business days there are up to each day, itself included.
    worked_until: Box<[u16]>,
    /// The business days, in order.
    worked: Box<[u16]>,
    /// Whether each day is one: the zone skips none.
    unbroken: bool,
}

impl Table {
    fn of(calendar: &Calendar) -> Self {
        let mut worked_until = Vec::with_capacity(DAYS.into());
        let mut worked = Vec::with_capacity(DAYS.into());
        for (day, open) in (0..DAYS).zip(open_days(calendar)) {
            if open {
                worked.push(day);
            }
            worked_until.push(u16::try_from(worked.len()).unwrap_or(u16::MAX));
        }
        Self {
            days: ZoneDays::of(&calendar.zone),
            worked_until: worked_until.into(),
            worked: worked.into(),
            unbroken: calendar.zone.skipped_days().iter().all(|day| number(*day).is_none()),
        }
    }
}

/// Whether each day of the arrays is worked: the weekends first, and then what differs from them.
fn open_days(calendar: &Calendar) -> Vec<bool> {
    let mut open = Vec::with_capacity(DAYS.into());
    let mut weekday = date(0).weekday();
    let mut eras = calendar.weekends.iter().map(|(since, off)| (since.max(date(0)), off)).peekable();
    let mut off = WeekdaySet::EMPTY;
    for day in 0..DAYS {
        while let Some((_, next)) = eras.next_if(|(since, _)| number(*since).is_some_and(|since| since <= day)) {
            off = next;
        }
        open.push(!off.contains(weekday));
        weekday = weekday.succ();
    }
    let mut set = |day: &NaiveDate, is_open: bool| {
        if let Some(entry) = number(*day).and_then(|day| open.get_mut(usize::from(day))) {
            *entry = is_open;
        }
    };
    calendar.holidays.keys().for_each(|day| set(day, false));
    calendar.working_days.keys().for_each(|day| set(day, true));
    calendar.zone.skipped_days().iter().for_each(|day| set(day, false));
    open
}

impl DayNumber {
    /// The number of that day, if the arrays have it.
    #[must_use]
    pub fn of(date: NaiveDate) -> Option<Self> {
        number(date).map(Self)
    }

    #[must_use]
    pub fn date(self) -> NaiveDate {
        date(self.0)
    }
}

impl Calendar {
    fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::of(self))
    }

    /// The local day of an instant.
    #[inline]
    #[must_use]
    pub fn number_of_day(&self, at: DateTime<Utc>) -> Option<DayNumber> {
        self.table().days.day(at).map(DayNumber)
    }

    /// The `n`-th business day after a day, itself for 0.
    #[inline]
    #[must_use]
    pub fn nth_business_number_after(&self, day: DayNumber, n: u32) -> Option<DayNumber> {
        let table = self.table();
        if n == 0 {
            return Some(day);
        }
        let before = u32::from(*table.worked_until.get(usize::from(day.0))?);
        let nth = usize::try_from(before.checked_add(n)?).ok()?;
        table.worked.get(nth - 1).copied().map(DayNumber)
    }

    /// The `n`-th local day after a day.
    #[inline]
    #[must_use]
    pub fn nth_number_after(&self, day: DayNumber, n: u32) -> Option<DayNumber> {
        let day = u16::try_from(u32::from(day.0).checked_add(n)?).ok()?;
        (day < DAYS && self.table().unbroken).then_some(DayNumber(day))
    }

    /// Whether that day is worked.
    #[inline]
    #[must_use]
    pub fn is_business_number(&self, day: DayNumber) -> Option<bool> {
        let table = self.table();
        let until = *table.worked_until.get(usize::from(day.0))?;
        Some(usize::from(until).checked_sub(1).and_then(|last| table.worked.get(last)) == Some(&day.0))
    }

    /// The first instant of a day.
    #[inline]
    #[must_use]
    pub fn start_of_number(&self, day: DayNumber) -> Option<DateTime<Utc>> {
        self.table().days.start(day.0)
    }

    /// The first instant after a day.
    #[inline]
    #[must_use]
    pub fn end_of_number(&self, day: DayNumber) -> Option<DateTime<Utc>> {
        self.table().days.start(day.0 + 1)
    }

    /// The time of day of an instant, on another day; `None` also if the clocks change on either.
    #[inline]
    #[must_use]
    pub fn same_time_on_number(&self, at: DateTime<Utc>, day: DayNumber) -> Option<DateTime<Utc>> {
        let days = &self.table().days;
        let from = days.day(at)?;
        let plain = days.is_plain(from) && days.is_plain(day.0);
        Some(
            days.start(day.0).filter(|_| plain)?
                + (at.with_nanosecond(at.nanosecond().min(LAST_NANOSECOND))? - days.start(from)?),
        )
    }
}

#[cfg(test)]
mod tests;
