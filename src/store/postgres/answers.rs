//! What people answer → rows, each with its event, in one transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::escalate::add_event;
use super::unit::{in_unit, made, query};
use super::{PostgresStore, alerts, silences};
use crate::alert::{Answer, Cause, Resolution, State};
use crate::escalation::{Pending, Silence};
use crate::store::{Answers, StoreError, story};

#[async_trait]
impl Answers for PostgresStore {
    async fn answer(&self, now: DateTime<Utc>, by: &str, answers: &[(Uuid, Answer)]) -> Result<Vec<Uuid>, StoreError> {
        in_unit!(self, unit, {
            let mut answered = Vec::new();
            for (id, answer) in answers {
                if give(unit, now, by, *id, answer).await? {
                    add_event(unit, now, by, &[*id], &story::answered(answer)).await?;
                    answered.push(*id);
                }
            }
            Ok(answered)
        })
    }

    async fn add_silence(&self, silence: &Silence, matching: &[Uuid]) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            silences::insert(unit, silence).await?;
            add_event(unit, silence.created_at, &silence.author, matching, &story::silenced(silence)).await
        })
    }

    async fn all_silences(&self) -> Result<Vec<Silence>, StoreError> {
        in_unit!(self, unit, silences::all(unit).await)
    }

    async fn expire_silence(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        by: &str,
        matching: &[Uuid],
    ) -> Result<bool, StoreError> {
        in_unit!(self, unit, {
            if !silences::expire(unit, id, now, by).await? {
                return Ok(false);
            }
            query(
                "UPDATE sla_alerts SET next_escalation_at = $2 WHERE id = ANY ($1) AND state = 'breached' \
                 AND held_since IS NULL",
            )
            .bind(matching)
            .bind(now)
            .execute(&mut **unit)
            .await?;
            add_event(unit, now, by, matching, &story::unsilenced(id)).await?;
            Ok(true)
        })
    }

    async fn open_alerts_after(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Pending>, StoreError> {
        in_unit!(self, unit, alerts::open_after(unit, after, limit).await)
    }

    async fn release_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError> {
        in_unit!(self, unit, {
            let rows = query(
                "UPDATE sla_alerts SET held_since = NULL, next_escalation_at = $1 WHERE held_since IS NOT NULL \
                 RETURNING id",
            );
            let ids = ids(&rows.bind(now).fetch_all(&mut **unit).await?)?;
            add_event(unit, now, by, &ids, &story::released()).await?;
            Ok(ids.len() as u64)
        })
    }

    async fn discard_held(&self, now: DateTime<Utc>, by: &str) -> Result<u64, StoreError> {
        let event = story::resolved(&Cause::from("discarded"), State::Breached, Resolution::Withdrawn, None);
        in_unit!(self, unit, {
            let rows = query(
                "UPDATE sla_alerts SET held_since = NULL, state = 'resolved', resolution = 'withdrawn', \
                 resolved_at = $1, stopped_at = NULL, next_escalation_at = NULL WHERE held_since IS NOT NULL \
                 RETURNING id",
            );
            let ids = ids(&rows.bind(now).fetch_all(&mut **unit).await?)?;
            add_event(unit, now, by, &ids, &event).await?;
            Ok(ids.len() as u64)
        })
    }
}

fn ids(rows: &[PgRow]) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Changes the alert `id` as `answer` says; `false`: it is resolved, or there is nothing to take back.
async fn give(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    by: &str,
    id: Uuid,
    answer: &Answer,
) -> Result<bool, StoreError> {
    // What is breached is looked at anew; the rest is not told of yet.
    const NEXT: &str = "next_escalation_at = CASE WHEN state = 'breached' AND held_since IS NULL THEN $2 END \
        WHERE id = $1 AND state <> 'resolved'";
    let sql = match answer {
        Answer::Acknowledge { .. } => format!(
            "UPDATE sla_alerts SET acknowledged_at = $2, acknowledged_by = $3, acknowledged_until = $4, note = $5, {NEXT}"
        ),
        Answer::Unacknowledge => format!(
            "UPDATE sla_alerts SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL, note = NULL, \
             {NEXT} AND acknowledged_at IS NOT NULL"
        ),
        Answer::Snooze { .. } => format!("UPDATE sla_alerts SET snoozed_until = $3, {NEXT}"),
        Answer::Unsnooze => format!("UPDATE sla_alerts SET snoozed_until = NULL, {NEXT} AND snoozed_until > $2"),
    };
    let statement = made(sql).bind(id).bind(now);
    let statement = match answer {
        Answer::Acknowledge { until, note } => statement.bind(by).bind(until).bind(note),
        Answer::Snooze { until } => statement.bind(until),
        Answer::Unacknowledge | Answer::Unsnooze => statement,
    };
    Ok(statement.execute(connection).await?.rows_affected() == 1)
}
