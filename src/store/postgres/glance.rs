//! One read of a rule's running clocks beside its open alerts, in the indexes alone: it says what of the rule is to be
//! looked at, and mostly that nothing is.
//!
//! Both indexes are in the order of (start, claim), so that they are merged. What comes back is a row a program and
//! calendar. Clocks on claims are seen here; those on payment lines, which are fewer, are asked for by themselves.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::clocks::{self, Part};
use super::rows::count;
use super::search::Search;
use super::unit::made;
use crate::sla::{Rule, TaxInvoice, Watches};
use crate::store::{Cutoffs, RunningClocks, StoreError};

/// What was seen of one rule.
#[derive(Clone, Debug)]
pub(super) struct Glance {
    groups: Vec<Group>,
    tax_invoice: TaxInvoice,
}

/// The clocks of one program that are alike: with alerts under one calendar, or without; of claims with payment lines, or
/// without.
#[derive(Clone, Debug)]
struct Group {
    /// Whether its program is there.
    known: bool,
    calendar: Option<String>,
    requires_tax_invoice: bool,
    /// The calendar that its alerts name.
    told_by: Option<String>,
    has_lines: bool,
    running: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// The first start without a breached alert.
    first_untold: Option<DateTime<Utc>>,
    /// The first start without any open alert.
    first_unwarned: Option<DateTime<Utc>>,
    alerts: u64,
    /// Alerts whose clock does not run as they say.
    strays: u64,
}

impl Glance {
    pub async fn at(connection: &mut PgConnection, rule: &Rule, lines: bool) -> Result<Self, StoreError> {
        let rows = search(rule, lines)?.rows(connection).await?;
        let groups = rows.iter().map(group).collect::<Result<_, _>>()?;
        Ok(Self { groups, tax_invoice: rule.tax_invoice })
    }

    /// Whether any clock may be late (or at risk) and have no alert that says so.
    pub fn may_be_unalerted(&self, cutoffs: &Cutoffs) -> bool {
        self.running_groups().any(|group| {
            let first = if cutoffs.at_risk { group.first_unwarned } else { group.first_untold };
            let named = group.calendar.as_ref().and_then(|name| cutoffs.by_calendar.get(name));
            first.is_some_and(|first| first < *named.unwrap_or(&cutoffs.default))
        })
    }

    /// Whether the rule has no open alert on any claim.
    pub fn is_without_alerts(&self) -> bool {
        self.groups.iter().all(|group| group.alerts == 0)
    }

    /// Whether any alert's clock may not run on as recorded; `calendars` are that of programs that name none, and that of
    /// programs that are not there.
    pub fn has_strays(&self, calendars: (&str, &str)) -> bool {
        self.groups.iter().any(|group| {
            let counts = if group.known { group.calendar.as_deref().unwrap_or(calendars.0) } else { calendars.1 };
            group.strays > 0 || (group.alerts > 0 && (!self.admits(group) || group.told_by.as_deref() != Some(counts)))
        })
    }

    /// Whether any clock's program is not there, or names a calendar that is none of `configured`.
    pub fn has_strange_programs(&self, configured: &[&str]) -> bool {
        let strange = |name: &String| !configured.contains(&name.as_str());
        self.running_groups().any(|group| !group.known || group.calendar.as_ref().is_some_and(strange))
    }

    /// What runs at `now`; `None`: some clock has not begun, and they have to be counted one by one.
    pub fn running(&self, now: DateTime<Utc>) -> Option<RunningClocks> {
        let mut running = RunningClocks::default();
        for group in self.running_groups() {
            if group.last.is_some_and(|last| last > now) {
                return None;
            }
            running.count += group.running;
            running.first = running.first.into_iter().chain(group.first).min();
            running.last = running.last.into_iter().chain(group.last).max();
        }
        Some(running)
    }

    fn running_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.running > 0 && self.admits(group))
    }

    /// Whether clocks of the rule run on such claims.
    fn admits(&self, group: &Group) -> bool {
        let admitted = match self.tax_invoice {
            TaxInvoice::Any => true,
            TaxInvoice::NotRequired => !group.requires_tax_invoice,
            TaxInvoice::Required => group.requires_tax_invoice,
        };
        admitted && !group.has_lines
    }
}

/// A row a group: `$1` is the rule. The programs are few: they are joined when the clocks are grouped. `OFFSET 0` keeps the order of the
/// alerts' index, which PostgreSQL 15 would sort again below the join.
pub(super) fn search(rule: &Rule, lines: bool) -> Result<Search, StoreError> {
    let has_lines = match rule.watches {
        Watches::Payments if lines => "EXISTS (SELECT FROM source_payments l WHERE l.claim_id = c.claim_id)",
        Watches::Payments | Watches::Claim => "false",
    };
    let sql = format!(
        "SELECT g.*, p.program_id IS NOT NULL AS known, nullif(p.calendar, '') AS calendar, \
         coalesce(p.requires_tax_invoice, false) AS requires_tax_invoice FROM (\
         SELECT c.program_id, c.has_lines, a.calendar AS told_by, count(c.claim_id) AS running, min(c.start) AS first, \
         max(c.start) AS last, min(c.start) FILTER (WHERE a.state IS DISTINCT FROM 'breached') AS first_untold, \
         min(c.start) FILTER (WHERE a.state IS NULL) AS first_unwarned, count(a.claim_id) AS alerts, \
         count(*) FILTER (WHERE c.claim_id IS NULL) AS strays \
         FROM (SELECT c.claim_id, c.program_id, {has_lines} AS has_lines, {} AS start {}) c \
         FULL JOIN {ALERTS} a ON a.clock_started_at = c.start AND a.claim_id = c.claim_id GROUP BY 1, 2, 3) g \
         LEFT JOIN source_programs p ON p.program_id = g.program_id",
        format_args!("c.{}", rule.starts_at.column()),
        clocks::begun(rule),
    );
    Search::new(sql).bind(rule.name.clone())
}

/// The open alerts of the rule `$1` on claims themselves, in the order of their index.
pub(super) const ALERTS: &str = "(SELECT a.claim_id, a.clock_started_at, a.state, a.calendar FROM sla_alerts a \
    WHERE a.rule = $1 AND a.state <> 'resolved' AND a.payment_id IS NULL ORDER BY a.clock_started_at, a.claim_id OFFSET 0)";

fn group(row: &PgRow) -> Result<Group, StoreError> {
    Ok(Group {
        known: row.try_get("known")?,
        calendar: row.try_get("calendar")?,
        requires_tax_invoice: row.try_get("requires_tax_invoice")?,
        told_by: row.try_get("told_by")?,
        has_lines: row.try_get::<Option<bool>, _>("has_lines")?.unwrap_or(false),
        running: count(row, "running")?,
        first: row.try_get("first")?,
        last: row.try_get("last")?,
        first_untold: row.try_get("first_untold")?,
        first_unwarned: row.try_get("first_unwarned")?,
        alerts: count(row, "alerts")?,
        strays: count(row, "strays")?,
    })
}

/// Whether the source has any payment line at all: where it has none, nothing has to be asked of them.
pub(super) async fn has_lines(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let row = made("SELECT EXISTS (SELECT FROM source_payments) AS there".into()).fetch_one(connection).await?;
    Ok(row.try_get("there")?)
}

/// The parts of `rule` in which clocks can be.
pub(super) fn parts(rule: &Rule, lines: bool) -> &'static [Part] {
    if lines { Part::of(rule) } else { &[Part::Claims] }
}
