//! What would have been by other settings: stored history replayed, beside the settings of today.
//!
//! Each clock's deadline is counted anew by both, and told of by both as if scans had found it at once and nobody had
//! acknowledged, snoozed or silenced anything. Nothing is written. Source: docs/report.md, "What if?".

mod replay;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::calendar::Zone;
use crate::explain::{By, ClockAccount, Known, account};
use crate::scan::{Both, Plan};
use crate::schedule::Schedule;
use crate::sla::{DeadlineError, Rule};
use crate::store::{Snapshot, StoreError};

use super::figures::{Outcome, percent_met};
use super::{each_claim, known};
use replay::{Late, Sent};

/// By what claims are watched and who is told, and when scans are made.
#[derive(Clone, Copy, Debug)]
pub struct Regime<'a> {
    pub plan: &'a Plan,
    pub schedule: &'a Schedule,
}

/// What would have been. Its JSON is part of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtest {
    /// The local days on which the clocks started that were replayed.
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub at: DateTime<Utc>,
    pub rules: Vec<RuleCompared>,
    pub recipients: Vec<RecipientCompared>,
    /// Each local day, of the default calendar, on which anything would have opened or gone out.
    pub days: Vec<DayCompared>,
}

/// One rule by both settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleCompared {
    pub rule: String,
    #[serde(flatten)]
    pub figures: Both<Performance>,
}

/// How a rule's clocks were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Performance {
    /// `None`: there is no such rule, or it is switched off.
    pub target: Option<String>,
    pub clocks: u64,
    pub met: u64,
    /// Overdue ones too.
    pub late: u64,
    pub percent_met: Option<Decimal>,
    /// How many alerts would have been: of late clocks, and of those that started again after their deadline.
    pub alerts: u64,
}

/// What one recipient would have got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientCompared {
    pub recipient: String,
    #[serde(flatten)]
    pub load: Both<Load>,
}

/// The messages to one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Load {
    pub messages: u64,
    /// How many alerts they named, reminders counted each time.
    pub alerts: u64,
    pub most_a_day: u64,
    /// When the first and the last one would have gone out.
    pub first_at: Option<DateTime<Utc>>,
    pub last_at: Option<DateTime<Utc>>,
}

/// What would have opened and gone out on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayCompared {
    pub date: NaiveDate,
    pub opened: Both<u64>,
    /// Messages by recipient.
    pub messages: BTreeMap<String, Both<u64>>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("escalation: {0}")]
    Escalation(#[from] DeadlineError),
}

/// Replays the clocks that started on one of `days` by both regimes, as of `now`; `alive` is called after every batch.
///
/// # Errors
/// [`BacktestError`]
pub async fn backtest(
    snapshot: &mut dyn Snapshot,
    days: RangeInclusive<NaiveDate>,
    regimes: Both<Regime<'_>>,
    now: DateTime<Utc>,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Backtest, BacktestError> {
    let mut seen = Both { present: Seen::new(regimes.present, now), new: Seen::new(regimes.new, now) };
    each_claim(snapshot, alive, |dossier| {
        // What an alert says of its clock is by the settings of its time: columns and history alone are replayed.
        let known = Known { alerts: &[], ..known(dossier) };
        seen.present.add(&known, &days);
        seen.new.add(&known, &days);
    })
    .await?;
    let zone = regimes.present.plan.calendars.default().zone();
    let told = Both { present: seen.present.replay()?, new: seen.new.replay()? };
    Ok(Backtest {
        from: *days.start(),
        to: *days.end(),
        at: now,
        rules: rules(&seen),
        recipients: recipients(&told, zone),
        days: by_day(&seen, &told, zone),
    })
}

/// What one regime made of the clocks.
struct Seen<'a> {
    regime: Regime<'a>,
    now: DateTime<Utc>,
    performance: BTreeMap<String, Performance>,
    late: Vec<Late>,
}

impl<'a> Seen<'a> {
    fn new(regime: Regime<'a>, now: DateTime<Utc>) -> Self {
        let enabled = regime.plan.rules.iter().filter(|rule| rule.enabled);
        let none = |rule: &Rule| Performance { target: Some(rule.target.to_string()), ..Performance::default() };
        let performance = enabled.map(|rule| (rule.name.clone(), none(rule))).collect();
        Self { regime, now, performance, late: Vec::new() }
    }

    fn add(&mut self, known: &Known<'_>, days: &RangeInclusive<NaiveDate>) {
        let by = By { rules: &self.regime.plan.rules, calendars: &self.regime.plan.calendars, now: self.now };
        for clock in account(known, &by) {
            let started_on = clock.calendar.zone().local_date(clock.started_at);
            if let Some(outcome) = Outcome::of(clock.verdict).filter(|_| days.contains(&started_on)) {
                self.count(&clock, outcome);
            }
        }
    }

    fn count(&mut self, clock: &ClockAccount<'_>, outcome: Outcome) {
        let Some(performance) = self.performance.get_mut(&clock.rule.name) else { return };
        performance.clocks += 1;
        performance.met += u64::from(outcome == Outcome::Met);
        performance.late += u64::from(outcome.is_late());
        let ends_at = clock.stopped_at.or(clock.restarted_at);
        let again = outcome == Outcome::Restarted && ends_at.is_some_and(|end| end >= clock.due_at);
        if outcome.is_late() || again {
            performance.alerts += 1;
            self.late.push(Late::of(clock, ends_at, self.late.len()));
        }
    }

    fn replay(&mut self) -> Result<Vec<Sent>, DeadlineError> {
        for performance in self.performance.values_mut() {
            performance.percent_met = percent_met(performance.met, performance.late);
        }
        replay::replay(self.regime, self.late.clone(), self.now)
    }
}

fn rules(seen: &Both<Seen<'_>>) -> Vec<RuleCompared> {
    let names = |seen: &Seen<'_>| seen.regime.plan.rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
    let mut all = names(&seen.present);
    all.extend(names(&seen.new).into_iter().filter(|name| !all.contains(name)).collect::<Vec<_>>());
    let of = |seen: &Seen<'_>, rule: &str| seen.performance.get(rule).cloned().unwrap_or_default();
    let compared = |rule: String| {
        let figures = Both { present: of(&seen.present, &rule), new: of(&seen.new, &rule) };
        RuleCompared { rule, figures }
    };
    all.into_iter().map(compared).filter(|rule| rule.figures.present.clocks + rule.figures.new.clocks > 0).collect()
}

fn recipients(told: &Both<Vec<Sent>>, zone: &Zone) -> Vec<RecipientCompared> {
    let names: BTreeSet<&String> = told.present.iter().chain(&told.new).flat_map(|sent| &sent.recipients).collect();
    let compared = |recipient: &String| RecipientCompared {
        recipient: recipient.clone(),
        load: Both { present: load(&told.present, recipient, zone), new: load(&told.new, recipient, zone) },
    };
    names.into_iter().map(compared).collect()
}

/// What `recipient` gets of messages that are in the order of their time.
fn load(told: &[Sent], recipient: &String, zone: &Zone) -> Load {
    let mut load = Load::default();
    let mut days: BTreeMap<NaiveDate, u64> = BTreeMap::new();
    for sent in told.iter().filter(|sent| sent.recipients.contains(recipient)) {
        load.messages += 1;
        load.alerts += sent.alerts;
        load.first_at = load.first_at.or(Some(sent.at));
        load.last_at = Some(sent.at);
        *days.entry(zone.local_date(sent.at)).or_default() += 1;
    }
    load.most_a_day = days.into_values().max().unwrap_or(0);
    load
}

fn by_day(seen: &Both<Seen<'_>>, told: &Both<Vec<Sent>>, zone: &Zone) -> Vec<DayCompared> {
    let mut days = Days { zone, found: BTreeMap::new() };
    days.add(&seen.present, &told.present, |both| &mut both.present);
    days.add(&seen.new, &told.new, |both| &mut both.new);
    days.found.into_values().collect()
}

struct Days<'a> {
    zone: &'a Zone,
    found: BTreeMap<NaiveDate, DayCompared>,
}

impl Days<'_> {
    fn add(&mut self, seen: &Seen<'_>, told: &[Sent], side: fn(&mut Both<u64>) -> &mut u64) {
        for late in &seen.late {
            *side(&mut self.day(late.pending.due_at).opened) += 1;
        }
        for sent in told {
            for recipient in &sent.recipients {
                *side(self.day(sent.at).messages.entry(recipient.clone()).or_default()) += 1;
            }
        }
    }

    fn day(&mut self, at: DateTime<Utc>) -> &mut DayCompared {
        let date = self.zone.local_date(at);
        let none = || DayCompared { date, opened: Both::default(), messages: BTreeMap::new() };
        self.found.entry(date).or_insert_with(none)
    }
}
