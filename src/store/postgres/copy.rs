//! COPY in PostgreSQL's binary format: it is read without being parsed, and the server works on the first rows while we
//! write the next ones. Source: PostgreSQL's manual, COPY, "Binary Format".

use sqlx::postgres::{PgArgumentBuffer, PgConnection, PgCopyIn};
use sqlx::{Encode, Postgres};

use crate::store::StoreError;

/// How many bytes are gathered before they are sent.
const ENOUGH: usize = 64 * 1024;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Rows of some columns each; every value must be of its column's own type.
pub(super) struct Rows {
    columns: i16,
    bytes: PgArgumentBuffer,
    any: bool,
}

impl Rows {
    pub fn of(columns: i16) -> Self {
        let mut bytes = PgArgumentBuffer::default();
        bytes.extend_from_slice(HEADER);
        Self { columns, bytes, any: false }
    }

    /// Begins the next row.
    pub fn row(&mut self) {
        self.any = true;
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
    }

    /// # Errors
    /// [`StoreError::Failed`] if it cannot be sent.
    pub fn value<'t>(&mut self, value: impl Encode<'t, Postgres>) -> Result<(), StoreError> {
        let failed = |why: String| StoreError::Failed(format!("a value cannot be sent: {why}"));
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&NULL);
        let is_null = value.encode(&mut self.bytes).map_err(|error| failed(error.to_string()))?;
        if !is_null.is_null() {
            let length =
                i32::try_from(self.bytes.len() - begin - NULL.len()).map_err(|error| failed(error.to_string()))?;
            self.bytes[begin..begin + NULL.len()].copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Failed`] if it is too long.
    pub fn text(&mut self, text: &str) -> Result<(), StoreError> {
        // What the server cannot keep at all.
        if text.contains('\0') { self.value(text.replace('\0', "")) } else { self.value(text) }
    }

    /// # Errors
    /// [`StoreError::Failed`] if it is too long.
    pub fn optional(&mut self, text: Option<&str>) -> Result<(), StoreError> {
        match text {
            Some(text) => self.text(text),
            None => self.value(None::<&str>),
        }
    }

    /// Sends what was gathered, if that is enough.
    ///
    /// # Errors
    /// The connection's.
    pub async fn flow(&mut self, into: &mut PgCopyIn<&mut PgConnection>) -> Result<(), sqlx::Error> {
        if self.bytes.len() >= ENOUGH {
            into.send(&self.bytes[..]).await?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Sends the rest.
    ///
    /// # Errors
    /// The connection's.
    pub async fn end(mut self, into: &mut PgCopyIn<&mut PgConnection>) -> Result<(), sqlx::Error> {
        self.bytes.extend_from_slice(&TRAILER);
        into.send(&self.bytes[..]).await?;
        Ok(())
    }
}

/// Begins `statement`, which says `FROM STDIN (FORMAT binary)`.
///
/// # Errors
/// The server's.
pub(super) async fn begin<'c>(
    connection: &'c mut PgConnection,
    statement: &str,
) -> Result<PgCopyIn<&'c mut PgConnection>, sqlx::Error> {
    connection.copy_in_raw(statement).await
}

/// Copies `rows`, if there are any.
///
/// # Errors
/// The server's.
pub(super) async fn copy(connection: &mut PgConnection, statement: &str, rows: Rows) -> Result<(), sqlx::Error> {
    if rows.any {
        let mut copy = begin(connection, statement).await?;
        rows.end(&mut copy).await?;
        copy.finish().await?;
    }
    Ok(())
}
