//! New alerts → rows: the alert, its events, and the levels that go out about it at once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::StoreError;
use super::rows::instant_text;
use crate::alert::State;
use crate::store::Raised;
use crate::store::change::json_text;
use crate::store::story::{self, ACTOR};

/// Rows in one statement: an alert takes 25 of SQLite's 32,766 parameters.
const ROWS: usize = 250;

/// Inserts the alerts whose clock has none; returns their ids.
pub(super) async fn raise(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    alerts: &[Raised],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut inserted = HashSet::with_capacity(alerts.len());
    for alerts in alerts.chunks(ROWS) {
        let found = insert(writer, now, alerts).await?;
        let new: Vec<&Raised> = alerts.iter().filter(|alert| found.contains(&alert.id)).collect();
        if !new.is_empty() {
            insert_events(writer, &new).await?;
            insert_levels(writer, now, &new).await?;
        }
        inserted.extend(found);
    }
    Ok(inserted)
}

async fn insert(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    alerts: &[Raised],
) -> Result<HashSet<Uuid>, StoreError> {
    let explanations: Vec<String> =
        alerts.iter().map(|raised| json_text(&raised.alert.explanation)).collect::<Result<_, _>>()?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, \
         claim_status, state, resolution, due_at, detected_at, stopped_at, resolved_at, amount, currency, paying_entity, \
         calendar, escalation_level, last_escalated_at, held_since, inherited_at, backfilled_at, next_escalation_at, explanation) ",
    );
    query.push_values(alerts.iter().zip(explanations), |mut row, (raised, explanation)| {
        let Raised { id, alert, state, opening, detected_at, ended, told, next_escalation_at, .. } = raised;
        let level = told.iter().map(|told| told.level).max();
        row.push_bind(id.to_string())
            .push_bind(&alert.rule)
            .push_bind(&alert.claim_id)
            .push_bind(&alert.payment_id)
            .push_bind(instant_text(alert.clock_started_at))
            .push_bind(&alert.program_id)
            .push_bind(&alert.partner_name)
            .push_bind(&alert.claim_status)
            .push_bind(ended.map_or(*state, |_| State::Resolved).as_str())
            .push_bind(ended.map(|ended| ended.resolution.as_str()))
            .push_bind(instant_text(alert.due_at))
            .push_bind(instant_text(*detected_at))
            .push_bind(ended.and_then(|ended| ended.stopped_at).map(instant_text))
            .push_bind(ended.map(|ended| instant_text(ended.resolved_at)))
            .push_bind(alert.amount.map(|amount| amount.to_string()))
            .push_bind(alert.currency.map(|currency| currency.to_string()))
            .push_bind(&alert.paying_entity)
            .push_bind(&alert.calendar)
            .push_bind(level.unwrap_or(0))
            .push_bind(level.map(|_| instant_text(now)))
            .push_bind(opening.held_since(now).map(instant_text))
            .push_bind(opening.inherited_at(now).map(instant_text))
            .push_bind(opening.backfilled_at(now).map(instant_text))
            .push_bind(next_escalation_at.map(instant_text))
            .push_bind(explanation);
    });
    query.push(" ON CONFLICT DO NOTHING RETURNING id");
    let mut found = HashSet::with_capacity(alerts.len());
    for row in query.build().fetch_all(&mut *writer).await? {
        found.extend(Uuid::parse_str(&row.try_get::<String, _>("id")?));
    }
    Ok(found)
}

async fn insert_events(writer: &mut SqliteConnection, alerts: &[&Raised]) -> Result<(), StoreError> {
    let events =
        alerts.iter().flat_map(|raised| (1_i64..).zip(story::of_raised(raised)).map(|event| (raised.id, event)));
    let mut query =
        QueryBuilder::<Sqlite>::new("INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) ");
    query.push_values(events, |mut row, (id, (seq, (at, (kind, detail))))| {
        row.push_bind(id.to_string()).push_bind(seq).push_bind(instant_text(at)).push_bind(kind);
        row.push_bind(ACTOR).push_bind(detail.to_string());
    });
    query.build().execute(&mut *writer).await?;
    Ok(())
}

async fn insert_levels(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    alerts: &[&Raised],
) -> Result<(), StoreError> {
    let levels: Vec<(Uuid, u32)> =
        alerts.iter().flat_map(|raised| raised.told.iter().map(|told| (raised.id, told.level))).collect();
    if levels.is_empty() {
        return Ok(());
    }
    let mut query =
        QueryBuilder::<Sqlite>::new("INSERT INTO alert_escalations (alert_id, level, first_sent_at, last_sent_at) ");
    query.push_values(levels, |mut row, (id, level)| {
        let at = instant_text(now);
        row.push_bind(id.to_string()).push_bind(level).push_bind(at.clone()).push_bind(at);
    });
    query.build().execute(&mut *writer).await?;
    Ok(())
}
