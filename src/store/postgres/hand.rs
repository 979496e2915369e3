//! A transaction that may be busy writing while the next batch is judged.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgRow;
use tokio_util::task::AbortOnDropHandle;

use super::raise::First;
use super::unit::Unit;
use crate::store::StoreError;

/// The transaction of a pass, or what is being written into it. Dropped, either is undone.
pub(super) enum Hand {
    Free(Unit),
    Writing(AbortOnDropHandle<Result<Unit, StoreError>>),
    /// Writing failed, and so does the pass.
    Lost,
}

impl Hand {
    /// The transaction, once what is being written has been.
    ///
    /// # Errors
    /// What writing failed with.
    pub async fn free(&mut self) -> Result<&mut Unit, StoreError> {
        if let Self::Writing(writing) = self {
            let written = writing.await;
            *self = Self::Lost;
            *self = Self::Free(written.map_err(|error| StoreError::Failed(error.to_string()))??);
        }
        match self {
            Self::Free(unit) => Ok(unit),
            Self::Writing(_) | Self::Lost => Err(StoreError::Failed("the scan's transaction is gone".into())),
        }
    }

    /// The transaction itself, to end it.
    ///
    /// # Errors
    /// As [`Hand::free`].
    pub async fn into_unit(mut self) -> Result<Unit, StoreError> {
        self.free().await?;
        match self {
            Self::Free(unit) => Ok(unit),
            Self::Writing(_) | Self::Lost => Err(StoreError::Failed("the scan's transaction is gone".into())),
        }
    }

    /// Writes `first` while the caller goes on. If an alert was there all the same, `careful` is set.
    ///
    /// # Errors
    /// What writing before it failed with.
    pub async fn write(&mut self, first: First, careful: &Arc<AtomicBool>) -> Result<(), StoreError> {
        self.free().await?;
        if let Self::Free(mut unit) = std::mem::replace(self, Self::Lost) {
            let careful = Arc::clone(careful);
            let write = async move {
                let written = first.copy(&mut unit).await;
                if let Err(StoreError::Conflict(_)) = written {
                    careful.store(true, Ordering::Relaxed);
                }
                written.map(|()| unit)
            };
            *self = Self::Writing(AbortOnDropHandle::new(tokio::spawn(write)));
        }
        Ok(())
    }
}

/// What a pass knows of writing new alerts behind its scan: it may, where the database had no alert as it began.
pub(super) struct Haste {
    /// Set once a source was seen to return a clock twice: then each batch is looked at before it is written.
    pub careful: Arc<AtomicBool>,
    /// `None`: not asked yet.
    pub allowed: Option<bool>,
    /// The rule whose clocks are searched for, if it has no alerts.
    pub rule: Option<String>,
    /// The rules whose clocks were searched for before.
    pub searched: HashSet<String>,
    /// The next page, read before the one before it was written.
    pub ahead: Option<Vec<PgRow>>,
    /// How many rows a page has.
    pub limit: u32,
}

impl Haste {
    pub fn new(careful: &Arc<AtomicBool>) -> Self {
        let careful = Arc::clone(careful);
        Self { careful, allowed: None, rule: None, searched: HashSet::new(), ahead: None, limit: 0 }
    }
}
