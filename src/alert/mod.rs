//! One alert's life: at risk, breached, resolved.
//!
//! Decides, never does: functions take `now` and return transitions, the store records them. An alert is identified by
//! (rule, claim, payment line or none, clock start), unique in the database, so that deciding twice does no harm.
//! Source: docs/domain.md, "Alerts".

mod answer;
mod decide;
mod transition;

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::claim::Currency;
use crate::sla::Explanation;

pub use answer::{Answer, Refusal};
pub use decide::{Context, judge_open, judge_running, judge_stopped};
pub use transition::{AlertId, Cause, NewAlert, Opening, Recorded, Transition};

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    AtRisk,
    Breached,
    Resolved,
}

impl State {
    /// Every state, in the order of an alert's life.
    pub const ALL: [Self; 3] = [Self::AtRisk, Self::Breached, Self::Resolved];

    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtRisk => "at_risk",
            Self::Breached => "breached",
            Self::Resolved => "resolved",
        }
    }

    /// Reads what the database stores.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why an alert is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Done in time, as is known now.
    Met,
    /// Done after the deadline.
    Late,
    /// The clock started again: resubmitted or disputed anew.
    Restarted,
    /// The claim is gone or left the workflow, or the deadline moved into the future.
    Withdrawn,
}

impl Resolution {
    /// Every resolution there is.
    pub const ALL: [Self; 4] = [Self::Met, Self::Late, Self::Restarted, Self::Withdrawn];

    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Late => "late",
            Self::Restarted => "restarted",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads what the database stores.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.as_str() == text)
    }
}

/// One alert, with the columns of `sla_alerts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    pub id: Uuid,
    pub rule: String,
    pub claim_id: String,
    /// Null unless a payment line is watched.
    pub payment_id: Option<String>,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    pub claim_status: String,
    pub state: State,
    pub resolution: Option<Resolution>,
    pub clock_started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// When the scan that found the breach (or the risk, while at risk) looked.
    pub detected_at: DateTime<Utc>,
    /// When the clock stopped, as far as the source says.
    pub stopped_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
    pub paying_entity: Option<String>,
    pub calendar: String,
    /// The highest level that went out; 0: none yet.
    pub escalation_level: u32,
    pub last_escalated_at: Option<DateTime<Utc>>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    /// Before when it is promised to be done.
    pub acknowledged_until: Option<DateTime<Utc>>,
    pub note: Option<String>,
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Since when it is held, as one of implausibly many: nothing is told of it until someone says that they are right.
    pub held_since: Option<DateTime<Utc>>,
    /// When it was taken over, if it was late before anyone watched it: its levels are counted from then.
    pub inherited_at: Option<DateTime<Utc>>,
    /// When it was built from history, if nobody watched at the time: nobody was told of it.
    pub backfilled_at: Option<DateTime<Utc>>,
    /// The earliest instant at which a level or a reminder may be due; null: none will be.
    pub next_escalation_at: Option<DateTime<Utc>>,
    pub explanation: Explanation,
}

/// One row of `sla_alert_events`: a change of an alert, kept as long as the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertEvent {
    pub alert_id: Uuid,
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub actor: String,
    pub detail: serde_json::Value,
}
