//! Sample claims for a demonstration: every status, every rule late, at risk and on time, whatever day it is.
//!
//! The stories are fixed (`stories.rs`); their instants are found by walking back from `now` in the calendars, so that
//! each stands as it should (`start.rs`). The same `now` gives the same claims. They are meant for the built-in targets
//! with the warnings of [`rules`].

mod start;
mod stories;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rust_decimal::Decimal;

use crate::calendar::Calendar;
use crate::claim::{Claim, Currency, HistoryEntry, Moment, Moments, Payment, Program, Status};
use crate::sla::{Rule, Span, Unit};
use crate::store::ImportRow;

use start::{Stand, business_days_before, find_start, working_time};
use stories::{Line, Paid, STORIES, Sample, SampleProgram, Story};

/// The built-in rules with the warnings for which the samples are made: a business day before a review or dispute is
/// due, five before a payment, and five days before one on a tax invoice.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let warn = |rule: &str| match rule {
        "payment" => Span { count: 5, unit: Unit::BusinessDays },
        "tax_invoice_payment" => Span { count: 5, unit: Unit::Days },
        _ => Span { count: 1, unit: Unit::BusinessDays },
    };
    Rule::built_in().into_iter().map(|rule| Rule { warn: Some(warn(&rule.name)), ..rule }).collect()
}

/// Programs, claims, payment lines and history as they stand at `now`, in the order in which they can be imported.
/// `usual` is the default calendar; one program names `other`.
#[must_use]
pub fn sample_claims(now: DateTime<Utc>, usual: &Calendar, other: &Calendar) -> Vec<ImportRow> {
    let rules = rules();
    // Deadlines and warnings fall on whole seconds, so that nothing stands otherwise for it.
    let now = now.with_nanosecond(0).unwrap_or(now);
    let mut rows: Vec<ImportRow> =
        SampleProgram::ALL.into_iter().map(|program| ImportRow::Program(program.row(other))).collect();
    let (mut lines, mut history) = (Vec::new(), Vec::new());
    for (n, sample) in (0..).zip(STORIES) {
        let calendar = if sample.program == SampleProgram::Other { other } else { usual };
        let told = Telling { now, calendar, rules: &rules, sample, n }.tell();
        rows.push(ImportRow::Claim(told.claim));
        lines.extend(told.lines.into_iter().map(ImportRow::Payment));
        history.extend(told.history.into_iter().map(ImportRow::History));
    }
    rows.append(&mut lines);
    rows.append(&mut history);
    rows
}

impl SampleProgram {
    fn row(self, other: &Calendar) -> Program {
        let (name, payment_currency) = match self {
            Self::Plain => ("Device retail co-op", None),
            Self::TaxInvoice => ("Cloud growth co-op", Some("EUR")),
            Self::Other => ("Middle East co-op", Some("USD")),
        };
        Program {
            program_id: self.id().to_owned(),
            name: Some(name.to_owned()),
            calendar: (self == Self::Other).then(|| other.name().to_owned()),
            requires_tax_invoice: self == Self::TaxInvoice,
            payment_currency: payment_currency.and_then(Currency::parse),
        }
    }
}

/// A story that is being told at an instant.
struct Telling<'a> {
    now: DateTime<Utc>,
    calendar: &'a Calendar,
    rules: &'a [Rule],
    sample: &'a Sample,
    /// Its place among the stories.
    n: u32,
}

/// What happened, so far.
#[derive(Default)]
struct Told {
    status: Option<Status>,
    moments: Moments,
    history: Vec<(DateTime<Utc>, Status, String)>,
}

struct Rows {
    claim: Claim,
    lines: Vec<Payment>,
    history: Vec<HistoryEntry>,
}

impl Told {
    /// The status became `status` at an instant; `moment` is the column that says so.
    fn then(&mut self, at: DateTime<Utc>, status: Status, moment: impl Into<Option<Moment>>, note: &str) {
        self.status = Some(status);
        if let Some(moment) = moment.into() {
            self.moments.set(moment, Some(at));
        }
        self.history.push((at, status, note.to_owned()));
    }
}

impl Telling<'_> {
    fn tell(&self) -> Rows {
        let told = self.happened();
        let sample = self.sample;
        let mut moments = told.moments.clone();
        let paid = sample.lines().iter().filter_map(|line| self.paid_at(line, &told));
        let instants = told.history.iter().map(|(at, ..)| *at).chain(paid);
        moments.set(Moment::UpdatedAt, instants.max());
        let claim = Claim {
            claim_id: sample.id.to_owned(),
            program_id: Some(sample.program.id().to_owned()),
            partner_name: Some(sample.partner.to_owned()),
            title: Some(sample.title.to_owned()),
            status_text: told.status.unwrap_or(Status::Editing).as_str().to_owned(),
            moments,
            amount: decimal(sample.amount),
            currency: Currency::parse(sample.currency),
        };
        let line = |(n, line): (usize, &Line)| Payment {
            payment_id: format!("{}-{}", sample.id, n + 1),
            claim_id: sample.id.to_owned(),
            paying_entity: Some(line.entity.to_owned()),
            amount: decimal(line.amount),
            currency: Currency::parse(line.currency),
            paid_at: self.paid_at(line, &told),
        };
        let entry = |(at, status, note): (DateTime<Utc>, Status, String)| HistoryEntry {
            claim_id: sample.id.to_owned(),
            at: Some(at),
            status: Some(status.as_str().to_owned()),
            note: Some(note),
        };
        Rows {
            claim,
            lines: sample.lines().iter().enumerate().map(line).collect(),
            history: told.history.into_iter().map(entry).collect(),
        }
    }

    fn happened(&self) -> Told {
        let mut told = Told::default();
        match self.sample.story {
            Story::Editing => {
                told.then(self.day(1 + self.n % 4), Status::Editing, None, "Created by the partner");
            }
            Story::Submitted(stand) => self.submitted(&mut told, self.start("review", stand)),
            Story::UnderReview(stand) => {
                let start = self.start("review", stand);
                self.submitted(&mut told, start);
                told.then(self.soon_after(start), Status::UnderReview, None, "Taken up for review");
            }
            Story::Resubmitted(stand, note) => {
                let start = self.start("review", stand);
                self.submitted(&mut told, self.ago(start, 12));
                let answered_at = self.ago(start, 9);
                told.then(answered_at, Status::ActionRequired, Moment::ReviewedAt, note);
                told.moments.set(Moment::ApprovedAt, Some(answered_at));
                self.submitted(&mut told, start);
            }
            Story::ActionRequired(note) => {
                let answered_at = self.day(2 + self.n % 5);
                self.submitted(&mut told, self.ago(answered_at, 1));
                told.then(answered_at, Status::ActionRequired, Moment::ReviewedAt, note);
            }
            Story::Rejected(reason) => self.rejected(&mut told, self.day(3), reason),
            Story::Disputed(stand, reason) => {
                let start = self.start("dispute", stand);
                self.rejected(&mut told, self.ago(start, 4), reason);
                told.then(start, Status::Disputed, Moment::DisputedAt, "Disputed by the partner");
            }
            Story::DisputedWithoutDate(reason) => {
                self.rejected(&mut told, self.day(9), reason);
                told.then(self.day(6), Status::Disputed, None, "Disputed by the partner, over the telephone");
            }
            Story::PartnerActionRequired(reason, note) => {
                self.rejected(&mut told, self.day(9), reason);
                let disputed_at = self.day(7);
                told.then(disputed_at, Status::Disputed, Moment::DisputedAt, "Disputed by the partner");
                let answered_at = self.day(4);
                told.then(answered_at, Status::PartnerActionRequired, Moment::DisputeResolvedAt, note);
            }
            Story::AwaitingTaxInvoice => self.approved(&mut told, self.day(50)),
            Story::Approved(stand, _) if self.sample.program == SampleProgram::TaxInvoice => {
                let start = self.start("tax_invoice_payment", stand);
                self.approved(&mut told, self.ago(start, 6));
                told.then(start, Status::Approved, Moment::TaxInvoiceApprovedAt, "Tax invoice approved");
            }
            Story::Approved(stand, _) => self.approved(&mut told, self.start("payment", stand)),
            Story::Paid(_) => {
                self.approved(&mut told, self.day(25));
                if self.sample.program == SampleProgram::TaxInvoice {
                    told.then(self.day(18), Status::Approved, Moment::TaxInvoiceApprovedAt, "Tax invoice approved");
                }
                let paid_at = self.day(5);
                told.then(paid_at, Status::Approved, Moment::PaidAt, "Payment handled");
            }
        }
        told
    }

    fn submitted(&self, told: &mut Told, at: DateTime<Utc>) {
        let again = if told.history.is_empty() { "" } else { " again" };
        told.then(at, Status::Submitted, Moment::SubmittedAt, &format!("Submitted{again} by {}", self.sample.partner));
    }

    fn rejected(&self, told: &mut Told, at: DateTime<Utc>, reason: &str) {
        self.submitted(told, self.ago(at, 1));
        told.then(at, Status::Rejected, Moment::ReviewedAt, reason);
    }

    fn approved(&self, told: &mut Told, at: DateTime<Utc>) {
        self.submitted(told, self.ago(at, 1));
        told.then(at, Status::Approved, Moment::ApprovedAt, "Approved");
        told.moments.set(Moment::ReviewedAt, Some(at));
    }

    fn start(&self, rule: &str, stand: Stand) -> DateTime<Utc> {
        let rule = self.rules.iter().find(|it| it.name == rule);
        rule.and_then(|rule| find_start(rule, self.calendar, self.now, stand, self.n)).unwrap_or(self.now)
    }

    /// So many business days before `at`.
    fn ago(&self, at: DateTime<Utc>, business_days: u32) -> DateTime<Utc> {
        business_days_before(self.calendar, at, business_days)
    }

    /// So many business days before now, in working hours.
    fn day(&self, business_days: u32) -> DateTime<Utc> {
        let now = self.calendar.zone().local(self.now).date();
        let at = now.and_time(working_time(self.n));
        let at = self.calendar.zone().instant_of(at).unwrap_or(self.now);
        self.ago(at, business_days)
    }

    fn soon_after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + (self.now - at).min(TimeDelta::minutes(95))
    }

    fn paid_at(&self, line: &Line, told: &Told) -> Option<DateTime<Utc>> {
        let approved_at = told.moments.get(Moment::ApprovedAt)?;
        match line.paid {
            Paid::No => None,
            Paid::Yes => told.moments.get(Moment::PaidAt).or_else(|| {
                let days = self.calendar.zone().local_date(self.now) - self.calendar.zone().local_date(approved_at);
                Some(approved_at + TimeDelta::days(days.num_days() / 2))
            }),
            Paid::InAnEarlierRound => Some(self.ago(approved_at, 30)),
        }
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok()
}

#[cfg(test)]
mod tests;
