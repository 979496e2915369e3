//! The latest start that may already be late.
use chrono::{DateTime, Utc};

use crate::calendar::Calendar;

use super::{Span, Target};

/// An instant that every start due (or, with `warn`, at risk) at `now` lies before.
#[must_use]
pub fn cutoff(_target: &Target, _warn: Option<Span>, _calendar: &Calendar, _now: DateTime<Utc>) -> DateTime<Utc> {
    todo!()
}
