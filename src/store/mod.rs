//! The database, as the rest of claimwatch sees it: small traits, each method a whole unit of work.
//!
//! What a method does happens entirely or not at all, and a method that failed may be called again. One thing spans several
//! calls, a scan: its [`Pass`] reads as of one instant and records at once. Each engine has its adapter in a folder beside
//! this file; one conformance suite (`tests/it/store.rs`) holds every adapter to the words written here.
//! Source: docs/contract.md.

mod batches;
mod change;
mod error;
mod finding;
mod problems;
mod relations;
mod retention;
mod story;
mod types;
mod values;

pub mod postgres;
pub mod sqlite;

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::alert::{Alert, AlertEvent, Answer, Opening, Recorded, Transition};
use crate::claim::{DataProblem, HistoryEntry, Subject};
use crate::escalation::{Message, Pending, Silence};
use crate::sla::Rule;

pub use error::StoreError;
pub use finding::{Finding, Preconditions};
pub use retention::{Batch, Prune, Pruned, Retention};
pub use types::{
    AlertFilter, Cutoffs, Delivery, DeliveryState, ImportCounts, ImportMode, ImportRow, ImportRows, LeaseTime,
    LeasedDelivery, OpenCounts, OutboxItem, Page, Raised, RowCounts, RunningClocks, Scan, ScanCounts, ScanRecord, Side,
    SourceRelations, Standing, Starts, StoredMail, Term, Thread, Told,
};

/// Everything that one database does for claimwatch.
#[async_trait]
pub trait Store: ClaimSource + AlertStore + Answers + ScanLog + Outbox + Import + Preconditions + Retention {
    /// Looks at claims and alerts as they are at one instant.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Begins a scan's dealings with the database: what it reads is as of one instant, what it records happens at once,
    /// in [`Pass::finish`], or never. With `term`, only while that is the present one.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if another daemon leads by now.
    async fn pass(&self, term: Option<Term>) -> Result<Box<dyn Pass>, StoreError>;

    /// Who of several daemons scans; `None`: one daemon at a time works here, and something else sees to that.
    fn leases(&self) -> Option<&dyn Leases>;

    /// Ends every connection in good order; nothing can be asked afterwards.
    async fn close(&self);
}

/// Claims and alerts as of one instant. Nothing here changes anything.
///
/// Searches come in pages, one search at a time: [`Page::Next`] goes on with the search that was begun last.
#[async_trait]
pub trait Snapshot: Send {
    /// Up to `limit` running clocks of `rule` that started before their calendar's cutoff and have no alert that says so
    /// (none in a state that `cutoffs` is about).
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unalerted_clocks(
        &mut self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// Up to `limit` clocks of `rule` without an alert whose own stop column says that they stopped after `since` and not
    /// after `until`, give or take a second.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn stopped_clocks(
        &mut self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// Up to `limit` running clocks of `rule` whose start is one of `starts`, whether they have an alert or not.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running_clocks(
        &mut self,
        rule: &Rule,
        starts: &Starts,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// How many clocks of `rule` run at `now`, and when the first and the last of them started.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running(&mut self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError>;

    /// Every claim whose data keep it from being watched as it should be, by the enabled ones of `rules`;
    /// `calendars` are the names that are configured.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn data_problems(&mut self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError>;

    /// Up to `limit` open alerts of `rule`, each with its subject as the source has it (`None`: the claim or the line is
    /// gone). Without `all`, only those whose clock does not plainly run on as recorded; `calendars` are that of programs
    /// that name none, and that of programs that are not there.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_alerts(
        &mut self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Subject>)>, StoreError>;

    /// The alerts of `rule` that the claims `claim_ids` have, resolved ones too, as escalation looks at them: what
    /// [`Pass::record`] would find there. In no order.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn standing(&mut self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError>;

    /// Up to `limit` open, breached alerts, neither snoozed nor held, about which a level or a reminder may be due at `now`;
    /// with `all`, whenever they were to be looked at. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn pending_escalations(
        &mut self,
        now: DateTime<Utc>,
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError>;

    /// Open alerts by rule: at risk, breached.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_counts(&mut self) -> Result<OpenCounts, StoreError>;

    /// The silences that end, or ended, after `since`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn silences(&mut self, since: DateTime<Utc>) -> Result<Vec<Silence>, StoreError>;

    /// The threads of messages that there are.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn threads(&mut self) -> Result<Vec<Thread>, StoreError>;

    /// Up to `limit` alerts that were told of at `level` and were resolved after `since`, the latest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn settled(&mut self, level: u32, since: DateTime<Utc>, limit: u32) -> Result<Vec<Pending>, StoreError>;

    /// The alerts that are held, and since when the latest of them is; oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn held(&mut self) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError>;
}

/// One scan's reading and writing. Dropped unfinished, it leaves no trace.
///
/// Searches look at the instant at which it began; [`Snapshot::pending_escalations`], [`Snapshot::open_counts`],
/// [`Snapshot::settled`] and [`Snapshot::held`] also see what was recorded since.
#[async_trait]
pub trait Pass: Snapshot {
    /// Raises alerts for clocks that have none, each with its events and what is told of it. A clock that has an alert is
    /// left alone; returns the ids of those that were raised.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn raise(&mut self, now: DateTime<Utc>, alerts: &[Raised]) -> Result<HashSet<Uuid>, StoreError>;

    /// Records `transitions` of alerts that there are, with their events; what opens does so in the circumstances of
    /// `opening`. What the database already has in that state is left alone.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn record(
        &mut self,
        now: DateTime<Utc>,
        opening: Opening,
        transitions: &[Transition],
    ) -> Result<Recorded, StoreError>;

    /// Makes `problems` the open ones: new ones are added, those seen again are marked so, the others are resolved.
    /// Returns how many are open.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn record_problems(&mut self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError>;

    /// Puts `message` into the outbox as `id`, one delivery a recipient, as the latest of its thread, and records the
    /// escalation of its `alerts`, with events. Those of them that were escalated or resolved meanwhile are left out of it;
    /// returns whether anything was left to send.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn escalate(&mut self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError>;

    /// Notes when each alert's escalation is to be looked at again.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn schedule_escalations(&mut self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError>;

    /// Notes on alerts, with an event each, that something was due to be told of them and a silence kept it back.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn note_silenced(&mut self, now: DateTime<Utc>, silenced: &[(Uuid, Uuid)]) -> Result<(), StoreError>;

    /// Notes that all that there was to say in `thread` until `now` has been said.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn note_said(&mut self, thread: &str, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Makes everything that was recorded happen, with the record of `scan`, finished at `now`. `false`: another scan
    /// served its scheduled instant meanwhile, and nothing happened.
    ///
    /// # Errors
    /// [`StoreError`]; also then nothing happened, unless the connection was lost in the very moment.
    async fn finish(self: Box<Self>, now: DateTime<Utc>, scan: &Scan, counts: &ScanCounts) -> Result<bool, StoreError>;
}

/// Reads single claims that others write.
#[async_trait]
pub trait ClaimSource: Send + Sync {
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

/// Shows alerts and their events.
#[async_trait]
pub trait AlertStore: Send + Sync {
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
}

/// What people answer to alerts. Each answer is recorded with its event, in the name of who gave it.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Records `by`'s answers to alerts, all of them at once; those that are resolved by now are left alone. Returns the
    /// alerts that were answered.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn answer(&self, now: DateTime<Utc>, by: &str, answers: &[(Uuid, Answer)]) -> Result<Vec<Uuid>, StoreError>;

    /// Adds a silence, with an event on each of the alerts `matching`.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn add_silence(&self, silence: &Silence, matching: &[Uuid]) -> Result<(), StoreError>;

    /// Every silence that there is, the one that ends last first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn all_silences(&self) -> Result<Vec<Silence>, StoreError>;

    /// Ends a silence that is in force, with an event on each of the alerts `matching`: they are looked at anew. `false`: it
    /// is over already, or there is none of that id.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn expire_silence(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        by: &str,
        matching: &[Uuid],
    ) -> Result<bool, StoreError>;

    /// The open alerts, whether breached, snoozed or held, as escalation looks at them, a page of `limit` after the one of
    /// that id.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_alerts_after(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Pending>, StoreError>;

    /// Says of every alert that is held that it is right: it is told of like any other from now on. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn release_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError>;

    /// Says of every alert that is held that it is wrong: it is withdrawn. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn discard_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError>;
}

/// The record of scans, which the look-back and the schedule rest on.
#[async_trait]
pub trait ScanLog: Send + Sync {
    /// Whether a scan that finished served this instant of the schedule.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn is_served(&self, scheduled_for: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Notes that `scan` failed, and why. With `term`, only while that is the present one.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if another daemon leads by now: the scan is that one's to make.
    async fn fail_scan(&self, scan: &Scan, term: Option<Term>, error: &str) -> Result<(), StoreError>;

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

    /// How many alerts each scan opened that finished, looked at no earlier instant than `since`, opened any, and did so in
    /// the usual circumstances.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn usual_openings(&self, since: DateTime<Utc>) -> Result<Vec<u64>, StoreError>;

    /// The latest instant of the schedule that a finished scan served.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn last_scheduled(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
}

/// Which of several daemons scans: a term of leadership with a number that only grows, judged by the database's clock.
///
/// A scan that was begun in one term cannot finish in a later one, however long its daemon slept in between.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Leads for `hold` from now on, if nobody else does: renews the term of `holder`, or begins one. `None`: another leads.
    /// `ends_by` says whose clock ends a term: the database's, or a test's.
    ///
    /// # Errors
    /// [`StoreError`]; then whoever led leads until the term ends.
    async fn lead(&self, holder: &str, hold: TimeDelta, ends_by: LeaseTime) -> Result<Option<Term>, StoreError>;

    /// Ends `term`, if it is still the present one, so that another daemon may lead at once.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn resign(&self, term: Term) -> Result<(), StoreError>;
}

/// Messages on their way out: facts first, bytes once, one delivery a recipient.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` deliveries that are due at `now`, oldest first, for `holder` alone and for `hold`. A delivery
    /// whose holder did not come back is due again when its lease ends; `ends_by` says whose clock ends it: the database's
    /// (several machines compare it; where there is one machine, `now` will do), or a test's. One that cannot be read is
    /// given up, with what was found as its error, and holds up no other.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is leased.
    async fn lease(
        &self,
        now: DateTime<Utc>,
        ends_by: LeaseTime,
        holder: &str,
        limit: u32,
        hold: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, StoreError>;

    /// Keeps a message's bytes; whoever comes second finds the first one's, and sends those.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn keep_mail(&self, message: Uuid, now: DateTime<Utc>, mail: &StoredMail) -> Result<StoredMail, StoreError>;

    /// Gives up a message in which `holder` found nothing left to say: what of it was not delivered never will be. A
    /// delivery that another has in hand is left to that one: it may be sent at this moment.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn settle(&self, message: Uuid, holder: &str) -> Result<(), StoreError>;

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

    /// The alerts that `message` is about of which there is still something to say at `now`: open and neither snoozed nor
    /// held, or if it is about held ones, held. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unsettled(&self, message: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError>;

    /// Those of the alerts `ids` of which there is still something to say at `now`: open and neither snoozed nor held, or
    /// with `held`, held. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn still_unsettled(&self, ids: &[Uuid], held: bool, now: DateTime<Utc>) -> Result<Vec<Alert>, StoreError>;

    /// The alerts `ids`, whatever became of them; in no order.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn alerts_by_id(&self, ids: &[Uuid]) -> Result<Vec<Alert>, StoreError>;

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
