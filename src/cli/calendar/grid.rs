//! A year of a calendar for a person: months side by side, and the days that are not as every week.

use std::io::{IsTerminal, stdout};

use chrono::{Datelike, NaiveDate};

use super::About;
use crate::calendar::{Calendar, DayFacts, DayKind, FIRST_DAY};
use crate::claim::clean_line;
use crate::cli::output::table;

/// Months in a row: 72 columns.
const ABREAST: usize = 3;
/// A day takes two digits and a mark.
const WEEK: usize = 7 * 3;

/// The year: on a terminal as months, and always as a list of its holidays and worked rest days.
pub(super) fn describe(calendar: &Calendar, about: &About<'_>, year: i32) -> String {
    let days: Vec<DayFacts<'_>> = calendar.year(year).collect();
    let mut parts = vec![head(about, year)];
    if stdout().is_terminal() {
        parts.push(months(&days));
        parts.push(
            "* holiday  ? holiday whose date may still move  . weekend  + rest day that is worked  x no such day"
                .into(),
        );
    }
    parts.push(listed(&days));
    parts.extend(beyond(calendar, year));
    parts.join("\n\n")
}

fn head(about: &About<'_>, year: i32) -> String {
    let data = about.holiday_data.map_or_else(String::new, |data| format!(", built-in {data}"));
    let mut lines = vec![
        format!("{} {year}: {}, version {}", about.calendar, clean_line(&about.sources(), 200), about.version),
        format!("zone {} (zone data {}){data}", about.time_zone, about.zone_data),
    ];
    for era in &about.weekends {
        let days = if era.days.is_empty() { "none".into() } else { era.days.join(", ") };
        let since = if era.since == FIRST_DAY { String::new() } else { format!(" since {}", era.since) };
        lines.push(format!("weekend{since}: {days} ({})", clean_line(&era.source, 60)));
    }
    lines.join("\n")
}

/// What a day is, in one character.
fn mark(day: &DayFacts<'_>) -> char {
    match day.kind {
        DayKind::Working => ' ',
        DayKind::WorkedRestDay => '+',
        DayKind::Weekend => '.',
        DayKind::Holiday if day.estimated => '?',
        DayKind::Holiday => '*',
        DayKind::SkippedByZone => 'x',
    }
}

fn months(days: &[DayFacts<'_>]) -> String {
    let months: Vec<Vec<String>> = days.chunk_by(|a, b| a.date.month() == b.date.month()).map(month).collect();
    let rows = months.chunks(ABREAST).map(|row| {
        let height = row.iter().map(Vec::len).max().unwrap_or_default();
        let lines = (0..height).map(|n| {
            let cells = row.iter().map(|month| format!("{:<WEEK$}", month.get(n).map_or("", String::as_str)));
            cells.collect::<Vec<_>>().join("   ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    rows.collect::<Vec<_>>().join("\n\n")
}

/// A month's lines: its name, the week days, a line a week.
fn month(days: &[DayFacts<'_>]) -> Vec<String> {
    let Some(first) = days.first() else { return Vec::new() };
    let mut lines = vec![format!("{:^WEEK$}", first.date.format("%B")), "Mo Tu We Th Fr Sa Su ".to_owned()];
    let before = first.date.weekday().num_days_from_monday() as usize;
    let mut week = "   ".repeat(before);
    for day in days {
        week.push_str(&format!("{:>2}{}", day.date.day(), mark(day)));
        if week.len() == WEEK {
            lines.push(std::mem::take(&mut week));
        }
    }
    lines.extend((!week.is_empty()).then_some(week));
    lines
}

/// Holidays, also those on weekends, worked rest days, and days that do not exist.
fn listed(days: &[DayFacts<'_>]) -> String {
    let special =
        days.iter().filter(|day| day.name.is_some() || !matches!(day.kind, DayKind::Working | DayKind::Weekend));
    let rows: Vec<[String; 4]> = special.map(|day| [date(day.date), kind(day), name(day), origin(day)]).collect();
    if rows.is_empty() { "no holidays in this year".into() } else { table(["date", "day", "name", "from"], rows) }
}

fn date(date: NaiveDate) -> String {
    date.format("%a %Y-%m-%d").to_string()
}

fn kind(day: &DayFacts<'_>) -> String {
    let kind = match day.kind {
        DayKind::Working => "working day",
        DayKind::WorkedRestDay => "worked rest day",
        DayKind::Weekend => "holiday on a weekend",
        DayKind::Holiday => "holiday",
        DayKind::SkippedByZone => "no such day",
    };
    if day.estimated { format!("{kind}, estimated") } else { kind.to_owned() }
}

fn name(day: &DayFacts<'_>) -> String {
    clean_line(day.name.unwrap_or_default(), 60).into_owned()
}

fn origin(day: &DayFacts<'_>) -> String {
    day.origin.map(|origin| clean_line(&origin.to_string(), 60).into_owned()).unwrap_or_default()
}

/// What is to be said if the year has days of which the calendar does not know.
pub(super) fn beyond(calendar: &Calendar, year: i32) -> Option<String> {
    let (first, last) = (NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?);
    let uncovered = calendar.uncovered(&(first..=last))?;
    let (origin, known) = (uncovered.origin, uncovered.coverage);
    let known = if *known.start() == FIRST_DAY {
        format!("until {}", known.end())
    } else {
        format!("from {} to {}", known.start(), known.end())
    };
    Some(format!(
        "{} knows the days {known} only: the others are shown without its holidays",
        clean_line(&origin.to_string(), 60)
    ))
}
