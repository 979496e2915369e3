//! A file of rows within a limit. Rows come in any number; those that the file begins with are known last.
//!
//! Once its rows would be above the limit they are compressed, and go on being so: what is held at any moment, rows and
//! compressed rows together, stays below the limit. Only if that does not help are rows left out.

use ::csv::{Terminator, Writer, WriterBuilder};

use super::MailError;
use super::csv::{COLUMNS, Cells};
use super::gzip::Packed;

/// The limit of a file: encoded for mail it takes a third more, and servers refuse messages above 10 MB.
pub(super) const MAX_BYTES: usize = 5_000_000;
/// What of it is kept for the rows that come first.
const MAX_FIRST: usize = 500_000;
/// Spreadsheets take a file for another encoding without it.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The file as far as it is known.
pub(super) struct Attachment {
    /// The columns' names, and the rows that come first.
    first: Writer<Vec<u8>>,
    /// The other rows, as far as they are not compressed.
    others: Writer<Vec<u8>>,
    /// The other rows before them.
    packed: Option<Packed>,
    /// What the other rows may take.
    limit: usize,
    rows: usize,
    full: bool,
}

impl Attachment {
    /// A file without rows, of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        let first = writer(format!("{BYTE_ORDER_MARK}{}\r\n", COLUMNS.join(",")).into_bytes());
        let limit = limit.saturating_sub(MAX_FIRST);
        Self { first, others: writer(Vec::new()), packed: None, limit, rows: 0, full: false }
    }

    /// Whether a row was left out: then all later ones are, too.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// How many rows are in it.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether its rows had to be compressed.
    pub(super) fn is_compressed(&self) -> bool {
        self.packed.is_some()
    }

    /// Adds a row to those that come first, unless they would be very long.
    pub(super) fn begin_with(&mut self, row: &Cells) -> Result<(), MailError> {
        if written(&mut self.first)? + most_bytes(row) <= MAX_FIRST {
            self.rows += 1;
            self.first.write_record(row).map_err(failure)?;
        }
        Ok(())
    }

    /// Adds a row after all others, unless the file would grow beyond its limit even when it is compressed.
    pub(super) fn add(&mut self, row: &Cells) -> Result<(), MailError> {
        let most = most_bytes(row);
        if !self.full && !self.has_room(most)? {
            self.pack()?;
            self.full = !self.has_room(most)?;
        }
        if !self.full {
            self.rows += 1;
            self.others.write_record(row).map_err(failure)?;
        }
        Ok(())
    }

    /// The finished file, with `last` as its last row.
    pub(super) fn finish(mut self, last: Option<&Cells>) -> Result<Vec<u8>, MailError> {
        if let Some(last) = last {
            self.others.write_record(last).map_err(failure)?;
        }
        let mut first = self.first.into_inner().map_err(failure)?;
        let mut others = self.others.into_inner().map_err(failure)?;
        match self.packed {
            Some(packed) => Ok(packed.finish(&first, &others)),
            None => {
                first.append(&mut others);
                Ok(first)
            }
        }
    }

    fn has_room(&mut self, more: usize) -> Result<bool, MailError> {
        let packed = self.packed.as_ref().map_or(0, Packed::len);
        Ok(packed + written(&mut self.others)? + more <= self.limit)
    }

    fn pack(&mut self) -> Result<(), MailError> {
        let others = std::mem::replace(&mut self.others, writer(Vec::new())).into_inner().map_err(failure)?;
        self.packed.get_or_insert_default().add(&others);
        Ok(())
    }
}

fn writer(begun: Vec<u8>) -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(begun)
}

fn written(writer: &mut Writer<Vec<u8>>) -> Result<usize, MailError> {
    writer.flush().map_err(failure)?;
    Ok(writer.get_ref().len())
}

/// At worst every quote is doubled, and every cell quoted.
fn most_bytes(row: &Cells) -> usize {
    row.iter().map(|cell| cell.len() + cell.matches('"').count() + 3).sum()
}

fn failure(error: impl std::fmt::Display) -> MailError {
    MailError::Message(error.to_string())
}

#[cfg(test)]
mod tests;
