//! Why a deadline is when it is, day by day.
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;

use super::{DeadlineError, Target};

/// A deadline with each day from the start to the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub calendar: String,
    pub time_zone: String,
    pub zone_data: String,
    pub target: String,
    pub start: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub days: Vec<DayCount>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One local day of the walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    pub date: NaiveDate,
    pub kind: DayKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a day is to the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    Start,
    Counted,
    Skipped,
}

/// The same walk as [`super::due_at`], day by day.
///
/// # Errors
/// [`DeadlineError`]
pub fn explain(_target: &Target, _calendar: &Calendar, _start: DateTime<Utc>) -> Result<Explanation, DeadlineError> {
    todo!()
}
