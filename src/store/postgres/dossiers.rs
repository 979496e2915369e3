//! All that is known of claims, a page of them at a time.

use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::alerts::event;
use super::claims::with_lines;
use super::rows::{ALERT_COLUMNS, alert, subject, text};
use super::search::Search;
use crate::claim::HistoryEntry;
use crate::store::dossier::{ANSWERS, Gathered, KINDS};
use crate::store::{Dossier, StoreError};

/// The claims after `after`, up to `limit` of them, and the last one's id; `None`: there are no more.
pub(super) async fn page(
    connection: &mut PgConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Option<(Vec<Dossier>, String)>, StoreError> {
    let Some((first, last)) = range(connection, after, limit).await? else { return Ok(None) };
    let mut found = Gathered::default();
    let within = |column: &str| format!("{column} >= $1 AND {column} <= $2");
    for row in rows(connection, with_lines(&within("c.claim_id")), &first, &last).await? {
        found.add_subject(subject(&row)?.0);
    }
    let history = format!(
        "SELECT claim_id, CASE WHEN isfinite(at) THEN at END AS at, left(status, 1000) AS status FROM source_history \
         WHERE {} ORDER BY claim_id, source_history.at NULLS FIRST",
        within("claim_id")
    );
    for row in rows(connection, history, &first, &last).await? {
        found.add_history(HistoryEntry {
            claim_id: text(&row, "claim_id")?.unwrap_or_default(),
            at: row.try_get("at")?,
            status: text(&row, "status")?,
            note: None,
        });
    }
    for kind in KINDS {
        let about = format!("FROM sla_alerts a WHERE {} AND a.{kind}", within("a.claim_id"));
        for row in rows(connection, format!("SELECT {ALERT_COLUMNS} {about}"), &first, &last).await? {
            found.add_alert(alert(&row)?);
        }
        let answers = format!(
            "SELECT a.claim_id, e.alert_id, e.seq, e.at, e.kind, e.actor, e.detail::text AS detail \
             FROM (SELECT a.id, a.claim_id {about}) a JOIN sla_alert_events e ON e.alert_id = a.id \
             WHERE e.kind IN {ANSWERS} ORDER BY e.alert_id, e.seq"
        );
        for row in rows(connection, answers, &first, &last).await? {
            found.add_answer(row.try_get("claim_id")?, event(&row, row.try_get("alert_id")?)?);
        }
    }
    Ok(Some((found.into_dossiers(), last)))
}

/// The first and the last of the claims after `after`, up to `limit` of them.
async fn range(
    connection: &mut PgConnection,
    after: Option<&str>,
    limit: u32,
) -> Result<Option<(String, String)>, StoreError> {
    // A condition that is not there at the beginning, so that each index is walked from where the page begins.
    let beyond = if after.is_some() { "claim_id > $1" } else { "$1::text IS NULL" };
    let of = |relation: &str, kind: &str| {
        format!(
            "(SELECT DISTINCT claim_id FROM {relation} WHERE {beyond} AND claim_id IS NOT NULL AND {kind} \
             ORDER BY claim_id LIMIT $2)"
        )
    };
    let sql = format!(
        "SELECT min(claim_id) AS first, max(claim_id) AS last FROM ({} UNION {} UNION {} ORDER BY claim_id LIMIT $2) found",
        of("source_claims", "true"),
        of("sla_alerts", KINDS[0]),
        of("sla_alerts", KINDS[1])
    );
    let search = Search::new(sql).bind(after.map(str::to_owned))?.bind(i64::from(limit))?;
    let row = search.rows(connection).await?.into_iter().next().ok_or(sqlx::Error::RowNotFound)?;
    Ok(text(&row, "first")?.zip(text(&row, "last")?))
}

async fn rows(connection: &mut PgConnection, sql: String, first: &str, last: &str) -> Result<Vec<PgRow>, StoreError> {
    Search::new(sql).bind(first.to_owned())?.bind(last.to_owned())?.rows(connection).await
}
