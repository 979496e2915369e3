//! Data problems: what of the claims keeps them from being watched as they should be; found, and kept.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::clocks::{self, COLUMNS, LINE, Part};
use super::rows::{payment, subject, text};
use super::search::Search;
use super::unit::query;
use crate::claim::DataProblem;
use crate::sla::Rule;
use crate::store::StoreError;
use crate::store::problems::Problems;

/// Problems of claims whatever rule they are under.
pub(super) async fn of_claims(connection: &mut PgConnection, found: &mut Problems) -> Result<(), StoreError> {
    unknown_statuses(connection, found).await?;
    unreadable(connection, found).await
}

/// Clocks of one part that run without a start.
pub(super) async fn missing_starts(
    connection: &mut PgConnection,
    rule: &Rule,
    part: Part,
    found: &mut Problems,
) -> Result<(), StoreError> {
    if let Some(search) = without_start(rule, part) {
        for row in search.rows(connection).await? {
            found.missing_start(claim_of(&row)?, rule);
        }
    }
    Ok(())
}

/// Claims on which a clock of `rule` runs without its start; `None`: it may.
pub(super) fn without_start(rule: &Rule, part: Part) -> Option<Search> {
    let start = rule.starts_at.column();
    let sql = || format!("SELECT c.claim_id {} AND c.{start} IS NULL", clocks::running(rule, part));
    (!rule.may_lack_start).then(|| Search::new(sql()))
}

/// Clocks of one part whose program is not there, or names a calendar that is not configured.
pub(super) async fn strange_programs(
    connection: &mut PgConnection,
    rule: &Rule,
    part: Part,
    calendars: &[&str],
    found: &mut Problems,
) -> Result<(), StoreError> {
    for row in of_strange_programs(rule, part, calendars)?.rows(connection).await? {
        let program = text(&row, "program_id")?.unwrap_or_default();
        if row.try_get("missing")? {
            found.unknown_program(claim_of(&row)?, &program);
        } else {
            found.unknown_calendar(claim_of(&row)?, &program, &text(&row, "calendar")?.unwrap_or_default(), calendars);
        }
    }
    Ok(())
}

/// Claims with a clock of `rule` whose program is not there, or names a calendar that is none of `$1`.
pub(super) fn of_strange_programs(rule: &Rule, part: Part, calendars: &[&str]) -> Result<Search, StoreError> {
    let start = format!("c.{}", rule.starts_at.column());
    let sql = format!(
        "SELECT c.claim_id, left(c.program_id, 200) AS program_id, p.program_id IS NULL AS missing, \
         left(p.calendar, 200) AS calendar {} AND {start} IS NOT NULL AND NOT ({}) AND (p.program_id IS NULL \
         OR (p.calendar <> '' AND p.calendar <> ALL ($1)))",
        clocks::running(rule, part),
        clocks::unreadable_instant(&start),
    );
    Search::new(sql).bind(calendars.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
}

/// Claims with a status that we do not know.
pub(super) fn of_unknown_status() -> Search {
    Search::new(format!(
        "SELECT c.claim_id, left(c.status, 200) AS status FROM source_claims c WHERE {}",
        clocks::unknown_status()
    ))
}

async fn unknown_statuses(connection: &mut PgConnection, found: &mut Problems) -> Result<(), StoreError> {
    for row in of_unknown_status().rows(connection).await? {
        found.unknown_status(claim_of(&row)?, &text(&row, "status")?.unwrap_or_default());
    }
    Ok(())
}

/// Claims, and payment lines, that may have an instant or amount that cannot be read.
pub(super) fn of_unreadable() -> (Search, Search) {
    let claims = format!(
        "SELECT {COLUMNS}, NULL::text AS l_payment_id, false AS has_payments FROM source_claims c \
         LEFT JOIN source_programs p ON p.program_id = c.program_id WHERE {}",
        clocks::unreadable_claim()
    );
    let lines = format!("SELECT l.claim_id, {LINE} FROM source_payments l WHERE {}", clocks::unreadable_payment());
    (Search::new(claims), Search::new(lines))
}

async fn unreadable(connection: &mut PgConnection, found: &mut Problems) -> Result<(), StoreError> {
    let (claims, lines) = of_unreadable();
    for row in claims.rows(&mut *connection).await? {
        found.unread(&claim_of(&row)?, &subject(&row)?.1);
    }
    for row in lines.rows(connection).await? {
        let (claim_id, mut unread) = (claim_of(&row)?, Vec::new());
        payment(&row, claim_id.clone(), &mut unread)?;
        found.unread(&claim_id, &unread);
    }
    Ok(())
}

/// Makes `problems` the open ones.
pub(super) async fn record(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    problems: &[DataProblem],
) -> Result<u64, StoreError> {
    let column = |text: fn(&DataProblem) -> &str| problems.iter().map(text).collect::<Vec<&str>>();
    let (claims, kinds) = (column(|problem| &problem.claim_id), column(|problem| problem.kind.as_str()));
    query(
        "UPDATE data_problems SET resolved_at = $1 WHERE resolved_at IS NULL \
         AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) seen (claim_id, kind) \
         WHERE seen.claim_id = data_problems.claim_id AND seen.kind = data_problems.kind)",
    )
    .bind(now)
    .bind(&claims)
    .bind(&kinds)
    .execute(&mut *connection)
    .await?;
    if !problems.is_empty() {
        query(
            "INSERT INTO data_problems (claim_id, kind, detail, first_seen_at, last_seen_at) \
             SELECT claim_id, kind, detail, $1, $1 FROM unnest($2::text[], $3::text[], $4::text[]) seen (claim_id, kind, detail) \
             ON CONFLICT (claim_id, kind) DO UPDATE SET detail = excluded.detail, last_seen_at = excluded.last_seen_at, \
             resolved_at = NULL",
        )
        .bind(now)
        .bind(&claims)
        .bind(&kinds)
        .bind(column(|problem| &problem.detail))
        .execute(&mut *connection)
        .await?;
    }
    Ok(problems.len() as u64)
}

fn claim_of(row: &PgRow) -> Result<String, StoreError> {
    Ok(text(row, "claim_id")?.unwrap_or_default())
}
