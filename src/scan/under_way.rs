//! One scan under way: what it looks at, rule by rule, and what it decides.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::horizon::{HorizonGuard, Running};
use super::ledger::{Ledger, Scene};
use super::statements::Seen;
use super::summary::RuleCounts;
use super::{BATCH, Found, Halt, Past, Plan, Request, ScanError};
use crate::alert::{self, Context, Opening, Recorded, Transition};
use crate::calendar::Calendars;
use crate::claim::{DataProblem, ProblemKind, Subject};
use crate::sla::{self, DeadlineError, Rule};
use crate::store::{Cutoffs, Page, ScanCounts};

/// What was decided about a clock, if anything is to be done.
type Judged = Result<Option<Transition>, DeadlineError>;

/// One scan under way.
pub(super) struct UnderWay<'a> {
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
    pub fn new(
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

    pub async fn run(mut self) -> Result<(Found, Ledger<'a>), Halt> {
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
