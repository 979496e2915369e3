//! Data problems: what of the claims keeps them from being watched as they should be; found, and kept.

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};

use super::StoreError;
use super::clocks::{self, COLUMNS, Part};
use super::rows::{instant_text, payment, read_instant, subject, text};
use crate::claim::DataProblem;
use crate::sla::Rule;
use crate::store::problems::Problems;

/// Rows in one statement.
const ROWS: usize = 200;

pub(super) async fn of(
    reader: &mut SqliteConnection,
    rules: &[Rule],
    calendars: &[&str],
) -> Result<Vec<DataProblem>, StoreError> {
    let mut found = Problems::default();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        for part in Part::of(rule) {
            missing_starts(reader, rule, *part, &mut found).await?;
            strange_programs(reader, rule, *part, calendars, &mut found).await?;
        }
    }
    unknown_statuses(reader, &mut found).await?;
    unreadable(reader, &mut found).await?;
    Ok(found.into_list())
}

async fn missing_starts(
    reader: &mut SqliteConnection,
    rule: &Rule,
    part: Part,
    found: &mut Problems,
) -> Result<(), StoreError> {
    if rule.may_lack_start {
        return Ok(());
    }
    let start = rule.starts_at.column();
    let sql = format!("SELECT c.claim_id {} AND (c.{start} IS NULL OR c.{start} = '')", clocks::running(rule, part));
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *reader).await? {
        found.missing_start(claim_of(&row)?, rule);
    }
    Ok(())
}

async fn strange_programs(
    reader: &mut SqliteConnection,
    rule: &Rule,
    part: Part,
    calendars: &[&str],
    found: &mut Problems,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT c.claim_id, substr(c.program_id, 1, 200) AS program_id, p.program_id IS NULL AS missing, \
         substr(p.calendar, 1, 200) AS calendar, c.{start} AS start {} AND c.{start} IS NOT NULL AND (p.program_id IS NULL OR \
         (p.calendar <> '' AND p.calendar NOT IN (SELECT value FROM json_each(?1))))",
        clocks::running(rule, part),
        start = rule.starts_at.column()
    );
    let configured = serde_json::to_string(calendars).unwrap_or_default();
    for row in sqlx::query(AssertSqlSafe(sql)).bind(configured).fetch_all(&mut *reader).await? {
        if text(&row, "start")?.as_deref().and_then(read_instant).is_none() {
            continue;
        }
        let program = text(&row, "program_id")?.unwrap_or_default();
        if row.try_get::<bool, _>("missing")? {
            found.unknown_program(claim_of(&row)?, &program);
        } else {
            found.unknown_calendar(claim_of(&row)?, &program, &text(&row, "calendar")?.unwrap_or_default(), calendars);
        }
    }
    Ok(())
}

async fn unknown_statuses(reader: &mut SqliteConnection, found: &mut Problems) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT c.claim_id, substr(c.status, 1, 200) AS status FROM source_claims c WHERE {}",
        clocks::unknown_status()
    );
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *reader).await? {
        found.unknown_status(claim_of(&row)?, &text(&row, "status")?.unwrap_or_default());
    }
    Ok(())
}

async fn unreadable(reader: &mut SqliteConnection, found: &mut Problems) -> Result<(), StoreError> {
    let claims = format!(
        "SELECT {COLUMNS}, NULL AS l_payment_id, 0 AS has_payments FROM source_claims c \
         LEFT JOIN source_programs p ON p.program_id = c.program_id WHERE c.claim_id IN (SELECT claim_id FROM source_claims WHERE {})",
        clocks::unreadable_claim()
    );
    for row in sqlx::query(AssertSqlSafe(claims)).fetch_all(&mut *reader).await? {
        found.unread(&claim_of(&row)?, &subject(&row)?.1);
    }
    let payments = format!(
        "SELECT claim_id, payment_id AS l_payment_id, paying_entity AS l_paying_entity, amount AS l_amount, \
         currency AS l_currency, paid_at AS l_paid_at FROM source_payments WHERE {}",
        clocks::unreadable_payment()
    );
    for row in sqlx::query(AssertSqlSafe(payments)).fetch_all(&mut *reader).await? {
        let mut unread = Vec::new();
        let claim_id = claim_of(&row)?;
        payment(&row, claim_id.clone(), &mut unread)?;
        found.unread(&claim_id, &unread);
    }
    Ok(())
}

/// Makes `problems` the open ones.
pub(super) async fn record(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    problems: &[DataProblem],
) -> Result<u64, StoreError> {
    let at = instant_text(now);
    // All of them first: a scan of the same instant may have seen more than this one.
    sqlx::query("UPDATE data_problems SET resolved_at = ? WHERE resolved_at IS NULL")
        .bind(&at)
        .execute(&mut *writer)
        .await?;
    for problems in problems.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO data_problems (claim_id, kind, detail, first_seen_at, last_seen_at) ",
        );
        query.push_values(problems, |mut row, DataProblem { claim_id, kind, detail }| {
            row.push_bind(claim_id).push_bind(kind.as_str()).push_bind(detail).push_bind(&at).push_bind(&at);
        });
        query.push(
            " ON CONFLICT (claim_id, kind) DO UPDATE SET detail = excluded.detail, \
             last_seen_at = excluded.last_seen_at, resolved_at = NULL",
        );
        query.build().execute(&mut *writer).await?;
    }
    Ok(problems.len() as u64)
}

fn claim_of(row: &SqliteRow) -> Result<String, StoreError> {
    Ok(text(row, "claim_id")?.unwrap_or_default())
}
