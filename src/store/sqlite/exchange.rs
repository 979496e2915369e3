//! What hands give back and take at once: a handful of statements, however many hands there are, and one commit.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::outbox::{HELD, UNSETTLED, read_id, stored_mail};
use super::rows::{OwnRow, instant_text};
use super::{StoreError, rate, recipients};
use crate::claim::clean_line;
use crate::store::change::json_text;
use crate::store::exchange::{OutcomeRow, RECORDED, Recorded, STILL_HELD, looks};
use crate::store::queue::OWN_OR_SHARED;
use crate::store::recipients::WAS_REFUSED;
use crate::store::{LeaseTime, LeasedDelivery, Lot, Outcomes};

/// Records `outcomes` as of `now`; says of which deliveries.
pub(super) async fn record(
    writer: &mut SqliteConnection,
    outcomes: &Outcomes,
    now: DateTime<Utc>,
) -> Result<BTreeSet<Uuid>, StoreError> {
    if outcomes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = format!(
        "UPDATE outbox SET {RECORDED} FROM (SELECT value ->> 'delivery' AS delivery, value ->> 'holder' AS holder, \
         value ->> 'tried' AS tried, value ->> 'state' AS state, value ->> 'again_at' AS again_at, \
         value ->> 'sent_at' AS sent_at, value ->> 'reply' AS reply, value ->> 'error' AS error, \
         value ->> 'perhaps_delivered' AS perhaps_delivered FROM json_each(?1)) AS ended \
         WHERE {STILL_HELD} RETURNING id, {WAS_REFUSED}"
    );
    let rows = json_text(&OutcomeRow::all(outcomes, now))?;
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(rows).fetch_all(&mut *writer).await?;
    let mut recorded = Recorded::default();
    for row in &rows {
        recorded.add(outcomes, own(row)?.parsed("id", read_id)?, row.try_get("was_refused")?);
    }
    for (delivery, words) in &recorded.refused {
        recipients::refused(writer, *delivery, now, words).await?;
    }
    recipients::taken(writer, &recorded.taken).await?;
    Ok(recorded.deliveries)
}

/// Leases deliveries that are due at `now`, the oldest first, as `lot` says and for `hold`.
pub(super) async fn lease(
    writer: &mut SqliteConnection,
    lot: &Lot,
    now: DateTime<Utc>,
    ends_by: LeaseTime,
    hold: TimeDelta,
) -> Result<Vec<LeasedDelivery>, StoreError> {
    let at = ends_by.set().unwrap_or(now);
    let until = instant_text(at.checked_add_signed(hold).unwrap_or(DateTime::<Utc>::MAX_UTC));
    let (mut holders, mut leased) = (lot.holders.clone(), Vec::new());
    // One that cannot be read leaves its holder without any.
    while !holders.is_empty() {
        let rows = sqlx::query(
            "UPDATE outbox SET perhaps_delivered = perhaps_delivered OR lease_holder IS NOT NULL, \
             lease_holder = hands.value, leased_until = ?3 FROM (SELECT id, row_number() OVER () - 1 AS place FROM (\
             SELECT id FROM outbox WHERE state = 'pending' AND next_attempt_at <= ?1 \
             AND (leased_until IS NULL OR leased_until <= ?4) \
             AND (?5 IS NULL OR recipient = ?5) AND recipient NOT IN (SELECT value FROM json_each(?6)) \
             AND (?7 IS NULL OR (SELECT m.alerts FROM outbox_messages m WHERE m.id = outbox.message) <= ?7) \
             ORDER BY next_attempt_at, id LIMIT json_array_length(?2))) AS due \
             CROSS JOIN json_each(?2) AS hands WHERE outbox.id = due.id AND hands.key = due.place RETURNING id",
        )
        .bind(instant_text(now))
        .bind(json_text(&holders)?)
        .bind(&until)
        .bind(instant_text(at))
        .bind(lot.queue.only())
        .bind(json_text(&lot.queue.left_out())?)
        .bind(lot.most_alerts)
        .fetch_all(&mut *writer)
        .await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
        if ids.is_empty() {
            break;
        }
        for delivery in read(writer, &ids).await? {
            if let Some(place) = holders.iter().position(|holder| *holder == delivery.holder) {
                holders.swap_remove(place);
            }
            leased.push(delivery);
        }
    }
    leased.sort_by_key(|delivery| delivery.id);
    look_again(writer, lot, now, &mut leased).await?;
    Ok(leased)
}

/// The deliveries `ids`, which were just leased; those that cannot be read are given up with what was found.
async fn read(writer: &mut SqliteConnection, ids: &[String]) -> Result<Vec<LeasedDelivery>, StoreError> {
    let sql = format!(
        "SELECT o.id, o.message, o.recipient, o.lease_holder, o.attempts, o.perhaps_delivered, m.facts, m.first_message, \
         EXISTS (SELECT 1 FROM outbox f WHERE f.folded_into = o.id) AS takes_in, {OWN_OR_SHARED} \
         FROM json_each(?1) ids CROSS JOIN outbox o ON o.id = ids.value JOIN outbox_messages m ON m.id = o.message"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(json_text(ids)?).fetch_all(&mut *writer).await?;
    let mut readable = Vec::new();
    for row in rows {
        match leased_delivery(writer, &row).await {
            Ok(delivery) => readable.push(delivery),
            Err(StoreError::Corrupt(found)) => give_up(writer, row.try_get("id")?, &found).await?,
            Err(other) => return Err(other),
        }
    }
    Ok(readable)
}

async fn leased_delivery(writer: &mut SqliteConnection, row: &SqliteRow) -> Result<LeasedDelivery, StoreError> {
    let own = own(row)?;
    let mut delivery = LeasedDelivery {
        id: own.parsed("id", read_id)?,
        message: own.parsed("message", read_id)?,
        recipient: row.try_get("recipient")?,
        holder: row.try_get("lease_holder")?,
        attempts: row.try_get("attempts")?,
        digest: own.parsed("facts", |text| serde_json::from_str(text).ok())?,
        first: own.parsed("first_message", read_id)?,
        perhaps_delivered: row.try_get("perhaps_delivered")?,
        unsettled: None,
        mail: stored_mail(row)?,
        about: row.try_get("about")?,
    };
    if row.try_get("takes_in")? {
        rate::take_in(writer, &mut delivery).await?;
    }
    Ok(delivery)
}

async fn give_up(writer: &mut SqliteConnection, id: String, found: &str) -> Result<(), StoreError> {
    tracing::error!(delivery = id, "a mail in the outbox cannot be read and was given up: see `outbox list`");
    let given_up = sqlx::query(
        "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, lease_holder = NULL, leased_until = NULL, \
         last_error = ?2 WHERE id = ?1",
    );
    given_up.bind(id).bind(clean_line(found, 1000).into_owned()).execute(writer).await?;
    Ok(())
}

/// Looks again at the alerts of `leased`, as [`crate::store::Outbox::unsettled`] does.
async fn look_again(
    writer: &mut SqliteConnection,
    lot: &Lot,
    now: DateTime<Utc>,
    leased: &mut [LeasedDelivery],
) -> Result<(), StoreError> {
    let looks = looks(lot, leased);
    if looks.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT look.value ->> 'number' AS number, a.id FROM json_each(?1) look \
         CROSS JOIN sla_alerts a ON a.id = look.value ->> 'alert' \
         WHERE CASE WHEN look.value ->> 'held' THEN {HELD} ELSE {UNSETTLED} END \
         AND (look.value ->> 'escalated' OR a.acknowledged_at IS NULL) ORDER BY a.due_at, a.id"
    );
    let statement = sqlx::query(AssertSqlSafe(sql)).bind(json_text(&looks)?).bind(instant_text(now));
    for row in statement.fetch_all(writer).await? {
        let id = OwnRow { row: &row, table: "sla_alerts", id: row.try_get("id")? }.parsed("id", read_id)?;
        let delivery = usize::try_from(row.try_get::<i64, _>("number")?).ok().and_then(|number| leased.get_mut(number));
        delivery.and_then(|delivery| delivery.unsettled.as_mut()).into_iter().for_each(|alerts| alerts.push(id));
    }
    Ok(())
}

fn own(row: &SqliteRow) -> Result<OwnRow<'_>, StoreError> {
    Ok(OwnRow { row, table: "outbox", id: row.try_get("id")? })
}
