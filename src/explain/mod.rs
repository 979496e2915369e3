//! Why each of a claim's clocks is due when it is, derived again by the rules and calendars as they are now.
//!
//! The present clocks are those that the claim's columns show; past ones are known from its alerts and its history. Each
//! is told once, however many of the three know it. Decides nothing and does no I/O: what a scan would do is decided in
//! [`crate::alert`]. Source: docs/domain.md "The deadlines"; docs/contract.md "Machine-readable outputs", `explain`.

mod account;
mod compare;
mod history;
mod judge;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::alert::{Alert, Context, Resolution, State};
use crate::calendar::Calendars;
use crate::claim::{HistoryEntry, Subject, clean_line};
use crate::sla::{self, Clock, DeadlineError, Explanation, Rule, TaxInvoice, Watches, observe};

use history::Passed;
use judge::Judged;

pub use account::{ClockAccount, account};
pub use compare::{Difference, Part, differences};

/// What is known of one claim.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The claim itself, then one subject for each of its payment lines; none: the claim is gone.
    pub subjects: &'a [Subject],
    /// Its alerts, in any state.
    pub alerts: &'a [Alert],
    /// Its history, oldest first.
    pub history: &'a [HistoryEntry],
}

/// What explanations are derived by.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    pub rules: &'a [Rule],
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
}

/// One clock, or that a rule has none, and why. Its JSON is part of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedClock {
    pub rule: String,
    /// `None`: the claim itself is watched.
    pub payment_id: Option<String>,
    /// Whether it is the one that the claim's columns show; any other is a past one.
    pub present: bool,
    pub known_from: Vec<Source>,
    pub verdict: Verdict,
    /// What else there is to know about the verdict, for a person.
    pub reason: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub due_at: Option<DateTime<Utc>>,
    /// When it stopped, as far as is known.
    pub stopped_at: Option<DateTime<Utc>>,
    /// Whole business days from the deadline to the stop or to now; only for what is late.
    pub business_days_late: Option<u32>,
    /// Whole business days from the stop or from now to the deadline; only for what is not late.
    pub business_days_left: Option<u32>,
    /// `None`: it has no start, its rule is not configured, or see `error`.
    pub explanation: Option<Explanation>,
    /// Why no deadline can be given.
    pub error: Option<String>,
    pub alert: Option<Stored>,
}

/// Who knows of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Claim,
    Alert,
    History,
}

/// How a clock stands, or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rule does not watch it.
    Unwatched,
    /// The claim was never in the rule's statuses, as far as its columns tell.
    NeverStarted,
    /// It runs by the claim's status, but its start is missing.
    NoStart,
    /// Its start is still to come.
    NotBegun,
    Running,
    AtRisk,
    Breached,
    /// It stopped in time.
    Met,
    /// It stopped after the deadline.
    Late,
    /// It stopped, and whether that was in time is not known.
    Stopped,
    /// It ended because the clock started again.
    Restarted,
    /// It ended because the rule does not watch it any more.
    Withdrawn,
}

/// A clock's alert: what it says, and whether its stored explanation is the one that is derived now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    pub id: Uuid,
    pub state: State,
    pub resolution: Option<Resolution>,
    pub due_at: DateTime<Utc>,
    /// `None`: none can be derived now.
    pub same: Option<bool>,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// A history is kept by another hand than the columns: an entry so near to a known start is that start.
const NEAR: TimeDelta = TimeDelta::minutes(1);

/// Each clock of the claim: rule by rule and line by line, the present one first, then the past ones, the latest first.
#[must_use]
pub fn explain(known: &Known<'_>, by: &By<'_>) -> Vec<ExplainedClock> {
    let mut explained = Vec::new();
    for rule in by.rules {
        explained.extend(told(known, by, clocks(rule, known, by.now)));
    }
    let strange = known.alerts.iter().filter(|alert| !by.rules.iter().any(|rule| rule.name == alert.rule));
    explained.extend(told(known, by, strange.map(|alert| Found::by_alert(None, alert, known)).collect()));
    explained
}

fn told(known: &Known<'_>, by: &By<'_>, mut found: Vec<Found<'_>>) -> Vec<ExplainedClock> {
    found.sort_by_key(|clock| (clock.payment_id, clock.clock.is_none(), std::cmp::Reverse(clock.started_at)));
    let starts: Vec<_> = found.iter().map(|clock| (clock.payment_id, clock.started_at)).collect();
    found.iter().map(|clock| clock.explain(known, by, &starts)).collect()
}

/// A clock as it was found, before anything is derived.
#[derive(Debug)]
struct Found<'a> {
    /// `None`: the rule of an alert is not configured any more.
    rule: Option<&'a Rule>,
    /// What it runs or ran on, as it is now; `None`: the claim is gone.
    subject: Option<&'a Subject>,
    payment_id: Option<&'a str>,
    started_at: Option<DateTime<Utc>>,
    /// What the columns show; `None`: a past one.
    clock: Option<Clock>,
    alert: Option<&'a Alert>,
    passed: Option<Passed>,
}

/// Every clock of `rule` that the columns, the alerts or the history tell of.
fn clocks<'a>(rule: &'a Rule, known: &Known<'a>, now: DateTime<Utc>) -> Vec<Found<'a>> {
    let mut found = present(rule, known.subjects, now);
    for alert in known.alerts.iter().filter(|alert| alert.rule == rule.name) {
        let id = (alert.payment_id.as_deref(), Some(alert.clock_started_at));
        match found.iter_mut().find(|clock| (clock.payment_id, clock.started_at) == id) {
            Some(clock) => clock.alert = Some(alert),
            None => found.push(Found::by_alert(Some(rule), alert, known)),
        }
    }
    let passed = history::clocks(rule, known.history);
    let watched = |claim: &Subject| rule.enabled && rule.tax_invoice.admits(needs_tax_invoice(claim));
    // Which lines there were at the time is not in the history.
    let told = |claim: &Subject| rule.watches == Watches::Claim || !claim.has_payments;
    let told_of = known.subjects.first().filter(|claim| watched(claim) && told(claim));
    for one in &passed {
        let is_it = |start: DateTime<Utc>| {
            let exact = |other: &Passed| other.started_at == start;
            exact(one) || (start - one.started_at).abs() < NEAR && !passed.iter().any(exact)
        };
        let mut is_new = true;
        for clock in found.iter_mut().filter(|clock| clock.started_at.is_some_and(is_it)) {
            clock.passed = Some(*one);
            is_new = false;
        }
        if let Some(claim) = told_of.filter(|_| is_new) {
            found.push(Found {
                rule: Some(rule),
                subject: Some(claim),
                payment_id: None,
                started_at: Some(one.started_at),
                clock: None,
                alert: None,
                passed: Some(*one),
            });
        }
    }
    found
}

/// What the columns show of `rule`: one clock, or one a payment line.
fn present<'a>(rule: &'a Rule, subjects: &'a [Subject], now: DateTime<Utc>) -> Vec<Found<'a>> {
    let Some((claim, lines)) = subjects.split_first() else { return Vec::new() };
    let found = |subject: &'a Subject| {
        let clock = observe(rule, subject, now);
        let column = subject.claim.moments.get(rule.starts_at);
        let started_at = match clock {
            Clock::Running { started_at } => Some(started_at),
            Clock::Stopped { started_at, .. } => started_at,
            Clock::NotBegun => column,
            Clock::NoStart | Clock::Unwatched(_) => None,
        };
        let payment_id = subject.payment.as_ref().map(|line| line.payment_id.as_str());
        let (rule, subject, clock) = (Some(rule), Some(subject), Some(clock));
        Found { rule, subject, payment_id, started_at, clock, alert: None, passed: None }
    };
    let of_lines: Vec<_> = lines.iter().filter(|_| rule.watches == Watches::Payments).map(found).collect();
    let unwatched = |clock: &Found<'_>| matches!(clock.clock, Some(Clock::Unwatched(_)));
    match of_lines.first() {
        None => vec![found(claim)],
        // What keeps the rule from watching one line keeps it from all.
        Some(first) if unwatched(first) => vec![Found { payment_id: None, ..found(claim) }],
        Some(_) => of_lines,
    }
}

fn needs_tax_invoice(subject: &Subject) -> bool {
    subject.program.as_ref().is_some_and(|program| program.requires_tax_invoice)
}

/// Why `rule` does not watch the claim; as alerts have it, unless more can be said.
fn unwatched(rule: &Rule, subject: &Subject, why: &str) -> String {
    if !rule.enabled || subject.claim.status().is_none() || rule.tax_invoice.admits(needs_tax_invoice(subject)) {
        return why.to_owned();
    }
    match rule.tax_invoice {
        TaxInvoice::Required => "the program needs no tax invoice".to_owned(),
        _ => "the program needs a tax invoice".to_owned(),
    }
}

impl<'a> Found<'a> {
    /// A clock that an alert alone tells of so far.
    fn by_alert(rule: Option<&'a Rule>, alert: &'a Alert, known: &Known<'a>) -> Self {
        let payment_id = alert.payment_id.as_deref();
        let is_its = |subject: &&Subject| subject.payment.as_ref().map(|line| line.payment_id.as_str()) == payment_id;
        Self {
            rule,
            // A line that is gone is counted by its claim's program all the same.
            subject: known.subjects.iter().find(is_its).or(known.subjects.first()),
            payment_id,
            started_at: Some(alert.clock_started_at),
            clock: None,
            alert: Some(alert),
            passed: None,
        }
    }

    fn explain(
        &self,
        known: &Known<'_>,
        by: &By<'_>,
        starts: &[(Option<&str>, Option<DateTime<Utc>>)],
    ) -> ExplainedClock {
        let derived = self.derive(by).transpose();
        let (explanation, error) = match derived {
            Ok(explanation) => (explanation, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let due_at = explanation.as_ref().map(|explanation| explanation.due_at);
        let Judged { verdict, reason, stopped_at } = self.judge(known, by, due_at, self.next_start(starts));
        let (late, left) = self.days(by, explanation.as_ref(), verdict, stopped_at);
        let alert = self.alert.map(|alert| {
            let differences = explanation.as_ref().map(|derived| differences(&alert.explanation, derived));
            Stored {
                id: alert.id,
                state: alert.state,
                resolution: alert.resolution,
                due_at: alert.due_at,
                same: differences.as_ref().map(Vec::is_empty),
                differences: differences.unwrap_or_default(),
            }
        });
        let sources = [
            (self.clock.is_some(), Source::Claim),
            (self.alert.is_some(), Source::Alert),
            (self.passed.is_some(), Source::History),
        ];
        let rule = self.rule.map(|rule| rule.name.as_str()).or(self.alert.map(|alert| alert.rule.as_str()));
        ExplainedClock {
            rule: rule.unwrap_or_default().to_owned(),
            payment_id: self.payment_id.map(str::to_owned),
            present: self.clock.is_some(),
            known_from: sources.into_iter().filter(|(knows, _)| *knows).map(|(_, source)| source).collect(),
            verdict,
            reason,
            started_at: self.started_at,
            due_at,
            stopped_at,
            business_days_late: late,
            business_days_left: left,
            explanation,
            error,
            alert,
        }
    }

    /// When the clock on the same line started again, if it did.
    fn next_start(&self, starts: &[(Option<&str>, Option<DateTime<Utc>>)]) -> Option<DateTime<Utc>> {
        let later = starts.iter().filter(|(line, start)| *line == self.payment_id && *start > self.started_at);
        later.filter_map(|(_, start)| *start).min()
    }

    /// The explanation by the present rule and calendars; `None`: there is no start or no rule.
    fn derive(&self, by: &By<'_>) -> Option<Result<Explanation, DeadlineError>> {
        let (rule, started_at) = (self.rule?, self.started_at?);
        if let Some(subject) = self.subject {
            return Some(Context { rule, calendars: by.calendars, now: by.now }.explain(subject, started_at));
        }
        // The claim is gone, and with it what its program names: the alert's calendar counts.
        let stored = &self.alert?.explanation;
        let calendar = self.calendar(rule, by);
        let is_named = calendar.name() == stored.calendar;
        Some(sla::explain(&rule.target, calendar, started_at).map(|mut derived| {
            derived.chosen_by = stored.chosen_by.filter(|_| is_named);
            if !is_named {
                let unknown = clean_line(&stored.calendar, 200);
                derived.notes.push(format!("calendar {unknown:?} is not configured; {:?} serves", calendar.name()));
            }
            derived
        }))
    }
}

#[cfg(test)]
mod tests;
