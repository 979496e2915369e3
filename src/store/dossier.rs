//! All that is known of claims, one after the other: what reports and forecasts look back on.

use std::collections::BTreeMap;

use crate::alert::{Alert, AlertEvent};
use crate::claim::{HistoryEntry, Subject};

/// All that is known of one claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dossier {
    /// What runs on it as the source has it now: the claim itself, then each of its payment lines; none: it is gone.
    pub subjects: Vec<Subject>,
    /// Its history, without the notes, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Its alerts, in any state and order.
    pub alerts: Vec<Alert>,
    /// The events of its alerts that say who was on them: `acknowledged` and `unacknowledged`, oldest first.
    pub answers: Vec<AlertEvent>,
}

/// The kinds of events that say who is on an alert, as a list in SQL.
pub(super) const ANSWERS: &str = "('acknowledged', 'unacknowledged')";

/// The two kinds of alerts, each with an index of its own by claim, as conditions in SQL.
pub(super) const KINDS: [&str; 2] = ["payment_id IS NULL", "payment_id IS NOT NULL"];

/// The claim itself, then its payment lines, of rows that are one line each, or the claim alone.
pub(super) fn with_claim_first(rows: impl IntoIterator<Item = Subject>) -> Vec<Subject> {
    let mut subjects = Vec::new();
    rows.into_iter().for_each(|row| add(&mut subjects, row));
    subjects
}

fn add(subjects: &mut Vec<Subject>, row: Subject) {
    if subjects.is_empty() {
        subjects.push(Subject { payment: None, ..row.clone() });
    }
    if row.payment.is_some() {
        subjects.push(row);
    }
}

/// Dossiers in the making, from rows of every kind.
#[derive(Default)]
pub(super) struct Gathered(BTreeMap<String, Dossier>);

impl Gathered {
    fn of(&mut self, claim_id: &str) -> &mut Dossier {
        self.0.entry(claim_id.to_owned()).or_default()
    }

    /// A claim's row, with one of its lines in the order of their ids, if it has any.
    pub fn add_subject(&mut self, subject: Subject) {
        add(&mut self.of(&subject.claim.claim_id).subjects, subject);
    }

    /// An entry, after those that are older.
    pub fn add_history(&mut self, entry: HistoryEntry) {
        self.of(&entry.claim_id).history.push(entry);
    }

    pub fn add_alert(&mut self, alert: Alert) {
        self.of(&alert.claim_id).alerts.push(alert);
    }

    /// An event of an alert of `claim_id`, after those that are older.
    pub fn add_answer(&mut self, claim_id: &str, event: AlertEvent) {
        self.of(claim_id).answers.push(event);
    }

    pub fn into_dossiers(self) -> Vec<Dossier> {
        self.0.into_values().collect()
    }
}
