//! Which version of a calendar a deadline was computed by.

use std::fmt::Write as _;

use chrono::{NaiveDate, Weekday};
use sha2::{Digest as _, Sha256};

use super::Calendar;

/// How many bytes of the hash are shown: enough for all calendars that an installation will ever have.
const SHOWN: usize = 6;

impl Calendar {
    /// A short text that differs whenever anything that the calendar says does: its zone's name, weekends, days off with
    /// their names, extra working days, or what their origins know. The zone data has a version of its own.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let hash = Sha256::digest(self.as_text().as_bytes());
            hash.iter().take(SHOWN).fold(String::with_capacity(2 * SHOWN), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }

    /// Everything it says, one fact a line, in a fixed order, every name in quotes.
    fn as_text(&self) -> String {
        let mut text = format!("zone {:?}\n", self.zone.name());
        let mut line = |what: &str, from: NaiveDate, rest: &str| {
            let _ = writeln!(text, "{what} {from} {rest}");
        };
        for (since, off) in self.weekends.iter() {
            let days: Vec<String> = off.iter(Weekday::Mon).map(|day| day.to_string()).collect();
            line("weekend", since, &days.join(","));
        }
        for (date, off) in self.holidays() {
            line("holiday", date, &format!("{:?} {}", off.name, off.estimated));
        }
        for (date, _) in self.working_days() {
            line("working", date, "");
        }
        for (origin, coverage) in self.sources() {
            if let Some(known) = coverage {
                line("known", *known.start(), &format!("{} {origin:?}", known.end()));
            }
        }
        text
    }
}
