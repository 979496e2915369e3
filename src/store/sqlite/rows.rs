//! Row ↔ domain value: the contract's text formats, read tolerantly from others' tables and strictly from our own.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::alert::{Alert, Resolution, State};
use crate::claim::{Claim, Currency, Moment, Moments, Payment, Program, Subject};
use crate::store::StoreError;
use crate::store::problems::Unread;
pub(super) use crate::store::values::read_amount;
use crate::store::values::{AMOUNT_EXPECTED, CURRENCY_EXPECTED};

const INSTANT_EXPECTED: &str = "an instant in UTC such as 2018-06-29T12:00:00.000000Z";

/// An instant as the contract stores it: fixed width, so that text order is time order.
pub(super) fn instant_text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Reads an instant: UTC with `Z`, with or without a fraction of a second.
pub(super) fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    let in_utc = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    in_utc.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten().map(|at| crate::now::to_micros(at.to_utc()))
}

/// A column as text, whatever the source stores in it; text that is not UTF-8 is read with replacement characters.
pub(super) fn text(row: &SqliteRow, column: &str) -> Result<Option<String>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(column)?;
    Ok(bytes
        .map(|bytes| String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())))
}

/// A claim as one rule sees it, from a row of [`super::clocks::COLUMNS`], with the columns that could not be read.
pub(super) fn subject(row: &SqliteRow) -> Result<(Subject, Vec<Unread>), StoreError> {
    let mut unread = Vec::new();
    let mut moments = Moments::default();
    for moment in Moment::ALL {
        moments.set(moment, read(row, moment.column(), read_instant, INSTANT_EXPECTED, &mut unread)?);
    }
    let claim = Claim {
        claim_id: text(row, "claim_id")?.unwrap_or_default(),
        program_id: text(row, "program_id")?,
        partner_name: text(row, "partner_name")?,
        title: None,
        status_text: text(row, "status")?.unwrap_or_default(),
        moments,
        amount: read(row, "amount", read_amount, AMOUNT_EXPECTED, &mut unread)?,
        currency: read(row, "currency", Currency::parse, CURRENCY_EXPECTED, &mut unread)?,
    };
    let program = match text(row, "p_program_id")? {
        Some(program_id) => Some(Program {
            program_id,
            name: None,
            calendar: text(row, "p_calendar")?.filter(|name| !name.is_empty()),
            requires_tax_invoice: row.try_get_unchecked::<Option<i64>, _>("p_requires_tax_invoice")?.unwrap_or(0) != 0,
            payment_currency: text(row, "p_payment_currency")?.as_deref().and_then(Currency::parse),
        }),
        None => None,
    };
    let payment = payment(row, claim.claim_id.clone(), &mut unread)?;
    let has_payments = row.try_get_unchecked::<i64, _>("has_payments")? != 0;
    Ok((Subject { claim, program, payment, has_payments }, unread))
}

/// A payment line from the columns that begin with `l_`, if there is one.
pub(super) fn payment(
    row: &SqliteRow,
    claim_id: String,
    unread: &mut Vec<Unread>,
) -> Result<Option<Payment>, StoreError> {
    let Some(payment_id) = text(row, "l_payment_id")? else { return Ok(None) };
    let mut of_line = Vec::new();
    let payment = Payment {
        claim_id,
        paying_entity: text(row, "l_paying_entity")?,
        amount: read(row, "l_amount", read_amount, AMOUNT_EXPECTED, &mut of_line)?,
        currency: read(row, "l_currency", Currency::parse, CURRENCY_EXPECTED, &mut of_line)?,
        paid_at: read(row, "l_paid_at", read_instant, INSTANT_EXPECTED, &mut of_line)?,
        payment_id,
    };
    unread.extend(of_line.into_iter().map(|column| column.of_payment(&payment.payment_id)));
    Ok(Some(payment))
}

fn read<T>(
    row: &SqliteRow,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
    unread: &mut Vec<Unread>,
) -> Result<Option<T>, StoreError> {
    let Some(found) = text(row, column)?.filter(|found| !found.is_empty()) else { return Ok(None) };
    let value = parse(&found);
    if value.is_none() {
        let column = column.strip_prefix("l_").unwrap_or(column).to_owned();
        unread.push(Unread { column, found, expected });
    }
    Ok(value)
}

/// A row of `sla_alerts`; its columns are prefixed with `a_` where a query joins others.
pub(super) fn alert(row: &SqliteRow) -> Result<Alert, StoreError> {
    let own = OwnRow { row, table: "sla_alerts", id: row.try_get::<String, _>("a_id")? };
    Ok(Alert {
        id: own.parsed("a_id", |text| Uuid::parse_str(text).ok())?,
        rule: row.try_get("a_rule")?,
        claim_id: row.try_get("a_claim_id")?,
        payment_id: row.try_get("a_payment_id")?,
        program_id: row.try_get("a_program_id")?,
        partner_name: row.try_get("a_partner_name")?,
        claim_status: row.try_get("a_claim_status")?,
        state: own.parsed("a_state", State::parse)?,
        resolution: own.optional("a_resolution", Resolution::parse)?,
        clock_started_at: own.parsed("a_clock_started_at", read_instant)?,
        due_at: own.parsed("a_due_at", read_instant)?,
        detected_at: own.parsed("a_detected_at", read_instant)?,
        stopped_at: own.optional("a_stopped_at", read_instant)?,
        resolved_at: own.optional("a_resolved_at", read_instant)?,
        amount: own.optional("a_amount", read_amount)?,
        currency: own.optional("a_currency", Currency::parse)?,
        paying_entity: row.try_get("a_paying_entity")?,
        calendar: row.try_get("a_calendar")?,
        escalation_level: row.try_get("a_escalation_level")?,
        last_escalated_at: own.optional("a_last_escalated_at", read_instant)?,
        acknowledged_at: own.optional("a_acknowledged_at", read_instant)?,
        acknowledged_by: row.try_get("a_acknowledged_by")?,
        acknowledged_until: own.optional("a_acknowledged_until", read_instant)?,
        note: row.try_get("a_note")?,
        snoozed_until: own.optional("a_snoozed_until", read_instant)?,
        held_since: own.optional("a_held_since", read_instant)?,
        inherited_at: own.optional("a_inherited_at", read_instant)?,
        backfilled_at: own.optional("a_backfilled_at", read_instant)?,
        next_escalation_at: own.optional("a_next_escalation_at", read_instant)?,
        explanation: own.parsed("a_explanation", |text| serde_json::from_str(text).ok())?,
    })
}

/// The columns that [`alert`] reads, from `sla_alerts a`.
pub(super) const ALERT_COLUMNS: &str = "a.id AS a_id, a.rule AS a_rule, a.claim_id AS a_claim_id, \
    a.payment_id AS a_payment_id, a.program_id AS a_program_id, a.partner_name AS a_partner_name, \
    a.claim_status AS a_claim_status, a.state AS a_state, a.resolution AS a_resolution, \
    a.clock_started_at AS a_clock_started_at, a.due_at AS a_due_at, a.detected_at AS a_detected_at, \
    a.stopped_at AS a_stopped_at, a.resolved_at AS a_resolved_at, a.amount AS a_amount, a.currency AS a_currency, \
    a.paying_entity AS a_paying_entity, a.calendar AS a_calendar, a.escalation_level AS a_escalation_level, \
    a.last_escalated_at AS a_last_escalated_at, a.acknowledged_at AS a_acknowledged_at, \
    a.acknowledged_by AS a_acknowledged_by, a.acknowledged_until AS a_acknowledged_until, a.note AS a_note, \
    a.snoozed_until AS a_snoozed_until, a.held_since AS a_held_since, a.inherited_at AS a_inherited_at, a.backfilled_at AS a_backfilled_at, \
    a.next_escalation_at AS a_next_escalation_at, a.explanation AS a_explanation";

/// A count.
pub(super) fn count(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

/// A row of one of our own tables: what cannot be read there is corruption, and says where.
pub(super) struct OwnRow<'a> {
    pub row: &'a SqliteRow,
    pub table: &'static str,
    pub id: String,
}

impl OwnRow<'_> {
    pub fn optional<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let Some(found) = self.row.try_get::<Option<String>, _>(column)? else { return Ok(None) };
        match parse(&found) {
            Some(value) => Ok(Some(value)),
            None => Err(self.corrupt(column, &format!("found {found:?}"))),
        }
    }

    pub fn parsed<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        self.optional(column, parse)?.ok_or_else(|| self.corrupt(column, "found nothing"))
    }

    fn corrupt(&self, column: &str, found: &str) -> StoreError {
        let column = column.strip_prefix("a_").unwrap_or(column);
        StoreError::Corrupt(format!("{} {}: {column}: {found}", self.table, self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_utc_with_a_z_and_reads_back_as_it_is_written() {
        let at = read_instant("2018-06-29T12:00:00.000001Z").expect("the contract's own form");
        assert_eq!(instant_text(at), "2018-06-29T12:00:00.000001Z");
        assert_eq!(read_instant("2018-06-29T12:00:00Z"), read_instant("2018-06-29T12:00:00.000000Z"));
        for wrong in
            ["2018-06-29T12:00:00+01:00", "2018-06-29 12:00:00Z", "2018-02-30T12:00:00Z", "tomorrow", "", "2018-06-29"]
        {
            assert_eq!(read_instant(wrong), None, "{wrong:?}");
        }
    }
}
