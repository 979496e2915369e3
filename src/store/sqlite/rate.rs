//! What an address gets within an hour.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::StoreError;
use super::rows::{OwnRow, instant_text, read_instant};
use crate::store::LeasedDelivery;
use crate::store::rate::{Rationed, WINDOW, Waiting, ration as decide};

/// The addresses to which more is due than has room.
pub(super) async fn crowded(
    reader: &mut SqliteConnection,
    now: DateTime<Utc>,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT recipient FROM outbox o WHERE state = 'pending' AND next_attempt_at <= ?1 AND lease_holder IS NULL \
         GROUP BY recipient HAVING count(*) + (SELECT count(*) FROM outbox s WHERE s.recipient = o.recipient \
         AND s.state = 'sent' AND s.sent_at > ?2) > ?3",
    );
    let rows = rows.bind(instant_text(now)).bind(instant_text(now - WINDOW)).bind(most).fetch_all(reader).await?;
    rows.iter().map(|row| Ok(row.try_get("recipient")?)).collect()
}

/// Folds and postpones what has no room.
pub(super) async fn ration(writer: &mut SqliteConnection, now: DateTime<Utc>, most: u32) -> Result<(), StoreError> {
    for recipient in crowded(writer, now, most).await? {
        let waiting = waiting(writer, &recipient, now).await?;
        let sent = sqlx::query(
            "SELECT sent_at FROM outbox WHERE recipient = ? AND state = 'sent' AND sent_at > ? ORDER BY sent_at",
        );
        let rows = sent.bind(&recipient).bind(instant_text(now - WINDOW)).fetch_all(&mut *writer).await?;
        let read = |row| OwnRow { row, table: "outbox", id: recipient.clone() }.parsed("sent_at", read_instant);
        let sent = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let Rationed { folded, postponed } = decide(&waiting, &sent, usize::try_from(most).unwrap_or(usize::MAX), now);
        for (old, new) in folded {
            sqlx::query(
                "UPDATE outbox SET state = 'folded', next_attempt_at = NULL, folded_into = ?2 \
                 WHERE id = ?1 OR folded_into = ?1",
            )
            .bind(old.to_string())
            .bind(new.to_string())
            .execute(&mut *writer)
            .await?;
        }
        for (id, at) in postponed {
            let later = sqlx::query("UPDATE outbox SET next_attempt_at = ?2 WHERE id = ?1");
            later.bind(id.to_string()).bind(instant_text(at)).execute(&mut *writer).await?;
        }
    }
    Ok(())
}

/// What waits for an address and nobody has in hand, the oldest first.
async fn waiting(
    writer: &mut SqliteConnection,
    recipient: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query(
        "SELECT o.id, m.thread, o.attempts = 0 AND NOT o.perhaps_delivered AS fresh, o.next_attempt_at <= ?2 AS due \
         FROM outbox o JOIN outbox_messages m ON m.id = o.message \
         WHERE o.recipient = ?1 AND o.state = 'pending' AND o.lease_holder IS NULL ORDER BY m.created_at, m.id",
    );
    let rows = rows.bind(recipient).bind(instant_text(now)).fetch_all(writer).await?;
    let read = |row| {
        let own = OwnRow { row, table: "outbox", id: row.try_get("id")? };
        Ok(Waiting {
            id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
            thread: row.try_get("thread")?,
            fresh: row.try_get("fresh")?,
            due: row.try_get("due")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Adds the facts of what goes along with `delivery`.
pub(super) async fn take_in(writer: &mut SqliteConnection, delivery: &mut LeasedDelivery) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT o.id, m.facts FROM outbox o JOIN outbox_messages m ON m.id = o.message WHERE o.folded_into = ? \
         ORDER BY m.created_at DESC, m.id DESC",
    );
    for row in rows.bind(delivery.id.to_string()).fetch_all(writer).await? {
        let own = OwnRow { row: &row, table: "outbox_messages", id: row.try_get("id")? };
        delivery.digest.take_in(own.parsed("facts", |text| serde_json::from_str(text).ok())?);
    }
    Ok(())
}
