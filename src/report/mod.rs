//! How we did and what is coming: what became of the clocks whose deadline was in a period, and what falls due.
//!
//! Reads everything as of one instant, and counts by the rules and calendars as they are configured now. What each figure
//! means: docs/report.md.

mod answers;
mod backtest;
mod chart;
mod csv;
mod distribution;
mod figures;
mod forecast;
mod html;
mod monthly;
mod tally;

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::calendar::{Calendar, Calendars};
use crate::explain::{By, Known, account};
use crate::sla::Rule;
use crate::store::{Dossier, Page, Snapshot, StoreError};

use tally::Tally;

pub use answers::{Acknowledgements, Promises};
pub use backtest::{
    Backtest, BacktestError, DayCompared, Load, Performance, RecipientCompared, Regime, RuleCompared, backtest,
};
pub use csv::{COLUMNS, csv};
pub use distribution::{Distribution, Quantiles};
pub use figures::{Figures, Outcome};
pub use forecast::{DayAhead, Due, Forecast, Form, Outlook, forecast};
pub use html::{ReportError, html, minutes};
pub use monthly::{MonthlyError, digest as monthly_digest, send_due};
pub use tally::{Breakdown, Dimension, RuleReport, Worst};

/// So many claims are read at a time.
const BATCH: u32 = 2_000;

/// What a report is about and by what it counts.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The local days on which the deadlines end that it is about.
    pub days: RangeInclusive<NaiveDate>,
    pub rules: &'a [Rule],
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
}

/// What became of the clocks whose deadline was in a period. Its JSON is part of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The instant as of which it was made.
    pub at: DateTime<Utc>,
    /// How many claims were looked at, whenever their deadlines were.
    pub claims: u64,
    pub rules: Vec<RuleReport>,
    /// The clocks that were late by the most business days, at most ten, the worst first.
    pub worst: Vec<Worst>,
}

/// Answers `question` from all that `snapshot` knows; `alive` is called after every batch.
///
/// # Errors
/// [`StoreError`]
pub async fn report(
    snapshot: &mut dyn Snapshot,
    question: &Question<'_>,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Report, StoreError> {
    report_on(snapshot, question, &|_| true, alive).await
}

/// As [`report`], of the claims that `admits` admits.
///
/// # Errors
/// [`StoreError`]
async fn report_on(
    snapshot: &mut dyn Snapshot,
    question: &Question<'_>,
    admits: &(dyn Fn(&Dossier) -> bool + Send + Sync),
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Report, StoreError> {
    let by = By { rules: question.rules, calendars: question.calendars, now: question.now };
    let mut tally = Tally::new(question);
    let count = |dossier: &Dossier| {
        if admits(dossier) {
            tally.count(&account(&known(dossier), &by), &dossier.answers);
        }
    };
    each_claim(snapshot, alive, count).await?;
    Ok(tally.into_report())
}

/// Gives `take` what is known of each claim; `alive` is called after every batch.
async fn each_claim(
    snapshot: &mut dyn Snapshot,
    alive: &(dyn Fn() + Send + Sync),
    mut take: impl FnMut(&Dossier),
) -> Result<(), StoreError> {
    let mut page = Page::First;
    loop {
        let dossiers = snapshot.dossiers(page, BATCH).await?;
        if dossiers.is_empty() {
            return Ok(());
        }
        dossiers.iter().for_each(&mut take);
        page = Page::Next;
        alive();
    }
}

fn known(dossier: &Dossier) -> Known<'_> {
    Known { subjects: &dossier.subjects, alerts: &dossier.alerts, history: &dossier.history }
}

/// The last local day of which something is left before `due_at`: a deadline at the end of a day is the next one's first
/// instant.
fn last_day(calendar: &Calendar, due_at: DateTime<Utc>) -> NaiveDate {
    calendar.zone().local_date(due_at - TimeDelta::microseconds(1))
}
