//! One scan on PostgreSQL: one transaction, which reads as of the instant at which it began and sees its own changes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::clocks::{self, Part};
use super::glance::{self, Glance, parts};
use super::hand::{Hand, Haste};
use super::raise::First;
use super::rows::subject;
use super::search::{Search, Searching};
use super::unit::Isolation;
use super::{
    PostgresStore, alerts, claims, dossiers, escalate, leases, problems, raise, recipients, record, scans, silences,
};
use crate::alert::{Alert, Opening, Recorded, Transition};
use crate::claim::{DataProblem, Subject};
use crate::escalation::{Message, Pending, Silence};
use crate::sla::{Rule, Watches};
use crate::store::problems::Problems;
use crate::store::{
    Cutoffs, DisabledAddress, Dossier, OpenCounts, Page, Pass, Raised, RunningClocks, Scan, ScanCounts, Snapshot,
    Standing, Starts, StoreError, Term, Thread,
};

/// How a scan's statements are planned: its indexes are made for it, and a page is not all that is read of a search.
pub(super) const SETTINGS: &str = "SET LOCAL cursor_tuple_fraction TO 1; SET LOCAL max_parallel_workers_per_gather TO 0; \
    SET LOCAL work_mem TO '32MB'";

pub(super) struct PgPass {
    hand: Hand,
    haste: Haste,
    term: Option<Term>,
    searching: Searching,
    /// Whether the source has payment lines; `None`: not asked yet.
    lines: Option<bool>,
    /// What was seen of each rule, by its name.
    glances: HashMap<String, Glance>,
    /// The last claim of the page of dossiers that was read last.
    last_claim: Option<String>,
}

impl PgPass {
    pub async fn begin(store: &PostgresStore, term: Option<Term>) -> Result<Self, StoreError> {
        let mut unit = store.begin(Isolation::Snapshot).await?;
        unit.simple(SETTINGS.into()).await?;
        if let Some(term) = term {
            leases::mark(&mut unit, term).await?;
            leases::is_present(&mut unit, term).await?;
        }
        Ok(Self {
            hand: Hand::Free(unit),
            haste: Haste::new(&store.careful),
            term,
            searching: Searching::default(),
            lines: None,
            glances: HashMap::new(),
            last_claim: None,
        })
    }

    async fn has_lines(&mut self) -> Result<bool, StoreError> {
        let lines = match self.lines {
            Some(lines) => lines,
            None => glance::has_lines(self.hand.free().await?).await?,
        };
        self.lines = Some(lines);
        Ok(lines)
    }

    /// What there is to be seen of `rule`, as of the beginning; only before the first change of its alerts.
    async fn glance(&mut self, rule: &Rule) -> Result<&Glance, StoreError> {
        if !self.glances.contains_key(&rule.name) {
            let lines = self.has_lines().await?;
            let glance = Glance::at(self.hand.free().await?, rule, lines).await?;
            self.glances.insert(rule.name.clone(), glance);
        }
        self.glances.get(&rule.name).ok_or_else(|| StoreError::Failed("a rule was not looked at".into()))
    }

    /// A page of rows: of a new search, or of the one that was begun last.
    async fn rows(&mut self, page: Page, limit: u32, searches: Vec<Search>) -> Result<Vec<PgRow>, StoreError> {
        let ahead = self.haste.ahead.take();
        if page == Page::First {
            self.searching.begin(self.hand.free().await?, searches).await?;
        } else if let Some(rows) = ahead {
            return Ok(rows);
        }
        self.searching.next(self.hand.free().await?, limit).await
    }

    async fn subjects(&mut self, page: Page, limit: u32, searches: Vec<Search>) -> Result<Vec<Subject>, StoreError> {
        let rows = self.rows(page, limit, searches).await?;
        rows.iter().map(|row| Ok(subject(row)?.0)).collect()
    }

    /// Notes that the clocks of `rule` are searched for, and whether their alerts may be written behind the scan.
    async fn begin_clocks(&mut self, rule: &Rule, limit: u32) -> Result<(), StoreError> {
        let allowed = match self.haste.allowed {
            Some(allowed) => allowed,
            None => !self.haste.careful.load(Ordering::Relaxed) && alerts::is_empty(self.hand.free().await?).await?,
        };
        self.haste.allowed = Some(allowed);
        let first = self.haste.searched.insert(rule.name.clone());
        self.haste.rule = (allowed && first).then(|| rule.name.clone());
        self.haste.limit = limit;
        Ok(())
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
        let mut searches = Vec::new();
        if page == Page::First {
            self.begin_clocks(rule, limit).await?;
            let lines = self.has_lines().await?;
            let glance = self.glance(rule).await?;
            for part in
                parts(rule, lines).iter().filter(|part| **part != Part::Claims || glance.may_be_unalerted(cutoffs))
            {
                searches.push(claims::unalerted(rule, cutoffs, *part, glance.is_without_alerts())?);
            }
        }
        self.subjects(page, limit, searches).await
    }

    async fn stopped_clocks(
        &mut self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        self.haste.rule = None;
        let searches = clocks::stopped_parts(rule).iter().map(|part| claims::stopped(rule, (since, until), *part));
        self.subjects(page, limit, searches.collect::<Result<_, _>>()?).await
    }

    async fn running_clocks(
        &mut self,
        rule: &Rule,
        starts: &Starts,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        self.haste.rule = None;
        let searches = Part::of(rule).iter().map(|part| claims::bounded(rule, starts, *part));
        self.subjects(page, limit, searches.collect::<Result<_, _>>()?).await
    }

    async fn running(&mut self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError> {
        let lines = self.has_lines().await?;
        let seen = self.glance(rule).await?.running(now);
        let mut running = seen.unwrap_or_default();
        for part in parts(rule, lines).iter().filter(|part| **part != Part::Claims || seen.is_none()) {
            let RunningClocks { count, first, last } =
                claims::running(self.hand.free().await?, rule, *part, now).await?;
            running.count += count;
            running.first = running.first.into_iter().chain(first).min();
            running.last = running.last.into_iter().chain(last).max();
        }
        Ok(running)
    }

    async fn data_problems(&mut self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError> {
        let lines = self.has_lines().await?;
        let mut found = Problems::default();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            let strange = self.glance(rule).await?.has_strange_programs(calendars);
            for part in parts(rule, lines) {
                problems::missing_starts(self.hand.free().await?, rule, *part, &mut found).await?;
                if strange || *part != Part::Claims {
                    problems::strange_programs(self.hand.free().await?, rule, *part, calendars, &mut found).await?;
                }
            }
        }
        problems::of_claims(self.hand.free().await?, &mut found).await?;
        Ok(found.into_list())
    }

    async fn open_alerts(
        &mut self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Subject>)>, StoreError> {
        self.haste.rule = None;
        let mut searches = Vec::new();
        if page == Page::First {
            if all {
                searches.push(alerts::all_open(rule, calendars)?);
            } else {
                if self.glance(rule).await?.has_strays(calendars) {
                    searches.push(alerts::strays(rule, calendars)?);
                }
                if rule.watches == Watches::Payments {
                    searches.push(alerts::stray_lines(rule, calendars)?);
                }
            }
        }
        let rows = self.rows(page, limit, searches).await?;
        rows.iter().map(alerts::read_open).collect()
    }

    async fn standing(&mut self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError> {
        alerts::standing(self.hand.free().await?, rule, claim_ids).await
    }

    async fn pending_escalations(
        &mut self,
        now: DateTime<Utc>,
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError> {
        self.haste.rule = None;
        let rows = self.rows(page, limit, vec![alerts::pending(now, all)?]).await?;
        rows.iter().map(alerts::read_pending).collect()
    }

    async fn open_counts(&mut self) -> Result<OpenCounts, StoreError> {
        alerts::open_counts(self.hand.free().await?).await
    }

    async fn silences(&mut self, since: DateTime<Utc>) -> Result<Vec<Silence>, StoreError> {
        silences::ending_after(self.hand.free().await?, since).await
    }

    async fn threads(&mut self) -> Result<Vec<Thread>, StoreError> {
        escalate::threads(self.hand.free().await?).await
    }

    async fn disabled_addresses(&mut self) -> Result<Vec<DisabledAddress>, StoreError> {
        recipients::disabled(self.hand.free().await?).await
    }

    async fn settled(&mut self, level: u32, since: DateTime<Utc>, limit: u32) -> Result<Vec<Pending>, StoreError> {
        alerts::settled(self.hand.free().await?, level, since, limit).await
    }

    async fn held(&mut self) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError> {
        alerts::held(self.hand.free().await?).await
    }

    async fn dossiers(&mut self, page: Page, limit: u32) -> Result<Vec<Dossier>, StoreError> {
        let after = self.last_claim.take().filter(|_| page == Page::Next);
        let found = dossiers::page(self.hand.free().await?, after.as_deref(), limit).await?;
        let Some((found, last)) = found else { return Ok(Vec::new()) };
        self.last_claim = Some(last);
        Ok(found)
    }
}

#[async_trait]
impl Pass for PgPass {
    async fn raise(&mut self, now: DateTime<Utc>, alerts: &[Raised]) -> Result<HashSet<Uuid>, StoreError> {
        if self.haste.rule.is_none() {
            return raise::raise(self.hand.free().await?, now, alerts).await;
        }
        let first = First::of(now, alerts)?;
        let ids = first.ids.clone();
        // The next page is judged while this one is written.
        self.haste.ahead = Some(self.searching.next(self.hand.free().await?, self.haste.limit).await?);
        self.hand.write(first, &self.haste.careful).await?;
        Ok(ids)
    }

    async fn record(
        &mut self,
        now: DateTime<Utc>,
        opening: Opening,
        transitions: &[Transition],
    ) -> Result<Recorded, StoreError> {
        record::apply(self.hand.free().await?, now, opening, transitions).await
    }

    async fn record_problems(&mut self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError> {
        problems::record(self.hand.free().await?, now, problems).await
    }

    async fn escalate(&mut self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError> {
        escalate::escalate(self.hand.free().await?, now, id, message).await
    }

    async fn schedule_escalations(&mut self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError> {
        escalate::schedule(self.hand.free().await?, next).await
    }

    async fn note_silenced(&mut self, now: DateTime<Utc>, silenced: &[(Uuid, Uuid)]) -> Result<(), StoreError> {
        silences::kept_back(self.hand.free().await?, now, silenced).await
    }

    async fn note_said(&mut self, thread: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        escalate::note_said(self.hand.free().await?, thread, now).await
    }

    async fn finish(self: Box<Self>, now: DateTime<Utc>, scan: &Scan, counts: &ScanCounts) -> Result<bool, StoreError> {
        let mut unit = self.hand.into_unit().await?;
        if !scans::finish(&mut unit, now, scan, counts).await? {
            unit.rollback().await?;
            return Ok(false);
        }
        let guard = self.term.map(leases::guard).unwrap_or_default();
        unit.commit_after(&guard).await?;
        Ok(true)
    }

    async fn keep(self: Box<Self>) -> Result<(), StoreError> {
        self.hand.into_unit().await?.commit().await
    }
}
