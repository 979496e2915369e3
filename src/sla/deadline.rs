//! When a clock is due.
use chrono::{DateTime, Utc};

use crate::calendar::Calendar;

use super::{Span, Target};

/// Why a deadline cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    #[error("the deadline of a start at {start} lies beyond the year 9999")]
    OutOfRange { start: DateTime<Utc> },
}

/// The first instant at which a clock that started at `start` is late.
///
/// # Errors
/// [`DeadlineError`]
pub fn due_at(_target: &Target, _calendar: &Calendar, _start: DateTime<Utc>) -> Result<DateTime<Utc>, DeadlineError> {
    todo!()
}

/// The first instant at which it is at risk
///
/// # Errors
/// [`DeadlineError`]
pub fn at_risk_at(
    _target: &Target,
    _warn: Span,
    _calendar: &Calendar,
    _start: DateTime<Utc>,
) -> Result<DateTime<Utc>, DeadlineError> {
    todo!()
}

/// The instant `span` after `from`
///
/// # Errors
/// [`DeadlineError`]
pub fn later(_calendar: &Calendar, _from: DateTime<Utc>, _span: Span) -> Result<DateTime<Utc>, DeadlineError> {
    todo!()
}

/// How many business days begin after `from` and not after `to`
#[must_use]
pub fn business_days_between(_calendar: &Calendar, _from: DateTime<Utc>, _to: DateTime<Utc>) -> u32 {
    todo!()
}
