//! What differs between a stored explanation and the one that is derived now.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

use crate::sla::{DayCount, DayKind, Explanation};

/// One thing that differs, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: Part,
    /// The day, where one differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Empty: there is none.
    pub stored: String,
    /// Likewise.
    pub derived: String,
}

/// A part of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    DueAt,
    Target,
    Calendar,
    ChosenBy,
    CalendarVersion,
    HolidayData,
    TimeZone,
    ZoneData,
    Day,
    BeyondCalendar,
}

/// What differs, the deadline first. What an explanation of an older version does not say is no difference.
#[must_use]
pub fn differences(stored: &Explanation, derived: &Explanation) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |what, date, stored: String, derived: String| {
        if stored != derived {
            found.push(Difference { what, date, stored, derived });
        }
    };
    add(Part::DueAt, None, instant(stored.due_at), instant(derived.due_at));
    add(Part::Target, None, stored.target.clone(), derived.target.clone());
    add(Part::Calendar, None, stored.calendar.clone(), derived.calendar.clone());
    if let Some(stored) = stored.chosen_by {
        let derived = derived.chosen_by.map(|by| by.as_str().to_owned()).unwrap_or_default();
        add(Part::ChosenBy, None, stored.as_str().to_owned(), derived);
    }
    let has_versions = !stored.calendar_version.is_empty();
    if has_versions {
        let holidays = |explanation: &Explanation| explanation.holiday_data.clone().unwrap_or_default();
        add(Part::CalendarVersion, None, stored.calendar_version.clone(), derived.calendar_version.clone());
        add(Part::HolidayData, None, holidays(stored), holidays(derived));
    }
    add(Part::TimeZone, None, stored.time_zone.clone(), derived.time_zone.clone());
    add(Part::ZoneData, None, stored.zone_data.clone(), derived.zone_data.clone());
    let (before, now) = (by_date(stored), by_date(derived));
    let dates: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    for date in dates {
        let text = |days: &BTreeMap<NaiveDate, String>| days.get(&date).cloned().unwrap_or_default();
        add(Part::Day, Some(date), text(&before), text(&now));
    }
    if has_versions {
        let beyond = |explanation: &Explanation| explanation.beyond_calendar.as_ref().map(ToString::to_string);
        let text = |explanation| beyond(explanation).unwrap_or_default();
        add(Part::BeyondCalendar, None, text(stored), text(derived));
    }
    found
}

/// Each day with what became of it: `counted`, `skipped (holiday: Feast)`.
fn by_date(explanation: &Explanation) -> BTreeMap<NaiveDate, String> {
    explanation.days.iter().map(|day| (day.date, day_text(day))).collect()
}

fn day_text(day: &DayCount) -> String {
    let kind = match day.kind {
        DayKind::Start => "start",
        DayKind::Counted => "counted",
        DayKind::Skipped => "skipped",
    };
    let reason = day.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let estimated = if day.estimated { " (estimated)" } else { "" };
    format!("{kind}{reason}{estimated}")
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
