//! What is said of claims whose data keep them from being watched as they should be, the same on every engine.

use std::collections::BTreeMap;

use crate::claim::{DataProblem, ProblemKind, Status, clean_line};
use crate::sla::{Rule, Watches};

/// A column of a claim or payment line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    pub column: String,
    pub found: String,
    pub expected: &'static str,
}

impl Unread {
    /// The same column, as one of a payment line.
    pub fn of_payment(self, payment_id: &str) -> Self {
        let column = format!("{} of payment {:?}", self.column, clean_line(payment_id, 80));
        Self { column, ..self }
    }
}

/// Data problems, one a claim and kind; what more is found of a kind is added to its detail.
#[derive(Default)]
pub(super) struct Problems(BTreeMap<(String, ProblemKind), Vec<String>>);

impl Problems {
    /// A clock of `rule` runs without its start.
    pub fn missing_start(&mut self, claim_id: String, rule: &Rule) {
        let what = if rule.watches == Watches::Claim { "" } else { " and something is unpaid" };
        let statuses: Vec<_> = rule.runs_while.iter().map(|status| status.as_str()).collect();
        let detail = format!(
            "rule {}: the status is {}{what}, but {} is empty; expected the instant at which the clock started",
            rule.name,
            statuses.join(" or "),
            rule.starts_at.column()
        );
        self.add(claim_id, ProblemKind::MissingStart, detail);
    }

    /// Its program is not there.
    pub fn unknown_program(&mut self, claim_id: String, program: &str) {
        let detail = format!(
            "program {program:?} is not in programs: watched under the default calendar, as needing no tax invoice"
        );
        self.add(claim_id, ProblemKind::UnknownProgram, detail);
    }

    /// Its program names a calendar that is none of `configured`.
    pub fn unknown_calendar(&mut self, claim_id: String, program: &str, calendar: &str, configured: &[&str]) {
        let detail = format!(
            "program {program:?} names calendar {calendar:?}, which is not configured: the default serves; \
             expected one of {}",
            configured.join(", ")
        );
        self.add(claim_id, ProblemKind::UnknownCalendar, detail);
    }

    /// Its status is a text that we do not know.
    pub fn unknown_status(&mut self, claim_id: String, status: &str) {
        let known: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        let detail = format!("status: found {status:?}, expected one of {}", known.join(", "));
        self.add(claim_id, ProblemKind::UnknownStatus, detail);
    }

    /// Columns of it, or of a payment line of it, that cannot be read.
    pub fn unread(&mut self, claim_id: &str, unread: &[Unread]) {
        for Unread { column, found, expected } in unread {
            let found = clean_line(found, 80);
            let detail = format!("{column}: found {found:?}, expected {expected}");
            self.add(claim_id.to_owned(), ProblemKind::Unreadable, detail);
        }
    }

    fn add(&mut self, claim_id: String, kind: ProblemKind, detail: String) {
        let details = self.0.entry((claim_id, kind)).or_default();
        if !details.contains(&detail) {
            details.push(detail);
        }
    }

    pub fn into_list(self) -> Vec<DataProblem> {
        self.0
            .into_iter()
            .map(|((claim_id, kind), details)| DataProblem {
                claim_id,
                kind,
                detail: clean_line(&details.join("; "), 2000).into_owned(),
            })
            .collect()
    }
}
