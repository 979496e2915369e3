//! One scan on PostgreSQL: one transaction, which reads as of the instant at which it began and sees its own changes.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::clocks::{self, Part};
use super::rows::subject;
use super::search::{Search, Searching};
use super::unit::{Isolation, Unit};
use super::{PostgresStore, alerts, claims, escalate, leases, problems, raise, record, scans};
use crate::alert::{Alert, Recorded, Transition};
use crate::claim::{DataProblem, Subject};
use crate::escalation::{Message, Pending};
use crate::sla::Rule;
use crate::store::{
    Cutoffs, OpenCounts, Page, Pass, Raised, RunningClocks, Scan, ScanCounts, Snapshot, Standing, Starts, StoreError,
    Term,
};

/// How a scan's statements are planned: its indexes are made for it, and a page is not all that is read of a search.
const SETTINGS: &str = "SET LOCAL cursor_tuple_fraction TO 1; SET LOCAL max_parallel_workers_per_gather TO 0; \
    SET LOCAL work_mem TO '32MB'";

pub(super) struct PgPass {
    unit: Unit,
    term: Option<Term>,
    searching: Searching,
}

impl PgPass {
    pub async fn begin(store: &PostgresStore, term: Option<Term>) -> Result<Self, StoreError> {
        let mut unit = store.begin(Isolation::Snapshot).await?;
        unit.simple(SETTINGS.into()).await?;
        if let Some(term) = term {
            leases::is_present(&mut unit, term).await?;
        }
        Ok(Self { unit, term, searching: Searching::default() })
    }

    /// A page of subjects: of a new search, or of the one that was begun last.
    async fn subjects(
        &mut self,
        page: Page,
        limit: u32,
        search: impl FnOnce() -> Result<Vec<Search>, StoreError> + Send,
    ) -> Result<Vec<Subject>, StoreError> {
        if page == Page::First {
            self.searching.begin(&mut self.unit, search()?).await?;
        }
        let rows = self.searching.next(&mut self.unit, limit).await?;
        rows.iter().map(|row| Ok(subject(row)?.0)).collect()
    }
}

#[async_trait]
impl Snapshot for PgPass {
    async fn unalerted_clocks(
        &mut self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let parts = || Part::of(rule).iter().map(|part| claims::unalerted(rule, cutoffs, *part)).collect();
        self.subjects(page, limit, parts).await
    }

    async fn stopped_clocks(
        &mut self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let parts = || {
            let parts = clocks::stopped_parts(rule).iter();
            parts.map(|part| claims::stopped(rule, (since, until), *part)).collect()
        };
        self.subjects(page, limit, parts).await
    }

    async fn running_clocks(
        &mut self,
        rule: &Rule,
        starts: &Starts,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let parts = || Part::of(rule).iter().map(|part| claims::bounded(rule, starts, *part)).collect();
        self.subjects(page, limit, parts).await
    }

    async fn running(&mut self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError> {
        let mut running = RunningClocks::default();
        for part in Part::of(rule) {
            let RunningClocks { count, first } = claims::running(&mut self.unit, rule, *part, now).await?;
            running.count += count;
            running.first = running.first.into_iter().chain(first).min();
        }
        Ok(running)
    }

    async fn data_problems(&mut self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError> {
        problems::of(&mut self.unit, rules, calendars).await
    }

    async fn open_alerts(
        &mut self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Subject>)>, StoreError> {
        if page == Page::First {
            self.searching.begin(&mut self.unit, vec![alerts::open(rule, calendars, all)?]).await?;
        }
        let rows = self.searching.next(&mut self.unit, limit).await?;
        rows.iter().map(alerts::read_open).collect()
    }

    async fn standing(&mut self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError> {
        alerts::standing(&mut self.unit, rule, claim_ids).await
    }

    async fn pending_escalations(
        &mut self,
        now: DateTime<Utc>,
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError> {
        if page == Page::First {
            self.searching.begin(&mut self.unit, vec![alerts::pending(now, all)?]).await?;
        }
        let rows = self.searching.next(&mut self.unit, limit).await?;
        rows.iter().map(alerts::read_pending).collect()
    }

    async fn open_counts(&mut self) -> Result<OpenCounts, StoreError> {
        alerts::open_counts(&mut self.unit).await
    }
}

#[async_trait]
impl Pass for PgPass {
    async fn raise(&mut self, now: DateTime<Utc>, alerts: &[Raised]) -> Result<HashSet<Uuid>, StoreError> {
        raise::raise(&mut self.unit, now, alerts).await
    }

    async fn record(&mut self, now: DateTime<Utc>, transitions: &[Transition]) -> Result<Recorded, StoreError> {
        record::apply(&mut self.unit, now, transitions).await
    }

    async fn record_problems(&mut self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError> {
        problems::record(&mut self.unit, now, problems).await
    }

    async fn escalate(&mut self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError> {
        escalate::escalate(&mut self.unit, now, id, message).await
    }

    async fn schedule_escalations(&mut self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError> {
        escalate::schedule(&mut self.unit, next).await
    }

    async fn finish(
        mut self: Box<Self>,
        now: DateTime<Utc>,
        scan: &Scan,
        counts: &ScanCounts,
    ) -> Result<bool, StoreError> {
        if !scans::finish(&mut self.unit, now, scan, counts).await? {
            self.unit.rollback().await?;
            return Ok(false);
        }
        let guard = self.term.map(leases::guard).unwrap_or_default();
        self.unit.commit_after(&guard).await?;
        Ok(true)
    }
}
