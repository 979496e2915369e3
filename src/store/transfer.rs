//! Moving a database: every table of ours read as it is stored, and filled in another database, whichever engine either is.
//!
//! A row is its cells in the order of the table's columns ([`TABLES`]), in one form for every engine; what is not in that
//! form is [`Cell::Unreadable`], never guessed. Whoever moves rows sees a batch of them at a time.

mod cell;
mod tables;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;

pub use cell::{Cell, Sum};
pub use tables::{Column, Kind, LEADERSHIP, NOT_MOVED, TABLES, Table};

/// Reads every table of ours, and fills those of an empty database.
#[async_trait]
pub trait Transfer: Send + Sync {
    /// Begins to read everything as it is at one instant.
    ///
    /// # Errors
    /// [`StoreError::Schema`] if the schema is not the one of this version.
    async fn outgoing(&self) -> Result<Box<dyn Reading>, StoreError>;

    /// Begins to fill the tables; nobody else writes to them until that ends. Dropped before [`Filling::commit`], nothing
    /// of it happened.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn incoming(&self) -> Result<Box<dyn Filling>, StoreError>;
}

/// Tables being read, all of them within one transaction.
#[async_trait]
pub trait Reading: Send {
    /// Who works on this database, as this transaction sees it: a daemon that leads, or someone who has a mail in hand.
    /// `now` judges leases where the database has no clock of its own.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn at_work(&mut self, now: DateTime<Utc>) -> Result<Option<String>, StoreError>;

    /// Hands every row of `table` to `taker`, a batch at a time, in no order.
    ///
    /// # Errors
    /// [`StoreError`], also what `taker` failed with.
    async fn read(&mut self, table: &'static Table, taker: &mut dyn Taker) -> Result<(), StoreError>;
}

/// Whoever is handed rows.
#[async_trait]
pub trait Taker: Send {
    /// # Errors
    /// [`StoreError`]; then no more rows come.
    async fn take(&mut self, rows: Vec<Vec<Cell>>) -> Result<(), StoreError>;
}

/// Tables being filled, and read as they are filled so far.
#[async_trait]
pub trait Filling: Reading {
    /// How many rows of `table` there are.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError>;

    /// What this engine expects in place of `cell`, which it cannot hold; `None`: it can.
    fn expects(&self, cell: &Cell) -> Option<&'static str>;

    /// Adds rows to `table`; none of their cells is unreadable.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing can be committed any more.
    async fn write(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), StoreError>;

    /// Makes all of it happen.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of it happened.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
