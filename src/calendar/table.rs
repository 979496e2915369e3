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

/// How many numbers a day may have.
const NUMBERS: usize = 1 << 16;

/// The arrays of a calendar, from [`Calendar::table`].
#[derive(Clone, Debug)]
pub struct DayTable {
    days: ZoneDays,
    /// How many business days there are up to each day, itself included; as long as a day's number can be.
    worked_until: Box<[u16; NUMBERS]>,
    /// The business days, in order.
    worked: Box<[u16]>,
    /// Whether each day is one: the zone skips none.
    unbroken: bool,
}

impl DayTable {
    fn of(calendar: &Calendar) -> Self {
        let mut worked_until = Box::new([u16::MAX; NUMBERS]);
        let mut worked = Vec::with_capacity(DAYS.into());
        for ((day, open), until) in (0..DAYS).zip(open_days(calendar)).zip(worked_until.iter_mut()) {
            if open {
                worked.push(day);
            }
            *until = u16::try_from(worked.len()).unwrap_or(u16::MAX);
        }
        Self {
            days: ZoneDays::of(&calendar.zone),
            worked_until,
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
    /// Its arrays, made when first asked for.
    #[inline]
    #[must_use]
    pub fn table(&self) -> &DayTable {
        self.table.get_or_init(|| DayTable::of(self))
    }
}

impl DayTable {
    /// The local day of an instant.
    #[inline]
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> Option<DayNumber> {
        self.days.day(at).map(DayNumber)
    }

    /// The `n`-th business day after a day, itself for 0.
    #[inline]
    #[must_use]
    pub fn nth_business_day_after(&self, day: DayNumber, n: u32) -> Option<DayNumber> {
        if n == 0 {
            return Some(day);
        }
        let nth = usize::from(self.worked_until[usize::from(day.0)]) + n as usize - 1;
        self.worked.get(nth).copied().map(DayNumber)
    }

    /// The `n`-th local day after a day.
    #[inline]
    #[must_use]
    pub fn nth_day_after(&self, day: DayNumber, n: u32) -> Option<DayNumber> {
        let day = u16::try_from(u32::from(day.0).checked_add(n)?).ok()?;
        (day < DAYS && self.unbroken).then_some(DayNumber(day))
    }

    /// Whether that day is worked.
    #[inline]
    #[must_use]
    pub fn is_business_day(&self, day: DayNumber) -> bool {
        let until = usize::from(self.worked_until[usize::from(day.0)]);
        until.checked_sub(1).and_then(|last| self.worked.get(last)) == Some(&day.0)
    }

    /// The first instant of a day.
    #[inline]
    #[must_use]
    pub fn start(&self, day: DayNumber) -> Option<DateTime<Utc>> {
        self.days.start(day.0)
    }

    /// The first instant after a day.
    #[inline]
    #[must_use]
    pub fn end(&self, day: DayNumber) -> Option<DateTime<Utc>> {
        self.days.start(day.0 + 1)
    }

    /// The time of day of an instant, on another day; `None` also if the clocks change on either.
    #[inline]
    #[must_use]
    pub fn same_time_on(&self, at: DateTime<Utc>, day: DayNumber) -> Option<DateTime<Utc>> {
        let from = self.days.day(at)?;
        if !(self.days.is_plain(from) && self.days.is_plain(day.0)) {
            return None;
        }
        let at = at.with_nanosecond(at.nanosecond().min(LAST_NANOSECOND))?;
        Some(self.days.start(day.0)? + (at - self.days.start(from)?))
    }
}

#[cfg(test)]
mod tests;
