//! The attachment: every case as a row, safe to open in a spreadsheet.
//!
//! UTF-8 with a byte-order mark (spreadsheets take it for another encoding without), RFC 4180, columns in [`COLUMNS`]
//! whatever the language. A cell that a spreadsheet would take for a formula gets a leading apostrophe; cells and the
//! whole file are bounded, and a cut is marked in the last row. Source: docs/domain.md, "Escalation"; OWASP, "CSV Injection".

use ::csv::{Terminator, Writer, WriterBuilder};
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::calendar::Zone;
use crate::claim::clean_line;
use crate::escalation::Case;
use crate::sla::{DayKind, Explanation};
use crate::wording::Words;

use super::{MailError, claim_link};

/// The columns, in order. Instants are RFC 3339 in the calendar's own offset; `business_days_late` are whole ones; `amount`
/// is a plain decimal; `reminder` is `true` or `false`; `skipped` is every skipped day with its reason, as the explanation
/// has them: `2026-11-21 Saturday; 2026-12-25 holiday: Christmas Day`, with `(estimated)` after a date that may still move.
/// `chosen_by` is `program`, `rule` or `default`; `beyond_calendar` is what ends before the last day, and when.
pub(super) const COLUMNS: [&str; 24] = [
    "alert_id",
    "rule",
    "claim_id",
    "payment_id",
    "program_id",
    "partner_name",
    "title",
    "claim_status",
    "clock_started_at",
    "due_at",
    "business_days_late",
    "amount",
    "currency",
    "paying_entity",
    "calendar",
    "skipped",
    "reminder",
    "acknowledged_by",
    "link",
    "chosen_by",
    "calendar_version",
    "holiday_data",
    "zone_data",
    "beyond_calendar",
];

/// The file's size limit: encoded it takes a third more, and servers refuse messages above 10 MB.
pub(super) const MAX_BYTES: usize = 5_000_000;
/// The longest cell, in characters.
const MAX_CELL: usize = 1_000;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The file as far as it is written.
pub(super) struct Attachment {
    writer: Writer<Vec<u8>>,
    size: usize,
    limit: usize,
    rows: usize,
    full: bool,
}

impl Attachment {
    /// A file without rows, of at most `limit` bytes and one row.
    pub(super) fn new(limit: usize) -> Self {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
        Self { writer, size: 0, limit, rows: 0, full: false }
    }

    /// Whether a row was left out: then all later, less bad ones are.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// How many cases are in it.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a case, unless the file would grow beyond its limit.
    pub(super) fn add(&mut self, case: &Case, zone: Option<&Zone>, claim_url: Option<&str>) -> Result<(), MailError> {
        if self.size == 0 {
            self.size = BYTE_ORDER_MARK.len() + COLUMNS.iter().map(|column| column.len() + 1).sum::<usize>();
            self.write(&COLUMNS)?;
        }
        let row = row(case, zone, claim_url);
        // At worst every quote is doubled, and every cell quoted.
        let most: usize = row.iter().map(|cell| cell.len() + cell.matches('"').count() + 3).sum();
        if self.size + most > self.limit {
            self.full = true;
            return Ok(());
        }
        self.size += most;
        self.rows += 1;
        self.write(&row)
    }

    /// The finished file, of `cases` in all.
    pub(super) fn finish(mut self, words: Words, cases: usize) -> Result<Vec<u8>, MailError> {
        let missing = cases.saturating_sub(self.rows);
        if missing > 0 {
            let mut row = [const { String::new() }; COLUMNS.len()];
            row[0] = words.say("cut-row", [("count", missing.into())]);
            self.write(&row)?;
        }
        self.writer.into_inner().map_err(|error| MailError::Message(error.to_string()))
    }

    fn write<T: AsRef<[u8]>>(&mut self, row: &[T; COLUMNS.len()]) -> Result<(), MailError> {
        self.writer.write_record(row).map_err(|error| MailError::Message(error.to_string()))
    }
}

fn row(case: &Case, zone: Option<&Zone>, claim_url: Option<&str>) -> [String; COLUMNS.len()] {
    let alert = &case.alert;
    let optional = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
    let explanation = &alert.explanation;
    [
        alert.id.to_string(),
        cell(&alert.rule),
        cell(&alert.claim_id),
        optional(&alert.payment_id),
        optional(&alert.program_id),
        optional(&alert.partner_name),
        optional(&case.title),
        cell(&alert.claim_status),
        instant(alert.clock_started_at, zone),
        instant(alert.due_at, zone),
        case.business_days_late.to_string(),
        alert.amount.map(|amount| amount.to_string()).unwrap_or_default(),
        alert.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        optional(&alert.paying_entity),
        cell(&alert.calendar),
        cell(&skipped(explanation)),
        case.reminder.to_string(),
        optional(&alert.acknowledged_by),
        claim_link(claim_url, &alert.claim_id).map(|link| cell(&link)).unwrap_or_default(),
        explanation.chosen_by.map(|by| by.as_str().to_owned()).unwrap_or_default(),
        cell(&explanation.calendar_version),
        optional(&explanation.holiday_data),
        cell(&explanation.zone_data),
        explanation.beyond_calendar.as_ref().map(|beyond| cell(&beyond.to_string())).unwrap_or_default(),
    ]
}

fn skipped(explanation: &Explanation) -> String {
    let days = explanation.days.iter().filter(|day| day.kind == DayKind::Skipped);
    let days = days.map(|day| {
        let estimated = if day.estimated { " (estimated)" } else { "" };
        format!("{} {}{estimated}", day.date, day.reason.as_deref().unwrap_or_default())
    });
    days.collect::<Vec<_>>().join("; ")
}

/// RFC 3339 in the offset of `zone`.
fn instant(at: DateTime<Utc>, zone: Option<&Zone>) -> String {
    let offset = zone.and_then(|zone| FixedOffset::east_opt(zone.offset_seconds(at)));
    match offset {
        Some(offset) => at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}

/// A text as one harmless, bounded cell. A spreadsheet takes what begins with certain signs for a formula; one that
/// separates cells by semicolons, as they do where the comma is decimal, also what follows such a semicolon.
fn cell(text: &str) -> String {
    let cleaned = clean_line(text, MAX_CELL);
    let mut safe = String::with_capacity(cleaned.len());
    let mut cell_begins = true;
    for c in cleaned.chars() {
        if cell_begins && is_formula_sign(c) {
            safe.push('\'');
        }
        safe.push(c);
        cell_begins = c == ';' || cell_begins && (c.is_whitespace() || c == '"');
    }
    safe
}

fn is_formula_sign(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests;
