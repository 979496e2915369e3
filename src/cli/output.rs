//! How answers leave: text, tables and JSON on standard output, complaints on standard error.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::Failure;
use crate::claim::is_harmless;

/// Writes a text and a line end to standard output. A reader that has gone away is no failure.
pub fn say(text: &str) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{text}"))
}

/// Writes a whole file to standard output. A reader that has gone away is no failure.
pub fn raw(text: &str) -> Result<(), Failure> {
    written(io::stdout().lock().write_all(text.as_bytes()))
}

/// Writes a value as JSON: indented on a terminal, else in one line.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let pretty = io::stdout().is_terminal();
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    say(&escaped(&text.map_err(|error| Failure::failed(format!("JSON: {error}")))?))
}

/// JSON in which no text of a claim reaches a terminal raw. Such characters only stand in strings, where they may be
/// escaped: what a reader gets is the same.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_harmless(c) {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// Turns the outcome of writing to standard output into the command's.
pub fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::failed(format!("standard output: {error}"))),
    }
}

/// `1 delivery`, `2 deliveries`.
#[must_use]
pub fn counted(count: impl fmt::Display, one: &str, many: &str) -> String {
    let text = count.to_string();
    format!("{text} {}", if text == "1" { one } else { many })
}

/// Writes a line for a person to standard error; nothing can be done if that fails.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes an error to standard error.
pub fn complain(text: &str) {
    remark(&format!("claimwatch: {text}"));
}

/// A table without lines, its columns as wide as they need to be.
#[must_use]
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim_end().strip_prefix(' ').unwrap_or("").to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_a_terminal_would_obey_and_means_the_same() {
        let hostile = "\u{1b}[31m\u{9b}31m\u{202e}\u{7f}\u{e0041}\0\r\n東京 \"é\"";
        let json = escaped(&serde_json::to_string(hostile).expect("text"));
        assert_eq!(json, r#""\u001b[31m\u009b31m\u202e\u007f\udb40\udc41\u0000\r\n東京 \"é\"""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), hostile);
    }
}
