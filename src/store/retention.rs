//! Deleting what is over and old: the one way in which anything leaves the tables of alerts and events.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::StoreError;
use crate::sla::Rule;

/// What is to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Prune<'a> {
    /// What ended before this instant; it is not after the last finished scan.
    pub before: DateTime<Utc>,
    /// By which clocks run.
    pub rules: &'a [Rule],
    /// Only counts.
    pub dry_run: bool,
    /// How many rows a batch looks at.
    pub limit: u32,
}

/// What was deleted, or with [`Prune::dry_run`] would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    pub alerts: u64,
    pub events: u64,
    /// Alerts that stay, although they are over and old: a scan could raise them anew.
    pub kept: u64,
    pub messages: u64,
    pub deliveries: u64,
    pub data_problems: u64,
    pub scans: u64,
}

impl std::ops::AddAssign for Pruned {
    fn add_assign(&mut self, more: Self) {
        self.alerts += more.alerts;
        self.events += more.events;
        self.kept += more.kept;
        self.messages += more.messages;
        self.deliveries += more.deliveries;
        self.data_problems += more.data_problems;
        self.scans += more.scans;
    }
}

/// What came of one batch, and where the next one goes on; `None`: there is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<Place> {
    pub pruned: Pruned,
    pub next: Option<Place>,
}

/// Deletes what is over and old, a batch a call. What another session has in hand is left for another time.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Deletes alerts that were resolved before the date, with their events and levels, in the order of their resolution.
    /// An alert stays if a scan could raise it anew, as the source is now: its clock stands there with the same start, and
    /// by status and payment runs, whatever the program says, or has a stop that is not before the date. The ids of those
    /// come back too.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn prune_alerts(
        &self,
        prune: &Prune<'_>,
        after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<(Batch<(DateTime<Utc>, Uuid)>, Vec<Uuid>), StoreError>;

    /// Deletes messages that were written before the date, with their deliveries, of which none waits, if none of their
    /// alerts is left. `kept` are the alerts that a dry run found to stay.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn prune_messages(
        &self,
        prune: &Prune<'_>,
        kept: &[Uuid],
        after: Option<Uuid>,
    ) -> Result<Batch<Uuid>, StoreError>;

    /// Deletes data problems that were resolved before the date: claim and kind.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn prune_problems(
        &self,
        prune: &Prune<'_>,
        after: Option<(String, String)>,
    ) -> Result<Batch<(String, String)>, StoreError>;

    /// Deletes scans that began before the date. Of those that finished, the last one and the one with the latest instant
    /// of the schedule stay: what [`super::ScanLog`] says of the time since is the same as before.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn prune_scans(&self, prune: &Prune<'_>, after: Option<i64>) -> Result<Batch<i64>, StoreError>;

    /// The latest date before which alerts were deleted; `None`: none ever were. No scan looks back beyond it.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn pruned_before(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
}

/// The setting that keeps [`Retention::pruned_before`].
pub(super) const PRUNED_BEFORE: &str = "pruned_before";

/// Where a batch ended, if there may be more: it found as much as it was to look at.
pub(super) fn next<Place>(limit: u32, found: usize, last: Option<Place>) -> Option<Place> {
    last.filter(|_| u32::try_from(found).is_ok_and(|found| found >= limit))
}
