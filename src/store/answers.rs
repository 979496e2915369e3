//! What people answer to alerts, as a database keeps it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use crate::alert::Answer;
use crate::escalation::{Pending, Silence};

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
