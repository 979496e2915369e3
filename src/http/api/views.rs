//! What answers look like. Names here are part of the API and change only by adding; they are those of the tables in
//! docs/alerts.md, where there is one. Source: docs/api.md.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::alert::{Alert, AlertEvent};
use crate::escalation::{Glob, Silence};
use crate::explain::ExplainedClock;
use crate::store::OutboxItem;
use crate::store::browse::RecordedProblem;

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertPage {
    pub alerts: Vec<AlertView>,
    /// What `after` is for the page that follows; null: this is the last one.
    pub next: Option<String>,
    /// How many the whole list has; of resolved ones at most 10,000 are counted.
    pub total: u64,
}

/// An alert: the columns of `sla_alerts`.
#[derive(Serialize, ToSchema)]
#[schema(as = Alert)]
pub(super) struct AlertView {
    id: Uuid,
    rule: String,
    claim_id: String,
    /// Null unless a payment line is watched.
    payment_id: Option<String>,
    program_id: Option<String>,
    partner_name: Option<String>,
    claim_status: String,
    /// `at_risk`, `breached` or `resolved`.
    state: &'static str,
    /// `met`, `late`, `restarted` or `withdrawn`.
    resolution: Option<&'static str>,
    clock_started_at: DateTime<Utc>,
    /// The first instant that is too late.
    due_at: DateTime<Utc>,
    detected_at: DateTime<Utc>,
    stopped_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    /// A decimal.
    amount: Option<String>,
    /// ISO 4217.
    currency: Option<String>,
    paying_entity: Option<String>,
    calendar: String,
    /// The highest level that went out; 0: none yet.
    escalation_level: u32,
    last_escalated_at: Option<DateTime<Utc>>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    /// Before when it is promised to be done.
    acknowledged_until: Option<DateTime<Utc>>,
    note: Option<String>,
    snoozed_until: Option<DateTime<Utc>>,
    /// Since when nothing is told of it, until someone says that it is right.
    held_since: Option<DateTime<Utc>>,
    inherited_at: Option<DateTime<Utc>>,
    backfilled_at: Option<DateTime<Utc>>,
    /// Why it is due when it is, day by day.
    #[schema(value_type = Object)]
    explanation: serde_json::Value,
}

impl From<&Alert> for AlertView {
    fn from(alert: &Alert) -> Self {
        let alert = alert.clone();
        Self {
            id: alert.id,
            rule: alert.rule,
            claim_id: alert.claim_id,
            payment_id: alert.payment_id,
            program_id: alert.program_id,
            partner_name: alert.partner_name,
            claim_status: alert.claim_status,
            state: alert.state.as_str(),
            resolution: alert.resolution.map(|resolution| resolution.as_str()),
            clock_started_at: alert.clock_started_at,
            due_at: alert.due_at,
            detected_at: alert.detected_at,
            stopped_at: alert.stopped_at,
            resolved_at: alert.resolved_at,
            amount: alert.amount.map(|amount| amount.to_string()),
            currency: alert.currency.map(|currency| currency.to_string()),
            paying_entity: alert.paying_entity,
            calendar: alert.calendar,
            escalation_level: alert.escalation_level,
            last_escalated_at: alert.last_escalated_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
            acknowledged_until: alert.acknowledged_until,
            note: alert.note,
            snoozed_until: alert.snoozed_until,
            held_since: alert.held_since,
            inherited_at: alert.inherited_at,
            backfilled_at: alert.backfilled_at,
            explanation: serde_json::to_value(alert.explanation).unwrap_or_default(),
        }
    }
}

/// An alert, and its events, the oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertWithEvents {
    #[serde(flatten)]
    pub alert: AlertView,
    pub events: Vec<EventView>,
}

/// What happened to an alert.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    seq: i64,
    at: DateTime<Utc>,
    kind: String,
    /// Who did it.
    actor: String,
    detail: serde_json::Value,
}

impl From<&AlertEvent> for EventView {
    fn from(event: &AlertEvent) -> Self {
        let AlertEvent { seq, at, kind, actor, detail, .. } = event.clone();
        Self { seq, at, kind, actor, detail }
    }
}

/// A claim, with what is known of its deadlines.
#[derive(Serialize, ToSchema)]
#[schema(as = Claim)]
pub(super) struct ClaimView {
    pub claim_id: String,
    pub title: Option<String>,
    /// Null, as the next four: the claim is gone from its source.
    pub status: Option<String>,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    /// A decimal.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What runs or ran, explained anew by the rules and calendars of now, as `claimwatch explain --json` does.
    pub clocks: Vec<ClockView>,
    pub alerts: Vec<AlertWithEvents>,
    /// The latest 500 entries, oldest first.
    pub history: Vec<HistoryView>,
    pub problems: Vec<ProblemView>,
    /// What was, or is to be, told of it.
    pub deliveries: Vec<DeliveryView>,
}

/// A clock of a claim.
#[derive(Serialize, ToSchema)]
#[schema(as = Clock)]
pub(super) struct ClockView {
    rule: String,
    payment_id: Option<String>,
    /// Whether it is the one that the claim shows now.
    present: bool,
    /// How it stands, or ended: `running`, `at_risk`, `breached`, `met`, `late`, …
    verdict: serde_json::Value,
    reason: Option<String>,
    started_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
    business_days_late: Option<u32>,
    business_days_left: Option<u32>,
    /// Why it is due when it is, day by day.
    #[schema(value_type = Option<Object>)]
    explanation: Option<serde_json::Value>,
    /// Why no deadline can be given.
    error: Option<String>,
    alert_id: Option<Uuid>,
}

impl From<ExplainedClock> for ClockView {
    fn from(clock: ExplainedClock) -> Self {
        Self {
            rule: clock.rule,
            payment_id: clock.payment_id,
            present: clock.present,
            verdict: serde_json::to_value(clock.verdict).unwrap_or_default(),
            reason: clock.reason,
            started_at: clock.started_at,
            due_at: clock.due_at,
            stopped_at: clock.stopped_at,
            business_days_late: clock.business_days_late,
            business_days_left: clock.business_days_left,
            explanation: clock.explanation.and_then(|explanation| serde_json::to_value(explanation).ok()),
            error: clock.error,
            alert_id: clock.alert.map(|alert| alert.id),
        }
    }
}

/// What a claim's source says that happened to it.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(super) struct HistoryView {
    pub at: Option<DateTime<Utc>>,
    pub status: Option<String>,
    pub note: Option<String>,
}

/// What keeps a claim from being watched as it should be.
#[derive(Serialize, ToSchema)]
#[schema(as = DataProblem)]
pub(super) struct ProblemView {
    claim_id: String,
    kind: String,
    detail: String,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
}

impl From<RecordedProblem> for ProblemView {
    fn from(problem: RecordedProblem) -> Self {
        let RecordedProblem { claim_id, kind, detail, first_seen_at, last_seen_at } = problem;
        Self { claim_id, kind, detail, first_seen_at, last_seen_at }
    }
}

/// A page of data problems, by claim and kind.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemPage {
    pub problems: Vec<ProblemView>,
    /// What `after` is for the page that follows; null: this is the last one.
    pub next: Option<String>,
}

/// A message on its way to one recipient.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    id: Uuid,
    /// The message's id: each of its recipients has a delivery.
    message: Uuid,
    recipient: String,
    /// `pending`, `sent`, `dead`, `settled` or `folded`.
    state: &'static str,
    level: u32,
    /// How many alerts it is about.
    alerts: u64,
    created_at: DateTime<Utc>,
    attempts: u32,
    next_attempt_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    /// The server's words.
    reply: Option<String>,
    message_id: Option<String>,
    subject: Option<String>,
}

impl From<OutboxItem> for DeliveryView {
    fn from(item: OutboxItem) -> Self {
        Self {
            id: item.id,
            message: item.message,
            recipient: item.recipient,
            state: item.state.as_str(),
            level: item.level,
            alerts: item.alerts,
            created_at: item.created_at,
            attempts: item.attempts,
            next_attempt_at: item.next_attempt_at,
            last_error: item.last_error,
            sent_at: item.sent_at,
            reply: item.reply,
            message_id: item.message_id,
            subject: item.subject,
        }
    }
}

/// A page of deliveries, the latest first.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    pub deliveries: Vec<DeliveryView>,
    /// What `after` is for the page that follows; null: this is the last one.
    pub next: Option<Uuid>,
}

/// For a while, nothing is told of the alerts that fit every pattern: `*` stands for any text, `?` for one character.
#[derive(Serialize, ToSchema)]
#[schema(as = Silence)]
pub(super) struct SilenceView {
    id: Uuid,
    rule: Option<String>,
    program: Option<String>,
    partner: Option<String>,
    entity: Option<String>,
    claim: Option<String>,
    author: String,
    reason: String,
    created_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// When someone ended it early.
    expired_at: Option<DateTime<Utc>>,
    expired_by: Option<String>,
}

impl From<&Silence> for SilenceView {
    fn from(silence: &Silence) -> Self {
        let pattern = |glob: &Option<Glob>| glob.as_ref().map(Glob::pattern);
        let matcher = &silence.matcher;
        Self {
            id: silence.id,
            rule: pattern(&matcher.rule),
            program: pattern(&matcher.program),
            partner: pattern(&matcher.partner),
            entity: pattern(&matcher.entity),
            claim: pattern(&matcher.claim),
            author: silence.author.clone(),
            reason: silence.reason.clone(),
            created_at: silence.created_at,
            ends_at: silence.ends_at,
            expired_at: silence.expired_at,
            expired_by: silence.expired_by.clone(),
        }
    }
}

/// Silences, the one that ends last first.
#[derive(Serialize, ToSchema)]
pub(super) struct Silences {
    pub silences: Vec<SilenceView>,
}
