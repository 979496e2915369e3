//! What is wrong with a file, and what is worth knowing of it.

use std::fmt;

use super::name::shown;

/// Why a file cannot be read. As text: `closures.ics:12: found "2026-13-01" as DTSTART, expected a date such as
/// 20260501`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcsError {
    /// As the configuration names it.
    pub file: String,
    /// The line of the file, from 1; `None` if it is the file as a whole.
    pub line: Option<usize>,
    pub found: String,
    pub expected: String,
}

/// Something in a file that is no day off, or that looks wrong. As text: `closures.ics:17: found the timed event "Team
/// lunch", expected an all-day one; left out`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcsWarning {
    /// As the configuration names it.
    pub file: String,
    /// The line of the file, from 1; `None` if it is the file as a whole.
    pub line: Option<usize>,
    /// What was found, what was expected, and what follows.
    pub text: String,
}

impl std::error::Error for IcsError {}

impl fmt::Display for IcsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

impl IcsWarning {
    /// The most warnings of one file that are told one by one.
    pub const MOST: usize = 20;
}

impl fmt::Display for IcsWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.file, self.line)?;
        f.write_str(&self.text)
    }
}

fn place(f: &mut fmt::Formatter<'_>, file: &str, line: Option<usize>) -> fmt::Result {
    match line {
        Some(line) => write!(f, "{file}:{line}: "),
        None => write!(f, "{file}: "),
    }
}

/// What was found at a line, and what was expected; the file's name is put to it later.
#[derive(Debug)]
pub(super) struct Wrong {
    pub line: Option<usize>,
    pub found: String,
    pub expected: String,
}

impl Wrong {
    pub fn at(line: usize, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { line: Some(line), found: found.into(), expected: expected.into() }
    }

    /// A property with a value that it cannot have.
    pub fn value(line: usize, property: &str, value: &str, expected: impl Into<String>) -> Self {
        Self::at(line, format!("{} as {property}", shown(value)), expected)
    }

    pub fn in_file(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { line: None, found: found.into(), expected: expected.into() }
    }

    pub fn of(self, file: &str) -> IcsError {
        IcsError { file: file.to_owned(), line: self.line, found: self.found, expected: self.expected }
    }
}

/// The warnings of one file, as many as are told.
pub(super) struct Warnings {
    file: String,
    told: Vec<IcsWarning>,
    more: usize,
}

impl Warnings {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), told: Vec::new(), more: 0 }
    }

    /// `text` is made only if it is told.
    pub fn warn(&mut self, line: impl Into<Option<usize>>, text: impl FnOnce() -> String) {
        if self.told.len() < IcsWarning::MOST {
            self.told.push(IcsWarning { file: self.file.clone(), line: line.into(), text: text() });
        } else {
            self.more += 1;
        }
    }

    pub fn finish(mut self) -> Vec<IcsWarning> {
        if self.more > 0 {
            self.told.push(IcsWarning {
                file: self.file,
                line: None,
                text: format!("and {} more such warnings", self.more),
            });
        }
        self.told
    }
}
