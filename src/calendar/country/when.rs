//! Dates as the data writes them: `01-01`, `easter-2`, `11-thu-4@2012..2040`, `05-mon-last`, `2026-03-20`.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate, Weekday};

use super::CountryError;
use super::data::{SERIES, YEARS};

/// All dates of a list of terms, in the order of the terms.
pub fn dates(terms: &str) -> Result<Vec<NaiveDate>, CountryError> {
    let mut found = Vec::new();
    for term in terms.split_ascii_whitespace() {
        if let Some(date) = date(term) {
            found.push(date);
        } else {
            let unfolded = unfold(term).filter(|dates| !dates.is_empty());
            found.extend(unfolded.ok_or_else(|| CountryError::Unreadable { found: term.to_owned() })?);
        }
    }
    Ok(found)
}

/// A single date, as `2026-03-20`.
pub fn date(term: &str) -> Option<NaiveDate> {
    let well_formed = term.len() == 10 && term.as_bytes().first().is_some_and(u8::is_ascii_digit);
    if well_formed { term.parse().ok() } else { None }
}

/// Years, as `2012..2040`.
pub fn years(range: &str) -> Option<RangeInclusive<i32>> {
    let (first, last) = range.split_once("..")?;
    let range = first.parse().ok()?..=last.parse().ok()?;
    (YEARS.contains(range.start()) && YEARS.contains(range.end())).then_some(range)
}

/// A rule's date in each of its years.
fn unfold(term: &str) -> Option<Vec<NaiveDate>> {
    let (rule, limits) = term.split_once('@').unwrap_or((term, ""));
    let years = if limits.is_empty() { YEARS } else { years(limits)? };
    if let Some((base, distance)) = SERIES.iter().find_map(|(name, days)| Some((days, rule.strip_prefix(name)?))) {
        let distance: i64 = distance.parse().ok()?;
        let skipped = usize::try_from(years.start() - YEARS.start()).ok()?;
        return base.split(' ').skip(skipped).take(years.count()).map(|day| moved(date(day)?, distance)).collect();
    }
    let (month, day) = rule.split_once('-')?;
    let month: u32 = month.parse().ok()?;
    if let Some((weekday, which)) = day.split_once('-') {
        let weekday: Weekday = weekday.parse().ok()?;
        return years.map(|year| weekday_of_month(year, month, weekday, which)).collect();
    }
    let day: u32 = day.parse().ok()?;
    years.map(|year| NaiveDate::from_ymd_opt(year, month, day)).collect()
}

fn moved(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(distance) } else { date.checked_add_days(distance) }
}

/// The first, second, ... or last such weekday.
fn weekday_of_month(year: i32, month: u32, weekday: Weekday, which: &str) -> Option<NaiveDate> {
    let nth = |n| NaiveDate::from_weekday_of_month_opt(year, month, weekday, n);
    if which == "last" { nth(5).or_else(|| nth(4)) } else { nth(which.parse().ok()?) }
}
