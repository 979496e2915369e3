//! What one calendar says, heard line by line, and how a subdivision's differs from its country's.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{NaiveDate, Weekday, WeekdaySet};

use super::data::{self, Line};
use super::{CountryError, Place, when};
use crate::calendar::FIRST_DAY;

/// What one calendar says; a subdivision's says only in what it differs.
#[derive(Debug)]
pub struct Said {
    /// Whether it is a subdivision.
    pub is_part: bool,
    pub place: Place,
    pub aliases: Vec<String>,
    /// `None`: not said; `Some(None)`: nothing is known.
    pub coverage: Option<Option<RangeInclusive<NaiveDate>>>,
    pub weekends: Vec<(NaiveDate, WeekdaySet)>,
    pub worked: Option<Vec<NaiveDate>>,
    /// Holidays of the whole country that it does not have, by date and name.
    not: Vec<(NaiveDate, String)>,
    /// By date and name, with whether they are estimated.
    pub holidays: BTreeMap<(NaiveDate, String), bool>,
}

impl Said {
    /// What a calendar says in the text of a block; `None`: it is not there.
    pub fn of(code: &str, text: &str) -> Result<Option<Self>, CountryError> {
        let mut said = None;
        for line in data::lines(text) {
            let line = line?;
            if line.calendar == code {
                said.get_or_insert_with(|| Self::nothing(code)).hear(line)?;
            }
        }
        Ok(said)
    }

    /// What all calendars in the text of a block are called and cover, each country before its parts.
    pub fn names(text: &str) -> Result<Vec<Self>, CountryError> {
        let mut all: Vec<Self> = Vec::new();
        for line in data::lines(text) {
            let line = line?;
            if line.kind == "name" {
                all.push(Self::nothing(line.calendar));
            }
            if let ("name" | "aliases" | "years", Some(last)) = (line.kind, all.last_mut()) {
                last.hear(line)?;
            }
        }
        Ok(all)
    }

    fn nothing(calendar: &str) -> Self {
        let part = calendar.split_once('-').map(|(_, part)| part);
        Self {
            is_part: part.is_some(),
            place: Place { code: part.unwrap_or(calendar).to_owned(), name: String::new() },
            aliases: Vec::new(),
            coverage: None,
            weekends: Vec::new(),
            worked: None,
            not: Vec::new(),
            holidays: BTreeMap::new(),
        }
    }

    fn hear(&mut self, line: Line<'_>) -> Result<(), CountryError> {
        let unreadable = |found: &str| CountryError::Unreadable { found: found.to_owned() };
        let named = |dates: Vec<NaiveDate>| dates.into_iter().map(|date| (date, line.text.to_owned()));
        match line.kind {
            "name" => self.place.name = line.text.to_owned(),
            "aliases" => self.aliases = line.text.split("; ").map(str::to_owned).collect(),
            "years" if line.text.is_empty() => self.coverage = Some(None),
            "years" => self.coverage = Some(Some(whole_years(line.text).ok_or_else(|| unreadable(line.text))?)),
            "weekend" => {
                let days: Option<WeekdaySet> =
                    line.text.split_ascii_whitespace().map(|day| day.parse::<Weekday>().ok()).collect();
                let since = if line.dates.is_empty() { Some(FIRST_DAY) } else { when::date(line.dates) };
                self.weekends.push(since.zip(days).ok_or_else(|| unreadable(line.text))?);
            }
            "worked" => self.worked = Some(when::dates(line.dates)?),
            "not" => self.not.extend(named(when::dates(line.dates)?)),
            "day" => self.holidays.extend(named(when::dates(line.dates)?).map(|key| (key, false))),
            "estimated" => self.holidays.extend(named(when::dates(line.dates)?).map(|key| (key, true))),
            kind => return Err(unreadable(kind)),
        }
        Ok(())
    }

    /// What a part of this country says: the same, but for that.
    pub fn but(mut self, part: Self) -> Self {
        for key in &part.not {
            self.holidays.remove(key);
        }
        self.holidays.extend(part.holidays);
        Self {
            is_part: true,
            place: part.place,
            aliases: part.aliases,
            coverage: part.coverage.or(self.coverage),
            weekends: if part.weekends.is_empty() { self.weekends } else { part.weekends },
            worked: part.worked.or(self.worked),
            not: Vec::new(),
            holidays: self.holidays,
        }
    }
}

/// From the first day of the first year to the last day of the last.
fn whole_years(range: &str) -> Option<RangeInclusive<NaiveDate>> {
    let years = when::years(range)?;
    Some(NaiveDate::from_ymd_opt(*years.start(), 1, 1)?..=NaiveDate::from_ymd_opt(*years.end(), 12, 31)?)
}
