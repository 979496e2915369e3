//! Silences: read by scans, and what they keep back.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::escalate::add_event;
use super::unit::{made, query};
use crate::escalation::{Glob, Matcher, Silence};
use crate::store::StoreError;
use crate::store::change::by_silence;
use crate::store::story::{self, ACTOR};

const COLUMNS: &str =
    "id, rule, program, partner, entity, claim, author, reason, created_at, ends_at, expired_at, expired_by";

/// Those that end, or ended, after `since`.
pub(super) async fn ending_after(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<Silence>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM silences WHERE coalesce(expired_at, ends_at) > $1 ORDER BY created_at, id");
    made(sql).bind(since).fetch_all(connection).await?.iter().map(read).collect()
}

/// All of them, the one that ends last first.
pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<Silence>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM silences ORDER BY coalesce(expired_at, ends_at) DESC, id");
    made(sql).fetch_all(connection).await?.iter().map(read).collect()
}

pub(super) async fn insert(connection: &mut PgConnection, silence: &Silence) -> Result<(), StoreError> {
    let Silence { id, matcher, author, reason, created_at, ends_at, .. } = silence;
    let pattern = |glob: &Option<Glob>| glob.as_ref().map(Glob::pattern);
    query(
        "INSERT INTO silences (id, rule, program, partner, entity, claim, author, reason, created_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(id)
    .bind(pattern(&matcher.rule))
    .bind(pattern(&matcher.program))
    .bind(pattern(&matcher.partner))
    .bind(pattern(&matcher.entity))
    .bind(pattern(&matcher.claim))
    .bind(author)
    .bind(reason)
    .bind(created_at)
    .bind(ends_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the silence `id`, if it is in force.
pub(super) async fn expire(
    connection: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
    by: &str,
) -> Result<bool, StoreError> {
    let done = query(
        "UPDATE silences SET expired_at = $2, expired_by = $3 WHERE id = $1 AND expired_at IS NULL AND ends_at > $2",
    );
    Ok(done.bind(id).bind(now).bind(by).execute(connection).await?.rows_affected() == 1)
}

/// Notes on alerts, each with its silence, that something was due to be told of them.
pub(super) async fn kept_back(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    silenced: &[(Uuid, Uuid)],
) -> Result<(), StoreError> {
    for (silence, ids) in by_silence(silenced) {
        add_event(connection, now, ACTOR, &ids, &story::kept_back(silence)).await?;
    }
    Ok(())
}

fn read(row: &PgRow) -> Result<Silence, StoreError> {
    let glob = |column| Ok::<_, StoreError>(row.try_get::<Option<String>, _>(column)?.map(|text| Glob::new(&text)));
    Ok(Silence {
        id: row.try_get("id")?,
        matcher: Matcher {
            rule: glob("rule")?,
            program: glob("program")?,
            partner: glob("partner")?,
            entity: glob("entity")?,
            claim: glob("claim")?,
        },
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        created_at: row.try_get("created_at")?,
        ends_at: row.try_get("ends_at")?,
        expired_at: row.try_get("expired_at")?,
        expired_by: row.try_get("expired_by")?,
    })
}
