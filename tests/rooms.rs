//! Who may use whom: every `crate::` path in a room's code, held against the table in `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that decide and never do.
const PURE: [&str; 9] = ["calendar", "claim", "sla", "alert", "explain", "escalation", "wording", "seal", "mail"];
/// What a pure room may not name: the world.
const WORLD: [&str; 10] = [
    "sqlx::",
    "tokio::",
    "tokio_util::",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io::std",
    "lettre::transport",
    "tracing::",
];

fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 3, "a row of room, what, uses: {line}");
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        let room = names(cells[0]).pop_first().expect("a room");
        (room, names(cells[2]))
    })
    .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file of every room: (room, path, code without comments).
fn files() -> Vec<(String, PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((room(&path), path.clone(), code(&path)));
            }
        }
    }
    found
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("under src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The rooms that `code` names as `crate::room`, also in `use crate::{one, two}`.
fn uses(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let list = &list[..list.find("};").unwrap_or(list.len())];
            let mut depth = 0;
            for part in list.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    used.insert(word(part.trim_start()));
                }
                depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
            }
        } else {
            used.insert(word(after));
        }
    }
    used.remove("");
    used
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn every_room_uses_only_the_rooms_that_the_table_allows() {
    let table = table();
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(&room) else {
            wrong.push(format!("{}: room `{room}` is not in the table", path.display()));
            continue;
        };
        for used in uses(&code) {
            if used != room && used != "now" && table.contains_key(&used) && !allowed.contains(&used) {
                wrong.push(format!("{}: `{room}` uses `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_rooms_that_exist_and_no_others() {
    let rooms: BTreeSet<String> = files().into_iter().map(|(room, ..)| room).collect();
    let table = table();
    for (room, uses) in &table {
        assert!(rooms.contains(room), "the table names room `{room}`, which is not there");
        for used in uses {
            assert!(table.contains_key(used), "`{room}` may use `{used}`, which is no room");
        }
    }
}

#[test]
fn pure_rooms_do_not_touch_the_world() {
    let mut wrong = Vec::new();
    for (room, path, code) in files() {
        // Tests may read snapshots.
        let is_test = path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        // A zone is looked up in the system's zone data: the one exception that docs/architecture.md names.
        let is_zone_data = path.starts_with(root().join("src/calendar/zone"));
        if PURE.contains(&room.as_str()) && !is_test && !is_zone_data {
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            wrong.extend(
                WORLD.iter().filter(|name| code.contains(**name)).map(|name| format!("{}: {name}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_uses_sees_lists_and_paths() {
    let seen = uses("use crate::{alert::{self, Alert}, claim, sla::Rule};\nlet x = crate::store::Store;\n");
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["alert", "claim", "sla", "store"]);
}
