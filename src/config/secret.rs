//! Secrets: given directly, or in a file of their own. No message ever repeats one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::delivery::transport::Secret;

use super::Affects;
use super::error::show_path;
use super::section::{Section, expected, line};
use super::tree::{Node, Value};

/// The longest secret, in bytes.
const LONGEST: u64 = 10_000;

/// The secret `key`, or the content of the file that `file_key` names. A file that cannot be read is no error here, but
/// an obstacle: only the service may read it, and much can be asked without it.
pub fn read_secret(
    section: &Section<'_>,
    key: &'static str,
    file_key: &'static str,
    affects: Affects,
) -> Option<Secret> {
    let direct = section.read(key, |node| read_direct(node).map(Secret::new));
    let path = section.read(file_key, |node| line(node, "the path of a file"));
    if section.has(key) && section.has(file_key) {
        section.report(file_key, format!("found both {key} and {file_key}, expected one of them"));
        return None;
    }
    let Some(path) = path else { return direct };
    read_from(&section.resolve(path)).map(Secret::new).map_err(|why| section.obstacle(affects, file_key, why)).ok()
}

fn read_direct(node: &Node) -> Result<String, String> {
    match &node.value {
        Value::Text(text) | Value::Variable { text, .. } if text.is_empty() => Err(expected(node, "a text")),
        Value::Text(text) | Value::Variable { text, .. } => one_line(text),
        _ => Err(format!("found {}, expected a text", node.kind())),
    }
}

fn one_line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("found a line break or another control character, expected one line of text".into());
    }
    Ok(text.to_owned())
}

fn read_from(path: &Path) -> Result<String, String> {
    let shown = show_path(path);
    let cannot = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("{shown} is longer than {LONGEST} bytes, expected one line of text"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8, expected one line of text"))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return Err(format!("{shown} is empty, expected one line of text"));
    }
    one_line(text).map_err(|detail| format!("{shown}: {detail}"))
}
