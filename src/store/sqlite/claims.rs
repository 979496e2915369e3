//! Reading claims: clocks that may be late, clocks that stopped, data problems.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

use super::clocks::{self, COLUMNS, Part};
use super::rows::{Unread, instant_text, payment, read_instant, subject, text};
use super::{SqliteStore, StoreError, running};
use crate::claim::{DataProblem, HistoryEntry, ProblemKind, Subject, clean_line};
use crate::sla::{Rule, Watches};
use crate::store::{ClaimSource, Cutoffs, PageKey, Readable, RunningClocks, Starts};

#[async_trait]
impl ClaimSource for SqliteStore {
    async fn unalerted_clocks(
        &self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError> {
        let latest = cutoffs.by_calendar.values().copied().fold(cutoffs.default, DateTime::max);
        let by_calendar: BTreeMap<&str, String> =
            cutoffs.by_calendar.iter().map(|(name, at)| (name.as_str(), instant_text(*at))).collect();
        let by_calendar = serde_json::to_string(&by_calendar).unwrap_or_default();
        let start = rule.starts_at.column();
        let settled = if cutoffs.at_risk { "<> 'resolved'" } else { "= 'breached'" };
        let recorded = clocks::as_recorded(rule);
        let pages = Pages { parts: Part::of(rule), after, limit };
        pages
            .read(self, |part| {
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

    async fn stopped_clocks(
        &self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError> {
        let recorded = clocks::as_recorded(rule);
        let pages = Pages { parts: clocks::stopped_parts(rule), after, limit };
        pages
            .read(self, |part| {
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

    async fn running_clocks(
        &self,
        rule: &Rule,
        starts: &Starts,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<Vec<Readable<Subject>>, StoreError> {
        running::clocks(self, rule, starts, Pages { parts: Part::of(rule), after, limit }).await
    }

    async fn running(&self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError> {
        running::count(self, rule, now).await
    }

    async fn data_problems(&self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError> {
        let mut found = Problems::default();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            for part in Part::of(rule) {
                self.missing_starts(rule, *part, &mut found).await?;
                self.strange_programs(rule, *part, calendars, &mut found).await?;
            }
        }
        self.unknown_statuses(&mut found).await?;
        self.unreadable(&mut found).await?;
        Ok(found.into_list())
    }

    async fn subjects(&self, claim_id: &str) -> Result<Vec<Subject>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, l.payment_id AS l_payment_id, l.paying_entity AS l_paying_entity, l.amount AS l_amount, \
             l.currency AS l_currency, l.paid_at AS l_paid_at, l.payment_id IS NOT NULL AS has_payments \
             FROM source_claims c LEFT JOIN source_programs p ON p.program_id = c.program_id \
             LEFT JOIN source_payments l ON l.claim_id = c.claim_id WHERE c.claim_id = ? ORDER BY l.payment_id"
        );
        let mut subjects = Vec::new();
        for row in sqlx::query(AssertSqlSafe(sql)).bind(claim_id).fetch_all(&self.readers).await? {
            let (subject, _) = subject(&row)?;
            if subjects.is_empty() {
                subjects.push(Subject { payment: None, ..subject.clone() });
            }
            if subject.payment.is_some() {
                subjects.push(subject);
            }
        }
        Ok(subjects)
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

impl SqliteStore {
    async fn missing_starts(&self, rule: &Rule, part: Part, found: &mut Problems) -> Result<(), StoreError> {
        if rule.may_lack_start {
            return Ok(());
        }
        let start = rule.starts_at.column();
        let sql =
            format!("SELECT c.claim_id {} AND (c.{start} IS NULL OR c.{start} = '')", clocks::running(rule, part));
        let what = if rule.watches == Watches::Claim { "" } else { " and something is unpaid" };
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.readers).await? {
            let statuses: Vec<_> = rule.runs_while.iter().map(|status| status.as_str()).collect();
            let detail = format!(
                "rule {}: the status is {}{what}, but {start} is empty; expected the instant at which the clock started",
                rule.name,
                statuses.join(" or ")
            );
            found.add(&row, ProblemKind::MissingStart, detail)?;
        }
        Ok(())
    }

    async fn strange_programs(
        &self,
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
        for row in sqlx::query(AssertSqlSafe(sql)).bind(configured).fetch_all(&self.readers).await? {
            if text(&row, "start")?.as_deref().and_then(read_instant).is_none() {
                continue;
            }
            let program = text(&row, "program_id")?.unwrap_or_default();
            if row.try_get::<bool, _>("missing")? {
                let detail = format!(
                    "program {program:?} is not in programs: watched under the default calendar, as needing no tax invoice"
                );
                found.add(&row, ProblemKind::UnknownProgram, detail)?;
            } else {
                let calendar = text(&row, "calendar")?.unwrap_or_default();
                let detail = format!(
                    "program {program:?} names calendar {calendar:?}, which is not configured: the default serves; \
                     expected one of {}",
                    calendars.join(", ")
                );
                found.add(&row, ProblemKind::UnknownCalendar, detail)?;
            }
        }
        Ok(())
    }

    async fn unknown_statuses(&self, found: &mut Problems) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT c.claim_id, substr(c.status, 1, 200) AS status FROM source_claims c WHERE {}",
            clocks::unknown_status()
        );
        for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.readers).await? {
            let status = text(&row, "status")?.unwrap_or_default();
            let known: Vec<_> = crate::claim::Status::ALL.iter().map(|status| status.as_str()).collect();
            let detail = format!("status: found {status:?}, expected one of {}", known.join(", "));
            found.add(&row, ProblemKind::UnknownStatus, detail)?;
        }
        Ok(())
    }

    async fn unreadable(&self, found: &mut Problems) -> Result<(), StoreError> {
        let claims = format!(
            "SELECT {COLUMNS}, NULL AS l_payment_id, 0 AS has_payments FROM source_claims c \
             LEFT JOIN source_programs p ON p.program_id = c.program_id WHERE c.claim_id IN (SELECT claim_id FROM source_claims WHERE {})",
            clocks::unreadable_claim()
        );
        for row in sqlx::query(AssertSqlSafe(claims)).fetch_all(&self.readers).await? {
            found.add_unread(&row, &subject(&row)?.1)?;
        }
        let payments = format!(
            "SELECT claim_id, payment_id AS l_payment_id, paying_entity AS l_paying_entity, amount AS l_amount, \
             currency AS l_currency, paid_at AS l_paid_at FROM source_payments WHERE {}",
            clocks::unreadable_payment()
        );
        for row in sqlx::query(AssertSqlSafe(payments)).fetch_all(&self.readers).await? {
            let mut unread = Vec::new();
            payment(&row, text(&row, "claim_id")?.unwrap_or_default(), &mut unread)?;
            found.add_unread(&row, &unread)?;
        }
        Ok(())
    }
}

/// `at` without its fraction: text that sorts before any instant of that second, however it is spelt.
pub(super) fn seconds_text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Reads one page across the parts of a rule: each part in the order of its key, one part after the other.
pub(super) struct Pages<'a> {
    parts: &'static [Part],
    after: Option<&'a PageKey>,
    limit: u32,
}

impl Pages<'_> {
    pub(super) async fn read(
        &self,
        store: &SqliteStore,
        query: impl Fn(Part) -> (String, [String; 3], Vec<String>),
    ) -> Result<Vec<Readable<Subject>>, StoreError> {
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
            let rows = statement.bind(at).bind(claim).bind(payment).bind(left).fetch_all(&store.readers).await?;
            for row in &rows {
                page.push(readable(row, number)?);
            }
        }
        Ok(page)
    }
}

fn readable(row: &SqliteRow, part: usize) -> Result<Readable<Subject>, StoreError> {
    let (value, _) = subject(row)?;
    let key = PageKey {
        part,
        at: text(row, "key_at")?.unwrap_or_default(),
        claim_id: value.claim.claim_id.clone(),
        payment_id: text(row, "key_payment")?.unwrap_or_default(),
    };
    Ok(Readable { value, key })
}

/// Data problems, one a claim and kind; what more is found of a kind is added to its detail.
#[derive(Default)]
struct Problems(BTreeMap<(String, ProblemKind), Vec<String>>);

impl Problems {
    fn add(&mut self, row: &SqliteRow, kind: ProblemKind, detail: String) -> Result<(), StoreError> {
        let claim_id = text(row, "claim_id")?.unwrap_or_default();
        let details = self.0.entry((claim_id, kind)).or_default();
        if !details.contains(&detail) {
            details.push(detail);
        }
        Ok(())
    }

    fn add_unread(&mut self, row: &SqliteRow, unread: &[Unread]) -> Result<(), StoreError> {
        for Unread { column, found, expected } in unread {
            let found = clean_line(found, 80);
            self.add(row, ProblemKind::Unreadable, format!("{column}: found {found:?}, expected {expected}"))?;
        }
        Ok(())
    }

    fn into_list(self) -> Vec<DataProblem> {
        self.0
            .into_iter()
            .map(|((claim_id, kind), details)| DataProblem {
                claim_id,
                kind,
                detail: clean_line(&details.join("; "), 2000).into_owned(),
            })
            .collect()
    }
}
