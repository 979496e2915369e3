//! New alerts → rows, by COPY: the alert, its events, and the levels that go out about it at once.
//!
//! COPY knows no ON CONFLICT. Where a clock has an alert already, the batch is taken back to its savepoint, those that have
//! one are left out, and the rest is copied again.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

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
    if let Err(error) = copy_alerts(connection, now, &new).await? {
        if !is_duplicate(&error) {
            return Err(error.into());
        }
        execute(connection, "ROLLBACK TO SAVEPOINT raise").await?;
        let known = with_alert(connection, &new).await?;
        new.retain(|raised| !known.contains(&raised.id));
        if let Err(error) = copy_alerts(connection, now, &new).await? {
            // One that our instant does not show: raised by another session since.
            return Err(if is_duplicate(&error) { StoreError::Conflict(error.to_string()) } else { error.into() });
        }
    }
    execute(connection, "RELEASE SAVEPOINT raise").await?;
    copy_events(connection, now, &new).await?;
    copy_levels(connection, now, &new).await?;
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

/// Copies the alerts; the inner error is the server's, after which there is a savepoint to go back to.
async fn copy_alerts(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    alerts: &[&Raised],
) -> Result<Result<(), sqlx::Error>, StoreError> {
    let mut lines = Lines::default();
    for Raised { id, alert, state, stopped_at, told, next_escalation_at } in alerts {
        let level = told.iter().map(|told| told.level).max();
        lines.field(&id.to_string());
        lines.field(&alert.rule);
        lines.field(&alert.claim_id);
        lines.optional(alert.payment_id.as_deref());
        lines.instant(Some(alert.clock_started_at));
        lines.optional(alert.program_id.as_deref());
        lines.optional(alert.partner_name.as_deref());
        lines.field(&alert.claim_status);
        lines.field(stopped_at.map_or(*state, |_| State::Resolved).as_str());
        lines.optional(stopped_at.map(|_| Resolution::Late.as_str()));
        lines.instant(Some(alert.due_at));
        lines.instant(Some(now));
        lines.instant(*stopped_at);
        lines.instant(stopped_at.map(|_| now));
        lines.optional(alert.amount.map(|amount| amount.to_string()).as_deref());
        lines.optional(alert.currency.map(|currency| currency.to_string()).as_deref());
        lines.optional(alert.paying_entity.as_deref());
        lines.field(&alert.calendar);
        lines.field(&level.unwrap_or(0).to_string());
        lines.instant(level.map(|_| now));
        lines.instant(*next_escalation_at);
        lines.field(&json_text(&alert.explanation)?);
        lines.end();
    }
    let statement = "COPY sla_alerts (id, rule, claim_id, payment_id, clock_started_at, program_id, partner_name, \
        claim_status, state, resolution, due_at, detected_at, stopped_at, resolved_at, amount, currency, paying_entity, \
        calendar, escalation_level, last_escalated_at, next_escalation_at, explanation) FROM STDIN";
    Ok(copy(connection, statement, &lines).await)
}

async fn copy_events(connection: &mut PgConnection, now: DateTime<Utc>, alerts: &[&Raised]) -> Result<(), StoreError> {
    let mut lines = Lines::default();
    for raised in alerts {
        for (seq, (kind, detail)) in (1_u64..).zip(story::of_raised(raised)) {
            lines.field(&raised.id.to_string());
            lines.field(&raised.alert.claim_id);
            lines.field(&seq.to_string());
            lines.instant(Some(now));
            lines.field(kind);
            lines.field(ACTOR);
            lines.field(&detail.to_string());
            lines.end();
        }
    }
    let statement = "COPY sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail) FROM STDIN";
    Ok(copy(connection, statement, &lines).await?)
}

async fn copy_levels(connection: &mut PgConnection, now: DateTime<Utc>, alerts: &[&Raised]) -> Result<(), StoreError> {
    let mut lines = Lines::default();
    for raised in alerts {
        for told in &raised.told {
            lines.field(&raised.id.to_string());
            lines.field(&raised.alert.claim_id);
            lines.field(&told.level.to_string());
            lines.instant(Some(now));
            lines.instant(Some(now));
            lines.end();
        }
    }
    let statement = "COPY alert_escalations (alert_id, claim_id, level, first_sent_at, last_sent_at) FROM STDIN";
    Ok(copy(connection, statement, &lines).await?)
}

async fn copy(connection: &mut PgConnection, statement: &str, lines: &Lines) -> Result<(), sqlx::Error> {
    if lines.text.is_empty() {
        return Ok(());
    }
    let mut copy = connection.copy_in_raw(statement).await?;
    copy.send(lines.text.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

/// Rows in COPY's text format. Source: PostgreSQL's manual, COPY, "Text Format".
#[derive(Default)]
struct Lines {
    text: String,
    begun: bool,
}

impl Lines {
    fn separate(&mut self) {
        if std::mem::replace(&mut self.begun, true) {
            self.text.push('\t');
        }
    }

    fn field(&mut self, value: &str) {
        self.separate();
        for c in value.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                // What the server cannot keep at all.
                '\0' => {}
                c => self.text.push(c),
            }
        }
    }

    fn optional(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.field(value),
            None => {
                self.separate();
                self.text.push_str("\\N");
            }
        }
    }

    fn instant(&mut self, at: Option<DateTime<Utc>>) {
        self.optional(at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)).as_deref());
    }

    fn end(&mut self) {
        self.text.push('\n');
        self.begun = false;
    }
}
