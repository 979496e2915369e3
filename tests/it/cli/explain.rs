//! `claimwatch explain`.

use serde_json::{Value, json};

use super::{Desk, each};
use crate::world::claim;

const CALENDARS: &str = "
[calendars]
default = \"fr\"
[calendars.fr]
time_zone = \"Europe/Paris\"
holidays = [{ date = \"2024-05-08\", name = \"Victory Day\" }]
[calendars.il]
time_zone = \"Asia/Jerusalem\"
weekend = [\"fri\", \"sat\"]
[rules.dispute]
calendar = \"il\"
";

/// A claim that was submitted twice, the first time with an alert, and was rejected and disputed since.
async fn desk() -> Desk {
    let desk = Desk::with_database(CALENDARS).await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-05-04T10:00:00Z")).await;
    desk.run(&["scan", "--at", "2024-05-13T09:00:00Z"]).done();
    let disputed = claim("C-1", "Disputed").on("submitted_at", "2024-05-16T10:00:00Z");
    let disputed = disputed.on("reviewed_at", "2024-05-17T10:00:00Z").on("disputed_at", "2024-05-20T08:00:00Z");
    desk.put(disputed).await;
    desk.sql(
        "INSERT INTO claim_history (claim_id, at, status) VALUES \
         ('C-1', '2024-05-04T10:00:00.000000Z', 'Submitted'), \
         ('C-1', '2024-05-06T10:00:00.000000Z', 'Action required'), \
         ('C-1', '2024-05-07T10:00:00.000000Z', 'Submitted'), \
         ('C-1', '2024-05-13T22:00:00.000000Z', 'Action required')",
    )
    .await;
    desk.run(&["scan", "--at", "2024-05-21T09:00:00Z"]).done();
    desk
}

#[tokio::test]
async fn a_person_reads_each_clock_with_its_verdict_and_why() {
    let desk = desk().await;
    let told = desk.run(&["explain", "C-1"]).done();
    told.says(&[
        "claim C-1: disputed, as of 20",
        "\n\nreview: met with 1 business day left\n  started   Thursday, 16 May 2024, 12:00 (Europe/Paris, UTC+2)",
        "\n  skipped   Sat 18, Sun 19 May (weekend)\n  due       end of Monday, 20 May 2024\n",
        "\n\nreview, a past clock: late by 1 business day\n  known     from its history\n",
        "\n  skipped   Wed 8 May (Victory Day)\n",
        "\n\nreview, a past clock: met with 1 business day left\n  known     from its alert and its history\n",
        "\n\ndispute: breached, ",
        "\n  calendar  il, which the rule names\n",
        "\n  calendar  fr, the default one\n  versions  calendar version ",
        " resolved (restarted)\n  stored    the same explanation\n",
        "\n\npayment: never started\n  because   approved_at is empty\n\n",
        "\n\ntax_invoice_payment: not watched\n  because   the program needs no tax invoice\n",
    ]);
    let only = desk.run(&["explain", "C-1", "--rule", "dispute"]).done();
    assert_eq!(only.out.matches("\n\n").count(), 1, "{}", only.out);
    assert!(!only.out.contains("review"), "{}", only.out);
}

#[tokio::test]
async fn json_has_the_contracts_shape() {
    let desk = desk().await;
    let answer = desk.run(&["explain", "C-1", "--rule", "review", "--json"]).done().json();
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&answer), ["at", "claim_id", "clocks", "data_problems", "status"]);
    assert_eq!((&answer["claim_id"], &answer["status"]), (&json!("C-1"), &json!("Disputed")));
    let clocks = answer["clocks"].as_array().expect("an array");
    assert_eq!(each(clocks, "verdict"), ["met", "late", "met"]);
    assert_eq!(each(clocks, "known_from"), [json!(["claim"]), json!(["history"]), json!(["alert", "history"])]);
    assert_eq!(each(clocks, "started_at"), ["2024-05-16T10:00:00Z", "2024-05-07T10:00:00Z", "2024-05-04T10:00:00Z"]);
    let first = &clocks[2];
    assert_eq!(
        keys(first),
        [
            "alert",
            "business_days_late",
            "business_days_left",
            "due_at",
            "error",
            "explanation",
            "known_from",
            "payment_id",
            "present",
            "reason",
            "rule",
            "started_at",
            "stopped_at",
            "verdict"
        ]
    );
    assert_eq!(keys(&first["alert"]), ["differences", "due_at", "id", "resolution", "same", "state"]);
    assert_eq!(first["explanation"]["chosen_by"], "default");
    assert_eq!(clocks[1]["explanation"]["days"][1]["reason"], "holiday: Victory Day");
}

#[tokio::test]
async fn what_differs_from_the_stored_explanation_is_named() {
    let desk = desk().await;
    desk.configure(&format!(
        "[database]\nurl = \"sqlite:claims.db\"\n{}[rules.review]\ntarget = \"3 business days\"\n",
        CALENDARS.replace("[{ date", "[\"2024-05-06\", { date")
    ));
    let told = desk.run(&["explain", "C-1", "--rule", "review"]).done();
    told.says(&[
        "stored    differs from the stored explanation: due 2024-05-11 00:00 (stored: 2024-05-08 00:00); \
         the target was 2 business days, is 3 business days; the calendar's version was ",
        "; 2024-05-06 was counted, is skipped (holiday); 2024-05-08 is skipped (holiday: Victory Day), and was not \
         reached; ",
    ]);
    let clocks = desk.run(&["explain", "C-1", "--rule", "review", "--json"]).done().json()["clocks"].clone();
    let alert = &clocks[2]["alert"];
    assert_eq!(alert["same"], false);
    let due = json!({"what": "due_at", "stored": "2024-05-07T22:00:00Z", "derived": "2024-05-10T22:00:00Z"});
    assert_eq!(alert["differences"][0], due);
    let day = json!({"what": "day", "date": "2024-05-06", "stored": "counted", "derived": "skipped (holiday)"});
    assert!(alert["differences"].as_array().expect("an array").contains(&day), "{alert}");
}

#[tokio::test]
async fn a_change_that_does_not_move_the_deadline_says_so() {
    let desk = desk().await;
    desk.configure(&format!(
        "[database]\nurl = \"sqlite:claims.db\"\n{}",
        CALENDARS.replace("Victory Day", "Victory in Europe Day")
    ));
    let told = desk.run(&["explain", "C-1", "--rule", "review"]).done();
    told.says(&["stored    differs from the stored explanation (not in the deadline): the calendar's version was "]);
}

#[tokio::test]
async fn many_days_that_differ_are_named_by_the_first_ones_and_their_number() {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "approved").on("approved_at", "2024-01-02T10:00:00Z")).await;
    desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    desk.configure("[database]\nurl = \"sqlite:claims.db\"\n[rules.payment]\ntarget = \"60 business days\"\n");
    desk.run(&["explain", "C-1"])
        .done()
        .says(&["; 2024-03-10 is skipped (Sunday), and was not reached; ", "; 15 more days differ too\n"]);
}

#[tokio::test]
async fn data_problems_of_the_claim_are_told_and_those_of_others_are_not() {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "disputed")).await;
    desk.put(claim("C-2", "nonsense")).await;
    let told = desk.run(&["explain", "C-1"]).done();
    told.says(&[
        "\n  data problem missing_start: rule dispute: the status is disputed, but disputed_at is empty",
        "\ndispute: runs, and has no start\n  because   disputed_at is empty or cannot be read\n",
    ]);
    assert!(!told.out.contains("nonsense"), "{}", told.out);
    let problems = desk.run(&["explain", "C-2", "--json"]).done().json()["data_problems"].clone();
    assert_eq!(problems.as_array().expect("an array").len(), 1, "{problems}");
    assert_eq!(problems[0]["kind"], "unknown_status");
}

#[tokio::test]
async fn a_clock_that_runs_beyond_its_calendar_is_a_data_problem_with_a_note() {
    let desk = Desk::with_database("[calendars.fr]\ntime_zone = \"Europe/Paris\"\ncountry = \"FR\"\n").await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2009-12-30T10:00:00Z")).await;
    desk.put(claim("C-2", "submitted").on("submitted_at", "2010-01-04T10:00:00Z")).await;
    let told = desk.run(&["explain", "C-1"]).done();
    let known = "  note      FR knows holidays only from Friday, 1 January 2010 to Monday, 31 December 2040: ";
    told.says(&["\n  data problem beyond_calendar: rule review: due on ", known]);
    let within = desk.run(&["explain", "C-2"]).done();
    assert!(!within.out.contains("beyond_calendar") && !within.out.contains("note"), "{}", within.out);
}

#[tokio::test]
async fn a_claim_that_is_gone_is_told_from_its_alerts_and_an_unknown_one_is_refused() {
    let desk = desk().await;
    desk.sql("DELETE FROM claims").await;
    let told = desk.run(&["explain", "C-1"]).done();
    told.says(&[
        "claim C-1: gone, known from its alerts, as of ",
        "\n\nreview, a past clock: met with 1 business day left\n  known     from its alert and its history\n",
    ]);
    assert_eq!(told.out.matches("\n\n").count(), 1, "what only the history knows is not told: {}", told.out);
    assert_eq!(desk.run(&["explain", "C-1", "--json"]).done().json()["status"], Value::Null);
    for unknown in ["C-99", "", "' OR 1=1 --", "\u{1b}[31m"] {
        let told = desk.run(&["explain", unknown]).refused(1, &["no claim has the id "]);
        assert!(!told.err.contains('\u{1b}'));
    }
    desk.run(&["explain", "C-1", "--rule", "reviw"]).refused(2, &["--rule: found \"reviw\", expected one of review, "]);
    desk.run(&["explain"]).refused(2, &["<CLAIM>"]);
    Desk::with("").run(&["explain", "C-1"]).refused(1, &["there is no database yet"]);
}

#[tokio::test]
async fn explaining_changes_nothing() {
    let desk = desk().await;
    let before = desk.everything().await;
    desk.run(&["explain", "C-1"]).done();
    desk.run(&["explain", "C-1", "--json"]).done();
    assert_eq!(desk.everything().await, before);
}
