//! What is wrong with a configuration: place, key, found, expected. All of it at once.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::claim::clean_line;

/// How many problems one error lists; the rest is counted.
const MOST_LISTED: usize = 20;
/// The longest found text that a message repeats, in characters.
const LONGEST_FOUND: usize = 80;

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole, or no place at all.
    File,
    /// A line and column of the file, both from 1; columns count characters.
    Line { line: usize, column: usize },
    /// An environment variable.
    Variable(String),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub place: Place,
    /// The setting with its tables: `rules.review.target`; empty if none is meant.
    pub key: String,
    /// What was found, and what was expected.
    pub detail: String,
}

/// A configuration that cannot be used. As text: one line a problem, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: Option<PathBuf>,
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(file: Option<&Path>, mut problems: Vec<Problem>) -> Self {
        problems.sort();
        problems.dedup();
        Self { file: file.map(Path::to_owned), problems }
    }

    /// One problem of the file as a whole.
    pub(super) fn of_file(file: &Path, detail: impl Into<String>) -> Self {
        Self::new(Some(file), vec![Problem { place: Place::File, key: String::new(), detail: detail.into() }])
    }

    /// All problems, in the order of the file, then of the environment.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.problems.iter().take(MOST_LISTED).map(|problem| {
            let place = show_place(self.file.as_deref(), &problem.place);
            if problem.key.is_empty() {
                format!("{place}: {}", problem.detail)
            } else {
                format!("{place}: {}: {}", problem.key, problem.detail)
            }
        });
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))?;
        match self.problems.len().saturating_sub(MOST_LISTED) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// `claimwatch.toml:39:10`, the name of a variable, or the file's name alone.
pub(super) fn show_place(file: Option<&Path>, place: &Place) -> String {
    let file = file.map_or_else(|| "configuration".into(), show_path);
    match place {
        Place::File => file,
        Place::Line { line, column } => format!("{file}:{line}:{column}"),
        Place::Variable(name) => show_line(name),
    }
}

/// A path as one harmless line.
pub(super) fn show_path(path: &Path) -> String {
    show_line(&path.to_string_lossy())
}

/// A found text in quotes, cut if it is long, with everything escaped that a terminal would obey.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST_FOUND) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A key or name as one harmless line.
pub(super) fn show_line(text: &str) -> String {
    clean_line(text, 1_000).into_owned()
}
