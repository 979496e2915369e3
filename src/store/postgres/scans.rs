//! The record of scans.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::unit::{in_unit, query};
use super::{PostgresStore, leases};
use crate::store::{Scan, ScanCounts, ScanLog, ScanRecord, StoreError, Term};

#[async_trait]
impl ScanLog for PostgresStore {
    async fn is_served(&self, scheduled_for: DateTime<Utc>) -> Result<bool, StoreError> {
        in_unit!(self, unit, {
            let row = query(
                "SELECT EXISTS (SELECT FROM scans WHERE scheduled_for = $1 AND finished_at IS NOT NULL) AS served",
            );
            Ok(row.bind(scheduled_for).fetch_one(&mut **unit).await?.try_get("served")?)
        })
    }

    async fn fail_scan(&self, scan: &Scan, term: Option<Term>, error: &str) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            if let Some(term) = term {
                leases::stays_present(unit, term).await?;
            }
            query(
                "INSERT INTO scans (began_at, scheduled_for, settings, deadlines, error) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (scheduled_for) DO UPDATE SET began_at = excluded.began_at, settings = excluded.settings, \
                 deadlines = excluded.deadlines, error = excluded.error WHERE scans.finished_at IS NULL",
            )
            .bind(scan.began_at)
            .bind(scan.scheduled_for)
            .bind(&scan.settings)
            .bind(&scan.deadlines)
            .bind(error)
            .execute(&mut **unit)
            .await?;
            Ok(())
        })
    }

    async fn last_finished_scan(&self) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(None).await
    }

    async fn finished_scan_until(&self, until: DateTime<Utc>) -> Result<Option<ScanRecord>, StoreError> {
        self.finished_scan(Some(until)).await
    }

    async fn usual_openings(&self, since: DateTime<Utc>) -> Result<Vec<u64>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(
                "SELECT opened FROM scans WHERE began_at >= $1 AND opened > 0 AND opening = 'usual' \
                 AND finished_at IS NOT NULL",
            );
            let rows = rows.bind(since).fetch_all(&mut **unit).await?;
            rows.iter().map(|row| super::rows::count(row, "opened")).collect()
        })
    }

    async fn last_scheduled(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        in_unit!(self, unit, {
            let row = query("SELECT max(scheduled_for) AS latest FROM scans WHERE finished_at IS NOT NULL");
            Ok(row.fetch_one(&mut **unit).await?.try_get("latest")?)
        })
    }
}

impl PostgresStore {
    async fn finished_scan(&self, until: Option<DateTime<Utc>>) -> Result<Option<ScanRecord>, StoreError> {
        in_unit!(self, unit, {
            let row = query(
                "SELECT id, began_at, settings, deadlines FROM scans WHERE finished_at IS NOT NULL \
                 AND ($1::timestamptz IS NULL OR began_at <= $1) ORDER BY began_at DESC, id DESC LIMIT 1",
            )
            .bind(until)
            .fetch_optional(&mut **unit)
            .await?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(ScanRecord {
                id: row.try_get("id")?,
                began_at: row.try_get("began_at")?,
                settings: row.try_get("settings")?,
                deadlines: row.try_get("deadlines")?,
            }))
        })
    }
}

/// Notes that `scan` finished; `false`: another one served its instant.
pub(super) async fn finish(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    scan: &Scan,
    counts: &ScanCounts,
) -> Result<bool, StoreError> {
    let ScanCounts { recorded, messages, data_problems, opening } = counts;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = query(
        "INSERT INTO scans (began_at, scheduled_for, settings, finished_at, opened, warned, met, late, restarted, \
         withdrawn, messages, data_problems, deadlines, opening) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (scheduled_for) DO UPDATE SET began_at = excluded.began_at, settings = excluded.settings, \
         deadlines = excluded.deadlines, opening = excluded.opening, \
         finished_at = excluded.finished_at, opened = excluded.opened, warned = excluded.warned, met = excluded.met, \
         late = excluded.late, restarted = excluded.restarted, withdrawn = excluded.withdrawn, \
         messages = excluded.messages, data_problems = excluded.data_problems, error = NULL \
         WHERE scans.finished_at IS NULL",
    )
    .bind(scan.began_at)
    .bind(scan.scheduled_for)
    .bind(&scan.settings)
    .bind(now)
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
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
