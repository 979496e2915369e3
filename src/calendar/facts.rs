//! All that a calendar knows of one day, for those who look at it.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::{Calendar, Day, Off, Origin};

/// What a local day is. Source: docs/contract.md, `calendar show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    Working,
    /// Worked although it is a day of the weekend or a holiday.
    WorkedRestDay,
    Weekend,
    Holiday,
    /// The zone has no such day.
    SkippedByZone,
}

/// A day, and why it is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayFacts<'a> {
    pub date: NaiveDate,
    pub kind: DayKind,
    /// The name of the holiday that the day is, also if it is on a weekend or worked; it may be empty.
    pub name: Option<&'a str>,
    /// Whether that holiday may still move to another date.
    pub estimated: bool,
    /// What makes it a holiday, else a day off, or a rest day that is worked; `None` for an ordinary working day.
    pub origin: Option<&'a Origin>,
}

impl Calendar {
    /// What it knows of that day.
    #[must_use]
    pub fn facts(&self, date: NaiveDate) -> DayFacts<'_> {
        let holiday = self.holidays.get(&date).map(|entry| self.day_off(entry));
        let worked = self.working_days.get(&date).map(|from| self.origin(*from));
        let is_rest_day = holiday.is_some() || self.weekends.contains(date);
        let (kind, origin) = match self.day(date) {
            Day::Off(Off::SkippedByZone) => (DayKind::SkippedByZone, None),
            Day::Working if is_rest_day => (DayKind::WorkedRestDay, worked),
            Day::Working => (DayKind::Working, None),
            Day::Off(Off::Weekend(_)) => {
                (DayKind::Weekend, Some(holiday.map_or(self.weekends_origin(), |holiday| holiday.origin)))
            }
            Day::Off(Off::Holiday(off)) => (DayKind::Holiday, Some(off.origin)),
        };
        let name = holiday.map(|off| off.name);
        DayFacts { date, kind, name, estimated: holiday.is_some_and(|off| off.estimated), origin }
    }

    /// What it knows of each day of a year.
    pub fn year(&self, year: i32) -> impl Iterator<Item = DayFacts<'_>> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1);
        let days = first.into_iter().flat_map(|first| first.iter_days()).take_while(move |day| day.year() == year);
        days.map(|day| self.facts(day))
    }
}
