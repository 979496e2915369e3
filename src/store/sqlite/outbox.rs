//! Messages on their way out.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::rows::{ALERT_COLUMNS, OwnRow, alert, count, instant_text, read_instant};
use super::{SqliteStore, StoreError, exchange, rate, recipients};
use crate::alert::Alert;
use crate::escalation::webhook_of;
use crate::store::browse::DELIVERY;
use crate::store::change::json_text;
use crate::store::{
    DeliveryState, DisabledAddress, Exchanged, KeptMail, LeaseTime, LeasedDelivery, Lot, Outbox, OutboxItem, Outcomes,
    StoredMail,
};

#[async_trait]
impl Outbox for SqliteStore {
    async fn exchange(
        &self,
        outcomes: &Outcomes,
        lots: &[Lot],
        now: DateTime<Utc>,
        ends_by: LeaseTime,
        hold: TimeDelta,
    ) -> Result<Exchanged, StoreError> {
        let mut writer = self.begin().await?;
        let recorded = exchange::record(&mut writer, outcomes, now).await?;
        let mut leased = Vec::new();
        for lot in lots {
            leased.extend(exchange::lease(&mut writer, lot, now, ends_by, hold).await?);
        }
        writer.commit().await?;
        Ok(Exchanged { recorded, leased })
    }

    async fn ration(&self, now: DateTime<Utc>, most: u32) -> Result<(), StoreError> {
        let mut reader = self.readers.acquire().await?;
        if rate::crowded(&mut reader, now, most).await?.is_empty() {
            return Ok(());
        }
        drop(reader);
        let mut writer = self.begin().await?;
        rate::ration(&mut writer, now, most).await?;
        Ok(writer.commit().await?)
    }

    async fn keep_mail(
        &self,
        delivery: &LeasedDelivery,
        holder: &str,
        now: DateTime<Utc>,
        mail: &StoredMail,
        about: &str,
    ) -> Result<KeptMail, StoreError> {
        let mut writer = self.begin().await?;
        let (id, message) = (delivery.id.to_string(), delivery.message.to_string());
        let row = sqlx::query(
            "SELECT m.message_id, m.subject, m.bytes, m.about, EXISTS (SELECT 1 FROM outbox o WHERE o.message = m.id \
             AND o.id <> ?2 AND o.own_about IS NULL AND (o.state = 'sent' OR o.perhaps_delivered OR o.lease_holder IS NOT NULL)) \
             AS in_use FROM outbox_messages m JOIN outbox own ON own.message = m.id \
             WHERE m.id = ?1 AND own.id = ?2 AND own.lease_holder = ?3",
        );
        let row = row.bind(&message).bind(&id).bind(holder).fetch_optional(&mut *writer).await?;
        let Some(row) = row else { return Ok(KeptMail::NotHeld) };
        let (kept, in_use) = (stored_mail(&row)?, row.try_get::<bool, _>("in_use")?);
        let shareable = webhook_of(&delivery.recipient).is_none();
        let shared = kept.filter(|_| shareable && row.get::<Option<&str>, _>("about") == Some(about));
        let replaced = shareable && shared.is_none() && !(in_use && row.get::<Option<&str>, _>("about").is_some());
        if replaced {
            sqlx::query(
                "UPDATE outbox_messages SET message_id = ?2, subject = ?3, bytes = ?4, rendered_at = ?5, about = ?6 \
                 WHERE id = ?1",
            )
            .bind(&message)
            .bind(&mail.message_id)
            .bind(&mail.subject)
            .bind(&mail.bytes)
            .bind(instant_text(now))
            .bind(about)
            .execute(&mut *writer)
            .await?;
        }
        let own = (shared.is_none() && !replaced).then_some(mail);
        sqlx::query("UPDATE outbox SET own_subject = ?2, own_bytes = ?3, own_about = ?4 WHERE id = ?1")
            .bind(&id)
            .bind(own.map(|own| &own.subject))
            .bind(own.map(|own| &own.bytes))
            .bind(own.map(|_| about))
            .execute(&mut *writer)
            .await?;
        writer.commit().await?;
        Ok(shared.map_or(KeptMail::Given, KeptMail::Shared))
    }

    async fn settle(&self, message: Uuid, holder: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = 'settled', next_attempt_at = NULL, lease_holder = NULL, leased_until = NULL \
             WHERE message = ? AND state IN ('pending', 'dead') AND (lease_holder IS NULL OR lease_holder = ?)",
        )
        .bind(message.to_string())
        .bind(holder)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn unsettled(&self, delivery: Uuid, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
        // Facts may be megabytes: what they say of the message is read once, not with each alert.
        let sql = format!(
            "SELECT DISTINCT a.id, a.due_at FROM outbox o JOIN outbox_messages m ON m.id = o.message, \
             (SELECT 'escalated' AS list UNION ALL SELECT 'reminded') lists, \
             json_each(m.facts, '$.' || lists.list) ids CROSS JOIN sla_alerts a ON a.id = ids.value \
             WHERE (o.id = ?1 OR o.folded_into = ?1) AND CASE (SELECT own.facts ->> 'kind' FROM outbox o \
             JOIN outbox_messages own ON own.id = o.message WHERE o.id = ?1) \
             WHEN 'held' THEN {HELD} ELSE {UNSETTLED} END \
             AND (lists.list = 'escalated' OR a.acknowledged_at IS NULL) ORDER BY a.due_at, a.id"
        );
        let statement = sqlx::query(AssertSqlSafe(sql)).bind(delivery.to_string()).bind(instant_text(now));
        // A row at a time: there may be very many, and a row is larger than an id.
        let (mut rows, mut ids) = (statement.fetch(&self.readers), Vec::new());
        while let Some(row) = rows.try_next().await? {
            ids.push(OwnRow { row: &row, table: "outbox_messages", id: delivery.to_string() }.parsed("id", read_id)?);
        }
        Ok(ids)
    }

    async fn still_unsettled(&self, ids: &[Uuid], held: bool, now: DateTime<Utc>) -> Result<Vec<Alert>, StoreError> {
        let sql = format!(
            "SELECT {ALERT_COLUMNS} FROM json_each(?1) ids CROSS JOIN sla_alerts a ON a.id = ids.value \
             WHERE {} ORDER BY a.due_at, a.id",
            if held { HELD } else { UNSETTLED }
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(json_text(&ids)?)
            .bind(instant_text(now))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(alert).collect()
    }

    async fn alerts_by_id(&self, ids: &[Uuid]) -> Result<Vec<Alert>, StoreError> {
        let sql = format!("SELECT {ALERT_COLUMNS} FROM json_each(?1) ids CROSS JOIN sla_alerts a ON a.id = ids.value");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(json_text(&ids)?).fetch_all(&self.readers).await?;
        rows.iter().map(alert).collect()
    }

    async fn next_delivery(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = sqlx::query(
            "SELECT min(max(next_attempt_at, coalesce(leased_until, ''))) AS next FROM outbox WHERE state = 'pending'",
        )
        .fetch_one(&self.readers)
        .await?;
        OwnRow { row: &row, table: "outbox", id: "next".into() }.optional("next", read_instant)
    }

    async fn deliveries(&self, state: Option<DeliveryState>) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} WHERE o.state = ?1 OR (?1 IS NULL AND o.state IN ('pending', 'dead')) \
             ORDER BY m.created_at, o.id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(state.map(DeliveryState::as_str));
        rows.fetch_all(&self.readers).await?.iter().map(item).collect()
    }

    async fn disabled_addresses(&self) -> Result<Vec<DisabledAddress>, StoreError> {
        recipients::disabled(&mut *self.readers.acquire().await?).await
    }

    async fn enable_address(&self, address: &str, now: DateTime<Utc>) -> Result<Option<u64>, StoreError> {
        let mut writer = self.begin().await?;
        let due = recipients::enable(&mut writer, address, now).await?;
        writer.commit().await?;
        Ok(due)
    }

    async fn retry(&self, id: Option<Uuid>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE outbox SET state = 'pending', next_attempt_at = ?2, attempts = 0 \
             WHERE state IN ('pending', 'dead') AND (?1 IS NULL OR id = ?1 OR message = ?1)",
        )
        .bind(id.map(|id| id.to_string()))
        .bind(instant_text(now))
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected())
    }
}

/// Whether there is still something to say of alert `a` at `?2`.
pub(super) const UNSETTLED: &str =
    "a.state = 'breached' AND a.held_since IS NULL AND coalesce(a.snoozed_until <= ?2, true)";

/// Whether it is still to be asked of alert `a` at `?2` whether it is right.
pub(super) const HELD: &str = "a.held_since <= ?2";

/// A row of [`DELIVERY`].
pub(super) fn item(row: &SqliteRow) -> Result<OutboxItem, StoreError> {
    let own = OwnRow { row, table: "outbox", id: row.try_get("id")? };
    Ok(OutboxItem {
        id: own.parsed("id", read_id)?,
        message: own.parsed("message", read_id)?,
        recipient: row.try_get("recipient")?,
        state: own.parsed("state", DeliveryState::parse)?,
        level: row.try_get("level")?,
        alerts: count(row, "alerts")?,
        created_at: own.parsed("created_at", read_instant)?,
        attempts: row.try_get("attempts")?,
        next_attempt_at: own.optional("next_attempt_at", read_instant)?,
        leased_until: own.optional("leased_until", read_instant)?,
        last_error: row.try_get("last_error")?,
        sent_at: own.optional("sent_at", read_instant)?,
        reply: row.try_get("reply")?,
        message_id: row.try_get("message_id")?,
        subject: row.try_get("subject")?,
    })
}

pub(super) fn read_id(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok()
}

pub(super) fn stored_mail(row: &SqliteRow) -> Result<Option<StoredMail>, StoreError> {
    let Some(bytes) = row.try_get("bytes")? else { return Ok(None) };
    Ok(Some(StoredMail { message_id: row.try_get("message_id")?, subject: row.try_get("subject")?, bytes }))
}
