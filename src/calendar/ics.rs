//! `.ics` files: their all-day events become days off, and days off become such a file.
//!
//! Read are all-day events, also those of several days and those that recur. What an event says decides what it is:
//!
//! - A timed event, a cancelled one and an observance (which Google's and Apple's feeds mark) are no days off; the first
//!   and the last are named in a warning.
//! - An event that Apple marks as a worked rest day is a working day.
//! - What would be a day off but cannot be read as one is an error: half a list of days off is none.
//!
//! Recurrences without end are read until [`LAST_YEAR`] if they are yearly; others must end. Days outside [`FIRST_YEAR`]
//! to [`LAST_YEAR`] are left out. Source: RFC 5545; what it leaves open is said where it is decided.
//!
//! `icalendar` splits and writes content lines. Recurrences are expanded here, since no library does it within bounds:
//! see [`recurrence`].

mod error;
mod event;
mod gather;
mod lines;
mod moment;
mod name;
mod recurrence;
mod rule;
mod span;
mod write;

use super::{Days, Holiday, Origin};

pub use error::{IcsError, IcsWarning};
pub use write::write_ics;

/// The largest file that is read, in bytes: 4 MiB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The most days off and worked rest days that one file may have.
pub const MAX_DAYS: usize = 20_000;
/// The first year whose days are read.
pub const FIRST_YEAR: i32 = 1970;
/// The last year whose days are read.
pub const LAST_YEAR: i32 = 2100;

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcsDays {
    /// Its days by date, each once with the first name that the file gives it. They are covered from 1 January of the
    /// first one's year to 31 December of the last one's year, whereby recurrences without end do not count: a list of
    /// movable feasts ends though Christmas does not. Only if there is nothing else they reach to [`LAST_YEAR`].
    pub days: Days,
    /// What was left out and what looks wrong, in the order of the file: the first [`IcsWarning::MOST`], then their
    /// number.
    pub warnings: Vec<IcsWarning>,
}

/// The days off of the file that the configuration calls `name`, which has these bytes. Names are one harmless line.
///
/// # Errors
/// [`IcsError`]: no calendar, not UTF-8, beyond [`MAX_BYTES`] or [`MAX_DAYS`], no all-day event, or an event that would
/// be a day off and cannot be read. It names the line.
pub fn read_ics(name: &str, bytes: &[u8]) -> Result<IcsDays, IcsError> {
    let mut warnings = error::Warnings::new(name);
    let events = event::read_events(name, bytes, &mut warnings)?;
    let found = gather::gather(name, &events, &mut warnings)?;
    let mut days = Days::none(Origin::File(name.to_owned()));
    days.coverage = found.coverage();
    days.holidays = found.holidays().map(|(date, name, estimated)| Holiday { date, name, estimated }).collect();
    days.working_days = found.working_days().collect();
    Ok(IcsDays { days, warnings: warnings.finish() })
}

#[cfg(test)]
mod tests;
