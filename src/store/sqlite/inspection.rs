//! What the file is made of, and what went wrong lately.

use std::fs;
use std::path::PathBuf;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use rustix::fs::statvfs;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

use super::rows::{OwnRow, read_instant};
use super::schema::MIGRATIONS;
use super::{SqliteStore, StoreError};
use crate::store::inspection::{
    AppliedMigration, BY_STATE, COUNTS, Engine, FAILED, FailedDeliveries, IndexState, Inspection, LATEST_SCANS,
    OwnIndex, PastScan, fit, own_indexes,
};

/// The file's settings that are shown.
const PRAGMAS: [&str; 4] = ["journal_mode", "encoding", "page_size", "freelist_count"];

#[async_trait]
impl Inspection for SqliteStore {
    async fn engine(&self) -> Result<Engine, StoreError> {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.readers).await?;
        let mut settings = Vec::new();
        for name in PRAGMAS {
            let row = sqlx::query(AssertSqlSafe(format!("PRAGMA {name}"))).fetch_one(&self.readers).await?;
            settings.push((name, row.try_get_unchecked(0)?));
        }
        let files = ["", "-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", self.path.display())));
        let bytes = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
        let disk = statvfs(&self.path).ok();
        let free = disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        Ok(Engine { version: format!("SQLite {version}"), bytes, free, clock: None, settings })
    }

    async fn migrations(&self) -> Result<Vec<AppliedMigration>, StoreError> {
        let rows = sqlx::query(
            "SELECT version, success, checksum, CAST(installed_on AS TEXT) AS applied FROM _sqlx_migrations ORDER BY version",
        );
        let read = |row: &SqliteRow| {
            let (version, checksum): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("checksum")?);
            let applied: Option<String> = row.try_get("applied")?;
            let applied = applied.and_then(|text| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").ok());
            Ok(AppliedMigration {
                version,
                fit: fit(&MIGRATIONS, version, row.try_get("success")?, &checksum),
                applied_at: applied.map(|at| at.and_utc()),
            })
        };
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn rows(&self, name: &'static str) -> Result<Option<u64>, StoreError> {
        let mut reader = self.readers.begin().await?;
        let there = sqlx::query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").bind(name);
        if there.fetch_optional(&mut *reader).await?.is_none() {
            return Ok(None);
        }
        let sql = AssertSqlSafe(format!("SELECT count(*) AS found FROM {name}"));
        count(&sqlx::query(sql).fetch_one(&mut *reader).await?, "found").map(Some)
    }

    async fn indexes(&self) -> Result<Vec<OwnIndex>, StoreError> {
        let there: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'index'").fetch_all(&self.readers).await?;
        let index = |(name, table): (&'static str, &'static str)| {
            let state = if there.iter().any(|other| other == name) { IndexState::There } else { IndexState::Missing };
            OwnIndex { name, table, state }
        };
        Ok(own_indexes(&MIGRATIONS).into_iter().map(index).collect())
    }

    async fn latest_scans(&self, most: u32) -> Result<Vec<PastScan>, StoreError> {
        let rows = sqlx::query(LATEST_SCANS).bind(most).fetch_all(&self.readers).await?;
        rows.iter().map(past_scan).collect()
    }

    async fn deliveries_by_state(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sqlx::query(BY_STATE).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get("state")?, count(row, "deliveries")?))).collect()
    }

    async fn failed_deliveries(&self, most: u32) -> Result<Vec<FailedDeliveries>, StoreError> {
        let rows = sqlx::query(FAILED).bind(most).fetch_all(&self.readers).await?;
        let read = |row: &SqliteRow| {
            Ok(FailedDeliveries {
                state: row.try_get("state")?,
                to_webhooks: row.try_get("to_webhooks")?,
                error: row.try_get("last_error")?,
                count: count(row, "deliveries")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn past_scan(row: &SqliteRow) -> Result<PastScan, StoreError> {
    let own = OwnRow { row, table: "scans", id: row.try_get::<i64, _>("id")?.to_string() };
    Ok(PastScan {
        began_at: own.parsed("began_at", read_instant)?,
        scheduled_for: own.optional("scheduled_for", read_instant)?,
        finished_at: own.optional("finished_at", read_instant)?,
        counts: COUNTS.into_iter().map(|name| Ok((name, count(row, name)?))).collect::<Result<_, StoreError>>()?,
        opening: row.try_get("opening")?,
        error: row.try_get("error")?,
    })
}

/// A count, which a scan that failed has not.
fn count(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}
