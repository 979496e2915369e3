//! New alerts → rows, by COPY: the alert, its events, and the levels that go out about it at once.
//!
//! COPY knows no ON CONFLICT. Where a clock has an alert already, the batch is taken back to its savepoint, those that have
//! one are left out, and the rest is copied again.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::copy::Rows;
use super::meaning::is_duplicate;
use super::unit::{made, query};
use crate::alert::{AlertId, NewAlert, State};
use crate::store::change::json_text;
use crate::store::story::{self, ACTOR};
use crate::store::{Raised, StoreError};

/// Inserts the alerts whose clock has none; returns their ids.
pub(super) async fn raise(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    alerts: &[Raised],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut new = one_a_clock(alerts);
    execute(connection, "SAVEPOINT raise").await?;
    if let Err(error) = alert_rows(now, &new)?.copy(connection).await {
        if !is_duplicate(&error) {
            return Err(error.into());
        }
        execute(connection, "ROLLBACK TO SAVEPOINT raise").await?;
        let known = with_alert(connection, &new).await?;
        new.retain(|raised| !known.contains(&raised.id));
        // One that our instant does not show was raised by another session since.
        alert_rows(now, &new)?.copy(connection).await.map_err(gave_way)?;
    }
    execute(connection, "RELEASE SAVEPOINT raise").await?;
    event_rows(&new)?.copy(connection).await?;
    level_rows(now, &new)?.copy(connection).await?;
    Ok(new.into_iter().map(|raised| raised.id).collect())
}

/// What inserts alerts of which none can have been there before.
pub(super) struct First {
    rows: [Rows; 3],
    pub ids: HashSet<Uuid>,
}

impl First {
    /// # Errors
    /// [`StoreError::Failed`] if a value cannot be sent.
    pub fn of(now: DateTime<Utc>, alerts: &[Raised]) -> Result<Self, StoreError> {
        let new = one_a_clock(alerts);
        let rows = [alert_rows(now, &new)?, event_rows(&new)?, level_rows(now, &new)?];
        Ok(Self { rows, ids: new.iter().map(|raised| raised.id).collect() })
    }

    /// # Errors
    /// [`StoreError::Conflict`] if one was there all the same.
    pub async fn copy(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        for rows in self.rows {
            rows.copy(connection).await.map_err(gave_way)?;
        }
        Ok(())
    }
}

fn gave_way(error: sqlx::Error) -> StoreError {
    if is_duplicate(&error) { StoreError::Conflict(error.to_string()) } else { error.into() }
}

/// A view may return a claim twice.
fn one_a_clock(alerts: &[Raised]) -> Vec<&Raised> {
    let clock = |alert: &NewAlert| AlertId {
        rule: alert.rule.clone(),
        claim_id: alert.claim_id.clone(),
        payment_id: alert.payment_id.clone(),
        clock_started_at: alert.clock_started_at,
    };
    let mut clocks = HashSet::with_capacity(alerts.len());
    alerts.iter().filter(|raised| clocks.insert(clock(&raised.alert))).collect()
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

fn alert_rows(now: DateTime<Utc>, alerts: &[&Raised]) -> Result<Rows, StoreError> {
    let mut rows = Rows::of(
        "COPY sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, claim_status, state, \
         resolution, due_at, detected_at, stopped_at, resolved_at, amount, currency, paying_entity, calendar, \
         escalation_level, last_escalated_at, held_since, inherited_at, backfilled_at, next_escalation_at, explanation) \
         FROM STDIN (FORMAT binary)",
        25,
    );
    for Raised { id, alert, state, opening, detected_at, ended, told, next_escalation_at, .. } in alerts {
        let level = told.iter().map(|told| told.level).max();
        rows.begin();
        rows.field(id)?;
        rows.field(&alert.rule)?;
        rows.field(&alert.claim_id)?;
        rows.field(&alert.payment_id)?;
        rows.instant(Some(alert.clock_started_at))?;
        rows.field(&alert.program_id)?;
        rows.field(&alert.partner_name)?;
        rows.field(&alert.claim_status)?;
        rows.field(ended.map_or(*state, |_| State::Resolved).as_str())?;
        rows.field(ended.map(|ended| ended.resolution.as_str()))?;
        rows.instant(Some(alert.due_at))?;
        rows.instant(Some(*detected_at))?;
        rows.instant(ended.and_then(|ended| ended.stopped_at))?;
        rows.instant(ended.map(|ended| ended.resolved_at))?;
        rows.field(alert.amount)?;
        rows.field(alert.currency.map(|currency| currency.to_string()))?;
        rows.field(&alert.paying_entity)?;
        rows.field(&alert.calendar)?;
        rows.field(as_int(level.unwrap_or(0)))?;
        rows.instant(level.map(|_| now))?;
        rows.instant(opening.held_since(now))?;
        rows.instant(opening.inherited_at(now))?;
        rows.instant(opening.backfilled_at(now))?;
        rows.instant(*next_escalation_at)?;
        rows.field(json_text(&alert.explanation)?)?;
    }
    Ok(rows)
}

fn event_rows(alerts: &[&Raised]) -> Result<Rows, StoreError> {
    let mut rows = Rows::of(
        "COPY sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail) FROM STDIN (FORMAT binary)",
        7,
    );
    for raised in alerts {
        for (seq, (at, (kind, detail))) in (1_i32..).zip(story::of_raised(raised)) {
            rows.begin();
            rows.field(raised.id)?;
            rows.field(&raised.alert.claim_id)?;
            rows.field(seq)?;
            rows.instant(Some(at))?;
            rows.field(kind)?;
            rows.field(ACTOR)?;
            rows.field(detail.to_string())?;
        }
    }
    Ok(rows)
}

fn level_rows(now: DateTime<Utc>, alerts: &[&Raised]) -> Result<Rows, StoreError> {
    let mut rows = Rows::of(
        "COPY alert_escalations (alert_id, claim_id, level, first_sent_at, last_sent_at) FROM STDIN (FORMAT binary)",
        5,
    );
    for raised in alerts {
        for told in &raised.told {
            rows.begin();
            rows.field(raised.id)?;
            rows.field(&raised.alert.claim_id)?;
            rows.field(as_int(told.level))?;
            rows.instant(Some(now))?;
            rows.instant(Some(now))?;
        }
    }
    Ok(rows)
}

/// A level as the server keeps it.
fn as_int(level: u32) -> i32 {
    i32::try_from(level).unwrap_or(i32::MAX)
}
