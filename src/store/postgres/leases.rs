//! Leadership: one row says who leads and until when, by the database's clock; another holds the number of the term.
//!
//! The term is a row of its own, since a scan looks at it as it ends, as of the instant at which the scan began: renewing
//! the lease meanwhile must not look like another leader. Whoever takes over writes both rows; a scan of the term before
//! then finds the number changed under it, and the server refuses its commit.

use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{Postgres, Row};

use super::PostgresStore;
use super::unit::{in_unit, made, query};
use crate::store::{LeaseTime, Leases, StoreError, Term};

/// What is led.
const SCANS: &str = "scans";

#[async_trait]
impl Leases for PostgresStore {
    async fn lead(&self, holder: &str, hold: TimeDelta, ends_by: LeaseTime) -> Result<Option<Term>, StoreError> {
        let at = ends_by.set();
        let lead = in_unit!(self, unit, {
            // Nobody waits for a lease: who is about to change it leads.
            unit.simple("SET LOCAL lock_timeout TO '1s'".into()).await?;
            let renewed = query(
                "UPDATE leases SET ends_at = coalesce($2, clock_timestamp()) + $3 WHERE name = $4 AND holder = $1 \
                 AND ends_at > coalesce($2, clock_timestamp()) RETURNING fence",
            );
            let renewed = renewed.bind(holder).bind(at).bind(hold).bind(SCANS).fetch_optional(&mut **unit).await?;
            if let Some(row) = renewed {
                return Ok(Lead::Renewed(Term(row.try_get("fence")?)));
            }
            let taken = query(
                "INSERT INTO leases (name, holder, fence, ends_at) VALUES ($4, $1, 1, coalesce($2, clock_timestamp()) + $3) \
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, \
                 ends_at = excluded.ends_at WHERE leases.ends_at <= coalesce($2, clock_timestamp()) RETURNING fence",
            );
            let taken = taken.bind(holder).bind(at).bind(hold).bind(SCANS).fetch_optional(&mut **unit).await?;
            let Some(row) = taken else { return Ok(Lead::Anothers) };
            let term: i64 = row.try_get("fence")?;
            query("INSERT INTO terms (name, fence) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET fence = excluded.fence")
                .bind(SCANS)
                .bind(term)
                .execute(&mut **unit)
                .await?;
            Ok(Lead::Taken(Term(term)))
        })?;
        match lead {
            Lead::Anothers => Ok(None),
            Lead::Renewed(term) => Ok(Some(term)),
            Lead::Taken(term) => {
                if let Err(error) = end_scans_before(self, term).await {
                    tracing::debug!(%error, "scans of the term before end by themselves");
                }
                Ok(Some(term))
            }
        }
    }

    async fn resign(&self, term: Term) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            query("UPDATE leases SET ends_at = '-infinity' WHERE name = $1 AND fence = $2")
                .bind(SCANS)
                .bind(term.0)
                .execute(&mut **unit)
                .await?;
            Ok(())
        })
    }
}

/// What came of asking for the lease.
enum Lead {
    Taken(Term),
    Renewed(Term),
    Anothers,
}

/// The key of the advisory lock that each scan has while it lasts: our schema, and its term.
const SCAN_LOCK: &str = "hashtext('claimwatch scan in ' || current_schema())";

/// Marks the transaction as a scan of `term`.
pub(super) async fn mark(connection: &mut PgConnection, term: Term) -> Result<(), StoreError> {
    let sql = format!("SELECT pg_advisory_xact_lock_shared({SCAN_LOCK}, ($1 % 2147483648)::int)");
    made(sql).bind(term.0).execute(connection).await?;
    Ok(())
}

/// Ends the sessions in which scans of other terms than `term` are under way. They could not finish, but a daemon that was
/// stopped while it was sent something keeps its locks, and nothing else ends that: the server waits for it to read.
async fn end_scans_before(store: &PostgresStore, term: Term) -> Result<(), StoreError> {
    in_unit!(store, unit, {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND classid::bigint = {SCAN_LOCK} & 4294967295 AND objid::bigint <> $1 % 2147483648"
        );
        made(sql).bind(term.0).execute(&mut **unit).await?;
        Ok(())
    })
}

/// # Errors
/// [`StoreError::Deposed`] if `term` is not the present one.
pub(super) async fn is_present(connection: &mut PgConnection, term: Term) -> Result<(), StoreError> {
    found(query("SELECT FROM terms WHERE name = $1 AND fence = $2"), connection, term).await
}

/// As [`is_present`], and it stays so until the transaction ends, one that sees what was committed before each statement.
///
/// # Errors
/// [`StoreError::Deposed`] if `term` is not the present one.
pub(super) async fn stays_present(connection: &mut PgConnection, term: Term) -> Result<(), StoreError> {
    found(query("SELECT FROM terms WHERE name = $1 AND fence = $2 FOR SHARE"), connection, term).await
}

async fn found(
    question: Query<'_, Postgres, PgArguments>,
    connection: &mut PgConnection,
    term: Term,
) -> Result<(), StoreError> {
    let row = question.bind(SCANS).bind(term.0).fetch_optional(connection).await?;
    row.map(drop).ok_or(StoreError::Deposed)
}

/// The statement that fails unless `term` is still the present one when the transaction ends. As of the transaction's
/// instant it is; if it was changed since, the server refuses the lock: nobody can change it from here to the commit.
pub(super) fn guard(term: Term) -> String {
    format!(
        "SELECT 1 / count(*) FROM (SELECT FROM terms WHERE name = '{SCANS}' AND fence = {} FOR SHARE) present; ",
        term.0
    )
}
