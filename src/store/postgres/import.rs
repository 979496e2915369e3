//! Imports: rows into the schema's own tables, all or none.

use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::Row;

use super::PostgresStore;
use super::unit::{Isolation, Unit, in_unit, made, query};
use crate::claim::{Claim, HistoryEntry, Moment, Payment, Program};
use crate::store::batches::{self, Tables, count};
use crate::store::{Import, ImportCounts, ImportMode, ImportRows, RowCounts, StoreError};

#[async_trait]
impl Import for PostgresStore {
    async fn import(&self, rows: ImportRows<'_>, mode: ImportMode) -> Result<ImportCounts, StoreError> {
        let mut tables = Filling(self.begin(Isolation::ReadCommitted).await?);
        let Some(mut counts) = batches::fill(&mut tables, rows).await? else {
            tables.0.rollback().await?;
            return Ok(ImportCounts::default());
        };
        match mode {
            ImportMode::Store => {
                tables.0.commit().await?;
                counts.stored = true;
            }
            ImportMode::DryRun => tables.0.rollback().await?,
        }
        Ok(counts)
    }

    async fn known_claims(&self, claim_ids: &[String]) -> Result<HashSet<String>, StoreError> {
        in_unit!(self, unit, {
            let rows = query("SELECT claim_id FROM claims WHERE claim_id = ANY ($1)")
                .bind(claim_ids)
                .fetch_all(&mut **unit)
                .await?;
            rows.iter().map(|row| Ok(row.try_get("claim_id")?)).collect()
        })
    }
}

struct Filling(Unit);

/// Carries out an upsert of the rows with `ids`, which leaves those alone that stay the same, and counts what it did.
async fn counted(
    unit: &mut Unit,
    existing: &'static str,
    ids: Vec<&str>,
    upsert: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
    counts: &mut RowCounts,
) -> Result<(), StoreError> {
    let rows = ids.len();
    let existed: i64 = query(existing).bind(ids).fetch_one(&mut **unit).await?.try_get(0)?;
    let touched = upsert.execute(&mut **unit).await?.rows_affected();
    count(counts, rows, existed.unsigned_abs(), touched);
    Ok(())
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

#[async_trait]
impl Tables for Filling {
    async fn programs(&mut self, rows: &[Program], counts: &mut RowCounts) -> Result<(), StoreError> {
        let upsert = query(
            "INSERT INTO programs (program_id, name, calendar, requires_tax_invoice, payment_currency) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[]) \
             ON CONFLICT (program_id) DO UPDATE SET name = excluded.name, calendar = excluded.calendar, \
             requires_tax_invoice = excluded.requires_tax_invoice, payment_currency = excluded.payment_currency \
             WHERE (programs.name, programs.calendar, programs.requires_tax_invoice, programs.payment_currency) \
             IS DISTINCT FROM \
             (excluded.name, excluded.calendar, excluded.requires_tax_invoice, excluded.payment_currency)",
        )
        .bind(column(rows, |program| program.program_id.as_str()))
        .bind(column(rows, |program| program.name.as_deref()))
        .bind(column(rows, |program| program.calendar.as_deref()))
        .bind(column(rows, |program| program.requires_tax_invoice))
        .bind(column(rows, |program| program.payment_currency.map(|currency| currency.to_string())));
        let ids = column(rows, |program| program.program_id.as_str());
        counted(&mut self.0, "SELECT count(*) FROM programs WHERE program_id = ANY ($1)", ids, upsert, counts).await
    }

    async fn claims(&mut self, rows: &[Claim], counts: &mut RowCounts) -> Result<(), StoreError> {
        let plain = ["program_id", "partner_name", "title", "status", "amount", "currency"];
        let columns: Vec<&str> = plain.into_iter().chain(Moment::ALL.map(Moment::column)).collect();
        let of = |table: &str| columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
        let set: Vec<String> = columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let instants: Vec<String> = (8..8 + Moment::ALL.len()).map(|n| format!("${n}::timestamptz[]")).collect();
        let mut upsert = made(format!(
            "INSERT INTO claims (claim_id, {}) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
             $5::text[], $6::numeric[], $7::text[], {}) ON CONFLICT (claim_id) DO UPDATE SET {} \
             WHERE ({}) IS DISTINCT FROM ({})",
            columns.join(", "),
            instants.join(", "),
            set.join(", "),
            of("claims"),
            of("excluded"),
        ))
        .bind(column(rows, |claim| claim.claim_id.as_str()))
        .bind(column(rows, |claim| claim.program_id.as_deref()))
        .bind(column(rows, |claim| claim.partner_name.as_deref()))
        .bind(column(rows, |claim| claim.title.as_deref()))
        .bind(column(rows, |claim| claim.status_text.as_str()))
        .bind(column(rows, |claim| claim.amount))
        .bind(column(rows, |claim| claim.currency.map(|currency| currency.to_string())));
        for moment in Moment::ALL {
            upsert = upsert.bind(column(rows, |claim| claim.moments.get(moment)));
        }
        let ids = column(rows, |claim| claim.claim_id.as_str());
        counted(&mut self.0, "SELECT count(*) FROM claims WHERE claim_id = ANY ($1)", ids, upsert, counts).await
    }

    async fn payments(&mut self, rows: &[Payment], counts: &mut RowCounts) -> Result<(), StoreError> {
        let upsert = query(
            "INSERT INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::timestamptz[]) \
             ON CONFLICT (payment_id) DO UPDATE SET claim_id = excluded.claim_id, \
             paying_entity = excluded.paying_entity, amount = excluded.amount, currency = excluded.currency, \
             paid_at = excluded.paid_at WHERE (claim_payments.claim_id, claim_payments.paying_entity, \
             claim_payments.amount, claim_payments.currency, claim_payments.paid_at) IS DISTINCT FROM \
             (excluded.claim_id, excluded.paying_entity, excluded.amount, excluded.currency, excluded.paid_at)",
        )
        .bind(column(rows, |payment| payment.payment_id.as_str()))
        .bind(column(rows, |payment| payment.claim_id.as_str()))
        .bind(column(rows, |payment| payment.paying_entity.as_deref()))
        .bind(column(rows, |payment| payment.amount))
        .bind(column(rows, |payment| payment.currency.map(|currency| currency.to_string())))
        .bind(column(rows, |payment| payment.paid_at));
        let ids = column(rows, |payment| payment.payment_id.as_str());
        let existing = "SELECT count(*) FROM claim_payments WHERE payment_id = ANY ($1)";
        counted(&mut self.0, existing, ids, upsert, counts).await
    }

    async fn history(&mut self, rows: &[HistoryEntry], counts: &mut RowCounts) -> Result<(), StoreError> {
        let insert = query(
            "INSERT INTO claim_history (claim_id, at, status, note) \
             SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING",
        )
        .bind(column(rows, |entry| entry.claim_id.as_str()))
        .bind(column(rows, |entry| entry.at))
        .bind(column(rows, |entry| entry.status.as_deref()))
        .bind(column(rows, |entry| entry.note.as_deref()));
        let new = insert.execute(&mut *self.0).await?.rows_affected();
        counts.new += new;
        counts.same += (rows.len() as u64).saturating_sub(new);
        Ok(())
    }
}
