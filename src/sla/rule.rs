//! A rule as data: in which statuses its clock runs, where it starts and stops, on what condition, and its target.

use crate::claim::{Moment, Status};

use super::{Span, Target, Unit};

/// One SLA rule. The four built-in ones are values of this type and nothing else: a fifth is configuration, not code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: `review`, in alerts, routes and metrics.
    pub name: String,
    /// The statuses in which its clock runs.
    pub runs_while: Vec<Status>,
    /// The instant at which its clock starts.
    pub starts_at: Moment,
    /// The instant at which its clock stops; for [`Watches::Payments`] a line's own `paid_at` stands in for it.
    pub stops_at: Moment,
    /// What the clock runs on.
    pub watches: Watches,
    /// What the program must say of tax invoices.
    pub tax_invoice: TaxInvoice,
    /// Whether a missing start means that the clock has not begun; otherwise it is a data problem.
    pub may_lack_start: bool,
    pub target: Target,
    /// How long before the deadline a clock is at risk; `None`: no warning.
    pub warn: Option<Span>,
    /// The calendar for programs that name none; `None`: the default one.
    pub calendar: Option<String>,
    pub enabled: bool,
}

/// What a rule's clock runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watches {
    /// The claim: the clock stops when the status is any other.
    Claim,
    /// Each unpaid payment line, or the unpaid claim itself if it has no lines.
    Payments,
}

/// What a rule asks of a program's tax invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxInvoice {
    /// Nothing.
    Any,
    /// The program needs none.
    NotRequired,
    /// The program needs one.
    Required,
}

impl TaxInvoice {
    /// Whether a program that says `requires_tax_invoice` is one of the rule's.
    #[must_use]
    pub fn admits(self, requires_tax_invoice: bool) -> bool {
        match self {
            Self::Any => true,
            Self::NotRequired => !requires_tax_invoice,
            Self::Required => requires_tax_invoice,
        }
    }
}

impl Rule {
    /// The four rules of the domain, with their default targets. Source: docs/domain.md, "The deadlines (SLA rules)".
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let business_days = |count| Target::end_of_day(Span { count, unit: Unit::BusinessDays });
        let rule = |name: &str, runs_while: &[Status], starts_at, stops_at, target| Self {
            name: name.into(),
            runs_while: runs_while.into(),
            starts_at,
            stops_at,
            watches: Watches::Claim,
            tax_invoice: TaxInvoice::Any,
            may_lack_start: false,
            target,
            warn: None,
            calendar: None,
            enabled: true,
        };
        let in_review = [Status::Submitted, Status::UnderReview];
        vec![
            rule("review", &in_review, Moment::SubmittedAt, Moment::ReviewedAt, business_days(2)),
            rule("dispute", &[Status::Disputed], Moment::DisputedAt, Moment::DisputeResolvedAt, business_days(5)),
            Self {
                watches: Watches::Payments,
                tax_invoice: TaxInvoice::NotRequired,
                ..rule("payment", &[Status::Approved], Moment::ApprovedAt, Moment::PaidAt, business_days(45))
            },
            Self {
                watches: Watches::Payments,
                tax_invoice: TaxInvoice::Required,
                may_lack_start: true,
                ..rule(
                    "tax_invoice_payment",
                    &[Status::Approved],
                    Moment::TaxInvoiceApprovedAt,
                    Moment::PaidAt,
                    Target::end_of_day(Span { count: 30, unit: Unit::Days }),
                )
            },
        ]
    }
}
