//! `claimwatch alerts list` and `show`.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Desk, each};
use crate::world::claim;

/// Three open alerts, one resolved.
async fn desk() -> Desk {
    let desk = Desk::with_database("[rules.review]\nwarn = \"1 business day\"\n").await;
    desk.sql("INSERT INTO programs (program_id, requires_tax_invoice) VALUES ('P-2', 0)").await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk.put(claim("C-2", "submitted").on("submitted_at", "2024-06-06T10:00:00Z").with("program_id", "P-2")).await;
    desk.put(claim("C-3", "disputed").on("disputed_at", "2024-05-06T10:00:00Z")).await;
    desk.put(claim("C-4", "submitted").on("submitted_at", "2024-05-30T10:00:00Z")).await;
    desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    let done = claim("C-4", "rejected").on("submitted_at", "2024-05-30T10:00:00Z");
    desk.put(done.on("reviewed_at", "2024-06-10T09:30:00Z")).await;
    desk.run(&["scan", "--at", "2024-06-10T10:00:00Z"]).done();
    desk
}

#[tokio::test]
async fn the_list_has_every_column_of_the_table_and_the_oldest_deadline_first() {
    let desk = desk().await;
    let alerts = desk.alerts(&[]);
    assert_eq!(each(&alerts, "claim_id"), ["C-3", "C-4", "C-1", "C-2"]);
    let columns = desk.sql("SELECT name FROM pragma_table_info('sla_alerts')").await.concat();
    for alert in &alerts {
        let mut keys: Vec<_> = alert.as_object().expect("an object").keys().cloned().collect();
        let mut columns = columns.clone();
        keys.sort();
        columns.sort();
        assert_eq!(keys, columns);
    }
    let late = &alerts[2];
    assert_eq!(
        [&late["rule"], &late["state"], &late["due_at"], &late["amount"], &late["currency"], &late["payment_id"]],
        [
            &json!("review"),
            &json!("breached"),
            &json!("2024-06-06T00:00:00Z"),
            &json!("100.00"),
            &json!("EUR"),
            &Value::Null
        ]
    );
    assert_eq!(late["explanation"]["days"][0], json!({"date": "2024-06-03", "kind": "start"}));
}

#[tokio::test]
async fn filters_narrow_the_list_and_narrow_it_together() {
    let desk = desk().await;
    let ids = |filters: &[&str]| each(&desk.alerts(filters), "claim_id");
    assert_eq!(ids(&["--state", "open"]), ["C-3", "C-1", "C-2"]);
    assert_eq!(ids(&["--state", "at_risk"]), ["C-2"]);
    assert_eq!(ids(&["--state", "breached"]), ["C-3", "C-1"]);
    assert_eq!(ids(&["--state", "resolved"]), ["C-4"]);
    assert_eq!(ids(&["--rule", "dispute"]), ["C-3"]);
    assert_eq!(ids(&["--program", "P-2"]), ["C-2"]);
    assert_eq!(ids(&["--claim", "C-1"]), ["C-1"]);
    assert_eq!(ids(&["--rule", "review", "--program", "P-1", "--state", "open"]), ["C-1"]);
    assert_eq!(ids(&["--program", "P-'"]), Vec::<Value>::new());
    desk.run(&["alerts", "list", "--rule", "reviw"])
        .refused(2, &["--rule: found \"reviw\", expected one of review, dispute, payment, tax_invoice_payment"]);
    desk.run(&["alerts", "list", "--state", "closed"])
        .refused(2, &["'closed'", "open, at_risk, breached, held, resolved"]);
}

#[tokio::test]
async fn a_person_sees_a_table_and_no_data_where_there_is_none() {
    let desk = desk().await;
    let told = desk.run(&["alerts", "list"]).done();
    assert_eq!(told.out.lines().count(), 5, "{}", told.out);
    told.says(&[
        "rule     claim  payment  state            deadline",
        "100.00 EUR",
        "resolved (late)",
        "business days late",
    ]);
    let none = desk.run(&["alerts", "list", "--claim", "C-99"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (0, "", "no alerts\n"));
    assert_eq!(desk.run(&["alerts", "list", "--claim", "C-99", "--json"]).done().out, "[]\n");
}

#[tokio::test]
async fn an_alert_is_shown_by_its_id_and_by_its_claim_with_reason_and_events() {
    let desk = desk().await;
    let id = desk.alerts(&["--claim", "C-4"])[0]["id"].as_str().expect("an id").to_owned();
    for name in [id.as_str(), "C-4"] {
        let told = desk.run(&["alerts", "show", name]).done();
        told.says(&[
            "review of claim C-4: resolved (late)",
            &id,
            "2 business days (Fri 31 May, Mon 3 Jun)",
            "opened",
            "escalated",
            "resolved",
            "  calendar  default, the default one\n  versions  calendar version ",
        ]);
        let shown = desk.run(&["alerts", "show", name, "--json"]).done().json();
        let kinds = each(shown[0]["events"].as_array().expect("events"), "kind");
        assert_eq!(kinds, ["opened", "escalated", "resolved"]);
        assert_eq!(shown[0]["resolution"], "late");
    }
    for unknown in ["C-99", "01a20a8a-5a41-7666-ad0a-894246c1af2a", "", "' OR 1=1 --"] {
        desk.run(&["alerts", "show", unknown]).refused(1, &[&format!("no alert has the id {unknown:?}")]);
        desk.run(&["alerts", "show", unknown, "--json"]).refused(1, &["no alert has the id"]);
    }
}

#[tokio::test]
async fn every_day_that_was_skipped_is_named_however_many() {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "approved").on("approved_at", "2024-01-02T10:00:00Z")).await;
    desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    let told = desk.run(&["alerts", "show", "C-1"]).done();
    let skipped = told.out.lines().find_map(|line| line.strip_prefix("  skipped   ")).expect("a line");
    assert_eq!(skipped.matches("Sat ").count() + skipped.matches("Sun ").count(), 18, "{skipped}");
    assert!(skipped.ends_with("Sat 2, Sun 3 Mar (weekend)"), "{skipped}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::with_database("").await;
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) \
         INSERT INTO claims (claim_id, program_id, status, submitted_at) \
         SELECT 'C-' || n, 'P-1', 'submitted', '2024-06-03T10:00:00.000000Z' FROM n",
    )
    .await;
    desk.run(&["scan"]).done();
    for args in [&["alerts", "list"][..], &["alerts", "list", "--json"]] {
        let mut command = desk.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut first = [0; 10];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("the first bytes");
        let ended = child.wait_with_output().expect("an end");
        assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""), "{args:?}");
    }
}
