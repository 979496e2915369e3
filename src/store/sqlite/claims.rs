//! Reading claims: clocks that may be late, clocks that stopped, single claims.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::clocks::{self, COLUMNS, Part};
use super::rows::{instant_text, read_instant, subject, text};
use super::{SqliteStore, StoreError};
use crate::claim::{HistoryEntry, Subject};
use crate::sla::Rule;
use crate::store::change::json_text;
use crate::store::dossier::with_claim_first;
use crate::store::{ClaimSource, Cutoffs};

pub(super) async fn unalerted(
    reader: &mut SqliteConnection,
    rule: &Rule,
    cutoffs: &Cutoffs,
    after: Option<&PageKey>,
    limit: u32,
) -> Result<Vec<(Subject, PageKey)>, StoreError> {
    let latest = cutoffs.by_calendar.values().copied().fold(cutoffs.default, DateTime::max);
    let by_calendar: BTreeMap<&str, String> =
        cutoffs.by_calendar.iter().map(|(name, at)| (name.as_str(), instant_text(*at))).collect();
    let by_calendar = json_text(&by_calendar)?;
    let start = rule.starts_at.column();
    let settled = if cutoffs.at_risk { "<> 'resolved'" } else { "= 'breached'" };
    let recorded = clocks::as_recorded(rule);
    let pages = Pages { parts: Part::of(rule), after, limit };
    pages
        .read(reader, |part| {
            let line = if part == Part::Claims { "IS NULL" } else { "= l.payment_id" };
            let text = format!(
                "{} AND c.{start} < ?1 AND c.{start} < coalesce((SELECT value FROM json_each(?2) \
                 WHERE key = p.calendar), ?3) AND NOT EXISTS (SELECT 1 FROM sla_alerts a WHERE a.claim_id = c.claim_id \
                 AND a.rule = ?4 AND a.payment_id {line} AND a.clock_started_at = {recorded} AND a.state {settled})",
                clocks::running(rule, part)
            );
            let values =
                vec![instant_text(latest), by_calendar.clone(), instant_text(cutoffs.default), rule.name.clone()];
            (text, part.key(rule), values)
        })
        .await
}

pub(super) async fn stopped(
    reader: &mut SqliteConnection,
    rule: &Rule,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    after: Option<&PageKey>,
    limit: u32,
) -> Result<Vec<(Subject, PageKey)>, StoreError> {
    let recorded = clocks::as_recorded(rule);
    let pages = Pages { parts: clocks::stopped_parts(rule), after, limit };
    pages
        .read(reader, |part| {
            let line = if part == Part::Claims { "IS NULL" } else { "= l.payment_id" };
            let stop = clocks::stop_column(rule, part);
            let text = format!(
                "{} AND {stop} >= ?1 AND {stop} <= ?2 AND NOT EXISTS (SELECT 1 FROM sla_alerts a \
                 WHERE a.claim_id = c.claim_id AND a.rule = ?3 AND a.payment_id {line} \
                 AND a.clock_started_at = {recorded})",
                clocks::stopped(rule, part)
            );
            let [_, claim, payment] = part.key(rule);
            // A second's instants lie between its text without a fraction and the same with a Z, however they are
            // spelt; which of them are meant is decided exactly.
            let values = vec![seconds_text(since), format!("{}Z", seconds_text(until)), rule.name.clone()];
            (text, [stop, claim, payment], values)
        })
        .await
}

#[async_trait]
impl ClaimSource for SqliteStore {
    async fn subjects(&self, claim_id: &str) -> Result<Vec<Subject>, StoreError> {
        let sql = with_lines("c.claim_id = ?");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(claim_id).fetch_all(&self.readers).await?;
        let subjects: Result<Vec<_>, StoreError> = rows.iter().map(|row| Ok(subject(row)?.0)).collect();
        Ok(with_claim_first(subjects?))
    }

    async fn background(&self, claim_id: &str, limit: u32) -> Result<(Option<String>, Vec<HistoryEntry>), StoreError> {
        let title = sqlx::query("SELECT substr(title, 1, 1000) AS title FROM source_claims WHERE claim_id = ?")
            .bind(claim_id)
            .fetch_optional(&self.readers)
            .await?;
        let title = title.as_ref().map(|row| text(row, "title")).transpose()?.flatten();
        let rows = sqlx::query(
            "SELECT at, substr(status, 1, 1000) AS status, substr(note, 1, 4000) AS note FROM source_history \
             WHERE claim_id = ? ORDER BY at DESC LIMIT ?",
        )
        .bind(claim_id)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let history: Result<Vec<_>, StoreError> = rows
            .iter()
            .rev()
            .map(|row| {
                Ok(HistoryEntry {
                    claim_id: claim_id.to_owned(),
                    at: text(row, "at")?.as_deref().and_then(read_instant),
                    status: text(row, "status")?,
                    note: text(row, "note")?,
                })
            })
            .collect();
        Ok((title, history?))
    }
}

/// The claims of which `condition` is true, each with its lines in the order of their ids, or alone.
pub(super) fn with_lines(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, l.payment_id AS l_payment_id, l.paying_entity AS l_paying_entity, l.amount AS l_amount, \
         l.currency AS l_currency, l.paid_at AS l_paid_at, l.payment_id IS NOT NULL AS has_payments \
         FROM source_claims c LEFT JOIN source_programs p ON p.program_id = c.program_id \
         LEFT JOIN source_payments l ON l.claim_id = c.claim_id WHERE {condition} ORDER BY c.claim_id, l.payment_id"
    )
}

/// `at` without its fraction: text that sorts before any instant of that second, however it is spelt.
pub(super) fn seconds_text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Where a page of clocks ended: which of the places that a rule's clocks are in, the start (or stop) as the source spells
/// it, the claim, the payment line or "".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageKey {
    pub part: usize,
    pub at: String,
    pub claim_id: String,
    pub payment_id: String,
}

/// Reads one page across the parts of a rule: each part in the order of its key, one part after the other.
pub(super) struct Pages<'a> {
    pub parts: &'static [Part],
    pub after: Option<&'a PageKey>,
    pub limit: u32,
}

impl Pages<'_> {
    pub(super) async fn read(
        &self,
        reader: &mut SqliteConnection,
        query: impl Fn(Part) -> (String, [String; 3], Vec<String>),
    ) -> Result<Vec<(Subject, PageKey)>, StoreError> {
        let mut page = Vec::new();
        let first = self.after.map_or(0, |key| key.part);
        for (number, part) in self.parts.iter().enumerate().skip(first) {
            let left = i64::from(self.limit) - i64::try_from(page.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            let (from, [at, claim, payment], values) = query(*part);
            let mut sql =
                format!("SELECT {COLUMNS}, {}, {at} AS key_at, {payment} AS key_payment {from}", part.line_columns());
            let place = self.after.filter(|key| key.part == number);
            if place.is_some() {
                sql.push_str(&format!(" AND ({at}, {claim}, {payment}) > (?5, ?6, ?7)"));
            }
            sql.push_str(&format!(" ORDER BY {at}, {claim}, {payment} LIMIT ?8"));
            let mut statement = sqlx::query(AssertSqlSafe(sql));
            for n in 0..4 {
                statement = statement.bind(values.get(n).cloned());
            }
            let place = place.map(|key| (key.at.clone(), key.claim_id.clone(), key.payment_id.clone()));
            let (at, claim, payment) = place.map_or((None, None, None), |(a, c, p)| (Some(a), Some(c), Some(p)));
            let rows = statement.bind(at).bind(claim).bind(payment).bind(left).fetch_all(&mut *reader).await?;
            for row in &rows {
                page.push(placed(row, number)?);
            }
        }
        Ok(page)
    }
}

fn placed(row: &SqliteRow, part: usize) -> Result<(Subject, PageKey), StoreError> {
    let (value, _) = subject(row)?;
    let key = PageKey {
        part,
        at: text(row, "key_at")?.unwrap_or_default(),
        claim_id: value.claim.claim_id.clone(),
        payment_id: text(row, "key_payment")?.unwrap_or_default(),
    };
    Ok((value, key))
}
