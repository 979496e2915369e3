//! What a scan decided about one clock: what the store records, in one transaction with its event.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use crate::claim::Currency;
use crate::sla::Explanation;

use super::{Resolution, State};

/// An alert that is not in the table yet, or that is resolved there and opens again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    pub rule: String,
    pub claim_id: String,
    pub payment_id: Option<String>,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    pub claim_status: String,
    pub clock_started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
    pub paying_entity: Option<String>,
    pub calendar: String,
    pub explanation: Explanation,
}

/// Why an alert changed, for its event: a constant text, and what it was before where that matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_due_at: Option<DateTime<Utc>>,
}

impl From<&'static str> for Cause {
    fn from(cause: &'static str) -> Self {
        Self { cause, previous_due_at: None }
    }
}

/// One change of one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Raise an alert in `state` (at risk or breached). If the clock has one already: an at-risk one becomes breached,
    /// a resolved one opens again, and one that is as late already is left alone.
    Raise { alert: NewAlert, state: State },
    /// Raise an alert for a clock that breached and stopped unseen, resolved as late; left alone if there is one.
    RaiseResolved { alert: NewAlert, stopped_at: DateTime<Utc> },
    /// The deadline moved, and the alert stays open in `state`.
    Move { alert_id: Uuid, alert: NewAlert, state: State, cause: Cause },
    /// The clock stopped, started again, or is not watched any more.
    Resolve {
        alert_id: Uuid,
        resolution: Resolution,
        stopped_at: Option<DateTime<Utc>>,
        /// The claim's status now; `None` if the claim is gone.
        claim_status: Option<String>,
        cause: Cause,
    },
}
