//! Which clock a rule runs, or has run, on a subject as the source has it now.
//!
//! Source: docs/contract.md, "Input relations": a stop before its start belongs to an earlier round and is ignored; a clock
//! that no longer runs and has no usable stop stopped at `updated_at`, if that is not before the start.

use chrono::{DateTime, Utc};

use crate::claim::{Moment, Subject};

use super::{Rule, Watches};

/// A rule's clock on one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The rule does not watch this subject, and says why.
    Unwatched(&'static str),
    /// By the status it runs, but when it started is missing or cannot be read.
    NoStart,
    /// It starts after `now`, or its start is a condition that is not met yet.
    NotBegun,
    Running {
        started_at: DateTime<Utc>,
    },
    Stopped {
        /// `None` if the start is missing or cannot be read.
        started_at: Option<DateTime<Utc>>,
        /// The clock's own stop, if that is not before the start.
        own_stop: Option<DateTime<Utc>>,
        /// The claim's `updated_at`, if that is not before the start: what stands in for a missing stop.
        updated_at: Option<DateTime<Utc>>,
    },
}

/// The clock that `rule` runs on `subject` at `now`.
#[must_use]
pub fn observe(rule: &Rule, subject: &Subject, now: DateTime<Utc>) -> Clock {
    let claim = &subject.claim;
    if !rule.enabled {
        return Clock::Unwatched("the rule is switched off");
    }
    let Some(status) = claim.status() else {
        return Clock::Unwatched("the claim left the workflow: its status is unknown");
    };
    if !rule.tax_invoice.admits(subject.program.as_ref().is_some_and(|program| program.requires_tax_invoice)) {
        return Clock::Unwatched("the program's need of a tax invoice changed");
    }
    if rule.watches == Watches::Payments && subject.has_payments && subject.payment.is_none() {
        return Clock::Unwatched("the claim has payment lines, which are watched instead");
    }
    let started_at = claim.moments.get(rule.starts_at);
    let usable = |at: Option<DateTime<Utc>>| at.filter(|at| started_at.is_none_or(|start| *at >= start));
    let own_stop = usable(stop(rule, subject));
    let unpaid = rule.watches == Watches::Claim || own_stop.is_none();
    if rule.runs_while.contains(&status) && unpaid {
        return match started_at {
            Some(started_at) if started_at <= now => Clock::Running { started_at },
            Some(_) => Clock::NotBegun,
            None if rule.may_lack_start => Clock::NotBegun,
            None => Clock::NoStart,
        };
    }
    Clock::Stopped { started_at, own_stop, updated_at: usable(claim.moments.get(Moment::UpdatedAt)) }
}

fn stop(rule: &Rule, subject: &Subject) -> Option<DateTime<Utc>> {
    match (&subject.payment, rule.watches) {
        (Some(line), Watches::Payments) => line.paid_at,
        _ => subject.claim.moments.get(rule.stops_at),
    }
}
