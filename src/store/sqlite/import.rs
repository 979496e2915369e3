//! Imports: rows into the embedded database's own tables, all or none.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{Row, Sqlite, Transaction};

use super::rows::instant_text;
use super::{SqliteStore, StoreError};
use crate::claim::{Claim, HistoryEntry, Moment, Payment, Program};
use crate::store::{Import, ImportCounts, ImportMode, ImportRow, ImportRows, RowCounts};

#[async_trait]
impl Import for SqliteStore {
    async fn import(&self, rows: ImportRows<'_>, mode: ImportMode) -> Result<ImportCounts, StoreError> {
        let mut transaction = self.begin().await?;
        let mut counts = ImportCounts::default();
        let mut refused = false;
        for row in rows {
            match row {
                Some(row) if !refused => store_row(&mut transaction, &row, &mut counts).await?,
                Some(_) => {}
                None => refused = true,
            }
        }
        if refused {
            return Ok(ImportCounts::default());
        }
        if mode == ImportMode::Store {
            transaction.commit().await?;
            counts.stored = true;
        }
        Ok(counts)
    }

    async fn known_claims(&self, claim_ids: &[String]) -> Result<HashSet<String>, StoreError> {
        let wanted = serde_json::to_string(claim_ids).map_err(|error| StoreError::Failed(error.to_string()))?;
        let rows = sqlx::query("SELECT claim_id FROM claims WHERE claim_id IN (SELECT value FROM json_each(?))")
            .bind(wanted)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(row.try_get("claim_id")?)).collect()
    }
}

async fn store_row(
    transaction: &mut Transaction<'static, Sqlite>,
    row: &ImportRow,
    counts: &mut ImportCounts,
) -> Result<(), StoreError> {
    match row {
        ImportRow::Program(program) => program_row(transaction, program, &mut counts.programs).await,
        ImportRow::Claim(claim) => claim_row(transaction, claim, &mut counts.claims).await,
        ImportRow::Payment(payment) => payment_row(transaction, payment, &mut counts.payments).await,
        ImportRow::History(entry) => history_row(transaction, entry, &mut counts.history).await,
    }
}

/// Counts an upsert: nothing came back if the row was the same; otherwise it says whether the row was new.
fn count(counts: &mut RowCounts, inserted: Option<bool>) {
    *match inserted {
        Some(true) => &mut counts.new,
        Some(false) => &mut counts.changed,
        None => &mut counts.same,
    } += 1;
}

async fn program_row(
    transaction: &mut Transaction<'static, Sqlite>,
    program: &Program,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let existed = exists(transaction, "SELECT 1 FROM programs WHERE program_id = ?", &program.program_id).await?;
    let done = sqlx::query(
        "INSERT INTO programs (program_id, name, calendar, requires_tax_invoice, payment_currency) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (program_id) DO UPDATE SET name = excluded.name, calendar = excluded.calendar, \
         requires_tax_invoice = excluded.requires_tax_invoice, payment_currency = excluded.payment_currency \
         WHERE (name, calendar, requires_tax_invoice, payment_currency) IS NOT \
         (excluded.name, excluded.calendar, excluded.requires_tax_invoice, excluded.payment_currency)",
    )
    .bind(&program.program_id)
    .bind(&program.name)
    .bind(&program.calendar)
    .bind(program.requires_tax_invoice)
    .bind(program.payment_currency.map(|currency| currency.to_string()))
    .execute(&mut **transaction)
    .await?;
    count(counts, (done.rows_affected() == 1).then_some(!existed));
    Ok(())
}

async fn claim_row(
    transaction: &mut Transaction<'static, Sqlite>,
    claim: &Claim,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let existed = exists(transaction, "SELECT 1 FROM claims WHERE claim_id = ?", &claim.claim_id).await?;
    let mut query = sqlx::query(
        "INSERT INTO claims (claim_id, program_id, partner_name, title, status, amount, currency, submitted_at, reviewed_at, \
         disputed_at, dispute_resolved_at, approved_at, tax_invoice_approved_at, paid_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (claim_id) DO UPDATE SET program_id = excluded.program_id, partner_name = excluded.partner_name, \
         title = excluded.title, status = excluded.status, amount = excluded.amount, currency = excluded.currency, \
         submitted_at = excluded.submitted_at, reviewed_at = excluded.reviewed_at, disputed_at = excluded.disputed_at, \
         dispute_resolved_at = excluded.dispute_resolved_at, approved_at = excluded.approved_at, \
         tax_invoice_approved_at = excluded.tax_invoice_approved_at, paid_at = excluded.paid_at, \
         updated_at = excluded.updated_at \
         WHERE (program_id, partner_name, title, status, amount, currency, submitted_at, reviewed_at, disputed_at, \
         dispute_resolved_at, approved_at, tax_invoice_approved_at, paid_at, updated_at) IS NOT (excluded.program_id, \
         excluded.partner_name, excluded.title, excluded.status, excluded.amount, excluded.currency, \
         excluded.submitted_at, excluded.reviewed_at, excluded.disputed_at, excluded.dispute_resolved_at, \
         excluded.approved_at, excluded.tax_invoice_approved_at, excluded.paid_at, excluded.updated_at)",
    )
    .bind(&claim.claim_id)
    .bind(&claim.program_id)
    .bind(&claim.partner_name)
    .bind(&claim.title)
    .bind(&claim.status_text)
    .bind(claim.amount.map(|amount| amount.to_string()))
    .bind(claim.currency.map(|currency| currency.to_string()));
    for moment in Moment::ALL {
        query = query.bind(instant(claim.moments.get(moment)));
    }
    let done = query.execute(&mut **transaction).await?;
    count(counts, (done.rows_affected() == 1).then_some(!existed));
    Ok(())
}

async fn payment_row(
    transaction: &mut Transaction<'static, Sqlite>,
    payment: &Payment,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let existed = exists(transaction, "SELECT 1 FROM claim_payments WHERE payment_id = ?", &payment.payment_id).await?;
    let done = sqlx::query(
        "INSERT INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (payment_id) DO UPDATE SET claim_id = excluded.claim_id, \
         paying_entity = excluded.paying_entity, amount = excluded.amount, currency = excluded.currency, \
         paid_at = excluded.paid_at WHERE (claim_id, paying_entity, amount, currency, paid_at) IS NOT \
         (excluded.claim_id, excluded.paying_entity, excluded.amount, excluded.currency, excluded.paid_at)",
    )
    .bind(&payment.payment_id)
    .bind(&payment.claim_id)
    .bind(&payment.paying_entity)
    .bind(payment.amount.map(|amount| amount.to_string()))
    .bind(payment.currency.map(|currency| currency.to_string()))
    .bind(instant(payment.paid_at))
    .execute(&mut **transaction)
    .await?;
    count(counts, (done.rows_affected() == 1).then_some(!existed));
    Ok(())
}

async fn history_row(
    transaction: &mut Transaction<'static, Sqlite>,
    entry: &HistoryEntry,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "INSERT INTO claim_history (claim_id, at, status, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(&entry.claim_id)
    .bind(instant(entry.at))
    .bind(&entry.status)
    .bind(&entry.note)
    .execute(&mut **transaction)
    .await?;
    count(counts, (done.rows_affected() == 1).then_some(true));
    Ok(())
}

async fn exists(
    transaction: &mut Transaction<'static, Sqlite>,
    sql: &'static str,
    id: &str,
) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(sql).bind(id).fetch_optional(&mut **transaction).await?;
    Ok(found.is_some())
}

fn instant(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(instant_text)
}
