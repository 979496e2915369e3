//! Clocks into groups: by rule, and within a rule by program, paying entity, partner and month.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::alert::AlertEvent;
use crate::claim::Currency;
use crate::explain::ClockAccount;
use crate::sla::{business_day_of, business_days_between};

use super::answers::Answered;
use super::distribution::Distribution;
use super::figures::{Figures, Outcome, percent_met};
use super::{Question, Report, last_day};

/// By what clocks of a rule are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Month,
    Program,
    PayingEntity,
    Partner,
}

impl Dimension {
    pub const ALL: [Self; 4] = [Self::Month, Self::Program, Self::PayingEntity, Self::Partner];

    /// Its name in outputs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Program => "program",
            Self::PayingEntity => "paying_entity",
            Self::Partner => "partner",
        }
    }
}

/// The figures of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleReport {
    pub rule: String,
    /// As people write it: `2 business days`.
    pub target: String,
    pub total: Figures,
    pub by: Vec<Breakdown>,
}

/// The figures of one rule by what its clocks have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    pub dimension: Dimension,
    /// `None`: what has none.
    pub name: Option<String>,
    pub figures: Figures,
}

impl RuleReport {
    /// The groups of one kind and how many are left out: every month in order, or of others `most` with the most late clocks,
    /// those first. `None`: one alone says what the rule's own figures say.
    #[must_use]
    pub fn groups(&self, dimension: Dimension, most: usize) -> Option<(Vec<&Breakdown>, usize)> {
        let mut groups: Vec<&Breakdown> = self.by.iter().filter(|group| group.dimension == dimension).collect();
        if groups.len() < 2 {
            return None;
        }
        if dimension == Dimension::Month {
            return Some((groups, 0));
        }
        let left_out = groups.len().saturating_sub(most);
        groups.sort_by(|a, b| b.figures.late.cmp(&a.figures.late).then_with(|| a.name.cmp(&b.name)));
        groups.truncate(most);
        Some((groups, left_out))
    }
}

/// A clock that was late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Worst {
    pub rule: String,
    pub claim_id: String,
    pub payment_id: Option<String>,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    pub started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// The last day, of which something was left, where the clock is counted.
    pub due_on: NaiveDate,
    /// `None`: it runs on, or nobody knows when it stopped.
    pub stopped_at: Option<DateTime<Utc>>,
    pub outcome: Outcome,
    pub business_days_late: u32,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
}

/// How many of the worst are named.
const WORST: usize = 10;

/// What was counted so far of one group.
#[derive(Default)]
struct Group {
    figures: Figures,
    days: Distribution,
    answered: Answered,
}

type Key = (usize, Option<(Dimension, Option<String>)>);

pub(super) struct Tally<'a> {
    question: &'a Question<'a>,
    claims: u64,
    groups: BTreeMap<Key, Group>,
    worst: Vec<Worst>,
}

/// A clock with what is counted of it.
struct Entry<'a> {
    clock: &'a ClockAccount<'a>,
    outcome: Outcome,
    due_on: NaiveDate,
    /// Until when it ran, as far as is known.
    until: Option<DateTime<Utc>>,
    answers: Vec<&'a AlertEvent>,
}

impl<'a> Tally<'a> {
    pub fn new(question: &'a Question<'a>) -> Self {
        Self { question, claims: 0, groups: BTreeMap::new(), worst: Vec::new() }
    }

    /// Counts the clocks of one claim; `answers` are the answers to its alerts.
    pub fn count(&mut self, clocks: &[ClockAccount<'_>], answers: &[AlertEvent]) {
        self.claims += 1;
        for clock in clocks {
            let due_on = last_day(clock.calendar, clock.due_at);
            let Some(outcome) = Outcome::of(clock.verdict).filter(|_| self.question.days.contains(&due_on)) else {
                continue;
            };
            let until = if outcome == Outcome::Overdue { Some(self.question.now) } else { clock.stopped_at };
            let alert = clock.alert.map(|alert| alert.id);
            let known = |event: &&AlertEvent| Some(event.alert_id) == alert && event.at <= self.question.now;
            let answers = answers.iter().filter(known).collect();
            self.add(&Entry { clock, outcome, due_on, until, answers });
        }
    }

    fn add(&mut self, entry: &Entry<'_>) {
        let Some(rule) = self.question.rules.iter().position(|rule| rule.name == entry.clock.rule.name) else { return };
        for place in std::iter::once(None).chain(Dimension::ALL.map(|by| Some((by, entry.name(by))))) {
            self.groups.entry((rule, place)).or_default().add(entry, self.question.now);
        }
        if entry.outcome.is_late() {
            self.worst.push(entry.worst());
            if self.worst.len() > 100 * WORST {
                self.keep_the_worst();
            }
        }
    }

    fn keep_the_worst(&mut self) {
        self.worst.sort_by(|a, b| a.order().cmp(&b.order()));
        self.worst.truncate(WORST);
    }

    pub fn into_report(mut self) -> Report {
        self.keep_the_worst();
        let Self { question, claims, groups, worst } = self;
        let mut rules: Vec<RuleReport> = Vec::new();
        for ((rule, place), group) in groups {
            let figures = group.into_figures();
            match (place, rules.last_mut()) {
                (Some((dimension, name)), Some(last)) => last.by.push(Breakdown { dimension, name, figures }),
                _ => {
                    let rule = &question.rules[rule];
                    let target = rule.target.to_string();
                    rules.push(RuleReport { rule: rule.name.clone(), target, total: figures, by: Vec::new() });
                }
            }
        }
        let (from, to) = (*question.days.start(), *question.days.end());
        Report { from, to, at: question.now, claims, rules, worst }
    }
}

impl Entry<'_> {
    fn name(&self, by: Dimension) -> Option<String> {
        let (subject, alert) = (self.clock.subject, self.clock.alert);
        match by {
            Dimension::Month => Some(format!("{:04}-{:02}", self.due_on.year(), self.due_on.month())),
            Dimension::Program => subject
                .map_or(alert.and_then(|alert| alert.program_id.clone()), |subject| subject.claim.program_id.clone()),
            Dimension::PayingEntity => subject.map_or(alert.and_then(|alert| alert.paying_entity.clone()), |subject| {
                subject.payment.as_ref().and_then(|line| line.paying_entity.clone())
            }),
            Dimension::Partner => subject.map_or(alert.and_then(|alert| alert.partner_name.clone()), |subject| {
                subject.claim.partner_name.clone()
            }),
        }
        .filter(|name| !name.is_empty())
    }

    fn money(&self) -> (Option<Decimal>, Option<Currency>) {
        let of_alert = || self.clock.alert.map_or((None, None), |alert| (alert.amount, alert.currency));
        self.clock.subject.map_or_else(of_alert, |subject| subject.money())
    }

    fn worst(&self) -> Worst {
        let ClockAccount { rule, payment_id, started_at, due_at, stopped_at, calendar, alert, .. } = *self.clock;
        let claim_id = self.clock.subject.map(|subject| subject.claim.claim_id.clone());
        let (amount, currency) = self.money();
        Worst {
            rule: rule.name.clone(),
            claim_id: claim_id.or_else(|| alert.map(|alert| alert.claim_id.clone())).unwrap_or_default(),
            payment_id: payment_id.map(str::to_owned),
            program_id: self.name(Dimension::Program),
            partner_name: self.name(Dimension::Partner),
            started_at,
            due_at,
            due_on: self.due_on,
            stopped_at,
            outcome: self.outcome,
            business_days_late: self.until.map_or(0, |until| business_days_between(calendar, due_at, until)),
            amount,
            currency,
        }
    }
}

impl Worst {
    /// Of those that are equally late, what is owed the longest comes first.
    fn order(&self) -> impl Ord + '_ {
        (Reverse(self.business_days_late), self.due_at, &self.claim_id, &self.payment_id, &self.rule)
    }
}

impl Group {
    fn add(&mut self, entry: &Entry<'_>, now: DateTime<Utc>) {
        let figures = &mut self.figures;
        figures.clocks += 1;
        *match entry.outcome {
            Outcome::Met => &mut figures.met,
            Outcome::Late => &mut figures.late,
            Outcome::Overdue => {
                figures.late += 1;
                &mut figures.overdue
            }
            Outcome::Open => &mut figures.open,
            Outcome::Restarted => &mut figures.restarted,
            Outcome::Withdrawn => &mut figures.withdrawn,
            Outcome::Unknown => &mut figures.unknown,
        } += 1;
        let (amount, currency) = entry.money();
        match entry.outcome {
            Outcome::Late => figures.done_late.add(amount, currency),
            Outcome::Overdue => figures.overdue_money.add(amount, currency),
            _ => {}
        }
        if let Some(until) = entry.until.filter(|_| entry.outcome == Outcome::Met || entry.outcome.is_late()) {
            self.days.add(business_day_of(entry.clock.calendar, entry.clock.started_at, until));
        }
        if let Some(alert) = entry.clock.alert {
            let ended = entry.clock.stopped_at.or(alert.resolved_at).filter(|ended| *ended <= now);
            self.answered.add(alert, &entry.answers, ended, now);
        }
    }

    fn into_figures(self) -> Figures {
        let Self { figures, days, answered } = self;
        Figures {
            percent_met: percent_met(figures.met, figures.late),
            business_days: days.quantiles(),
            promises: answered.promises(),
            acknowledgements: answered.acknowledgements(),
            ..figures
        }
    }
}
