//! The record of scans.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::rows::{OwnRow, count, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::store::{Scan, ScanCounts, ScanLog, ScanRecord, Term};

/// Sorts after every instant that is kept.
const END_OF_TIME: &str = "9999-12-31T23:59:59.999999Z";

#[async_trait]
impl ScanLog for SqliteStore {
    async fn is_served(&self, scheduled_for: DateTime<Utc>) -> Result<bool, StoreError> {
        let served = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM scans WHERE scheduled_for = ? AND finished_at IS NOT NULL)",
        );
        Ok(served.bind(instant_text(scheduled_for)).fetch_one(&self.readers).await?)
    }

    async fn fail_scan(&self, scan: &Scan, _term: Option<Term>, error: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO scans (began_at, scheduled_for, settings, deadlines, error) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (scheduled_for) DO UPDATE SET began_at = excluded.began_at, settings = excluded.settings, \
             deadlines = excluded.deadlines, error = excluded.error WHERE finished_at IS NULL",
        )
        .bind(instant_text(scan.began_at))
        .bind(scan.scheduled_for.map(instant_text))
        .bind(&scan.settings)
        .bind(&scan.deadlines)
        .bind(error)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn last_finished_scan(&self) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(END_OF_TIME).await
    }

    async fn finished_scan_until(&self, until: DateTime<Utc>) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(&instant_text(until)).await
    }

    async fn usual_openings(&self, since: DateTime<Utc>) -> Result<Vec<u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT opened FROM scans WHERE began_at >= ? AND opened > 0 AND opening = 'usual' AND finished_at IS NOT NULL",
        );
        let rows = rows.bind(instant_text(since)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| count(row, "opened")).collect()
    }

    async fn last_scheduled(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = sqlx::query("SELECT max(scheduled_for) AS latest FROM scans WHERE finished_at IS NOT NULL")
            .fetch_one(&self.readers)
            .await?;
        OwnRow { row: &row, table: "scans", id: "latest".into() }.optional("latest", read_instant)
    }
}

impl SqliteStore {
    async fn finished_scan(&self, until: &str) -> Result<Option<ScanRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT id, began_at, settings, deadlines FROM scans WHERE finished_at IS NOT NULL AND began_at <= ? \
             ORDER BY began_at DESC, id DESC LIMIT 1",
        )
        .bind(until)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: i64 = row.try_get("id")?;
        let own = OwnRow { row: &row, table: "scans", id: id.to_string() };
        Ok(Some(ScanRecord {
            id,
            began_at: own.parsed("began_at", read_instant)?,
            settings: row.try_get("settings")?,
            deadlines: row.try_get("deadlines")?,
        }))
    }
}

/// Notes that `scan` finished; `false`: another one served its instant.
pub(super) async fn finish(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    scan: &Scan,
    counts: &ScanCounts,
) -> Result<bool, StoreError> {
    let ScanCounts { recorded, messages, data_problems, opening } = counts;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = sqlx::query(
        "INSERT INTO scans (began_at, scheduled_for, settings, finished_at, opened, warned, met, late, restarted, \
         withdrawn, messages, data_problems, deadlines, opening) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (scheduled_for) DO UPDATE SET began_at = excluded.began_at, settings = excluded.settings, \
         deadlines = excluded.deadlines, opening = excluded.opening, finished_at = excluded.finished_at, \
         opened = excluded.opened, warned = excluded.warned, met = excluded.met, late = excluded.late, \
         restarted = excluded.restarted, withdrawn = excluded.withdrawn, messages = excluded.messages, \
         data_problems = excluded.data_problems, error = NULL WHERE finished_at IS NULL",
    )
    .bind(instant_text(scan.began_at))
    .bind(scan.scheduled_for.map(instant_text))
    .bind(&scan.settings)
    .bind(instant_text(now))
    .bind(count(recorded.opened))
    .bind(count(recorded.warned))
    .bind(count(recorded.met))
    .bind(count(recorded.late))
    .bind(count(recorded.restarted))
    .bind(count(recorded.withdrawn))
    .bind(count(*messages))
    .bind(count(*data_problems))
    .bind(&scan.deadlines)
    .bind(opening.as_str())
    .execute(&mut *writer)
    .await?;
    Ok(done.rows_affected() == 1)
}
