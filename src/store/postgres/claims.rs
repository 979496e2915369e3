//! Reading claims: clocks that may be late, clocks that stopped, clocks on one side of a bound, single claims.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::PostgresStore;
use super::clocks::{self, COLUMNS, LINE, Part};
use super::glance::ALERTS;
use super::rows::{count, subject, text};
use super::search::Search;
use super::unit::{in_unit, query};
use crate::claim::{HistoryEntry, Subject};
use crate::sla::Rule;
use crate::store::dossier::with_claim_first;
use crate::store::{ClaimSource, Cutoffs, RunningClocks, Side, Starts, StoreError};

/// Clocks of `part` that started before their cutoff and have no alert that says so: `$1` the rule, `$2` the latest cutoff,
/// `$3` that of calendars without one of their own, `$4` those by calendar. `untold`: the rule has no open alert at all.
///
/// The keys are found first, in the indexes alone; then the rows of those few are read. Without any alert they are many,
/// and read at once.
pub(super) fn unalerted(rule: &Rule, cutoffs: &Cutoffs, part: Part, untold: bool) -> Result<Search, StoreError> {
    let latest = cutoffs.by_calendar.values().copied().fold(cutoffs.default, DateTime::max);
    let start = format!("c.{}", rule.starts_at.column());
    let settled = if cutoffs.at_risk { "a.state IS NULL" } else { "a.state IS DISTINCT FROM 'breached'" };
    let late = format!(" AND {start} < $2 AND {start} < coalesce(($4::jsonb ->> p.calendar)::timestamptz, $3)");
    let running = clocks::running(rule, part);
    let sql = match (part, untold) {
        (Part::Claims, true) => {
            format!("SELECT {COLUMNS}, {} {running}{late} AND $1::text IS NOT NULL", part.line_columns())
        }
        (Part::Claims, false) => format!(
            "WITH untold AS MATERIALIZED (SELECT c.claim_id, c.start FROM (SELECT c.claim_id, {start} AS start {} \
             AND {start} < $2) c LEFT JOIN {ALERTS} a ON a.clock_started_at = c.start AND a.claim_id = c.claim_id \
             WHERE {settled}) SELECT {COLUMNS}, {} {} AND u.start = {start}{late}",
            clocks::begun(rule),
            part.line_columns(),
            running.replacen(
                "FROM source_claims c",
                "FROM untold u JOIN source_claims c ON c.claim_id = u.claim_id",
                1
            ),
        ),
        (Part::OpenLines | Part::LeftOverLines, _) => rows_of(
            &format!(
                "SELECT c.claim_id, l.payment_id {running}{late} AND NOT EXISTS (SELECT FROM sla_alerts a \
                 WHERE a.rule = $1 AND a.claim_id = c.claim_id AND a.payment_id = l.payment_id \
                 AND a.clock_started_at = {start} AND a.state <> 'resolved' AND NOT ({settled}))"
            ),
            part,
        ),
    };
    Search::new(sql).bind(rule.name.clone())?.bind(latest)?.bind(cutoffs.default)?.bind(json!(cutoffs.by_calendar))
}

/// Clocks of `part` without an alert whose stop is from `$1` to `$2`, give or take a second.
pub(super) fn stopped(
    rule: &Rule,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    part: Part,
) -> Result<Search, StoreError> {
    let stop = clocks::stop_column(rule, part);
    let keys = format!(
        "SELECT c.claim_id, {} AS payment_id {} AND {stop} >= $1 AND {stop} <= $2 \
         AND NOT EXISTS (SELECT FROM sla_alerts a WHERE a.rule = $3 AND a.claim_id = c.claim_id AND {} \
         AND a.clock_started_at = c.{})",
        part.line(),
        clocks::stopped(rule, part),
        part.is_of_line(),
        rule.starts_at.column(),
    );
    let second = TimeDelta::seconds(1);
    Search::new(rows_of(&keys, part)).bind(since - second)?.bind(until + second)?.bind(rule.name.clone())
}

/// Running clocks of `part` whose start is on one side of a bound: `$1` the widest bound, `$2` that of calendars without
/// one of their own, `$3` those by calendar.
pub(super) fn bounded(rule: &Rule, starts: &Starts, part: Part) -> Result<Search, StoreError> {
    let (comparison, never) = match starts.side {
        Side::Before => ("<", DateTime::<Utc>::MIN_UTC),
        Side::From => (">=", DateTime::<Utc>::MAX_UTC),
    };
    // What the server can hold.
    let (least, most) = (DateTime::from_timestamp(-62_135_596_800, 0), DateTime::from_timestamp(253_402_300_799, 0));
    let bound = |at: Option<DateTime<Utc>>| at.unwrap_or(never).max(least.unwrap_or(never)).min(most.unwrap_or(never));
    let by_calendar: serde_json::Map<String, serde_json::Value> =
        starts.by_calendar.iter().map(|(name, at)| (name.clone(), json!(bound(*at)))).collect();
    let all = starts.by_calendar.values().copied().chain([starts.default]).map(bound);
    let widest = if starts.side == Side::Before { all.max() } else { all.min() };
    let start = rule.starts_at.column();
    let keys = format!(
        "SELECT c.claim_id, {} AS payment_id {} AND c.{start} {comparison} $1 \
         AND c.{start} {comparison} coalesce(($3::jsonb ->> p.calendar)::timestamptz, $2)",
        part.line(),
        clocks::running(rule, part),
    );
    Search::new(rows_of(&keys, part))
        .bind(widest.unwrap_or(never))?
        .bind(bound(starts.default))?
        .bind(serde_json::Value::Object(by_calendar))
}

/// The subjects whose keys `keys` selects.
fn rows_of(keys: &str, part: Part) -> String {
    let line = match part {
        Part::Claims => "",
        Part::OpenLines | Part::LeftOverLines => {
            "JOIN source_payments l ON l.payment_id = found.payment_id AND l.claim_id = found.claim_id "
        }
    };
    format!(
        "WITH found AS MATERIALIZED ({keys}) SELECT {COLUMNS}, {} FROM found \
         JOIN source_claims c ON c.claim_id = found.claim_id {line}\
         LEFT JOIN source_programs p ON p.program_id = c.program_id",
        part.line_columns()
    )
}

/// How many clocks of one part run at `$1`, and since when.
pub(super) fn counted(rule: &Rule, part: Part, now: DateTime<Utc>) -> Result<Search, StoreError> {
    let start = rule.starts_at.column();
    let sql = format!(
        "SELECT count(*) AS running, min(c.{start}) AS first, max(c.{start}) AS last {} AND c.{start} <= $1 AND NOT ({})",
        clocks::running(rule, part),
        clocks::unreadable_instant(&format!("c.{start}"))
    );
    Search::new(sql).bind(now)
}

/// How many clocks of one part run at `$1`, by program.
pub(super) fn counted_by_program(rule: &Rule, part: Part, now: DateTime<Utc>) -> Result<Search, StoreError> {
    let start = rule.starts_at.column();
    let sql = format!(
        "SELECT c.program_id, count(*) AS running {} AND c.{start} <= $1 AND NOT ({}) GROUP BY c.program_id",
        clocks::running(rule, part),
        clocks::unreadable_instant(&format!("c.{start}"))
    );
    Search::new(sql).bind(now)
}

/// What [`counted`] finds.
pub(super) async fn running(
    connection: &mut PgConnection,
    rule: &Rule,
    part: Part,
    now: DateTime<Utc>,
) -> Result<RunningClocks, StoreError> {
    let rows = counted(rule, part, now)?.rows(connection).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(RunningClocks { count: count(row, "running")?, first: row.try_get("first")?, last: row.try_get("last")? })
}

/// The claims of which `condition` is true, each with its lines in the order of their ids, or alone.
pub(super) fn with_lines(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, {LINE}, l.payment_id IS NOT NULL AS has_payments \
         FROM source_claims c LEFT JOIN source_programs p ON p.program_id = c.program_id \
         LEFT JOIN source_payments l ON l.claim_id = c.claim_id WHERE {condition} \
         ORDER BY c.claim_id, l.payment_id COLLATE \"C\""
    )
}

/// Claim `$1` with its lines.
pub(super) fn of_claim(claim_id: &str) -> Result<Search, StoreError> {
    Search::new(with_lines("c.claim_id = $1")).bind(claim_id.to_owned())
}

/// The latest `$2` history entries of claim `$1`, latest first.
pub(super) fn history_of(claim_id: &str, limit: u32) -> Result<Search, StoreError> {
    let sql = "SELECT CASE WHEN isfinite(at) THEN at END AS at, left(status, 1000) AS status, left(note, 4000) AS note \
        FROM source_history WHERE claim_id = $1 ORDER BY source_history.at DESC NULLS LAST LIMIT $2";
    Search::new(sql.into()).bind(claim_id.to_owned())?.bind(i64::from(limit))
}

#[async_trait]
impl ClaimSource for PostgresStore {
    async fn subjects(&self, claim_id: &str) -> Result<Vec<Subject>, StoreError> {
        in_unit!(self, unit, {
            let rows = of_claim(claim_id)?.rows(unit).await?;
            let subjects: Result<Vec<_>, StoreError> = rows.iter().map(|row| Ok(subject(row)?.0)).collect();
            Ok(with_claim_first(subjects?))
        })
    }

    async fn background(&self, claim_id: &str, limit: u32) -> Result<(Option<String>, Vec<HistoryEntry>), StoreError> {
        in_unit!(self, unit, {
            let title = query("SELECT left(title, 1000) AS title FROM source_claims WHERE claim_id = $1 LIMIT 1")
                .bind(claim_id)
                .fetch_optional(&mut **unit)
                .await?;
            let title = title.as_ref().map(|row| text(row, "title")).transpose()?.flatten();
            let rows = history_of(claim_id, limit)?.rows(unit).await?;
            let entry = |row: &sqlx::postgres::PgRow| {
                Ok(HistoryEntry {
                    claim_id: claim_id.to_owned(),
                    at: row.try_get("at")?,
                    status: text(row, "status")?,
                    note: text(row, "note")?,
                })
            };
            let history: Result<Vec<_>, StoreError> = rows.iter().rev().map(entry).collect();
            Ok((title, history?))
        })
    }
}
