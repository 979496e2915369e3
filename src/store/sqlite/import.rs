//! Imports: rows into the embedded database's own tables, all or none.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};

use super::rows::instant_text;
use super::{SqliteStore, StoreError};
use crate::claim::{Claim, HistoryEntry, Moment, Payment, Program};
use crate::store::batches::{self, Tables, count};
use crate::store::{Import, ImportCounts, ImportMode, ImportRows, RowCounts};

#[async_trait]
impl Import for SqliteStore {
    async fn import(&self, rows: ImportRows<'_>, mode: ImportMode) -> Result<ImportCounts, StoreError> {
        let mut tables = Filling(self.begin().await?);
        let Some(mut counts) = batches::fill(&mut tables, rows).await? else { return Ok(ImportCounts::default()) };
        if mode == ImportMode::Store {
            tables.0.commit().await?;
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

type Writing = Transaction<'static, Sqlite>;

struct Filling(Writing);

#[async_trait]
impl Tables for Filling {
    async fn programs(&mut self, rows: &[Program], counts: &mut RowCounts) -> Result<(), StoreError> {
        store_programs(&mut self.0, rows, counts).await
    }

    async fn claims(&mut self, rows: &[Claim], counts: &mut RowCounts) -> Result<(), StoreError> {
        store_claims(&mut self.0, rows, counts).await
    }

    async fn payments(&mut self, rows: &[Payment], counts: &mut RowCounts) -> Result<(), StoreError> {
        store_payments(&mut self.0, rows, counts).await
    }

    async fn history(&mut self, rows: &[HistoryEntry], counts: &mut RowCounts) -> Result<(), StoreError> {
        store_history(&mut self.0, rows, counts).await
    }
}

async fn store_programs(
    transaction: &mut Writing,
    programs: &[Program],
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let ids = programs.iter().map(|program| program.program_id.as_str());
    let sql = "SELECT count(*) FROM programs WHERE program_id IN (SELECT value FROM json_each(?))";
    let existed = existing(transaction, sql, ids).await?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO programs (program_id, name, calendar, requires_tax_invoice, payment_currency) ",
    );
    query.push_values(programs, |mut row, program| {
        row.push_bind(&program.program_id)
            .push_bind(&program.name)
            .push_bind(&program.calendar)
            .push_bind(program.requires_tax_invoice)
            .push_bind(program.payment_currency.map(|currency| currency.to_string()));
    });
    query.push(
        " ON CONFLICT (program_id) DO UPDATE SET name = excluded.name, calendar = excluded.calendar, \
         requires_tax_invoice = excluded.requires_tax_invoice, payment_currency = excluded.payment_currency \
         WHERE (programs.name, programs.calendar, programs.requires_tax_invoice, programs.payment_currency) IS NOT \
         (excluded.name, excluded.calendar, excluded.requires_tax_invoice, excluded.payment_currency)",
    );
    let done = query.build().execute(&mut **transaction).await?;
    count(counts, programs.len(), existed, done.rows_affected());
    Ok(())
}

async fn store_claims(transaction: &mut Writing, claims: &[Claim], counts: &mut RowCounts) -> Result<(), StoreError> {
    let ids = claims.iter().map(|claim| claim.claim_id.as_str());
    let sql = "SELECT count(*) FROM claims WHERE claim_id IN (SELECT value FROM json_each(?))";
    let existed = existing(transaction, sql, ids).await?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO claims (claim_id, program_id, partner_name, title, status, amount, currency, submitted_at, \
         reviewed_at, disputed_at, dispute_resolved_at, approved_at, tax_invoice_approved_at, paid_at, updated_at) ",
    );
    query.push_values(claims, |mut row, claim| {
        row.push_bind(&claim.claim_id)
            .push_bind(&claim.program_id)
            .push_bind(&claim.partner_name)
            .push_bind(&claim.title)
            .push_bind(&claim.status_text)
            .push_bind(claim.amount.map(|amount| amount.to_string()))
            .push_bind(claim.currency.map(|currency| currency.to_string()));
        for moment in Moment::ALL {
            row.push_bind(instant(claim.moments.get(moment)));
        }
    });
    query.push(
        " ON CONFLICT (claim_id) DO UPDATE SET program_id = excluded.program_id, partner_name = excluded.partner_name, \
         title = excluded.title, status = excluded.status, amount = excluded.amount, currency = excluded.currency, \
         submitted_at = excluded.submitted_at, reviewed_at = excluded.reviewed_at, disputed_at = excluded.disputed_at, \
         dispute_resolved_at = excluded.dispute_resolved_at, approved_at = excluded.approved_at, \
         tax_invoice_approved_at = excluded.tax_invoice_approved_at, paid_at = excluded.paid_at, \
         updated_at = excluded.updated_at \
         WHERE (claims.program_id, claims.partner_name, claims.title, claims.status, claims.amount, claims.currency, \
         claims.submitted_at, claims.reviewed_at, claims.disputed_at, claims.dispute_resolved_at, claims.approved_at, \
         claims.tax_invoice_approved_at, claims.paid_at, claims.updated_at) IS NOT (excluded.program_id, \
         excluded.partner_name, excluded.title, excluded.status, excluded.amount, excluded.currency, \
         excluded.submitted_at, excluded.reviewed_at, excluded.disputed_at, excluded.dispute_resolved_at, \
         excluded.approved_at, excluded.tax_invoice_approved_at, excluded.paid_at, excluded.updated_at)",
    );
    let done = query.build().execute(&mut **transaction).await?;
    count(counts, claims.len(), existed, done.rows_affected());
    Ok(())
}

async fn store_payments(
    transaction: &mut Writing,
    payments: &[Payment],
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let ids = payments.iter().map(|payment| payment.payment_id.as_str());
    let sql = "SELECT count(*) FROM claim_payments WHERE payment_id IN (SELECT value FROM json_each(?))";
    let existed = existing(transaction, sql, ids).await?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at) ",
    );
    query.push_values(payments, |mut row, payment| {
        row.push_bind(&payment.payment_id)
            .push_bind(&payment.claim_id)
            .push_bind(&payment.paying_entity)
            .push_bind(payment.amount.map(|amount| amount.to_string()))
            .push_bind(payment.currency.map(|currency| currency.to_string()))
            .push_bind(instant(payment.paid_at));
    });
    query.push(
        " ON CONFLICT (payment_id) DO UPDATE SET claim_id = excluded.claim_id, \
         paying_entity = excluded.paying_entity, amount = excluded.amount, currency = excluded.currency, \
         paid_at = excluded.paid_at WHERE (claim_payments.claim_id, claim_payments.paying_entity, \
         claim_payments.amount, claim_payments.currency, claim_payments.paid_at) IS NOT \
         (excluded.claim_id, excluded.paying_entity, excluded.amount, excluded.currency, excluded.paid_at)",
    );
    let done = query.build().execute(&mut **transaction).await?;
    count(counts, payments.len(), existed, done.rows_affected());
    Ok(())
}

async fn store_history(
    transaction: &mut Writing,
    history: &[HistoryEntry],
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO claim_history (claim_id, at, status, note) ");
    query.push_values(history, |mut row, entry| {
        row.push_bind(&entry.claim_id).push_bind(instant(entry.at)).push_bind(&entry.status).push_bind(&entry.note);
    });
    query.push(" ON CONFLICT DO NOTHING");
    let new = query.build().execute(&mut **transaction).await?.rows_affected();
    counts.new += new;
    counts.same += (history.len() as u64).saturating_sub(new);
    Ok(())
}

async fn existing(
    transaction: &mut Writing,
    sql: &'static str,
    ids: impl Iterator<Item = &str> + Send,
) -> Result<u64, StoreError> {
    let ids: Vec<&str> = ids.collect();
    let ids = serde_json::to_string(&ids).map_err(|error| StoreError::Failed(error.to_string()))?;
    let found: i64 = sqlx::query_scalar(sql).bind(ids).fetch_one(&mut **transaction).await?;
    Ok(found.unsigned_abs())
}

fn instant(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(instant_text)
}
