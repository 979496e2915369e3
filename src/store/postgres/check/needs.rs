//! The indexes that scans live by, each as its condition in our statements: over the views `source_*`, whatever is below.
//!
//! Where the claims are in tables of our own, `migrations/postgres` makes them under the same names.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::sla::{Rule, Watches};
use crate::store::postgres::clocks;

/// One index that statements need.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// What it is called in our own schema.
    pub index: String,
    /// The view whose rows it finds.
    pub view: &'static str,
    /// What statements call that view.
    pub alias: char,
    pub columns: Vec<&'static str>,
    /// Which rows are in it; `None`: all.
    pub predicate: Option<String>,
    /// What a statement asks of its first column; empty: nothing.
    asked: String,
}

impl Need {
    fn new(index: impl Into<String>, view: &'static str, columns: Vec<&'static str>) -> Self {
        let alias = match view {
            "source_payments" => 'l',
            "source_programs" => 'p',
            "source_history" => 'h',
            _ => 'c',
        };
        Self { index: index.into(), view, alias, columns, predicate: None, asked: String::new() }
    }

    fn of_rows(self, predicate: String) -> Self {
        Self { predicate: Some(predicate), ..self }
    }

    /// That a statement asks for one value of the first column.
    fn by_key(self) -> Self {
        let asked = format!("{}.{} = '?'", self.alias, self.columns[0]);
        Self { asked, ..self }
    }

    /// A statement that needs the index and nothing else.
    pub fn probe(&self) -> String {
        let asked = [self.predicate.as_deref().unwrap_or_default(), &self.asked];
        self.select(&asked.map(|condition| if condition.is_empty() { "true" } else { condition }).join(") AND ("))
    }

    /// What is asked of each row, for people.
    pub fn condition(&self) -> &str {
        self.predicate.as_deref().unwrap_or(&self.asked)
    }

    /// All rows that are to be in it, as its columns.
    pub fn rows(&self) -> String {
        self.select(self.predicate.as_deref().unwrap_or("true"))
    }

    fn select(&self, condition: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{}.{column}", self.alias)).collect();
        format!("SELECT {} FROM {} {} WHERE ({condition})", columns.join(", "), self.view, self.alias)
    }
}

/// Running clocks of `rule` on claims, by their start.
pub(super) fn clock(rule: &Rule, now: DateTime<Utc>) -> Need {
    let start = rule.starts_at.column();
    let predicate = match rule.watches {
        Watches::Claim => clocks::in_status(rule),
        Watches::Payments => format!("{} AND {}", clocks::in_status(rule), clocks::claim_unpaid(rule)),
    };
    let columns = vec![start, "claim_id", "program_id"];
    let need = Need::new(format!("claims_{}_clock", rule.name), "source_claims", columns).of_rows(predicate);
    Need { asked: format!("c.{start} < '{}'", text(now)), ..need }
}

/// Claims on which a clock of `rule` stopped, by when.
pub(super) fn stop(rule: &Rule, now: DateTime<Utc>) -> Need {
    let stop = rule.stops_at.column();
    let index = format!("claims_{}", stop.trim_end_matches("_at"));
    let need = Need::new(index, "source_claims", vec![stop, "claim_id"]).of_rows(format!("c.{stop} IS NOT NULL"));
    Need { asked: format!("c.{stop} >= '{0}' AND c.{stop} <= '{0}'", text(now)), ..need }
}

/// Lines that were paid, by when.
pub(super) fn paid_lines(now: DateTime<Utc>) -> Need {
    let columns = vec!["paid_at", "claim_id", "payment_id"];
    let need = Need::new("claim_payments_paid", "source_payments", columns).of_rows("l.paid_at IS NOT NULL".into());
    Need { asked: format!("l.paid_at >= '{0}' AND l.paid_at <= '{0}'", text(now)), ..need }
}

/// Lines that were never paid.
pub(super) fn unpaid_lines() -> Need {
    let columns = vec!["claim_id", "payment_id"];
    Need::new("claim_payments_unpaid", "source_payments", columns).of_rows("l.paid_at IS NULL".into())
}

pub(super) fn lines_of_a_claim() -> Need {
    Need::new("claim_payments_claim", "source_payments", vec!["claim_id", "payment_id", "paid_at"]).by_key()
}

pub(super) fn a_line() -> Need {
    Need::new("claim_payments_id", "source_payments", vec!["payment_id"]).by_key()
}

pub(super) fn a_claim() -> Need {
    Need::new("claims_id", "source_claims", vec!["claim_id"]).by_key()
}

pub(super) fn a_program() -> Need {
    Need::new("programs_id", "source_programs", vec!["program_id"]).by_key()
}

pub(super) fn history_of_a_claim() -> Need {
    Need::new("claim_history_claim", "source_history", vec!["claim_id", "at"]).by_key()
}

pub(super) fn unknown_status() -> Need {
    Need::new("claims_unknown_status", "source_claims", vec!["claim_id"]).of_rows(clocks::unknown_status())
}

pub(super) fn unreadable_claims() -> Need {
    Need::new("claims_unreadable", "source_claims", vec!["claim_id"]).of_rows(clocks::unreadable_claim())
}

pub(super) fn unreadable_lines() -> Need {
    Need::new("claim_payments_unreadable", "source_payments", vec!["claim_id"]).of_rows(clocks::unreadable_payment())
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
