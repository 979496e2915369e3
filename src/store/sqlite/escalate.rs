//! What goes out about alerts → rows: levels, and an event each, within the transaction of their message.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::StoreError;
use super::recipients;
use super::rows::{OwnRow, instant_text, read_instant};
use crate::escalation::{Escalated, Message};
use crate::store::Thread;
use crate::store::change::{alike, broken_promises, json_text, without_lost};
use crate::store::story::{self, ACTOR, Happening};

/// Puts `message` into the outbox, and records the escalation of its alerts.
pub(super) async fn escalate(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    id: Uuid,
    message: &Message,
) -> Result<bool, StoreError> {
    lapse(writer, now, &message.alerts).await?;
    let taken = escalated(writer, now, id, &message.alerts).await?;
    let digest = without_lost(message, &taken);
    if !digest.speaks() {
        return Ok(false);
    }
    let bounced: Vec<&str> = digest.bounced.iter().map(|bounced| bounced.address.as_str()).collect();
    if !bounced.is_empty() && !recipients::note_told(writer, now, &bounced).await? {
        return Ok(false);
    }
    let first = join_thread(writer, now, id, &digest.thread).await?;
    let facts = json_text(&*digest)?;
    sqlx::query(
        "INSERT INTO outbox_messages (id, created_at, level, alerts, facts, thread, first_message) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.to_string())
    .bind(instant_text(now))
    .bind(digest.level)
    .bind(i64::try_from(digest.alerts()).unwrap_or(i64::MAX))
    .bind(facts)
    .bind(&digest.thread)
    .bind(first)
    .execute(&mut *writer)
    .await?;
    for recipient in digest.recipients.in_outbox() {
        sqlx::query(
            "INSERT INTO outbox (id, message, recipient, next_attempt_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (message, recipient) DO NOTHING",
        )
        .bind(crate::now::fresh_id(now).to_string())
        .bind(id.to_string())
        .bind(recipient)
        .bind(instant_text(now))
        .execute(&mut *writer)
        .await?;
    }
    recipients::give_up(writer).await?;
    Ok(true)
}

/// Makes message `id` the latest of `thread`; returns the first one.
async fn join_thread(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    id: Uuid,
    thread: &str,
) -> Result<String, StoreError> {
    let first = sqlx::query_scalar(
        "INSERT INTO threads (name, first_message, told_at) VALUES (?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at RETURNING first_message",
    );
    Ok(first.bind(thread).bind(id.to_string()).bind(instant_text(now)).fetch_one(&mut *writer).await?)
}

pub(super) async fn note_said(
    writer: &mut SqliteConnection,
    thread: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let said = sqlx::query("UPDATE threads SET told_at = ?2 WHERE name = ?1");
    said.bind(thread).bind(instant_text(now)).execute(&mut *writer).await?;
    Ok(())
}

pub(super) async fn threads(reader: &mut SqliteConnection) -> Result<Vec<Thread>, StoreError> {
    let rows = sqlx::query("SELECT name, first_message, told_at FROM threads").fetch_all(&mut *reader).await?;
    let read = |row| {
        let own = OwnRow { row, table: "threads", id: row.try_get("name")? };
        Ok(Thread {
            name: own.id.clone(),
            first: own.parsed("first_message", |text| Uuid::parse_str(text).ok())?,
            told_at: own.parsed("told_at", read_instant)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Ends the acknowledgements whose promise was not kept, with an event each.
async fn lapse(writer: &mut SqliteConnection, now: DateTime<Utc>, alerts: &[Escalated]) -> Result<(), StoreError> {
    for (until, ids) in broken_promises(alerts) {
        let rows = sqlx::query(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL \
             WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'breached' AND acknowledged_until = ?2 RETURNING id",
        );
        let rows = rows.bind(json_text(&ids)?).bind(instant_text(until)).fetch_all(&mut *writer).await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
        add_event(writer, now, ACTOR, &ids, &story::broken_promise(until)).await?;
    }
    Ok(())
}

/// Adds the same event to each of the alerts `ids`.
pub(super) async fn add_event(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    actor: &str,
    ids: &[String],
    (kind, detail): &Happening,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) SELECT told.value, \
         coalesce((SELECT max(seq) FROM sla_alert_events e WHERE e.alert_id = told.value), 0) + 1, ?2, ?3, ?4, ?5 \
         FROM json_each(?1) told",
    )
    .bind(json_text(ids)?)
    .bind(instant_text(now))
    .bind(*kind)
    .bind(actor)
    .bind(detail.to_string())
    .execute(&mut *writer)
    .await?;
    Ok(())
}

/// Notes when each alert is to be looked at again.
pub(super) async fn schedule(
    writer: &mut SqliteConnection,
    next: &[(Uuid, Option<DateTime<Utc>>)],
) -> Result<(), StoreError> {
    let mut by_instant: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for (alert_id, at) in next {
        by_instant.entry(at.map(instant_text)).or_default().push(*alert_id);
    }
    for (at, ids) in by_instant {
        let ids = json_text(&ids)?;
        sqlx::query(
            "UPDATE sla_alerts SET next_escalation_at = ?2 \
             WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'breached'",
        )
        .bind(ids)
        .bind(at)
        .execute(&mut *writer)
        .await?;
    }
    Ok(())
}

/// Records that `message` goes out about `alerts`, and returns those about which it may: they are still open, and nobody
/// else sent that level meanwhile.
async fn escalated(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    message: Uuid,
    alerts: &[Escalated],
) -> Result<HashSet<Uuid>, StoreError> {
    let at = instant_text(now);
    let mut taken = HashSet::new();
    for ((level, last_sent_at), ids) in alike(alerts) {
        // CROSS keeps the list in front: read once, each alert looked up.
        let statement = match last_sent_at {
            None => sqlx::query(
                "INSERT INTO alert_escalations (alert_id, level, first_sent_at, last_sent_at) SELECT a.id, ?2, ?3, ?3 \
                 FROM json_each(?1) asked CROSS JOIN sla_alerts a ON a.id = asked.value \
                 WHERE a.state = 'breached' AND a.held_since IS NULL AND coalesce(a.snoozed_until <= ?3, true) \
                 ON CONFLICT DO NOTHING RETURNING alert_id",
            ),
            Some(_) => sqlx::query(
                "UPDATE alert_escalations SET last_sent_at = ?3 WHERE alert_id IN (SELECT value FROM json_each(?1)) \
                 AND level = ?2 AND last_sent_at = ?4 AND EXISTS (SELECT 1 FROM sla_alerts a \
                 WHERE a.id = alert_id AND a.state = 'breached' AND a.acknowledged_at IS NULL \
                 AND coalesce(a.snoozed_until <= ?3, true)) RETURNING alert_id",
            ),
        };
        let statement = statement.bind(json_text(&ids)?).bind(level).bind(&at).bind(last_sent_at.map(instant_text));
        let mut told = Vec::with_capacity(ids.len());
        for row in statement.fetch_all(&mut *writer).await? {
            told.push(row.try_get::<String, _>("alert_id")?);
        }
        tell(writer, now, message, (level, last_sent_at.is_some()), &told).await?;
        taken.extend(told.iter().filter_map(|id| Uuid::parse_str(id).ok()));
    }
    Ok(taken)
}

/// Notes on the alerts `ids` that `level` goes out about them, with an event each.
async fn tell(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    message: Uuid,
    (level, reminder): (u32, bool),
    ids: &[String],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sla_alerts SET escalation_level = max(escalation_level, ?2), last_escalated_at = ?3 \
         WHERE id IN (SELECT value FROM json_each(?1))",
    )
    .bind(json_text(ids)?)
    .bind(level)
    .bind(instant_text(now))
    .execute(&mut *writer)
    .await?;
    add_event(writer, now, ACTOR, ids, &story::told(level, message, reminder)).await
}
