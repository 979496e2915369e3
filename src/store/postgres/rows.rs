//! Row ↔ domain value: read tolerantly from others' tables and strictly from our own.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type, ValueRef};
use uuid::Uuid;

use crate::alert::{Alert, Resolution, State};
use crate::claim::{Claim, Currency, Moment, Moments, Payment, Program, Subject};
use crate::store::StoreError;
use crate::store::problems::Unread;
use crate::store::values::{AMOUNT_EXPECTED, CURRENCY_EXPECTED, read_amount};

const INSTANT_EXPECTED: &str = "an instant of the years 1 to 9999";

/// A `timestamptz` as the server has it: one that no calendar has is told apart, not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instant {
    At(DateTime<Utc>),
    /// Infinity, or a year that nobody means.
    Unreadable(&'static str),
}

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for Instant {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("expected an instant in binary form".into());
        }
        Ok(Self::of(i64::from_be_bytes(value.as_bytes()?.try_into()?)))
    }
}

impl Instant {
    /// From microseconds since the year 2000.
    fn of(micros: i64) -> Self {
        let epoch = DateTime::from_timestamp(946_684_800, 0);
        let at = epoch.and_then(|epoch| epoch.checked_add_signed(TimeDelta::microseconds(micros)));
        match (micros, at) {
            (i64::MAX, _) => Self::Unreadable("infinity"),
            (i64::MIN, _) => Self::Unreadable("-infinity"),
            (_, Some(at)) if (1..=9999).contains(&chrono::Datelike::year(&at)) => Self::At(at),
            (micros, _) if micros < 0 => Self::Unreadable("a year before 1"),
            _ => Self::Unreadable("a year after 9999"),
        }
    }
}

/// A column of text; what is not UTF-8 is read with replacement characters.
pub(super) fn text(row: &PgRow, column: &str) -> Result<Option<String>, StoreError> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    let bytes = value.as_bytes().map_err(|error| StoreError::Corrupt(format!("{column}: {error}")))?;
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

/// A claim as one rule sees it, from a row of [`super::clocks::COLUMNS`], with the columns that could not be read.
pub(super) fn subject(row: &PgRow) -> Result<(Subject, Vec<Unread>), StoreError> {
    let mut unread = Vec::new();
    let mut moments = Moments::default();
    for moment in Moment::ALL {
        moments.set(moment, instant(row, moment.column(), &mut unread)?);
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
            requires_tax_invoice: row.try_get::<Option<bool>, _>("p_requires_tax_invoice")?.unwrap_or(false),
            payment_currency: text(row, "p_payment_currency")?.as_deref().and_then(Currency::parse),
        }),
        None => None,
    };
    let payment = payment(row, claim.claim_id.clone(), &mut unread)?;
    let has_payments = row.try_get("has_payments")?;
    Ok((Subject { claim, program, payment, has_payments }, unread))
}

/// A payment line from the columns that begin with `l_`, if there is one.
pub(super) fn payment(row: &PgRow, claim_id: String, unread: &mut Vec<Unread>) -> Result<Option<Payment>, StoreError> {
    let Some(payment_id) = text(row, "l_payment_id")? else { return Ok(None) };
    let mut of_line = Vec::new();
    let payment = Payment {
        claim_id,
        paying_entity: text(row, "l_paying_entity")?,
        amount: read(row, "l_amount", read_amount, AMOUNT_EXPECTED, &mut of_line)?,
        currency: read(row, "l_currency", Currency::parse, CURRENCY_EXPECTED, &mut of_line)?,
        paid_at: instant(row, "l_paid_at", &mut of_line)?,
        payment_id,
    };
    unread.extend(of_line.into_iter().map(|column| column.of_payment(&payment.payment_id)));
    Ok(Some(payment))
}

fn instant(row: &PgRow, column: &str, unread: &mut Vec<Unread>) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(match row.try_get::<Option<Instant>, _>(column)? {
        None => None,
        Some(Instant::At(at)) => Some(at),
        Some(Instant::Unreadable(found)) => {
            unread.push(unread_column(column, found.to_owned(), INSTANT_EXPECTED));
            None
        }
    })
}

fn read<T>(
    row: &PgRow,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
    unread: &mut Vec<Unread>,
) -> Result<Option<T>, StoreError> {
    let Some(found) = text(row, column)?.filter(|found| !found.is_empty()) else { return Ok(None) };
    let value = parse(&found);
    if value.is_none() {
        unread.push(unread_column(column, found, expected));
    }
    Ok(value)
}

fn unread_column(column: &str, found: String, expected: &'static str) -> Unread {
    Unread { column: column.strip_prefix("l_").unwrap_or(column).to_owned(), found, expected }
}

/// A row of `sla_alerts`, from [`ALERT_COLUMNS`].
pub(super) fn alert(row: &PgRow) -> Result<Alert, StoreError> {
    let id: Uuid = row.try_get("a_id")?;
    let own = OwnRow { row, table: "sla_alerts", id: id.to_string() };
    Ok(Alert {
        id,
        rule: row.try_get("a_rule")?,
        claim_id: row.try_get("a_claim_id")?,
        payment_id: row.try_get("a_payment_id")?,
        program_id: row.try_get("a_program_id")?,
        partner_name: row.try_get("a_partner_name")?,
        claim_status: row.try_get("a_claim_status")?,
        state: own.parsed("a_state", State::parse)?,
        resolution: own.optional("a_resolution", Resolution::parse)?,
        clock_started_at: row.try_get("a_clock_started_at")?,
        due_at: row.try_get("a_due_at")?,
        detected_at: row.try_get("a_detected_at")?,
        stopped_at: row.try_get("a_stopped_at")?,
        resolved_at: row.try_get("a_resolved_at")?,
        amount: own.optional("a_amount", read_amount)?,
        currency: own.optional("a_currency", Currency::parse)?,
        paying_entity: row.try_get("a_paying_entity")?,
        calendar: row.try_get("a_calendar")?,
        escalation_level: level(row, "a_escalation_level")?,
        last_escalated_at: row.try_get("a_last_escalated_at")?,
        acknowledged_at: row.try_get("a_acknowledged_at")?,
        acknowledged_by: row.try_get("a_acknowledged_by")?,
        acknowledged_until: row.try_get("a_acknowledged_until")?,
        note: row.try_get("a_note")?,
        snoozed_until: row.try_get("a_snoozed_until")?,
        held_since: row.try_get("a_held_since")?,
        inherited_at: row.try_get("a_inherited_at")?,
        backfilled_at: row.try_get("a_backfilled_at")?,
        next_escalation_at: row.try_get("a_next_escalation_at")?,
        explanation: own.parsed("a_explanation", |text| serde_json::from_str(text).ok())?,
    })
}

/// The columns that [`alert`] reads, from `sla_alerts a`.
pub(super) const ALERT_COLUMNS: &str = "a.id AS a_id, a.rule AS a_rule, a.claim_id AS a_claim_id, \
    a.payment_id AS a_payment_id, a.program_id AS a_program_id, a.partner_name AS a_partner_name, \
    a.claim_status AS a_claim_status, a.state AS a_state, a.resolution AS a_resolution, \
    a.clock_started_at AS a_clock_started_at, a.due_at AS a_due_at, a.detected_at AS a_detected_at, \
    a.stopped_at AS a_stopped_at, a.resolved_at AS a_resolved_at, a.amount::text AS a_amount, a.currency AS a_currency, \
    a.paying_entity AS a_paying_entity, a.calendar AS a_calendar, a.escalation_level AS a_escalation_level, \
    a.last_escalated_at AS a_last_escalated_at, a.acknowledged_at AS a_acknowledged_at, \
    a.acknowledged_by AS a_acknowledged_by, a.acknowledged_until AS a_acknowledged_until, a.note AS a_note, \
    a.snoozed_until AS a_snoozed_until, a.held_since AS a_held_since, a.inherited_at AS a_inherited_at, a.backfilled_at AS a_backfilled_at, \
    a.next_escalation_at AS a_next_escalation_at, a.explanation::text AS a_explanation";

/// A level, or a number of attempts: an `integer` that is never negative.
pub(super) fn level(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i32, _>(column)?).unwrap_or(0))
}

/// A count.
pub(super) fn count(row: &PgRow, column: &str) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

/// A row of one of our own tables: what cannot be read there is corruption, and says where.
pub(super) struct OwnRow<'a> {
    pub row: &'a PgRow,
    pub table: &'static str,
    pub id: String,
}

impl OwnRow<'_> {
    pub fn optional<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let Some(found) = text(self.row, column)? else { return Ok(None) };
        match parse(&found) {
            Some(value) => Ok(Some(value)),
            None => Err(self.corrupt(column, &format!("found {found:?}"))),
        }
    }

    pub fn parsed<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        self.optional(column, parse)?.ok_or_else(|| self.corrupt(column, "found nothing"))
    }

    pub fn corrupt(&self, column: &str, found: &str) -> StoreError {
        let column = column.strip_prefix("a_").unwrap_or(column);
        StoreError::Corrupt(format!("{} {}: {column}: {found}", self.table, self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_that_no_calendar_has_is_told_apart() {
        let noon = DateTime::parse_from_rfc3339("2018-06-29T12:00:00.000001Z").expect("an instant").to_utc();
        let micros = noon.timestamp_micros() - 946_684_800_000_000;
        assert_eq!(Instant::of(micros), Instant::At(noon));
        assert_eq!(Instant::of(i64::MAX), Instant::Unreadable("infinity"));
        assert_eq!(Instant::of(i64::MIN), Instant::Unreadable("-infinity"));
        let year = 31_557_600_000_000_i64;
        assert_eq!(Instant::of(9_000 * year), Instant::Unreadable("a year after 9999"));
        assert_eq!(Instant::of(-2_100 * year), Instant::Unreadable("a year before 1"));
    }
}
