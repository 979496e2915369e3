//! The reference as Markdown: docs/configuration.md.

use std::fmt::Write as _;

use crate::config::reference::{INTRODUCTION, Table, tables};

const HEAD: &str = "\
# Configuration

<!-- Made from src/config/reference, which is to be changed instead: claimwatch settings --format markdown > docs/configuration.md -->
";

/// The longest line of prose, in characters.
const WIDTH: usize = 130;

/// The whole document.
#[must_use]
pub fn document() -> String {
    let mut text = format!("{HEAD}\n{INTRODUCTION}");
    for table in tables() {
        // Writing to a String cannot fail.
        let _ = write_table(&mut text, table);
    }
    text
}

fn write_table(text: &mut String, table: &Table) -> std::fmt::Result {
    write!(text, "\n## `{}`\n\n", table.heading)?;
    if !table.about.is_empty() {
        write!(text, "{}\n\n", wrapped(table.about))?;
    }
    text.push_str("| key | default | takes | what it does | change it when |\n| --- | --- | --- | --- | --- |\n");
    table.settings.iter().try_for_each(|setting| {
        let default = setting.default.shown();
        writeln!(
            text,
            "| `{}` | {default} | {} | {} | {} |",
            setting.key, setting.takes, setting.effect, setting.change
        )
    })
}

fn wrapped(prose: &str) -> String {
    let mut lines = vec![String::new()];
    for word in prose.split(' ') {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
