//! Messages on their way out. Several daemons take deliveries at once: each takes what no other is taking.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::rows::{ALERT_COLUMNS, OwnRow, alert, level};
use super::unit::{in_unit, made, query};
use super::{PostgresStore, exchange, rate, recipients};
use crate::alert::Alert;
use crate::escalation::webhook_of;
use crate::store::browse::DELIVERY;
use crate::store::{
    DeliveryState, DisabledAddress, Exchanged, KeptMail, LeaseTime, LeasedDelivery, Lot, Outbox, OutboxItem, Outcomes,
    StoreError, StoredMail,
};

#[async_trait]
impl Outbox for PostgresStore {
    async fn exchange(
        &self,
        outcomes: &Outcomes,
        lots: &[Lot],
        now: DateTime<Utc>,
        ends_by: LeaseTime,
        hold: TimeDelta,
    ) -> Result<Exchanged, StoreError> {
        in_unit!(self, unit, {
            let recorded = exchange::record(unit, outcomes, now).await?;
            let mut leased = Vec::new();
            for lot in lots {
                leased.extend(exchange::lease(unit, lot, now, ends_by, hold).await?);
            }
            Ok(Exchanged { recorded, leased })
        })
    }

    async fn ration(&self, now: DateTime<Utc>, most: u32) -> Result<(), StoreError> {
        in_unit!(self, unit, rate::ration(unit, now, most).await)
    }

    async fn keep_mail(
        &self,
        delivery: &LeasedDelivery,
        holder: &str,
        now: DateTime<Utc>,
        mail: &StoredMail,
        about: &str,
    ) -> Result<KeptMail, StoreError> {
        in_unit!(self, unit, {
            let row = query("SELECT message_id, subject, bytes, about FROM outbox_messages WHERE id = $1 FOR UPDATE")
                .bind(delivery.message)
                .fetch_one(&mut **unit)
                .await?;
            let held = query("SELECT FROM outbox WHERE id = $1 AND lease_holder = $2 FOR UPDATE");
            if held.bind(delivery.id).bind(holder).fetch_optional(&mut **unit).await?.is_none() {
                return Ok(KeptMail::NotHeld);
            }
            let kept: Option<String> = row.try_get("about")?;
            let shareable = webhook_of(&delivery.recipient).is_none();
            let shared = stored_mail(&row)?.filter(|_| shareable && kept.as_deref() == Some(about));
            let replaced = shareable && shared.is_none() && !(kept.is_some() && is_in_use(unit, delivery).await?);
            if replaced {
                query(
                    "UPDATE outbox_messages SET message_id = $2, subject = $3, bytes = $4, rendered_at = $5, about = $6 \
                     WHERE id = $1",
                )
                .bind(delivery.message)
                .bind(&mail.message_id)
                .bind(&mail.subject)
                .bind(&mail.bytes)
                .bind(now)
                .bind(about)
                .execute(&mut **unit)
                .await?;
            }
            let own = (shared.is_none() && !replaced).then_some(mail);
            query("UPDATE outbox SET own_subject = $2, own_bytes = $3, own_about = $4 WHERE id = $1")
                .bind(delivery.id)
                .bind(own.map(|own| &own.subject))
                .bind(own.map(|own| &own.bytes))
                .bind(own.map(|_| about))
                .execute(&mut **unit)
                .await?;
            Ok(shared.map_or(KeptMail::Given, KeptMail::Shared))
        })
    }

    async fn settle(&self, message: Uuid, holder: &str) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            query(
                "UPDATE outbox SET state = 'settled', next_attempt_at = NULL, lease_holder = NULL, leased_until = NULL \
                 WHERE message = $1 AND state IN ('pending', 'dead') AND (lease_holder IS NULL OR lease_holder = $2)",
            )
            .bind(message)
            .bind(holder)
            .execute(&mut **unit)
            .await?;
            Ok(())
        })
    }

    async fn unsettled(&self, delivery: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
        // Facts may be megabytes: what they say of the message is read once, not with each alert.
        let sql = format!(
            "SELECT coalesce(array_agg(a.id ORDER BY a.due_at, a.id), '{{}}') AS ids FROM (\
             SELECT told.id::uuid AS id, bool_or(lists.list = 'escalated') AS escalated \
             FROM outbox o JOIN outbox_messages m ON m.id = o.message, \
             (VALUES ('escalated'), ('reminded')) lists (list), json_array_elements_text(m.facts -> lists.list) told (id) \
             WHERE o.id = $1 OR o.folded_into = $1 GROUP BY told.id) told JOIN sla_alerts a ON a.id = told.id \
             WHERE CASE (SELECT m.facts ->> 'kind' FROM outbox o JOIN outbox_messages m ON m.id = o.message WHERE o.id = $1) \
             WHEN 'held' THEN {HELD} ELSE {UNSETTLED} END AND (told.escalated OR a.acknowledged_at IS NULL)"
        );
        in_unit!(self, unit, {
            let row = made(sql.clone()).bind(delivery).bind(now).fetch_one(&mut **unit).await?;
            Ok(row.try_get("ids")?)
        })
    }

    async fn still_unsettled(&self, ids: &[Uuid], held: bool, now: DateTime<Utc>) -> Result<Vec<Alert>, StoreError> {
        let sql = format!(
            "SELECT {ALERT_COLUMNS} FROM sla_alerts a WHERE a.id = ANY ($1) AND {} ORDER BY a.due_at, a.id",
            if held { HELD } else { UNSETTLED }
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone()).bind(ids).bind(now).fetch_all(&mut **unit).await?;
            rows.iter().map(alert).collect()
        })
    }

    async fn alerts_by_id(&self, ids: &[Uuid]) -> Result<Vec<Alert>, StoreError> {
        let sql = format!("SELECT {ALERT_COLUMNS} FROM sla_alerts a WHERE a.id = ANY ($1)");
        in_unit!(self, unit, {
            let rows = made(sql.clone()).bind(ids).fetch_all(&mut **unit).await?;
            rows.iter().map(alert).collect()
        })
    }

    async fn next_delivery(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        in_unit!(self, unit, {
            let row = query(
                "SELECT min(greatest(next_attempt_at, leased_until)) AS next FROM outbox WHERE state = 'pending'",
            );
            Ok(row.fetch_one(&mut **unit).await?.try_get("next")?)
        })
    }

    async fn deliveries(&self, state: Option<DeliveryState>) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} WHERE o.state = $1 OR ($1 IS NULL AND o.state IN ('pending', 'dead')) \
             ORDER BY m.created_at, o.id"
        );
        in_unit!(self, unit, {
            let rows = made(sql.clone()).bind(state.map(DeliveryState::as_str));
            rows.fetch_all(&mut **unit).await?.iter().map(item).collect()
        })
    }

    async fn disabled_addresses(&self) -> Result<Vec<DisabledAddress>, StoreError> {
        in_unit!(self, unit, recipients::disabled(unit).await)
    }

    async fn enable_address(&self, address: &str, now: DateTime<Utc>) -> Result<Option<u64>, StoreError> {
        in_unit!(self, unit, recipients::enable(unit, address, now).await)
    }

    async fn retry(&self, id: Option<Uuid>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        in_unit!(self, unit, {
            let done = query(
                "UPDATE outbox SET state = 'pending', next_attempt_at = $2, attempts = 0 \
                 WHERE state IN ('pending', 'dead') AND ($1::uuid IS NULL OR id = $1 OR message = $1)",
            )
            .bind(id)
            .bind(now)
            .execute(&mut **unit)
            .await?;
            Ok(done.rows_affected())
        })
    }
}

/// Whether another delivery of the message was sent with the bytes that they share, perhaps was, or is in hand.
async fn is_in_use(connection: &mut PgConnection, delivery: &LeasedDelivery) -> Result<bool, StoreError> {
    let row = query(
        "SELECT EXISTS (SELECT FROM outbox o WHERE o.message = $1 AND o.id <> $2 AND o.own_about IS NULL \
         AND (o.state = 'sent' OR o.perhaps_delivered OR o.lease_holder IS NOT NULL)) AS in_use",
    );
    Ok(row.bind(delivery.message).bind(delivery.id).fetch_one(connection).await?.try_get("in_use")?)
}

/// Whether there is still something to say of alert `a` at `$2`.
pub(super) const UNSETTLED: &str =
    "a.state = 'breached' AND a.held_since IS NULL AND (a.snoozed_until IS NULL OR a.snoozed_until <= $2)";

/// Whether it is still to be asked of alert `a` at `$2` whether it is right.
pub(super) const HELD: &str = "a.held_since <= $2";

/// A row of [`DELIVERY`].
pub(super) fn item(row: &PgRow) -> Result<OutboxItem, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let own = OwnRow { row, table: "outbox", id: id.to_string() };
    Ok(OutboxItem {
        id,
        message: row.try_get("message")?,
        recipient: row.try_get("recipient")?,
        state: own.parsed("state", DeliveryState::parse)?,
        level: level(row, "level")?,
        alerts: u64::from(level(row, "alerts")?),
        created_at: row.try_get("created_at")?,
        attempts: level(row, "attempts")?,
        next_attempt_at: row.try_get("next_attempt_at")?,
        leased_until: row.try_get("leased_until")?,
        last_error: row.try_get("last_error")?,
        sent_at: row.try_get("sent_at")?,
        reply: row.try_get("reply")?,
        message_id: row.try_get("message_id")?,
        subject: row.try_get("subject")?,
    })
}

pub(super) fn stored_mail(row: &PgRow) -> Result<Option<StoredMail>, StoreError> {
    let Some(bytes) = row.try_get("bytes")? else { return Ok(None) };
    Ok(Some(StoredMail { message_id: row.try_get("message_id")?, subject: row.try_get("subject")?, bytes }))
}
