//! What our schema is made of, and what went wrong lately.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresStore;
use super::rows::text;
use super::schema::MIGRATIONS;
use super::unit::{in_unit, made, query};
use crate::store::StoreError;
use crate::store::inspection::{
    AppliedMigration, BY_STATE, COUNTS, Engine, FAILED, FailedDeliveries, IndexState, Inspection, LATEST_SCANS,
    OwnIndex, PastScan, fit, own_indexes,
};

/// The server's settings that are shown.
const SETTINGS: [&str; 8] = [
    "server_encoding",
    "TimeZone",
    "max_connections",
    "statement_timeout",
    "lock_timeout",
    "default_transaction_read_only",
    "synchronous_commit",
    "wal_level",
];

#[async_trait]
impl Inspection for PostgresStore {
    async fn engine(&self) -> Result<Engine, StoreError> {
        in_unit!(self, unit, {
            let row = query(
                "SELECT current_setting('server_version') AS version, clock_timestamp() AS clock, \
                 pg_is_in_recovery() AS standby, (SELECT count(*) FROM pg_stat_activity) AS sessions, \
                 (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = to_regnamespace(quote_ident($1))) AS bytes",
            );
            let row = row.bind(&self.schema).fetch_one(&mut **unit).await?;
            let standby = if row.try_get("standby")? { "yes" } else { "no" };
            let mut settings =
                vec![("standby", standby.to_owned()), ("sessions", row.try_get::<i64, _>("sessions")?.to_string())];
            for name in SETTINGS {
                let value = query("SELECT coalesce(current_setting($1, true), '') AS value").bind(name);
                settings.push((name, value.fetch_one(&mut **unit).await?.try_get("value")?));
            }
            Ok(Engine {
                version: format!("PostgreSQL {}", row.try_get::<String, _>("version")?),
                bytes: count(&row, "bytes")?,
                free: None,
                clock: Some(row.try_get("clock")?),
                settings,
            })
        })
    }

    async fn migrations(&self) -> Result<Vec<AppliedMigration>, StoreError> {
        in_unit!(self, unit, {
            let rows = query("SELECT version, success, checksum, installed_on FROM _sqlx_migrations ORDER BY version");
            let read = |row: &PgRow| {
                let (version, checksum): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("checksum")?);
                Ok(AppliedMigration {
                    version,
                    fit: fit(&MIGRATIONS, version, row.try_get("success")?, &checksum),
                    applied_at: row.try_get("installed_on")?,
                })
            };
            rows.fetch_all(&mut **unit).await?.iter().map(read).collect()
        })
    }

    async fn rows(&self, name: &'static str) -> Result<Option<u64>, StoreError> {
        in_unit!(self, unit, {
            let there = query("SELECT to_regclass(quote_ident($1) || '.' || $2) IS NOT NULL AS there");
            let row = there.bind(&self.schema).bind(name).fetch_one(&mut **unit).await?;
            if !row.try_get::<bool, _>("there")? {
                return Ok(None);
            }
            let row = made(format!("SELECT count(*) AS found FROM {name}")).fetch_one(&mut **unit).await?;
            count(&row, "found").map(Some)
        })
    }

    async fn indexes(&self) -> Result<Vec<OwnIndex>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(
                "SELECT c.relname::text AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                 WHERE c.relnamespace = to_regnamespace(quote_ident($1))",
            );
            let rows = rows.bind(&self.schema).fetch_all(&mut **unit).await?;
            let found = rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("valid")?)));
            let found: Vec<(String, bool)> = found.collect::<Result<_, sqlx::Error>>()?;
            let index = |(name, table): (&'static str, &'static str)| {
                let state = match found.iter().find(|(other, _)| other == name) {
                    Some((_, true)) => IndexState::There,
                    Some((_, false)) => IndexState::Invalid,
                    None => IndexState::Missing,
                };
                OwnIndex { name, table, state }
            };
            Ok(own_indexes(&MIGRATIONS).into_iter().map(index).collect())
        })
    }

    async fn latest_scans(&self, most: u32) -> Result<Vec<PastScan>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(LATEST_SCANS).bind(i64::from(most)).fetch_all(&mut **unit).await?;
            rows.iter().map(past_scan).collect()
        })
    }

    async fn deliveries_by_state(&self) -> Result<Vec<(String, u64)>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(BY_STATE).fetch_all(&mut **unit).await?;
            rows.iter().map(|row| Ok((row.try_get("state")?, count(row, "deliveries")?))).collect()
        })
    }

    async fn failed_deliveries(&self, most: u32) -> Result<Vec<FailedDeliveries>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(FAILED).bind(i64::from(most)).fetch_all(&mut **unit).await?;
            let read = |row: &PgRow| {
                Ok(FailedDeliveries {
                    state: row.try_get("state")?,
                    to_webhooks: row.try_get("to_webhooks")?,
                    error: text(row, "last_error")?.unwrap_or_default(),
                    count: count(row, "deliveries")?,
                })
            };
            rows.iter().map(read).collect()
        })
    }
}

fn past_scan(row: &PgRow) -> Result<PastScan, StoreError> {
    Ok(PastScan {
        began_at: row.try_get("began_at")?,
        scheduled_for: row.try_get("scheduled_for")?,
        finished_at: row.try_get("finished_at")?,
        counts: COUNTS.into_iter().map(|name| Ok((name, count(row, name)?))).collect::<Result<_, StoreError>>()?,
        opening: row.try_get("opening")?,
        error: text(row, "error")?,
    })
}

/// A count, which a scan that failed has not.
fn count(row: &PgRow, column: &str) -> Result<u64, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}
