//! Lists that people leaf through.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::outbox::item;
use super::rows::{ALERT_COLUMNS, OwnRow, alert, count, read_instant};
use super::{SqliteStore, StoreError};
use crate::alert::State;
use crate::store::browse::{
    self, ALIKE, AlertCount, AlertPage, AlertQuery, Browsing, DELIVERY, DailyCount, Dialect, Place, RecordedProblem,
    Statement,
};
use crate::store::change::json_text;
use crate::store::{DeliveryState, OutboxItem};

const DIALECT: Dialect = Dialect {
    instant: "text",
    id: "text",
    number: "real",
    amount: "CAST(a.amount AS real)",
    folded: "",
    worst: " INDEXED BY sla_alerts_worst",
    listed: " INDEXED BY sla_alerts_listed",
};

impl SqliteStore {
    async fn found(&self, statement: Statement) -> Result<Vec<SqliteRow>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(statement.sql));
        for value in statement.values {
            query = query.bind(value);
        }
        Ok(query.fetch_all(&self.readers).await?)
    }
}

#[async_trait]
impl Browsing for SqliteStore {
    async fn browse_alerts(
        &self,
        query: &AlertQuery,
        now: DateTime<Utc>,
        place: Option<&Place>,
        limit: u32,
    ) -> Result<AlertPage, StoreError> {
        let rows = self.found(browse::page(&DIALECT, ALERT_COLUMNS, query, now, place, limit)).await?;
        let alerts: Vec<_> = rows.iter().map(alert).collect::<Result<_, _>>()?;
        let total = match browse::is_whole(place, &alerts, limit) {
            true => alerts.len() as u64,
            false => {
                let total = self.found(browse::total(&DIALECT, query, now)).await?;
                total.first().map_or(Ok(0), |row| count(row, "total"))?
            }
        };
        Ok(browse::paged(alerts, total, query.sort, limit))
    }

    async fn count_alerts(&self) -> Result<Vec<AlertCount>, StoreError> {
        alike(&mut *self.readers.acquire().await?).await
    }

    async fn daily(&self, first: NaiveDate, last: NaiveDate) -> Result<Vec<DailyCount>, StoreError> {
        let rows = sqlx::query(
            "SELECT substr(at, 1, 10) AS day, count(*) FILTER (WHERE kind <> 'resolved') AS opened, \
             count(*) FILTER (WHERE kind = 'resolved') AS resolved FROM sla_alert_events \
             WHERE kind IN ('opened', 'breached', 'reopened', 'resolved') AND at >= ?1 AND at < ?2 || 'U' \
             AND detail ->> CASE kind WHEN 'resolved' THEN 'from' ELSE 'state' END = 'breached' GROUP BY 1 ORDER BY 1",
        )
        .bind(first.to_string())
        .bind(last.to_string())
        .fetch_all(&self.readers)
        .await?;
        let read = |row| {
            let day =
                OwnRow { row, table: "sla_alert_events", id: "day".into() }.parsed("day", |text| text.parse().ok())?;
            Ok(DailyCount { day, opened: count(row, "opened")?, resolved: count(row, "resolved")? })
        };
        rows.iter().map(read).collect()
    }

    async fn browse_deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} WHERE (?1 IS NULL OR o.state = ?1) AND (?2 IS NULL OR o.id < ?2) \
             ORDER BY o.id DESC LIMIT ?3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(state.map(DeliveryState::as_str))
            .bind(after.map(|id| id.to_string()))
            .bind(limit);
        rows.fetch_all(&self.readers).await?.iter().map(item).collect()
    }

    async fn deliveries_of(&self, messages: &[Uuid]) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!("SELECT {DELIVERY} WHERE o.message IN (SELECT value FROM json_each(?1)) ORDER BY o.id DESC");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(json_text(&messages)?);
        rows.fetch_all(&self.readers).await?.iter().map(item).collect()
    }

    async fn browse_problems(
        &self,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<RecordedProblem>, StoreError> {
        let rows = sqlx::query(
            "SELECT claim_id, kind, detail, first_seen_at, last_seen_at FROM data_problems WHERE resolved_at IS NULL \
             AND (?1 IS NULL OR (claim_id, kind) > (?1, ?2)) ORDER BY claim_id, kind LIMIT ?3",
        )
        .bind(after.map(|(claim, _)| claim))
        .bind(after.map(|(_, kind)| kind))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let read = |row| {
            let own = OwnRow { row, table: "data_problems", id: row.try_get("claim_id")? };
            Ok(RecordedProblem {
                claim_id: row.try_get("claim_id")?,
                kind: row.try_get("kind")?,
                detail: row.try_get("detail")?,
                first_seen_at: own.parsed("first_seen_at", read_instant)?,
                last_seen_at: own.parsed("last_seen_at", read_instant)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

/// Open alerts by rule, program, calendar, state and level.
pub(super) async fn alike(reader: &mut SqliteConnection) -> Result<Vec<AlertCount>, StoreError> {
    let read = |row: &SqliteRow| {
        let own = OwnRow { row, table: "sla_alerts", id: "counted".into() };
        Ok(AlertCount {
            rule: row.try_get("rule")?,
            program_id: row.try_get("program_id")?,
            calendar: row.try_get("calendar")?,
            state: own.parsed("state", State::parse)?,
            level: row.try_get("escalation_level")?,
            count: count(row, "alerts")?,
            acknowledged: count(row, "acknowledged")?,
            held: count(row, "held")?,
            oldest: own.optional("oldest", read_instant)?,
        })
    };
    sqlx::query(ALIKE).fetch_all(reader).await?.iter().map(read).collect()
}
