//! Transitions → rows: each alert's change and its event, within one transaction.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::rows::instant_text;
use crate::alert::{Cause, NewAlert, Recorded, Resolution, State, Transition};
use crate::now::fresh_id;

pub(super) type InTransaction<'a> = &'a mut Transaction<'static, Sqlite>;

/// Who changes alerts here, in the event table.
pub(super) const ACTOR: &str = "claimwatch";

/// Applies `transitions` and counts what they changed: what the database says happened already is left alone.
pub(super) async fn apply(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    transitions: &[Transition],
) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    let raised: Vec<Raised<'_>> = transitions.iter().filter_map(|transition| Raised::of(transition, now)).collect();
    let inserted = insert(transaction, now, &raised).await?;
    for raised in raised {
        if inserted.contains(&raised.id) {
            recorded.count_opening(None, raised.state);
            if let Some(stopped_at) = raised.stopped_at {
                let end = (Resolution::Late, Some(stopped_at));
                resolve(transaction, now, raised.id, end, None, &Cause::from("the clock stopped"), &mut recorded)
                    .await?;
            }
        } else if raised.stopped_at.is_none() {
            raise_existing(transaction, now, raised.alert, raised.state, &mut recorded).await?;
        }
    }
    for transition in transitions {
        match transition {
            Transition::Raise { .. } | Transition::RaiseResolved { .. } => {}
            Transition::Move { alert_id, alert, state, cause } => {
                move_deadline(transaction, now, *alert_id, (alert, *state), cause, &mut recorded).await?;
            }
            Transition::Explain { alert_id, explanation } => {
                sqlx::query("UPDATE sla_alerts SET explanation = ?2 WHERE id = ?1 AND state <> 'resolved'")
                    .bind(alert_id.to_string())
                    .bind(json_text(explanation)?)
                    .execute(&mut **transaction)
                    .await?;
            }
            Transition::Resolve { alert_id, resolution, stopped_at, claim_status, cause } => {
                let end = (*resolution, *stopped_at);
                resolve(transaction, now, *alert_id, end, claim_status.as_deref(), cause, &mut recorded).await?;
            }
        }
    }
    Ok(recorded)
}

/// An alert to be inserted, if its clock has none.
struct Raised<'a> {
    id: Uuid,
    alert: &'a NewAlert,
    state: State,
    /// For a clock that stopped unseen.
    stopped_at: Option<DateTime<Utc>>,
}

impl<'a> Raised<'a> {
    fn of(transition: &'a Transition, now: DateTime<Utc>) -> Option<Self> {
        let (alert, state, stopped_at) = match transition {
            Transition::Raise { alert, state } => (alert, *state, None),
            Transition::RaiseResolved { alert, stopped_at } => (alert, State::Breached, Some(*stopped_at)),
            Transition::Move { .. } | Transition::Explain { .. } | Transition::Resolve { .. } => return None,
        };
        Some(Self { id: fresh_id(now), alert, state, stopped_at })
    }
}

/// The clock of `alert` has one already: it becomes breached if it was at risk, and opens again if it was resolved.
async fn raise_existing(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    alert: &NewAlert,
    state: State,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let (id, before) = existing(transaction, alert).await?;
    let kind = match (before, state) {
        (State::AtRisk, State::Breached) => "breached",
        (State::Resolved, _) => "reopened",
        _ => return Ok(()),
    };
    open_again(transaction, now, id, alert, state).await?;
    recorded.count_opening(Some(before), state);
    event(transaction, id, now, kind, opening(alert, state)).await
}

/// What an event says of an alert that opens.
fn opening(alert: &NewAlert, state: State) -> serde_json::Value {
    json!({"state": state, "due_at": alert.due_at, "claim_status": alert.claim_status})
}

/// Rows in one statement: an alert takes 17 of SQLite's 32,766 parameters.
const ROWS: usize = 250;

/// Inserts the alerts whose clock has none, each with its first event; returns their ids.
async fn insert(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    raised: &[Raised<'_>],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut inserted = HashSet::with_capacity(raised.len());
    for raised in raised.chunks(ROWS) {
        let explanations: Vec<String> =
            raised.iter().map(|raised| json_text(&raised.alert.explanation)).collect::<Result<_, _>>()?;
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, \
             claim_status, state, due_at, detected_at, amount, currency, paying_entity, calendar, next_escalation_at, \
             explanation) ",
        );
        query.push_values(
            raised.iter().zip(explanations),
            |mut row, (Raised { id, alert, state, .. }, explanation)| {
                row.push_bind(id.to_string())
                    .push_bind(&alert.rule)
                    .push_bind(&alert.claim_id)
                    .push_bind(&alert.payment_id)
                    .push_bind(instant_text(alert.clock_started_at))
                    .push_bind(&alert.program_id)
                    .push_bind(&alert.partner_name)
                    .push_bind(&alert.claim_status)
                    .push_bind(state.as_str())
                    .push_bind(instant_text(alert.due_at))
                    .push_bind(instant_text(now))
                    .push_bind(alert.amount.map(|amount| amount.to_string()))
                    .push_bind(alert.currency.map(|currency| currency.to_string()))
                    .push_bind(&alert.paying_entity)
                    .push_bind(&alert.calendar)
                    .push_bind((*state == State::Breached).then(|| instant_text(now)))
                    .push_bind(explanation);
            },
        );
        query.push(" ON CONFLICT DO NOTHING RETURNING id");
        for row in query.build().fetch_all(&mut **transaction).await? {
            inserted.extend(Uuid::parse_str(&row.try_get::<String, _>("id")?));
        }
        let new: Vec<&Raised<'_>> = raised.iter().filter(|raised| inserted.contains(&raised.id)).collect();
        if new.is_empty() {
            continue;
        }
        let mut query =
            QueryBuilder::<Sqlite>::new("INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) ");
        query.push_values(new, |mut row, raised| {
            row.push_bind(raised.id.to_string()).push_bind(1).push_bind(instant_text(now)).push_bind("opened");
            row.push_bind(ACTOR).push_bind(opening(raised.alert, raised.state).to_string());
        });
        query.build().execute(&mut **transaction).await?;
    }
    Ok(inserted)
}

/// The alert that `alert`'s clock has already.
async fn existing(transaction: InTransaction<'_>, alert: &NewAlert) -> Result<(Uuid, State), StoreError> {
    // Each kind of clock has its own index, which only its own condition leads to.
    let statement = match &alert.payment_id {
        Some(_) => {
            "SELECT id, state FROM sla_alerts WHERE claim_id = ?1 AND rule = ?2 AND clock_started_at = ?3 AND payment_id = ?4"
        }
        None => {
            "SELECT id, state FROM sla_alerts WHERE claim_id = ?1 AND rule = ?2 AND clock_started_at = ?3 AND payment_id IS NULL"
        }
    };
    let statement =
        sqlx::query(statement).bind(&alert.claim_id).bind(&alert.rule).bind(instant_text(alert.clock_started_at));
    let statement = match &alert.payment_id {
        Some(payment_id) => statement.bind(payment_id),
        None => statement,
    };
    let row = statement.fetch_one(&mut **transaction).await?;
    let (id, state): (String, String) = (row.try_get("id")?, row.try_get("state")?);
    match (Uuid::parse_str(&id), State::parse(&state)) {
        (Ok(id), Some(state)) => Ok((id, state)),
        _ => Err(StoreError::Corrupt(format!("sla_alerts {id:?}: found state {state:?}"))),
    }
}

/// Makes an alert at risk breached, or one that was resolved open. By a new deadline nobody has been told anything yet.
async fn open_again(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    alert: &NewAlert,
    state: State,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM alert_escalations WHERE alert_id = ?1 AND (SELECT due_at FROM sla_alerts WHERE id = ?1) <> ?2",
    )
    .bind(id.to_string())
    .bind(instant_text(alert.due_at))
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "UPDATE sla_alerts SET state = ?2, resolution = NULL, resolved_at = NULL, stopped_at = NULL, detected_at = ?3, \
         due_at = ?4, claim_status = ?5, calendar = ?6, explanation = ?7, amount = ?8, currency = ?9, \
         next_escalation_at = ?10, escalation_level = CASE WHEN due_at = ?4 THEN escalation_level ELSE 0 END WHERE id = ?1",
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
    let row = sqlx::query("SELECT state, due_at, calendar FROM sla_alerts WHERE id = ? AND state <> 'resolved'")
        .bind(id.to_string())
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let before: String = row.try_get("state")?;
    let known = (row.try_get::<String, _>("due_at")?, row.try_get::<String, _>("calendar")?);
    if before == state.as_str() && known == (instant_text(alert.due_at), alert.calendar.clone()) {
        return Ok(());
    }
    if before == State::Breached.as_str() && state == State::AtRisk {
        let status = Some(alert.claim_status.as_str());
        resolve(transaction, now, id, (Resolution::Withdrawn, None), status, cause, recorded).await?;
        open_again(transaction, now, id, alert, state).await?;
        recorded.count_opening(Some(State::Resolved), state);
        return event(transaction, id, now, "reopened", opening(alert, state)).await;
    }
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

/// Ends an open alert. One that was at risk and is late was breached in between, and its story says so.
async fn resolve(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    (resolution, stopped_at): (Resolution, Option<DateTime<Utc>>),
    claim_status: Option<&str>,
    cause: &Cause,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT state, due_at FROM sla_alerts WHERE id = ? AND state <> 'resolved'")
        .bind(id.to_string())
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let mut before: String = row.try_get("state")?;
    let unseen = resolution == Resolution::Late && before == State::AtRisk.as_str();
    if unseen {
        let detail = json!({"state": State::Breached, "due_at": row.try_get::<String, _>("due_at")?});
        event(transaction, id, now, "breached", detail).await?;
        recorded.opened += 1;
        before = State::Breached.as_str().to_owned();
    }
    sqlx::query(
        "UPDATE sla_alerts SET state = 'resolved', resolution = ?2, stopped_at = ?3, resolved_at = ?4, \
         detected_at = CASE WHEN ?6 THEN ?4 ELSE detected_at END, claim_status = coalesce(?5, claim_status), \
         next_escalation_at = NULL WHERE id = ?1",
    )
    .bind(id.to_string())
    .bind(resolution.as_str())
    .bind(stopped_at.map(instant_text))
    .bind(instant_text(now))
    .bind(claim_status)
    .bind(unseen)
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

/// Appends an event to an alert's.
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

pub(super) fn json_text(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}
