//! What is said of all cases together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::State;
use crate::claim::Totals;
use crate::escalation::Case;
use crate::sla::Beyond;

#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) cases: usize,
    pub(super) reminders: usize,
    pub(super) money: Totals,
    pub(super) by_rule: BTreeMap<String, RuleSum>,
    /// The first and the last instant at which any was taken over.
    pub(super) inherited: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Cases that were counted beyond what their calendar knows.
    pub(super) beyond: usize,
    /// What those calendars know: calendar, origin, first and last day.
    pub(super) known: BTreeSet<(String, String, NaiveDate, NaiveDate)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RuleSum {
    pub(super) cases: usize,
    /// Those that are not at risk alone.
    pub(super) late: usize,
    pub(super) worst_days: u32,
}

impl Sums {
    pub(super) fn add(&mut self, case: &Case) {
        self.cases += 1;
        self.reminders += usize::from(case.reminder);
        self.money.add(case.alert.amount, case.alert.currency);
        let rule = match self.by_rule.get_mut(&case.alert.rule) {
            Some(rule) => rule,
            None => self.by_rule.entry(case.alert.rule.clone()).or_default(),
        };
        rule.cases += 1;
        rule.late += usize::from(case.alert.state != State::AtRisk);
        rule.worst_days = rule.worst_days.max(case.business_days_late);
        if let Some(at) = case.alert.inherited_at {
            let (first, last) = self.inherited.unwrap_or((at, at));
            self.inherited = Some((first.min(at), last.max(at)));
        }
        if let Some(Beyond { source, known_from, known_until }) = &case.alert.explanation.beyond_calendar {
            self.beyond += 1;
            self.known.insert((case.alert.calendar.clone(), source.clone(), *known_from, *known_until));
        }
    }
}
