//! Counts for metrics and health.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;

use super::browse::alike;
use super::glance::{has_lines, parts};
use super::rows::count;
use super::unit::{in_unit, query};
use super::{PostgresStore, claims};
use crate::sla::Rule;
use crate::store::StoreError;
use crate::store::gauges::{Counting, Gauges, OUTBOX, OutboxGauges, PROBLEMS, RunningByProgram};

#[async_trait]
impl Counting for PostgresStore {
    async fn gauges(&self, now: DateTime<Utc>) -> Result<Gauges, StoreError> {
        in_unit!(self, unit, {
            let mut gauges = Gauges::default();
            alike(unit).await?.into_iter().for_each(|alike| gauges.add(alike));
            for row in &query(PROBLEMS).fetch_all(&mut **unit).await? {
                gauges.problems.insert(row.try_get("kind")?, count(row, "open")?);
            }
            let row = query(OUTBOX).bind(now).fetch_one(&mut **unit).await?;
            gauges.outbox = OutboxGauges {
                waiting: count(&row, "waiting")?,
                due: count(&row, "due")?,
                dead: count(&row, "dead")?,
                oldest: row.try_get("oldest")?,
            };
            gauges.disabled = count(&row, "disabled")?;
            Ok(gauges)
        })
    }

    async fn running_by_program(&self, rules: &[Rule], now: DateTime<Utc>) -> Result<RunningByProgram, StoreError> {
        in_unit!(self, unit, {
            let mut running = RunningByProgram::new();
            let lines = has_lines(unit).await?;
            for rule in rules.iter().filter(|rule| rule.enabled) {
                for part in parts(rule, lines) {
                    for row in &claims::counted_by_program(rule, *part, now)?.rows(unit).await? {
                        let program = row.try_get("program_id")?;
                        *running.entry((rule.name.clone(), program)).or_default() += count(row, "running")?;
                    }
                }
            }
            Ok(running)
        })
    }
}
