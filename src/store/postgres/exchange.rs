//! What hands give back and take at once: a handful of statements, however many hands there are, and one commit.
//!
//! Statements have no names here, so that each is planned anew; numbers of rows that the planner cannot guess are told to it
//! by arrays.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use uuid::Uuid;

use super::outbox::{HELD, UNSETTLED, stored_mail};
use super::rows::{OwnRow, level};
use super::unit::{made, query};
use super::{rate, recipients};
use crate::claim::clean_line;
use crate::store::exchange::{OutcomeRow, RECORDED, Recorded, STILL_HELD, looks};
use crate::store::queue::OWN_OR_SHARED;
use crate::store::recipients::WAS_REFUSED;
use crate::store::{LeaseTime, LeasedDelivery, Lot, Outcomes, StoreError};

/// Records `outcomes` as of `now`; says of which deliveries.
pub(super) async fn record(
    connection: &mut PgConnection,
    outcomes: &Outcomes,
    now: DateTime<Utc>,
) -> Result<BTreeSet<Uuid>, StoreError> {
    if outcomes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = format!(
        "UPDATE outbox SET {RECORDED} FROM jsonb_to_recordset($1) AS ended (delivery uuid, holder text, tried int, \
         state text, again_at timestamptz, sent_at timestamptz, reply text, error text, perhaps_delivered boolean) \
         WHERE outbox.id = ANY ($2) AND {STILL_HELD} RETURNING outbox.id, {WAS_REFUSED}"
    );
    let ids: Vec<Uuid> = outcomes.keys().copied().collect();
    let rows = made(sql).bind(Json(OutcomeRow::all(outcomes, now))).bind(ids).fetch_all(&mut *connection).await?;
    let mut recorded = Recorded::default();
    for row in &rows {
        recorded.add(outcomes, row.try_get("id")?, row.try_get("was_refused")?);
    }
    for (delivery, words) in &recorded.refused {
        recipients::refused(connection, *delivery, now, words).await?;
    }
    recipients::taken(connection, &recorded.taken).await?;
    Ok(recorded.deliveries)
}

/// Leases deliveries that are due at `now`, the oldest first, as `lot` says, and for `hold`: such as no other session is taking.
pub(super) async fn lease(
    connection: &mut PgConnection,
    lot: &Lot,
    now: DateTime<Utc>,
    ends_by: LeaseTime,
    hold: TimeDelta,
) -> Result<Vec<LeasedDelivery>, StoreError> {
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE state = 'pending' AND next_attempt_at <= $1 \
         AND (leased_until IS NULL OR leased_until <= coalesce($4, clock_timestamp())) \
         AND ($5::text IS NULL OR recipient = $5) AND recipient <> ALL ($6::text[]) \
         AND ($7::int IS NULL OR (SELECT m.alerts FROM outbox_messages m WHERE m.id = outbox.message) <= $7) \
         ORDER BY next_attempt_at, id LIMIT cardinality($2::text[]) FOR UPDATE SKIP LOCKED), \
         o AS (UPDATE outbox SET perhaps_delivered = perhaps_delivered OR lease_holder IS NOT NULL, \
         lease_holder = hands.holder, leased_until = coalesce($4, clock_timestamp()) + $3 \
         FROM (SELECT id, row_number() OVER () AS place FROM due) AS places \
         JOIN unnest($2::text[]) WITH ORDINALITY AS hands (holder, place) ON hands.place = places.place \
         WHERE outbox.id = places.id RETURNING outbox.*) \
         SELECT o.id, o.message, o.recipient, o.lease_holder, o.attempts, o.perhaps_delivered, m.facts::text AS facts, \
         m.first_message, EXISTS (SELECT FROM outbox f WHERE f.folded_into = o.id) AS takes_in, {OWN_OR_SHARED} \
         FROM o JOIN outbox_messages m ON m.id = o.message"
    );
    let (mut holders, mut leased) = (lot.holders.clone(), Vec::new());
    // One that cannot be read leaves its holder without any.
    while !holders.is_empty() {
        let rows = made(sql.clone())
            .bind(now)
            .bind(&holders)
            .bind(hold)
            .bind(ends_by.set())
            .bind(lot.queue.only())
            .bind(lot.queue.left_out())
            .bind(lot.most_alerts.map(|most| i32::try_from(most).unwrap_or(i32::MAX)))
            .fetch_all(&mut *connection)
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            match leased_delivery(connection, &row).await {
                Ok(delivery) => {
                    if let Some(place) = holders.iter().position(|holder| *holder == delivery.holder) {
                        holders.swap_remove(place);
                    }
                    leased.push(delivery);
                }
                Err(StoreError::Corrupt(found)) => give_up(connection, row.try_get("id")?, &found).await?,
                Err(other) => return Err(other),
            }
        }
    }
    leased.sort_by_key(|delivery: &LeasedDelivery| delivery.id);
    look_again(connection, lot, now, &mut leased).await?;
    Ok(leased)
}

async fn leased_delivery(connection: &mut PgConnection, row: &PgRow) -> Result<LeasedDelivery, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let own = OwnRow { row, table: "outbox", id: id.to_string() };
    let mut delivery = LeasedDelivery {
        id,
        message: row.try_get("message")?,
        recipient: row.try_get("recipient")?,
        holder: row.try_get("lease_holder")?,
        attempts: level(row, "attempts")?,
        digest: own.parsed("facts", |text| serde_json::from_str(text).ok())?,
        first: row.try_get("first_message")?,
        perhaps_delivered: row.try_get("perhaps_delivered")?,
        unsettled: None,
        mail: stored_mail(row)?,
        about: row.try_get("about")?,
    };
    if row.try_get("takes_in")? {
        rate::take_in(connection, &mut delivery).await?;
    }
    Ok(delivery)
}

async fn give_up(connection: &mut PgConnection, id: Uuid, found: &str) -> Result<(), StoreError> {
    tracing::error!(delivery = %id, "a mail in the outbox cannot be read and was given up: see `outbox list`");
    let given_up = query(
        "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, lease_holder = NULL, leased_until = NULL, \
         last_error = $2 WHERE id = $1",
    );
    given_up.bind(id).bind(clean_line(found, 1000).into_owned()).execute(connection).await?;
    Ok(())
}

/// Looks again at the alerts of `leased`, as [`crate::store::Outbox::unsettled`] does.
async fn look_again(
    connection: &mut PgConnection,
    lot: &Lot,
    now: DateTime<Utc>,
    leased: &mut [LeasedDelivery],
) -> Result<(), StoreError> {
    let looks = looks(lot, leased);
    if looks.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT look.number, a.id FROM unnest($1::int[], $3::uuid[], $4::boolean[], $5::boolean[]) \
         AS look (number, alert, held, escalated) JOIN sla_alerts a ON a.id = look.alert \
         WHERE CASE WHEN look.held THEN {HELD} ELSE {UNSETTLED} END \
         AND (look.escalated OR a.acknowledged_at IS NULL) ORDER BY a.due_at, a.id"
    );
    let rows = made(sql)
        .bind(looks.iter().map(|look| look.number).collect::<Vec<_>>())
        .bind(now)
        .bind(looks.iter().map(|look| look.alert).collect::<Vec<_>>())
        .bind(looks.iter().map(|look| look.held).collect::<Vec<_>>())
        .bind(looks.iter().map(|look| look.escalated).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    for row in rows {
        let number = usize::try_from(row.try_get::<i32, _>("number")?).ok();
        let alerts = number.and_then(|number| leased.get_mut(number)?.unsettled.as_mut());
        if let Some(alerts) = alerts {
            alerts.push(row.try_get("id")?);
        }
    }
    Ok(())
}
