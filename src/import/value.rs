//! What a field's text means: instants, amounts, currencies, flags and statuses; or what was expected instead.
//!
//! Source: docs/contract.md, "Values" (the column CSV).

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::calendar::Zone;
use crate::claim::{Currency, Status};
use crate::now::to_micros;

/// What would have been right, as it follows "expected".
pub type Expected = Cow<'static, str>;

const MAX_DIGITS: usize = 28;

/// An instant by RFC 3339, to the microsecond. Without an offset it is a local time of `zone`, if there is one.
///
/// # Errors
/// What was expected.
pub fn instant(text: &str, zone: Option<&Zone>) -> Result<DateTime<Utc>, Expected> {
    let form = || {
        let example = if zone.is_some() { "2026-03-02T10:00:00" } else { "2026-03-02T10:00:00+01:00" };
        Cow::from(format!("an instant such as {example}"))
    };
    let (stamp, rest) = split_stamp(text).ok_or_else(form)?;
    let date = NaiveDate::from_ymd_opt(stamp.year, stamp.month, stamp.day).ok_or("a day that exists")?;
    let leap_second = stamp.second == 60;
    let time = NaiveTime::from_hms_nano_opt(
        stamp.hour,
        stamp.minute,
        stamp.second - u32::from(leap_second),
        if leap_second { 999_999_999 } else { stamp.nanos },
    );
    let local = date.and_time(time.ok_or(NO_SUCH_TIME)?);
    let at = match rest {
        "" => match zone {
            Some(zone) => zone.instant_of(local).ok_or(YEARS)?,
            None => return Err("an offset such as Z or +01:00 at its end, or --time-zone with the zone's name".into()),
        },
        offset => utc(local, offset_seconds(offset).ok_or_else(form)?).ok_or(YEARS)?,
    };
    if leap_second && at.format("%H:%M").to_string() != "23:59" {
        return Err(NO_SUCH_TIME.into());
    }
    // The database keeps years of four digits, so that the order of text is the order of time.
    if (1..=9999).contains(&at.year()) { Ok(to_micros(at)) } else { Err(YEARS.into()) }
}

const NO_SUCH_TIME: &str = "a time of day that exists";
const YEARS: &str = "a year from 0001 to 9999";

struct Stamp {
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
}

/// The date and time of day at the start of `text`, and the rest of it.
fn split_stamp(text: &str) -> Option<(Stamp, &str)> {
    let bytes = text.as_bytes();
    let separated = bytes.len() >= 19
        && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().all(|(at, byte)| bytes[*at] == *byte)
        && matches!(bytes[10], b'T' | b't' | b' ');
    if !separated {
        return None;
    }
    let number = |from: usize, to: usize| digits(&bytes[from..to]);
    let fraction = match bytes.get(19) {
        Some(b'.') => bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let rest = if fraction > 0 { 20 + fraction } else { 19 };
    let kept = fraction.min(9);
    let nanos = digits(&bytes[20.min(rest)..20.min(rest) + kept])? * 10_u32.pow(9 - u32::try_from(kept).ok()?);
    let stamp = Stamp {
        year: i32::try_from(number(0, 4)?).ok()?,
        month: number(5, 7)?,
        day: number(8, 10)?,
        hour: number(11, 13)?,
        minute: number(14, 16)?,
        second: number(17, 19)?,
        nanos,
    };
    Some((stamp, text.get(rest..)?))
}

/// A number of at most nine digits; nothing is 0.
fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn offset_seconds(offset: &str) -> Option<i64> {
    let (sign, hours, minutes) = match offset.as_bytes() {
        b"Z" | b"z" => return Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => (*sign, digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    let seconds = i64::from(hours * 3600 + minutes * 60);
    (hours < 24 && minutes < 60).then_some(if sign == b'-' { -seconds } else { seconds })
}

fn utc(local: NaiveDateTime, offset_seconds: i64) -> Option<DateTime<Utc>> {
    Some(local.checked_sub_signed(TimeDelta::try_seconds(offset_seconds)?)?.and_utc())
}

/// An exact amount in plain decimal.
///
/// # Errors
/// What was expected.
pub fn amount(text: &str) -> Result<Decimal, Expected> {
    let plain = || Expected::from("a plain decimal such as 1234.50, without grouping, exponent or currency");
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(plain()),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(plain());
    }
    if whole.trim_start_matches('0').len() + fraction.len() > MAX_DIGITS {
        return Err(format!("a decimal of at most {MAX_DIGITS} digits").into());
    }
    Decimal::from_str_exact(text).map_err(|_| plain())
}

/// A currency by its ISO 4217 code.
///
/// # Errors
/// What was expected.
pub fn currency(text: &str) -> Result<Currency, Expected> {
    match Currency::parse(text) {
        Some(currency) if currency.as_str() == text => Ok(currency),
        Some(currency) => Err(format!("upper case, {currency}").into()),
        None => Err("an ISO 4217 code of three letters, such as EUR".into()),
    }
}

/// A flag.
///
/// # Errors
/// What was expected.
pub fn flag(text: &str) -> Result<bool, Expected> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("true or false".into()),
    }
}

/// A status that we know.
///
/// # Errors
/// What was expected.
pub fn status(text: &str) -> Result<Status, Expected> {
    let exact = Status::ALL.into_iter().find(|status| status.as_str() == text);
    exact.or_else(|| Status::parse(text)).ok_or_else(|| {
        let known = Status::ALL.map(Status::as_str);
        format!("one of {}", known.join(", ")).into()
    })
}

#[cfg(test)]
mod tests;
