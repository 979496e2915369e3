//! What goes out about alerts → rows: levels, and an event each, within the transaction of their message.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::StoreError;
use super::rows::instant_text;
use crate::escalation::{Escalated, Message};
use crate::store::change::{alike, json_text};
use crate::store::story::{self, ACTOR};

/// Puts `message` into the outbox, and records the escalation of its alerts.
pub(super) async fn escalate(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    id: Uuid,
    message: &Message,
) -> Result<bool, StoreError> {
    let mut digest = message.digest.clone();
    let taken = escalated(writer, now, id, &message.alerts).await?;
    let lost = message.alerts.iter().map(|alert| alert.alert_id).filter(|id| !taken.contains(id));
    let lost: HashSet<Uuid> = lost.collect();
    digest.escalated.retain(|alert_id| !lost.contains(alert_id));
    digest.reminded.retain(|alert_id| !lost.contains(alert_id));
    let alerts = digest.escalated.len() + digest.reminded.len();
    if alerts == 0 {
        return Ok(false);
    }
    let facts = json_text(&digest)?;
    sqlx::query("INSERT INTO outbox_messages (id, created_at, level, alerts, facts) VALUES (?, ?, ?, ?, ?)")
        .bind(id.to_string())
        .bind(instant_text(now))
        .bind(digest.level)
        .bind(i64::try_from(alerts).unwrap_or(i64::MAX))
        .bind(facts)
        .execute(&mut *writer)
        .await?;
    for recipient in digest.to.iter().chain(&digest.cc) {
        sqlx::query(
            "INSERT INTO outbox (id, message, recipient, next_attempt_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (message, recipient) DO NOTHING",
        )
        .bind(crate::now::fresh_id(now).to_string())
        .bind(id.to_string())
        .bind(recipient.email.to_string())
        .bind(instant_text(now))
        .execute(&mut *writer)
        .await?;
    }
    Ok(true)
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
                 WHERE a.state = 'breached' AND coalesce(a.snoozed_until <= ?3, true) \
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
    let (ids, at) = (json_text(ids)?, instant_text(now));
    let (kind, detail) = story::told(level, message, reminder);
    sqlx::query(
        "UPDATE sla_alerts SET escalation_level = max(escalation_level, ?2), last_escalated_at = ?3 \
         WHERE id IN (SELECT value FROM json_each(?1))",
    )
    .bind(&ids)
    .bind(level)
    .bind(&at)
    .execute(&mut *writer)
    .await?;
    sqlx::query(
        "INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) SELECT told.value, \
         coalesce((SELECT max(seq) FROM sla_alert_events e WHERE e.alert_id = told.value), 0) + 1, ?2, ?3, ?4, ?5 \
         FROM json_each(?1) told",
    )
    .bind(&ids)
    .bind(&at)
    .bind(kind)
    .bind(ACTOR)
    .bind(detail.to_string())
    .execute(&mut *writer)
    .await?;
    Ok(())
}
