//! A report as CSV: one row for each rule and each group of its clocks.

use csv::{Terminator, WriterBuilder};
use rust_decimal::Decimal;

use crate::claim::{Totals, spreadsheet_cell};

use super::{Figures, Report};

/// The columns, in order. `by` is `all`, `month`, `program`, `paying_entity` or `partner`, and `name` which of them, empty
/// for what has none. Sums are `EUR 1234.50; USD 5.00`. Part of the contract.
pub const COLUMNS: [&str; 23] = [
    "rule",
    "by",
    "name",
    "clocks",
    "met",
    "late",
    "overdue",
    "open",
    "restarted",
    "withdrawn",
    "unknown",
    "percent_met",
    "business_days_median",
    "business_days_p90",
    "business_days_p95",
    "done_late",
    "overdue_money",
    "promises_kept",
    "promises_broken",
    "promises_open",
    "acknowledged",
    "acknowledged_minutes_median",
    "acknowledged_minutes_p90",
];

/// Spreadsheets take a file for another encoding without it.
const BYTE_ORDER_MARK: char = '\u{FEFF}';
/// The longest cell, in characters.
const MAX_CELL: usize = 1_000;

/// The report as a CSV file that spreadsheets open as it is, and in which no cell is a formula.
///
/// # Errors
/// What the CSV writer says.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let head = format!("{BYTE_ORDER_MARK}{}\r\n", COLUMNS.join(",")).into_bytes();
    let mut writer = WriterBuilder::new().has_headers(false).terminator(Terminator::CRLF).from_writer(head);
    for rule in &report.rules {
        writer.write_record(row(&rule.rule, "all", None, &rule.total))?;
        for group in &rule.by {
            writer.write_record(row(&rule.rule, group.dimension.as_str(), group.name.as_deref(), &group.figures))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(rule: &str, by: &str, name: Option<&str>, figures: &Figures) -> [String; COLUMNS.len()] {
    let cell = |text: &str| spreadsheet_cell(text, MAX_CELL);
    let or_empty = |value: Option<String>| value.unwrap_or_default();
    let days =
        |figure: fn(&super::Quantiles) -> u32| or_empty(figures.business_days.map(|days| figure(&days).to_string()));
    let answered = figures.acknowledgements;
    [
        cell(rule),
        by.to_owned(),
        cell(name.unwrap_or_default()),
        figures.clocks.to_string(),
        figures.met.to_string(),
        figures.late.to_string(),
        figures.overdue.to_string(),
        figures.open.to_string(),
        figures.restarted.to_string(),
        figures.withdrawn.to_string(),
        figures.unknown.to_string(),
        or_empty(figures.percent_met.map(|percent: Decimal| percent.to_string())),
        days(|days| days.median),
        days(|days| days.p90),
        days(|days| days.p95),
        sums(&figures.done_late),
        sums(&figures.overdue_money),
        figures.promises.kept.to_string(),
        figures.promises.broken.to_string(),
        figures.promises.open.to_string(),
        answered.map_or(0, |answered| answered.count).to_string(),
        or_empty(answered.map(|answered| answered.minutes.median.to_string())),
        or_empty(answered.map(|answered| answered.minutes.p90.to_string())),
    ]
}

fn sums(totals: &Totals) -> String {
    totals.iter().map(|sum| format!("{} {}", sum.currency, sum.amount)).collect::<Vec<_>>().join("; ")
}
