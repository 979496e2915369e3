//! What a scan decided about one clock: what the store records, in one transaction with its event.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use crate::claim::Currency;
use crate::sla::Explanation;

use super::{Alert, Resolution, State};

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

/// In what circumstances a scan opens alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    #[default]
    Usual,
    /// The first scan of a database, or the first one by other rules or calendars: what is late has been so before.
    Inherited,
    /// There are implausibly many: they wait for someone to say that they are right.
    Held,
    /// Nobody watched at the time: built from history, and told to nobody.
    Backfilled,
}

impl Opening {
    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Inherited => "inherited",
            Self::Held => "held",
            Self::Backfilled => "backfilled",
        }
    }

    /// `now`, for what is taken over.
    #[must_use]
    pub fn inherited_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::Inherited).then_some(now)
    }

    /// `now`, for what is built from history.
    #[must_use]
    pub fn backfilled_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::Backfilled).then_some(now)
    }

    /// `now`, for what is held.
    #[must_use]
    pub fn held_since(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::Held).then_some(now)
    }
}

impl NewAlert {
    /// The alert `id` as it stands once a scan at `now` has raised it in `state`, before anyone is told of it.
    #[must_use]
    pub fn raised(&self, id: Uuid, state: State, now: DateTime<Utc>, opening: Opening) -> Alert {
        let new = self.clone();
        Alert {
            id,
            rule: new.rule,
            claim_id: new.claim_id,
            payment_id: new.payment_id,
            program_id: new.program_id,
            partner_name: new.partner_name,
            claim_status: new.claim_status,
            state,
            resolution: None,
            clock_started_at: new.clock_started_at,
            due_at: new.due_at,
            detected_at: now,
            stopped_at: None,
            resolved_at: None,
            amount: new.amount,
            currency: new.currency,
            paying_entity: new.paying_entity,
            calendar: new.calendar,
            escalation_level: 0,
            last_escalated_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            acknowledged_until: None,
            note: None,
            snoozed_until: None,
            held_since: opening.held_since(now),
            inherited_at: opening.inherited_at(now),
            backfilled_at: opening.backfilled_at(now),
            next_escalation_at: None,
            explanation: new.explanation,
        }
    }
}

/// Why an alert changed, for its event: a constant text, and for a deadline that moved both instants and what moved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub cause: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_due_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// As [`Explanation::inputs_changed`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

impl From<&'static str> for Cause {
    fn from(cause: &'static str) -> Self {
        Self { cause, previous_due_at: None, due_at: None, changed: Vec::new() }
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
    /// The deadline moved, and the alert is open in `state` by the new one: one that was breached and is at risk again is
    /// withdrawn, and opens again.
    Move { alert_id: Uuid, alert: NewAlert, state: State, cause: Cause },
    /// The deadline is the same, but what is to be said of it is not: no event, since nothing happened to the alert.
    Explain { alert_id: Uuid, explanation: Explanation },
    /// The clock stopped, started again, or is not watched any more. Late from at risk: it was breached in between.
    Resolve {
        alert_id: Uuid,
        resolution: Resolution,
        stopped_at: Option<DateTime<Utc>>,
        /// The claim's status now; `None` if the claim is gone.
        claim_status: Option<String>,
        cause: Cause,
    },
}

/// What makes an alert the one of its clock: rule, claim, payment line or none, clock start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlertId {
    pub rule: String,
    pub claim_id: String,
    pub payment_id: Option<String>,
    pub clock_started_at: DateTime<Utc>,
}

impl AlertId {
    /// The identity of an alert that exists.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        Self {
            rule: alert.rule.clone(),
            claim_id: alert.claim_id.clone(),
            payment_id: alert.payment_id.clone(),
            clock_started_at: alert.clock_started_at,
        }
    }
}

/// What recording transitions does to the alert table, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Became breached.
    pub opened: u64,
    /// Became at risk.
    pub warned: u64,
    pub met: u64,
    pub late: u64,
    pub restarted: u64,
    pub withdrawn: u64,
    pub moved: u64,
    /// Of those that became breached, those that were resolved as late at once: they stopped unseen.
    pub passed_by: u64,
}

impl std::ops::AddAssign for Recorded {
    fn add_assign(&mut self, more: Self) {
        self.opened += more.opened;
        self.warned += more.warned;
        self.met += more.met;
        self.late += more.late;
        self.restarted += more.restarted;
        self.withdrawn += more.withdrawn;
        self.moved += more.moved;
        self.passed_by += more.passed_by;
    }
}

impl Recorded {
    /// How many became breached and are open.
    #[must_use]
    pub fn newly_late(&self) -> u64 {
        self.opened - self.passed_by
    }

    /// Counts one alert that is resolved.
    pub fn count_resolution(&mut self, resolution: Resolution) {
        *match resolution {
            Resolution::Met => &mut self.met,
            Resolution::Late => &mut self.late,
            Resolution::Restarted => &mut self.restarted,
            Resolution::Withdrawn => &mut self.withdrawn,
        } += 1;
    }

    /// Counts one alert that comes to stand in `after`, having stood in `before` (`None`: there was none).
    pub fn count_opening(&mut self, before: Option<State>, after: State) {
        match (before, after) {
            (Some(State::Breached), _) | (Some(State::AtRisk), State::AtRisk) | (_, State::Resolved) => {}
            (_, State::Breached) => self.opened += 1,
            (_, State::AtRisk) => self.warned += 1,
        }
    }
}

impl Transition {
    /// The clock whose alert is raised; `None` for a change of an alert that is known by its id.
    #[must_use]
    pub fn clock(&self) -> Option<AlertId> {
        match self {
            Self::Raise { alert, .. } | Self::RaiseResolved { alert, .. } => Some(AlertId {
                rule: alert.rule.clone(),
                claim_id: alert.claim_id.clone(),
                payment_id: alert.payment_id.clone(),
                clock_started_at: alert.clock_started_at,
            }),
            Self::Move { .. } | Self::Explain { .. } | Self::Resolve { .. } => None,
        }
    }

    /// What recording this would count, and the state that the alert would be in, given the one it is `before` in.
    #[must_use]
    pub fn effect(&self, before: Option<State>) -> (Recorded, State) {
        let mut recorded = Recorded::default();
        let after = match self {
            Self::Raise { .. } if before == Some(State::Breached) => State::Breached,
            Self::Raise { state, .. } => *state,
            Self::RaiseResolved { .. } => {
                recorded.opened += 1;
                recorded.passed_by += 1;
                recorded.count_resolution(Resolution::Late);
                State::Resolved
            }
            Self::Move { state: State::AtRisk, .. } if before == Some(State::Breached) => {
                recorded.count_resolution(Resolution::Withdrawn);
                recorded.count_opening(Some(State::Resolved), State::AtRisk);
                State::AtRisk
            }
            Self::Explain { .. } => before.unwrap_or(State::Resolved),
            Self::Move { state, .. } => {
                recorded.moved += 1;
                *state
            }
            Self::Resolve { resolution, .. } => {
                if *resolution == Resolution::Late {
                    recorded.count_opening(before, State::Breached);
                    recorded.passed_by += recorded.opened;
                }
                recorded.count_resolution(*resolution);
                State::Resolved
            }
        };
        recorded.count_opening(before, after);
        (recorded, after)
    }
}
