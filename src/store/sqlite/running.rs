//! Running clocks: how many, since when, and those that started on one side of a bound.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::StoreError;
use super::claims::{PageKey, Pages, seconds_text};
use super::clocks::{self, Part};
use super::rows::{self, instant_text, read_instant, text};
use crate::claim::Subject;
use crate::sla::Rule;
use crate::store::change::json_text;
use crate::store::{RunningClocks, Side, Starts};

/// Sorts before, and after, every instant.
const NEVER_BEFORE: &str = "";
const NEVER_FROM: &str = "~";

/// The length of an instant without its fraction and its zone.
const SECONDS: usize = 19;

pub(super) async fn clocks(
    reader: &mut SqliteConnection,
    rule: &Rule,
    starts: &Starts,
    pages: Pages<'_>,
) -> Result<Vec<(Subject, PageKey)>, StoreError> {
    // Text without its fraction sorts before every spelling of the instants of its second.
    let (comparison, bound): (_, fn(DateTime<Utc>) -> String) = match starts.side {
        Side::Before => ("<", instant_text),
        Side::From => (">=", seconds_text),
    };
    let never = if starts.side == Side::Before { NEVER_BEFORE } else { NEVER_FROM };
    let bound = |at: Option<DateTime<Utc>>| at.map_or_else(|| never.to_owned(), bound);
    let by_calendar: BTreeMap<&str, String> =
        starts.by_calendar.iter().map(|(name, at)| (name.as_str(), bound(*at))).collect();
    let default = bound(starts.default);
    let all = by_calendar.values().chain([&default]);
    let widest = if starts.side == Side::Before { all.max() } else { all.min() }.cloned().unwrap_or_default();
    let by_calendar = json_text(&by_calendar)?;
    let start = rule.starts_at.column();
    pages
        .read(reader, |part| {
            let text = format!(
                "{} AND c.{start} {comparison} ?1 AND c.{start} {comparison} coalesce((SELECT value FROM json_each(?2) \
                 WHERE key = p.calendar), ?3)",
                clocks::running(rule, part)
            );
            (text, part.key(rule), vec![widest.clone(), by_calendar.clone(), default.clone()])
        })
        .await
}

pub(super) async fn count(
    reader: &mut SqliteConnection,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<RunningClocks, StoreError> {
    let start = rule.starts_at.column();
    let mut running = RunningClocks::default();
    for part in Part::of(rule) {
        let sql = format!(
            "SELECT count(*) AS running, min(c.{start}) AS first, max(c.{start}) AS last {} AND {}",
            clocks::running(rule, *part),
            clocks::started(rule)
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(instant_text(now))
            .bind(format!("{}Z~", seconds_text(now)))
            .fetch_one(&mut *reader)
            .await?;
        // What looks like an instant and is none is as early as can be.
        let first = text(&row, "first")?.map(|start| second_of(&start).unwrap_or(DateTime::<Utc>::MIN_UTC));
        running.count += rows::count(&row, "running")?;
        running.first = running.first.into_iter().chain(first).min();
        let last = text(&row, "last")?.and_then(|start| second_of(&start));
        running.last = running.last.into_iter().chain(last).max();
    }
    Ok(running)
}

/// The second of an instant, however its fraction is spelt.
fn second_of(start: &str) -> Option<DateTime<Utc>> {
    read_instant(&format!("{}Z", start.get(..SECONDS)?))
}
