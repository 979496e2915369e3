//! A case as a row of the attachment, safe to open in a spreadsheet.
//!
//! Columns are [`COLUMNS`] whatever the language. A cell that a spreadsheet would take for a formula gets a leading
//! apostrophe, and cells are bounded. Source: docs/domain.md, "Escalation"; OWASP, "CSV Injection".

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::calendar::Zone;
use crate::claim::spreadsheet_cell;
use crate::escalation::{Case, claim_link};
use crate::sla::{DayKind, Explanation};

/// The columns, in order. Instants are RFC 3339 in the calendar's own offset; `business_days_late` are whole ones; `amount`
/// is a plain decimal; `reminder` is `true` or `false`; `skipped` is every skipped day with its reason, as the explanation
/// has them: `2026-11-21 Saturday; 2026-12-25 holiday: Christmas Day`, with `(estimated)` after a date that may still move.
/// `chosen_by` is `program`, `rule` or `default`; `beyond_calendar` is what ends before the last day, and when.
pub(super) const COLUMNS: [&str; 29] = [
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
    "acknowledged_until",
    "silenced_by",
    "silenced_until",
    "held_since",
    "inherited_at",
];

/// A row, a cell a column.
pub(super) type Cells = [String; COLUMNS.len()];

/// The longest cell, in characters.
const MAX_CELL: usize = 1_000;

/// A row that says `text` and nothing else.
pub(super) fn remark(text: String) -> Cells {
    let mut row = [const { String::new() }; COLUMNS.len()];
    row[0] = text;
    row
}

/// The row of `case`, with times in `zone`.
pub(super) fn row(case: &Case, zone: Option<&Zone>, claim_url: Option<&str>) -> Cells {
    let alert = &case.alert;
    let silenced = case.silenced.as_ref();
    let at = |at: Option<DateTime<Utc>>| at.map(|at| instant(at, zone)).unwrap_or_default();
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
        at(alert.acknowledged_until),
        silenced.map(|silenced| cell(&silenced.by)).unwrap_or_default(),
        at(silenced.map(|silenced| silenced.until)),
        at(alert.held_since),
        at(alert.inherited_at),
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

fn cell(text: &str) -> String {
    spreadsheet_cell(text, MAX_CELL)
}
