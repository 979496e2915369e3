//! The values that cross the store's wall.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::alert::{AlertId, NewAlert, Opening, Recorded, Resolution, State};
use crate::claim::{Claim, HistoryEntry, Payment, Program};
use crate::escalation::{Digest, Pending};

/// The starts before which clocks may be late (or at risk), by calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    /// For clocks whose calendar is not in `by_calendar`.
    pub default: DateTime<Utc>,
    /// For programs that name this calendar.
    pub by_calendar: BTreeMap<String, DateTime<Utc>>,
    /// Whether this is about risk: then any open alert will do; otherwise only a breached one.
    pub at_risk: bool,
}

/// The starts on one side of a bound, by calendar; no bound (`None`) admits no start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starts {
    pub side: Side,
    /// For clocks whose calendar is not in `by_calendar`.
    pub default: Option<DateTime<Utc>>,
    /// For programs that name this calendar.
    pub by_calendar: BTreeMap<String, Option<DateTime<Utc>>>,
}

/// On which side of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    /// At the instant, or after it.
    From,
}

/// The clocks of one rule that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningClocks {
    pub count: u64,
    /// When the first of them started, without its fraction of a second; `None`: none runs.
    pub first: Option<DateTime<Utc>>,
    /// When the last of them started, without its fraction of a second; `None`: none runs.
    pub last: Option<DateTime<Utc>>,
}

/// Which page of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The first: the search begins.
    First,
    /// The one after the page that was read last, of the same search.
    Next,
}

/// An alert for a clock that has none, and what is told of it as it is raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub id: Uuid,
    pub alert: NewAlert,
    /// At risk or breached.
    pub state: State,
    pub opening: Opening,
    /// When it was seen to be late; if it is backfilled, when it was.
    pub detected_at: DateTime<Utc>,
    /// For a clock that ended unseen: then the alert is resolved at once.
    pub ended: Option<ClockEnd>,
    /// The levels that go out about it now, each with its message, which is recorded in the same pass.
    pub told: Vec<Told>,
    /// The silence that keeps back what would go out about it now.
    pub silenced: Option<Uuid>,
    /// The earliest instant at which a level or a reminder may be due; `None`: none will be.
    pub next_escalation_at: Option<DateTime<Utc>>,
}

/// How a clock ended before its alert was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockEnd {
    /// Late, or restarted.
    pub resolution: Resolution,
    /// `None`: it started again before it stopped.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When that was seen; if it is backfilled, when it was.
    pub resolved_at: DateTime<Utc>,
}

/// A level that goes out about an alert, in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub level: u32,
    pub message: Uuid,
}

/// A term of leadership: its number grows with every change of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub i64);

/// Whose clock says when a lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseTime {
    /// The database's, since several machines compare it.
    Database,
    /// A test's.
    At(DateTime<Utc>),
}

impl LeaseTime {
    /// The instant that was set; `None`: whatever the database's clock says.
    #[must_use]
    pub fn set(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Database => None,
            Self::At(at) => Some(at),
        }
    }
}

/// Open alerts by rule: (at risk, breached).
pub type OpenCounts = BTreeMap<String, (u64, u64)>;

/// What a scan found and did; kept with its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    pub recorded: Recorded,
    pub messages: u64,
    pub data_problems: u64,
    pub opening: Opening,
}

/// A scan, as its record names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The instant at which it looks.
    pub began_at: DateTime<Utc>,
    /// The instant of the schedule that it serves, if any: at most one scan finishes for each.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The fingerprint of the rules, calendars and policy that it uses.
    pub settings: String,
    /// The fingerprint of the rules and calendars alone.
    pub deadlines: String,
}

/// A scan that finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRecord {
    pub id: i64,
    /// The instant at which it looked.
    pub began_at: DateTime<Utc>,
    /// The fingerprint of the rules, calendars and policy that it used.
    pub settings: String,
    /// The fingerprint of the rules and calendars alone.
    pub deadlines: String,
}

/// An alert as it stands, whether it is open or not, as far as escalation looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub clock: AlertId,
    pub state: State,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub held: bool,
    /// What would be pending if it were breached.
    pub pending: Pending,
}

/// Which alerts to list; conditions that are `None` admit all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    pub id: Option<Uuid>,
    pub state: Option<State>,
    /// Only those that are not resolved.
    pub open: bool,
    /// Only those that are held.
    pub held: bool,
    pub rule: Option<String>,
    pub program: Option<String>,
    pub claim: Option<String>,
}

/// A delivery that is ours until its lease ends.
#[derive(Clone, Debug, PartialEq)]
pub struct LeasedDelivery {
    pub id: Uuid,
    pub message: Uuid,
    pub recipient: String,
    /// Who has it.
    pub holder: String,
    /// How often it was tried before.
    pub attempts: u32,
    pub digest: Digest,
    /// The first message of its thread; itself, if it begins one.
    pub first: Uuid,
    /// Whether an attempt before may have delivered it: then it goes out again as it was, byte by byte.
    pub perhaps_delivered: bool,
    /// Its alerts as [`super::Outbox::unsettled`] found them when it was leased; `None`: they are too many for that.
    pub unsettled: Option<Vec<Uuid>>,
    /// The bytes with which it goes out, once someone rendered them.
    pub mail: Option<StoredMail>,
    /// What `mail` is about, as whoever kept it said.
    pub about: Option<String>,
}

/// What is known of a thread of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub name: String,
    /// Its first message.
    pub first: Uuid,
    /// When its last message was decided on.
    pub told_at: DateTime<Utc>,
}

/// A rendered message as the outbox keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMail {
    pub message_id: String,
    pub subject: String,
    pub bytes: Vec<u8>,
}

/// With which bytes a delivery goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptMail {
    /// Those that were given.
    Given,
    /// Those that another delivery of the message gave before, about the same.
    Shared(StoredMail),
    /// None: the lease ended, and another has the delivery, or had it. Nothing was kept.
    NotHeld,
}

/// How a delivery attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it; its words.
    Sent { reply: String },
    /// Not now; try again at an instant. Perhaps it was delivered all the same.
    Again { at: DateTime<Utc>, error: String, perhaps_delivered: bool },
    /// Never; a dead letter with the server's words. `refused`: they are about the recipient, whatever the message.
    Dead { error: String, refused: bool },
    /// Not tried: given back as it was, due again at once.
    Released,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waiting for its (next) attempt.
    Pending,
    Sent,
    /// Given up: a permanent failure. `outbox retry` tries it again.
    Dead,
    /// Not sent, since everything that it was about was settled before.
    Settled,
    /// Not sent by itself, since its address got too many: a later message of its thread takes it in.
    Folded,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sent, Self::Dead, Self::Settled, Self::Folded];

    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Settled => "settled",
            Self::Folded => "folded",
        }
    }

    /// Reads what the database stores.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A delivery as `outbox list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxItem {
    pub id: Uuid,
    pub message: Uuid,
    pub recipient: String,
    pub state: DeliveryState,
    pub level: u32,
    pub alerts: u64,
    pub created_at: DateTime<Utc>,
    pub attempts: u32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub leased_until: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
    pub reply: Option<String>,
    pub message_id: Option<String>,
    pub subject: Option<String>,
}

/// One row to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportRow {
    Program(Program),
    Claim(Claim),
    Payment(Payment),
    History(HistoryEntry),
}

/// Rows to import; `None` stands for a row that was refused: then nothing is stored, and the rest is only read.
pub type ImportRows<'a> = &'a mut (dyn Iterator<Item = Option<ImportRow>> + Send);

/// Whether an import stores anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    Store,
    DryRun,
}

/// What an import did, or with [`ImportMode::DryRun`] would do: by relation (`programs`, `claims`, ...).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    pub programs: RowCounts,
    pub claims: RowCounts,
    pub payments: RowCounts,
    pub history: RowCounts,
    /// Whether it was stored.
    pub stored: bool,
}

/// Rows of one relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    pub new: u64,
    pub changed: u64,
    pub same: u64,
}

/// The relations that claims are read from: tables or views, each a name that the configuration has validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRelations {
    pub claims: String,
    pub programs: String,
    /// `None`: the source has no payment lines.
    pub payments: Option<String>,
    /// `None`: the source has no history.
    pub history: Option<String>,
}

impl Default for SourceRelations {
    fn default() -> Self {
        Self {
            claims: "claims".into(),
            programs: "programs".into(),
            payments: Some("claim_payments".into()),
            history: Some("claim_history".into()),
        }
    }
}
