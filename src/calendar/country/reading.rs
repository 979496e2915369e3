//! What one calendar says, read line by line: a country's lines first, then how a subdivision differs.

use std::ops::RangeInclusive;

use chrono::{NaiveDate, Weekday, WeekdaySet};

use super::data::Line;
use super::{CountryError, Place, when};
use crate::calendar::{FIRST_DAY, Holiday};

/// A calendar as far as its lines have been read.
pub struct Reading<'a> {
    /// Of the last calendar that was read: the country, or its subdivision.
    pub place: Place,
    /// `None`: nothing is known.
    pub coverage: Option<RangeInclusive<NaiveDate>>,
    pub weekends: Vec<(NaiveDate, WeekdaySet)>,
    pub worked: Vec<NaiveDate>,
    /// The calendar that `weekends` are of.
    weekends_of: &'a str,
    /// The holidays of each day of [`when::FIRST`] and after: their names, in order, and whether they are estimated.
    days: Vec<Vec<(&'a str, bool)>>,
    /// The dates of the line that is being read.
    dates: Vec<NaiveDate>,
}

impl<'a> Reading<'a> {
    pub fn new() -> Self {
        Self {
            place: Place { code: String::new(), name: String::new() },
            coverage: None,
            weekends: Vec::new(),
            worked: Vec::new(),
            weekends_of: "",
            days: Vec::new(),
            dates: Vec::new(),
        }
    }

    /// Takes one line in.
    pub fn read(&mut self, line: Line<'a>) -> Result<(), CountryError> {
        match line.kind {
            "name" => self.place = line.place(),
            "aliases" => {}
            "years" => self.coverage = when::whole_years(line.text)?,
            "weekend" => self.read_weekend(line)?,
            "worked" => {
                self.worked.clear();
                when::dates(line.dates, &mut self.worked)?;
            }
            "day" | "estimated" | "not" => self.read_holiday(line)?,
            kind => return Err(CountryError::unreadable(kind)),
        }
        Ok(())
    }

    fn read_weekend(&mut self, line: Line<'a>) -> Result<(), CountryError> {
        if self.weekends_of != line.calendar {
            self.weekends.clear();
            self.weekends_of = line.calendar;
        }
        let since = if line.dates.is_empty() { Some(FIRST_DAY) } else { when::date(line.dates) };
        let mut off = WeekdaySet::EMPTY;
        for day in line.text.split_ascii_whitespace() {
            let Ok(day) = day.parse::<Weekday>() else { return Err(CountryError::unreadable(line.text)) };
            off.insert(day);
        }
        self.weekends.push((since.ok_or_else(|| CountryError::unreadable(line.dates))?, off));
        Ok(())
    }

    fn read_holiday(&mut self, line: Line<'a>) -> Result<(), CountryError> {
        self.dates.clear();
        when::dates(line.dates, &mut self.dates)?;
        for date in &self.dates {
            let number = when::number(*date).ok_or_else(|| CountryError::unreadable(line.dates))?;
            if self.days.len() <= number {
                self.days.resize_with(number + 1, Vec::new);
            }
            let Some(day) = self.days.get_mut(number) else { continue };
            let place = day.iter().position(|(name, _)| *name >= line.text).unwrap_or(day.len());
            if day.get(place).is_some_and(|(name, _)| *name == line.text) {
                day.remove(place);
            }
            if line.kind != "not" {
                day.insert(place, (line.text, line.kind == "estimated"));
            }
        }
        Ok(())
    }

    /// The holidays in the order of their dates, one a date; names on the same date are joined.
    pub fn holidays(&self) -> Vec<Holiday> {
        let mut holidays = Vec::new();
        for (date, names) in when::FIRST.iter_days().zip(&self.days) {
            let mut name = String::new();
            let mut estimated = false;
            for (one, may_move) in names {
                name.push_str(if name.is_empty() { "" } else { "; " });
                name.push_str(one);
                estimated |= may_move;
            }
            if !names.is_empty() {
                holidays.push(Holiday { date, name, estimated });
            }
        }
        holidays
    }
}
