//! PostgreSQL 14 and newer: claimwatch moves in beside somebody's claims, in a schema of its own.
//!
//! Every unit of work is one transaction that begins with all of its settings (`SET LOCAL`) and no statement is prepared
//! by name: nothing is kept in a session, so that PgBouncer may hand each transaction to another server. A unit that is
//! dropped half-way closes its connection, which undoes it, whatever state the protocol was in. Statements are fixed texts
//! over the views `source_*`, as in [`super::sqlite`].

mod alerts;
mod answers;
mod browse;
mod check;
mod claims;
mod clocks;
mod connect;
mod copy;
mod dossiers;
mod escalate;
mod exchange;
mod gauges;
mod glance;
mod hand;
mod import;
mod inspection;
mod leases;
mod meaning;
mod outbox;
mod pass;
mod problems;
mod prune;
mod raise;
mod rate;
mod recipients;
mod record;
mod rows;
mod scans;
mod schema;
mod search;
mod silences;
mod sources;
mod transfer;
mod unit;
mod visits;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::{Finding, Leases, Pass, Preconditions, Snapshot, SourceRelations, Store, StoreError, Term};
use crate::sla::Rule;
use pass::PgPass;
use unit::{Isolation, Unit};

pub(super) use meaning::meaning;

/// A database on a server, with claimwatch's own tables in one schema of it.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
    schema: String,
    /// A source was seen to return a claim twice: new alerts are not written behind a scan any more.
    careful: Arc<AtomicBool>,
    /// Whether the server is told that nothing is to change.
    read_only: bool,
}

impl PostgresStore {
    /// What an address names, without any secret: for people.
    ///
    /// # Errors
    /// Why it cannot be used, without the address.
    pub fn place(url: &str) -> Result<String, String> {
        Ok(connect::place(&connect::options(url, None)?))
    }

    /// Connects to the database at `url` with `password` (`None`: the one in the address, in PGPASSWORD or in .pgpass),
    /// where claimwatch's tables are in `schema`. Nothing in it is changed yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server is not there or is full; [`StoreError::Refused`] if it does not let us in;
    /// [`StoreError::Schema`] if it is older than 14 or has no such database.
    pub async fn connect(
        url: &str,
        password: Option<&str>,
        schema: &str,
        max_connections: u32,
    ) -> Result<Self, StoreError> {
        let options = connect::options(url, password).map_err(StoreError::Schema)?;
        let pool = connect::pool(&options, max_connections);
        let store = Self { pool, options, schema: schema.to_owned(), careful: Arc::default(), read_only: false };
        let unit = store.begin(Isolation::ReadCommitted).await?;
        schema::refuse_old_servers(unit).await?;
        Ok(store)
    }

    /// The same, to look at it: whatever is done with it, the server changes nothing.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// Brings the schema up to date and makes the `source_*` views over `sources`. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if the schema is of a newer claimwatch, or a relation or column of `sources` is missing or has
    /// another type.
    pub async fn migrate(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        self.update_schema().await?;
        sources::make_views(self, sources, true).await
    }

    /// As [`PostgresStore::migrate`], but for the views of a database that has them: those must be over `sources`. Where
    /// there is nothing to do, no right to do it is needed; where there is and we lack that right, it is said what.
    ///
    /// # Errors
    /// [`StoreError::Schema`], also if the views are over other relations.
    pub async fn prepare(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        let Err(found) = self.verify(sources).await else { return Ok(()) };
        if !schema::may_be_changed(self).await? {
            return Err(found);
        }
        self.update_schema().await?;
        sources::make_views(self, sources, false).await
    }

    async fn update_schema(&self) -> Result<(), StoreError> {
        schema::update(self).await
    }

    async fn begin(&self, isolation: Isolation) -> Result<Unit, StoreError> {
        Unit::begin(self, isolation).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(PgPass::begin(self, None).await?))
    }

    async fn pass(&self, term: Option<Term>) -> Result<Box<dyn Pass>, StoreError> {
        Ok(Box::new(PgPass::begin(self, term).await?))
    }

    fn leases(&self) -> Option<&dyn Leases> {
        Some(self)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl Preconditions for PostgresStore {
    async fn verify(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        schema::verify(self).await?;
        sources::verify(self, sources).await
    }

    async fn findings(&self, sources: &SourceRelations, rules: &[Rule], now: DateTime<Utc>) -> Vec<Finding> {
        check::findings(self, sources, rules, now).await
    }
}
