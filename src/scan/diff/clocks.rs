//! Every running clock under both plans, page by page: what is kept are counts, and the few that are shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::alert::{Alert, AlertId, Context, State};
use crate::calendar::Calendar;
use crate::claim::Subject;
use crate::scan::foresight::Foresight;
use crate::scan::{BATCH, Plan, ScanError};
use crate::sla::{self, Clock, Rule};
use crate::store::{Cutoffs, Page, Snapshot};

use super::worst::Worst;
use super::{AlertDiff, Both, CalendarDiff, ClockDiff, Group, Kind, ProgramDiff, Side, open};

/// The comparison of clocks under way.
pub(super) struct Clocks<'a> {
    plans: Both<&'a Plan>,
    at: DateTime<Utc>,
    examples: usize,
    /// What a scan by the present plan would change; where the plans differ, `alerts` has more.
    by_present: &'a Foresight,
    /// The alerts that differ, until their clock has been looked at.
    alerts: HashMap<AlertId, AlertDiff>,
    programs: BTreeMap<Group, Program>,
}

/// What is known so far of one rule and program.
#[derive(Default)]
struct Program {
    diff: ProgramDiff,
    worst: BTreeMap<Kind, Worst<ClockDiff>>,
}

/// A clock as one plan sees it.
struct Seen<'a> {
    calendar: &'a Calendar,
    /// `None`: it cannot be given.
    due_at: Option<DateTime<Utc>>,
}

impl<'a> Clocks<'a> {
    pub(super) fn new(
        plans: Both<&'a Plan>,
        at: DateTime<Utc>,
        examples: usize,
        by_present: &'a Foresight,
        alerts: HashMap<AlertId, AlertDiff>,
    ) -> Self {
        Self { plans, at, examples, by_present, alerts, programs: BTreeMap::new() }
    }

    /// Looks at every running clock of every rule, and at the alerts whose clock does not run.
    ///
    /// # Errors
    /// [`ScanError::Store`]
    pub(super) async fn look(&mut self, snapshot: &mut dyn Snapshot) -> Result<(), ScanError> {
        let plans = [self.plans.present, self.plans.new];
        let names: BTreeSet<&str> = plans.into_iter().flat_map(|plan| &plan.rules).map(|rule| &*rule.name).collect();
        for name in names {
            let rules = plans.map(|plan| plan.rules.iter().find(|rule| rule.name == name));
            // Rules of one name have the same clocks, and what is switched off has them still.
            let Some(rule) = rules.into_iter().flatten().next() else { continue };
            let watched = Rule { enabled: true, ..rule.clone() };
            self.look_at_clocks_without_alert(snapshot, &watched).await?;
            self.look_at_open_alerts(snapshot, &watched).await?;
        }
        let mut left: Vec<_> = std::mem::take(&mut self.alerts).into_iter().collect();
        left.sort_by_key(|(clock, _)| (clock.claim_id.clone(), clock.payment_id.clone()));
        for (clock, AlertDiff { program, states }) in left {
            let (at, examples) = (self.at, self.examples);
            let sides = Both { present: side(None, states.present), new: side(None, states.new) };
            self.group((clock.rule.clone(), program)).compare(at, examples, &clock, sides);
        }
        Ok(())
    }

    async fn look_at_clocks_without_alert(
        &mut self,
        snapshot: &mut dyn Snapshot,
        rule: &Rule,
    ) -> Result<(), ScanError> {
        // What starts later does not run yet.
        let default = self.at + TimeDelta::seconds(1);
        let cutoffs = Cutoffs { default, by_calendar: BTreeMap::new(), at_risk: true };
        let mut page = Page::First;
        loop {
            let subjects = snapshot.unalerted_clocks(rule, &cutoffs, page, BATCH).await?;
            if subjects.is_empty() {
                return Ok(());
            }
            page = Page::Next;
            for subject in &subjects {
                self.look_at(rule, subject, None);
            }
        }
    }

    async fn look_at_open_alerts(&mut self, snapshot: &mut dyn Snapshot, rule: &Rule) -> Result<(), ScanError> {
        let mut page = Page::First;
        loop {
            // All open alerts: the calendars then make no difference.
            let alerts = snapshot.open_alerts(rule, ("", ""), true, page, BATCH).await?;
            if alerts.is_empty() {
                return Ok(());
            }
            page = Page::Next;
            for (alert, subject) in &alerts {
                if let Some(subject) = subject {
                    self.look_at(rule, subject, Some(alert));
                }
            }
        }
    }

    /// Compares what the plans make of the clock of `rule` that runs on `subject`, if one does; with an open `alert` only
    /// the clock of that one.
    fn look_at(&mut self, rule: &Rule, subject: &Subject, alert: Option<&Alert>) {
        let Clock::Running { started_at } = sla::observe(rule, subject, self.at) else { return };
        if alert.is_some_and(|alert| alert.clock_started_at != started_at) {
            return;
        }
        let clock = AlertId {
            rule: rule.name.clone(),
            claim_id: subject.claim.claim_id.clone(),
            payment_id: subject.payment.as_ref().map(|line| line.payment_id.clone()),
            clock_started_at: started_at,
        };
        let Both { present, new } = self.plans;
        let contexts = [present, new].map(|plan| context(plan, &rule.name, self.at));
        let [by_present, by_new] = contexts.each_ref().map(|context| see(context.as_ref()?, subject, started_at));
        let calendar = by_present.as_ref().zip(by_new.as_ref()).and_then(|seen| {
            let asked = subject.program.as_ref().and_then(|program| program.calendar.as_deref());
            calendar_diff(seen.0.calendar, seen.1.calendar, asked.filter(|name| new.calendars.get(name).is_none()))
        });
        let states = self.alerts.remove(&clock).map(|alert| alert.states).unwrap_or_else(|| {
            let foreseen = self.by_present.alert(&clock).map(|alert| alert.after);
            let state = open(foreseen.or(alert.map(|alert| alert.state)));
            Both { present: state, new: state }
        });
        let sides = Both { present: side(by_present, states.present), new: side(by_new, states.new) };
        let (at, examples) = (self.at, self.examples);
        let program = self.group((clock.rule.clone(), subject.claim.program_id.clone()));
        program.diff.clocks += 1;
        program.diff.calendar = program.diff.calendar.take().or(calendar);
        program.compare(at, examples, &clock, sides);
    }

    fn group(&mut self, group: Group) -> &mut Program {
        self.programs.entry(group).or_insert_with_key(|(rule, program)| Program {
            diff: ProgramDiff { rule: rule.clone(), program: program.clone(), ..ProgramDiff::default() },
            ..Program::default()
        })
    }

    /// What is known so far of a rule and program.
    pub(super) fn program(&mut self, group: Group) -> &mut ProgramDiff {
        &mut self.group(group).diff
    }

    /// What was found, by rule and program, also where it is the same by both plans.
    pub(super) fn into_programs(self) -> impl Iterator<Item = ProgramDiff> {
        let finished = |Program { diff, worst }: Program| {
            let examples = worst.into_iter().map(|(kind, worst)| (kind, worst.into_items()));
            ProgramDiff { examples: examples.filter(|(_, clocks)| !clocks.is_empty()).collect(), ..diff }
        };
        self.programs.into_values().map(finished)
    }
}

/// By what `plan` decides about clocks of the rule `name`; `None`: it does not watch them.
fn context<'a>(plan: &'a Plan, name: &str, now: DateTime<Utc>) -> Option<Context<'a>> {
    let rule = plan.rules.iter().find(|rule| rule.name == name && rule.enabled)?;
    Some(Context { rule, calendars: &plan.calendars, now })
}

fn see<'a>(context: &'a Context<'_>, subject: &'a Subject, started_at: DateTime<Utc>) -> Option<Seen<'a>> {
    let calendar = context.calendar(subject);
    Some(Seen { calendar, due_at: sla::due_at(&context.rule.target, calendar, started_at).ok() })
}

fn side(seen: Option<Seen<'_>>, state: Option<State>) -> Side {
    let calendar = seen.as_ref().map(|seen| seen.calendar.name().to_owned());
    Side { due_at: seen.and_then(|seen| seen.due_at), calendar, state }
}

/// How the calendar of a program differs; `unknown`: what it names, if the new plan has no such calendar.
fn calendar_diff(present: &Calendar, new: &Calendar, unknown: Option<&str>) -> Option<CalendarDiff> {
    let same = present.name() == new.name()
        && present.version() == new.version()
        && present.zone().data_version() == new.zone().data_version();
    let names = || Both { present: present.name().to_owned(), new: new.name().to_owned() };
    (!same).then(|| CalendarDiff { names: names(), unknown: unknown.map(str::to_owned) })
}

impl Program {
    /// Counts how a clock differs, and keeps it where it is among the worst.
    fn compare(&mut self, at: DateTime<Utc>, examples: usize, clock: &AlertId, sides: Both<Side>) {
        let ProgramDiff { deadlines, alerts, .. } = &mut self.diff;
        let kinds = [sides.kind_of_deadline(), sides.kind_of_alert()];
        for kind in kinds.into_iter().flatten() {
            match kind {
                Kind::Earlier => deadlines.earlier += 1,
                Kind::Later => deadlines.later += 1,
                Kind::Watched => deadlines.watched += 1,
                Kind::Unwatched => deadlines.unwatched += 1,
                Kind::Raised => alerts.raised.count(sides.new.state),
                Kind::Withdrawn => alerts.withdrawn.count(sides.present.state),
                Kind::ToBreached => alerts.to_breached += 1,
                Kind::ToAtRisk => alerts.to_at_risk += 1,
            }
            let worst = self.worst.entry(kind).or_insert_with(|| Worst::new(examples));
            worst.add(kind.severity(&sides, at), &clock.claim_id, || ClockDiff {
                claim_id: clock.claim_id.clone(),
                payment_id: clock.payment_id.clone(),
                clock_started_at: clock.clock_started_at,
                sides: sides.clone(),
            });
        }
    }
}
