//! What keeps a file from being imported: place, found, expected; the first hundred and how many there are.

use std::collections::BTreeMap;
use std::fmt;

/// How many rejections are kept; the others are counted.
pub const MOST_KEPT: usize = 100;

/// One thing that is wrong with a file. As text:
/// `claims.csv:1842: submitted_at of claim C-1842: found "2026-02-30T10:00:00Z", expected a day that exists`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The file as it was named, made harmless.
    pub file: String,
    /// The line on which the record starts; the header's is 1.
    pub line: u64,
    /// The column, where it is one column's.
    pub column: Option<String>,
    /// Whose, such as `claim C-1842`; made harmless and cut.
    pub subject: Option<String>,
    /// What was found; what was text of the file is in quotes, made harmless and cut.
    pub found: String,
    pub expected: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        match (&self.column, &self.subject) {
            (Some(column), Some(subject)) => write!(f, "{column} of {subject}: ")?,
            (Some(one), None) | (None, Some(one)) => write!(f, "{one}: ")?,
            (None, None) => {}
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

/// The first [`MOST_KEPT`] rejections by file and line, whatever the order in which they are found.
#[derive(Debug, Default)]
pub struct Rejections {
    kept: BTreeMap<(usize, u64, u64), Rejection>,
    total: u64,
}

impl Rejections {
    /// Adds one in the `file`-th file.
    pub fn add(&mut self, file: usize, rejection: Rejection) {
        self.kept.insert((file, rejection.line, self.total), rejection);
        self.total += 1;
        if self.kept.len() > MOST_KEPT {
            self.kept.pop_last();
        }
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The ones that are kept, in order.
    pub fn into_kept(self) -> Vec<Rejection> {
        self.kept.into_values().collect()
    }
}
