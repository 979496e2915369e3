//! `claimwatch alerts ack` and its like, and `claimwatch silence`, as an operator uses them.

use serde_json::{Value, json};

use super::{Desk, each};
use crate::world::claim;

const PARIS: &str = "[calendars]\ndefault = \"fr\"\n[calendars.fr]\ntime_zone = \"Europe/Paris\"\n";

/// Two late reviews, one of them of Contoso.
async fn desk() -> Desk {
    let desk = Desk::with_database(PARIS).await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk.put(claim("C-2", "submitted").on("submitted_at", "2024-06-04T10:00:00Z").with("partner_name", "Fabrikam"))
        .await;
    desk.run(&["scan"]).done();
    desk
}

#[tokio::test]
async fn a_promise_lasts_to_the_end_of_its_day_in_the_alerts_calendar() {
    let desk = desk().await;
    let args = ["alerts", "ack", "C-1", "--by", "Ada", "--until", "2099-07-01", "--note", "asked them"];
    let told = desk.run(&args).done();
    told.says(&["review of claim C-1", "acknowledged by Ada, who promises it before 2099-07-01 22:00:00Z"]);
    let alert = &desk.alerts(&["--claim", "C-1"])[0];
    assert_eq!([&alert["acknowledged_until"], &alert["note"]], [&json!("2099-07-01T22:00:00Z"), &json!("asked them")]);
    desk.run(&["alerts", "show", "C-1"])
        .done()
        .says(&["taken on  by Ada, promised before 2099-07-01 22:00:00Z", "note      asked them"]);
    let told = desk.run(&["alerts", "unack", "C-1", "--by", "Bob", "--json"]).done().json();
    assert_eq!(told[0]["acknowledged_by"], Value::Null);
    desk.run(&["alerts", "unack", "C-1", "--by", "Bob"])
        .refused(1, &["nothing was recorded", "it is not acknowledged"]);
}

#[tokio::test]
async fn several_are_answered_together_or_not_at_all() {
    let desk = desk().await;
    let id = desk.alerts(&["--claim", "C-2"])[0]["id"].as_str().expect("an id").to_owned();
    desk.run(&["alerts", "snooze", "C-1", "C-9", "--by", "Ada", "--until", "2099-07-01"]).refused(
        1,
        &["nothing was recorded: no alert has the id \"C-9\", and no claim with that id has an open alert"],
    );
    assert_eq!(each(&desk.alerts(&[]), "snoozed_until"), [Value::Null, Value::Null]);
    let told = desk.run(&["alerts", "snooze", "C-1", &id, "--by", "Ada", "--until", "2099-07-01"]).done();
    assert_eq!(told.out.matches("quiet until 2099-06-30 22:00:00Z").count(), 2, "{}", told.out);
    desk.run(&["alerts", "unsnooze", "C-1", "--by", "Ada"]).done().says(&["breached"]);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_refused_by_name() {
    let desk = desk().await;
    desk.run(&["alerts", "ack", "C-1", "--by", "Ada", "--until", "tomorrow"])
        .refused(2, &["--until: found \"tomorrow\", expected a day such as 2026-12-01"]);
    desk.run(&["alerts", "ack", "C-1", "--by", "Ada", "--until", "2024-07-01"])
        .refused(1, &["the promised day is over"]);
    desk.run(&["alerts", "ack", "C-1", "--by", " ", "--until", "2099-07-01"])
        .refused(2, &["--by: found \" \", expected a line of 1 to 100 characters"]);
    desk.run(&["alerts", "snooze", "C-1", "--by", "Ada", "--until", "2024-07-01"]).refused(1, &["is past"]);
    desk.run(&["silence", "add", "--until", "2099-01-01", "--reason", "x", "--by", "Ada", "--yes"])
        .refused(2, &["--rule"]);
    desk.run(&["silence", "add", "--claim", "*", "--until", "2024-01-01", "--reason", "x", "--by", "Ada", "--yes"])
        .refused(2, &["--until: found \"2024-01-01\", which is past"]);
    desk.run(&["silence", "add", "--claim", "*", "--until", "2099-01-01", "--reason", "x", "--by", "Ada"])
        .refused(2, &["there is no terminal to ask on"]);
}

#[tokio::test]
async fn a_silence_says_what_it_matches_before_it_is_saved_and_can_be_ended() {
    let desk = desk().await;
    let add = [
        "silence",
        "add",
        "--partner",
        "Fab*",
        "--until",
        "2099-01-01",
        "--reason",
        "the bank is closed",
        "--by",
        "Ada",
    ];
    let told = desk.run(&[&add[..], &["--dry-run"]].concat()).done();
    told.says(&["dry run: nothing was saved; until 2098-12-31 23:00:00Z: 1 open alert matches (C-2)"]);
    let none = desk.run(&["silence", "list"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (0, "", "no silences\n"));
    let added = desk.run(&[&add[..], &["--yes", "--json"]].concat()).done().json();
    assert_eq!((&added["matching"], &added["partner"], &added["author"]), (&json!(1), &json!("Fab*"), &json!("Ada")));
    let id = added["id"].as_str().expect("an id");
    desk.run(&["silence", "list"]).done().says(&[id, "partner Fab*", "the bank is closed"]);
    desk.run(&["alerts", "show", "C-2"]).done().says(&["silenced"]);
    desk.run(&["silence", "expire", id, "--by", "Bob"]).done().says(&["is over; 1 open alert matches"]);
    desk.run(&["silence", "expire", id, "--by", "Bob"]).refused(1, &["ended at"]);
    assert_eq!(desk.run(&["silence", "list", "--json"]).done().out, "[]\n");
    desk.run(&["silence", "list", "--all"]).done().says(&["ended by Bob"]);
}

#[tokio::test]
async fn held_alerts_are_listed_named_by_check_and_judged() {
    let desk = Desk::with_database(&format!("{PARIS}[escalation.brake]\nmax_new = 1\nat_least = 1\n")).await;
    desk.run(&["scan"]).done();
    for n in 1..=2 {
        desk.put(claim(&format!("C-{n}"), "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    }
    desk.run(&["scan"]).done().says(&["held"]);
    assert_eq!(each(&desk.alerts(&["--state", "held"]), "claim_id").len(), 2);
    desk.run(&["check"]).says(&["doubt  held alerts", "2 alerts: nothing is told of them"]);
    desk.run(&["alerts", "release", "--by", "Ada"]).done().says(&["released 2 alerts: the next scan tells of them"]);
    desk.run(&["alerts", "discard", "--by", "Ada"]).done().says(&["no alert is held"]);
    assert_eq!(desk.run(&["alerts", "release", "--by", "Ada", "--json"]).done().json(), json!({"released": 0}));
}
