//! `claimwatch alerts prune`.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use super::{Desk, Told};
use crate::world::claim;

const NOW: &str = "2024-07-01T09:00:00Z";

/// One review was late and is done since, one is late still.
async fn desk() -> Desk {
    let desk =
        Desk::with_database("[calendars]\ndefault = \"fr\"\n[calendars.fr]\ntime_zone = \"Europe/Paris\"\n").await;
    for id in ["C-1", "C-2"] {
        desk.put(claim(id, "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    }
    desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    let done = claim("C-1", "rejected").on("submitted_at", "2024-06-03T10:00:00Z");
    desk.put(done.on("reviewed_at", "2024-06-11T10:00:00Z")).await;
    desk.run(&["scan", "--at", "2024-06-12T09:00:00Z"]).done();
    desk.run(&["scan", "--at", NOW]).done();
    desk
}

#[tokio::test]
async fn it_says_what_would_go_and_deletes_it_when_told_to() {
    let desk = desk().await;
    let before = desk.everything().await;
    let dry = desk.run(&["alerts", "prune", "--before", "2024-06-13", "--dry-run"]).done();
    let counts = "1 alert with 3 events, 0 messages with 0 deliveries, 0 data problems, 1 scan\n";
    assert_eq!(
        dry.out,
        format!("dry run: nothing was deleted; before 2024-06-12 22:00:00Z: {counts}"),
        "the day in Paris"
    );
    let dry = desk.run(&["alerts", "prune", "--before", "2024-06-13", "--dry-run", "--json"]).done().json();
    let mut expected = json!({"before": "2024-06-12T22:00:00Z", "dry_run": true, "alerts": 1, "events": 3, "kept": 0,
        "messages": 0, "deliveries": 0, "data_problems": 0, "scans": 1});
    assert_eq!(dry, expected);
    desk.run(&["alerts", "prune", "--before", "2024-06-13"]).refused(2, &["no terminal to ask on: expected --yes"]);
    assert_eq!(desk.everything().await, before);

    let done = desk.run(&["alerts", "prune", "--before", "2024-06-13", "--yes", "--json"]).done().json();
    expected["dry_run"] = json!(false);
    assert_eq!(done, expected);
    let claims: Vec<_> = desk.alerts(&[]).into_iter().map(|alert| alert["claim_id"].clone()).collect();
    assert_eq!(claims, ["C-2"]);
    let scan = desk.run(&["scan", "--since", "2024-01-01T00:00:00Z", "--json"]);
    scan.complains(&["alerts of before 2024-06-12 22:00:00Z were pruned: the look-back goes no further"]);
    assert_eq!(desk.alerts(&[]).len(), 1);
    let nothing = desk.run(&["alerts", "prune", "--before", "2024-06-13", "--yes"]).done();
    assert!(nothing.out.starts_with("deleted what ended before 2024-06-12 22:00:00Z: 0 alerts with 0 events"));
}

#[tokio::test]
async fn a_date_that_cannot_be_is_refused() {
    let desk = desk().await;
    for (date, words) in [
        ("yesterday", "--before: found \"yesterday\", expected a day such as 2025-01-31"),
        ("2024-02-30", "--before: found \"2024-02-30\", expected a day"),
        ("2024-07-01T09:00:01Z", "expected an instant that is not after the last finished scan, 2024-07-01T09:00:00Z"),
        ("2999-01-01", "expected an instant that is not after the last finished scan"),
    ] {
        desk.run(&["alerts", "prune", "--yes", "--before", date]).refused(2, &[words]);
    }
    let fresh = Desk::with_database("").await;
    fresh.run(&["alerts", "prune", "--yes", "--before", "2024-01-01"]).refused(1, &["no scan has finished yet"]);
    Desk::with("")
        .run(&["alerts", "prune", "--before", "2024-01-01", "--dry-run"])
        .refused(1, &["there is no database yet"]);
}

#[tokio::test]
async fn on_a_terminal_it_asks_and_only_a_yes_deletes() {
    let desk = desk().await;
    let told = answer(&desk, "\n");
    assert_eq!(told.code, 1);
    told.says(&["1 alert with 3 events", "Delete this? It cannot be undone. [y/N]", "nothing was deleted"]);
    assert_eq!(desk.alerts(&[]).len(), 2);
    let told = answer(&desk, "y\n");
    assert_eq!(told.code, 0);
    told.says(&["deleted what ended before 2024-06-12 22:00:00Z: 1 alert with 3 events"]);
    assert_eq!(desk.alerts(&[]).len(), 1);
    let told = answer(&desk, "");
    assert_eq!(told.code, 0);
    told.says(&["deleted what ended before 2024-06-12 22:00:00Z: 0 alerts"]);
}

/// Prunes on a terminal, at which `typed` is typed.
fn answer(desk: &Desk, typed: &str) -> Told {
    const TERMINAL: &str = "import os, pty, sys\nsys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))\n";
    let prune = desk.command(&["alerts", "prune", "--before", "2024-06-13"]);
    let mut terminal = std::process::Command::new("python3");
    terminal.arg("-c").arg(TERMINAL).arg(prune.get_program()).args(prune.get_args());
    terminal.current_dir(desk.folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = terminal.spawn().expect("python3");
    child.stdin.as_mut().expect("a pipe").write_all(typed.as_bytes()).expect("typed");
    let output = child.wait_with_output().expect("an end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { code: output.status.code().expect("a code"), out: text(&output.stdout), err: text(&output.stderr) }
}
