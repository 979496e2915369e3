//! Days off as an `.ics` file.

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use icalendar::parser::unfold;
use icalendar::{Calendar, Component, Event, EventStatus, Property};
use sha2::{Digest, Sha256};

use super::super::Holiday;
use super::name::clean;

/// The days off of a calendar as the text of an `.ics` file (RFC 5545), one all-day event each, written at `now`.
/// [`read_ics`](super::read_ics) reads it back. A day's UID hangs on the calendar's name and the date alone, so that who
/// has subscribed sees a changed name as a change. An estimated date is a tentative event. All are transparent: they do
/// not make anybody busy.
#[must_use]
pub fn write_ics(calendar: &str, days: impl IntoIterator<Item = Holiday>, now: DateTime<Utc>) -> String {
    let name = clean(calendar);
    let id = id(calendar);
    let mut file = Calendar::empty();
    file.append_property(("VERSION", "2.0"))
        .append_property(("PRODID", "-//claimwatch//calendar//EN"))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("METHOD", "PUBLISH"))
        .append_property(("X-WR-CALNAME", name.as_str()));
    for Holiday { date, name, estimated } in days {
        let mut event = Event::new();
        event.timestamp(now).uid(&format!("{}-{id}@claimwatch", digits(date))).append_property(day("DTSTART", date));
        if let Some(after) = date.succ_opt().filter(|after| after.year() <= 9999) {
            event.append_property(day("DTEND", after));
        }
        event.summary(&clean(&name)).append_property(("TRANSP", "TRANSPARENT"));
        if estimated {
            event.append_property(EventStatus::Tentative);
        }
        file.push(event);
    }
    fold(&unfold(&file.to_string()))
}

/// Lines of at most 75 octets: the library's have up to 76, since it does not count the space before a line's last part.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + text.len() / 32);
    for line in text.split_terminator("\r\n") {
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > 75 {
                folded.push_str("\r\n ");
                length = 1;
            }
            folded.push(c);
            length += c.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

fn day(property: &str, date: NaiveDate) -> Property {
    Property::new(property, digits(date)).add_parameter("VALUE", "DATE").done()
}

fn digits(date: NaiveDate) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// What a calendar's name becomes in its UIDs: any name may stand in a configuration.
fn id(calendar: &str) -> String {
    Sha256::digest(calendar.as_bytes()).iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}
