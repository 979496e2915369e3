//! Dates, times and durations as files write them.

use chrono::{Days, NaiveDate};

use super::error::Wrong;
use super::event::Field;

/// Seconds of a day.
const DAY: u32 = 24 * 60 * 60;
/// Midnight somewhere, written in UTC, is after this hour on the day before: zones reach from UTC-10 (but for two lone
/// islands) to UTC+13.
const LAST_MIDNIGHT: u32 = 10 * 60 * 60;

/// A date, or a date with a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub date: NaiveDate,
    /// Seconds since midnight.
    pub time: Option<u32>,
    /// Whether the time is UTC; else it is local, whichever zone is meant.
    pub utc: bool,
}

impl Moment {
    /// Reads `20260501`, `20260501T000000` and `20260501T000000Z`, also without seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.split_once(['T', 't']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        if date.len() != 8 || !text.is_ascii() {
            return None;
        }
        let (year, month, day) = (number(&date[..4])?, number(&date[4..6])?, number(&date[6..])?);
        let date = NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?;
        let Some(time) = time else { return Some(Self { date, time: None, utc: false }) };
        let local = time.trim_end_matches(['Z', 'z']);
        if !matches!(local.len(), 4 | 6) || time.len() > local.len() + 1 {
            return None;
        }
        let (hour, minute) = (number(&local[..2])?, number(&local[2..4])?);
        let second = if local.len() == 6 { number(&local[4..])? } else { 0 };
        let valid = hour < 24 && minute < 60 && second <= 60;
        valid.then(|| Self {
            date,
            time: Some(hour * 3600 + minute * 60 + second.min(59)),
            utc: time.len() > local.len(),
        })
    }

    pub fn is_midnight(self) -> bool {
        self.time == Some(0)
    }

    /// Whether it is the last minute of a day, with which some exports end a day.
    pub fn is_last_minute(self) -> bool {
        self.time.is_some_and(|time| time >= DAY - 60)
    }

    /// The local day that begins then, if an all-day event does. A UTC time is midnight somewhere.
    pub fn day(self) -> NaiveDate {
        let is_next = self.utc && self.time.is_some_and(|time| time > LAST_MIDNIGHT);
        if is_next { self.date.succ_opt().unwrap_or(self.date) } else { self.date }
    }

    /// The last local day that begins until then: as [`day`](Self::day), but the last second of a day is of that day, in UTC
    /// the second before any midnight.
    pub fn last_day(self) -> NaiveDate {
        match self.time {
            Some(time) if self.utc && time % 60 == 59 => {
                if time + 1 > LAST_MIDNIGHT {
                    self.date
                } else {
                    self.date.pred_opt().unwrap_or(self.date)
                }
            }
            _ if self.is_last_minute() => self.date,
            _ => self.day(),
        }
    }
}

/// The date and time of a property.
pub(super) fn moment(field: &Field, property: &str) -> Result<Moment, Wrong> {
    Moment::parse(&field.value)
        .ok_or_else(|| Wrong::value(field.line, property, &field.value, "a date such as 20260501"))
}

/// The day so many days later; `None` where dates end.
pub(super) fn later(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(u64::from(days)))
}

/// A number of ASCII digits and nothing else.
pub(super) fn number(digits: &str) -> Option<u32> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if valid { digits.parse().ok() } else { None }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duration {
    /// That many whole days.
    Days(u32),
    /// Something else, at least one second.
    Other,
    /// Less than nothing.
    Negative,
}

impl Duration {
    /// Reads `P2D`, `P1W`, `PT24H`, `P1DT12H`; what it sums up to counts.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        let (date, time) = match text.strip_prefix('P')?.split_once('T') {
            Some((date, time)) => (date, time),
            None => (text.strip_prefix('P')?, ""),
        };
        if date.is_empty() && time.is_empty() {
            return None;
        }
        let seconds =
            sum(date, &[('W', 7 * DAY), ('D', DAY)])?.checked_add(sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?)?;
        Some(match seconds {
            0 => Self::Days(0),
            _ if negative => Self::Negative,
            _ if seconds % u64::from(DAY) == 0 => Self::Days(u32::try_from(seconds / u64::from(DAY)).ok()?),
            _ => Self::Other,
        })
    }
}

/// The sum of numbers with units, each of which occurs at most once, in this order.
fn sum(mut text: &str, units: &[(char, u32)]) -> Option<u64> {
    let mut seconds = 0_u64;
    for (unit, worth) in units {
        if let Some((digits, rest)) = text.split_once(*unit) {
            seconds = seconds.checked_add(u64::from(number(digits)?) * u64::from(*worth))?;
            text = rest;
        }
    }
    text.is_empty().then_some(seconds)
}
