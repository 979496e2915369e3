//! The record of scans.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;

use super::rows::{OwnRow, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::store::{ScanCounts, ScanLog, ScanRecord};

/// Sorts after every instant that is kept.
const END_OF_TIME: &str = "9999-12-31T23:59:59.999999Z";

#[async_trait]
impl ScanLog for SqliteStore {
    async fn begin_scan(
        &self,
        now: DateTime<Utc>,
        scheduled_for: Option<DateTime<Utc>>,
        settings: &str,
    ) -> Result<Option<i64>, StoreError> {
        let id = sqlx::query_scalar(
            "INSERT INTO scans (began_at, scheduled_for, settings) VALUES (?, ?, ?) ON CONFLICT (scheduled_for) \
             DO UPDATE SET began_at = excluded.began_at, settings = excluded.settings, error = NULL \
             WHERE finished_at IS NULL RETURNING id",
        )
        .bind(instant_text(now))
        .bind(scheduled_for.map(instant_text))
        .bind(settings)
        .fetch_optional(&self.writer)
        .await?;
        Ok(id)
    }

    async fn finish_scan(&self, scan: i64, now: DateTime<Utc>, counts: &ScanCounts) -> Result<(), StoreError> {
        let ScanCounts { recorded, messages, data_problems } = counts;
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        sqlx::query(
            "UPDATE scans SET finished_at = ?2, opened = ?3, warned = ?4, met = ?5, late = ?6, restarted = ?7, \
             withdrawn = ?8, messages = ?9, data_problems = ?10 WHERE id = ?1",
        )
        .bind(scan)
        .bind(instant_text(now))
        .bind(count(recorded.opened))
        .bind(count(recorded.warned))
        .bind(count(recorded.met))
        .bind(count(recorded.late))
        .bind(count(recorded.restarted))
        .bind(count(recorded.withdrawn))
        .bind(count(*messages))
        .bind(count(*data_problems))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn fail_scan(&self, scan: i64, error: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE scans SET error = ? WHERE id = ?").bind(error).bind(scan).execute(&self.writer).await?;
        Ok(())
    }

    async fn last_finished_scan(&self) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(END_OF_TIME).await
    }

    async fn finished_scan_until(&self, until: DateTime<Utc>) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(&instant_text(until)).await
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
            "SELECT id, began_at, settings FROM scans WHERE finished_at IS NOT NULL AND began_at <= ? \
             ORDER BY began_at DESC, id DESC LIMIT 1",
        )
        .bind(until)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: i64 = row.try_get("id")?;
        let own = OwnRow { row: &row, table: "scans", id: id.to_string() };
        Ok(Some(ScanRecord { id, began_at: own.parsed("began_at", read_instant)?, settings: row.try_get("settings")? }))
    }
}
