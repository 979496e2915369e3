//! The report of a month as a message, put into the outbox once a month for each who wants one.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};

use crate::claim::{Money, Totals};
use crate::escalation::{Digest, Glob, Kind, Message, MonthFigures, MonthlyReport, RuleOfMonth, WorstOfMonth};
use crate::now::fresh_id;
use crate::scan::Plan;
use crate::store::{Dossier, Snapshot, Store, StoreError, Term, Thread};

use super::{Outcome, Question, Report, ReportError, RuleReport, Worst, csv, html, report_on};

/// Why a month's report was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MonthlyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the report's CSV file: {0}")]
    List(#[from] ::csv::Error),
}

/// Puts every report that is due at `now` into the outbox; returns how many. Everything is read as of an instant of its own,
/// and a report that another session put there meanwhile is not put there again. With `term`, only while that is the present
/// one.
///
/// # Errors
/// [`MonthlyError`]; what was put there before stays.
pub async fn send_due(
    store: &dyn Store,
    plan: &Plan,
    now: DateTime<Utc>,
    term: Option<Term>,
) -> Result<u64, MonthlyError> {
    let mut sent = 0;
    for wanted in &plan.policy.monthly_reports {
        let due = |threads: &[Thread]| {
            let thread = threads.iter().find(|thread| thread.name == wanted.thread());
            plan.policy.month_to_report(plan.calendars.default(), thread.map(|thread| thread.told_at), now)
        };
        let mut snapshot = store.snapshot().await?;
        let Some(days) = due(&snapshot.threads().await?) else { continue };
        let digest = digest(&mut *snapshot, plan, wanted, days, now).await?;
        // What is read so long must not hold up those who write.
        drop(snapshot);
        let mut pass = store.pass(term).await?;
        if due(&pass.threads().await?).is_none() {
            continue;
        }
        if pass.escalate(now, fresh_id(now), &Message { digest, alerts: Vec::new() }).await? {
            pass.keep().await?;
            sent += 1;
        }
    }
    Ok(sent)
}

/// What the message for `wanted` says of the deadlines that end on `days`.
///
/// # Errors
/// [`MonthlyError`]
pub async fn digest(
    snapshot: &mut dyn Snapshot,
    plan: &Plan,
    wanted: &MonthlyReport,
    days: RangeInclusive<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<Digest, MonthlyError> {
    let question = Question { days, rules: &plan.rules, calendars: &plan.calendars, now };
    let admits = |dossier: &Dossier| wanted.program.as_ref().is_none_or(|program| is_of(dossier, program));
    let report = report_on(snapshot, &question, &admits, &|| {}).await?;
    let empty = Digest::empty(Kind::Report, wanted.thread(), now, plan.policy.language);
    let program = wanted.program.as_ref().map(Glob::pattern);
    Ok(Digest { recipients: wanted.recipients.clone(), month: Some(figures(&report, program)?), ..empty })
}

/// Whether a claim is of such a program: by its columns, or if it is gone, by its alerts.
fn is_of(dossier: &Dossier, program: &Glob) -> bool {
    let named = match dossier.subjects.first() {
        Some(subject) => subject.claim.program_id.as_deref(),
        None => dossier.alerts.first().and_then(|alert| alert.program_id.as_deref()),
    };
    named.is_some_and(|named| program.matches(named))
}

fn figures(report: &Report, program: Option<String>) -> Result<MonthFigures, MonthlyError> {
    Ok(MonthFigures {
        from: report.from,
        to: report.to,
        program,
        rules: report.rules.iter().map(rule).collect(),
        worst: report.worst.iter().map(worst).collect(),
        page: html(report)?,
        list: csv(report)?,
    })
}

fn rule(rule: &RuleReport) -> RuleOfMonth {
    let total = &rule.total;
    let mut late_money = Totals::default();
    for sum in total.done_late.iter().chain(total.overdue_money.iter()) {
        late_money.add(Some(sum.amount), Some(sum.currency));
    }
    RuleOfMonth {
        rule: rule.rule.clone(),
        clocks: total.clocks,
        met: total.met,
        late: total.late,
        percent_met: total.percent_met,
        late_money: late_money.iter().collect(),
    }
}

fn worst(worst: &Worst) -> WorstOfMonth {
    WorstOfMonth {
        rule: worst.rule.clone(),
        claim_id: worst.claim_id.clone(),
        partner_name: worst.partner_name.clone(),
        business_days_late: worst.business_days_late,
        is_open: worst.outcome == Outcome::Overdue,
        money: worst.amount.zip(worst.currency).map(|(amount, currency)| Money { amount, currency }),
    }
}
