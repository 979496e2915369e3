//! Lists that people leaf through.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::PostgresStore;
use super::outbox::item;
use super::rows::{ALERT_COLUMNS, OwnRow, alert, count, level};
use super::unit::{Unit, in_unit, made, query};
use crate::alert::State;
use crate::store::browse::{
    self, ALIKE, AlertCount, AlertPage, AlertQuery, Browsing, DELIVERY, DailyCount, Dialect, Place, RecordedProblem,
    Statement,
};
use crate::store::{DeliveryState, OutboxItem, StoreError};

const DIALECT: Dialect = Dialect {
    instant: "timestamptz",
    id: "uuid",
    number: "numeric",
    amount: "a.amount",
    folded: "lower",
    worst: "",
    listed: "",
};

async fn found(unit: &mut Unit, statement: Statement) -> Result<Vec<PgRow>, StoreError> {
    let mut query = made(statement.sql);
    for value in statement.values {
        query = query.bind(value);
    }
    Ok(query.fetch_all(&mut **unit).await?)
}

#[async_trait]
impl Browsing for PostgresStore {
    async fn browse_alerts(
        &self,
        query: &AlertQuery,
        now: DateTime<Utc>,
        place: Option<&Place>,
        limit: u32,
    ) -> Result<AlertPage, StoreError> {
        in_unit!(self, unit, {
            let rows = found(unit, browse::page(&DIALECT, ALERT_COLUMNS, query, now, place, limit)).await?;
            let alerts: Vec<_> = rows.iter().map(alert).collect::<Result<_, _>>()?;
            let total = match browse::is_whole(place, &alerts, limit) {
                true => alerts.len() as u64,
                false => {
                    let total = found(unit, browse::total(&DIALECT, query, now)).await?;
                    total.first().map_or(Ok(0), |row| count(row, "total"))?
                }
            };
            Ok(browse::paged(alerts, total, query.sort, limit))
        })
    }

    async fn count_alerts(&self) -> Result<Vec<AlertCount>, StoreError> {
        in_unit!(self, unit, alike(unit).await)
    }

    async fn daily(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<DailyCount>, StoreError> {
        let read = |row: &PgRow| {
            Ok(DailyCount {
                day: row.try_get("day")?,
                opened: count(row, "opened")?,
                resolved: count(row, "resolved")?,
            })
        };
        in_unit!(self, unit, {
            let rows = query(
                "SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) FILTER (WHERE kind <> 'resolved') AS opened, \
                 count(*) FILTER (WHERE kind = 'resolved') AS resolved FROM sla_alert_events \
                 WHERE kind IN ('opened', 'breached', 'reopened', 'resolved') AND at >= $1::date::timestamp AT TIME ZONE 'UTC' \
                 AND at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC' \
                 AND detail ->> CASE kind WHEN 'resolved' THEN 'from' ELSE 'state' END = 'breached' GROUP BY 1 ORDER BY 1",
            );
            rows.bind(first).bind(last).fetch_all(&mut **unit).await?.iter().map(read).collect()
        })
    }

    async fn browse_deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} WHERE ($1::text IS NULL OR o.state = $1) AND ($2::uuid IS NULL OR o.id < $2) \
             ORDER BY o.id DESC LIMIT $3"
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone()).bind(state.map(DeliveryState::as_str)).bind(after).bind(i64::from(limit));
            rows.fetch_all(&mut **unit).await?.iter().map(item).collect()
        })
    }

    async fn deliveries_of(&self, messages: &[Uuid]) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!("SELECT {DELIVERY} WHERE o.message = ANY ($1) ORDER BY o.id DESC");
        in_unit!(self, unit, {
            made(sql.clone()).bind(messages).fetch_all(&mut **unit).await?.iter().map(item).collect()
        })
    }

    async fn browse_problems(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<RecordedProblem>, StoreError> {
        let read = |row: &PgRow| {
            Ok(RecordedProblem {
                claim_id: row.try_get("claim_id")?,
                kind: row.try_get("kind")?,
                detail: row.try_get("detail")?,
                first_seen_at: row.try_get("first_seen_at")?,
                last_seen_at: row.try_get("last_seen_at")?,
            })
        };
        in_unit!(self, unit, {
            let rows = query(
                "SELECT claim_id, kind, detail, first_seen_at, last_seen_at FROM data_problems WHERE resolved_at IS NULL \
                 AND ($1::text IS NULL OR (claim_id, kind) > ($1, $2)) ORDER BY claim_id, kind LIMIT $3",
            )
            .bind(after.map(|(claim, _)| claim))
            .bind(after.map(|(_, kind)| kind))
            .bind(i64::from(limit));
            rows.fetch_all(&mut **unit).await?.iter().map(read).collect()
        })
    }
}

/// Open alerts by rule, program, calendar, state and level.
pub(super) async fn alike(unit: &mut Unit) -> Result<Vec<AlertCount>, StoreError> {
    let read = |row: &PgRow| {
        let own = OwnRow { row, table: "sla_alerts", id: "counted".into() };
        Ok(AlertCount {
            rule: row.try_get("rule")?,
            program_id: row.try_get("program_id")?,
            calendar: row.try_get("calendar")?,
            state: own.parsed("state", State::parse)?,
            level: level(row, "escalation_level")?,
            count: count(row, "alerts")?,
            acknowledged: count(row, "acknowledged")?,
            held: count(row, "held")?,
            oldest: row.try_get("oldest")?,
        })
    };
    query(ALIKE).fetch_all(&mut **unit).await?.iter().map(read).collect()
}
