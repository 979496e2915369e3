//! The file as it grows: sections of named values, of which only what is public is written.

use std::fmt::Display;

use crate::claim::{Redactable, clean_line};

use super::mask::masked;

/// The longest value, in characters.
const LONGEST: usize = 2_000;

/// Sections of lines, masked as they are written: what is private never gets into it.
#[derive(Default)]
pub struct Sheet(String);

impl Sheet {
    /// Begins a section.
    pub fn section(&mut self, title: &'static str) {
        self.0.push_str(&format!("\n== {title} ==\n"));
    }

    /// A value under its name.
    pub fn line(&mut self, name: impl Into<Redactable>, value: impl Into<Redactable>) {
        let (name, value) = (name.into().redacted(masked), value.into().redacted(masked));
        self.0.push_str(&clean_line(&format!("{name}: {value}"), LONGEST));
        self.0.push('\n');
    }

    /// A value that neither is secret nor says anything of a person.
    pub fn public(&mut self, name: &'static str, value: impl Display) {
        self.line(name, Redactable::known(value));
    }

    /// Everything, after `head`.
    #[must_use]
    pub fn under(self, head: &str) -> String {
        format!("{head}{}", self.0)
    }
}
