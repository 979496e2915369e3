//! What a database is made of and what went wrong in it lately, for whoever is to help. Read part by part, so that a schema of
//! another version, or none, hides only what rests on it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;

use super::StoreError;

/// The database's engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Product and version: `SQLite 3.50.2`.
    pub version: String,
    /// What it takes on disk, in bytes.
    pub bytes: u64,
    /// How many bytes are free there; `None`: that is not known here.
    pub free: Option<u64>,
    /// What time it is there; `None`: it has no clock of its own.
    pub clock: Option<DateTime<Utc>>,
    /// Settings that matter here, by their names.
    pub settings: Vec<(&'static str, String)>,
}

/// A migration that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedMigration {
    pub version: i64,
    pub fit: Fit,
    pub applied_at: Option<DateTime<Utc>>,
}

/// How an applied migration fits this claimwatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Same,
    /// It is another text of the same version.
    Changed,
    /// This claimwatch does not know it.
    Unknown,
    /// It did not succeed.
    Failed,
}

/// An index that the migrations make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnIndex {
    pub name: &'static str,
    pub table: &'static str,
    pub state: IndexState,
}

/// Whether an index serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexState {
    There,
    Missing,
    /// It was never built to its end.
    Invalid,
}

/// A scan of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastScan {
    /// The instant at which it looked.
    pub began_at: DateTime<Utc>,
    pub scheduled_for: Option<DateTime<Utc>>,
    /// `None`: it did not.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it found and did, by the names of the columns.
    pub counts: Vec<(&'static str, u64)>,
    /// In what circumstances it opened alerts, as the database has it.
    pub opening: Option<String>,
    pub error: Option<String>,
}

/// Deliveries in one state whose last attempt ended with the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDeliveries {
    pub state: String,
    /// Whether they go to webhooks, as opposed to people.
    pub to_webhooks: bool,
    pub error: String,
    pub count: u64,
}

/// Looks at a database, whatever its schema is; changes nothing.
#[async_trait]
pub trait Inspection: Send + Sync {
    /// # Errors
    /// [`StoreError`]
    async fn engine(&self) -> Result<Engine, StoreError>;

    /// Those that were applied, in the order of their versions.
    ///
    /// # Errors
    /// [`StoreError`]; of a database without our schema also [`StoreError::Schema`].
    async fn migrations(&self) -> Result<Vec<AppliedMigration>, StoreError>;

    /// How many rows the table `name` of ours has; `None`: it is not there.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn rows(&self, name: &'static str) -> Result<Option<u64>, StoreError>;

    /// Those that the migrations of this claimwatch make, there or not.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn indexes(&self) -> Result<Vec<OwnIndex>, StoreError>;

    /// The `most` latest scans, the latest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn latest_scans(&self, most: u32) -> Result<Vec<PastScan>, StoreError>;

    /// Deliveries by state.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn deliveries_by_state(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// What those deliveries failed with that wait or were given up, the `most` frequent errors.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn failed_deliveries(&self, most: u32) -> Result<Vec<FailedDeliveries>, StoreError>;
}

/// `version`, as applied with `checksum`.
pub(super) fn fit(ours: &Migrator, version: i64, success: bool, checksum: &[u8]) -> Fit {
    match ours.iter().find(|migration| migration.version == version) {
        _ if !success => Fit::Failed,
        Some(migration) if *migration.checksum == *checksum => Fit::Same,
        Some(_) => Fit::Changed,
        None => Fit::Unknown,
    }
}

/// Name and table of each index that `migrations` make and do not drop again.
pub(super) fn own_indexes(migrations: &'static Migrator) -> Vec<(&'static str, &'static str)> {
    let mut indexes = Vec::new();
    for migration in migrations.iter() {
        let lines = migration.sql.as_str().lines().map(|line| line.split("--").next().unwrap_or_default());
        let words: Vec<&str> =
            lines.flat_map(|line| line.split([' ', '(', ';'])).filter(|word| !word.is_empty()).collect();
        for at in words.windows(5) {
            match at {
                ["CREATE", "INDEX", name, "ON", table] | ["UNIQUE", "INDEX", name, "ON", table] => {
                    indexes.push((*name, *table));
                }
                ["DROP", "INDEX", name, ..] => indexes.retain(|(other, _)| other != name),
                _ => {}
            }
        }
    }
    indexes
}

/// What is counted of a scan.
pub(super) const COUNTS: [&str; 8] =
    ["opened", "warned", "met", "late", "restarted", "withdrawn", "messages", "data_problems"];

/// Deliveries by state: `state`, `deliveries`.
pub(super) const BY_STATE: &str = "SELECT state, count(*) AS deliveries FROM outbox GROUP BY state ORDER BY state";

/// What deliveries failed with, `$1` errors at most: `state`, `to_webhooks`, `last_error`, `deliveries`.
pub(super) const FAILED: &str = "SELECT state, recipient LIKE 'webhook:%' AS to_webhooks, last_error, count(*) AS deliveries \
     FROM outbox WHERE state IN ('pending', 'dead') AND last_error IS NOT NULL \
     GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3 LIMIT $1";

/// The latest scans, `$1` at most.
pub(super) const LATEST_SCANS: &str = "SELECT id, began_at, scheduled_for, finished_at, opened, warned, met, late, restarted, \
     withdrawn, messages, data_problems, opening, error FROM scans ORDER BY began_at DESC, id DESC LIMIT $1";
