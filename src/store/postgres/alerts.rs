//! Reading alerts and their events.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::PostgresStore;
use super::clocks::{self, COLUMNS, LINE};
use super::glance::ALERTS;
use super::rows::{ALERT_COLUMNS, OwnRow, alert, count, subject};
use super::search::Search;
use super::unit::{in_unit, made, query};
use crate::alert::{Alert, AlertEvent, AlertId, State};
use crate::claim::{Currency, Subject};
use crate::escalation::Pending;
use crate::sla::Rule;
use crate::store::dossier::KINDS;
use crate::store::values::read_amount;
use crate::store::{AlertFilter, AlertStore, OpenCounts, Standing, StoreError};

#[async_trait]
impl AlertStore for PostgresStore {
    async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        let sql = format!(
            "SELECT {ALERT_COLUMNS} FROM sla_alerts a WHERE ($1::uuid IS NULL OR a.id = $1) \
             AND ($2::text IS NULL OR a.state = $2) AND ($3::text IS NULL OR a.rule = $3) \
             AND ($4::text IS NULL OR a.program_id = $4) \
             AND ($5::text IS NULL OR a.{} AND a.claim_id = $5 OR a.{} AND a.claim_id = $5){}{} \
             ORDER BY a.due_at, a.id",
            // Each kind of clock has its own index, which only its own condition leads to.
            KINDS[0],
            KINDS[1],
            if filter.open { " AND a.state <> 'resolved'" } else { "" },
            if filter.held { " AND a.held_since IS NOT NULL" } else { "" }
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone())
                .bind(filter.id)
                .bind(filter.state.map(State::as_str))
                .bind(&filter.rule)
                .bind(&filter.program)
                .bind(&filter.claim)
                .fetch_all(&mut **unit)
                .await?;
            rows.iter().map(alert).collect()
        })
    }

    async fn events(&self, alert_id: Uuid) -> Result<Vec<AlertEvent>, StoreError> {
        in_unit!(self, unit, {
            let rows = query(
                "SELECT seq, at, kind, actor, detail::text AS detail FROM sla_alert_events WHERE alert_id = $1 ORDER BY seq",
            )
            .bind(alert_id)
            .fetch_all(&mut **unit)
            .await?;
            rows.iter().map(|row| event(row, alert_id)).collect()
        })
    }
}

/// A row of `sla_alert_events`, of that alert.
pub(super) fn event(row: &PgRow, alert_id: Uuid) -> Result<AlertEvent, StoreError> {
    let own = OwnRow { row, table: "sla_alert_events", id: alert_id.to_string() };
    Ok(AlertEvent {
        alert_id,
        seq: i64::from(row.try_get::<i32, _>("seq")?),
        at: row.try_get("at")?,
        kind: row.try_get("kind")?,
        actor: row.try_get("actor")?,
        detail: own.parsed("detail", |text| serde_json::from_str(text).ok())?,
    })
}

/// Open alerts of `rule` with what the source has of their claims: `$1` the rule, `$2` and `$3` the calendars of
/// [`clocks::runs_on`]. `about`: a condition on alert `a`.
fn open(rule: &Rule, calendars: (&str, &str), with: &str, about: &str) -> Result<Search, StoreError> {
    let sql = format!(
        "{with}SELECT {ALERT_COLUMNS}, \
         c.claim_id IS NOT NULL AND (a.payment_id IS NULL OR l.payment_id IS NOT NULL) AS present, {COLUMNS}, {LINE}, \
         EXISTS (SELECT FROM source_payments other WHERE other.claim_id = c.claim_id) AS has_payments \
         FROM sla_alerts a LEFT JOIN source_claims c ON c.claim_id = a.claim_id \
         LEFT JOIN source_programs p ON p.program_id = c.program_id \
         LEFT JOIN source_payments l ON l.payment_id = a.payment_id AND l.claim_id = a.claim_id \
         WHERE a.rule = $1 AND a.state <> 'resolved' AND $2::text IS NOT NULL AND $3::text IS NOT NULL{about}"
    );
    Search::new(sql).bind(rule.name.clone())?.bind(calendars.0.to_owned())?.bind(calendars.1.to_owned())
}

/// All open alerts of `rule`.
pub(super) fn all_open(rule: &Rule, calendars: (&str, &str)) -> Result<Search, StoreError> {
    open(rule, calendars, "", "")
}

/// Open alerts of `rule` on payment lines whose clock does not plainly run on as recorded.
pub(super) fn stray_lines(rule: &Rule, calendars: (&str, &str)) -> Result<Search, StoreError> {
    open(rule, calendars, "", &format!(" AND a.payment_id IS NOT NULL AND NOT {}", clocks::runs_on(rule)))
}

/// Open alerts of `rule` on claims whose clock does not plainly run on as recorded. Those whose clock is in the index of
/// running clocks are told by it, its program and its lines, without reading claims.
pub(super) fn strays(rule: &Rule, calendars: (&str, &str)) -> Result<Search, StoreError> {
    let with = format!(
        "WITH astray AS MATERIALIZED (SELECT s.claim_id, s.clock_started_at FROM (SELECT a.claim_id, a.clock_started_at, \
         a.calendar, c.claim_id AS running, c.program_id FROM {ALERTS} a LEFT JOIN (SELECT c.claim_id, c.program_id, \
         c.{} AS start {}) c ON c.start = a.clock_started_at AND c.claim_id = a.claim_id OFFSET 0) s \
         LEFT JOIN source_programs p ON p.program_id = s.program_id WHERE s.running IS NULL \
         OR s.calendar <> CASE WHEN p.program_id IS NULL THEN $3 ELSE coalesce(nullif(p.calendar, ''), $2) END{}) ",
        rule.starts_at.column(),
        clocks::begun(rule),
        clocks::not_admitted(rule),
    );
    let about = " AND a.payment_id IS NULL AND (a.claim_id, a.clock_started_at) IN (SELECT s.claim_id, s.clock_started_at FROM astray s)";
    open(rule, calendars, &with, about)
}

/// A row of open alerts.
pub(super) fn read_open(row: &PgRow) -> Result<(Alert, Option<Subject>), StoreError> {
    let present: bool = row.try_get("present")?;
    Ok((alert(row)?, if present { Some(subject(row)?.0) } else { None }))
}

pub(super) async fn standing(
    connection: &mut PgConnection,
    rule: &str,
    claim_ids: &[&str],
) -> Result<Vec<Standing>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS}, a.payment_id, a.clock_started_at, a.state, a.snoozed_until, \
         a.held_since IS NOT NULL AS held FROM sla_alerts a WHERE a.claim_id = ANY ($1) AND a.rule = $2"
    );
    let rows = made(sql).bind(claim_ids).bind(rule).fetch_all(connection).await?;
    rows.iter().map(read_standing).collect()
}

/// What escalation is to look at, oldest deadline first: `$1` now, `$2` whether whenever it was to be looked at.
pub(super) fn pending(now: DateTime<Utc>, all: bool) -> Result<Search, StoreError> {
    let due = if all { "$2" } else { "(NOT $2 AND a.next_escalation_at <= $1)" };
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state = 'breached' AND {due} \
         AND a.held_since IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= $1) ORDER BY a.due_at, a.id"
    );
    Search::new(sql).bind(now)?.bind(all)
}

/// Alerts that were told of at `level` and resolved after `since`, the latest first.
pub(super) async fn settled(
    connection: &mut PgConnection,
    level: u32,
    since: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state = 'resolved' AND a.resolved_at > $1 AND EXISTS \
         (SELECT FROM alert_escalations told WHERE told.alert_id = a.id AND told.claim_id = a.claim_id AND told.level = $2) \
         ORDER BY a.resolved_at DESC, a.id DESC LIMIT $3"
    );
    let level = i32::try_from(level).unwrap_or(i32::MAX);
    let rows = made(sql).bind(since).bind(level).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(read_pending).collect()
}

/// Open alerts whatever their state, after the one of that id.
pub(super) async fn open_after(
    connection: &mut PgConnection,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let sql = format!(
        "SELECT {PENDING_COLUMNS} FROM sla_alerts a WHERE a.state <> 'resolved' AND ($1::uuid IS NULL OR a.id > $1) \
         ORDER BY a.id LIMIT $2"
    );
    let rows = made(sql).bind(after).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(read_pending).collect()
}

/// The alerts that are held, and since when the latest of them is.
pub(super) async fn held(connection: &mut PgConnection) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError> {
    let row = query(
        "SELECT coalesce(array_agg(id ORDER BY due_at, id), '{}') AS ids, max(held_since) AS latest FROM sla_alerts \
         WHERE held_since IS NOT NULL",
    );
    let row = row.fetch_one(connection).await?;
    Ok((row.try_get("ids")?, row.try_get("latest")?))
}

/// The columns that [`read_pending`] reads, from `sla_alerts a`.
const PENDING_COLUMNS: &str = "a.id, a.rule, a.claim_id, a.program_id, a.partner_name, a.paying_entity, \
    a.amount::text AS amount, a.currency, a.calendar, a.due_at, a.inherited_at, \
    a.acknowledged_at IS NOT NULL AS acknowledged, a.acknowledged_until, ARRAY (SELECT e.level FROM alert_escalations e \
    WHERE e.alert_id = a.id ORDER BY e.level) AS levels, ARRAY (SELECT e.last_sent_at FROM alert_escalations e \
    WHERE e.alert_id = a.id ORDER BY e.level) AS last_sent";

pub(super) fn read_pending(row: &PgRow) -> Result<Pending, StoreError> {
    let (levels, last_sent): (Vec<i32>, Vec<DateTime<Utc>>) = (row.try_get("levels")?, row.try_get("last_sent")?);
    let sent = levels.into_iter().zip(last_sent).map(|(level, at)| (u32::try_from(level).unwrap_or(0), at));
    let alert_id: Uuid = row.try_get("id")?;
    let own = OwnRow { row, table: "sla_alerts", id: alert_id.to_string() };
    Ok(Pending {
        alert_id,
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        program_id: row.try_get("program_id")?,
        partner_name: row.try_get("partner_name")?,
        paying_entity: row.try_get("paying_entity")?,
        amount: own.optional("amount", read_amount)?,
        currency: own.optional("currency", Currency::parse)?,
        calendar: row.try_get("calendar")?,
        due_at: row.try_get("due_at")?,
        inherited_at: row.try_get("inherited_at")?,
        acknowledged: row.try_get("acknowledged")?,
        promised_until: row.try_get("acknowledged_until")?,
        sent: sent.collect(),
    })
}

fn read_standing(row: &PgRow) -> Result<Standing, StoreError> {
    let pending = read_pending(row)?;
    let own = OwnRow { row, table: "sla_alerts", id: pending.alert_id.to_string() };
    let clock = AlertId {
        rule: row.try_get("rule")?,
        claim_id: row.try_get("claim_id")?,
        payment_id: row.try_get("payment_id")?,
        clock_started_at: row.try_get("clock_started_at")?,
    };
    Ok(Standing {
        clock,
        state: own.parsed("state", State::parse)?,
        snoozed_until: row.try_get("snoozed_until")?,
        held: row.try_get("held")?,
        pending,
    })
}

/// Whether there is no alert at all, in whatever state.
pub(super) async fn is_empty(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let row = query("SELECT NOT EXISTS (SELECT FROM sla_alerts) AS empty").fetch_one(connection).await?;
    Ok(row.try_get("empty")?)
}

pub(super) async fn open_counts(connection: &mut PgConnection) -> Result<OpenCounts, StoreError> {
    let rows = query(
        "SELECT rule, count(*) FILTER (WHERE state = 'at_risk') AS at_risk, \
         count(*) FILTER (WHERE state = 'breached') AS breached FROM sla_alerts WHERE state <> 'resolved' GROUP BY rule",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("rule")?, (count(row, "at_risk")?, count(row, "breached")?)))).collect()
}
