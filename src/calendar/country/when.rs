//! Dates as the packed data writes them: `01-01`, `easter-2`, `11-thu-4@2012..2040`, `05-mon-last`, and `260320` for
//! 2026-03-20.

use std::ops::RangeInclusive;

use chrono::{NaiveDate, TimeDelta, Weekday};

use super::CountryError;
use super::data::{FIRST_YEAR, LAST_YEAR, SERIES};

/// The first day of all data.
pub const FIRST: NaiveDate = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).expect("a date");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).expect("a date");

/// Adds all dates of a list of terms, in the order of the terms.
pub fn dates(terms: &str, found: &mut Vec<NaiveDate>) -> Result<(), CountryError> {
    for term in terms.split_ascii_whitespace() {
        if let Some(date) = date(term) {
            found.push(date);
        } else if unfold(term, found).is_none() {
            return Err(CountryError::unreadable(term));
        }
    }
    Ok(())
}

/// A single date, as `260320`.
pub fn date(term: &str) -> Option<NaiveDate> {
    let &[y, yy, m, mm, d, dd] = term.as_bytes() else { return None };
    let two = |tens: u8, ones: u8| Some(char::from(tens).to_digit(10)? * 10 + char::from(ones).to_digit(10)?);
    NaiveDate::from_ymd_opt(2000 + two(y, yy)?.cast_signed(), two(m, mm)?, two(d, dd)?)
}

/// How many days after [`FIRST`] that is; `None`: before it or after all data.
pub fn number(date: NaiveDate) -> Option<usize> {
    if date > LAST { None } else { usize::try_from((date - FIRST).num_days()).ok() }
}

/// From the first day of the first to the last day of the last year of a range as `2012..2040`; an empty one has none.
pub fn whole_years(range: &str) -> Result<Option<RangeInclusive<NaiveDate>>, CountryError> {
    if range.is_empty() {
        return Ok(None);
    }
    let days = years(range)
        .and_then(|(first, last)| Some(NaiveDate::from_ymd_opt(first, 1, 1)?..=NaiveDate::from_ymd_opt(last, 12, 31)?));
    days.map(Some).ok_or_else(|| CountryError::unreadable(range))
}

fn years(range: &str) -> Option<(i32, i32)> {
    let (first, last) = range.split_once("..")?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (FIRST_YEAR <= first && first <= last && last <= LAST_YEAR).then_some((first, last))
}

/// Adds a rule's date in each of its years.
fn unfold(term: &str, found: &mut Vec<NaiveDate>) -> Option<()> {
    let (rule, (first, last)) = match term.split_once('@') {
        Some((rule, limits)) => (rule, years(limits)?),
        None => (term, (FIRST_YEAR, LAST_YEAR)),
    };
    for year in first..=last {
        found.push(in_year(rule, year)?);
    }
    Some(())
}

/// The date of a rule in one year.
fn in_year(rule: &str, year: i32) -> Option<NaiveDate> {
    for (name, days) in SERIES {
        if let Some(distance) = rule.strip_prefix(name) {
            let day = date(days.split(' ').nth(usize::try_from(year - FIRST_YEAR).ok()?)?)?;
            return day.checked_add_signed(TimeDelta::try_days(distance.parse().ok()?)?);
        }
    }
    let (month, day) = rule.split_once('-')?;
    let month = month.parse().ok()?;
    let Some((weekday, which)) = day.split_once('-') else {
        return NaiveDate::from_ymd_opt(year, month, day.parse().ok()?);
    };
    let weekday: Weekday = weekday.parse().ok()?;
    let nth = |n| NaiveDate::from_weekday_of_month_opt(year, month, weekday, n);
    if which == "last" { nth(5).or_else(|| nth(4)) } else { nth(which.parse().ok()?) }
}
