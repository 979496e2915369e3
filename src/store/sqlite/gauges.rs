//! Counts for metrics and health.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};

use super::browse::alike;
use super::claims::seconds_text;
use super::clocks::{self, Part};
use super::rows::{OwnRow, count, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::sla::Rule;
use crate::store::gauges::{Counting, Gauges, OUTBOX, OutboxGauges, PROBLEMS, RunningByProgram};

#[async_trait]
impl Counting for SqliteStore {
    async fn gauges(&self, now: DateTime<Utc>) -> Result<Gauges, StoreError> {
        let mut reader = self.readers.begin().await?;
        let mut gauges = Gauges::default();
        alike(&mut reader).await?.into_iter().for_each(|alike| gauges.add(alike));
        for row in &sqlx::query(PROBLEMS).fetch_all(&mut *reader).await? {
            gauges.problems.insert(row.try_get("kind")?, count(row, "open")?);
        }
        let row = sqlx::query(OUTBOX).bind(instant_text(now)).fetch_one(&mut *reader).await?;
        let oldest = OwnRow { row: &row, table: "outbox_messages", id: "oldest".into() };
        gauges.outbox = OutboxGauges {
            waiting: count(&row, "waiting")?,
            due: count(&row, "due")?,
            dead: count(&row, "dead")?,
            oldest: oldest.optional("oldest", read_instant)?,
        };
        gauges.disabled = count(&row, "disabled")?;
        Ok(gauges)
    }

    async fn running_by_program(&self, rules: &[Rule], now: DateTime<Utc>) -> Result<RunningByProgram, StoreError> {
        let mut reader = self.readers.begin().await?;
        let mut running = RunningByProgram::new();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            for part in Part::of(rule) {
                let sql = format!(
                    "SELECT c.program_id, count(*) AS running {} AND {} GROUP BY c.program_id",
                    clocks::running(rule, *part),
                    clocks::started(rule)
                );
                let rows = sqlx::query(AssertSqlSafe(sql))
                    .bind(instant_text(now))
                    .bind(format!("{}Z~", seconds_text(now)))
                    .fetch_all(&mut *reader)
                    .await?;
                for row in &rows {
                    *running.entry((rule.name.clone(), row.try_get("program_id")?)).or_default() +=
                        count(row, "running")?;
                }
            }
        }
        Ok(running)
    }
}
