//! What goes out about alerts → rows: the message with its deliveries, levels, and an event each.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::recipients;
use super::unit::query;
use crate::escalation::{Escalated, Message};
use crate::now::fresh_id;
use crate::store::change::{alike, broken_promises, json_text, without_lost};
use crate::store::story::{self, ACTOR, Happening};
use crate::store::{StoreError, Thread};

/// Puts `message` into the outbox, and records the escalation of its alerts.
pub(super) async fn escalate(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    id: Uuid,
    message: &Message,
) -> Result<bool, StoreError> {
    lapse(connection, now, &message.alerts).await?;
    let taken = escalated(connection, now, id, &message.alerts).await?;
    let digest = without_lost(message, &taken);
    if !digest.speaks() {
        return Ok(false);
    }
    let bounced: Vec<&str> = digest.bounced.iter().map(|bounced| bounced.address.as_str()).collect();
    if !bounced.is_empty() && !recipients::note_told(connection, now, &bounced).await? {
        return Ok(false);
    }
    let first = join_thread(connection, now, id, &digest.thread).await?;
    query(
        "INSERT INTO outbox_messages (id, created_at, level, alerts, facts, thread, first_message) \
         VALUES ($1, $2, $3, $4, $5::json, $6, $7)",
    )
    .bind(id)
    .bind(now)
    .bind(as_int(digest.level))
    .bind(i32::try_from(digest.alerts()).unwrap_or(i32::MAX))
    .bind(json_text(&*digest)?)
    .bind(&digest.thread)
    .bind(first)
    .execute(&mut *connection)
    .await?;
    let names = digest.recipients.in_outbox();
    let ids: Vec<Uuid> = names.iter().map(|_| fresh_id(now)).collect();
    query(
        "INSERT INTO outbox (id, message, recipient, next_attempt_at) SELECT n.id, $1, n.recipient, $2 \
         FROM unnest($3::uuid[], $4::text[]) AS n (id, recipient) ON CONFLICT (message, recipient) DO NOTHING",
    )
    .bind(id)
    .bind(now)
    .bind(ids)
    .bind(names)
    .execute(&mut *connection)
    .await?;
    recipients::give_up(connection).await?;
    Ok(true)
}

/// Makes message `id` the latest of `thread`; returns the first one.
async fn join_thread(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    id: Uuid,
    thread: &str,
) -> Result<Uuid, StoreError> {
    let row = query(
        "INSERT INTO threads (name, first_message, told_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at RETURNING first_message",
    );
    Ok(row.bind(thread).bind(id).bind(now).fetch_one(connection).await?.try_get("first_message")?)
}

pub(super) async fn note_said(
    connection: &mut PgConnection,
    thread: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    query("UPDATE threads SET told_at = $2 WHERE name = $1").bind(thread).bind(now).execute(connection).await?;
    Ok(())
}

pub(super) async fn threads(connection: &mut PgConnection) -> Result<Vec<Thread>, StoreError> {
    let rows = query("SELECT name, first_message, told_at FROM threads").fetch_all(connection).await?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok(Thread {
            name: row.try_get("name")?,
            first: row.try_get("first_message")?,
            told_at: row.try_get("told_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Ends the acknowledgements whose promise was not kept, with an event each.
async fn lapse(connection: &mut PgConnection, now: DateTime<Utc>, alerts: &[Escalated]) -> Result<(), StoreError> {
    for (until, ids) in broken_promises(alerts) {
        let rows = query(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL \
             WHERE id = ANY ($1) AND state = 'breached' AND acknowledged_until = $2 RETURNING id",
        );
        let rows = rows.bind(ids).bind(until).fetch_all(&mut *connection).await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<Uuid>, _>>()?;
        add_event(connection, now, ACTOR, &ids, &story::broken_promise(until)).await?;
    }
    Ok(())
}

/// Adds the same event to each of the alerts `ids`.
pub(super) async fn add_event(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    actor: &str,
    ids: &[Uuid],
    (kind, detail): &Happening,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO sla_alert_events (alert_id, claim_id, seq, at, kind, actor, detail) SELECT a.id, a.claim_id, \
         coalesce((SELECT max(e.seq) FROM sla_alert_events e WHERE e.alert_id = a.id), 0) + 1, $2, $3, $4, $5::json \
         FROM sla_alerts a WHERE a.id = ANY ($1)",
    )
    .bind(ids)
    .bind(now)
    .bind(*kind)
    .bind(actor)
    .bind(detail.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes when each alert is to be looked at again.
pub(super) async fn schedule(
    connection: &mut PgConnection,
    next: &[(Uuid, Option<DateTime<Utc>>)],
) -> Result<(), StoreError> {
    let (ids, instants): (Vec<Uuid>, Vec<Option<DateTime<Utc>>>) = next.iter().copied().unzip();
    query(
        "UPDATE sla_alerts a SET next_escalation_at = n.at FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, at) \
         WHERE a.id = n.id AND a.state = 'breached' AND a.next_escalation_at IS DISTINCT FROM n.at",
    )
    .bind(ids)
    .bind(instants)
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that `message` goes out about `alerts`, and returns those about which it may: they are still open, and nobody
/// else sent that level meanwhile.
async fn escalated(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    message: Uuid,
    alerts: &[Escalated],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut taken = HashSet::new();
    for ((level, last_sent_at), ids) in alike(alerts) {
        let statement = match last_sent_at {
            None => query(
                "INSERT INTO alert_escalations (alert_id, claim_id, level, first_sent_at, last_sent_at) \
                 SELECT a.id, a.claim_id, $2, $3, $3 FROM sla_alerts a WHERE a.id = ANY ($1) AND a.state = 'breached' \
                 AND a.held_since IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= $3) AND $4::timestamptz IS NULL \
                 ON CONFLICT DO NOTHING RETURNING alert_id",
            ),
            Some(_) => query(
                "UPDATE alert_escalations e SET last_sent_at = $3 FROM sla_alerts a WHERE e.alert_id = ANY ($1) \
                 AND e.level = $2 AND e.last_sent_at = $4 AND a.id = e.alert_id AND a.state = 'breached' \
                 AND a.acknowledged_at IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= $3) \
                 RETURNING e.alert_id",
            ),
        };
        let statement = statement.bind(ids).bind(as_int(level)).bind(now).bind(last_sent_at);
        let rows = statement.fetch_all(&mut *connection).await?;
        let told: Vec<Uuid> = rows.iter().map(|row| row.try_get("alert_id")).collect::<Result<_, _>>()?;
        tell(connection, now, message, (level, last_sent_at.is_some()), &told).await?;
        taken.extend(told);
    }
    Ok(taken)
}

/// Notes on the alerts `ids` that `level` goes out about them, with an event each.
async fn tell(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    message: Uuid,
    (level, reminder): (u32, bool),
    ids: &[Uuid],
) -> Result<(), StoreError> {
    query(
        "UPDATE sla_alerts SET escalation_level = greatest(escalation_level, $2), last_escalated_at = $3 \
         WHERE id = ANY ($1)",
    )
    .bind(ids)
    .bind(as_int(level))
    .bind(now)
    .execute(&mut *connection)
    .await?;
    add_event(connection, now, ACTOR, ids, &story::told(level, message, reminder)).await
}

/// A level as the server keeps it.
fn as_int(level: u32) -> i32 {
    i32::try_from(level).unwrap_or(i32::MAX)
}
