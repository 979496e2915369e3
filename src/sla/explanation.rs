//! Why a deadline is when it is, day by day.
//!
//! The same walk as [`super::due_at`], one day at a time, so that each day can be shown with its reason. It is stored with
//! the alert as JSON; the names in it are part of the contract and change only by adding. Source: docs/contract.md,
//! "Machine-readable outputs".

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, ChosenBy, Day, DayOff, FIRST_DAY, LAST_DAY, Off, Uncovered, Zone};

use super::deadline::{At, Due};
use super::{Counting, DeadlineError, Roll, Target, Unit};

/// The reason given for the business day whose start the count begins with, after a start on a day off.
pub const COUNT_BEGINS: &str = "the count begins with the start of this day";

/// A deadline with each day from the start to the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The calendar's name.
    pub calendar: String,
    /// What of the calendar was used, see [`Calendar::version`]; empty in what was stored before there were versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub calendar_version: String,
    /// Why this calendar serves; `None`: it was asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_by: Option<ChosenBy>,
    /// The release of the built-in holidays, if the calendar has any: `holidays 0.109`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holiday_data: Option<String>,
    /// The calendar's zone: `Europe/Paris`.
    pub time_zone: String,
    /// The version of the zone data that was used: `2025b (system)`.
    pub zone_data: String,
    /// The target as text: `2 business days`.
    pub target: String,
    #[serde(with = "instant_text")]
    pub start: DateTime<Utc>,
    #[serde(with = "instant_text")]
    pub due_at: DateTime<Utc>,
    /// Each local day, from that of the start to the last one: as many are `counted` as the target has.
    pub days: Vec<DayCount>,
    /// The days that the calendar knows, if there is one among `days` of which it does not: then it was counted without
    /// holidays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond_calendar: Option<Beyond>,
    /// What a reader must know beyond the days, in English, each a sentence without its full stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One local day of the walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    pub date: NaiveDate,
    pub kind: DayKind,
    /// Why a skipped day is not counted, as [`Off`] says it, or [`COUNT_BEGINS`]; for a start on a day off, why it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is a holiday whose date may still move.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// What an origin of a calendar's days knows, which is not enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beyond {
    /// The origin: `DE-BY`, `closures.ics`.
    pub source: String,
    /// The first day of which it knows.
    pub known_from: NaiveDate,
    /// The last one.
    pub known_until: NaiveDate,
}

impl From<Uncovered<'_>> for Beyond {
    fn from(uncovered: Uncovered<'_>) -> Self {
        let Uncovered { origin, coverage } = uncovered;
        Self { source: origin.to_string(), known_from: *coverage.start(), known_until: *coverage.end() }
    }
}

/// What a note on [`Explanation::beyond_calendar`] begins with.
pub const BEYOND_CALENDAR: &str = "the calendar does not know all of these days: ";

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, known_from, known_until } = self;
        if *known_from == FIRST_DAY {
            write!(f, "{source} ends on {known_until}")
        } else {
            write!(f, "{source} goes from {known_from} to {known_until}")
        }
    }
}

/// What a day is to the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    Start,
    Counted,
    Skipped,
}

/// The same walk as [`super::due_at`], day by day.
///
/// # Errors
/// [`DeadlineError`]
pub fn explain(target: &Target, calendar: &Calendar, start: DateTime<Utc>) -> Result<Explanation, DeadlineError> {
    let zone = calendar.zone();
    let local = zone.local(start);
    let mut walk = Walk { target, calendar, days: Vec::new(), notes: Vec::new() };
    let due = walk.reach_last_day(local);
    let Some((wanted, due_at)) = due.and_then(|due| Some((due.local()?, due.instant(zone)?))) else {
        return Err(DeadlineError::OutOfRange { start });
    };
    walk.notes.extend(note_on_clock_change(zone, wanted, due_at));
    let beyond_calendar = walk.uncovered().map(Beyond::from);
    walk.notes.extend(beyond_calendar.as_ref().map(|beyond| format!("{BEYOND_CALENDAR}{beyond}")));
    Ok(Explanation {
        calendar: calendar.name().to_owned(),
        calendar_version: calendar.version().to_owned(),
        chosen_by: None,
        holiday_data: calendar.holiday_data().map(str::to_owned),
        time_zone: zone.name().to_owned(),
        zone_data: zone.data_version().to_owned(),
        target: target.to_string(),
        start,
        due_at,
        days: walk.days,
        beyond_calendar,
        notes: walk.notes,
    })
}

struct Walk<'a> {
    target: &'a Target,
    calendar: &'a Calendar,
    days: Vec<DayCount>,
    notes: Vec<String>,
}

impl<'a> Walk<'a> {
    fn reach_last_day(&mut self, start: NaiveDateTime) -> Option<Due> {
        let first = start.date();
        if !(FIRST_DAY..=LAST_DAY).contains(&first) {
            return None;
        }
        let off = self.off(first);
        self.push(first, DayKind::Start, off);
        let business_days = self.target.span.unit == Unit::BusinessDays;
        let mut at = match self.target.counting {
            Counting::EndOfDay => At::End,
            Counting::Elapsed => At::TimeOfDay(start.time()),
        };
        let mut day = first;
        if let (true, Counting::Elapsed, Some(off)) = (business_days, self.target.counting, off) {
            day = self.skip_to_business_day(day)?;
            let reason = Some(COUNT_BEGINS.to_owned());
            self.days.push(DayCount { date: day, kind: DayKind::Skipped, reason, estimated: false });
            self.notes.push(format!(
                "the start on {first} is no business day ({off}): business days are counted from the start of {day}"
            ));
            at = At::Start;
        }
        let mut counted = 0;
        while counted < self.target.span.count {
            day = next(day)?;
            match self.off(day) {
                Some(off) if business_days || off == Off::SkippedByZone => {
                    self.push(day, DayKind::Skipped, Some(off));
                }
                _ => {
                    counted += 1;
                    self.push(day, DayKind::Counted, None);
                }
            }
        }
        Some(Due { last: self.roll(day)?, at })
    }

    /// Moves a last day that is no business day, if the target asks for it: then that day is the one that counts.
    fn roll(&mut self, last: NaiveDate) -> Option<NaiveDate> {
        let off = self.off(last).filter(|_| self.target.roll == Roll::NextBusinessDay);
        let Some(off) = off else {
            return Some(last);
        };
        if let Some(entry) = self.days.last_mut() {
            *entry = day_count(last, DayKind::Skipped, Some(off));
        }
        let moved = self.skip_to_business_day(last)?;
        self.push(moved, DayKind::Counted, None);
        self.notes.push(format!(
            "the last day, {last}, is no business day ({off}): the deadline is moved to the next one, {moved}"
        ));
        Some(moved)
    }

    /// The next business day, with the days before it put down as skipped.
    fn skip_to_business_day(&mut self, from: NaiveDate) -> Option<NaiveDate> {
        let mut day = next(from)?;
        while let Some(off) = self.off(day) {
            self.push(day, DayKind::Skipped, Some(off));
            day = next(day)?;
        }
        Some(day)
    }

    fn off(&self, date: NaiveDate) -> Option<Off<'a>> {
        match self.calendar.day(date) {
            Day::Working => None,
            Day::Off(off) => Some(off),
        }
    }

    fn push(&mut self, date: NaiveDate, kind: DayKind, off: Option<Off<'_>>) {
        self.days.push(day_count(date, kind, off));
    }

    /// Whether the calendar knows each day of the walk.
    fn uncovered(&self) -> Option<Uncovered<'a>> {
        let (first, last) = (self.days.first()?, self.days.last()?);
        self.calendar.uncovered(&(first.date..=last.date))
    }
}

fn day_count(date: NaiveDate, kind: DayKind, off: Option<Off<'_>>) -> DayCount {
    let estimated = matches!(off, Some(Off::Holiday(DayOff { estimated: true, .. })));
    DayCount { date, kind, reason: off.map(|off| off.to_string()), estimated }
}

fn next(day: NaiveDate) -> Option<NaiveDate> {
    day.succ_opt().filter(|day| *day <= LAST_DAY)
}

/// What became of a local time that does not exist or occurs twice.
fn note_on_clock_change(zone: &Zone, wanted: NaiveDateTime, due_at: DateTime<Utc>) -> Option<String> {
    let found = zone.local(due_at);
    if found != wanted {
        return Some(format!(
            "{wanted} does not exist in {}, where the clocks went forward: the deadline is the first instant after it, \
             {found}",
            zone.name()
        ));
    }
    let back = zone.next_transition(due_at).filter(|change| {
        let from = change.at.naive_utc() + seconds(change.offset_after_secs);
        let until = change.at.naive_utc() + seconds(change.offset_before_secs);
        (from..until).contains(&wanted)
    });
    back.map(|_| {
        format!("{wanted} occurs twice in {}, where the clocks went back: the deadline is the first time", zone.name())
    })
}

fn seconds(offset: i32) -> TimeDelta {
    TimeDelta::seconds(offset.into())
}

/// Instants as `2018-06-29T12:00:00Z`, with six decimals only where they are not zero.
mod instant_text {
    use chrono::{DateTime, Timelike, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = instant.nanosecond() < 1_000;
        let form = if whole { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
        serializer.collect_str(&instant.format(form))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        DateTime::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests;
