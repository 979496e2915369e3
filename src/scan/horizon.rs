//! The horizon guard: running clocks that run over days of which their calendar does not know are data problems.
//!
//! It derives no deadline that it need not: of each rule and calendar the starts are known that may have such a deadline,
//! and unless a running clock started so early or so late, nothing is asked. Each clock that was found is judged exactly.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{BATCH, ScanError};
use crate::alert::Context;
use crate::calendar::{Calendar, Calendars};
use crate::claim::{DataProblem, ProblemKind, Subject, clean_line};
use crate::sla::{self, Beyond, Clock, Horizon, Rule};
use crate::store::{Page, RunningClocks, Side, Snapshot, Starts, StoreError};

/// The longest detail of a problem.
const MAX_DETAIL: usize = 2_000;

/// The running clocks of each rule that is enabled, by its name.
pub type Running = BTreeMap<String, RunningClocks>;

/// What the guard judges by.
#[derive(Clone, Copy)]
pub struct HorizonGuard<'a> {
    pub rules: &'a [Rule],
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
}

impl HorizonGuard<'_> {
    /// What runs now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn running(&self, snapshot: &mut dyn Snapshot) -> Result<Running, StoreError> {
        let mut running = Running::new();
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            running.insert(rule.name.clone(), snapshot.running(rule, self.now).await?);
        }
        Ok(running)
    }

    /// The problems of the clocks that run, one a claim; `go_on` is asked after every batch.
    ///
    /// # Errors
    /// [`ScanError`], also that of `go_on`.
    pub async fn problems(
        &self,
        snapshot: &mut dyn Snapshot,
        running: &Running,
        go_on: &(dyn Fn() -> Result<(), ScanError> + Sync),
    ) -> Result<Vec<DataProblem>, ScanError> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            let clocks = running.get(&rule.name).copied().unwrap_or_default();
            for starts in suspicious(rule, self.calendars, clocks, self.now) {
                let mut page = Page::First;
                loop {
                    let subjects = snapshot.running_clocks(rule, &starts, page, BATCH).await?;
                    if subjects.is_empty() {
                        break;
                    }
                    page = Page::Next;
                    for subject in &subjects {
                        if let Some(detail) = self.judge(rule, subject) {
                            let details = found.entry(subject.claim.claim_id.clone()).or_default();
                            if !details.contains(&detail) {
                                details.push(detail);
                            }
                        }
                    }
                    go_on()?;
                }
            }
        }
        Ok(found.into_iter().map(|(claim_id, details)| problem(claim_id, &details)).collect())
    }

    /// The problem of one claim, whose subjects these are.
    #[must_use]
    pub fn problem_of(&self, subjects: &[Subject]) -> Option<DataProblem> {
        let mut details = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            for detail in subjects.iter().filter_map(|subject| self.judge(rule, subject)) {
                if !details.contains(&detail) {
                    details.push(detail);
                }
            }
        }
        let claim_id = subjects.first()?.claim.claim_id.clone();
        (!details.is_empty()).then(|| problem(claim_id, &details))
    }

    /// What is wrong with the clock of `rule` on `subject`, for a person.
    fn judge(&self, rule: &Rule, subject: &Subject) -> Option<String> {
        let context = Context { rule, calendars: self.calendars, now: self.now };
        let Clock::Running { started_at } = sla::observe(rule, subject, self.now) else { return None };
        let calendar = context.calendar(subject);
        let (uncovered, last_day) = sla::beyond(&rule.target, calendar, started_at)?;
        let remedy = sla::remedy(uncovered.origin);
        let beyond = Beyond::from(uncovered);
        Some(format!(
            "rule {}: due on {last_day} by calendar {:?}, but {beyond}, and what it does not know was counted without \
             holidays; {remedy}",
            rule.name,
            calendar.name(),
        ))
    }
}

/// The starts of `clocks` that are to be judged: on neither side, if none is so early or so late.
fn suspicious(rule: &Rule, calendars: &Calendars, clocks: RunningClocks, now: DateTime<Utc>) -> Vec<Starts> {
    let of = |calendar: &Calendar| sla::horizon(&rule.target, calendar);
    let horizons: BTreeMap<&str, Horizon> = calendars.iter().map(|calendar| (calendar.name(), of(calendar))).collect();
    let named = |calendar: &Calendar| horizons.get(calendar.name()).copied().unwrap_or_default();
    // A program that is not there, or names an unknown calendar, is counted by the default one, whatever the rule's.
    let own = calendars.choose(None, rule.calendar.as_deref()).calendar;
    let default = named(own).or(named(calendars.default()));
    let widest = horizons.values().copied().fold(default, Horizon::or);
    let starts = |side, bound: fn(Horizon) -> Option<DateTime<Utc>>| Starts {
        side,
        default: bound(default),
        by_calendar: horizons.iter().map(|(name, horizon)| ((*name).to_owned(), bound(*horizon))).collect(),
    };
    let early = widest.before.zip(clocks.first).is_some_and(|(before, first)| first < before);
    let late = clocks.count > 0 && widest.from.is_some_and(|from| from <= now);
    let early = early.then(|| starts(Side::Before, |horizon| horizon.before));
    early.into_iter().chain(late.then(|| starts(Side::From, |horizon| horizon.from))).collect()
}

fn problem(claim_id: String, details: &[String]) -> DataProblem {
    let detail = clean_line(&details.join("; "), MAX_DETAIL).into_owned();
    DataProblem { claim_id, kind: ProblemKind::BeyondCalendar, detail }
}
