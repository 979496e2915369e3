//! What one origin says of days: a built-in country, an `.ics` file, or the configuration.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{NaiveDate, WeekdaySet};

/// Where a day off, or a rest day that is worked, comes from. As text: `DE-BY`, `closures.ics`, `configuration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built-in public holidays, by the code of the country or its subdivision.
    Country(String),
    /// An `.ics` file, as the configuration names it.
    File(String),
    /// The configuration itself.
    Configuration,
}

/// A day off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    pub date: NaiveDate,
    /// Its name, which may be empty.
    pub name: String,
    /// Whether the date may still move, as one that hangs on the sighting of the moon.
    pub estimated: bool,
}

/// Days off, rest days that are worked and weekends, all from one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    pub origin: Origin,
    /// Which weekend serves from which day on, in order; empty: it says nothing of weekends.
    pub weekends: Vec<(NaiveDate, WeekdaySet)>,
    /// Days off, in any order.
    pub holidays: Vec<Holiday>,
    /// Rest days that are worked, in any order.
    pub working_days: Vec<NaiveDate>,
    /// The days for which it knows; on all others the answer is "unknown". `None`: it knows for all.
    pub coverage: Option<RangeInclusive<NaiveDate>>,
}

impl Days {
    /// An origin that says nothing yet.
    #[must_use]
    pub fn none(origin: Origin) -> Self {
        Self { origin, weekends: Vec::new(), holidays: Vec::new(), working_days: Vec::new(), coverage: None }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Country(name) | Self::File(name) => name,
            Self::Configuration => "configuration",
        })
    }
}
