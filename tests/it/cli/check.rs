//! `claimwatch check`.

use std::fs;

use serde_json::{Value, json};

use super::{Desk, each};
use crate::world::claim;

/// The checks that failed: what, what was found, what to do.
#[track_caller]
fn wrong(desk: &Desk) -> Vec<(String, String, String)> {
    let told = desk.run(&["check", "--json"]);
    assert_eq!(told.code, 1, "{told:?}");
    let checks = told.json();
    let failed = checks.as_array().expect("an array").iter().filter(|check| check["ok"] == false);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    failed.map(|check| (text(&check["check"]), text(&check["detail"]), text(&check["fix"]))).collect()
}

#[tokio::test]
async fn an_empty_configuration_is_all_right_before_and_after_the_first_scan() {
    let desk = Desk::with("");
    desk.configure("");
    let told = desk.run(&["check"]).done();
    told.says(&["ok     database", "not there yet; the first start makes it"]);
    assert!(told.out.lines().all(|line| line.starts_with("ok ")), "{}", told.out);
    assert!(!desk.path("home/.local/state/claimwatch/claimwatch.db").exists(), "a check makes no database");
    desk.run(&["scan"]).done();
    let checks = desk.run(&["check", "--json"]).done().json();
    let checks = checks.as_array().expect("an array");
    for check in checks {
        let mut keys: Vec<_> = check.as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["check", "detail", "fix", "ok"]);
        assert_eq!((&check["ok"], &check["fix"]), (&json!(true), &Value::Null), "{check}");
    }
    let names = each(checks, "check");
    for name in [
        "configuration",
        "zone data",
        "calendar",
        "rules",
        "escalation",
        "mail",
        "database",
        "claims",
        "last scan",
        "outbox",
    ] {
        assert!(names.contains(&json!(name)), "{name}: {names:?}");
    }
}

#[tokio::test]
async fn claims_that_cannot_be_watched_are_named_with_the_remedy() {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "disputed")).await;
    let failed = wrong(&desk);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].1.starts_with(
            "1 data problem: claim \"C-1\": rule dispute: the status is disputed, but disputed_at is empty"
        ),
        "{failed:?}"
    );
    assert!(failed[0].2.contains("data_problems"));
    for n in 2..=5 {
        desk.put(claim(&format!("C-{n}"), "on hold")).await;
    }
    let failed = wrong(&desk);
    assert!(failed[0].1.starts_with("5 data problems: ") && failed[0].1.ends_with("; and 2 more"), "{failed:?}");
    let told = desk.run(&["check"]).complains(&["of 10 checks, 1 failed"]);
    assert_eq!(told.code, 1);
    told.says(&["WRONG  claims", "→ mend these claims in their source"]);
}

#[test]
fn what_the_configuration_asks_for_and_cannot_be_had_is_told_once_with_its_place() {
    let desk = Desk::with("");
    desk.configure(
        "[database]\nurl = \"postgres://me:secret@db/claims\"\npassword_file = \"gone\"\n[[escalation.levels]]\nto = [\"me@example.com\"]\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"claims@example.com\"\n\
         [mail.smtp]\nhost = \"mail.example.com\"\nusername = \"me\"\npassword_file = \"absent\"\n",
    );
    let failed = wrong(&desk);
    assert_eq!(failed.len(), 2, "{failed:?}");
    for place in [
        "claimwatch.toml:3:17: database.password_file: gone cannot",
        "claimwatch.toml:12:17: mail.smtp.password_file: absent cannot",
    ] {
        assert!(failed.iter().any(|check| check.1.starts_with(place)), "{place}: {failed:?}");
    }
    assert!(!format!("{failed:?}").contains("secret"));
}

#[test]
fn a_database_that_cannot_be_made_or_is_none_is_found_before_the_first_start() {
    let desk = Desk::with("");
    desk.file("file", "no folder");
    desk.file(
        "text.db",
        "not a database, but a text that is longer than the header of one would be, which matters here, as it does",
    );
    fs::create_dir(desk.path("folder.db")).expect("a folder");
    for (path, detail) in [
        ("file/claims.db", "not there yet, and cannot be made: "),
        ("text.db", "file is not a database"),
        ("folder.db", "found a directory, expected a file"),
    ] {
        desk.configure(&format!("[database]\nurl = \"sqlite:{path}\"\n"));
        let failed = wrong(&desk);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert!(
            failed[0].1.contains(path.split('/').next().expect("a name")) && failed[0].1.contains(detail),
            "{failed:?}"
        );
        assert!(failed[0].2.starts_with("see database.url"), "{failed:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_is_away_and_given_up_mails_are_found() {
    let desk = Desk::with_database("[mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"mails\"\n").await;
    desk.file("mails", "in the way");
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk.run(&["scan"]).done();
    desk.sql("UPDATE outbox SET state = 'dead', next_attempt_at = NULL").await;
    let failed = wrong(&desk);
    let names: Vec<_> = failed.iter().map(|check| check.0.as_str()).collect();
    assert_eq!(names, ["mail", "outbox"], "{failed:?}");
    assert_eq!(
        (failed[1].1.as_str(), failed[1].2.as_str()),
        ("given up: 1", "see `claimwatch outbox list`, then `claimwatch outbox retry --all`")
    );
}
