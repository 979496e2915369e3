//! All that is known of claims, a page of them at a time.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::StoreError;
use super::alerts::event;
use super::claims::with_lines;
use super::rows::{ALERT_COLUMNS, alert, read_instant, subject, text};
use crate::claim::HistoryEntry;
use crate::store::Dossier;
use crate::store::dossier::{ANSWERS, Gathered, KINDS};

/// The claims after `after`, up to `limit` of them, and the last one's id; `None`: there are no more.
pub(super) async fn page(
    reader: &mut SqliteConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Option<(Vec<Dossier>, String)>, StoreError> {
    let Some((first, last)) = range(reader, after, limit).await? else { return Ok(None) };
    let mut found = Gathered::default();
    let within = |column: &str| format!("{column} >= ?1 AND {column} <= ?2");
    for row in rows(reader, with_lines(&within("c.claim_id")), &first, &last).await? {
        found.add_subject(subject(&row)?.0);
    }
    let history = format!(
        "SELECT claim_id, at, substr(status, 1, 1000) AS status FROM source_history WHERE {} ORDER BY claim_id, at",
        within("claim_id")
    );
    for row in rows(reader, history, &first, &last).await? {
        found.add_history(HistoryEntry {
            claim_id: text(&row, "claim_id")?.unwrap_or_default(),
            at: text(&row, "at")?.as_deref().and_then(read_instant),
            status: text(&row, "status")?,
            note: None,
        });
    }
    for kind in KINDS {
        let about = format!("FROM sla_alerts a WHERE {} AND a.{kind}", within("a.claim_id"));
        for row in rows(reader, format!("SELECT {ALERT_COLUMNS} {about}"), &first, &last).await? {
            found.add_alert(alert(&row)?);
        }
        let answers = format!(
            "SELECT a.claim_id, e.alert_id, e.seq, e.at, e.kind, e.actor, e.detail FROM (SELECT a.id, a.claim_id {about}) a \
             CROSS JOIN sla_alert_events e ON e.alert_id = a.id WHERE e.kind IN {ANSWERS} ORDER BY e.alert_id, e.seq"
        );
        for row in rows(reader, answers, &first, &last).await? {
            let alert_id: String = row.try_get("alert_id")?;
            let id = Uuid::parse_str(&alert_id)
                .map_err(|_| StoreError::Corrupt(format!("sla_alert_events: alert_id: found {alert_id:?}")))?;
            found.add_answer(row.try_get("claim_id")?, event(&row, id)?);
        }
    }
    Ok(Some((found.into_dossiers(), last)))
}

/// The first and the last of the claims after `after`, up to `limit` of them.
async fn range(
    reader: &mut SqliteConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Option<(String, String)>, StoreError> {
    // A condition that is not there at the beginning, so that each index is walked from where the page begins.
    let beyond = if after.is_some() { "claim_id > ?1" } else { "?1 IS NULL" };
    let of = |relation: &str, kind: &str| {
        format!(
            "SELECT * FROM (SELECT DISTINCT claim_id FROM {relation} WHERE {beyond} AND claim_id IS NOT NULL AND {kind} \
             ORDER BY claim_id LIMIT ?2)"
        )
    };
    let sql = format!(
        "SELECT min(claim_id) AS first, max(claim_id) AS last FROM ({} UNION {} UNION {} ORDER BY claim_id LIMIT ?2)",
        of("source_claims", "true"),
        of("sla_alerts", KINDS[0]),
        of("sla_alerts", KINDS[1])
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_one(&mut *reader).await?;
    Ok(text(&row, "first")?.zip(text(&row, "last")?))
}

async fn rows(
    reader: &mut SqliteConnection,
    sql: String,
    first: &str,
    last: &str,
) -> Result<Vec<SqliteRow>, StoreError> {
    Ok(sqlx::query(AssertSqlSafe(sql)).bind(first).bind(last).fetch_all(&mut *reader).await?)
}
