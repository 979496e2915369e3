//! New alerts → rows, by COPY: the alert, its events, and the levels that go out about it at once.
//!
//! COPY knows no ON CONFLICT. Where a clock has an alert already, the batch is taken back to its savepoint, those that have
//! one are left out, and the rest is copied again.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::copy::{self, Rows};
use super::escalate::as_int;
use super::meaning::is_duplicate;
use super::unit::{made, query};
use crate::alert::{AlertId, NewAlert, Resolution, State};
use crate::store::change::json_text;
use crate::store::story::{self, ACTOR};
use crate::store::{Raised, StoreError};

/// Inserts the alerts whose clock has none; returns their ids.
pub(super) async fn raise(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    alerts: &[Raised],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut clocks = HashSet::with_capacity(alerts.len());
    // A view may return a claim twice.
    let mut new: Vec<&Raised> = alerts.iter().filter(|raised| clocks.insert(clock(&raised.alert))).collect();
    execute(connection, "SAVEPOINT raise").await?;
    let Following { events, levels } = match copy_alerts(connection, now, &new).await? {
        Ok(following) => following,
        Err(error) if is_duplicate(&error) => {
            execute(connection, "ROLLBACK TO SAVEPOINT raise").await?;
            let known = with_alert(connection, &new).await?;
            new.retain(|raised| !known.contains(&raised.id));
            // A duplicate now is one that our instant does not show: raised by another session since.
            copy_alerts(connection, now, &new).await?.map_err(|error| {
                if is_duplicate(&error) { StoreError::Conflict(error.to_string()) } else { error.into() }
            })?
        }
        Err(error) => return Err(error.into()),
    };
    execute(connection, "RELEASE SAVEPOINT raise").await?;
    copy::copy(connection, EVENTS, events).await?;
    copy::copy(connection, LEVELS, levels).await?;
    Ok(new.into_iter().map(|raised| raised.id).collect())
}

fn clock(alert: &NewAlert) -> AlertId {
    AlertId {
        rule: alert.rule.clone(),
        claim_id: alert.claim_id.clone(),
        payment_id: alert.payment_id.clone(),
        clock_started_at: alert.clock_started_at,
    }
}

async fn execute(connection: &mut PgConnection, statement: &'static str) -> Result<(), StoreError> {
    made(statement.into()).execute(connection).await?;
    Ok(())
}

/// Those of `alerts` whose clock has an alert.
async fn with_alert(connection: &mut PgConnection, alerts: &[&Raised]) -> Result<HashSet<Uuid>, StoreError> {
    let column = |text: fn(&NewAlert) -> &str| alerts.iter().map(|raised| text(&raised.alert)).collect::<Vec<&str>>();
    let rows = query(
        "SELECT asked.id FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) \
         AS asked (id, rule, claim_id, payment_id, clock_started_at) \
         JOIN sla_alerts a USING (rule, claim_id, clock_started_at) WHERE a.payment_id IS NOT DISTINCT FROM asked.payment_id",
    )
    .bind(alerts.iter().map(|raised| raised.id).collect::<Vec<_>>())
    .bind(column(|alert| &alert.rule))
    .bind(column(|alert| &alert.claim_id))
    .bind(alerts.iter().map(|raised| raised.alert.payment_id.as_deref()).collect::<Vec<_>>())
    .bind(alerts.iter().map(|raised| raised.alert.clock_started_at).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// What follows the alerts: their events, and the levels that go out about them.
struct Following {
    events: Rows,
    levels: Rows,
}

const ALERTS: &str = "COPY sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, \
    claim_status, state, resolution, due_at, detected_at, stopped_at, resolved_at, amount, currency, paying_entity, \
    calendar, escalation_level, last_escalated_at, next_escalation_at, explanation) FROM STDIN (FORMAT binary)";
const EVENTS: &str =
    "COPY sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail) FROM STDIN (FORMAT binary)";
const LEVELS: &str =
    "COPY alert_escalations (alert_id, claim_id, level, first_sent_at, last_sent_at) FROM STDIN (FORMAT binary)";

/// Copies the alerts, and makes ready what follows them while the server is at it; the inner error is the server's, after
/// which there is a savepoint to go back to.
async fn copy_alerts(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    alerts: &[&Raised],
) -> Result<Result<Following, sqlx::Error>, StoreError> {
    let mut copy = copy::begin(connection, ALERTS).await?;
    let mut rows = Rows::of(22);
    for raised in alerts {
        add_alert(&mut rows, now, raised)?;
        rows.flow(&mut copy).await?;
    }
    rows.end(&mut copy).await?;
    let following = Following { events: events(now, alerts)?, levels: levels(now, alerts)? };
    Ok(copy.finish().await.map(|_| following))
}

fn add_alert(rows: &mut Rows, now: DateTime<Utc>, raised: &Raised) -> Result<(), StoreError> {
    let Raised { id, alert, state, stopped_at, told, next_escalation_at } = raised;
    let level = told.iter().map(|told| told.level).max();
    rows.row();
    rows.value(id)?;
    rows.text(&alert.rule)?;
    rows.text(&alert.claim_id)?;
    rows.optional(alert.payment_id.as_deref())?;
    rows.value(alert.clock_started_at)?;
    rows.optional(alert.program_id.as_deref())?;
    rows.optional(alert.partner_name.as_deref())?;
    rows.text(&alert.claim_status)?;
    rows.text(stopped_at.map_or(*state, |_| State::Resolved).as_str())?;
    rows.optional(stopped_at.map(|_| Resolution::Late.as_str()))?;
    rows.value(alert.due_at)?;
    rows.value(now)?;
    rows.value(*stopped_at)?;
    rows.value(stopped_at.map(|_| now))?;
    rows.value(alert.amount)?;
    rows.optional(alert.currency.map(|currency| currency.to_string()).as_deref())?;
    rows.optional(alert.paying_entity.as_deref())?;
    rows.text(&alert.calendar)?;
    rows.value(as_int(level.unwrap_or(0)))?;
    rows.value(level.map(|_| now))?;
    rows.value(*next_escalation_at)?;
    rows.text(&json_text(&alert.explanation)?)
}

fn events(now: DateTime<Utc>, alerts: &[&Raised]) -> Result<Rows, StoreError> {
    let mut rows = Rows::of(7);
    for raised in alerts {
        for (seq, (kind, detail)) in (1_i32..).zip(story::of_raised(raised)) {
            rows.row();
            rows.value(raised.id)?;
            rows.text(&raised.alert.claim_id)?;
            rows.value(seq)?;
            rows.value(now)?;
            rows.text(kind)?;
            rows.text(ACTOR)?;
            rows.text(&detail.to_string())?;
        }
    }
    Ok(rows)
}

fn levels(now: DateTime<Utc>, alerts: &[&Raised]) -> Result<Rows, StoreError> {
    let mut rows = Rows::of(5);
    for raised in alerts {
        for told in &raised.told {
            rows.row();
            rows.value(raised.id)?;
            rows.text(&raised.alert.claim_id)?;
            rows.value(as_int(told.level))?;
            rows.value(now)?;
            rows.value(now)?;
        }
    }
    Ok(rows)
}
