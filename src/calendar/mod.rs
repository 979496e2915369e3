//! Calendars: is this local day worked, and if not why; walking over days; local time ↔ instant.
//!
//! Pure arithmetic on dates; only [`Zone`] looks anything up (the zone data). A calendar's facts are explicit: built-in
//! countries and `.ics` files become [`Days`] before it is built. Years 1 to 9999 are served; whatever would lie outside
//! them is `None`. Source: docs/domain.md, "Counting days".

mod calendars;
mod country;
mod days;
mod facts;
pub mod ics;
mod table;
mod version;
mod walk;
mod weekends;
mod zone;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};

use weekends::Weekends;

pub use calendars::{Calendars, Choice, ChosenBy};
pub use country::{CountryEntry, CountryError, HOLIDAY_DATA, Place, SubdivisionEntry, countries, country_days};
pub use days::{Days, Holiday, Origin};
pub use facts::{DayFacts, DayKind};
pub use table::{DayNumber, DayTable};
pub use zone::{Transition, Zone, ZoneError, reread_zone_data, zone_data_directory, zone_data_version};

/// The first local day that calendars and zones serve: 0001-01-01.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");
/// The last one: 9999-12-31.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// Which local days are worked, and in which zone days begin and end. Made by [`Calendar::new`] and what follows it;
/// [`Calendar::build`] checks the result.
#[derive(Clone, Debug)]
pub struct Calendar {
    name: String,
    zone: Zone,
    weekends: Weekends,
    /// An index of `sources`.
    weekends_from: usize,
    holidays: BTreeMap<NaiveDate, Entry>,
    /// Each with an index of `sources`.
    working_days: BTreeMap<NaiveDate, usize>,
    sources: Vec<Source>,
    /// Made from the rest when first asked for.
    table: OnceLock<DayTable>,
    /// Made from the rest when first asked for.
    version: OnceLock<String>,
}

/// A holiday, and an index of the calendar's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    estimated: bool,
    from: usize,
}

/// An origin of a calendar's days, and the days for which it knows (`None`: all).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    origin: Origin,
    coverage: Option<RangeInclusive<NaiveDate>>,
}

/// Why calendars cannot be used as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Nothing could ever be due.
    #[error(
        "calendar {calendar:?}: found seven weekend days and no extra working day, expected any working day at all"
    )]
    NoWorkingDay { calendar: String },
    /// Days off fill a whole year.
    #[error("calendar {calendar:?}: found days off on every day of {year}, expected any working day in it")]
    NoWorkingDayInYear { calendar: String, year: i32 },
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

/// A holiday as a calendar has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOff<'a> {
    /// Its name, which may be empty.
    pub name: &'a str,
    /// Whether the date may still move.
    pub estimated: bool,
    pub origin: &'a Origin,
}

/// Days of which one of a calendar's origins does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered<'a> {
    pub origin: &'a Origin,
    /// The days of which it knows.
    pub coverage: &'a RangeInclusive<NaiveDate>,
}

/// What a holiday without a name is called, and what comes before a name.
pub const HOLIDAY: &str = "holiday";
/// What is said of a day that the zone skips.
pub const SKIPPED_BY_ZONE: &str = "this local day does not exist: the zone skipped it";

/// Why a day is not worked. As text: `Saturday`, `holiday: New Year's Day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off<'a> {
    Weekend(Weekday),
    Holiday(DayOff<'a>),
    /// The zone has no such day: it is not even a calendar day.
    SkippedByZone,
}

/// The place of [`Origin::Configuration`] among a calendar's sources.
const CONFIGURATION: usize = 0;

impl Calendar {
    /// A calendar whose weekend is Saturday and Sunday, without holidays.
    #[must_use]
    pub fn new(name: impl Into<String>, zone: Zone) -> Self {
        Self {
            name: name.into(),
            zone,
            weekends: Weekends::always(WeekdaySet::from_array([Weekday::Sat, Weekday::Sun])),
            weekends_from: CONFIGURATION,
            holidays: BTreeMap::new(),
            working_days: BTreeMap::new(),
            sources: vec![Source { origin: Origin::Configuration, coverage: None }],
            table: OnceLock::new(),
            version: OnceLock::new(),
        }
    }

    /// The same with what `days` say. What the configuration says goes before what a file says, and that before what a
    /// country says, where both speak of one day; a date keeps the first name that it gets, and what is said later of
    /// weekends serves.
    #[must_use]
    pub fn with_days(mut self, days: Days) -> Self {
        let Days { origin, weekends, holidays, working_days, coverage } = days;
        let from = if origin == Origin::Configuration {
            CONFIGURATION
        } else {
            self.sources.push(Source { origin, coverage });
            self.sources.len() - 1
        };
        if let Some(weekends) = Weekends::in_order(weekends) {
            (self.weekends, self.weekends_from) = (weekends, from);
        }
        for date in working_days {
            let closed = self.holidays.get(&date).is_some_and(|entry| self.rank(entry.from) < self.rank(from));
            if !closed || from == CONFIGURATION {
                self.working_days.entry(date).or_insert(from);
            }
        }
        for Holiday { date, name, estimated } in holidays {
            if self.working_days.get(&date).is_some_and(|worked| self.rank(*worked) > self.rank(from)) {
                self.working_days.remove(&date);
            }
            self.holidays.entry(date).or_insert(Entry { name, estimated, from });
        }
        (self.table, self.version) = (OnceLock::new(), OnceLock::new());
        self
    }

    /// The same with these weekend days instead, for all time; none at all is a weekend too.
    #[must_use]
    pub fn with_weekend(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.weekends = Weekends::always(days.into_iter().collect());
        self.weekends_from = CONFIGURATION;
        (self.table, self.version) = (OnceLock::new(), OnceLock::new());
        self
    }

    /// The same with one more holiday of the configuration. A date keeps the first name that it gets.
    #[must_use]
    pub fn with_holiday(self, date: NaiveDate, name: impl Into<String>) -> Self {
        let holidays = vec![Holiday { date, name: name.into(), estimated: false }];
        self.with_days(Days { holidays, ..Days::none(Origin::Configuration) })
    }

    /// The same with one more working day of the configuration, which overrides the weekend and a holiday.
    #[must_use]
    pub fn with_working_day(self, date: NaiveDate) -> Self {
        self.with_days(Days { working_days: vec![date], ..Days::none(Origin::Configuration) })
    }

    /// The calendar, if any of its days can be a business day.
    ///
    /// # Errors
    /// [`CalendarError::NoWorkingDay`], [`CalendarError::NoWorkingDayInYear`]
    pub fn build(self) -> Result<Self, CalendarError> {
        let any = !self.weekends.are_whole_weeks() || self.working_days.keys().any(|day| !self.zone.skips_day(*day));
        if !any {
            return Err(CalendarError::NoWorkingDay { calendar: self.name });
        }
        match self.year_of_days_off() {
            Some(year) => Err(CalendarError::NoWorkingDayInYear { calendar: self.name, year }),
            None => Ok(self),
        }
    }

    /// The first year that holidays leave no working day in; where weekends alone do, working days are meant to be rare.
    fn year_of_days_off(&self) -> Option<i32> {
        if self.weekends.are_whole_weeks() {
            return None;
        }
        let mut years: Vec<i32> = self.holidays.keys().map(Datelike::year).collect();
        years.dedup();
        years.into_iter().find(|year| {
            let days = NaiveDate::from_ymd_opt(*year, 1, 1).zip(NaiveDate::from_ymd_opt(*year, 12, 31));
            days.is_some_and(|(first, last)| self.business_days_in(first..=last) == 0)
        })
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

    /// Its weekends, each from a day on until the next one.
    pub fn weekends(&self) -> impl Iterator<Item = (NaiveDate, WeekdaySet)> {
        self.weekends.iter()
    }

    /// What its weekends come from.
    #[must_use]
    pub fn weekends_origin(&self) -> &Origin {
        self.origin(self.weekends_from)
    }

    /// Its holidays by date, also those on weekends and those that a working day overrides.
    pub fn holidays(&self) -> impl Iterator<Item = (NaiveDate, DayOff<'_>)> {
        self.holidays.iter().map(|(date, entry)| (*date, self.day_off(entry)))
    }

    /// Its extra working days by date, and where they come from.
    pub fn working_days(&self) -> impl Iterator<Item = (NaiveDate, &Origin)> {
        self.working_days.iter().map(|(date, from)| (*date, self.origin(*from)))
    }

    /// What its days come from, and the days of which each knows (`None`: all); the configuration first.
    pub fn sources(&self) -> impl Iterator<Item = (&Origin, Option<&RangeInclusive<NaiveDate>>)> {
        self.sources.iter().map(|source| (&source.origin, source.coverage.as_ref()))
    }

    /// The release of the built-in holidays, if it has any: `holidays 0.109`.
    #[must_use]
    pub fn holiday_data(&self) -> Option<&'static str> {
        self.sources.iter().any(|source| matches!(source.origin, Origin::Country(_))).then_some(HOLIDAY_DATA)
    }

    /// The origin that knows least of these days, if any does not know of all; of two the one whose days end first.
    #[must_use]
    pub fn uncovered(&self, days: &RangeInclusive<NaiveDate>) -> Option<Uncovered<'_>> {
        let limited = self.sources.iter().filter_map(|source| Some((&source.origin, source.coverage.as_ref()?)));
        let unknown = limited.filter(|(_, known)| !(known.contains(days.start()) && known.contains(days.end())));
        let first_to_end = unknown.min_by_key(|(_, known)| *known.end());
        first_to_end.map(|(origin, coverage)| Uncovered { origin, coverage })
    }

    /// Whether that day is worked, and if not why. A holiday on a weekend day is given as the weekend.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Day<'_> {
        if self.zone.skips_day(date) {
            Day::Off(Off::SkippedByZone)
        } else if self.working_days.contains_key(&date) {
            Day::Working
        } else if self.weekends.contains(date) {
            Day::Off(Off::Weekend(date.weekday()))
        } else {
            self.holidays.get(&date).map_or(Day::Working, |entry| Day::Off(Off::Holiday(self.day_off(entry))))
        }
    }

    /// Whether that day is worked.
    #[must_use]
    pub fn is_business_day(&self, date: NaiveDate) -> bool {
        self.day(date) == Day::Working
    }

    fn day_off<'a>(&'a self, entry: &'a Entry) -> DayOff<'a> {
        DayOff { name: &entry.name, estimated: entry.estimated, origin: self.origin(entry.from) }
    }

    fn origin(&self, from: usize) -> &Origin {
        self.sources.get(from).map_or(&Origin::Configuration, |source| &source.origin)
    }

    /// The lower, the more it has to say.
    fn rank(&self, from: usize) -> u8 {
        match self.origin(from) {
            Origin::Configuration => 0,
            Origin::File(_) => 1,
            Origin::Country(_) => 2,
        }
    }
}

/// Calendars are equal if they say the same of every day, from the same origins.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.zone == other.zone
            && (&self.weekends, self.weekends_from) == (&other.weekends, other.weekends_from)
            && (&self.holidays, &self.working_days) == (&other.holidays, &other.working_days)
            && self.sources == other.sources
    }
}

impl Eq for Calendar {}

impl fmt::Display for Off<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekend(day) => f.write_str(weekday_name(*day)),
            Self::Holiday(DayOff { name: "", .. }) => f.write_str(HOLIDAY),
            Self::Holiday(DayOff { name, .. }) => write!(f, "{HOLIDAY}: {name}"),
            Self::SkippedByZone => f.write_str(SKIPPED_BY_ZONE),
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
