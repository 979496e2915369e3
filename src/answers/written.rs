//! What somebody wrote → what is recorded.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::Alert;
use crate::calendar::{Calendars, Zone};
use crate::claim::clean_line;

/// The longest name of a person, in characters.
pub const MAX_NAME: usize = 100;
/// The longest note, in characters.
pub const MAX_NOTE: usize = 600;
/// The longest pattern and the longest reason of a silence, in characters.
pub const MAX_TEXT: usize = 300;

/// A line of 1 to `longest` characters without control characters, as it is recorded; `None`: it is none.
#[must_use]
pub fn line(text: &str, longest: usize) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty() && clean_line(trimmed, longest) == trimmed).then(|| trimmed.to_owned())
}

/// An instant as RFC 3339 writes it, with its offset; `None`: it is none.
#[must_use]
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| crate::now::to_micros(at.to_utc()))
}

/// An instant, or a day: the first instant in `zone` of that day, or with `to_its_end` of the one after it.
#[must_use]
pub fn instant_or_day(text: &str, zone: &Zone, to_its_end: bool) -> Option<DateTime<Utc>> {
    if let Some(at) = instant(text) {
        return Some(at);
    }
    let day = text.parse::<NaiveDate>().ok()?;
    zone.start_of_day(if to_its_end { day.succ_opt()? } else { day })
}

/// The zone in which the days of `alert` are days: its calendar's; the default one's, if that is not configured any more.
#[must_use]
pub fn zone_of<'a>(alert: &Alert, calendars: &'a Calendars) -> &'a Zone {
    calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default()).zone()
}
