//! One pass: ask the database what may be late, decide exactly, record.
//!
//! Everything a scan records is true by itself, batch by batch; a scan that stops half-way has not finished, and the next
//! one takes up where it left off. Source: docs/architecture.md, docs/contract.md "Look-back".

mod diff;
mod foresight;
mod horizon;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::alert::{self, Context, Recorded, Transition};
use crate::calendar::Calendars;
use crate::claim::{DataProblem, ProblemKind};
use crate::escalation::{self, Policy};
use crate::now::{Stopwatch, TimeSource, fresh_id};
use crate::sla::{self, DeadlineError, Rule};
use crate::store::{Cutoffs, ScanCounts, ScanRecord, Store, StoreError};

use foresight::Foresight;

pub use diff::{
    AlertsDiff, Both, CalendarDiff, ClockDiff, DeadlinesDiff, Diff, Foretold, Kind, Outcome, ProgramDiff, SettingDiff,
    Side, StateCounts, diff,
};
pub use horizon::{HorizonGuard, Running};
pub use summary::{Resolved, RuleCounts, ScanSummary};

/// How many clocks or alerts are read and recorded at a time.
const BATCH: u32 = 500;

/// What scans decide by.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rules: Vec<Rule>,
    pub calendars: Calendars,
    pub policy: Policy,
    /// Changes when anything above does, or the zone data: then every open deadline is derived again.
    pub fingerprint: String,
}

/// What one scan is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The instant at which it looks.
    pub at: DateTime<Utc>,
    /// Looks back to this instant; `None`: to the beginning of the scan that finished last.
    pub since: Option<DateTime<Utc>>,
    /// Only says what it would do.
    pub dry_run: bool,
    /// The schedule's instant that it serves, if any.
    pub scheduled_for: Option<DateTime<Utc>>,
}

/// What was decided about a clock, if anything is to be done.
type Judged = Result<Option<Transition>, DeadlineError>;

/// Why a scan did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the scan was asked to stop before it finished")]
    Stopped,
    #[error("escalation: {0}")]
    Escalation(#[from] DeadlineError),
}

/// Scans once. `Ok(None)`: the schedule's instant was served already. `alive` is called after every batch.
///
/// # Errors
/// [`ScanError`]; what was recorded until then stays, and the look-back of the next scan still reaches before this one.
pub async fn scan(
    store: &dyn Store,
    plan: &Plan,
    time: &TimeSource,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Option<ScanSummary>, ScanError> {
    if request.dry_run {
        return Ok(Some(foresee(store, plan, request, stop, alive).await?.0));
    }
    let stopwatch = Stopwatch::start();
    let last = store.finished_scan_until(request.at).await?;
    let Some(id) = store.begin_scan(request.at, request.scheduled_for, &plan.fingerprint).await? else {
        return Ok(None);
    };
    match Pass::new(store, plan, request, last, stop, alive).run().await {
        Ok((counts, rules)) => {
            store.finish_scan(id, time.now().max(request.at), &counts).await?;
            Ok(Some(ScanSummary::new(request, &counts, rules, stopwatch.elapsed())))
        }
        Err(error) => {
            // The scan's own failure is what matters; that it cannot be noted follows from the same cause.
            let _ = store.fail_scan(id, &error.to_string()).await;
            Err(error)
        }
    }
}

/// What the dry run that `request` asks for would find, with the alerts as they would stand.
async fn foresee(
    store: &dyn Store,
    plan: &Plan,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<(ScanSummary, Foresight), ScanError> {
    let stopwatch = Stopwatch::start();
    let last = store.finished_scan_until(request.at).await?;
    let mut pass = Pass::new(store, plan, request, last, stop, alive);
    let (counts, rules) = pass.run().await?;
    Ok((ScanSummary::new(request, &counts, rules, stopwatch.elapsed()), pass.foresight))
}

/// One scan under way.
struct Pass<'a> {
    store: &'a dyn Store,
    plan: &'a Plan,
    at: DateTime<Utc>,
    since: Option<DateTime<Utc>>,
    rederive: bool,
    dry_run: bool,
    stop: &'a CancellationToken,
    alive: &'a (dyn Fn() + Send + Sync),
    recorded: Recorded,
    /// For a dry run, in the database's place: what nobody records comes up again, and is not to be counted twice.
    foresight: Foresight,
    problems: Vec<DataProblem>,
}

/// What is to be done about some clocks of one rule.
#[derive(Default)]
struct Batch<'a> {
    claim_ids: BTreeSet<&'a str>,
    transitions: Vec<Transition>,
}

impl<'a> Batch<'a> {
    fn add(&mut self, claim_id: &'a str, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.claim_ids.insert(claim_id);
            self.transitions.push(transition);
        }
    }
}

impl<'a> Pass<'a> {
    fn new(
        store: &'a dyn Store,
        plan: &'a Plan,
        request: &Request,
        last: Option<ScanRecord>,
        stop: &'a CancellationToken,
        alive: &'a (dyn Fn() + Send + Sync),
    ) -> Self {
        Self {
            store,
            plan,
            at: request.at,
            since: request.since.or(last.as_ref().map(|scan| scan.began_at)),
            rederive: last.is_some_and(|scan| scan.settings != plan.fingerprint),
            dry_run: request.dry_run,
            stop,
            alive,
            recorded: Recorded::default(),
            foresight: Foresight::default(),
            problems: Vec::new(),
        }
    }

    async fn run(&mut self) -> Result<(ScanCounts, BTreeMap<String, RuleCounts>), ScanError> {
        let plan = self.plan;
        for rule in &plan.rules {
            self.look_at_open_alerts(rule).await?;
            if !rule.enabled {
                continue;
            }
            self.look_at_running_clocks(rule, None).await?;
            if rule.warn.is_some() {
                self.look_at_running_clocks(rule, rule.warn).await?;
            }
            if let Some(since) = self.since {
                self.look_back(rule, since).await?;
            }
        }
        let running = self.horizon_guard().running().await?;
        let data_problems = self.record_problems(&running).await?;
        let messages = self.escalate().await?;
        let rules = self.count_rules(&running).await?;
        Ok((ScanCounts { recorded: self.recorded, messages, data_problems }, rules))
    }

    /// Open alerts whose clock stopped, started again or moved.
    async fn look_at_open_alerts(&mut self, rule: &Rule) -> Result<(), ScanError> {
        let context = Context { rule, calendars: &self.plan.calendars, now: self.at };
        let calendars = &self.plan.calendars;
        let own = calendars.choose(None, rule.calendar.as_deref()).calendar;
        let calendars = (own.name(), calendars.default().name());
        let mut after = None;
        loop {
            let page = self.store.open_alerts(rule, calendars, self.rederive, after, BATCH).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let mut batch = Batch::default();
            for (alert, subject) in &page {
                let subject = subject.as_ref().map(|readable| &readable.value);
                let judged = alert::judge_open(&context, alert, subject);
                batch.add(&alert.claim_id, self.or_problem(&alert.claim_id, judged));
            }
            self.record(rule, batch).await?;
        }
    }

    /// Clocks that are late, or with `warn` at risk, and have no alert that says so.
    async fn look_at_running_clocks(&mut self, rule: &Rule, warn: Option<sla::Span>) -> Result<(), ScanError> {
        let context = Context { rule, calendars: &self.plan.calendars, now: self.at };
        let cutoffs = cutoffs(rule, warn, &self.plan.calendars, self.at);
        let mut after = None;
        loop {
            let page = self.store.unalerted_clocks(rule, &cutoffs, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let mut batch = Batch::default();
            for readable in &page {
                let claim_id = &readable.value.claim.claim_id;
                let judged = alert::judge_running(&context, &readable.value);
                batch.add(claim_id, self.or_problem(claim_id, judged));
            }
            self.record(rule, batch).await?;
        }
    }

    /// Clocks that breached and stopped unseen since `since`.
    async fn look_back(&mut self, rule: &Rule, since: DateTime<Utc>) -> Result<(), ScanError> {
        let context = Context { rule, calendars: &self.plan.calendars, now: self.at };
        let mut after = None;
        loop {
            let page = self.store.stopped_clocks(rule, since, self.at, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let mut batch = Batch::default();
            for readable in &page {
                let claim_id = &readable.value.claim.claim_id;
                let judged = alert::judge_stopped(&context, &readable.value, since);
                batch.add(claim_id, self.or_problem(claim_id, judged));
            }
            self.record(rule, batch).await?;
        }
    }

    async fn record(&mut self, rule: &Rule, batch: Batch<'_>) -> Result<(), ScanError> {
        let Batch { claim_ids, transitions } = batch;
        if !transitions.is_empty() {
            self.recorded += if self.dry_run {
                self.foresight.record(self.store, (&rule.name, self.at), &claim_ids, &transitions).await?
            } else {
                self.store.record(self.at, &transitions).await?
            };
        }
        self.go_on()
    }

    /// Says that the scan is alive, after a batch, and whether it is to go on.
    fn go_on(&self) -> Result<(), ScanError> {
        (self.alive)();
        if self.stop.is_cancelled() { Err(ScanError::Stopped) } else { Ok(()) }
    }

    fn horizon_guard(&self) -> HorizonGuard<'_> {
        let Plan { rules, calendars, .. } = self.plan;
        HorizonGuard { store: self.store, rules, calendars, now: self.at }
    }

    async fn record_problems(&mut self, running: &Running) -> Result<u64, ScanError> {
        let calendars: Vec<&str> = self.plan.calendars.names().collect();
        let mut problems: BTreeMap<(String, ProblemKind), DataProblem> = BTreeMap::new();
        let found = self.store.data_problems(&self.plan.rules, &calendars).await?;
        let beyond = self.horizon_guard().problems(running, &|| self.go_on()).await?;
        for problem in found.into_iter().chain(beyond).chain(std::mem::take(&mut self.problems)) {
            problems.entry((problem.claim_id.clone(), problem.kind)).or_insert(problem);
        }
        let problems: Vec<DataProblem> = problems.into_values().collect();
        if self.dry_run {
            return Ok(problems.len() as u64);
        }
        Ok(self.store.record_problems(self.at, &problems).await?)
    }

    /// Messages about what is due, unless the sending hours are over: then the next scan within them sends it.
    async fn escalate(&mut self) -> Result<u64, ScanError> {
        let Plan { policy, calendars, .. } = self.plan;
        let may_send = policy.may_send(calendars.default(), self.at);
        if self.dry_run {
            self.foresight.escalate(self.store, self.plan, self.at, self.rederive).await?;
            return Ok(if may_send { self.foresight.messages.len() as u64 } else { 0 });
        }
        if !may_send {
            return Ok(0);
        }
        let pending = self.store.pending_escalations(self.at, self.rederive).await?;
        let due = escalation::escalate(policy, calendars, &pending, self.at)?;
        let mut sent = 0;
        for message in &due.messages {
            if self.store.escalate(self.at, fresh_id(self.at), message).await? {
                sent += 1;
            }
            (self.alive)();
        }
        if !due.next.is_empty() {
            self.store.schedule_escalations(&due.next).await?;
        }
        Ok(sent)
    }

    async fn count_rules(&self, running: &Running) -> Result<BTreeMap<String, RuleCounts>, ScanError> {
        let open = self.store.open_counts().await?;
        let changes = self.foresight.changes();
        let mut rules = BTreeMap::new();
        for rule in &self.plan.rules {
            let running = running.get(&rule.name).map_or(0, |clocks| clocks.count);
            let (at_risk, breached) = open.get(&rule.name).copied().unwrap_or_default();
            let (more_at_risk, more_breached) = changes.get(rule.name.as_str()).copied().unwrap_or_default();
            rules.insert(
                rule.name.clone(),
                RuleCounts {
                    running,
                    at_risk: at_risk.saturating_add_signed(more_at_risk),
                    breached: breached.saturating_add_signed(more_breached),
                },
            );
        }
        Ok(rules)
    }

    /// A claim whose deadline cannot be given is reported, and never stops the others.
    fn or_problem(&mut self, claim_id: &str, judged: Judged) -> Option<Transition> {
        judged.unwrap_or_else(|error| {
            let detail = error.to_string();
            self.problems.push(DataProblem { claim_id: claim_id.to_owned(), kind: ProblemKind::Unreadable, detail });
            None
        })
    }
}

fn cutoffs(rule: &Rule, warn: Option<sla::Span>, calendars: &Calendars, now: DateTime<Utc>) -> Cutoffs {
    let of = |calendar| sla::cutoff(&rule.target, warn, calendar, now);
    let by_calendar = calendars.iter().map(|calendar| (calendar.name().to_owned(), of(calendar))).collect();
    let own = calendars.choose(None, rule.calendar.as_deref()).calendar;
    // A program that is not there, or names an unknown calendar, is counted by the default one, whatever the rule's.
    Cutoffs { default: of(own).max(of(calendars.default())), by_calendar, at_risk: warn.is_some() }
}
