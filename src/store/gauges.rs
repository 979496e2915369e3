//! How much there is of what people watch over: counted as of now, for metrics and health.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::browse::AlertCount;
use crate::alert::State;
use crate::sla::Rule;

/// Counts of what the database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Open alerts by rule and program.
    pub alerts: BTreeMap<(String, Option<String>), OpenAlerts>,
    /// The earliest deadline of the breached alerts that are not held, by rule and calendar.
    pub oldest: BTreeMap<(String, String), DateTime<Utc>>,
    /// Open data problems by kind.
    pub problems: BTreeMap<String, u64>,
    pub outbox: OutboxGauges,
    /// Addresses and webhooks to which nothing is sent any more.
    pub disabled: u64,
}

/// Open alerts of one rule and program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenAlerts {
    pub at_risk: u64,
    pub breached: u64,
    /// Of those that are breached.
    pub acknowledged: u64,
    /// Of all.
    pub held: u64,
}

/// Messages on their way out, a recipient each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxGauges {
    pub waiting: u64,
    /// Of those, what has been due.
    pub due: u64,
    pub dead: u64,
    /// When the message was decided on that waits longest.
    pub oldest: Option<DateTime<Utc>>,
}

/// Running clocks by rule and program.
pub type RunningByProgram = BTreeMap<(String, Option<String>), u64>;

/// Counts what people watch over.
#[async_trait]
pub trait Counting: Send + Sync {
    /// Counts our own tables.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn gauges(&self, now: DateTime<Utc>) -> Result<Gauges, StoreError>;

    /// Counts the clocks of those of `rules` that are enabled, which run at `now`: reads the source.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running_by_program(&self, rules: &[Rule], now: DateTime<Utc>) -> Result<RunningByProgram, StoreError>;
}

impl Gauges {
    /// Counts open alerts that are `alike` with the others.
    pub(super) fn add(&mut self, alike: AlertCount) {
        let AlertCount { rule, program_id, calendar, state, count, acknowledged, held, oldest, .. } = alike;
        let open = self.alerts.entry((rule.clone(), program_id)).or_default();
        open.held += held;
        if state == State::Breached {
            open.breached += count;
            open.acknowledged += acknowledged;
            if let Some(due) = oldest {
                let oldest = self.oldest.entry((rule, calendar)).or_insert(due);
                *oldest = due.min(*oldest);
            }
        } else {
            open.at_risk += count;
        }
    }
}

/// Open data problems: `kind`, `open`.
pub(super) const PROBLEMS: &str =
    "SELECT kind, count(*) AS open FROM data_problems WHERE resolved_at IS NULL GROUP BY kind";

/// The outbox at `$1`: `waiting`, `due`, `dead`, `oldest`, and `disabled` recipients.
pub(super) const OUTBOX: &str = "SELECT count(*) FILTER (WHERE o.state = 'pending') AS waiting, \
     count(*) FILTER (WHERE o.state = 'pending' AND o.next_attempt_at <= $1) AS due, \
     count(*) FILTER (WHERE o.state = 'dead') AS dead, \
     min(m.created_at) FILTER (WHERE o.state = 'pending') AS oldest, \
     (SELECT count(*) FROM recipients WHERE disabled_at IS NOT NULL) AS disabled \
     FROM outbox o JOIN outbox_messages m ON m.id = o.message WHERE o.state IN ('pending', 'dead')";
