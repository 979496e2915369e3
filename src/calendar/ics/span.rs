//! Which days an event takes, if it lasts all day.

use chrono::NaiveDate;

use super::error::Wrong;
use super::event::{Event, Field};
use super::moment::{Duration, Moment, later, moment};
use super::name::shown;

/// The longest event that is read, in days.
const LONGEST: i64 = 366;

/// Whole days, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub first: NaiveDate,
    /// From 1 to [`LONGEST`].
    pub days: u32,
}

/// The days of an all-day event; `None` for a timed one.
///
/// All-day is what begins with a date, what is marked as such (Outlook writes the times of its zone beside), and what
/// lasts from midnight to midnight, or to the minute before. Such an event lasts one day if it says no more, or if it
/// ends on the day on which it begins.
///
/// # Errors
/// No beginning, dates that are none, an end before the beginning, more than [`LONGEST`] days.
pub(super) fn span(event: &Event) -> Result<Option<Span>, Wrong> {
    let Some(field) = &event.start else {
        let found = format!("the event {} without DTSTART", shown(&event.summary));
        return Err(Wrong::at(event.line, found, "its first day"));
    };
    let start = moment(field, "DTSTART")?;
    if start.time.is_some() && !event.all_day {
        return midnights(event, start);
    }
    let first = start.day();
    let after = match (&event.end, &event.duration) {
        (Some(end), _) => Some(after_end(end, first)?),
        (None, Some(duration)) => Some(after_duration(duration, first)?),
        (None, None) => None,
    };
    let days = match after {
        Some((after, line)) => length(first, after, line)?,
        None => 1,
    };
    Ok(Some(Span { first, days }))
}

/// As [`span`], for an event that begins with a time and is not marked.
fn midnights(event: &Event, start: Moment) -> Result<Option<Span>, Wrong> {
    if !start.is_midnight() {
        return Ok(None);
    }
    let first = start.date;
    let (after, line) = match (&event.end, &event.duration) {
        (Some(field), _) => {
            let end = moment(field, "DTEND")?;
            let same_form = end.utc == start.utc && end.time.is_some();
            if same_form && end.is_last_minute() {
                (later(end.date, 1), field.line)
            } else if same_form && end.is_midnight() && end.date != first {
                (Some(end.date), field.line)
            } else {
                return Ok(None);
            }
        }
        (None, Some(field)) => match duration(field)? {
            Duration::Days(days) if days > 0 => (later(first, days), field.line),
            _ => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let after = after.ok_or_else(|| too_long(line))?;
    Ok(Some(Span { first, days: length(first, after, line)? }))
}

/// The day after the last one, and the line that says so.
fn after_end(field: &Field, first: NaiveDate) -> Result<(NaiveDate, usize), Wrong> {
    let end = moment(field, "DTEND")?;
    let day = end.day();
    // An end during a day takes that day.
    let is_exclusive = end.time.is_none() || end.is_midnight() || end.utc && !end.is_last_minute() || day == first;
    let after = if is_exclusive { Some(day) } else { later(end.date, 1) };
    Ok((after.ok_or_else(|| too_long(field.line))?, field.line))
}

fn after_duration(field: &Field, first: NaiveDate) -> Result<(NaiveDate, usize), Wrong> {
    match duration(field)? {
        Duration::Days(days) => {
            let after = later(first, days).ok_or_else(|| too_long(field.line))?;
            Ok((after, field.line))
        }
        Duration::Other => Err(Wrong::value(field.line, "DURATION", &field.value, "whole days such as P2D")),
        Duration::Negative => Err(Wrong::value(field.line, "DURATION", &field.value, "no end before DTSTART")),
    }
}

fn duration(field: &Field) -> Result<Duration, Wrong> {
    Duration::parse(&field.value)
        .ok_or_else(|| Wrong::value(field.line, "DURATION", &field.value, "a duration such as P1D"))
}

/// The number of days, of which no day at all counts as one.
fn length(first: NaiveDate, after: NaiveDate, line: usize) -> Result<u32, Wrong> {
    let days = after.signed_duration_since(first).num_days();
    if days < 0 {
        return Err(Wrong::at(line, format!("{after} as the end of an event"), format!("no end before {first}")));
    }
    if days > LONGEST {
        return Err(too_long(line));
    }
    Ok(u32::try_from(days.max(1)).unwrap_or(1))
}

fn too_long(line: usize) -> Wrong {
    Wrong::at(line, format!("an event of more than {LONGEST} days"), "a shorter one")
}
