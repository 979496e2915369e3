//! What a co-op claim is: its status, its instants, its program, its payment lines and its history.
//!
//! Plain values, as the database has them; which clocks run on them is decided in [`crate::sla`].
//! Sources: docs/domain.md "The workflow" (statuses) and docs/contract.md "Input relations" (columns).

mod money;
mod problem;
mod redactable;
mod text;

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use money::{Currency, Money, Totals};
pub use problem::{DataProblem, ProblemKind};
pub use redactable::Redactable;
pub use text::{clean_line, clean_text, is_harmless, spreadsheet_cell};

/// Where a claim stands in its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Editing,
    Submitted,
    UnderReview,
    Approved,
    Rejected,
    ActionRequired,
    Disputed,
    PartnerActionRequired,
}

impl Status {
    /// Every status there is, in workflow order.
    pub const ALL: [Self; 8] = [
        Self::Editing,
        Self::Submitted,
        Self::UnderReview,
        Self::Approved,
        Self::Rejected,
        Self::ActionRequired,
        Self::Disputed,
        Self::PartnerActionRequired,
    ];

    /// The text that the database stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editing => "editing",
            Self::Submitted => "submitted",
            Self::UnderReview => "under_review",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::ActionRequired => "action_required",
            Self::Disputed => "disputed",
            Self::PartnerActionRequired => "partner_action_required",
        }
    }

    /// Reads a status without regard to case, spaces, hyphens or underscores ("Under review"); `None` if unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let wanted = status_key(text);
        Self::ALL.into_iter().find(|status| status.key() == wanted)
    }

    /// The status as it is compared: lower case, without spaces, hyphens and underscores ("underreview").
    #[must_use]
    pub fn key(self) -> String {
        status_key(self.as_str())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn status_key(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

/// An instant column of a claim, by name: rules say with these where a clock starts and stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    SubmittedAt,
    ReviewedAt,
    DisputedAt,
    DisputeResolvedAt,
    ApprovedAt,
    TaxInvoiceApprovedAt,
    PaidAt,
    UpdatedAt,
}

impl Moment {
    /// Every instant column of a claim, in the contract's order.
    pub const ALL: [Self; 8] = [
        Self::SubmittedAt,
        Self::ReviewedAt,
        Self::DisputedAt,
        Self::DisputeResolvedAt,
        Self::ApprovedAt,
        Self::TaxInvoiceApprovedAt,
        Self::PaidAt,
        Self::UpdatedAt,
    ];

    /// The column's name.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::SubmittedAt => "submitted_at",
            Self::ReviewedAt => "reviewed_at",
            Self::DisputedAt => "disputed_at",
            Self::DisputeResolvedAt => "dispute_resolved_at",
            Self::ApprovedAt => "approved_at",
            Self::TaxInvoiceApprovedAt => "tax_invoice_approved_at",
            Self::PaidAt => "paid_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

/// The instants of a claim; each column keeps its latest value and may be left over from an earlier round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moments([Option<DateTime<Utc>>; 8]);

impl Moments {
    /// The instant in `column`, if it has one that can be read.
    #[must_use]
    pub fn get(&self, column: Moment) -> Option<DateTime<Utc>> {
        self.0[column as usize]
    }

    /// Puts `at` in `column`.
    pub fn set(&mut self, column: Moment, at: Option<DateTime<Utc>>) {
        self.0[column as usize] = at;
    }
}

/// A partner's request to be reimbursed, as the source has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub claim_id: String,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    pub title: Option<String>,
    /// The status as the source spells it; see [`Claim::status`].
    pub status_text: String,
    pub moments: Moments,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
}

impl Claim {
    /// Where the claim stands; `None` for a text that is no status we know (a data problem).
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        Status::parse(&self.status_text)
    }
}

/// The program under which claims are filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub program_id: String,
    pub name: Option<String>,
    /// The calendar that it names; `None`: the rule's, else the default.
    pub calendar: Option<String>,
    pub requires_tax_invoice: bool,
    /// The currency of its bank profile, in which partners are paid; `None`: the claim's.
    pub payment_currency: Option<Currency>,
}

/// One payment line of an approved claim: what one entity pays in its own currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub payment_id: String,
    pub claim_id: String,
    pub paying_entity: Option<String>,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
    pub paid_at: Option<DateTime<Utc>>,
}

/// One entry of a claim's history, such as a rejection and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub claim_id: String,
    pub at: Option<DateTime<Utc>>,
    pub status: Option<String>,
    pub note: Option<String>,
}

/// What a clock runs on: a claim under its program and, where a rule watches payments, one of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub claim: Claim,
    /// `None` if the claim names none, or one that is not there (a data problem).
    pub program: Option<Program>,
    /// The payment line concerned; `None` for the claim itself.
    pub payment: Option<Payment>,
    /// Whether the claim has payment lines at all: if so, payment rules watch those and not the claim.
    pub has_payments: bool,
}

impl Subject {
    /// What is owed: the line's amount (in its own currency, else its bank profile's, else the claim's), or the claim's.
    #[must_use]
    pub fn money(&self) -> (Option<Decimal>, Option<Currency>) {
        let Some(line) = &self.payment else { return (self.claim.amount, self.claim.currency) };
        let bank_profile = self.program.as_ref().and_then(|program| program.payment_currency);
        (line.amount, line.currency.or(bank_profile).or(self.claim.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_without_regard_to_case_spaces_hyphens_or_underscores() {
        for text in ["under_review", "Under review", "UNDER-REVIEW", "underreview", " under _ review "] {
            assert_eq!(Status::parse(text), Some(Status::UnderReview), "{text:?}");
        }
        assert_eq!(Status::parse("paid"), None);
        assert_eq!(Status::parse(""), None);
    }

    #[test]
    fn every_status_reads_back_as_itself() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
    }

    #[test]
    fn every_instant_column_is_kept_apart() {
        for (n, column) in Moment::ALL.into_iter().enumerate() {
            let mut moments = Moments::default();
            moments.set(column, Some(DateTime::UNIX_EPOCH));
            let filled: Vec<_> = Moment::ALL.into_iter().filter(|other| moments.get(*other).is_some()).collect();
            assert_eq!(filled, [column], "column {n}");
        }
    }
}
