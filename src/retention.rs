//! Retention: what is over and older than a date is deleted, a batch at a time.
//!
//! Each batch is a transaction of its own, and there is as much time between two of them as one takes: memory stays small,
//! and nobody who wants to write waits for long. A pruning that ends half-way has pruned what it has. Source:
//! docs/operate.md, "Retention".

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use uuid::Uuid;

use crate::now::Stopwatch;
use crate::sla::Rule;
use crate::store::{Prune, Pruned, Store, StoreError};

/// How many rows a batch looks at; of messages, which name thousands of alerts each, fewer.
const BATCH: u32 = 2_000;
const MESSAGES: u32 = 50;

/// Why nothing, or not all, was pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the next scan looks back at must stay.
    #[error("found {before:?}, expected an instant that is not after the last finished scan, {last:?}")]
    TooLate { before: DateTime<Utc>, last: DateTime<Utc> },
    #[error("no scan has finished yet: there is nothing to prune")]
    NoScan,
}

/// Deletes what ended before `before`, by `now`: alerts that are resolved, with their events; messages about such; data
/// problems that are resolved; scans. With `dry_run` it only counts. `so_far` is told after every batch.
///
/// # Errors
/// [`PruneError`]; what was pruned until then stays so.
pub async fn prune(
    store: &dyn Store,
    rules: &[Rule],
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    dry_run: bool,
    so_far: &mut (dyn FnMut(&Pruned) + Send),
) -> Result<Pruned, PruneError> {
    let last = store.finished_scan_until(now).await?.ok_or(PruneError::NoScan)?.began_at;
    if before > last {
        return Err(PruneError::TooLate { before, last });
    }
    let prune = Prune { before, rules, dry_run, limit: BATCH };
    let mut under_way = UnderWay { store, prune, pruned: Pruned::default(), so_far };
    let kept = under_way.alerts().await?;
    under_way.messages(&kept).await?;
    under_way.problems_and_scans().await?;
    Ok(under_way.pruned)
}

struct UnderWay<'a> {
    store: &'a dyn Store,
    prune: Prune<'a>,
    pruned: Pruned,
    so_far: &'a mut (dyn FnMut(&Pruned) + Send),
}

impl UnderWay<'_> {
    /// Returns the alerts that stay.
    async fn alerts(&mut self) -> Result<Vec<Uuid>, StoreError> {
        let (mut place, mut kept) = (None, Vec::new());
        loop {
            let stopwatch = Stopwatch::start();
            let (batch, stay) = self.store.prune_alerts(&self.prune, place).await?;
            kept.extend(stay);
            place = batch.next;
            if self.is_done(batch.pruned, place.is_none(), stopwatch).await {
                return Ok(kept);
            }
        }
    }

    async fn messages(&mut self, kept: &[Uuid]) -> Result<(), StoreError> {
        let prune = Prune { limit: MESSAGES, ..self.prune };
        let mut place = None;
        loop {
            let stopwatch = Stopwatch::start();
            let batch = self.store.prune_messages(&prune, kept, place).await?;
            place = batch.next;
            if self.is_done(batch.pruned, place.is_none(), stopwatch).await {
                return Ok(());
            }
        }
    }

    async fn problems_and_scans(&mut self) -> Result<(), StoreError> {
        let mut place = None;
        loop {
            let stopwatch = Stopwatch::start();
            let batch = self.store.prune_problems(&self.prune, place).await?;
            place = batch.next;
            if self.is_done(batch.pruned, place.is_none(), stopwatch).await {
                break;
            }
        }
        let mut place = None;
        loop {
            let stopwatch = Stopwatch::start();
            let batch = self.store.prune_scans(&self.prune, place).await?;
            place = batch.next;
            if self.is_done(batch.pruned, place.is_none(), stopwatch).await {
                return Ok(());
            }
        }
    }

    /// Counts a batch; unless it was the last of its kind, leaves others as much time as it took.
    async fn is_done(&mut self, pruned: Pruned, last: bool, stopwatch: Stopwatch) -> bool {
        self.pruned += pruned;
        (self.so_far)(&self.pruned);
        if !last && !self.prune.dry_run {
            sleep(stopwatch.elapsed()).await;
        }
        last
    }
}
