//! What people answer → rows, each with its event, in one transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::escalate::add_event;
use super::rows::instant_text;
use super::{SqliteStore, StoreError, alerts, silences};
use crate::alert::{Answer, Cause, Resolution, State};
use crate::escalation::{Pending, Silence};
use crate::store::change::json_text;
use crate::store::{Answers, story};

#[async_trait]
impl Answers for SqliteStore {
    async fn answer(&self, now: DateTime<Utc>, by: &str, answers: &[(Uuid, Answer)]) -> Result<Vec<Uuid>, StoreError> {
        let mut writer = self.begin().await?;
        let mut answered = Vec::new();
        for (id, answer) in answers {
            if give(&mut writer, now, by, *id, answer).await? {
                add_event(&mut writer, now, by, &[id.to_string()], &story::answered(answer)).await?;
                answered.push(*id);
            }
        }
        writer.commit().await?;
        Ok(answered)
    }

    async fn add_silence(&self, silence: &Silence, matching: &[Uuid]) -> Result<(), StoreError> {
        let mut writer = self.begin().await?;
        silences::insert(&mut writer, silence).await?;
        let ids: Vec<String> = matching.iter().map(Uuid::to_string).collect();
        add_event(&mut writer, silence.created_at, &silence.author, &ids, &story::silenced(silence)).await?;
        writer.commit().await?;
        Ok(())
    }

    async fn all_silences(&self) -> Result<Vec<Silence>, StoreError> {
        silences::all(&mut *self.readers.acquire().await?).await
    }

    async fn expire_silence(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        by: &str,
        matching: &[Uuid],
    ) -> Result<bool, StoreError> {
        let mut writer = self.begin().await?;
        if !silences::expire(&mut writer, id, now, by).await? {
            return Ok(false);
        }
        let ids: Vec<String> = matching.iter().map(Uuid::to_string).collect();
        sqlx::query(
            "UPDATE sla_alerts SET next_escalation_at = ?2 WHERE id IN (SELECT value FROM json_each(?1)) \
             AND state = 'breached' AND held_since IS NULL",
        )
        .bind(json_text(&ids)?)
        .bind(instant_text(now))
        .execute(&mut *writer)
        .await?;
        add_event(&mut writer, now, by, &ids, &story::unsilenced(id)).await?;
        writer.commit().await?;
        Ok(true)
    }

    async fn open_alerts_after(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Pending>, StoreError> {
        alerts::open_after(&mut *self.readers.acquire().await?, after, limit).await
    }

    async fn release_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError> {
        let mut writer = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE sla_alerts SET held_since = NULL, next_escalation_at = ? WHERE held_since IS NOT NULL RETURNING id",
        );
        let rows = rows.bind(instant_text(now)).fetch_all(&mut *writer).await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
        add_event(&mut writer, now, by, &ids, &story::released()).await?;
        writer.commit().await?;
        Ok(ids.len() as u64)
    }

    async fn discard_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError> {
        let mut writer = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE sla_alerts SET held_since = NULL, state = 'resolved', resolution = 'withdrawn', resolved_at = ?, \
             stopped_at = NULL, next_escalation_at = NULL WHERE held_since IS NOT NULL RETURNING id",
        );
        let rows = rows.bind(instant_text(now)).fetch_all(&mut *writer).await?;
        let ids = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
        let event = story::resolved(&Cause::from("discarded"), State::Breached, Resolution::Withdrawn, None);
        add_event(&mut writer, now, by, &ids, &event).await?;
        writer.commit().await?;
        Ok(ids.len() as u64)
    }
}

/// Changes the alert `id` as `answer` says; `false`: it is resolved, or there is nothing to take back.
async fn give(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    by: &str,
    id: Uuid,
    answer: &Answer,
) -> Result<bool, StoreError> {
    // What is breached is looked at anew; the rest is not told of yet.
    const NEXT: &str = "next_escalation_at = CASE WHEN state = 'breached' AND held_since IS NULL THEN ?2 END \
        WHERE id = ?1 AND state <> 'resolved'";
    let sql = match answer {
        Answer::Acknowledge { .. } => format!(
            "UPDATE sla_alerts SET acknowledged_at = ?2, acknowledged_by = ?3, acknowledged_until = ?4, note = ?5, {NEXT}"
        ),
        Answer::Unacknowledge => format!(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL, \
             {NEXT} AND acknowledged_at IS NOT NULL"
        ),
        Answer::Snooze { .. } => format!("UPDATE sla_alerts SET snoozed_until = ?3, {NEXT}"),
        Answer::Unsnooze => format!("UPDATE sla_alerts SET snoozed_until = NULL, {NEXT} AND snoozed_until > ?2"),
    };
    let statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).bind(instant_text(now));
    let statement = match answer {
        Answer::Acknowledge { until, note } => {
            statement.bind(by.to_owned()).bind(instant_text(*until)).bind(note.clone())
        }
        Answer::Snooze { until } => statement.bind(instant_text(*until)),
        Answer::Unacknowledge | Answer::Unsnooze => statement,
    };
    Ok(statement.execute(&mut *writer).await?.rows_affected() == 1)
}
