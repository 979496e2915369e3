//! Records of a CSV file, strictly by RFC 4180, each with the line on which it starts.
//!
//! Strict, because a quote in the wrong place would otherwise shift or swallow rows in silence; and with lines counted
//! as an editor counts them, whatever ends them and wherever blank ones stand.

use std::io::{self, BufRead, Read};

/// More than every column at its longest; without a bound, a quote that is never closed would read the whole file into
/// memory.
const MAX_RECORD_BYTES: usize = 32 << 20;

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// One record: its fields without their quotes.
#[derive(Debug, Default)]
pub struct Record {
    /// The fields, each followed by a comma, so that what is cut across a field is no UTF-8 either.
    text: String,
    ends: Vec<usize>,
    line: u64,
}

impl Record {
    /// How many fields it has.
    pub fn field_count(&self) -> usize {
        self.ends.len()
    }

    /// The line on which it starts; the first is 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A field; empty if there is none.
    pub fn get(&self, field: usize) -> &str {
        let start = field.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + 1);
        self.ends.get(field).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }
}

/// What is wrong with a record, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    pub line: u64,
    /// The field, counted from 0.
    pub field: usize,
    pub found: String,
    pub expected: &'static str,
    /// Whether it cannot be told where the next record starts.
    pub ends_file: bool,
}

/// Reads records one after the other; blank lines between them are no records.
#[derive(Debug)]
pub struct Records<R> {
    input: R,
    /// The line (or of a long quoted field the latest line) that is being read.
    raw: Vec<u8>,
    lines_read: u64,
    bytes_read: u64,
}

impl<R: BufRead> Records<R> {
    pub fn new(input: R) -> Self {
        Self { input, raw: Vec::new(), lines_read: 0, bytes_read: 0 }
    }

    /// How far it has read.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Reads the next record into `record`; `Ok(Ok(false))`: there is none.
    ///
    /// # Errors
    /// What the file system says; and within, what is wrong with the record.
    pub fn read(&mut self, record: &mut Record) -> io::Result<Result<bool, Malformed>> {
        loop {
            match self.read_line(MAX_RECORD_BYTES)? {
                Line::Read => {}
                Line::End => return Ok(Ok(false)),
                Line::TooLong => return Ok(Err(too_long(self.lines_read, 0))),
            }
            if self.lines_read == 1 {
                if self.raw.starts_with(&[0xFF, 0xFE]) || self.raw.starts_with(&[0xFE, 0xFF]) {
                    return Ok(Err(Malformed::here(0, "UTF-16", "UTF-8").ending_file()));
                }
                if self.raw.starts_with(BYTE_ORDER_MARK) {
                    self.raw.drain(..BYTE_ORDER_MARK.len());
                }
            }
            if self.content_end() > 0 {
                break;
            }
        }
        record.line = self.lines_read;
        record.ends.clear();
        let mut text = std::mem::take(&mut record.text).into_bytes();
        text.clear();
        let split = self.split(&mut text, &mut record.ends)?;
        let decoded = String::from_utf8(text);
        if let Some(problem) = split {
            return Ok(Err(Malformed { line: record.line, ..problem }));
        }
        match decoded {
            Ok(text) => record.text = text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let field = record.ends.partition_point(|end| *end < at);
                let start = if field == 0 { 0 } else { record.ends[field - 1] + 1 };
                let found = quoted(&String::from_utf8_lossy(&error.as_bytes()[start..record.ends[field]]));
                return Ok(Err(Malformed { line: record.line, ..Malformed::here(field, found, "text in UTF-8") }));
            }
        }
        Ok(Ok(true))
    }

    /// Splits the record that starts with the line in `raw`, reading on where a quoted field has more lines.
    fn split(&mut self, text: &mut Vec<u8>, ends: &mut Vec<usize>) -> io::Result<Option<Malformed>> {
        let mut at = 0;
        let mut problem = None;
        loop {
            if self.raw.get(at) == Some(&b'"') {
                at = match self.quoted_field(at + 1, text, ends.len())? {
                    Ok(after) => after,
                    Err(malformed) => return Ok(Some(malformed)),
                };
            } else {
                let end = self.content_end();
                let length = self.raw[at..end].iter().position(|byte| *byte == b',').unwrap_or(end - at);
                let field = &self.raw[at..at + length];
                if problem.is_none() {
                    problem = check_unquoted(field, ends.len());
                }
                text.extend_from_slice(field);
                at += length;
            }
            ends.push(text.len());
            text.push(b',');
            if at >= self.content_end() {
                return Ok(problem);
            }
            at += 1;
        }
    }

    /// Appends the quoted field whose content starts at `at`; answers where it ends, after its closing quote.
    fn quoted_field(
        &mut self,
        mut at: usize,
        text: &mut Vec<u8>,
        field: usize,
    ) -> io::Result<Result<usize, Malformed>> {
        loop {
            let Some(length) = self.raw[at..].iter().position(|byte| *byte == b'"') else {
                text.extend_from_slice(&self.raw[at..]);
                at = 0;
                match self.read_line(MAX_RECORD_BYTES.saturating_sub(text.len()))? {
                    Line::Read => continue,
                    Line::End => return Ok(Err(Malformed::here(field, "the end of the file", CLOSED).ending_file())),
                    Line::TooLong => return Ok(Err(too_long(0, field))),
                }
            };
            let quote = at + length;
            text.extend_from_slice(&self.raw[at..quote]);
            at = quote + 1;
            match self.raw.get(at) {
                Some(b'"') => {
                    text.push(b'"');
                    at += 1;
                }
                Some(b',') => return Ok(Ok(at)),
                _ if at == self.content_end() => return Ok(Ok(at)),
                _ => {
                    let found = quoted(&String::from_utf8_lossy(&self.raw[at..self.content_end()]));
                    let expected = "a comma or the end of the line after the closing quote (a quote within is doubled)";
                    let found = format!("{found} on line {}", self.lines_read);
                    return Ok(Err(Malformed::here(field, found, expected).ending_file()));
                }
            }
        }
    }

    /// Where the line ends, without what ends it.
    fn content_end(&self) -> usize {
        let line = self.raw.strip_suffix(b"\n").unwrap_or(&self.raw);
        if line.len() < self.raw.len() { line.strip_suffix(b"\r").unwrap_or(line).len() } else { line.len() }
    }

    /// Reads the next line into `raw`.
    fn read_line(&mut self, limit: usize) -> io::Result<Line> {
        self.raw.clear();
        let read = (&mut self.input).take(limit as u64).read_until(b'\n', &mut self.raw)?;
        self.bytes_read += read as u64;
        self.lines_read += 1;
        Ok(match read {
            _ if read == limit && !self.raw.ends_with(b"\n") => Line::TooLong,
            0 => Line::End,
            _ => Line::Read,
        })
    }
}

enum Line {
    Read,
    End,
    TooLong,
}

const CLOSED: &str = "the field's closing quote";

impl Malformed {
    /// A record that is wrong, on a line that whoever knows it fills in, with the next one where it should be.
    fn here(field: usize, found: impl Into<String>, expected: &'static str) -> Self {
        Self { line: 1, field, found: found.into(), expected, ends_file: false }
    }

    fn ending_file(self) -> Self {
        Self { ends_file: true, ..self }
    }
}

fn too_long(line: u64, field: usize) -> Malformed {
    let problem =
        Malformed::here(field, "a record of more than 32 MiB", "a line break, or a field's closing quote, before");
    Malformed { line, ..problem.ending_file() }
}

fn check_unquoted(field: &[u8], index: usize) -> Option<Malformed> {
    let wrong = field.iter().find(|byte| matches!(byte, b'"' | b'\r'))?;
    let text = quoted(&String::from_utf8_lossy(field));
    let (found, expected) = match wrong {
        b'"' => (text, "the field in quotes, and each quote in it doubled"),
        _ => (format!("a carriage return within {text}"), "lines that end with LF or CRLF"),
    };
    Some(Malformed::here(index, found, expected))
}

/// What was found, made harmless and cut, in quotes.
pub fn quoted(found: &str) -> String {
    format!("\"{}\"", crate::claim::clean_line(found, 80))
}

#[cfg(test)]
mod tests;
