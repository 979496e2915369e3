//! Deleting what is over and old.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction};
use uuid::Uuid;

use super::clocks::{self, Part};
use super::rows::{OwnRow, count, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::sla::{Rule, Watches};
use crate::store::change::json_text;
use crate::store::retention::{PRUNED_BEFORE, next};
use crate::store::{Batch, Prune, Pruned, Retention};

/// The setting that is there only while alerts are deleted: the event table's trigger asks for it.
const PRUNING_BEFORE: &str = "pruning_before";

impl SqliteStore {
    /// A transaction in which a dry run only reads, and waits for no writer.
    async fn begin_pruning(&self, prune: &Prune<'_>) -> Result<Transaction<'static, Sqlite>, StoreError> {
        if prune.dry_run { Ok(self.readers.begin().await?) } else { self.begin().await }
    }
}

#[async_trait]
impl Retention for SqliteStore {
    async fn prune_alerts(
        &self,
        prune: &Prune<'_>,
        after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<(Batch<(DateTime<Utc>, Uuid)>, Vec<Uuid>), StoreError> {
        let mut transaction = self.begin_pruning(prune).await?;
        let rows = sqlx::query(
            "SELECT a.id, a.rule, a.claim_id, a.payment_id, a.clock_started_at, a.resolved_at FROM sla_alerts a \
             WHERE a.state = 'resolved' AND a.resolved_at < ?1 AND (a.resolved_at, a.id) > (?2, ?3) \
             ORDER BY a.resolved_at, a.id LIMIT ?4",
        )
        .bind(instant_text(prune.before))
        .bind(after.map(|(at, _)| instant_text(at)).unwrap_or_default())
        .bind(after.map(|(_, id)| id.to_string()).unwrap_or_default())
        .bind(prune.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let over: Vec<Over> = rows.iter().map(Over::read).collect::<Result<_, _>>()?;
        let kept = may_come_up(&mut transaction, prune, &over).await?;
        let ids: Vec<String> =
            over.iter().map(|a| a.id).filter(|id| !kept.contains(id)).map(|id| id.to_string()).collect();
        let events = match prune.dry_run {
            true => count_events(&mut transaction, &ids).await?,
            false => delete_alerts(&mut transaction, prune, &ids).await?,
        };
        transaction.commit().await?;
        let pruned = Pruned { alerts: ids.len() as u64, events, kept: kept.len() as u64, ..Pruned::default() };
        let last = over.last().map(|alert| (alert.resolved_at, alert.id));
        Ok((Batch { pruned, next: next(prune.limit, over.len(), last) }, kept))
    }

    async fn prune_messages(
        &self,
        prune: &Prune<'_>,
        kept: &[Uuid],
        after: Option<Uuid>,
    ) -> Result<Batch<Uuid>, StoreError> {
        let mut transaction = self.begin_pruning(prune).await?;
        let kept: Vec<String> = kept.iter().map(Uuid::to_string).collect();
        let rows = sqlx::query(
            "SELECT m.id, (SELECT count(*) FROM outbox o WHERE o.message = m.id) AS deliveries FROM outbox_messages m \
             WHERE m.created_at < ?1 AND m.id > ?2 \
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.id AND (o.state = 'pending' \
             OR EXISTS (SELECT 1 FROM outbox n WHERE n.id = o.folded_into AND n.state = 'pending') OR o.sent_at >= ?1)) \
             AND NOT EXISTS (SELECT 1 FROM (SELECT 'escalated' AS list UNION ALL SELECT 'reminded') lists \
             CROSS JOIN json_each(CASE WHEN json_valid(m.facts) THEN m.facts ELSE '{}' END, '$.' || lists.list) told \
             CROSS JOIN sla_alerts a ON a.id = told.value \
             WHERE NOT ?3 OR a.state <> 'resolved' OR a.resolved_at >= ?1 OR a.id IN (SELECT value FROM json_each(?4))) \
             ORDER BY m.id LIMIT ?5",
        )
        .bind(instant_text(prune.before))
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(prune.dry_run)
        .bind(json_text(&kept)?)
        .bind(prune.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let mut pruned = Pruned { messages: rows.len() as u64, ..Pruned::default() };
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            pruned.deliveries += count(row, "deliveries")?;
            let id: String = row.try_get("id")?;
            ids.push(OwnRow { row, table: "outbox_messages", id }.parsed("id", read_id)?);
        }
        if !prune.dry_run {
            let ids = json_text(&ids)?;
            for statement in [
                "DELETE FROM outbox WHERE message IN (SELECT value FROM json_each(?))",
                "DELETE FROM outbox_messages WHERE id IN (SELECT value FROM json_each(?))",
            ] {
                sqlx::query(statement).bind(&ids).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(Batch { pruned, next: next(prune.limit, ids.len(), ids.last().copied()) })
    }

    async fn prune_problems(
        &self,
        prune: &Prune<'_>,
        after: Option<(String, String)>,
    ) -> Result<Batch<(String, String)>, StoreError> {
        let mut transaction = self.begin_pruning(prune).await?;
        let (claim_id, kind) = after.unwrap_or_default();
        let rows = sqlx::query(
            "SELECT claim_id, kind FROM data_problems WHERE resolved_at < ?1 AND (claim_id, kind) > (?2, ?3) \
             ORDER BY claim_id, kind LIMIT ?4",
        )
        .bind(instant_text(prune.before))
        .bind(claim_id)
        .bind(kind)
        .bind(prune.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let keys = rows.iter().map(|row| Ok((row.try_get("claim_id")?, row.try_get("kind")?)));
        let keys: Vec<(String, String)> = keys.collect::<Result<_, StoreError>>()?;
        if !prune.dry_run {
            sqlx::query(
                "DELETE FROM data_problems WHERE (claim_id, kind) IN \
                 (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
            )
            .bind(json_text(&keys)?)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        let pruned = Pruned { data_problems: keys.len() as u64, ..Pruned::default() };
        Ok(Batch { pruned, next: next(prune.limit, keys.len(), keys.last().cloned()) })
    }

    async fn prune_scans(&self, prune: &Prune<'_>, after: Option<i64>) -> Result<Batch<i64>, StoreError> {
        let mut transaction = self.begin_pruning(prune).await?;
        let rows = sqlx::query(
            "SELECT id FROM scans WHERE began_at < ?1 AND id > ?2 AND id IS NOT (SELECT id FROM scans \
             WHERE finished_at IS NOT NULL AND began_at < ?1 ORDER BY began_at DESC, id DESC LIMIT 1) \
             AND id IS NOT (SELECT id FROM scans WHERE finished_at IS NOT NULL AND scheduled_for IS NOT NULL \
             ORDER BY scheduled_for DESC LIMIT 1) ORDER BY id LIMIT ?3",
        )
        .bind(instant_text(prune.before))
        .bind(after.unwrap_or(i64::MIN))
        .bind(prune.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
        if !prune.dry_run {
            let delete = sqlx::query("DELETE FROM scans WHERE id IN (SELECT value FROM json_each(?))");
            delete.bind(json_text(&ids)?).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        let pruned = Pruned { scans: ids.len() as u64, ..Pruned::default() };
        Ok(Batch { pruned, next: next(prune.limit, ids.len(), ids.last().copied()) })
    }

    async fn pruned_before(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = sqlx::query("SELECT max(value) AS value FROM settings WHERE name = ?")
            .bind(PRUNED_BEFORE)
            .fetch_one(&self.readers)
            .await?;
        OwnRow { row: &row, table: "settings", id: PRUNED_BEFORE.into() }.optional("value", read_instant)
    }
}

fn read_id(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok()
}

/// An alert that is over and old.
struct Over {
    id: Uuid,
    rule: String,
    claim_id: String,
    payment_id: Option<String>,
    clock_started_at: String,
    resolved_at: DateTime<Utc>,
}

impl Over {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let own = OwnRow { row, table: "sla_alerts", id: row.try_get("id")? };
        Ok(Self {
            id: own.parsed("id", read_id)?,
            rule: row.try_get("rule")?,
            claim_id: row.try_get("claim_id")?,
            payment_id: row.try_get("payment_id")?,
            clock_started_at: row.try_get("clock_started_at")?,
            resolved_at: own.parsed("resolved_at", read_instant)?,
        })
    }
}

/// Those of `over` whose clock a scan could raise anew.
async fn may_come_up(
    connection: &mut SqliteConnection,
    prune: &Prune<'_>,
    over: &[Over],
) -> Result<Vec<Uuid>, StoreError> {
    let mut kept = Vec::new();
    for rule in prune.rules {
        for (part, on_line) in parts(rule) {
            let asked = over.iter().filter(|alert| alert.rule == rule.name && alert.payment_id.is_some() == on_line);
            let asked = asked.map(|a| (a.id.to_string(), &a.claim_id, &a.payment_id, &a.clock_started_at));
            let asked: Vec<_> = asked.collect();
            if asked.is_empty() {
                continue;
            }
            let sql = format!("SELECT DISTINCT asked.value ->> 0 AS id {}", clocks::may_come_up(rule, part));
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(json_text(&asked)?)
                .bind(instant_text(prune.before))
                .fetch_all(&mut *connection)
                .await?;
            for row in &rows {
                kept.push(OwnRow { row, table: "sla_alerts", id: row.try_get("id")? }.parsed("id", read_id)?);
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

async fn count_events(connection: &mut SqliteConnection, ids: &[String]) -> Result<u64, StoreError> {
    let events: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sla_alert_events WHERE alert_id IN (SELECT value FROM json_each(?))")
            .bind(json_text(ids)?)
            .fetch_one(connection)
            .await?;
    Ok(u64::try_from(events).unwrap_or(0))
}

/// Deletes alerts with all that is theirs; returns how many events they had.
async fn delete_alerts(
    connection: &mut SqliteConnection,
    prune: &Prune<'_>,
    ids: &[String],
) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let (before, ids) = (instant_text(prune.before), json_text(ids)?);
    for name in [PRUNING_BEFORE, PRUNED_BEFORE] {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
             WHERE settings.value < excluded.value",
        )
        .bind(name)
        .bind(&before)
        .execute(&mut *connection)
        .await?;
    }
    let mut deleted = Vec::new();
    for statement in [
        "DELETE FROM sla_alert_events WHERE alert_id IN (SELECT value FROM json_each(?))",
        "DELETE FROM alert_escalations WHERE alert_id IN (SELECT value FROM json_each(?))",
        "DELETE FROM sla_alerts WHERE id IN (SELECT value FROM json_each(?))",
    ] {
        deleted.push(sqlx::query(statement).bind(&ids).execute(&mut *connection).await?.rows_affected());
    }
    sqlx::query("DELETE FROM settings WHERE name = ?").bind(PRUNING_BEFORE).execute(connection).await?;
    Ok(deleted.first().copied().unwrap_or(0))
}
