//! The database, as the rest of claimwatch sees it: small traits, each method a whole unit of work.
//!
//! What a method does happens entirely or not at all, and a method that failed may be called again. One thing spans several
//! calls, a scan: its [`Pass`] reads as of one instant and records at once. Each engine has its adapter in a folder beside
//! this file; one conformance suite (`tests/it/store.rs`) holds every adapter to the words written here.
//! Source: docs/contract.md.

mod answers;
mod batches;
pub mod browse;
mod change;
mod dossier;
mod error;
mod exchange;
mod finding;
mod gauges;
mod inspection;
mod problems;
mod queue;
mod rate;
mod recipients;
mod relations;
mod retention;
mod snapshot;
mod story;
mod types;
mod values;
mod versions;
mod visits;

pub mod postgres;
pub mod sqlite;
pub mod transfer;

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::alert::{Alert, AlertEvent};
use crate::claim::{HistoryEntry, Subject};
use browse::Browsing;
use transfer::Transfer;

pub use answers::Answers;
pub use dossier::Dossier;
pub use error::StoreError;
pub use exchange::{Ended, Exchanged, Lot, Outcomes};
pub use finding::{Finding, Preconditions};
pub use gauges::{Counting, Gauges, OpenAlerts, OutboxGauges, RunningByProgram};
pub use inspection::{AppliedMigration, Engine, FailedDeliveries, Fit, IndexState, Inspection, OwnIndex, PastScan};
pub use queue::Queue;
pub use recipients::DisabledAddress;
pub use retention::{Batch, Prune, Pruned, Retention};
pub use snapshot::{Pass, Snapshot};
pub use types::{
    AlertFilter, ClockEnd, Cutoffs, Delivery, DeliveryState, ImportCounts, ImportMode, ImportRow, ImportRows, KeptMail,
    LeaseTime, LeasedDelivery, OpenCounts, OutboxItem, Page, Raised, RowCounts, RunningClocks, Scan, ScanCounts,
    ScanRecord, Side, SourceRelations, Standing, Starts, StoredMail, Term, Thread, Told,
};
pub use visits::{Session, Token, Visits};

/// Everything that one database does for claimwatch.
#[async_trait]
pub trait Store:
    ClaimSource
    + AlertStore
    + Answers
    + ScanLog
    + Outbox
    + Import
    + Preconditions
    + Retention
    + Transfer
    + Counting
    + Inspection
    + Browsing
    + Visits
{
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
    /// Records `outcomes`, each as [`Outbox::conclude`] does, and then leases a delivery for each holder of `lots`, as
    /// [`Outbox::lease`] does: what hands do at the same time is one unit of work. An outcome whose holder lost the delivery is
    /// left out, and a holder for whom nothing is due goes without; neither holds up the others.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded, and nothing is leased.
    async fn exchange(
        &self,
        outcomes: &Outcomes,
        lots: &[Lot],
        now: DateTime<Utc>,
        ends_by: LeaseTime,
        hold: TimeDelta,
    ) -> Result<Exchanged, StoreError>;

    /// Takes up to `limit` deliveries that are due at `now`, oldest first, for `holder` alone and for `hold`. A delivery
    /// whose holder did not come back is due again when its lease ends, and was perhaps delivered; `ends_by` says whose clock ends it: the database's
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
        limit: usize,
        hold: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        let lot = Lot { holders: vec![holder.to_owned(); limit], ..Lot::default() };
        Ok(self.exchange(&Outcomes::new(), &[lot], now, ends_by, hold).await?.leased)
    }

    /// Holds to `most` messages an address within any hour: what is due at `now` beyond that waits until the hour has room. Where
    /// something waits, deliveries of a thread that nobody has tried go along with its latest one ([`DeliveryState::Folded`]).
    ///
    /// # Errors
    /// [`StoreError`]
    async fn ration(&self, now: DateTime<Utc>, most: u32) -> Result<(), StoreError>;

    /// Keeps the bytes with which `delivery` goes out, and what they are `about`. Deliveries of one message share bytes that
    /// are about the same: whoever comes second gets the first one's, and sends those. Bytes that are about something else
    /// take their place, unless another delivery was sent with those, perhaps was, or is in hand: then `delivery` has bytes
    /// of its own. Nothing is kept for a `holder` whose lease another took over meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn keep_mail(
        &self,
        delivery: &LeasedDelivery,
        holder: &str,
        now: DateTime<Utc>,
        mail: &StoredMail,
        about: &str,
    ) -> Result<KeptMail, StoreError>;

    /// Gives up a message in which `holder` found nothing left to say: what of it was not delivered never will be. A
    /// delivery that another has in hand is left to that one: it may be sent at this moment.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn settle(&self, message: Uuid, holder: &str) -> Result<(), StoreError>;

    /// Records a delivery's outcome and ends its lease, if `holder` still has it; says whether it had. An address that its mail
    /// server refused three times in a row, none taken in between, is disabled: what else waits for it is given up.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn conclude(
        &self,
        delivery: Uuid,
        holder: &str,
        now: DateTime<Utc>,
        outcome: &Delivery,
    ) -> Result<bool, StoreError> {
        let ended = Ended { holder: holder.to_owned(), outcome: outcome.clone() };
        let outcomes = Outcomes::from([(delivery, ended)]);
        let exchanged = self.exchange(&outcomes, &[], now, LeaseTime::At(now), TimeDelta::zero()).await?;
        Ok(exchanged.recorded.contains(&delivery))
    }

    /// The alerts that `delivery` is about, with what goes along with it, of which there is still something to say at `now`: open and neither snoozed nor
    /// held, and if it is a reminder of them, not acknowledged; or if it is about held ones, held. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unsettled(&self, delivery: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError>;

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

    /// The addresses to which nothing is sent any more, since their mail server refused them too often in a row; the one that
    /// was disabled first before the others.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn disabled_addresses(&self) -> Result<Vec<DisabledAddress>, StoreError>;

    /// Sends to `address` again; what was not sent to it meanwhile is due at `now`. Returns how many deliveries those are;
    /// `None`: it was not disabled.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn enable_address(&self, address: &str, now: DateTime<Utc>) -> Result<Option<u64>, StoreError>;

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
