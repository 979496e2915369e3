//! SQLite, embedded: one file, one writer, readers that never wait.
//!
//! WAL with `synchronous = FULL` (a message recorded as sent stays so through a power cut); one writing connection whose
//! transactions begin IMMEDIATE, since a deferred one that reads first fails at once when another wrote meanwhile; a
//! pool of read-only connections. Statements are fixed texts over the views `source_*`, which [`SqliteStore::migrate`]
//! makes over the relations that the configuration names.

mod alerts;
mod answers;
mod backup;
mod browse;
mod claims;
mod clocks;
mod dossiers;
mod escalate;
mod exchange;
mod gauges;
mod import;
mod inspection;
mod outbox;
mod pass;
#[cfg(test)]
mod plans;
mod problems;
mod prune;
mod raise;
mod rate;
mod recipients;
mod record;
mod rows;
mod running;
mod scans;
mod schema;
mod silences;
mod sources;
mod transfer;
mod visits;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::error::DatabaseError as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::{Finding, Leases, Pass, Preconditions, Snapshot, SourceRelations, Store, StoreError, Term};
use crate::sla::Rule;
use pass::SqlitePass;

pub use backup::BackupError;

/// How long a writer waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
const READERS: u32 = 4;
/// How many rows, of which each may hold a mail, are read ahead where whole tables are moved.
const ROWS_AHEAD: usize = 8;

/// A database in one file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database at `path`, creating the file if it is not there. Nothing in it is read or changed yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot be opened; [`StoreError::Corrupt`] if it is no database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let writing = options.clone().create_if_missing(true).foreign_keys(true).row_buffer_size(ROWS_AHEAD);
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).idle_timeout(None).max_lifetime(None);
        let writer = pool().max_connections(1).connect_with(writing).await.map_err(|error| cannot_open(path, error))?;
        let readers = pool().max_connections(READERS).connect_lazy_with(options.read_only(true));
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    /// Opens the database at `path`, which is there, to look at it: whatever is done with it, nothing in it changes.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let pool = || SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(ACQUIRE_TIMEOUT);
        let (writer, readers) = (pool().connect_lazy_with(options.clone()), pool().connect_lazy_with(options));
        let look = sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&readers).await;
        look.map_err(|error| cannot_open(path, error))?;
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    /// Brings the schema up to date and makes the `source_*` views over `sources`. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if the file is of a newer claimwatch that this one does not work with, or a relation or column of `sources` is missing.
    pub async fn migrate(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        schema::update(self).await?;
        sources::make_views(self, sources).await
    }

    /// As [`SqliteStore::migrate`], but for the views of a database that has them: those must be over `sources`.
    ///
    /// # Errors
    /// [`StoreError::Schema`], also if the views are over other relations.
    pub async fn prepare(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        schema::update(self).await?;
        match sources::made_over(self).await? {
            Some(_) => self.verify(sources).await,
            None => sources::make_views(self, sources).await,
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(SqlitePass::begin(self).await?))
    }

    async fn pass(&self, _term: Option<Term>) -> Result<Box<dyn Pass>, StoreError> {
        Ok(Box::new(SqlitePass::begin(self).await?))
    }

    /// A lock beside the file keeps a second daemon away.
    fn leases(&self) -> Option<&dyn Leases> {
        None
    }

    /// Folds the write-ahead log into the file: the last connection to close does.
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Preconditions for SqliteStore {
    async fn verify(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        sources::verify(self, sources).await
    }

    /// None: the file is claimwatch's own, and has the indexes of its migrations.
    async fn findings(&self, _: &SourceRelations, _: &[Rule], _: DateTime<Utc>) -> Vec<Finding> {
        Vec::new()
    }
}

fn cannot_open(path: &Path, error: sqlx::Error) -> StoreError {
    let place = path.display();
    if path.is_dir() {
        return StoreError::Unavailable(format!("{place}: found a directory, expected a file"));
    }
    match StoreError::from(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{place}: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!("{place}: {why}")),
        other => StoreError::Failed(format!("{place}: {other}")),
    }
}

/// What an error of SQLite's own means.
pub(super) fn meaning(error: &SqliteError) -> StoreError {
    let primary = error.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    let words = error.message().to_owned();
    match primary {
        // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN
        Some(5..=8 | 10 | 13 | 14) => StoreError::Unavailable(words),
        // CORRUPT, NOTADB
        Some(11 | 26) => StoreError::Corrupt(words),
        Some(1) if words.starts_with("no such") => StoreError::Schema(format!("{words}; run `claimwatch migrate`")),
        _ => StoreError::Failed(words),
    }
}
