//! Calendars: is this local day worked, and if not why; walking over days; local time ↔ instant.
//!
//! Pure arithmetic on dates; only [`Zone`] looks anything up (the zone data). A calendar's facts are explicit: built-in
//! countries and `.ics` files become holidays and working days before it is built. Years 1 to 9999 are served; whatever
//! would lie outside them is `None`. Source: docs/domain.md, "Counting days".

mod calendars;
mod days;
pub mod ics;
mod walk;
mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};

pub use calendars::{Calendars, Choice};
pub use days::{Days, Holiday, Origin};
pub use zone::{Transition, Zone, ZoneError, zone_data_version};

/// The first local day that calendars and zones serve: 0001-01-01.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");
/// The last one: 9999-12-31.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// Which local days are worked, and in which zone days begin and end. Made by [`Calendar::new`] and what follows it;
/// [`Calendar::build`] checks the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    name: String,
    zone: Zone,
    weekend: WeekdaySet,
    holidays: BTreeMap<NaiveDate, String>,
    working_days: BTreeSet<NaiveDate>,
}

/// Why calendars cannot be used as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Nothing could ever be due.
    #[error(
        "calendar {calendar:?}: found seven weekend days and no extra working day, expected any working day at all"
    )]
    NoWorkingDay { calendar: String },
    /// Two calendars have one name.
    #[error("found two calendars named {calendar:?}, expected different names")]
    Twice { calendar: String },
    /// The default calendar is none of those there are.
    #[error("found {calendar:?} as default calendar, expected one of {}", known.join(", "))]
    UnknownDefault { calendar: String, known: Vec<String> },
}

/// What a local day is to a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day<'a> {
    Working,
    Off(Off<'a>),
}

/// Why a day is not worked. As text: `Saturday`, `holiday: New Year's Day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off<'a> {
    Weekend(Weekday),
    /// With the holiday's name, which may be empty.
    Holiday(&'a str),
    /// The zone has no such day: it is not even a calendar day.
    SkippedByZone,
}

impl Calendar {
    /// A calendar whose weekend is Saturday and Sunday, without holidays.
    #[must_use]
    pub fn new(name: impl Into<String>, zone: Zone) -> Self {
        Self {
            name: name.into(),
            zone,
            weekend: WeekdaySet::from_array([Weekday::Sat, Weekday::Sun]),
            holidays: BTreeMap::new(),
            working_days: BTreeSet::new(),
        }
    }

    /// The same with these weekend days instead; none at all is a weekend too.
    #[must_use]
    pub fn with_weekend(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.weekend = days.into_iter().collect();
        self
    }

    /// The same with one more holiday. A date keeps the first name that it gets.
    #[must_use]
    pub fn with_holiday(mut self, date: NaiveDate, name: impl Into<String>) -> Self {
        self.holidays.entry(date).or_insert_with(|| name.into());
        self
    }

    /// The same with one more working day, which overrides the weekend and a holiday.
    #[must_use]
    pub fn with_working_day(mut self, date: NaiveDate) -> Self {
        self.working_days.insert(date);
        self
    }

    /// The calendar, if any of its days can be a business day.
    ///
    /// # Errors
    /// [`CalendarError::NoWorkingDay`]
    pub fn build(self) -> Result<Self, CalendarError> {
        let any = self.weekend != WeekdaySet::ALL || self.working_days.iter().any(|day| !self.zone.skips_day(*day));
        if any { Ok(self) } else { Err(CalendarError::NoWorkingDay { calendar: self.name }) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone in which its days begin and end.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Its weekend days.
    #[must_use]
    pub fn weekend(&self) -> WeekdaySet {
        self.weekend
    }

    /// Its holidays by date, also those on weekends and those that a working day overrides.
    pub fn holidays(&self) -> impl Iterator<Item = (NaiveDate, &str)> {
        self.holidays.iter().map(|(date, name)| (*date, name.as_str()))
    }

    /// Its extra working days by date.
    pub fn working_days(&self) -> impl Iterator<Item = NaiveDate> {
        self.working_days.iter().copied()
    }

    /// Whether that day is worked, and if not why. A holiday on a weekend day is given as the weekend.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Day<'_> {
        if self.zone.skips_day(date) {
            Day::Off(Off::SkippedByZone)
        } else if self.working_days.contains(&date) {
            Day::Working
        } else if self.weekend.contains(date.weekday()) {
            Day::Off(Off::Weekend(date.weekday()))
        } else {
            self.holidays.get(&date).map_or(Day::Working, |name| Day::Off(Off::Holiday(name)))
        }
    }

    /// Whether that day is worked.
    #[must_use]
    pub fn is_business_day(&self, date: NaiveDate) -> bool {
        self.day(date) == Day::Working
    }
}

impl fmt::Display for Off<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekend(day) => f.write_str(weekday_name(*day)),
            Self::Holiday("") => f.write_str("holiday"),
            Self::Holiday(name) => write!(f, "holiday: {name}"),
            Self::SkippedByZone => f.write_str("this local day does not exist: the zone skipped it"),
        }
    }
}

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// Whether a local day is in the years that calendars and zones serve.
fn is_supported(date: NaiveDate) -> bool {
    (FIRST_DAY..=LAST_DAY).contains(&date)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
