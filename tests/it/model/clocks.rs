//! Which clocks there are and what they do, by the words of docs/contract.md.

use chrono::{DateTime, NaiveDateTime, Utc};
use claimwatch::calendar::{Calendar, Calendars};

use super::facts::{Claim, Facts, RuleSettings};

pub type Instant = DateTime<Utc>;

/// The contract's table of clocks: statuses, start and stop columns, what of tax invoices.
pub struct Clocks {
    pub rule: &'static str,
    pub statuses: &'static [&'static str],
    pub start: usize,
    pub stop: usize,
    pub pays: bool,
    pub tax_invoice: Option<bool>,
}

pub const CLOCKS: [Clocks; 4] = [
    Clocks {
        rule: "review",
        statuses: &["submitted", "underreview"],
        start: 0,
        stop: 1,
        pays: false,
        tax_invoice: None,
    },
    Clocks { rule: "dispute", statuses: &["disputed"], start: 2, stop: 3, pays: false, tax_invoice: None },
    Clocks { rule: "payment", statuses: &["approved"], start: 4, stop: 6, pays: true, tax_invoice: Some(false) },
    Clocks {
        rule: "tax_invoice_payment",
        statuses: &["approved"],
        start: 5,
        stop: 6,
        pays: true,
        tax_invoice: Some(true),
    },
];

pub const STATUSES: [&str; 8] = [
    "editing",
    "submitted",
    "underreview",
    "approved",
    "rejected",
    "actionrequired",
    "disputed",
    "partneractionrequired",
];
pub const UPDATED_AT: usize = 7;

/// What a rule's clock does on a claim or line that exists.
pub enum Clock {
    /// The rule does not watch it.
    Unwatched,
    /// It would run, but its start is missing or cannot be read.
    NoStart,
    NotBegun,
    Running(Instant),
    Stopped {
        start: Option<Instant>,
        own: Option<Instant>,
        updated: Option<Instant>,
    },
}

pub fn read(text: Option<&String>) -> Option<Instant> {
    NaiveDateTime::parse_from_str(text?, "%Y-%m-%dT%H:%M:%S%.fZ").ok().map(|at| at.and_utc())
}

pub fn status_of(claim: &Claim) -> String {
    claim.status.replace([' ', '-', '_'], "").to_lowercase()
}

impl Clocks {
    /// The lines that are watched, or `None` for the claim itself.
    pub fn watched<'a>(&self, facts: &'a Facts, claim_id: &str) -> Vec<Option<&'a String>> {
        let lines: Vec<_> =
            facts.lines.iter().filter(|(_, line)| line.claim == claim_id).map(|(id, _)| Some(id)).collect();
        if self.pays && !lines.is_empty() { lines } else { vec![None] }
    }

    pub fn clock(
        &self,
        facts: &Facts,
        settings: &RuleSettings,
        claim_id: &str,
        line: Option<&String>,
        now: Instant,
    ) -> Clock {
        let claim = &facts.claims[claim_id];
        let status = status_of(claim);
        let program = claim.program.and_then(|id| facts.programs.get(id));
        let requires_tax_invoice = program.is_some_and(|program| program.requires_tax_invoice);
        let watched = self.watched(facts, claim_id).contains(&line);
        let admitted = self.tax_invoice.is_none_or(|required| required == requires_tax_invoice);
        if !settings.enabled || !STATUSES.contains(&status.as_str()) || !watched || !admitted {
            return Clock::Unwatched;
        }
        let start = read(claim.instants[self.start].as_ref());
        // A stop before its start belongs to an earlier round and is ignored.
        let not_before = |at: &Instant| start.is_none_or(|start| *at >= start);
        let stop = match line {
            Some(line) => read(facts.lines[line].paid_at.as_ref()),
            None => read(claim.instants[self.stop].as_ref()),
        };
        let own = stop.filter(not_before);
        let paid = self.pays && own.is_some();
        if !self.statuses.contains(&status.as_str()) || paid {
            return Clock::Stopped {
                start,
                own,
                updated: read(claim.instants[UPDATED_AT].as_ref()).filter(not_before),
            };
        }
        match start {
            Some(start) if start <= now => Clock::Running(start),
            Some(_) => Clock::NotBegun,
            // The tax invoice is not approved yet.
            None if self.rule == "tax_invoice_payment" => Clock::NotBegun,
            None => Clock::NoStart,
        }
    }
}

/// A program's calendar, else the rule's, else the default; the default too for one that is not configured, and for a
/// program that is not there.
pub fn calendar<'a>(calendars: &'a Calendars, facts: &Facts, settings: &RuleSettings, claim: &Claim) -> &'a Calendar {
    let Some(program) = claim.program.and_then(|id| facts.programs.get(id)) else { return calendars.default() };
    let name = program.calendar.or(settings.calendar);
    calendars.iter().find(|calendar| Some(calendar.name()) == name).unwrap_or_else(|| calendars.default())
}
