//! What a database was found to have, or to lack, of what scans need.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{SourceRelations, StoreError};
use crate::claim::Redactable;
use crate::sla::Rule;

/// What a start and its scans need of the database; looked at, and nothing is changed.
#[async_trait]
pub trait Preconditions: Send + Sync {
    /// Whether the schema is the one of this version, with its views over `sources`.
    ///
    /// # Errors
    /// [`StoreError::Schema`] says what differs.
    async fn verify(&self, sources: &SourceRelations) -> Result<(), StoreError>;

    /// What else scans by `rules` need, met or not: a server that takes changes, the columns of `sources` and their types,
    /// rights, indexes. Also of a database that was not migrated yet. What cannot be found out is such a finding itself.
    async fn findings(&self, sources: &SourceRelations, rules: &[Rule], now: DateTime<Utc>) -> Vec<Finding>;
}

/// One precondition of scans, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `server`, `sources`, `rights`, `indexes`.
    pub check: &'static str,
    /// What was found.
    pub detail: Redactable,
    /// What to do about it, statements included; `None`: it is as it should be.
    pub fix: Option<Redactable>,
}

impl Finding {
    /// It is as it should be.
    #[must_use]
    pub fn met(check: &'static str, detail: impl Into<Redactable>) -> Self {
        Self { check, detail: detail.into(), fix: None }
    }

    /// Something is missing, and what to do.
    #[must_use]
    pub fn unmet(check: &'static str, detail: impl Into<Redactable>, fix: impl Into<Redactable>) -> Self {
        Self { check, detail: detail.into(), fix: Some(fix.into()) }
    }
}
