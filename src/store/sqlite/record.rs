//! Transitions → rows: each alert's change and its event, within one transaction.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::rows::instant_text;
use crate::alert::{Cause, NewAlert, Recorded, Resolution, State, Transition};
use crate::escalation::Escalated;
use crate::now::fresh_id;

type InTransaction<'a> = &'a mut Transaction<'static, Sqlite>;

/// Who changes alerts here, in the event table.
const ACTOR: &str = "claimwatch";

/// Applies one transition and counts it, unless the database says that it happened already.
pub(super) async fn apply(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    transition: &Transition,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    match transition {
        Transition::Raise { alert, state } => raise(transaction, now, alert, *state, recorded).await,
        Transition::RaiseResolved { alert, stopped_at } => {
            let Some(id) = insert(transaction, now, alert, State::Breached).await? else { return Ok(()) };
            recorded.opened += 1;
            event(transaction, id, now, "opened", json!({"state": "breached", "cause": "found by the look-back"}))
                .await?;
            let cause = Cause::from("the clock stopped");
            resolve(transaction, now, id, (Resolution::Late, Some(*stopped_at)), None, &cause, recorded).await
        }
        Transition::Move { alert_id, alert, state, cause } => {
            move_deadline(transaction, now, *alert_id, (alert, *state), cause, recorded).await
        }
        Transition::Resolve { alert_id, resolution, stopped_at, claim_status, cause } => {
            let end = (*resolution, *stopped_at);
            resolve(transaction, now, *alert_id, end, claim_status.as_deref(), cause, recorded).await
        }
    }
}

async fn raise(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    alert: &NewAlert,
    state: State,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let detail = json!({"state": state, "due_at": alert.due_at, "claim_status": alert.claim_status});
    if let Some(id) = insert(transaction, now, alert, state).await? {
        recorded.count_opening(None, state);
        return event(transaction, id, now, "opened", detail).await;
    }
    let (id, before) = existing(transaction, alert).await?;
    let kind = match (before, state) {
        (State::AtRisk, State::Breached) => "breached",
        (State::Resolved, _) => "reopened",
        _ => return Ok(()),
    };
    open_again(transaction, now, id, alert, state).await?;
    recorded.count_opening(Some(before), state);
    event(transaction, id, now, kind, detail).await
}

/// Inserts an alert; `None` if its clock has one.
async fn insert(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    alert: &NewAlert,
    state: State,
) -> Result<Option<Uuid>, StoreError> {
    let id = fresh_id(now);
    let done = sqlx::query(
        "INSERT INTO sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, \
         claim_status, state, due_at, detected_at, amount, currency, paying_entity, calendar, next_escalation_at, \
         explanation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(id.to_string())
    .bind(&alert.rule)
    .bind(&alert.claim_id)
    .bind(&alert.payment_id)
    .bind(instant_text(alert.clock_started_at))
    .bind(&alert.program_id)
    .bind(&alert.partner_name)
    .bind(&alert.claim_status)
    .bind(state.as_str())
    .bind(instant_text(alert.due_at))
    .bind(instant_text(now))
    .bind(alert.amount.map(|amount| amount.to_string()))
    .bind(alert.currency.map(|currency| currency.to_string()))
    .bind(&alert.paying_entity)
    .bind(&alert.calendar)
    .bind((state == State::Breached).then(|| instant_text(now)))
    .bind(json_text(&alert.explanation)?)
    .execute(&mut **transaction)
    .await?;
    Ok((done.rows_affected() == 1).then_some(id))
}

/// The alert that `alert`'s clock has already.
async fn existing(transaction: InTransaction<'_>, alert: &NewAlert) -> Result<(Uuid, State), StoreError> {
    let row = sqlx::query(
        "SELECT id, state FROM sla_alerts WHERE claim_id = ? AND rule = ? AND payment_id IS ? AND clock_started_at = ?",
    )
    .bind(&alert.claim_id)
    .bind(&alert.rule)
    .bind(&alert.payment_id)
    .bind(instant_text(alert.clock_started_at))
    .fetch_one(&mut **transaction)
    .await?;
    let (id, state): (String, String) = (row.try_get("id")?, row.try_get("state")?);
    match (Uuid::parse_str(&id), State::parse(&state)) {
        (Ok(id), Some(state)) => Ok((id, state)),
        _ => Err(StoreError::Corrupt(format!("sla_alerts {id:?}: found state {state:?}"))),
    }
}

/// Makes an alert at risk breached, or one that was resolved open.
async fn open_again(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    alert: &NewAlert,
    state: State,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sla_alerts SET state = ?2, resolution = NULL, resolved_at = NULL, stopped_at = NULL, detected_at = ?3, \
         due_at = ?4, claim_status = ?5, calendar = ?6, explanation = ?7, amount = ?8, currency = ?9, \
         next_escalation_at = ?10 WHERE id = ?1",
    )
    .bind(id.to_string())
    .bind(state.as_str())
    .bind(instant_text(now))
    .bind(instant_text(alert.due_at))
    .bind(&alert.claim_status)
    .bind(&alert.calendar)
    .bind(json_text(&alert.explanation)?)
    .bind(alert.amount.map(|amount| amount.to_string()))
    .bind(alert.currency.map(|currency| currency.to_string()))
    .bind((state == State::Breached).then(|| instant_text(now)))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn move_deadline(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    (alert, state): (&NewAlert, State),
    cause: &Cause,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let before: Option<String> =
        sqlx::query_scalar("SELECT state FROM sla_alerts WHERE id = ? AND state <> 'resolved'")
            .bind(id.to_string())
            .fetch_optional(&mut **transaction)
            .await?;
    let Some(before) = before else { return Ok(()) };
    let breached = state == State::Breached && before != State::Breached.as_str();
    sqlx::query(
        "UPDATE sla_alerts SET state = ?2, due_at = ?3, calendar = ?4, explanation = ?5, \
         detected_at = CASE WHEN ?6 THEN ?7 ELSE detected_at END, \
         next_escalation_at = CASE ?2 WHEN 'breached' THEN ?7 END WHERE id = ?1",
    )
    .bind(id.to_string())
    .bind(state.as_str())
    .bind(instant_text(alert.due_at))
    .bind(&alert.calendar)
    .bind(json_text(&alert.explanation)?)
    .bind(breached)
    .bind(instant_text(now))
    .execute(&mut **transaction)
    .await?;
    let mut detail = json!(cause);
    detail["due_at"] = json!(alert.due_at);
    detail["calendar"] = json!(alert.calendar);
    event(transaction, id, now, "moved", detail).await?;
    recorded.moved += 1;
    if breached {
        event(transaction, id, now, "breached", json!({"state": state, "due_at": alert.due_at})).await?;
        recorded.opened += 1;
    }
    Ok(())
}

async fn resolve(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    (resolution, stopped_at): (Resolution, Option<DateTime<Utc>>),
    claim_status: Option<&str>,
    cause: &Cause,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let before: Option<String> =
        sqlx::query_scalar("SELECT state FROM sla_alerts WHERE id = ? AND state <> 'resolved'")
            .bind(id.to_string())
            .fetch_optional(&mut **transaction)
            .await?;
    let Some(before) = before else { return Ok(()) };
    sqlx::query(
        "UPDATE sla_alerts SET state = 'resolved', resolution = ?2, stopped_at = ?3, resolved_at = ?4, \
         claim_status = coalesce(?5, claim_status), next_escalation_at = NULL WHERE id = ?1",
    )
    .bind(id.to_string())
    .bind(resolution.as_str())
    .bind(stopped_at.map(instant_text))
    .bind(instant_text(now))
    .bind(claim_status)
    .execute(&mut **transaction)
    .await?;
    let mut detail = json!(cause);
    detail["from"] = json!(before);
    detail["resolution"] = json!(resolution);
    detail["stopped_at"] = json!(stopped_at);
    event(transaction, id, now, "resolved", detail).await?;
    recorded.count_resolution(resolution);
    Ok(())
}

/// Records one level of one alert; says whether it may go out: the alert is still open, and nobody else sent it.
pub(super) async fn escalated(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    message: Uuid,
    escalated: &Escalated,
) -> Result<bool, StoreError> {
    let Escalated { alert_id, level, last_sent_at } = escalated;
    let (id, at) = (alert_id.to_string(), instant_text(now));
    let taken = match last_sent_at {
        None => sqlx::query(
            "INSERT INTO alert_escalations (alert_id, level, first_sent_at, last_sent_at) SELECT id, ?2, ?3, ?3 \
             FROM sla_alerts WHERE id = ?1 AND state = 'breached' AND coalesce(snoozed_until <= ?3, true) \
             ON CONFLICT DO NOTHING",
        ),
        Some(_) => sqlx::query(
            "UPDATE alert_escalations SET last_sent_at = ?3 WHERE alert_id = ?1 AND level = ?2 AND last_sent_at = ?4 \
             AND EXISTS (SELECT 1 FROM sla_alerts WHERE id = ?1 AND state = 'breached' \
             AND acknowledged_at IS NULL AND coalesce(snoozed_until <= ?3, true))",
        ),
    };
    let taken = taken.bind(&id).bind(level).bind(&at).bind(last_sent_at.map(instant_text));
    if taken.execute(&mut **transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE sla_alerts SET escalation_level = max(escalation_level, ?2), last_escalated_at = ?3 WHERE id = ?1",
    )
    .bind(&id)
    .bind(level)
    .bind(&at)
    .execute(&mut **transaction)
    .await?;
    let kind = if escalated.is_reminder() { "reminded" } else { "escalated" };
    event(transaction, *alert_id, now, kind, json!({"level": level, "message": message})).await?;
    Ok(true)
}

async fn event(
    transaction: InTransaction<'_>,
    alert_id: Uuid,
    now: DateTime<Utc>,
    kind: &'static str,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) SELECT ?1, \
         coalesce((SELECT max(seq) FROM sla_alert_events WHERE alert_id = ?1), 0) + 1, ?2, ?3, ?4, ?5",
    )
    .bind(alert_id.to_string())
    .bind(instant_text(now))
    .bind(kind)
    .bind(ACTOR)
    .bind(detail.to_string())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn json_text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}
