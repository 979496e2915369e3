//! What goes out about alerts → rows: levels, and an event each, within the transaction of their message.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;
use uuid::Uuid;

use super::StoreError;
use super::record::{ACTOR, InTransaction, json_text};
use super::rows::instant_text;
use crate::escalation::Escalated;

/// Records that `message` goes out about `alerts`, and returns those about which it may: they are still open, and nobody
/// else sent that level meanwhile.
pub(super) async fn escalated(
    transaction: InTransaction<'_>,
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
        for row in statement.fetch_all(&mut **transaction).await? {
            told.push(row.try_get::<String, _>("alert_id")?);
        }
        tell(transaction, now, message, (level, last_sent_at.is_some()), &told).await?;
        taken.extend(told.iter().filter_map(|id| Uuid::parse_str(id).ok()));
    }
    Ok(taken)
}

/// Alerts that are recorded by one statement: those of one level that were last told of at one time.
fn alike(alerts: &[Escalated]) -> BTreeMap<(u32, Option<DateTime<Utc>>), Vec<Uuid>> {
    let mut groups: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for Escalated { alert_id, level, last_sent_at } in alerts {
        groups.entry((*level, *last_sent_at)).or_default().push(*alert_id);
    }
    groups
}

/// Notes on the alerts `ids` that `level` goes out about them, with an event each.
async fn tell(
    transaction: InTransaction<'_>,
    now: DateTime<Utc>,
    message: Uuid,
    (level, reminder): (u32, bool),
    ids: &[String],
) -> Result<(), StoreError> {
    let (ids, at) = (json_text(ids)?, instant_text(now));
    sqlx::query(
        "UPDATE sla_alerts SET escalation_level = max(escalation_level, ?2), last_escalated_at = ?3 \
         WHERE id IN (SELECT value FROM json_each(?1))",
    )
    .bind(&ids)
    .bind(level)
    .bind(&at)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "INSERT INTO sla_alert_events (alert_id, seq, at, kind, actor, detail) SELECT told.value, \
         coalesce((SELECT max(seq) FROM sla_alert_events e WHERE e.alert_id = told.value), 0) + 1, ?2, ?3, ?4, ?5 \
         FROM json_each(?1) told",
    )
    .bind(&ids)
    .bind(&at)
    .bind(if reminder { "reminded" } else { "escalated" })
    .bind(ACTOR)
    .bind(json!({"level": level, "message": message}).to_string())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
