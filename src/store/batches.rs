//! An import's rows on their way into the tables, by batches: each statement is a trip to the database, which costs more
//! than a row does.

use async_trait::async_trait;

use super::{ImportCounts, ImportRow, ImportRows, RowCounts, StoreError};
use crate::claim::{Claim, HistoryEntry, Payment, Program};

/// Rows in one statement: of claims, the widest, it takes some 1,000 parameters.
const BATCH: usize = 64;

/// The tables that an import fills, within one transaction; rows of one call have different keys, unless they are history.
#[async_trait]
pub(super) trait Tables: Send {
    async fn programs(&mut self, rows: &[Program], counts: &mut RowCounts) -> Result<(), StoreError>;
    async fn claims(&mut self, rows: &[Claim], counts: &mut RowCounts) -> Result<(), StoreError>;
    async fn payments(&mut self, rows: &[Payment], counts: &mut RowCounts) -> Result<(), StoreError>;
    async fn history(&mut self, rows: &[HistoryEntry], counts: &mut RowCounts) -> Result<(), StoreError>;
}

/// Puts `rows` into `tables`; `None`: one was refused, and nothing is to be kept.
pub(super) async fn fill(tables: &mut dyn Tables, rows: ImportRows<'_>) -> Result<Option<ImportCounts>, StoreError> {
    let mut batches = Batches::default();
    let mut refused = false;
    for row in rows {
        match row {
            Some(row) if !refused => batches.add(tables, row).await?,
            Some(_) => {}
            None => refused = true,
        }
    }
    if refused {
        return Ok(None);
    }
    batches.store(tables).await?;
    Ok(Some(batches.counts))
}

/// Rows that wait until there are enough of them for a statement.
#[derive(Default)]
struct Batches {
    programs: Vec<Program>,
    claims: Vec<Claim>,
    payments: Vec<Payment>,
    history: Vec<HistoryEntry>,
    counts: ImportCounts,
}

impl Batches {
    async fn add(&mut self, tables: &mut dyn Tables, row: ImportRow) -> Result<(), StoreError> {
        let waiting = match row {
            ImportRow::Program(program) => push(&mut self.programs, program),
            ImportRow::Claim(claim) => push(&mut self.claims, claim),
            ImportRow::Payment(payment) => push(&mut self.payments, payment),
            ImportRow::History(entry) => push(&mut self.history, entry),
        };
        if waiting < BATCH { Ok(()) } else { self.store(tables).await }
    }

    async fn store(&mut self, tables: &mut dyn Tables) -> Result<(), StoreError> {
        let counts = &mut self.counts;
        if !self.programs.is_empty() {
            tables.programs(&std::mem::take(&mut self.programs), &mut counts.programs).await?;
        }
        if !self.claims.is_empty() {
            tables.claims(&std::mem::take(&mut self.claims), &mut counts.claims).await?;
        }
        if !self.payments.is_empty() {
            tables.payments(&std::mem::take(&mut self.payments), &mut counts.payments).await?;
        }
        if !self.history.is_empty() {
            tables.history(&std::mem::take(&mut self.history), &mut counts.history).await?;
        }
        Ok(())
    }
}

fn push<T>(batch: &mut Vec<T>, row: T) -> usize {
    batch.push(row);
    batch.len()
}

/// Counts an upsert of `rows` rows with different keys, of which `existed` were there before and `touched` were written.
pub(super) fn count(counts: &mut RowCounts, rows: usize, existed: u64, touched: u64) {
    let new = (rows as u64).saturating_sub(existed);
    counts.new += new;
    counts.changed += touched.saturating_sub(new);
    counts.same += (rows as u64).saturating_sub(touched);
}
