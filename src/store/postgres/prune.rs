//! Deleting what is over and old. Rows are taken with SKIP LOCKED: nobody waits for a pruning, and it waits for nobody.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::PostgresStore;
use super::clocks::{self, Part};
use super::rows::count;
use super::unit::{in_unit, made, query};
use crate::sla::{Rule, Watches};
use crate::store::retention::{PRUNED_BEFORE, next};
use crate::store::{Batch, Prune, Pruned, Retention, StoreError};

/// What a batch does with the rows that it finds, as the end of the statement that finds them.
fn taken(prune: &Prune<'_>, table: &str) -> String {
    if prune.dry_run { String::new() } else { format!(" FOR UPDATE OF {table} SKIP LOCKED") }
}

#[async_trait]
impl Retention for PostgresStore {
    async fn prune_alerts(
        &self,
        prune: &Prune<'_>,
        after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<(Batch<(DateTime<Utc>, Uuid)>, Vec<Uuid>), StoreError> {
        let sql = format!(
            "SELECT a.id, a.rule, a.claim_id, a.payment_id, a.clock_started_at, a.resolved_at FROM sla_alerts a \
             WHERE a.state = 'resolved' AND a.resolved_at < $1 \
             AND ($2::timestamptz IS NULL OR (a.resolved_at, a.id) > ($2, $3)) ORDER BY a.resolved_at, a.id LIMIT $4{}",
            taken(prune, "a")
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone())
                .bind(prune.before)
                .bind(after.map(|(at, _)| at))
                .bind(after.map(|(_, id)| id))
                .bind(i64::from(prune.limit))
                .fetch_all(&mut **unit)
                .await?;
            let over: Vec<Over> = rows.iter().map(Over::read).collect::<Result<_, _>>()?;
            let kept = may_come_up(unit, prune, &over).await?;
            let ids: Vec<Uuid> = over.iter().map(|alert| alert.id).filter(|id| !kept.contains(id)).collect();
            let events =
                if prune.dry_run { count_events(unit, &ids).await? } else { delete_alerts(unit, prune, &ids).await? };
            let pruned = Pruned { alerts: ids.len() as u64, events, kept: kept.len() as u64, ..Pruned::default() };
            let last = over.last().map(|alert| (alert.resolved_at, alert.id));
            Ok((Batch { pruned, next: next(prune.limit, over.len(), last) }, kept))
        })
    }

    async fn prune_messages(
        &self,
        prune: &Prune<'_>,
        kept: &[Uuid],
        after: Option<Uuid>,
    ) -> Result<Batch<Uuid>, StoreError> {
        let sql = format!(
            "SELECT m.id, (SELECT count(*) FROM outbox o WHERE o.message = m.id) AS deliveries FROM outbox_messages m \
             WHERE m.created_at < $1 AND ($2::uuid IS NULL OR m.id > $2) \
             AND NOT EXISTS (SELECT FROM outbox o WHERE o.message = m.id AND (o.state = 'pending' \
             OR EXISTS (SELECT 1 FROM outbox n WHERE n.id = o.folded_into AND n.state = 'pending') OR o.sent_at >= $1)) \
             AND NOT EXISTS (SELECT FROM (VALUES ('escalated'), ('reminded')) lists (list), json_array_elements_text(\
             CASE json_typeof(m.facts -> lists.list) WHEN 'array' THEN m.facts -> lists.list END) told (id) \
             JOIN sla_alerts a ON a.id = CASE WHEN told.id ~ '^[0-9a-f-]{{36}}$' THEN told.id::uuid END \
             WHERE NOT $3 OR a.state <> 'resolved' OR a.resolved_at >= $1 OR a.id = ANY ($4)) \
             ORDER BY m.id LIMIT $5{}",
            taken(prune, "m")
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone())
                .bind(prune.before)
                .bind(after)
                .bind(prune.dry_run)
                .bind(kept)
                .bind(i64::from(prune.limit))
                .fetch_all(&mut **unit)
                .await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
            let mut pruned = Pruned { messages: ids.len() as u64, ..Pruned::default() };
            for row in &rows {
                pruned.deliveries += count(row, "deliveries")?;
            }
            if !prune.dry_run {
                // One that `outbox retry` has made due meanwhile stays, and its message with it.
                let deliveries = query("DELETE FROM outbox WHERE message = ANY ($1) AND state <> 'pending'");
                pruned.deliveries = deliveries.bind(&ids).execute(&mut **unit).await?.rows_affected();
                let messages = query(
                    "DELETE FROM outbox_messages m WHERE m.id = ANY ($1) \
                     AND NOT EXISTS (SELECT FROM outbox o WHERE o.message = m.id)",
                );
                pruned.messages = messages.bind(&ids).execute(&mut **unit).await?.rows_affected();
            }
            Ok(Batch { pruned, next: next(prune.limit, ids.len(), ids.last().copied()) })
        })
    }

    async fn prune_problems(
        &self,
        prune: &Prune<'_>,
        after: Option<(String, String)>,
    ) -> Result<Batch<(String, String)>, StoreError> {
        let sql = format!(
            "SELECT claim_id, kind FROM data_problems d WHERE resolved_at < $1 \
             AND ($2::text IS NULL OR (claim_id, kind) > ($2, $3)) ORDER BY claim_id, kind LIMIT $4{}",
            taken(prune, "d")
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone())
                .bind(prune.before)
                .bind(after.as_ref().map(|(claim_id, _)| claim_id))
                .bind(after.as_ref().map(|(_, kind)| kind))
                .bind(i64::from(prune.limit))
                .fetch_all(&mut **unit)
                .await?;
            let keys = rows.iter().map(|row| Ok((row.try_get("claim_id")?, row.try_get("kind")?)));
            let keys: Vec<(String, String)> = keys.collect::<Result<_, StoreError>>()?;
            let pruned = Pruned { data_problems: keys.len() as u64, ..Pruned::default() };
            if !prune.dry_run {
                let (claims, kinds): (Vec<&str>, Vec<&str>) = keys.iter().map(|(c, k)| (&**c, &**k)).unzip();
                let delete = query(
                    "DELETE FROM data_problems d USING unnest($1::text[], $2::text[]) AS old (claim_id, kind) \
                     WHERE d.claim_id = old.claim_id AND d.kind = old.kind",
                );
                delete.bind(claims).bind(kinds).execute(&mut **unit).await?;
            }
            Ok(Batch { pruned, next: next(prune.limit, keys.len(), keys.last().cloned()) })
        })
    }

    async fn prune_scans(&self, prune: &Prune<'_>, after: Option<i64>) -> Result<Batch<i64>, StoreError> {
        let sql = format!(
            "SELECT s.id FROM scans s WHERE s.began_at < $1 AND ($2::bigint IS NULL OR s.id > $2) AND s.id NOT IN (\
             (SELECT id FROM scans WHERE finished_at IS NOT NULL AND began_at < $1 ORDER BY began_at DESC, id DESC LIMIT 1) \
             UNION ALL (SELECT id FROM scans WHERE finished_at IS NOT NULL AND scheduled_for IS NOT NULL \
             ORDER BY scheduled_for DESC LIMIT 1)) ORDER BY s.id LIMIT $3{}",
            taken(prune, "s")
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone())
                .bind(prune.before)
                .bind(after)
                .bind(i64::from(prune.limit))
                .fetch_all(&mut **unit)
                .await?;
            let ids: Vec<i64> = rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
            if !prune.dry_run {
                query("DELETE FROM scans WHERE id = ANY ($1)").bind(&ids).execute(&mut **unit).await?;
            }
            let pruned = Pruned { scans: ids.len() as u64, ..Pruned::default() };
            Ok(Batch { pruned, next: next(prune.limit, ids.len(), ids.last().copied()) })
        })
    }

    async fn pruned_before(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        in_unit!(self, unit, {
            let row = query("SELECT max(value)::timestamptz AS at FROM settings WHERE name = $1")
                .bind(PRUNED_BEFORE)
                .fetch_one(&mut **unit)
                .await?;
            Ok(row.try_get("at")?)
        })
    }
}

/// An alert that is over and old.
struct Over {
    id: Uuid,
    rule: String,
    claim_id: String,
    payment_id: Option<String>,
    clock_started_at: DateTime<Utc>,
    resolved_at: DateTime<Utc>,
}

impl Over {
    fn read(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            rule: row.try_get("rule")?,
            claim_id: row.try_get("claim_id")?,
            payment_id: row.try_get("payment_id")?,
            clock_started_at: row.try_get("clock_started_at")?,
            resolved_at: row.try_get("resolved_at")?,
        })
    }
}

/// Those of `over` whose clock a scan could raise anew.
async fn may_come_up(connection: &mut PgConnection, prune: &Prune<'_>, over: &[Over]) -> Result<Vec<Uuid>, StoreError> {
    let mut kept = Vec::new();
    for rule in prune.rules {
        for (part, on_line) in parts(rule) {
            let of_part = |alert: &&Over| alert.rule == rule.name && alert.payment_id.is_some() == on_line;
            let asked: Vec<&Over> = over.iter().filter(of_part).collect();
            if asked.is_empty() {
                continue;
            }
            let rows = made(format!("SELECT DISTINCT asked.id {}", clocks::may_come_up(rule, part)))
                .bind(asked.iter().map(|alert| alert.id).collect::<Vec<_>>())
                .bind(asked.iter().map(|alert| &*alert.claim_id).collect::<Vec<_>>())
                .bind(asked.iter().map(|alert| alert.payment_id.as_deref()).collect::<Vec<_>>())
                .bind(asked.iter().map(|alert| alert.clock_started_at).collect::<Vec<_>>())
                .bind(prune.before)
                .fetch_all(&mut *connection)
                .await?;
            for row in rows {
                kept.push(row.try_get("id")?);
            }
        }
    }
    Ok(kept)
}

/// Where clocks of `rule` can be, and whether they are on payment lines.
fn parts(rule: &Rule) -> impl Iterator<Item = (Part, bool)> {
    let lines = (rule.watches == Watches::Payments).then_some((Part::OpenLines, true));
    std::iter::once((Part::Claims, false)).chain(lines)
}

async fn count_events(connection: &mut PgConnection, ids: &[Uuid]) -> Result<u64, StoreError> {
    let row = query("SELECT count(*) AS events FROM sla_alert_events WHERE alert_id = ANY ($1)");
    count(&row.bind(ids).fetch_one(connection).await?, "events")
}

/// Deletes alerts with all that is theirs; returns how many events they had.
async fn delete_alerts(connection: &mut PgConnection, prune: &Prune<'_>, ids: &[Uuid]) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let before = prune.before.to_rfc3339_opts(SecondsFormat::Micros, true);
    // What the event table's trigger asks for; it ends with the transaction.
    query("SELECT set_config('claimwatch.pruning_before', $1, true)").bind(&before).execute(&mut *connection).await?;
    query(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
         WHERE settings.value < excluded.value",
    )
    .bind(PRUNED_BEFORE)
    .bind(&before)
    .execute(&mut *connection)
    .await?;
    let events = query("DELETE FROM sla_alert_events WHERE alert_id = ANY ($1)");
    let events = events.bind(ids).execute(&mut *connection).await?.rows_affected();
    query("DELETE FROM alert_escalations WHERE alert_id = ANY ($1)").bind(ids).execute(&mut *connection).await?;
    query("DELETE FROM sla_alerts WHERE id = ANY ($1)").bind(ids).execute(connection).await?;
    Ok(events)
}
