//! `docs/log-messages.md` against the source: every warning and error is there, and none that there is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{document, root};

const LEVELS: [&str; 5] = ["warn", "error", "info", "debug", "trace"];

/// Level and words of every log line in `code`; words that are no constant, or have a field in them, are a mistake.
fn messages(code: &str, place: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for level in LEVELS {
        for (at, start) in code.match_indices(&format!("tracing::{level}!(")) {
            let call = &code[at + start.len()..];
            let words = last_text(call).unwrap_or_else(|| panic!("{place}: a {level} without constant words"));
            assert!(!words.contains('{'), "{place}: {words:?}: fields go beside the words");
            found.push((level, words));
        }
    }
    found
}

/// Ways to log in `code` that [`messages`] does not see: another spelling, another crate, a macro of another name, errors that an
/// attribute logs.
fn unseen(code: &str) -> Vec<String> {
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices('!') {
        let before = &code[..at];
        let name = before.rsplit(|c| !is_word(c)).next().unwrap_or_default();
        let is_call = code[at + 1..].trim_start().starts_with(['(', '[', '{']);
        let is_seen = before.ends_with(&format!("tracing::{name}")) && code[at + 1..].starts_with('(');
        if is_call && (name == "event" || LEVELS.contains(&name) && !is_seen) {
            found.push(format!("{name}!: write tracing::{name}!(…)"));
        }
    }
    for import in code.split("use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        let of_macros = |word: &str| word == "event" || word == "as" || word == "*" || LEVELS.contains(&word);
        let names = import.strip_prefix("tracing::").map(|names| names.split(|c| !is_word(c) && c != '*'));
        let renames = import.strip_prefix("tracing").is_some_and(|rest| rest.trim_start().starts_with("as "));
        if renames || names.is_some_and(|mut names| names.any(of_macros)) || import.starts_with("log::") {
            found.push(format!("use {import}: write tracing::warn!(…)"));
        }
    }
    if code.contains("instrument") {
        found.push("instrument: what it logs has no words of ours".to_owned());
    }
    found
}

/// The text that stands last in a macro's brackets.
fn last_text(call: &str) -> Option<String> {
    let (mut depth, mut text, mut last, mut escaped) = (1, None::<String>, None, false);
    for c in call.chars() {
        match (&mut text, c) {
            (Some(open), _) if escaped => {
                open.push(c);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => last = text.take(),
            (Some(open), _) => open.push(c),
            (None, '"') => text = Some(String::new()),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            // Another argument follows: the words before were a field's.
            (None, ',') if depth == 1 => last = None,
            _ => {}
        }
        if depth == 0 {
            return last;
        }
    }
    None
}

fn sources() -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = fs::read_to_string(&path).expect("a file");
                let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                found.push((path, code));
            }
        }
    }
    found
}

#[test]
fn every_warning_and_error_is_described_and_none_that_there_is_not() {
    let mut logged: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, code) in sources() {
        let place = path.display().to_string();
        assert_eq!(unseen(&code), [""; 0], "{place}: log lines that this test does not see");
        let all = messages(&code, &place).into_iter();
        let loud = all.filter(|(level, _)| ["warn", "error"].contains(level));
        logged.extend(loud.map(|(level, words)| (words, level.to_owned())));
    }
    let document = document("log-messages.md");
    let rows = document.text.lines().filter(|line| line.starts_with("| `"));
    let described: BTreeSet<(String, String)> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            assert_eq!(cells.len(), 4, "message, level, meaning, remedy: {row}");
            assert!(cells[2..].iter().all(|cell| cell.trim().len() > 5), "{row}");
            (cells[0].trim().trim_matches('`').trim().to_owned(), cells[1].trim().to_owned())
        })
        .collect();
    assert!(logged.len() >= 20, "{logged:#?}");
    let missing: Vec<_> = logged.difference(&described).collect();
    let unknown: Vec<_> = described.difference(&logged).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not described: {missing:#?}; not there: {unknown:#?}");
}

#[test]
fn words_are_found_wherever_they_stand() {
    let code = "tracing::warn!(a = \"x\", \"one \\\"two\\\"\");\n tracing::error!(\n why = f(\"(\"),\n \"three\"\n);";
    assert_eq!(messages(code, "here"), [("warn", "one \"two\"".to_owned()), ("error", "three".to_owned())]);
    assert!(std::panic::catch_unwind(|| messages("tracing::warn!(\"x\", why = 1)", "here")).is_err());
    assert!(std::panic::catch_unwind(|| messages("tracing::warn!(\"{} is away\", 1)", "here")).is_err());
    assert!(std::panic::catch_unwind(|| messages("tracing::info!(scans = 1)", "here")).is_err());
}

#[test]
fn no_other_way_to_log_goes_unseen() {
    for code in [
        "use tracing::warn;",
        "use tracing::{Level, field::Visit, info as say};",
        "use tracing::*;",
        "use tracing as log;",
        "use log::error;",
        "warn!(\"late\");",
        "log::error!(\"late\");",
        "tracing::event!(Level::WARN, \"late\");",
        "tracing::info! { \"late\" }",
        "tracing::warn![\"late\"];",
        "tracing::warn! (\"late\");",
        "#[tracing::instrument(err)]",
    ] {
        assert_eq!(unseen(code).len(), 1, "{code}: {:?}", unseen(code));
    }
    let seen = "use tracing::{Event, Level};\nuse tracing::field::{Field, Visit};\n// warn!(1)\n\
                tracing::warn!(\"late\");\nif !error { assert!(info) }\nlet debug = !(trace);";
    assert_eq!(unseen(seen), [""; 0]);
}
