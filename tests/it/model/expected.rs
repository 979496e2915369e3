//! What alerts there must be, by the words of docs/domain.md and docs/contract.md: plain loops over every rule, claim, line
//! and day, again from the beginning at every scan.

use std::collections::{BTreeMap, BTreeSet};

use claimwatch::alert::{Opening, Resolution, State};
use claimwatch::calendar::{Calendar, Calendars};
use claimwatch::scan::{Resolved, RuleCounts, ScanSummary};

use super::clocks::{CLOCKS, Clock, Clocks, Instant, STATUSES, calendar, read, status_of};
use super::counting::due_and_risk;
use super::facts::{Facts, RuleSettings, Settings};

/// Rule, claim, payment line or none, clock start.
pub type ClockId = (&'static str, String, Option<String>, Instant);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub state: State,
    pub resolution: Option<Resolution>,
    pub due_at: Instant,
    pub calendar: String,
    pub detected_at: Instant,
    pub stopped_at: Option<Instant>,
    pub resolved_at: Option<Instant>,
    pub story: Vec<&'static str>,
    /// Whether level 1 went out about this deadline.
    pub told: bool,
}

/// The alerts that there must be after the scans so far.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    pub alerts: BTreeMap<ClockId, Alert>,
    pub problems: BTreeSet<(String, &'static str)>,
    last_scan: Option<Instant>,
    /// Until when all that there was to say at level 1 has been said; `None`: nothing was said yet.
    said_until: Option<Instant>,
}

/// Every clock that runs at `now`, watched or not: its program and, if its rule is on, its deadline.
pub fn running(
    facts: &Facts,
    (settings, calendars): (&Settings, &Calendars),
    now: Instant,
) -> BTreeMap<ClockId, (Option<&'static str>, Option<Instant>)> {
    let mut running = BTreeMap::new();
    for (clocks, settings) in CLOCKS.iter().zip(&settings.rules) {
        let on = RuleSettings { enabled: true, ..settings.clone() };
        for (id, claim) in &facts.claims {
            for line in clocks.watched(facts, id) {
                if let Clock::Running(start) = clocks.clock(facts, &on, id, line, now) {
                    let (due_at, _) = due_and_risk(settings, calendar(calendars, facts, settings, claim), start);
                    let seen = (claim.program, settings.enabled.then_some(due_at));
                    running.insert((clocks.rule, id.clone(), line.cloned(), start), seen);
                }
            }
        }
    }
    running
}

impl Expected {
    /// Makes a scan at `now`; returns what it must say of itself.
    pub fn scan(
        &mut self,
        facts: &Facts,
        (settings, calendars): (&Settings, &Calendars),
        since: Option<Instant>,
        now: Instant,
    ) -> ScanSummary {
        let since = since.or(self.last_scan);
        let (mut opened, mut warned, mut resolved) = (0, 0, Resolved::default());
        let mut rules = BTreeMap::new();
        for (clocks, settings) in CLOCKS.iter().zip(&settings.rules) {
            for (id, alert) in
                self.alerts.iter_mut().filter(|(id, alert)| id.0 == clocks.rule && alert.state != State::Resolved)
            {
                if let Some((resolution, stopped_at)) = end(clocks, facts, settings, id, alert, now) {
                    if alert.state == State::AtRisk && resolution == Resolution::Late {
                        alert.become_breached(now);
                        opened += 1;
                    }
                    alert.resolve(resolution, stopped_at, now, &mut resolved);
                }
            }
            let mut running = 0;
            for (claim_id, claim) in &facts.claims {
                for line in clocks.watched(facts, claim_id) {
                    let calendar = calendar(calendars, facts, settings, claim);
                    let id = |start| (clocks.rule, claim_id.clone(), line.cloned(), start);
                    match clocks.clock(facts, settings, claim_id, line, now) {
                        Clock::Running(start) => {
                            running += 1;
                            self.run(id(start), settings, calendar, now, (&mut opened, &mut warned, &mut resolved));
                        }
                        Clock::Stopped { start: Some(start), own: Some(own), .. } => {
                            let (due_at, _) = due_and_risk(settings, calendar, start);
                            let seen = since.is_some_and(|since| since < own && own <= now);
                            if seen && own >= due_at && !self.alerts.contains_key(&id(start)) {
                                let mut alert = Alert::new(State::Breached, due_at, calendar, now);
                                alert.resolve(Resolution::Late, Some(own), now, &mut resolved);
                                self.alerts.insert(id(start), alert);
                                opened += 1;
                            }
                        }
                        _ => {}
                    }
                }
            }
            rules.insert(clocks.rule.to_owned(), RuleCounts { running, ..self.open(clocks.rule) });
        }
        self.problems = problems(facts, settings, calendars);
        let opening = if self.last_scan.is_none() { Opening::Inherited } else { Opening::Usual };
        self.last_scan = Some(now);
        let (messages, data_problems) = (self.tell(now, calendars.default()), self.problems.len() as u64);
        ScanSummary {
            at: now,
            dry_run: false,
            rules,
            opened,
            warned,
            resolved,
            opening,
            messages,
            data_problems,
            elapsed_ms: 0,
        }
    }

    /// A clock that runs: what its alert must be.
    fn run(
        &mut self,
        id: ClockId,
        settings: &RuleSettings,
        calendar: &Calendar,
        now: Instant,
        (opened, warned, resolved): (&mut u64, &mut u64, &mut Resolved),
    ) {
        let (due_at, risk) = due_and_risk(settings, calendar, id.3);
        let state = if now >= due_at {
            Some(State::Breached)
        } else if risk.is_some_and(|risk| now >= risk) {
            Some(State::AtRisk)
        } else {
            None
        };
        let alert = self.alerts.get_mut(&id).filter(|alert| alert.state != State::Resolved);
        if let Some(alert) = alert {
            let moved = (alert.due_at, alert.calendar.as_str()) != (due_at, calendar.name());
            // The deadline moved into the future.
            if state.is_none() || (alert.state == State::Breached && state == Some(State::AtRisk)) {
                alert.resolve(Resolution::Withdrawn, None, now, resolved);
            } else if moved {
                alert.story.push("moved");
                (alert.due_at, alert.calendar) = (due_at, calendar.name().to_owned());
            }
        }
        let Some(state) = state else { return };
        let before = self.alerts.get(&id).map(|alert| alert.state);
        match (before, state) {
            (Some(State::Breached), _) | (Some(State::AtRisk), State::AtRisk) => return,
            (_, State::Breached) => *opened += 1,
            _ => *warned += 1,
        }
        match self.alerts.get_mut(&id) {
            None => drop(self.alerts.insert(id, Alert::new(state, due_at, calendar, now))),
            Some(alert) if before == Some(State::AtRisk) => alert.become_breached(now),
            Some(alert) => {
                let mut story = std::mem::take(&mut alert.story);
                story.push("reopened");
                let told = alert.told && alert.due_at == due_at;
                *alert = Alert { story, told, ..Alert::new(state, due_at, calendar, now) };
            }
        }
    }

    fn open(&self, rule: &str) -> RuleCounts {
        let count =
            |state| self.alerts.iter().filter(|(id, alert)| id.0 == rule && alert.state == state).count() as u64;
        RuleCounts { running: 0, at_risk: count(State::AtRisk), breached: count(State::Breached) }
    }

    /// Level 1 goes out once about each deadline that is missed; all of them in one message. What was told of and is
    /// settled since is said along with it, or on the next business day by itself.
    fn tell(&mut self, now: Instant, calendar: &Calendar) -> u64 {
        let untold = |alert: &&mut Alert| alert.state == State::Breached && !alert.told;
        let mut told = 0;
        for alert in self.alerts.values_mut().filter(untold) {
            alert.story.push("escalated");
            (alert.told, told) = (true, 1);
        }
        let day = |at| calendar.zone().local_date(at);
        let settled_since = |said: Instant| {
            self.alerts.values().any(|alert| alert.told && alert.resolved_at.is_some_and(|resolved| resolved > said))
        };
        match self.said_until {
            _ if told > 0 => self.said_until = Some(now),
            Some(said) if day(said) < day(now) && calendar.is_business_day(day(now)) => {
                told = u64::from(settled_since(said));
                self.said_until = Some(now);
            }
            _ => {}
        }
        told
    }
}

impl Alert {
    fn new(state: State, due_at: Instant, calendar: &Calendar, now: Instant) -> Self {
        let calendar = calendar.name().to_owned();
        let (resolution, stopped_at, resolved_at) = (None, None, None);
        let story = vec!["opened"];
        Self { state, resolution, due_at, calendar, detected_at: now, stopped_at, resolved_at, story, told: false }
    }

    fn become_breached(&mut self, now: Instant) {
        (self.state, self.detected_at) = (State::Breached, now);
        self.story.push("breached");
    }

    fn resolve(&mut self, resolution: Resolution, stopped_at: Option<Instant>, now: Instant, counts: &mut Resolved) {
        (self.state, self.resolution) = (State::Resolved, Some(resolution));
        (self.stopped_at, self.resolved_at) = (stopped_at, Some(now));
        self.story.push("resolved");
        *match resolution {
            Resolution::Met => &mut counts.met,
            Resolution::Late => &mut counts.late,
            Resolution::Restarted => &mut counts.restarted,
            Resolution::Withdrawn => &mut counts.withdrawn,
        } += 1;
    }
}

/// How an open alert ends whose clock does not run on, and when the clock stopped.
fn end(
    clocks: &Clocks,
    facts: &Facts,
    settings: &RuleSettings,
    (_, claim_id, line, started_at): &ClockId,
    alert: &Alert,
    now: Instant,
) -> Option<(Resolution, Option<Instant>)> {
    let gone = !facts.claims.contains_key(claim_id)
        || line.as_ref().is_some_and(|line| facts.lines.get(line).is_none_or(|line| line.claim != *claim_id));
    if gone {
        return Some((Resolution::Withdrawn, None));
    }
    match clocks.clock(facts, settings, claim_id, line.as_ref(), now) {
        Clock::Unwatched | Clock::NotBegun => Some((Resolution::Withdrawn, None)),
        Clock::NoStart => None,
        Clock::Running(start) if start == *started_at => None,
        Clock::Running(_) => Some((Resolution::Restarted, None)),
        Clock::Stopped { start: Some(start), .. } if start != *started_at => Some((Resolution::Restarted, None)),
        Clock::Stopped { own, updated, .. } => {
            let usable = |at: &Instant| *at >= *started_at && *at <= now;
            let stopped_at = own.filter(usable).or(updated.filter(usable));
            let in_time = stopped_at.unwrap_or(now) < alert.due_at;
            Some((if in_time { Resolution::Met } else { Resolution::Late }, stopped_at))
        }
    }
}

/// The open data problems: (claim, kind).
fn problems(facts: &Facts, settings: &Settings, calendars: &Calendars) -> BTreeSet<(String, &'static str)> {
    let mut problems = BTreeSet::new();
    let unreadable = |instant: Option<&String>, amount: &str| {
        (instant.is_some() && read(instant).is_none()) || amount.parse::<rust_decimal::Decimal>().is_err()
    };
    for line in facts.lines.values().filter(|line| unreadable(line.paid_at.as_ref(), line.amount)) {
        problems.insert((line.claim.clone(), "unreadable"));
    }
    for (id, claim) in &facts.claims {
        if !STATUSES.contains(&status_of(claim).as_str()) {
            problems.insert((id.clone(), "unknown_status"));
        }
        if claim.instants.iter().any(|at| unreadable(at.as_ref(), claim.amount)) {
            problems.insert((id.clone(), "unreadable"));
        }
        for (clocks, settings) in CLOCKS.iter().zip(&settings.rules) {
            for line in clocks.watched(facts, id) {
                match clocks.clock(facts, settings, id, line, Instant::MAX_UTC) {
                    Clock::NoStart if claim.instants[clocks.start].is_none() => {
                        problems.insert((id.clone(), "missing_start"));
                    }
                    Clock::Running(_) => match claim.program.and_then(|id| facts.programs.get(id)) {
                        None => drop(problems.insert((id.clone(), "unknown_program"))),
                        Some(program) if program.calendar.is_some_and(|name| calendars.get(name).is_none()) => {
                            problems.insert((id.clone(), "unknown_calendar"));
                        }
                        Some(_) => {}
                    },
                    _ => {}
                }
            }
        }
    }
    problems
}
