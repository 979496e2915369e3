//! What people answer to an alert.

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
    pub fn refusal(&self, alert: &Alert, now: DateTime<Utc>) -> Option<&'static str> {
        if alert.state == State::Resolved {
            return Some("it is resolved");
        }
        match self {
            Self::Acknowledge { until, .. } if *until <= now => Some("the promised day is over"),
            Self::Snooze { until } if *until <= now => Some("the instant until which it would be quiet is past"),
            Self::Unacknowledge if alert.acknowledged_at.is_none() => Some("it is not acknowledged"),
            Self::Unsnooze if alert.snoozed_until.is_none_or(|until| until <= now) => Some("it is not snoozed"),
            _ => None,
        }
    }
}
