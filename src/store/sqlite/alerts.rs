//! Alerts, their events and their escalation.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::clocks::{self, COLUMNS};
use super::rows::{ALERT_COLUMNS, OwnRow, alert, instant_text, read_instant, subject};
use super::{SqliteStore, StoreError, escalate, record};
use crate::alert::{Alert, AlertEvent, AlertId, Recorded, State, Transition};
use crate::claim::{DataProblem, Subject};
use crate::escalation::{Message, Pending};
use crate::sla::Rule;
use crate::store::{AlertFilter, AlertStore, OpenCounts, PageKey, Readable, Standing};

/// Data problems in one statement.
const PROBLEMS: usize = 200;

#[async_trait]
impl AlertStore for SqliteStore {
    async fn open_alerts(
        &self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Readable<Subject>>)>, StoreError> {
        let sql = format!(
            "SELECT {ALERT_COLUMNS}, c.claim_id IS NOT NULL AND (a.payment_id IS NULL OR l.payment_id IS NOT NULL) AS present, \
             {COLUMNS}, l.payment_id AS l_payment_id, l.paying_entity AS l_paying_entity, l.amount AS l_amount, \
             l.currency AS l_currency, l.paid_at AS l_paid_at, \
             EXISTS (SELECT 1 FROM source_payments other WHERE other.claim_id = c.claim_id) AS has_payments \
             FROM sla_alerts a LEFT JOIN source_claims c ON c.claim_id = a.claim_id \
             LEFT JOIN source_programs p ON p.program_id = c.program_id \
             LEFT JOIN source_payments l ON l.payment_id = a.payment_id AND l.claim_id = a.claim_id \
             WHERE a.rule = ?2 AND a.state <> 'resolved' AND a.id > ?3 AND (?4 OR NOT {}) ORDER BY a.id LIMIT ?5",
            clocks::runs_on(rule)
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(calendars.0)
            .bind(&rule.name)
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(all)
            .bind(limit)
            .bind(calendars.1)
            .fetch_all(&self.readers)
            .await?;
        let read = |row| {
            let alert = alert(row)?;
            let present: bool = row.try_get("present")?;
            let claim = if present { Some(subject(row)?) } else { None };
            let key =
                PageKey { part: 0, at: String::new(), claim_id: alert.claim_id.clone(), payment_id: String::new() };
            Ok((alert, claim.map(|(value, _)| Readable { value, key })))
        };
        rows.iter().map(read).collect()
    }

    async fn standing(&self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError> {
        // Each kind of clock has its own index, which only its own condition leads to; CROSS keeps the list in front.
        let kind = |line| {
            format!(
                "SELECT {PENDING_COLUMNS}, a.claim_id, a.payment_id, a.clock_started_at, a.state, a.snoozed_until \
                 FROM json_each(?1) asked CROSS JOIN sla_alerts a ON a.claim_id = asked.value \
                 WHERE a.rule = ?2 AND a.payment_id {line}"
            )
        };
        let sql = format!("{} UNION ALL {}", kind("IS NULL"), kind("IS NOT NULL"));
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(record::json_text(claim_ids)?)
            .bind(rule)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(standing).collect()
    }

    async fn record(&self, now: DateTime<Utc>, transitions: &[Transition]) -> Result<Recorded, StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = record::apply(&mut transaction, now, transitions).await?;
        transaction.commit().await?;
        Ok(recorded)
    }

    async fn record_problems(&self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let at = instant_text(now);
        // All of them first: a scan of the same instant may have seen more than this one.
        sqlx::query("UPDATE data_problems SET resolved_at = ? WHERE resolved_at IS NULL")
            .bind(&at)
            .execute(&mut *transaction)
            .await?;
        for problems in problems.chunks(PROBLEMS) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO data_problems (claim_id, kind, detail, first_seen_at, last_seen_at) ",
            );
            query.push_values(problems, |mut row, DataProblem { claim_id, kind, detail }| {
                row.push_bind(claim_id).push_bind(kind.as_str()).push_bind(detail).push_bind(&at).push_bind(&at);
            });
            query.push(
                " ON CONFLICT (claim_id, kind) DO UPDATE SET detail = excluded.detail, \
                 last_seen_at = excluded.last_seen_at, resolved_at = NULL",
            );
            query.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(problems.len() as u64)
    }

    async fn pending_escalations(&self, now: DateTime<Utc>, all: bool) -> Result<Vec<Pending>, StoreError> {
        let sql = format!(
            "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state = 'breached' AND (?2 OR a.next_escalation_at <= ?1) \
             AND (a.snoozed_until IS NULL OR a.snoozed_until <= ?1) ORDER BY a.due_at, a.id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(instant_text(now)).bind(all).fetch_all(&self.readers).await?;
        rows.iter().map(pending).collect()
    }

    async fn escalate(&self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let mut digest = message.digest.clone();
        let taken = escalate::escalated(&mut transaction, now, id, &message.alerts).await?;
        digest.escalated.retain(|alert_id| taken.contains(alert_id));
        digest.reminded.retain(|alert_id| taken.contains(alert_id));
        let alerts = digest.escalated.len() + digest.reminded.len();
        if alerts == 0 {
            return Ok(false);
        }
        let facts = serde_json::to_string(&digest).map_err(|error| StoreError::Failed(error.to_string()))?;
        sqlx::query("INSERT INTO outbox_messages (id, created_at, level, alerts, facts) VALUES (?, ?, ?, ?, ?)")
            .bind(id.to_string())
            .bind(instant_text(now))
            .bind(digest.level)
            .bind(i64::try_from(alerts).unwrap_or(i64::MAX))
            .bind(facts)
            .execute(&mut *transaction)
            .await?;
        for recipient in digest.to.iter().chain(&digest.cc) {
            sqlx::query(
                "INSERT INTO outbox (id, message, recipient, next_attempt_at) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (message, recipient) DO NOTHING",
            )
            .bind(crate::now::fresh_id(now).to_string())
            .bind(id.to_string())
            .bind(recipient.email.to_string())
            .bind(instant_text(now))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn schedule_escalations(&self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError> {
        let mut by_instant: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
        for (alert_id, at) in next {
            by_instant.entry(at.map(instant_text)).or_default().push(*alert_id);
        }
        let mut transaction = self.begin().await?;
        for (at, ids) in by_instant {
            let ids = serde_json::to_string(&ids).map_err(|error| StoreError::Failed(error.to_string()))?;
            sqlx::query(
                "UPDATE sla_alerts SET next_escalation_at = ?2 \
                 WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'breached'",
            )
            .bind(ids)
            .bind(at)
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new(format!("SELECT {ALERT_COLUMNS} FROM sla_alerts a WHERE true"));
        if filter.open {
            query.push(" AND a.state <> 'resolved'");
        }
        let conditions = [
            (" AND a.id = ", filter.id.map(|id| id.to_string())),
            (" AND a.state = ", filter.state.map(|state| state.as_str().to_owned())),
            (" AND a.rule = ", filter.rule.clone()),
            (" AND a.program_id = ", filter.program.clone()),
            (" AND a.claim_id = ", filter.claim.clone()),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        query.push(" ORDER BY a.due_at, a.id");
        query.build().fetch_all(&self.readers).await?.iter().map(alert).collect()
    }

    async fn events(&self, alert_id: Uuid) -> Result<Vec<AlertEvent>, StoreError> {
        let rows =
            sqlx::query("SELECT seq, at, kind, actor, detail FROM sla_alert_events WHERE alert_id = ? ORDER BY seq")
                .bind(alert_id.to_string())
                .fetch_all(&self.readers)
                .await?;
        let read = |row| {
            let own = OwnRow { row, table: "sla_alert_events", id: alert_id.to_string() };
            Ok(AlertEvent {
                alert_id,
                seq: row.try_get("seq")?,
                at: own.parsed("at", read_instant)?,
                kind: row.try_get("kind")?,
                actor: row.try_get("actor")?,
                detail: own.parsed("detail", |text| serde_json::from_str(text).ok())?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn open_counts(&self) -> Result<OpenCounts, StoreError> {
        let rows = sqlx::query(
            "SELECT rule, count(*) FILTER (WHERE state = 'at_risk') AS at_risk, \
             count(*) FILTER (WHERE state = 'breached') AS breached FROM sla_alerts WHERE state <> 'resolved' GROUP BY rule",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut counts = BTreeMap::new();
        for row in &rows {
            let count = |column| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
            counts.insert(row.try_get("rule")?, (count("at_risk")?, count("breached")?));
        }
        Ok(counts)
    }
}

/// The columns that [`pending`] reads, from `sla_alerts a`.
const PENDING_COLUMNS: &str = "a.id, a.rule, a.program_id, a.paying_entity, a.calendar, a.due_at, \
    a.acknowledged_at IS NOT NULL AS acknowledged, (SELECT json_group_array(json_array(e.level, e.last_sent_at)) \
    FROM alert_escalations e WHERE e.alert_id = a.id) AS sent";

fn pending(row: &SqliteRow) -> Result<Pending, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
    Ok(Pending {
        alert_id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
        rule: row.try_get("rule")?,
        program_id: row.try_get("program_id")?,
        paying_entity: row.try_get("paying_entity")?,
        calendar: row.try_get("calendar")?,
        due_at: own.parsed("due_at", read_instant)?,
        acknowledged: row.try_get("acknowledged")?,
        sent: own.parsed("sent", read_sent)?,
    })
}

fn standing(row: &SqliteRow) -> Result<Standing, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
    let clock = AlertId {
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        payment_id: row.try_get("payment_id")?,
        clock_started_at: own.parsed("clock_started_at", read_instant)?,
    };
    let state = own.parsed("state", State::parse)?;
    let snoozed_until = own.optional("snoozed_until", read_instant)?;
    Ok(Standing { clock, state, snoozed_until, pending: pending(row)? })
}

fn read_sent(text: &str) -> Option<Vec<(u32, DateTime<Utc>)>> {
    let sent: Vec<(u32, String)> = serde_json::from_str(text).ok()?;
    sent.into_iter().map(|(level, at)| Some((level, read_instant(&at)?))).collect()
}
