//! What an address gets within an hour.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::rows::OwnRow;
use super::unit::query;
use crate::store::rate::{Rationed, WINDOW, Waiting, ration as decide};
use crate::store::{LeasedDelivery, StoreError};

/// Folds and postpones what has no room, for each address to which more is due than has.
pub(super) async fn ration(connection: &mut PgConnection, now: DateTime<Utc>, most: u32) -> Result<(), StoreError> {
    let crowded = query(
        "SELECT recipient FROM outbox o WHERE state = 'pending' AND next_attempt_at <= $1 AND lease_holder IS NULL \
         GROUP BY recipient HAVING count(*) + (SELECT count(*) FROM outbox s WHERE s.recipient = o.recipient \
         AND s.state = 'sent' AND s.sent_at > $2) > $3",
    );
    let crowded = crowded.bind(now).bind(now - WINDOW).bind(i64::from(most)).fetch_all(&mut *connection).await?;
    for row in crowded {
        let recipient: String = row.try_get("recipient")?;
        let waiting = waiting(connection, &recipient, now).await?;
        let sent = query(
            "SELECT sent_at FROM outbox WHERE recipient = $1 AND state = 'sent' AND sent_at > $2 ORDER BY sent_at",
        );
        let rows = sent.bind(&recipient).bind(now - WINDOW).fetch_all(&mut *connection).await?;
        let sent = rows.iter().map(|row| row.try_get("sent_at")).collect::<Result<Vec<DateTime<Utc>>, _>>()?;
        let Rationed { folded, postponed } = decide(&waiting, &sent, usize::try_from(most).unwrap_or(usize::MAX), now);
        for (old, new) in folded {
            let folded = query(
                "UPDATE outbox SET state = 'folded', next_attempt_at = NULL, folded_into = $2 \
                 WHERE id = $1 OR folded_into = $1",
            );
            folded.bind(old).bind(new).execute(&mut *connection).await?;
        }
        for (id, at) in postponed {
            let later = query("UPDATE outbox SET next_attempt_at = $2 WHERE id = $1");
            later.bind(id).bind(at).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// What waits for an address and nobody has in hand, the oldest first; nobody takes it in hand before this is over.
async fn waiting(
    connection: &mut PgConnection,
    recipient: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = query(
        "SELECT o.id, m.thread, o.attempts = 0 AND NOT o.perhaps_delivered AS fresh, o.next_attempt_at <= $2 AS due \
         FROM outbox o JOIN outbox_messages m ON m.id = o.message \
         WHERE o.recipient = $1 AND o.state = 'pending' AND o.lease_holder IS NULL ORDER BY m.created_at, m.id \
         FOR UPDATE OF o SKIP LOCKED",
    );
    let read = |row: &PgRow| {
        Ok(Waiting {
            id: row.try_get("id")?,
            thread: row.try_get("thread")?,
            fresh: row.try_get("fresh")?,
            due: row.try_get("due")?,
        })
    };
    rows.bind(recipient).bind(now).fetch_all(connection).await?.iter().map(read).collect()
}

/// Adds the facts of what goes along with `delivery`.
pub(super) async fn take_in(connection: &mut PgConnection, delivery: &mut LeasedDelivery) -> Result<(), StoreError> {
    let rows = query(
        "SELECT m.id, m.facts::text AS facts FROM outbox o JOIN outbox_messages m ON m.id = o.message \
         WHERE o.folded_into = $1 ORDER BY m.created_at DESC, m.id DESC",
    );
    for row in rows.bind(delivery.id).fetch_all(connection).await? {
        let id: uuid::Uuid = row.try_get("id")?;
        let own = OwnRow { row: &row, table: "outbox_messages", id: id.to_string() };
        delivery.digest.take_in(own.parsed("facts", |text| serde_json::from_str(text).ok())?);
    }
    Ok(())
}
