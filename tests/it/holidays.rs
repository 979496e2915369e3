//! The built-in public holidays against their source: every country, subdivision, year and day.
//!
//! `tools/holidays/generate.py` asks the source about each day and writes a digest of each calendar and year; here the same
//! text is written from what the program says. `tools/holidays/digests.py` has the text's form; `tools/holidays/generate.py
//! --show DE-BY 2026` prints the source's, to be compared with the one that a failure prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};
use claimwatch::calendar::{CountryError, Days, Holiday, Origin, countries, country_days};
use sha2::{Digest, Sha256};

const FIRST_YEAR: i32 = 2010;

/// What the program says of one calendar, by date.
struct Calendar {
    weekends: Vec<(NaiveDate, WeekdaySet)>,
    holidays: BTreeMap<NaiveDate, Holiday>,
    worked: BTreeSet<NaiveDate>,
    known: std::ops::RangeInclusive<NaiveDate>,
}

impl Calendar {
    fn of(days: Days) -> Self {
        let count = days.holidays.len();
        let holidays: BTreeMap<_, _> = days.holidays.into_iter().map(|day| (day.date, day)).collect();
        assert_eq!(holidays.len(), count, "{:?} has a date twice", days.origin);
        let worked = days.working_days.into_iter().collect();
        Self { weekends: days.weekends, holidays, worked, known: days.coverage.expect("a coverage") }
    }

    fn is_weekend(&self, date: NaiveDate) -> bool {
        let weekend = self.weekends.iter().rev().find(|(since, _)| *since <= date);
        weekend.is_some_and(|(_, days)| days.contains(date.weekday()))
    }

    fn letter(&self, date: NaiveDate) -> char {
        match (self.is_weekend(date), self.worked.contains(&date), self.holidays.contains_key(&date)) {
            (false, false, false) => '.',
            (false, false, true) => 'H',
            (true, false, false) => 'w',
            (true, false, true) => 'W',
            (true, true, false) => 'x',
            (true, true, true) => 'X',
            (false, true, _) => panic!("{date} is worked and is no rest day"),
        }
    }

    /// The text that is hashed: whether the year is known, a letter a day, a line a holiday.
    fn text(&self, code: &str, year: i32) -> String {
        let (first, last) = (date(year, 1, 1), date(year, 12, 31));
        let known = if self.known.contains(&first) && self.known.contains(&last) { "known" } else { "unknown" };
        let letters: String = first.iter_days().take_while(|day| *day <= last).map(|day| self.letter(day)).collect();
        let mut text = format!("{code} {year} {known}\n{letters}\n");
        for day in self.holidays.range(first..=last).map(|(_, day)| day) {
            let kind = if day.estimated { "estimated" } else { "holiday" };
            writeln!(text, "{} {kind} {}", day.date.format("%m-%d"), day.name).expect("text");
        }
        text
    }
}

/// The digests of each calendar, a year each from [`FIRST_YEAR`] on, by its code.
fn digests() -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/holidays/digests.tsv");
    let text = fs::read_to_string(path).expect("digests");
    let lines = text.lines().map(|line| line.split_once('\t').expect("a calendar and its digests"));
    lines.map(|(code, digests)| (code.to_owned(), digests.split_whitespace().map(str::to_owned).collect())).collect()
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(3).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_day_of_every_country_and_subdivision_is_what_the_source_says() {
    let mut different = Vec::new();
    let (mut known, mut years) = (0, 0);
    for (code, digests) in digests() {
        let (country, part) = code.split_once('-').map_or((&code[..], None), |(country, part)| (country, Some(part)));
        let days = match country_days(country, part) {
            Ok(days) => days,
            Err(CountryError::NothingKnown { .. }) if digests.is_empty() => continue,
            Err(error) => panic!("{code}: {error}"),
        };
        assert_eq!(days.origin, Origin::Country(code.clone()));
        assert_eq!(digests.len(), 31, "{code}");
        let calendar = Calendar::of(days);
        known += 1;
        for (year, expected) in (FIRST_YEAR..).zip(&digests) {
            let text = calendar.text(&code, year);
            years += 1;
            if digest(&text) != *expected {
                different.push(text);
            }
        }
    }
    assert!(known >= 850 && years == known * 31, "{known} calendars, {years} years");
    let first = different.iter().take(3).cloned().collect::<String>();
    assert!(different.is_empty(), "{} of {years} years differ, these first:\n{first}", different.len());
}

#[test]
fn the_countries_and_subdivisions_that_are_listed_are_those_of_the_source() {
    let mut listed = Vec::new();
    for country in countries() {
        let code = country.place.code.clone();
        assert!(country.subdivisions.iter().all(|part| part.coverage.is_some() == country.coverage.is_some()));
        listed.push((code.clone(), country.coverage.is_some()));
        listed.extend(country.subdivisions.iter().map(|part| (format!("{code}-{}", part.place.code), true)));
    }
    let source = digests().into_iter().map(|(code, digests)| (code, !digests.is_empty()));
    listed.sort();
    assert_eq!(listed, source.collect::<Vec<_>>());
}

#[test]
fn a_digest_notices_another_name_another_day_an_estimate_another_weekend_and_a_worked_rest_day() {
    let expected = &digests()["DE-BY"][16];
    let with = |change: fn(&mut Days)| {
        let mut days = country_days("DE", Some("BY")).expect("Bavaria");
        change(&mut days);
        digest(&Calendar::of(days).text("DE-BY", 2026))
    };
    assert_eq!(with(|_| ()), *expected);
    let changed = [
        with(|days| new_year(days).name.push('!')),
        with(|days| new_year(days).date = date(2026, 1, 2)),
        with(|days| new_year(days).estimated = true),
        with(|days| days.weekends[0].1 = WeekdaySet::single(Weekday::Sun)),
        with(|days| days.working_days.push(date(2026, 1, 3))),
        with(|days| days.coverage = Some(date(2010, 1, 1)..=date(2025, 12, 31))),
    ];
    for (number, digest) in changed.iter().enumerate() {
        assert_ne!(digest, expected, "change {number}");
    }
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

fn new_year(days: &mut Days) -> &mut Holiday {
    days.holidays.iter_mut().find(|day| day.date == date(2026, 1, 1)).expect("a day off")
}
