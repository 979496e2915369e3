//! What people answer to an alert.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Alert, State};

/// One answer to one open alert. Every answer is an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Someone takes it on and promises that it is done before `until`: stops its reminders, not its next level. A broken
    /// promise goes one level up at once.
    Acknowledge { until: DateTime<Utc>, note: Option<String> },
    /// Nobody is on it any more.
    Unacknowledge,
    /// Nothing is told of it before `until`.
    Snooze { until: DateTime<Utc> },
    /// It is told of again.
    Unsnooze,
}

impl Answer {
    /// Why `alert` cannot be answered so at `now`; `None`: it can.
    #[must_use]
    pub fn refusal(&self, alert: &Alert, now: DateTime<Utc>) -> Option<Refusal> {
        if alert.state == State::Resolved {
            return Some(Refusal::Resolved);
        }
        match self {
            Self::Acknowledge { until, .. } if *until <= now => Some(Refusal::PromisePast),
            Self::Snooze { until } if *until <= now => Some(Refusal::QuietPast),
            Self::Unacknowledge if alert.acknowledged_at.is_none() => Some(Refusal::NotAcknowledged),
            Self::Unsnooze if alert.snoozed_until.is_none_or(|until| until <= now) => Some(Refusal::NotSnoozed),
            _ => None,
        }
    }
}

/// Why an alert cannot be answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Resolved,
    PromisePast,
    QuietPast,
    NotAcknowledged,
    NotSnoozed,
}

impl Refusal {
    /// Its name for programs and translations.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::PromisePast => "promise_past",
            Self::QuietPast => "quiet_past",
            Self::NotAcknowledged => "not_acknowledged",
            Self::NotSnoozed => "not_snoozed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolved => "it is resolved",
            Self::PromisePast => "the promised day is over",
            Self::QuietPast => "the instant until which it would be quiet is past",
            Self::NotAcknowledged => "it is not acknowledged",
            Self::NotSnoozed => "it is not snoozed",
        })
    }
}
