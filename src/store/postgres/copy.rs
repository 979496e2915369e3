//! Rows in COPY's binary format: what would be written as text and read again by the server is sent as it keeps it.
//! Source: PostgreSQL's manual, COPY, "Binary Format".

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sqlx::encode::IsNull;
use sqlx::postgres::{PgArgumentBuffer, PgConnection};
use sqlx::{Encode, Postgres};

use crate::store::StoreError;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Rows of `columns` fields each, in the order of the statement's columns.
pub(super) struct Rows {
    statement: Cow<'static, str>,
    columns: i16,
    rows: usize,
    bytes: PgArgumentBuffer,
}

impl Rows {
    /// For `statement`, which copies so many columns.
    pub fn of(statement: impl Into<Cow<'static, str>>, columns: i16) -> Self {
        let mut bytes = PgArgumentBuffer::default();
        bytes.extend(HEADER);
        Self { statement: statement.into(), columns, rows: 0, bytes }
    }

    /// Begins a row; its fields follow.
    pub fn begin(&mut self) {
        self.rows += 1;
        self.bytes.extend(self.columns.to_be_bytes());
    }

    /// The next field: a value of the column's own type.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it cannot be sent.
    pub fn field<'t>(&mut self, value: impl Encode<'t, Postgres>) -> Result<(), StoreError> {
        let place = self.bytes.len();
        self.bytes.extend(NULL);
        let encoded = value.encode(&mut self.bytes);
        if let IsNull::No = encoded.map_err(|error| StoreError::Failed(format!("a value cannot be sent: {error}")))? {
            let from = place + NULL.len();
            let length = i32::try_from(self.bytes.len() - from).unwrap_or(i32::MAX).to_be_bytes();
            self.bytes[place..from].copy_from_slice(&length);
        }
        Ok(())
    }

    /// The next field, an instant.
    ///
    /// # Errors
    /// As [`Rows::field`].
    pub fn instant(&mut self, at: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        self.field(at)
    }

    /// Copies the rows into their table.
    pub async fn copy(mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.rows == 0 {
            return Ok(());
        }
        self.bytes.extend(TRAILER);
        let mut copy = connection.copy_in_raw(&self.statement).await?;
        copy.send(&**self.bytes).await?;
        copy.finish().await?;
        Ok(())
    }
}
