//! How long a rule allows: "2 business days", counted to the end of a day or to the same time of day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a span counts every day or only business days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Days,
    BusinessDays,
}

/// A number of days or business days, at least one: "2 business days", "30 days".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub count: u32,
    pub unit: Unit,
}

impl Span {
    /// The longest span there is: some 27 years of days.
    pub const MAX_COUNT: u32 = 10_000;
}

/// What of the last day counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// Due at the end of the last day.
    #[default]
    EndOfDay,
    /// Due at the start's own time of day on the last day.
    Elapsed,
}

/// Where a last day that is no business day is moved, for targets in calendar days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    #[default]
    None,
    NextBusinessDay,
}

/// A rule's target: how long, how counted. As text: `5 business days`, `5 business days elapsed`, `30 days roll`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub span: Span,
    pub counting: Counting,
    pub roll: Roll,
}

impl Target {
    /// `span`, to the end of its last day, wherever that falls.
    #[must_use]
    pub fn end_of_day(span: Span) -> Self {
        Self { span, counting: Counting::EndOfDay, roll: Roll::None }
    }
}

/// A span or target that cannot be read; says what was found and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected {expected}")]
pub struct TargetError {
    found: String,
    expected: &'static str,
}

const SPAN_EXPECTED: &str = "a number from 1 to 10000 of \"days\" or \"business days\"";
const TARGET_EXPECTED: &str =
    "a number from 1 to 10000 of \"days\" or \"business days\", then \"elapsed\" or \"roll\" or neither";

impl FromStr for Span {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        read_span(&words).ok_or_else(|| TargetError { found: text.into(), expected: SPAN_EXPECTED })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let mut counting = Counting::EndOfDay;
        let mut roll = Roll::None;
        while let Some(last) = words.last() {
            match *last {
                "elapsed" if counting == Counting::EndOfDay => counting = Counting::Elapsed,
                "roll" if roll == Roll::None => roll = Roll::NextBusinessDay,
                _ => break,
            }
            words.pop();
        }
        read_span(&words)
            .map(|span| Self { span, counting, roll })
            .ok_or_else(|| TargetError { found: text.into(), expected: TARGET_EXPECTED })
    }
}

fn read_span(words: &[&str]) -> Option<Span> {
    let (count, unit) = match words {
        [count, "day" | "days"] => (count, Unit::Days),
        [count, "business", "day" | "days"] => (count, Unit::BusinessDays),
        _ => return None,
    };
    if !count.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let count = count.parse().ok().filter(|count| (1..=Span::MAX_COUNT).contains(count))?;
    Some(Span { count, unit })
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let business = if self.unit == Unit::BusinessDays { "business " } else { "" };
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {business}day{plural}", self.count)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.span)?;
        if self.counting == Counting::Elapsed {
            f.write_str(" elapsed")?;
        }
        if self.roll == Roll::NextBusinessDay {
            f.write_str(" roll")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_back_as_it_is_written() {
        for text in [
            "2 business days",
            "1 business day",
            "30 days",
            "30 days roll",
            "5 business days elapsed",
            "1 day elapsed roll",
        ] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_wrong_target_says_what_was_found_and_what_was_expected() {
        for text in [
            "",
            "2",
            "2 busines days",
            "0 days",
            "-1 days",
            "+1 days",
            "10001 days",
            "1.5 days",
            "2 days roll roll",
            "99999999999 days",
        ] {
            let error = text.parse::<Target>().expect_err(text).to_string();
            assert!(error.contains(&format!("found {text:?}, expected a number")), "{error}");
        }
    }

    #[test]
    fn a_span_takes_no_counting() {
        assert!("2 days".parse::<Span>().is_ok());
        assert!("2 days elapsed".parse::<Span>().is_err());
    }
}
