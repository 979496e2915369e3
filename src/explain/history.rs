//! The clocks that a claim's history tells of.
//!
//! A clock starts with an entry of the status that its start column stands for, unless that status was the one before: a
//! second `disputed` is a note, not a new dispute. A second `submitted` is a new submission all the same, since nobody
//! submits what stays submitted. It stops with the next entry of a status in which the rule's clock does not run. Entries
//! without an instant or a status that we know tell nothing.

use chrono::{DateTime, Utc};

use crate::claim::{HistoryEntry, Moment, Status};
use crate::sla::Rule;

/// A clock as the history has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub started_at: DateTime<Utc>,
    /// `None`: it is not over, as far as the history goes.
    pub ended: Option<Ended>,
}

/// How a clock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The claim left the rule's statuses.
    Left(DateTime<Utc>),
    /// It started again without leaving them.
    Again(DateTime<Utc>),
}

/// The clocks of `rule`, in the order of their starts; none if the history cannot tell when they start.
pub(super) fn clocks(rule: &Rule, history: &[HistoryEntry]) -> Vec<Passed> {
    let Some(begins) = status_of(rule.starts_at) else { return Vec::new() };
    let known = |entry: &HistoryEntry| Some((entry.at?, Status::parse(entry.status.as_deref()?)?));
    let mut entries: Vec<_> = history.iter().filter_map(known).collect();
    // Of one instant, in the order of the workflow.
    entries.sort_unstable();
    let mut clocks: Vec<Passed> = Vec::new();
    let mut before = None;
    for (at, status) in entries {
        let running = clocks.last_mut().filter(|clock| clock.ended.is_none());
        let starts = status == begins && (before != Some(begins) || begins == Status::Submitted);
        before = Some(status);
        if !rule.runs_while.contains(&status) {
            if let Some(clock) = running {
                clock.ended = Some(Ended::Left(at));
            }
        } else if starts {
            match running {
                Some(clock) if clock.started_at == at => continue,
                Some(clock) => clock.ended = Some(Ended::Again(at)),
                None => {}
            }
            clocks.push(Passed { started_at: at, ended: None });
        }
    }
    clocks
}

/// The status that a claim enters at that instant; `None`: its history does not have it.
fn status_of(start: Moment) -> Option<Status> {
    match start {
        Moment::SubmittedAt => Some(Status::Submitted),
        Moment::DisputedAt => Some(Status::Disputed),
        Moment::ApprovedAt => Some(Status::Approved),
        Moment::ReviewedAt
        | Moment::DisputeResolvedAt
        | Moment::TaxInvoiceApprovedAt
        | Moment::PaidAt
        | Moment::UpdatedAt => None,
    }
}
