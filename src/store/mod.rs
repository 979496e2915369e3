//! The database, as the rest of claimwatch sees it: small traits, each method a whole unit of work.
//!
//! No transaction or connection crosses this wall: what a method does happens entirely or not at all, and a method that
//! failed may be called again. Each engine has its adapter in a folder beside this file (`sqlite/`); one conformance
//! suite (`tests/it/store.rs`) holds every adapter to the words written here. Source: docs/contract.md.

mod error;
mod types;

pub mod sqlite;

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::alert::{Alert, AlertEvent, Recorded, Transition};
use crate::claim::{DataProblem, HistoryEntry, Subject};
use crate::escalation::{Message, Pending};
use crate::sla::Rule;

pub use error::StoreError;
pub use types::{
    AlertFilter, Cutoffs, Delivery, DeliveryState, ImportCounts, ImportMode, ImportRow, ImportRows, LeasedDelivery,
    OpenCounts, OutboxItem, PageKey, Readable, RowCounts, RunningClocks, ScanCounts, ScanRecord, Side, SourceRelations,
    Standing, Starts, StoredMail,
};

/// Everything that one database does for claimwatch.
#[async_trait]
pub trait Store: ClaimSource + AlertStore + ScanLog + Outbox + Import {
    /// Ends every connection in good order; nothing can be asked afterwards.
    async fn close(&self);
}

/// Reads the claims that others write. Nothing here changes the source.
#[async_trait]
pub trait ClaimSource: Send + Sync {
    /// Up to `limit` running clocks of `rule` that started before their calendar's cutoff and have no alert that says so
    /// (none in a state that `cutoffs` is about), in the order of their key, after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unalerted_clocks(
        &self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError>;

    /// Up to `limit` clocks of `rule` without an alert whose own stop column says that they stopped after `since` and not
    /// after `until`, give or take a second, in the order of their key, after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn stopped_clocks(
        &self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError>;

    /// Up to `limit` running clocks of `rule` whose start is one of `starts`, whether they have an alert or not, in the
    /// order of their key, after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running_clocks(
        &self,
        rule: &Rule,
        starts: &Starts,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError>;

    /// How many clocks of `rule` run at `now`, and since when.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running(&self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError>;

    /// Every claim whose data keep it from being watched as it should be, by the enabled ones of `rules`;
    /// `calendars` are the names that are configured.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn data_problems(&self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError>;

    /// What runs on a claim as the source has it now: the claim itself, then each of its payment lines in the order of
    /// their ids; nothing if it is not there.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn subjects(&self, claim_id: &str) -> Result<Vec<Subject>, StoreError>;

    /// A claim's title and its latest `limit` history entries, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn background(&self, claim_id: &str, limit: u32) -> Result<(Option<String>, Vec<HistoryEntry>), StoreError>;
}

/// Keeps alerts, their events, their escalation, and data problems.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// Up to `limit` open alerts of `rule`, each with its subject as the source has it now (`None`: the claim or the line
    /// is gone), by id after `after`. Without `all`, only those whose clock does not plainly run on as recorded;
    /// `calendars` are that of programs that name none, and that of programs that are not there.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_alerts(
        &self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Readable<Subject>>)>, StoreError>;

    /// The alerts of `rule` that the claims `claim_ids` have, resolved ones too, as escalation looks at them: what
    /// [`AlertStore::record`] would find there. In no order.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn standing(&self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError>;

    /// Records `transitions` with their events, all or none. What the database already has in that state is left alone.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn record(&self, now: DateTime<Utc>, transitions: &[Transition]) -> Result<Recorded, StoreError>;

    /// Makes `problems` the open ones: new ones are added, those seen again are marked so, the others are resolved.
    /// Returns how many are open.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn record_problems(&self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError>;

    /// Every open, breached, unsnoozed alert about which a level or a reminder may be due at `now`; with `all`, whenever
    /// it was to be looked at. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn pending_escalations(&self, now: DateTime<Utc>, all: bool) -> Result<Vec<Pending>, StoreError>;

    /// Records `message` in the outbox, one delivery a recipient, together with its alerts' escalation and events. Alerts
    /// that were escalated or resolved meanwhile are left out; returns whether any was left to send.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn escalate(&self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError>;

    /// Notes when each alert's escalation is to be looked at again.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is noted.
    async fn schedule_escalations(&self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError>;

    /// Alerts by `filter`, oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError>;

    /// An alert's events, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn events(&self, alert_id: Uuid) -> Result<Vec<AlertEvent>, StoreError>;

    /// Open alerts by rule: at risk, breached.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_counts(&self) -> Result<OpenCounts, StoreError>;
}

/// The record of scans, which the look-back and the schedule rest on.
#[async_trait]
pub trait ScanLog: Send + Sync {
    /// Notes that a scan began that looks at `now`; `scheduled_for` is the schedule's instant that it serves. Returns its
    /// number, or `None` if another scan served that instant already; one that began and never finished is taken over.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn begin_scan(
        &self,
        now: DateTime<Utc>,
        scheduled_for: Option<DateTime<Utc>>,
        settings: &str,
    ) -> Result<Option<i64>, StoreError>;

    /// Notes that a scan finished, with its counts.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn finish_scan(&self, scan: i64, now: DateTime<Utc>, counts: &ScanCounts) -> Result<(), StoreError>;

    /// Notes that a scan failed, and why.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn fail_scan(&self, scan: i64, error: &str) -> Result<(), StoreError>;

    /// The scan that finished last, if any did.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn last_finished_scan(&self) -> Result<Option<ScanRecord>, StoreError>;

    /// Of the scans that looked at no later instant than `until`, the one that finished last: a scan of a clock that ran
    /// ahead saw nothing of what came after.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn finished_scan_until(&self, until: DateTime<Utc>) -> Result<Option<ScanRecord>, StoreError>;

    /// The latest instant of the schedule that a finished scan served.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn last_scheduled(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
}

/// Messages on their way out: facts first, bytes once, one delivery a recipient.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` deliveries that are due at `now`, oldest first, for `holder` alone and for `hold`. A delivery
    /// whose holder did not come back is due again when its lease ends. One that cannot be read is given up, with what was
    /// found as its error, and holds up no other.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is leased.
    async fn lease(
        &self,
        now: DateTime<Utc>,
        holder: &str,
        limit: u32,
        hold: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, StoreError>;

    /// Keeps a message's bytes; whoever comes second finds the first one's, and sends those.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn keep_mail(&self, message: Uuid, now: DateTime<Utc>, mail: &StoredMail) -> Result<StoredMail, StoreError>;

    /// Gives up a message with nothing left to say: what of it was not delivered never will be.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn settle(&self, message: Uuid, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Records a delivery's outcome and ends its lease, if `holder` still has it; says whether it had.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn conclude(
        &self,
        delivery: Uuid,
        holder: &str,
        now: DateTime<Utc>,
        outcome: &Delivery,
    ) -> Result<bool, StoreError>;

    /// Open alerts among `ids` that are not snoozed at `now`, oldest deadline first, in pages.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unsettled(
        &self,
        message: Uuid,
        now: DateTime<Utc>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Result<Vec<Alert>, StoreError>;

    /// When the next delivery is due; `None`: none is waiting.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn next_delivery(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// The deliveries in `state` (`None`: every state that is not sent), oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn deliveries(&self, state: Option<DeliveryState>) -> Result<Vec<OutboxItem>, StoreError>;

    /// Makes deliveries that are waiting or given up due at `now`, as if never tried before: the one with `id`, those of
    /// the message with `id`, or all. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn retry(&self, id: Option<Uuid>, now: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// Takes claims from files into the input relations of an embedded database.
#[async_trait]
pub trait Import: Send + Sync {
    /// Stores `rows` in one transaction: all of them, or none if any was refused or with [`ImportMode::DryRun`]. Rows that
    /// exist are updated; the counts say how many were new, changed or the same.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is stored.
    async fn import(&self, rows: ImportRows<'_>, mode: ImportMode) -> Result<ImportCounts, StoreError>;

    /// Which of `claim_ids` are in the embedded database's own claims.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn known_claims(&self, claim_ids: &[String]) -> Result<HashSet<String>, StoreError>;
}
