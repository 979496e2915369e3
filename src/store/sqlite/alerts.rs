//! Reading alerts and their events.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::clocks::{self, COLUMNS};
use super::rows::{ALERT_COLUMNS, OwnRow, alert, count, instant_text, read_amount, read_instant, subject};
use super::{SqliteStore, StoreError};
use crate::alert::{Alert, AlertEvent, AlertId, State};
use crate::claim::{Currency, Subject};
use crate::escalation::Pending;
use crate::sla::Rule;
use crate::store::change::json_text;
use crate::store::dossier::KINDS;
use crate::store::{AlertFilter, AlertStore, OpenCounts, Standing};

#[async_trait]
impl AlertStore for SqliteStore {
    async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new(format!("SELECT {ALERT_COLUMNS} FROM sla_alerts a WHERE true"));
        if filter.open {
            query.push(" AND a.state <> 'resolved'");
        }
        if filter.held {
            query.push(" AND a.held_since IS NOT NULL");
        }
        let conditions = [
            (" AND a.id = ", filter.id.map(|id| id.to_string())),
            (" AND a.state = ", filter.state.map(|state| state.as_str().to_owned())),
            (" AND a.rule = ", filter.rule.clone()),
            (" AND a.program_id = ", filter.program.clone()),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        if let Some(claim) = &filter.claim {
            // Each kind of clock has its own index, which only its own condition leads to.
            for (kind, before) in KINDS.into_iter().zip([" AND (", " OR "]) {
                query.push(format!("{before}a.{kind} AND a.claim_id = ")).push_bind(claim.clone());
            }
            query.push(")");
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
        rows.iter().map(|row| event(row, alert_id)).collect()
    }
}

/// A row of `sla_alert_events`, of that alert.
pub(super) fn event(row: &SqliteRow, alert_id: Uuid) -> Result<AlertEvent, StoreError> {
    let own = OwnRow { row, table: "sla_alert_events", id: alert_id.to_string() };
    Ok(AlertEvent {
        alert_id,
        seq: row.try_get("seq")?,
        at: own.parsed("at", read_instant)?,
        kind: row.try_get("kind")?,
        actor: row.try_get("actor")?,
        detail: own.parsed("detail", |text| serde_json::from_str(text).ok())?,
    })
}

pub(super) async fn open(
    reader: &mut SqliteConnection,
    rule: &Rule,
    calendars: (&str, &str),
    all: bool,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Alert, Option<Subject>)>, StoreError> {
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
        .fetch_all(&mut *reader)
        .await?;
    let read = |row| {
        let alert = alert(row)?;
        let present: bool = row.try_get("present")?;
        let claim = if present { Some(subject(row)?.0) } else { None };
        Ok((alert, claim))
    };
    rows.iter().map(read).collect()
}

pub(super) async fn standing(
    reader: &mut SqliteConnection,
    rule: &str,
    claim_ids: &[&str],
) -> Result<Vec<Standing>, StoreError> {
    // Each kind of clock has its own index, which only its own condition leads to; CROSS keeps the list in front.
    let kind = |line| {
        format!(
            "SELECT {PENDING_COLUMNS}, a.payment_id, a.clock_started_at, a.state, a.snoozed_until, \
             a.held_since IS NOT NULL AS held FROM json_each(?1) asked CROSS JOIN sla_alerts a ON a.claim_id = asked.value \
             WHERE a.rule = ?2 AND a.payment_id {line}"
        )
    };
    let sql = format!("{} UNION ALL {}", kind("IS NULL"), kind("IS NOT NULL"));
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(json_text(claim_ids)?).bind(rule).fetch_all(&mut *reader).await?;
    rows.iter().map(read_standing).collect()
}

/// A page of what escalation is to look at, after the deadline and id of the one before.
pub(super) async fn pending(
    reader: &mut SqliteConnection,
    now: DateTime<Utc>,
    all: bool,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state = 'breached' AND (?2 OR a.next_escalation_at <= ?1) \
         AND a.held_since IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= ?1) AND (?3 IS NULL OR (a.due_at, a.id) > (?3, ?4)) \
         ORDER BY a.due_at, a.id LIMIT ?5"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(instant_text(now))
        .bind(all)
        .bind(after.map(|(due_at, _)| instant_text(due_at)))
        .bind(after.map(|(_, id)| id.to_string()))
        .bind(limit)
        .fetch_all(&mut *reader)
        .await?;
    rows.iter().map(read_pending).collect()
}

pub(super) async fn open_counts(reader: &mut SqliteConnection) -> Result<OpenCounts, StoreError> {
    let rows = sqlx::query(
        "SELECT rule, count(*) FILTER (WHERE state = 'at_risk') AS at_risk, \
         count(*) FILTER (WHERE state = 'breached') AS breached FROM sla_alerts WHERE state <> 'resolved' GROUP BY rule",
    )
    .fetch_all(&mut *reader)
    .await?;
    let mut counts = BTreeMap::new();
    for row in &rows {
        counts.insert(row.try_get("rule")?, (count(row, "at_risk")?, count(row, "breached")?));
    }
    Ok(counts)
}

/// Alerts that were told of at `level` and resolved after `since`, the latest first.
pub(super) async fn settled(
    reader: &mut SqliteConnection,
    level: u32,
    since: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state = 'resolved' AND a.resolved_at > ?1 AND EXISTS \
         (SELECT 1 FROM alert_escalations told WHERE told.alert_id = a.id AND told.level = ?2) \
         ORDER BY a.resolved_at DESC, a.id DESC LIMIT ?3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(instant_text(since)).bind(level).bind(limit);
    rows.fetch_all(&mut *reader).await?.iter().map(read_pending).collect()
}

/// Open alerts whatever their state, after the one of that id.
pub(super) async fn open_after(
    reader: &mut SqliteConnection,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state <> 'resolved' AND a.id > ?1 ORDER BY a.id LIMIT ?2"
    );
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(&mut *reader).await?;
    rows.iter().map(read_pending).collect()
}

/// The alerts that are held, and since when the latest of them is.
pub(super) async fn held(reader: &mut SqliteConnection) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError> {
    let row = sqlx::query(
        "SELECT json_group_array(id) AS ids, max(held_since) AS latest FROM \
         (SELECT id, held_since FROM sla_alerts WHERE held_since IS NOT NULL ORDER BY due_at, id)",
    );
    let row = row.fetch_one(&mut *reader).await?;
    let own = OwnRow { row: &row, table: "sla_alerts", id: "held".into() };
    let ids = own.parsed("ids", |text| serde_json::from_str(text).ok())?;
    Ok((ids, own.optional("latest", read_instant)?))
}

/// The columns that [`read_pending`] reads, from `sla_alerts a`.
const PENDING_COLUMNS: &str = "a.id, a.rule, a.claim_id, a.program_id, a.partner_name, a.paying_entity, a.amount, \
    a.currency, a.calendar, a.due_at, a.inherited_at, a.acknowledged_at IS NOT NULL AS acknowledged, \
    a.acknowledged_until, (SELECT json_group_array(json_array(e.level, e.last_sent_at)) \
    FROM alert_escalations e WHERE e.alert_id = a.id) AS sent";

fn read_pending(row: &SqliteRow) -> Result<Pending, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
    Ok(Pending {
        alert_id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        program_id: row.try_get("program_id")?,
        partner_name: row.try_get("partner_name")?,
        paying_entity: row.try_get("paying_entity")?,
        amount: own.optional("amount", read_amount)?,
        currency: own.optional("currency", Currency::parse)?,
        calendar: row.try_get("calendar")?,
        due_at: own.parsed("due_at", read_instant)?,
        inherited_at: own.optional("inherited_at", read_instant)?,
        acknowledged: row.try_get("acknowledged")?,
        promised_until: own.optional("acknowledged_until", read_instant)?,
        sent: own.parsed("sent", read_sent)?,
    })
}

fn read_standing(row: &SqliteRow) -> Result<Standing, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
    let clock = AlertId {
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        payment_id: row.try_get("payment_id")?,
        clock_started_at: own.parsed("clock_started_at", read_instant)?,
    };
    let state = own.parsed("state", State::parse)?;
    let snoozed_until = own.optional("snoozed_until", read_instant)?;
    Ok(Standing { clock, state, snoozed_until, held: row.try_get("held")?, pending: read_pending(row)? })
}

fn read_sent(text: &str) -> Option<Vec<(u32, DateTime<Utc>)>> {
    let sent: Vec<(u32, String)> = serde_json::from_str(text).ok()?;
    sent.into_iter().map(|(level, at)| Some((level, read_instant(&at)?))).collect()
}
