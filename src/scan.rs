//! One pass: ask the database what may be late, decide exactly, record.
//!
//! It reads in batches, all as of one instant, and what it records happens at once in the end: a scan that fails, is stopped
//! or is killed has changed nothing, and the next one begins anew. Source: docs/architecture.md, docs/contract.md
//! "Look-back".

mod diff;
mod foresight;
mod horizon;
mod ledger;
mod preview;
mod statements;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::alert::{self, Context, Opening, Recorded, Transition};
use crate::calendar::Calendars;
use crate::claim::{DataProblem, ProblemKind, Subject};
use crate::escalation::{Plausible, Policy};
use crate::now::{Stopwatch, TimeSource};
use crate::sla::{self, DeadlineError, Rule};
use crate::store::{Cutoffs, Page, Scan, ScanCounts, ScanRecord, Store, StoreError, Term};

use foresight::Foresight;
use ledger::{Ledger, Scene};
use statements::Seen;

pub use diff::{
    AlertsDiff, Both, CalendarDiff, ClockDiff, DeadlinesDiff, Diff, Foretold, Kind, Outcome, ProgramDiff, SettingDiff,
    Side, StateCounts, diff,
};
pub use horizon::{HorizonGuard, Running};
pub use preview::{Preview, preview};
pub use summary::{Resolved, RuleCounts, ScanSummary};

/// How many clocks or alerts are read and recorded at a time.
const BATCH: u32 = 1_000;

/// What scans decide by.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rules: Vec<Rule>,
    pub calendars: Calendars,
    pub policy: Policy,
    /// Changes when anything above does, or the zone data: then every open deadline is derived again.
    pub fingerprint: String,
    /// Changes when the rules, the calendars or the zone data do: then what is late by them is taken over, not news.
    pub deadlines: String,
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
    /// The term of leadership in which it is made: in a later one it cannot finish. `None`: whoever leads.
    pub term: Option<Term>,
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

/// Why a scan under way comes to nothing.
enum Halt {
    Failed(ScanError),
    /// It would open more alerts than can be believed: it begins anew, and they are held.
    Implausible(Plausible),
}

impl<E: Into<ScanError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// How often a scan begins anew when it has to give way to another session.
const ATTEMPTS: u32 = 5;

/// How far back it is looked how many alerts scans usually open.
const USUAL_DAYS: TimeDelta = TimeDelta::days(30);

/// Scans once. `Ok(None)`: the schedule's instant was served already. `alive` is called after every batch.
///
/// # Errors
/// [`ScanError`]; then nothing of it was recorded but the failure, and the look-back of the next scan still reaches before
/// this one.
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
    let scan = Scan {
        began_at: request.at,
        scheduled_for: request.scheduled_for,
        settings: plan.fingerprint.clone(),
        deadlines: plan.deadlines.clone(),
    };
    let (mut attempt, mut implausible) = (1, None);
    let ended = loop {
        match scan_once(store, plan, time, request, &scan, implausible, stop, alive).await {
            Err(Halt::Failed(ScanError::Store(StoreError::Conflict(_)))) if attempt < ATTEMPTS => attempt += 1,
            Err(Halt::Implausible(plausible)) => implausible = Some(plausible),
            Err(Halt::Failed(error)) => break Err(error),
            Ok(found) => break Ok(found),
        }
    };
    match ended {
        Ok(Some((counts, rules))) => Ok(Some(ScanSummary::new(request, &counts, rules, stopwatch.elapsed()))),
        Ok(None) => Ok(None),
        Err(error) => match store.fail_scan(&scan, request.term, &error.to_string()).await {
            Err(StoreError::Deposed) => Err(StoreError::Deposed.into()),
            // The scan's own failure is what matters; that it cannot be noted follows from the same cause.
            _ => Err(error),
        },
    }
}

type Found = (ScanCounts, BTreeMap<String, RuleCounts>);

#[expect(clippy::too_many_arguments, reason = "what a scan is asked for and where it stands")]
async fn scan_once(
    store: &dyn Store,
    plan: &Plan,
    time: &TimeSource,
    request: &Request,
    scan: &Scan,
    implausible: Option<Plausible>,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Option<Found>, Halt> {
    let past = Past::of(store, plan, request, implausible).await?;
    if let Some(instant) = request.scheduled_for
        && store.is_served(instant).await?
    {
        return Ok(None);
    }
    let ledger = Ledger::kept(store.pass(request.term).await?, request.at).await?;
    let (found, ledger) = UnderWay::new(ledger, plan, request, past, stop, alive).run().await?;
    let Ledger::Kept { pass, .. } = ledger else { return Ok(Some(found)) };
    Ok(pass.finish(time.now().max(request.at), scan, &found.0).await?.then_some(found))
}

/// What the dry run that `request` asks for would find, with the alerts as they would stand.
async fn foresee(
    store: &dyn Store,
    plan: &Plan,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<(ScanSummary, Foresight), ScanError> {
    foresee_with(store, plan, request, stop, alive, Foresight::default).await
}

/// As [`foresee`], into a foresight that `empty` makes.
async fn foresee_with(
    store: &dyn Store,
    plan: &Plan,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
    empty: impl Fn() -> Foresight,
) -> Result<(ScanSummary, Foresight), ScanError> {
    let stopwatch = Stopwatch::start();
    let mut implausible = None;
    loop {
        let past = Past::of(store, plan, request, implausible).await?;
        let mut foresight = empty();
        let ledger = Ledger::foreseen(store.snapshot().await?, &mut foresight, request.at).await?;
        match UnderWay::new(ledger, plan, request, past, stop, alive).run().await {
            Ok(((counts, rules), _)) => {
                return Ok((ScanSummary::new(request, &counts, rules, stopwatch.elapsed()), foresight));
            }
            Err(Halt::Implausible(plausible)) => implausible = Some(plausible),
            Err(Halt::Failed(error)) => return Err(error),
        }
    }
}

/// What was before a scan, and what follows for it.
struct Past {
    /// To where it looks back.
    since: Option<DateTime<Utc>>,
    /// The scan that finished last.
    last: Option<ScanRecord>,
    opening: Opening,
    /// How many new alerts can be believed; `None`: any number.
    plausible: Option<Plausible>,
}

impl Past {
    async fn of(
        store: &dyn Store,
        plan: &Plan,
        request: &Request,
        implausible: Option<Plausible>,
    ) -> Result<Self, StoreError> {
        let last = store.finished_scan_until(request.at).await?;
        let since = request.since.or(last.as_ref().map(|scan| scan.began_at));
        // What stopped before that had its alert, which is gone: it is not raised anew.
        let pruned_before = store.pruned_before().await?;
        let since = since.map(|since| pruned_before.map_or(since, |before| since.max(before)));
        let by_other_deadlines = last.as_ref().is_none_or(|scan| scan.deadlines != plan.deadlines);
        let opening = match implausible {
            Some(_) => Opening::Held,
            None if by_other_deadlines => Opening::Inherited,
            None => Opening::Usual,
        };
        let plausible = match (opening, plan.policy.brake) {
            (Opening::Usual, Some(brake)) => {
                let since = request.at.checked_sub_signed(USUAL_DAYS).unwrap_or(DateTime::<Utc>::MIN_UTC);
                Some(brake.plausible(&store.usual_openings(since).await?))
            }
            (Opening::Held, _) => implausible,
            _ => None,
        };
        Ok(Self { since, last, opening, plausible })
    }
}

/// One scan under way.
struct UnderWay<'a> {
    ledger: Ledger<'a>,
    scene: Scene<'a>,
    since: Option<DateTime<Utc>>,
    stop: &'a CancellationToken,
    recorded: Recorded,
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

impl<'a> UnderWay<'a> {
    fn new(
        ledger: Ledger<'a>,
        plan: &'a Plan,
        request: &Request,
        Past { since, last, opening, plausible }: Past,
        stop: &'a CancellationToken,
        alive: &'a (dyn Fn() + Send + Sync),
    ) -> Self {
        let rederive = last.is_some_and(|scan| scan.settings != plan.fingerprint);
        let scene = Scene { plan, at: request.at, rederive, opening, plausible, alive };
        Self { ledger, scene, since, stop, recorded: Recorded::default(), problems: Vec::new() }
    }

    async fn run(mut self) -> Result<(Found, Ledger<'a>), Halt> {
        let plan = self.scene.plan;
        for rule in &plan.rules {
            go_on(self.scene, self.stop)?;
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
        let running = self.horizon_guard().running(self.ledger.look()).await?;
        go_on(self.scene, self.stop)?;
        let data_problems = self.record_problems(&running).await?;
        go_on(self.scene, self.stop)?;
        let seen = Seen { running: &running, data_problems };
        let messages = self.ledger.escalate(self.scene, seen).await?;
        go_on(self.scene, self.stop)?;
        let rules = self.count_rules(&running).await?;
        let opening = self.scene.opening;
        Ok(((ScanCounts { recorded: self.recorded, messages, data_problems, opening }, rules), self.ledger))
    }

    /// Open alerts whose clock stopped, started again or moved.
    async fn look_at_open_alerts(&mut self, rule: &Rule) -> Result<(), Halt> {
        let Scene { plan, at, rederive, .. } = self.scene;
        let context = Context { rule, calendars: &plan.calendars, now: at };
        let own = plan.calendars.choose(None, rule.calendar.as_deref()).calendar;
        let calendars = (own.name(), plan.calendars.default().name());
        let mut page = Page::First;
        loop {
            let alerts = self.ledger.look().open_alerts(rule, calendars, rederive, page, BATCH).await?;
            if alerts.is_empty() {
                return Ok(());
            }
            page = Page::Next;
            let mut batch = Batch::default();
            for (alert, subject) in &alerts {
                let judged = alert::judge_open(&context, alert, subject.as_ref());
                batch.add(&alert.claim_id, self.or_problem(&alert.claim_id, judged));
            }
            self.record(rule, batch).await?;
        }
    }

    /// Clocks that are late, or with `warn` at risk, and have no alert that says so.
    async fn look_at_running_clocks(&mut self, rule: &Rule, warn: Option<sla::Span>) -> Result<(), Halt> {
        let Scene { plan, at, .. } = self.scene;
        let context = Context { rule, calendars: &plan.calendars, now: at };
        let cutoffs = cutoffs(rule, warn, &plan.calendars, at);
        let mut page = Page::First;
        loop {
            let subjects = self.ledger.look().unalerted_clocks(rule, &cutoffs, page, BATCH).await?;
            if subjects.is_empty() {
                return Ok(());
            }
            page = Page::Next;
            self.judge(rule, &subjects, |subject| alert::judge_running(&context, subject)).await?;
        }
    }

    /// Clocks that breached and stopped unseen since `since`.
    async fn look_back(&mut self, rule: &Rule, since: DateTime<Utc>) -> Result<(), Halt> {
        let Scene { plan, at, .. } = self.scene;
        let context = Context { rule, calendars: &plan.calendars, now: at };
        let mut page = Page::First;
        loop {
            let subjects = self.ledger.look().stopped_clocks(rule, since, at, page, BATCH).await?;
            if subjects.is_empty() {
                return Ok(());
            }
            page = Page::Next;
            self.judge(rule, &subjects, |subject| alert::judge_stopped(&context, subject, since)).await?;
        }
    }

    async fn judge(
        &mut self,
        rule: &Rule,
        subjects: &[Subject],
        judge: impl Fn(&Subject) -> Judged,
    ) -> Result<(), Halt> {
        let mut batch = Batch::default();
        for subject in subjects {
            let claim_id = &subject.claim.claim_id;
            batch.add(claim_id, self.or_problem(claim_id, judge(subject)));
        }
        self.record(rule, batch).await
    }

    async fn record(&mut self, rule: &Rule, batch: Batch<'_>) -> Result<(), Halt> {
        let Batch { claim_ids, transitions } = batch;
        if !transitions.is_empty() {
            self.recorded += self.ledger.record(self.scene, &rule.name, &claim_ids, transitions).await?;
        }
        match self.scene.plausible {
            Some(plausible) if self.scene.opening == Opening::Usual && self.recorded.newly_late() > plausible.limit => {
                Err(Halt::Implausible(plausible))
            }
            _ => Ok(go_on(self.scene, self.stop)?),
        }
    }

    fn horizon_guard(&self) -> HorizonGuard<'a> {
        let Plan { rules, calendars, .. } = self.scene.plan;
        HorizonGuard { rules, calendars, now: self.scene.at }
    }

    async fn record_problems(&mut self, running: &Running) -> Result<u64, ScanError> {
        let (scene, stop) = (self.scene, self.stop);
        let calendars: Vec<&str> = scene.plan.calendars.names().collect();
        let mut problems: BTreeMap<(String, ProblemKind), DataProblem> = BTreeMap::new();
        let guard = self.horizon_guard();
        let found = self.ledger.look().data_problems(&scene.plan.rules, &calendars).await?;
        let beyond = guard.problems(self.ledger.look(), running, &|| go_on(scene, stop)).await?;
        for problem in found.into_iter().chain(beyond).chain(std::mem::take(&mut self.problems)) {
            problems.entry((problem.claim_id.clone(), problem.kind)).or_insert(problem);
        }
        let problems: Vec<DataProblem> = problems.into_values().collect();
        self.ledger.record_problems(scene.at, &problems).await
    }

    async fn count_rules(&mut self, running: &Running) -> Result<BTreeMap<String, RuleCounts>, ScanError> {
        let open = self.ledger.look().open_counts().await?;
        let changes = self.ledger.changes();
        let mut rules = BTreeMap::new();
        for rule in &self.scene.plan.rules {
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

/// Says that the scan is alive, after a batch, and whether it is to go on.
fn go_on(scene: Scene<'_>, stop: &CancellationToken) -> Result<(), ScanError> {
    (scene.alive)();
    if stop.is_cancelled() { Err(ScanError::Stopped) } else { Ok(()) }
}

fn cutoffs(rule: &Rule, warn: Option<sla::Span>, calendars: &Calendars, now: DateTime<Utc>) -> Cutoffs {
    let of = |calendar| sla::cutoff(&rule.target, warn, calendar, now);
    let by_calendar = calendars.iter().map(|calendar| (calendar.name().to_owned(), of(calendar))).collect();
    let own = calendars.choose(None, rule.calendar.as_deref()).calendar;
    // A program that is not there, or names an unknown calendar, is counted by the default one, whatever the rule's.
    Cutoffs { default: of(own).max(of(calendars.default())), by_calendar, at_risk: warn.is_some() }
}
