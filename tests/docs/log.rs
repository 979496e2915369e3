//! `docs/log-messages.md` against the source: every warning and error is there, and none that there is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{document, root};

/// Level and words of every warning and error in `code`; words that are no constant, or have a field in them, are a mistake.
fn messages(code: &str, place: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for level in ["warn", "error"] {
        for (at, start) in code.match_indices(&format!("tracing::{level}!(")) {
            let call = &code[at + start.len()..];
            let words = last_text(call).unwrap_or_else(|| panic!("{place}: a {level} without constant words"));
            assert!(!words.contains('{'), "{place}: {words:?}: fields go beside the words");
            found.push((if level == "warn" { "warn" } else { "error" }, words));
        }
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
        let all = messages(&code, &path.display().to_string());
        logged.extend(all.into_iter().map(|(level, words)| (words, level.to_owned())));
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
}
