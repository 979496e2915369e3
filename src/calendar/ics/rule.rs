//! Recurrence rules as text: RFC 5545, section 3.3.10.

use chrono::{NaiveDate, Weekday};

use super::error::Wrong;
use super::event::Field;
use super::moment::{Moment, number};
use super::name::shown;

/// How often an event recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// Numbers from -63 to 63, without zero: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ordinals(u128);

impl Ordinals {
    fn insert(&mut self, number: i16) {
        self.0 |= Self::bit(number);
    }

    /// Whether the `nth` of so many, from 1, is among them, counted from the front or from the back.
    pub fn has(self, nth: u32, of: u32) -> bool {
        let from_back = i16::try_from(nth).unwrap_or(0) - i16::try_from(of).unwrap_or(0) - 1;
        self.0 & (Self::bit(i16::try_from(nth).unwrap_or(0)) | Self::bit(from_back)) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(number: i16) -> u128 {
        let valid = (-63..=63).contains(&number) && number != 0;
        if valid { 1 << (i32::from(number) + 63) } else { 0 }
    }
}

/// A recurrence rule. An empty list says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub frequency: Frequency,
    pub interval: u32,
    pub count: Option<u32>,
    pub until: Option<NaiveDate>,
    pub week_start: Weekday,
    pub months: Ordinals,
    pub month_days: Ordinals,
    /// From 1 or, counted from the back, from -1; sorted.
    pub year_days: Vec<i16>,
    /// Every such week day.
    pub weekdays: Ordinals,
    /// The nth Monday, the nth Tuesday and so on.
    pub nth_weekdays: [Ordinals; 7],
    /// Which of the days that are found in one period; sorted.
    pub positions: Vec<i16>,
}

impl Rule {
    /// # Errors
    /// A rule that is no rule, or one that is not read: by week number or time of day, on another scale.
    pub fn parse(field: &Field) -> Result<Self, Wrong> {
        let mut parser = Parser { field, rule: Self::every(Frequency::Yearly), frequency: None };
        let mut seen = Vec::new();
        for part in field.value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| parser.wrong("KEY=VALUE;KEY=VALUE"))?;
            let key = key.trim().to_ascii_uppercase();
            if seen.contains(&key) {
                return Err(parser.wrong(format!("{} once", shown(&key))));
            }
            parser.part(&key, value.trim())?;
            seen.push(key);
        }
        let Some(frequency) = parser.frequency else { return Err(parser.wrong("FREQ=YEARLY")) };
        parser.rule.frequency = frequency;
        parser.check()?;
        Ok(parser.rule)
    }

    fn every(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            count: None,
            until: None,
            week_start: Weekday::Mon,
            months: Ordinals::default(),
            month_days: Ordinals::default(),
            year_days: Vec::new(),
            weekdays: Ordinals::default(),
            nth_weekdays: [Ordinals::default(); 7],
            positions: Vec::new(),
        }
    }

    pub fn is_endless(&self) -> bool {
        self.count.is_none() && self.until.is_none()
    }

    pub fn names_weekdays(&self) -> bool {
        !self.weekdays.is_empty() || self.names_nth_weekdays()
    }

    fn names_nth_weekdays(&self) -> bool {
        self.nth_weekdays.iter().any(|nth| !nth.is_empty())
    }

    /// Whether it says which days of a period; else it is that of the start.
    pub fn names_days(&self) -> bool {
        self.names_weekdays() || !self.month_days.is_empty() || !self.year_days.is_empty()
    }
}

struct Parser<'a> {
    field: &'a Field,
    rule: Rule,
    frequency: Option<Frequency>,
}

impl Parser<'_> {
    fn wrong(&self, expected: impl Into<String>) -> Wrong {
        Wrong::value(self.field.line, "RRULE", &self.field.value, expected)
    }

    fn part(&mut self, key: &str, value: &str) -> Result<(), Wrong> {
        match key {
            "FREQ" => {
                self.frequency = Some(match value.to_ascii_uppercase().as_str() {
                    "YEARLY" => Frequency::Yearly,
                    "MONTHLY" => Frequency::Monthly,
                    "WEEKLY" => Frequency::Weekly,
                    "DAILY" => Frequency::Daily,
                    _ => return Err(self.wrong("FREQ=YEARLY, MONTHLY, WEEKLY or DAILY")),
                });
            }
            "UNTIL" => {
                let until = Moment::parse(value).ok_or_else(|| self.wrong("UNTIL with a date such as 20301231"))?;
                self.rule.until = Some(until.last_day());
            }
            "COUNT" => self.rule.count = Some(self.positive(key, value)?),
            "INTERVAL" => self.rule.interval = self.positive(key, value)?,
            "BYMONTH" => {
                for month in self.numbers(key, value, 1..=12)? {
                    self.rule.months.insert(month);
                }
            }
            "BYMONTHDAY" => {
                for day in self.numbers(key, value, -31..=31)? {
                    self.rule.month_days.insert(day);
                }
            }
            "BYYEARDAY" => self.rule.year_days = self.numbers(key, value, -366..=366)?,
            "BYSETPOS" => self.rule.positions = self.numbers(key, value, -366..=366)?,
            "BYDAY" => {
                for day in value.split(',') {
                    self.day(day.trim())?;
                }
            }
            "WKST" => self.rule.week_start = weekday(value).ok_or_else(|| self.wrong("WKST=MO"))?,
            // Midnight, which changes nothing.
            "BYHOUR" | "BYMINUTE" | "BYSECOND" if matches!(value, "0" | "00") => {}
            "RSCALE" if value.eq_ignore_ascii_case("GREGORIAN") => {}
            "SKIP" if value.eq_ignore_ascii_case("OMIT") => {}
            _ => return Err(self.wrong(format!("a rule without {}", shown(key)))),
        }
        Ok(())
    }

    /// Which combinations RFC 5545 rules out.
    fn check(&self) -> Result<(), Wrong> {
        let rule = &self.rule;
        let of_years_or_months = matches!(rule.frequency, Frequency::Yearly | Frequency::Monthly);
        if rule.names_nth_weekdays() && !of_years_or_months {
            return Err(self.wrong("BYDAY with a number only if YEARLY or MONTHLY"));
        }
        if !rule.year_days.is_empty() && rule.frequency != Frequency::Yearly {
            return Err(self.wrong("BYYEARDAY only if YEARLY"));
        }
        if !rule.month_days.is_empty() && rule.frequency == Frequency::Weekly {
            return Err(self.wrong("BYMONTHDAY only if not WEEKLY"));
        }
        if !rule.positions.is_empty() && !rule.names_days() && rule.months.is_empty() {
            return Err(self.wrong("BYSETPOS only with another BY"));
        }
        Ok(())
    }

    fn positive(&self, key: &str, value: &str) -> Result<u32, Wrong> {
        number(value).filter(|number| *number > 0).ok_or_else(|| self.wrong(format!("{key}=1 or more")))
    }

    /// Numbers within a range, sorted, each once; zero is none.
    fn numbers(&self, key: &str, value: &str, range: std::ops::RangeInclusive<i16>) -> Result<Vec<i16>, Wrong> {
        let (first, last) = (range.start(), range.end());
        let from_back = if *first < 0 { format!(" or from {first} to -1") } else { String::new() };
        let wrong = || self.wrong(format!("{key} from 1 to {last}{from_back}"));
        let mut numbers = Vec::new();
        for text in value.split(',').map(str::trim) {
            let number = signed(text).filter(|number| *number != 0 && range.contains(number)).ok_or_else(wrong)?;
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// `MO`, `1MO` or `-1MO`.
    fn day(&mut self, text: &str) -> Result<(), Wrong> {
        let wrong = || self.wrong("BYDAY such as MO, 1MO or -1MO");
        let split = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
        let (nth, name) = text.split_at(split);
        let weekday = weekday(name).ok_or_else(wrong)?;
        if nth.is_empty() {
            self.rule.weekdays.insert(ordinal(weekday));
            return Ok(());
        }
        let nth = signed(nth).filter(|nth| *nth != 0 && (-53..=53).contains(nth)).ok_or_else(wrong)?;
        self.rule.nth_weekdays[weekday.num_days_from_monday() as usize].insert(nth);
        Ok(())
    }
}

/// A week day's number from 1, Monday.
fn ordinal(weekday: Weekday) -> i16 {
    i16::try_from(weekday.number_from_monday()).unwrap_or_default()
}

fn signed(text: &str) -> Option<i16> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * i16::try_from(number(digits)?).ok()?)
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}
