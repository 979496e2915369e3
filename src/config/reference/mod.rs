//! Every setting, for people: what it takes, what holds without it, what it does, when to change it.
//!
//! The one source of `docs/configuration.md`, claimwatch.toml(5) and `claimwatch settings`. Texts are Markdown of code in backticks
//! and links alone, which lead from `docs/`; [`plain`] takes the links off. What is said of keys, values and defaults is held
//! against what reading a configuration does (`tests.rs`).

mod deadlines;
mod delivery;
mod escalation;
mod find;
mod service;
#[cfg(test)]
mod tests;

pub use find::{Found, find};

/// What holds for the configuration as a whole: Markdown of paragraphs and lists.
pub const INTRODUCTION: &str = include_str!("introduction.md");

/// A table of the configuration.
#[derive(Debug)]
pub struct Table {
    /// As in the file, brackets included: `[mail.smtp]`, `[[escalation.levels]]`, `[calendars.NAME]`.
    pub heading: &'static str,
    /// What is to be known of it as a whole; may be empty.
    pub about: &'static str,
    pub settings: &'static [Setting],
}

/// One key of a table.
#[derive(Debug)]
pub struct Setting {
    pub key: &'static str,
    /// Its values, with their range.
    pub takes: &'static str,
    pub default: Fallback,
    /// A value other than the default, as TOML.
    pub example: &'static str,
    /// What it does, with units.
    pub effect: &'static str,
    /// What a reason to set it looks like: goes on from "change it …".
    pub change: &'static str,
}

/// What holds where a key is left out.
#[derive(Debug)]
pub enum Fallback {
    /// This value, as TOML.
    Value(&'static str),
    /// What the words say, since it depends on something else.
    Depends {
        words: &'static str,
        /// The value that means the same where nothing else is set.
        usually: &'static str,
    },
    /// Something that no value says.
    Unset(&'static str),
    /// Nothing: it must be set. The words may say where.
    Required(&'static str),
}

impl Fallback {
    /// As Markdown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Value(toml) => format!("`{toml}`"),
            Self::Depends { words, .. } | Self::Unset(words) | Self::Required(words) => (*words).to_owned(),
        }
    }
}

impl Table {
    /// Its name, without brackets.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.heading.trim_matches(['[', ']'])
    }
}

/// All tables, in the order of `docs/configuration.md`.
pub fn tables() -> impl Iterator<Item = &'static Table> + Clone {
    [service::BEFORE, deadlines::TABLES, escalation::TABLES, delivery::TABLES, service::AFTER].into_iter().flatten()
}

/// All settings, each with its table.
pub fn all() -> impl Iterator<Item = Found> + Clone {
    tables().flat_map(|table| table.settings.iter().map(move |setting| (table, setting)))
}

/// A text without its links' targets.
#[must_use]
pub fn plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once("](") {
        let Some((target, after)) = link.split_once(')') else { break };
        match before.rsplit_once('[') {
            Some((before, text)) => plain.extend([before, text]),
            None => plain.extend([before, "](", target, ")"]),
        }
        rest = after;
    }
    plain + rest
}
