//! Calendars: is this local day worked, and if not why; walking over days; local day ↔ instant.
//!
//! Pure arithmetic on dates; only [`Zone`] looks anything up (the zone data). Source: DOMAIN.md, "Counting days".

mod zone;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc, Weekday};

pub use zone::{Zone, ZoneError, zone_data_version};

/// Which local days are worked, and in which zone days begin and end.
#[derive(Clone, Debug)]
pub struct Calendar {
    name: String,
    zone: Zone,
    weekend: BTreeSet<u8>,
    holidays: BTreeMap<NaiveDate, String>,
    working_days: BTreeSet<NaiveDate>,
}
