//! `[calendars]`: each calendar's zone, weekend and days, and which of them is the default.

use chrono::{NaiveDate, Weekday};

use crate::calendar::{Calendar, CalendarError, Calendars, FIRST_DAY, LAST_DAY, Zone};
use crate::claim::clean_line;

use super::section::{Section, expected, instead, line, one_of, text};
use super::tree::{Node, Value};
use super::{Affects, read_zone};

/// The longest name of a calendar, in characters.
const LONGEST_NAME: usize = 100;

/// The names of all calendars, and the calendars themselves unless something is wrong with them.
pub fn read(section: &Section<'_>) -> (Vec<String>, Option<Calendars>) {
    let chosen = section.read("default", |node| line(node, "the name of a calendar, as \"fr\""));
    let tables = section.named();
    let mut names: Vec<String> = tables.iter().map(|(name, _)| (*name).to_owned()).collect();
    let calendars: Vec<Option<Calendar>> = tables
        .into_iter()
        .map(|(name, table)| {
            if name.trim() != name || name.is_empty() || clean_line(name, LONGEST_NAME) != name {
                section.report_at(
                    section.key_place(name),
                    name,
                    format!("found this name, expected 1 to {LONGEST_NAME} visible characters"),
                );
            }
            calendar(name, table)
        })
        .collect();
    let calendars: Option<Vec<Calendar>> = calendars.into_iter().collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let default = match (chosen, &known[..]) {
        (None | Some("default"), []) => {
            names.push("default".into());
            return (names, utc(section));
        }
        (Some(chosen), []) => {
            section.report(
                "default",
                format!("found {chosen:?}, but there is no calendar: [calendars.{chosen}] is missing"),
            );
            return (names, None);
        }
        (Some(chosen), known) if !known.contains(&chosen) => {
            section.report("default", format!("found {chosen:?}, expected {}", one_of(known)));
            return (names, None);
        }
        (Some(chosen), _) => chosen.to_owned(),
        (None, [only]) => (*only).to_owned(),
        (None, known) => {
            if !section.has("default") {
                section.report("default", format!("absent, expected {}", one_of(known)));
            }
            return (names, None);
        }
    };
    let made = calendars.and_then(|calendars| {
        Calendars::new(&default, calendars).map_err(|error| section.report("default", error.to_string())).ok()
    });
    (names, made)
}

/// The calendar of a configuration that has none: days of UTC, Saturday and Sunday off.
fn utc(section: &Section<'_>) -> Option<Calendars> {
    let zone = zone_or_utc(section, None)?;
    let made = Calendars::new("default", [Calendar::new("default", zone)]);
    made.map_err(|error| section.report("default", error.to_string())).ok()
}

fn zone_or_utc(section: &Section<'_>, zone: Option<Zone>) -> Option<Zone> {
    zone.or_else(|| Zone::named("UTC").map_err(|error| section.report("time_zone", error.to_string())).ok())
}

fn calendar(name: &str, section: Section<'_>) -> Option<Calendar> {
    let zone = section.read("time_zone", read_zone);
    let mut calendar = Calendar::new(name, zone_or_utc(&section, zone)?);
    if let Some(weekend) = section.list("weekend", "a list of days, as [\"sat\", \"sun\"]", weekday) {
        calendar = calendar.with_weekend(weekend);
    }
    let what = "a list of dates, as [\"2026-12-24\"]";
    for (date, name) in section.list("holidays", what, day).into_iter().flatten() {
        calendar = calendar.with_holiday(date, name);
    }
    for (date, name) in section.list("closures", what, day).into_iter().flatten() {
        calendar = calendar.with_holiday(date, if name.is_empty() { "closure".into() } else { name });
    }
    for date in section.list("working_days", what, date).into_iter().flatten() {
        calendar = calendar.with_working_day(date);
    }
    not_yet(&section);
    let built = calendar.build().map_err(|error| {
        let key = if matches!(error, CalendarError::NoWorkingDay { .. }) { "weekend" } else { "" };
        section.report(key, error.to_string());
    });
    section.finish();
    built.ok()
}

/// The sources of holidays that this version cannot read: nothing may be computed without their days.
fn not_yet(section: &Section<'_>) {
    let what = "the two capital letters of a country, as \"FR\"";
    let country = section.read("country", |node| {
        let found = line(node, what)?;
        let valid = found.len() == 2 && found.bytes().all(|c| c.is_ascii_uppercase());
        if valid { Ok(found) } else { Err(expected(node, what)) }
    });
    let part = section.read("subdivision", |node| line(node, "a part of the country, as \"BY\""));
    if let Some(country) = country {
        let place = part.map_or_else(|| country.to_owned(), |part| format!("{country}-{part}"));
        section.obstacle(
            Affects::Deadlines,
            "country",
            format!("found {place:?}, but this version has no built-in holidays; list the days in `holidays` instead"),
        );
    } else if part.is_some() && !section.has("country") {
        section.report("subdivision", "found a subdivision without a country, expected country = \"…\" beside it");
    }
    let files = section.list("ics", "a list of files, as [\"closures.ics\"]", |node| line(node, "the path of a file"));
    if files.is_some_and(|files| !files.is_empty()) {
        section.obstacle(
            Affects::Deadlines,
            "ics",
            "found .ics files, but this version reads none; list the days in `holidays` instead",
        );
    }
}

fn weekday(node: &Node) -> Result<Weekday, String> {
    let what = "a day of the week, as \"sat\" or \"Saturday\"";
    line(node, what)?.parse().map_err(|_| expected(node, what))
}

/// A date, or a table of a date and a name.
fn day(node: &Node) -> Result<(NaiveDate, String), String> {
    let Value::Table(entries) = &node.value else { return Ok((date(node)?, String::new())) };
    if let Some(key) = entries.keys().find(|key| !["date", "name"].contains(&key.as_str())) {
        return Err(format!("found {key:?}; {}", instead(key, &["date", "name"])));
    }
    let Some(at) = entries.get("date") else {
        return Err("found no date, expected { date = \"2026-12-24\", name = \"…\" }".into());
    };
    let name = entries.get("name").map_or(Ok(""), |name| text(name, "the holiday's name"))?;
    Ok((date(at)?, name.trim().to_owned()))
}

fn date(node: &Node) -> Result<NaiveDate, String> {
    let what = "a date that exists, as \"2026-12-24\"";
    let written = match &node.value {
        Value::Moment(written) => written,
        _ => line(node, what)?,
    };
    let shaped = written.len() == 10 && written.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    let date = if shaped { NaiveDate::parse_from_str(written, "%Y-%m-%d").ok() } else { None };
    date.filter(|date| (FIRST_DAY..=LAST_DAY).contains(date)).ok_or_else(|| expected(node, what))
}
