//! Silences: read by scans, and what they keep back.

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::StoreError;
use super::escalate::add_event;
use super::rows::{OwnRow, instant_text, read_instant};
use crate::escalation::{Glob, Matcher, Silence};
use crate::store::change::by_silence;
use crate::store::story::{self, ACTOR};

const COLUMNS: &str =
    "id, rule, program, partner, entity, claim, author, reason, created_at, ends_at, expired_at, expired_by";

/// Those that end, or ended, after `since`.
pub(super) async fn ending_after(
    reader: &mut SqliteConnection,
    since: DateTime<Utc>,
) -> Result<Vec<Silence>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM silences WHERE coalesce(expired_at, ends_at) > ? ORDER BY created_at, id");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(instant_text(since)).fetch_all(&mut *reader).await?;
    rows.iter().map(read).collect()
}

/// All of them, the one that ends last first.
pub(super) async fn all(reader: &mut SqliteConnection) -> Result<Vec<Silence>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM silences ORDER BY coalesce(expired_at, ends_at) DESC, id");
    sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *reader).await?.iter().map(read).collect()
}

pub(super) async fn insert(writer: &mut SqliteConnection, silence: &Silence) -> Result<(), StoreError> {
    let Silence { id, matcher, author, reason, created_at, ends_at, .. } = silence;
    let pattern = |glob: &Option<Glob>| glob.as_ref().map(Glob::pattern);
    sqlx::query(
        "INSERT INTO silences (id, rule, program, partner, entity, claim, author, reason, created_at, ends_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.to_string())
    .bind(pattern(&matcher.rule))
    .bind(pattern(&matcher.program))
    .bind(pattern(&matcher.partner))
    .bind(pattern(&matcher.entity))
    .bind(pattern(&matcher.claim))
    .bind(author)
    .bind(reason)
    .bind(instant_text(*created_at))
    .bind(instant_text(*ends_at))
    .execute(&mut *writer)
    .await?;
    Ok(())
}

/// Ends the silence `id`, if it is in force.
pub(super) async fn expire(
    writer: &mut SqliteConnection,
    id: Uuid,
    now: DateTime<Utc>,
    by: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE silences SET expired_at = ?2, expired_by = ?3 WHERE id = ?1 AND expired_at IS NULL AND ends_at > ?2",
    );
    let done = done.bind(id.to_string()).bind(instant_text(now)).bind(by).execute(&mut *writer).await?;
    Ok(done.rows_affected() == 1)
}

/// Notes on alerts, each with its silence, that something was due to be told of them.
pub(super) async fn kept_back(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    silenced: &[(Uuid, Uuid)],
) -> Result<(), StoreError> {
    for (silence, ids) in by_silence(silenced) {
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        add_event(writer, now, ACTOR, &ids, &story::kept_back(silence)).await?;
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Silence, StoreError> {
    let own = OwnRow { row, table: "silences", id: row.try_get("id")? };
    let glob = |column| own.optional(column, |pattern| Some(Glob::new(pattern)));
    Ok(Silence {
        id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
        matcher: Matcher {
            rule: glob("rule")?,
            program: glob("program")?,
            partner: glob("partner")?,
            entity: glob("entity")?,
            claim: glob("claim")?,
        },
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        created_at: own.parsed("created_at", read_instant)?,
        ends_at: own.parsed("ends_at", read_instant)?,
        expired_at: own.optional("expired_at", read_instant)?,
        expired_by: row.try_get("expired_by")?,
    })
}
