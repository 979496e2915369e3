//! Transitions of alerts that there are → rows: each change and its events.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::StoreError;
use super::rows::{OwnRow, instant_text, read_amount, read_instant};
use crate::alert::{NewAlert, Opening, Recorded, Resolution, State, Transition};
use crate::claim::Currency;
use crate::store::change::Row;
use crate::store::story::ACTOR;

/// Applies `transitions` and counts what they changed: what the database says happened already is left alone.
pub(super) async fn apply(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    opening: Opening,
    transitions: &[Transition],
) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for transition in transitions {
        let row = match transition {
            Transition::Raise { alert, .. } => Some(of_clock(writer, alert).await?),
            Transition::RaiseResolved { .. } => None,
            Transition::Move { alert_id, .. }
            | Transition::Explain { alert_id, .. }
            | Transition::Resolve { alert_id, .. } => of_id(writer, *alert_id).await?,
        };
        let Some(mut row) = row else { continue };
        row.apply((now, opening), transition, &mut recorded)?;
        if row.changed {
            write(writer, &row).await?;
            add_events(writer, now, &row).await?;
        }
    }
    Ok(recorded)
}

const COLUMNS: &str = "id, claim_id, claim_status, state, resolution, due_at, detected_at, stopped_at, resolved_at, amount, \
    currency, calendar, escalation_level, next_escalation_at, held_since, inherited_at, \
    acknowledged_at IS NOT NULL AS acknowledged";

async fn of_id(writer: &mut SqliteConnection, id: Uuid) -> Result<Option<Row>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM sla_alerts WHERE id = ?");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(&mut *writer).await?;
    row.as_ref().map(read).transpose()
}

/// The alert that `alert`'s clock has already.
async fn of_clock(writer: &mut SqliteConnection, alert: &NewAlert) -> Result<Row, StoreError> {
    // Each kind of clock has its own index, which only its own condition leads to.
    let line = if alert.payment_id.is_some() { "= ?4" } else { "IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM sla_alerts WHERE claim_id = ?1 AND rule = ?2 AND clock_started_at = ?3 AND payment_id {line}"
    );
    let statement = sqlx::query(AssertSqlSafe(sql))
        .bind(&alert.claim_id)
        .bind(&alert.rule)
        .bind(instant_text(alert.clock_started_at));
    let statement = match &alert.payment_id {
        Some(payment_id) => statement.bind(payment_id),
        None => statement,
    };
    read(&statement.fetch_one(&mut *writer).await?)
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Row, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
    Ok(Row {
        id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
        claim_id: row.try_get("claim_id")?,
        claim_status: row.try_get("claim_status")?,
        state: own.parsed("state", State::parse)?,
        resolution: own.optional("resolution", Resolution::parse)?,
        due_at: own.parsed("due_at", read_instant)?,
        detected_at: own.parsed("detected_at", read_instant)?,
        stopped_at: own.optional("stopped_at", read_instant)?,
        resolved_at: own.optional("resolved_at", read_instant)?,
        amount: own.optional("amount", read_amount)?,
        currency: own.optional("currency", Currency::parse)?,
        calendar: row.try_get("calendar")?,
        escalation_level: row.try_get("escalation_level")?,
        next_escalation_at: own.optional("next_escalation_at", read_instant)?,
        held_since: own.optional("held_since", read_instant)?,
        inherited_at: own.optional("inherited_at", read_instant)?,
        acknowledged: row.try_get("acknowledged")?,
        explanation: None,
        untold: false,
        unacknowledged: false,
        happenings: Vec::new(),
        changed: false,
    })
}

async fn write(writer: &mut SqliteConnection, row: &Row) -> Result<(), StoreError> {
    if row.untold {
        sqlx::query("DELETE FROM alert_escalations WHERE alert_id = ?")
            .bind(row.id.to_string())
            .execute(&mut *writer)
            .await?;
    }
    if row.unacknowledged {
        sqlx::query(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL \
             WHERE id = ?",
        )
        .bind(row.id.to_string())
        .execute(&mut *writer)
        .await?;
    }
    sqlx::query(
        "UPDATE sla_alerts SET claim_status = ?2, state = ?3, resolution = ?4, due_at = ?5, detected_at = ?6, \
         stopped_at = ?7, resolved_at = ?8, amount = ?9, currency = ?10, calendar = ?11, escalation_level = ?12, \
         next_escalation_at = ?13, explanation = coalesce(?14, explanation), held_since = ?15, inherited_at = ?16 \
         WHERE id = ?1",
    )
    .bind(row.id.to_string())
    .bind(&row.claim_status)
    .bind(row.state.as_str())
    .bind(row.resolution.map(Resolution::as_str))
    .bind(instant_text(row.due_at))
    .bind(instant_text(row.detected_at))
    .bind(row.stopped_at.map(instant_text))
    .bind(row.resolved_at.map(instant_text))
    .bind(row.amount.map(|amount| amount.to_string()))
    .bind(row.currency.map(|currency| currency.to_string()))
    .bind(&row.calendar)
    .bind(row.escalation_level)
    .bind(row.next_escalation_at.map(instant_text))
    .bind(&row.explanation)
    .bind(row.held_since.map(instant_text))
    .bind(row.inherited_at.map(instant_text))
    .execute(&mut *writer)
    .await?;
    Ok(())
}

async fn add_events(writer: &mut SqliteConnection, now: DateTime<Utc>, row: &Row) -> Result<(), StoreError> {
    for (kind, detail) in &row.happenings {
        sqlx::query(
            "INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) SELECT ?1, \
             coalesce((SELECT max(seq) FROM sla_alert_events WHERE alert_id = ?1), 0) + 1, ?2, ?3, ?4, ?5",
        )
        .bind(row.id.to_string())
        .bind(instant_text(now))
        .bind(*kind)
        .bind(ACTOR)
        .bind(detail.to_string())
        .execute(&mut *writer)
        .await?;
    }
    Ok(())
}
