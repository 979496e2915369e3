//! Moving: everything that claimwatch keeps, copied from one database into an empty one, of either engine, and verified.
//!
//! What is read is as of one instant, what is written happens at once or not at all, and memory holds a batch of rows. Each
//! table is then read back and compared with what was read at first, before any of it happens. Source: docs/operate.md,
//! "Moving".

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::claim::clean_line;
use crate::store::transfer::{Cell, Filling, Reading, Sum, TABLES, Table, Taker};
use crate::store::{Store, StoreError};

/// How many values that cannot be moved are named at most.
const NAMED: usize = 20;

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    pub table: &'static str,
    pub rows: u64,
    /// Over every value of every row, the same on each engine; 64 hexadecimal digits.
    pub checksum: String,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    pub rows: u64,
    /// What was written is being read back.
    pub verifying: bool,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the source: {0}")]
    Source(StoreError),
    #[error("the target: {0}")]
    Target(StoreError),
    #[error("the source: {0}; stop whatever works on it, and copy then")]
    SourceAtWork(String),
    #[error("the target: {0}; stop whatever works on it, and copy then")]
    TargetAtWork(String),
    /// Each table that has rows, with how many.
    #[error("the target: found rows in {0}, expected an empty database")]
    NotEmpty(String),
    /// One line each.
    #[error("the source has values that cannot be copied:\n{0}")]
    Unreadable(String),
    #[error("{table}: read {read} rows ({read_sum}), and found {written} ({written_sum}) after they were written")]
    Differs { table: &'static str, read: u64, read_sum: String, written: u64, written_sum: String },
}

/// Copies every table of `source` into `target`, which has the schema and no rows. `now` judges the leases of a database
/// without a clock. `so_far` is told after every batch.
///
/// # Errors
/// [`CopyError`]; then nothing was copied.
pub async fn copy(
    source: &dyn Store,
    target: &dyn Store,
    now: DateTime<Utc>,
    so_far: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let mut reading = source.outgoing().await.map_err(CopyError::Source)?;
    let mut filling = target.incoming().await.map_err(CopyError::Target)?;
    refuse_work(&mut *reading, now).await?;
    if let Some(work) = filling.at_work(now).await.map_err(CopyError::Target)? {
        return Err(CopyError::TargetAtWork(work));
    }
    refuse_rows(&mut *filling).await?;

    let mut wrong = Vec::new();
    let mut read = Vec::new();
    for table in &TABLES {
        let mut taker = Copying::new(table, &mut *filling, &mut wrong, so_far);
        let outcome = reading.read(table, &mut taker).await;
        let (sum, failed) = (taker.sum, taker.failed);
        match (failed, outcome) {
            (Some(error), _) => return Err(CopyError::Target(error)),
            (None, Err(error)) => return Err(CopyError::Source(error)),
            (None, Ok(())) => read.push((table, sum)),
        }
        if wrong.len() >= NAMED {
            break;
        }
    }
    if !wrong.is_empty() {
        return Err(CopyError::Unreadable(wrong.join("\n")));
    }
    for (table, read) in &read {
        verify(table, read, &mut *filling, so_far).await?;
    }
    drop(reading);
    // Whoever began to work since would go on with what is copied already.
    refuse_work(&mut *source.outgoing().await.map_err(CopyError::Source)?, now).await?;
    filling.commit().await.map_err(CopyError::Target)?;
    Ok(read
        .into_iter()
        .map(|(table, sum)| Copied { table: table.name, rows: sum.rows, checksum: sum.checksum() })
        .collect())
}

async fn refuse_work(reading: &mut dyn Reading, now: DateTime<Utc>) -> Result<(), CopyError> {
    match reading.at_work(now).await.map_err(CopyError::Source)? {
        Some(work) => Err(CopyError::SourceAtWork(work)),
        None => Ok(()),
    }
}

async fn refuse_rows(filling: &mut dyn Filling) -> Result<(), CopyError> {
    let mut found = Vec::new();
    for table in &TABLES {
        let rows = filling.count(table).await.map_err(CopyError::Target)?;
        if rows > 0 {
            found.push(format!("{} ({rows})", table.name));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(CopyError::NotEmpty(found.join(", "))) }
}

async fn verify(
    table: &'static Table,
    read: &Sum,
    filling: &mut dyn Filling,
    so_far: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), CopyError> {
    let mut taker = Verifying { table, sum: Sum::default(), so_far };
    filling.read(table, &mut taker).await.map_err(CopyError::Target)?;
    let written = taker.sum;
    if written == *read {
        return Ok(());
    }
    Err(CopyError::Differs {
        table: table.name,
        read: read.rows,
        read_sum: read.checksum(),
        written: written.rows,
        written_sum: written.checksum(),
    })
}

/// Writes what it is handed, until a value cannot be written: from then on it only looks for more of them.
struct Copying<'a> {
    table: &'static Table,
    filling: &'a mut dyn Filling,
    wrong: &'a mut Vec<String>,
    so_far: &'a mut (dyn FnMut(Progress) + Send),
    sum: Sum,
    /// What the target failed with.
    failed: Option<StoreError>,
}

impl<'a> Copying<'a> {
    fn new(
        table: &'static Table,
        filling: &'a mut dyn Filling,
        wrong: &'a mut Vec<String>,
        so_far: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Self {
        Self { table, filling, wrong, so_far, sum: Sum::default(), failed: None }
    }

    /// What of a row cannot be written, a line a value.
    fn wrong_of<'r>(&'r self, row: &'r [Cell]) -> impl Iterator<Item = String> + 'r {
        self.table.columns.iter().zip(row).filter_map(|(column, cell)| {
            let (found, expected) = match cell {
                Cell::Unreadable(found) if column.of_alert => (found.as_str(), "one"),
                Cell::Unreadable(found) => (found.as_str(), column.kind.expected()),
                Cell::Text(text) => (text.as_str(), self.filling.expects(cell)?),
                _ => return None,
            };
            let found = clean_line(found, 60);
            Some(format!("{}: {}: found {found:?}, expected {expected}", self.table.row_name(row), column.name))
        })
    }
}

#[async_trait]
impl Taker for Copying<'_> {
    async fn take(&mut self, rows: Vec<Vec<Cell>>) -> Result<(), StoreError> {
        for row in &rows {
            let more: Vec<String> = self.wrong_of(row).take(NAMED.saturating_sub(self.wrong.len())).collect();
            self.wrong.extend(more);
            self.sum.add(row);
        }
        if self.wrong.is_empty()
            && let Err(error) = self.filling.write(self.table, &rows).await
        {
            self.failed = Some(error);
            return Err(StoreError::Failed("the target failed".into()));
        }
        (self.so_far)(Progress { table: self.table.name, rows: self.sum.rows, verifying: false });
        Ok(())
    }
}

struct Verifying<'a> {
    table: &'static Table,
    sum: Sum,
    so_far: &'a mut (dyn FnMut(Progress) + Send),
}

#[async_trait]
impl Taker for Verifying<'_> {
    async fn take(&mut self, rows: Vec<Vec<Cell>>) -> Result<(), StoreError> {
        rows.iter().for_each(|row| self.sum.add(row));
        (self.so_far)(Progress { table: self.table.name, rows: self.sum.rows, verifying: true });
        Ok(())
    }
}
