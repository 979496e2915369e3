//! Transitions of alerts that there are → rows: a batch is read, changed, and written back with its events.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::rows::{OwnRow, level};
use super::unit::{made, query};
use crate::alert::{AlertId, NewAlert, Opening, Recorded, Resolution, State, Transition};
use crate::claim::Currency;
use crate::store::StoreError;
use crate::store::change::Row;
use crate::store::story::ACTOR;
use crate::store::values::read_amount;

/// Applies `transitions` and counts what they changed: what the database says happened already is left alone.
pub(super) async fn apply(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    opening: Opening,
    transitions: &[Transition],
) -> Result<Recorded, StoreError> {
    let (mut rows, ids) = read(connection, transitions).await?;
    let mut recorded = Recorded::default();
    for transition in transitions {
        let id = match transition {
            Transition::Raise { .. } => transition.clock().and_then(|clock| ids.get(&clock).copied()),
            Transition::RaiseResolved { .. } => None,
            Transition::Move { alert_id, .. }
            | Transition::Explain { alert_id, .. }
            | Transition::Resolve { alert_id, .. } => Some(*alert_id),
        };
        if let Some(row) = id.and_then(|id| rows.get_mut(&id)) {
            row.apply((now, opening), transition, &mut recorded)?;
        }
    }
    let changed: Vec<Row> = rows.into_values().filter(|row| row.changed).collect();
    if !changed.is_empty() {
        write(connection, &changed).await?;
        add_events(connection, now, &changed).await?;
    }
    Ok(recorded)
}

const COLUMNS: &str = "a.id, a.rule, a.claim_id, a.payment_id, a.clock_started_at, a.claim_status, a.state, a.resolution, \
    a.due_at, a.detected_at, a.stopped_at, a.resolved_at, a.amount::text AS amount, a.currency, a.calendar, \
    a.escalation_level, a.next_escalation_at, a.held_since, a.inherited_at, a.acknowledged_at IS NOT NULL AS acknowledged";

/// The alerts that `transitions` are about, by id, and the ids of those that are known by their clock.
async fn read(
    connection: &mut PgConnection,
    transitions: &[Transition],
) -> Result<(HashMap<Uuid, Row>, HashMap<AlertId, Uuid>), StoreError> {
    let (mut ids, mut raised) = (Vec::new(), Vec::<&NewAlert>::new());
    for transition in transitions {
        match transition {
            Transition::Raise { alert, .. } => raised.push(alert),
            Transition::RaiseResolved { .. } => {}
            Transition::Move { alert_id, .. }
            | Transition::Explain { alert_id, .. }
            | Transition::Resolve { alert_id, .. } => ids.push(*alert_id),
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM sla_alerts a WHERE a.id = ANY ($1) UNION ALL SELECT {COLUMNS} \
         FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS asked (rule, claim_id, payment_id, started) \
         JOIN sla_alerts a ON a.claim_id = asked.claim_id AND a.rule = asked.rule AND a.clock_started_at = asked.started \
         AND a.payment_id IS NOT DISTINCT FROM asked.payment_id"
    );
    let column = |text: fn(&NewAlert) -> &str| raised.iter().map(|alert| text(alert)).collect::<Vec<&str>>();
    let found = made(sql)
        .bind(ids)
        .bind(column(|alert| &alert.rule))
        .bind(column(|alert| &alert.claim_id))
        .bind(raised.iter().map(|alert| alert.payment_id.as_deref()).collect::<Vec<_>>())
        .bind(raised.iter().map(|alert| alert.clock_started_at).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let (mut rows, mut by_clock) = (HashMap::new(), HashMap::new());
    for row in &found {
        let (clock, row) = read_row(row)?;
        by_clock.insert(clock, row.id);
        rows.insert(row.id, row);
    }
    Ok((rows, by_clock))
}

fn read_row(row: &PgRow) -> Result<(AlertId, Row), StoreError> {
    let id: Uuid = row.try_get("id")?;
    let own = OwnRow { row, table: "sla_alerts", id: id.to_string() };
    let clock = AlertId {
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        payment_id: row.try_get("payment_id")?,
        clock_started_at: row.try_get("clock_started_at")?,
    };
    let read = Row {
        id,
        claim_id: clock.claim_id.clone(),
        claim_status: row.try_get("claim_status")?,
        state: own.parsed("state", State::parse)?,
        resolution: own.optional("resolution", Resolution::parse)?,
        due_at: row.try_get("due_at")?,
        detected_at: row.try_get("detected_at")?,
        stopped_at: row.try_get("stopped_at")?,
        resolved_at: row.try_get("resolved_at")?,
        amount: own.optional("amount", read_amount)?,
        currency: own.optional("currency", Currency::parse)?,
        calendar: row.try_get("calendar")?,
        escalation_level: level(row, "escalation_level")?,
        next_escalation_at: row.try_get("next_escalation_at")?,
        held_since: row.try_get("held_since")?,
        inherited_at: row.try_get("inherited_at")?,
        acknowledged: row.try_get("acknowledged")?,
        explanation: None,
        untold: false,
        unacknowledged: false,
        happenings: Vec::new(),
        changed: false,
    };
    Ok((clock, read))
}

async fn write(connection: &mut PgConnection, rows: &[Row]) -> Result<(), StoreError> {
    let untold: Vec<Uuid> = rows.iter().filter(|row| row.untold).map(|row| row.id).collect();
    if !untold.is_empty() {
        query("DELETE FROM alert_escalations WHERE alert_id = ANY ($1)").bind(untold).execute(&mut *connection).await?;
    }
    let unacknowledged: Vec<Uuid> = rows.iter().filter(|row| row.unacknowledged).map(|row| row.id).collect();
    if !unacknowledged.is_empty() {
        query(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL \
             WHERE id = ANY ($1)",
        )
        .bind(unacknowledged)
        .execute(&mut *connection)
        .await?;
    }
    fn column<'a, T>(rows: &'a [Row], value: impl Fn(&'a Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    query(
        "UPDATE sla_alerts a SET claim_status = n.claim_status, state = n.state, resolution = n.resolution, \
         due_at = n.due_at, detected_at = n.detected_at, stopped_at = n.stopped_at, resolved_at = n.resolved_at, \
         amount = n.amount, currency = n.currency, calendar = n.calendar, escalation_level = n.escalation_level, \
         next_escalation_at = n.next_escalation_at, explanation = coalesce(n.explanation::json, a.explanation), \
         held_since = n.held_since, inherited_at = n.inherited_at \
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], \
         $7::timestamptz[], $8::timestamptz[], $9::numeric[], $10::text[], $11::text[], $12::int[], $13::timestamptz[], \
         $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[]) AS n (id, claim_status, state, resolution, due_at, detected_at, stopped_at, resolved_at, \
         amount, currency, calendar, escalation_level, next_escalation_at, explanation, claim_id, held_since, inherited_at) \
         WHERE a.id = n.id AND a.claim_id = n.claim_id",
    )
    .bind(column(rows, |row| row.id))
    .bind(column(rows, |row| &*row.claim_status))
    .bind(column(rows, |row| row.state.as_str()))
    .bind(column(rows, |row| row.resolution.map(Resolution::as_str)))
    .bind(column(rows, |row| row.due_at))
    .bind(column(rows, |row| row.detected_at))
    .bind(column(rows, |row| row.stopped_at))
    .bind(column(rows, |row| row.resolved_at))
    .bind(column(rows, |row| row.amount))
    .bind(column(rows, |row| row.currency.map(|currency| currency.to_string())))
    .bind(column(rows, |row| &*row.calendar))
    .bind(column(rows, |row| i32::try_from(row.escalation_level).unwrap_or(i32::MAX)))
    .bind(column(rows, |row| row.next_escalation_at))
    .bind(column(rows, |row| row.explanation.as_deref()))
    .bind(column(rows, |row| &*row.claim_id))
    .bind(column(rows, |row| row.held_since))
    .bind(column(rows, |row| row.inherited_at))
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_events(connection: &mut PgConnection, now: DateTime<Utc>, rows: &[Row]) -> Result<(), StoreError> {
    let (mut ids, mut claims, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let (mut kinds, mut details) = (Vec::new(), Vec::new());
    for row in rows {
        for (place, (kind, detail)) in (1_i32..).zip(&row.happenings) {
            ids.push(row.id);
            claims.push(&*row.claim_id);
            places.push(place);
            kinds.push(*kind);
            details.push(detail.to_string());
        }
    }
    query(
        "INSERT INTO sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail) SELECT n.id, n.claim_id, \
         n.place + coalesce((SELECT max(e.seq) FROM sla_alert_events e WHERE e.alert_id = n.id), 0), $1, n.kind, $2, \
         n.detail::json FROM unnest($3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[]) \
         AS n (id, claim_id, place, kind, detail)",
    )
    .bind(now)
    .bind(ACTOR)
    .bind(ids)
    .bind(claims)
    .bind(places)
    .bind(kinds)
    .bind(details)
    .execute(connection)
    .await?;
    Ok(())
}
