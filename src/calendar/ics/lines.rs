//! The content lines of a file: unfolded, with the numbers of the lines where they begin.

use std::borrow::Cow;

use super::MAX_BYTES;
use super::error::Wrong;

/// One content line; `number` is that of its first line in the file, from 1.
pub(super) struct Line<'a> {
    pub number: usize,
    pub text: Cow<'a, str>,
}

/// Content lines, one after the other. Lines end with CRLF, LF or, in a file without LF, CR; empty ones are skipped. A
/// line that begins with a space or a tab continues the one before it, whatever that cuts in two.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    end: u8,
    number: usize,
}

impl<'a> Lines<'a> {
    /// # Errors
    /// A file that is too large, empty, or plainly something else than text.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Wrong> {
        if bytes.len() > MAX_BYTES {
            let expected = format!("at most {} MiB", MAX_BYTES / (1024 * 1024));
            return Err(Wrong::in_file(format!("{} bytes", bytes.len()), expected));
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(Wrong::in_file("UTF-16 text", "UTF-8 text"));
        }
        let rest = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
        if rest.iter().all(u8::is_ascii_whitespace) {
            return Err(Wrong::in_file("an empty file", "a calendar (BEGIN:VCALENDAR)"));
        }
        let end = if rest.contains(&b'\n') { b'\n' } else { b'\r' };
        Ok(Self { rest, end, number: 0 })
    }

    /// The next line of the file as it stands, without its end.
    fn physical(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.rest.iter().position(|byte| *byte == self.end);
        let (line, rest) = match at {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        self.number += 1;
        Some(line.trim_suffix_returns())
    }

    /// The rest of a folded line, past empty lines; `None`, and nothing is consumed but these, if there is none.
    fn continuation(&mut self) -> Option<&'a [u8]> {
        loop {
            let (rest, number) = (self.rest, self.number);
            let line = self.physical()?;
            match line.first() {
                None => {}
                Some(b' ' | b'\t') => return Some(&line[1..]),
                Some(_) => {
                    (self.rest, self.number) = (rest, number);
                    return None;
                }
            }
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = loop {
            let line = self.physical()?.trim_ascii_start();
            if !line.is_empty() {
                break line;
            }
        };
        let number = self.number;
        let mut bytes = Cow::Borrowed(first);
        while let Some(more) = self.continuation() {
            bytes.to_mut().extend_from_slice(more);
        }
        if bytes.contains(&0) {
            return Some(Err(Wrong::at(number, "a NUL byte", "text")));
        }
        let text = match bytes {
            Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| wrong_byte(bytes, error)),
            Cow::Owned(bytes) => String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|error| wrong_byte(error.as_bytes(), error.utf8_error())),
        };
        Some(text.map(|text| Line { number, text }).map_err(|found| Wrong::at(number, found, "UTF-8 text")))
    }
}

fn wrong_byte(bytes: &[u8], error: std::str::Utf8Error) -> String {
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    format!("text that is not UTF-8 (byte 0x{byte:02X})")
}

trait TrimReturns {
    fn trim_suffix_returns(&self) -> &Self;
}

impl TrimReturns for [u8] {
    /// Without the carriage returns at its end, of which a file that was converted twice has two.
    fn trim_suffix_returns(&self) -> &Self {
        let kept = self.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
        &self[..kept]
    }
}
