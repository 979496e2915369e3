//! `claimwatch scan`.

use std::process::Stdio;

use serde_json::json;

use super::{Desk, Told, each};
use crate::world::claim;

/// Three reviews: late, at risk, fresh as of [`NOW`]; a dispute without its start.
async fn desk() -> Desk {
    let desk = Desk::with_database("[rules.review]\nwarn = \"1 business day\"\n").await;
    for (id, submitted_at) in
        [("C-1", "2024-06-03T10:00:00Z"), ("C-2", "2024-06-06T10:00:00Z"), ("C-3", "2024-06-10T08:00:00Z")]
    {
        desk.put(claim(id, "Under review").on("submitted_at", submitted_at)).await;
    }
    desk.put(claim("C-4", "disputed")).await;
    desk
}

const NOW: &str = "2024-06-10T09:00:00Z";

#[tokio::test]
async fn a_scan_prints_its_summary_as_the_contract_shapes_it() {
    let desk = desk().await;
    let told = desk.run(&["scan", "--json", "--at", NOW]).done();
    let mut summary = told.json();
    let keys = [
        "\"at\"",
        "\"dry_run\"",
        "\"rules\"",
        "\"opened\"",
        "\"warned\"",
        "\"resolved\"",
        "\"messages\"",
        "\"data_problems\"",
        "\"elapsed_ms\"",
        "\"opening\"",
    ];
    let places: Vec<_> = keys.iter().map(|key| told.out.find(key).expect(key)).collect();
    assert!(places.is_sorted(), "keys in the contract's order: {}", told.out);
    let elapsed = summary.as_object_mut().expect("an object").remove("elapsed_ms").expect("elapsed_ms");
    assert!(elapsed.is_u64(), "{elapsed}");
    let none = json!({"running": 0, "at_risk": 0, "breached": 0});
    let expected = json!({
        "at": "2024-06-10T09:00:00Z", "dry_run": false,
        "rules": {
            "review": {"running": 3, "at_risk": 1, "breached": 1},
            "dispute": {"running": 0, "at_risk": 0, "breached": 0}, "payment": none, "tax_invoice_payment": none,
        },
        "opened": 1, "warned": 1, "resolved": {"met": 0, "late": 0, "restarted": 0, "withdrawn": 0},
        "messages": 1, "data_problems": 1, "opening": "inherited",
    });
    assert_eq!(summary, expected);
}

#[tokio::test]
async fn a_dry_run_says_what_a_scan_would_find_and_writes_nothing() {
    let desk = desk().await;
    let before = desk.everything().await;
    let foreseen = desk.run(&["scan", "--json", "--dry-run", "--at", NOW]).done().json();
    desk.run(&["scan", "--dry-run", "--at", NOW])
        .done()
        .says(&["dry run: nothing was changed", "1 breached, 1 at risk"]);
    assert_eq!(desk.everything().await, before);
    let done = desk.run(&["scan", "--json", "--at", NOW]).done().json();
    assert_eq!(foreseen["dry_run"], true);
    for key in ["at", "rules", "opened", "warned", "resolved", "messages", "data_problems"] {
        assert_eq!(foreseen[key], done[key], "{key}");
    }
}

#[tokio::test]
async fn a_summary_for_a_person_says_where_data_problems_are_listed() {
    let desk = desk().await;
    let told = desk.run(&["scan", "--at", NOW]).done();
    told.says(&[
        "review               3        1        1",
        "new            1 breached, 1 at risk; late before anyone watched: inherited\n",
        "resolved       none\n",
        "messages       1 to deliver\n",
        "data problems  1, see `claimwatch check` and table data_problems\n",
    ]);
    desk.sql("DELETE FROM claims WHERE claim_id = 'C-4'").await;
    desk.run(&["scan"]).done().says(&["data problems  none\n"]);
}

#[tokio::test]
async fn a_scan_never_goes_back_in_time() {
    let desk = desk().await;
    desk.run(&["scan", "--at", NOW]).done();
    let before = desk.everything().await;
    desk.run(&["scan", "--at", "2024-06-10T08:59:59Z"]).refused(
        2,
        &[
            "--at: found 2024-06-10T08:59:59Z",
            "before the last scan at 2024-06-10T09:00:00Z",
            "expected a later instant, or --dry-run",
        ],
    );
    assert_eq!(desk.everything().await, before);
    desk.run(&["scan", "--at", "2024-06-10T08:59:59Z", "--dry-run"]).done();
    desk.run(&["scan", "--at", NOW]).done();
}

#[tokio::test]
async fn what_may_be_late_in_the_future_is_said_but_not_recorded() {
    let desk = desk().await;
    desk.run(&["scan", "--at", "9000-01-01T00:00:00Z"])
        .refused(2, &["--at: found 9000-01-01T00:00:00Z, which is in the future", "--dry-run"]);
    assert_eq!(desk.sql("SELECT count(*) FROM scans").await, [["0"]]);
    let foreseen = desk.run(&["scan", "--at", "9000-01-01T00:00:00Z", "--dry-run", "--json"]).done().json();
    assert_eq!(foreseen["opened"], 3);
}

#[tokio::test]
async fn since_looks_back_for_clocks_that_stopped_late_unseen() {
    let desk = Desk::with_database("").await;
    let late = claim("C-1", "rejected").on("submitted_at", "2024-06-03T10:00:00Z");
    desk.put(late.on("reviewed_at", "2024-06-07T10:00:00Z")).await;
    let found = desk.run(&["scan", "--json", "--at", NOW]).done().json();
    assert_eq!(found["opened"], 0, "the first scan does not look back by itself");
    let found = desk.run(&["scan", "--json", "--at", NOW, "--since", "2024-06-01T00:00:00+02:00"]).done().json();
    assert_eq!((&found["opened"], &found["resolved"]["late"]), (&json!(1), &json!(1)));
    desk.run(&["scan", "--at", NOW, "--since", "2024-06-10T09:00:01Z"]).refused(
        2,
        &["--since: found 2024-06-10T09:00:01Z, expected an instant that is not after the scan's own, 2024-06-10T09:00:00Z"],
    );
}

#[test]
fn an_instant_that_cannot_be_is_refused_by_name() {
    let desk = Desk::with("");
    for option in ["--at", "--since"] {
        for wrong in ["2024-02-30T10:00:00Z", "2024-06-10", "2024-06-10T10:00:00", "2024-06-10T25:00:00Z", "now", ""] {
            desk.run(&["scan", option, wrong])
                .refused(2, &[option, &format!("found {wrong:?}, expected an instant with its offset such as ")]);
        }
    }
    assert!(!desk.path("claims.db").exists());
}

#[tokio::test]
async fn two_scans_at_the_same_time_raise_each_alert_once() {
    let desk = Desk::with_database("").await;
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500) \
         INSERT INTO claims (claim_id, program_id, status, submitted_at) \
         SELECT 'C-' || n, 'P-1', 'submitted', '2024-06-03T10:00:00.000000Z' FROM n",
    )
    .await;
    let start = || {
        let mut command = desk.command(&["scan", "--json", "--at", NOW]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    };
    let summaries = [start(), start()].map(|child| {
        let output = child.wait_with_output().expect("an end");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code");
        Told { code, out: text(output.stdout), err: text(output.stderr) }.done().json()
    });
    let opened: u64 = each(&summaries, "opened").iter().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(opened, 1500);
    assert_eq!(desk.alerts(&[]).len(), 1500);
    let told = desk.sql("SELECT sum(alerts) FROM outbox_messages").await;
    assert_eq!(told, [["1500"]], "each alert is in one message, whoever sends it");
}
