//! `claimwatch import`.

use serde_json::json;

use super::Desk;

const CLAIMS: &str = "claim_id,status,submitted_at\nC-1,submitted,2024-06-03T10:00:00Z\nC-2,editing,\n";

#[tokio::test]
async fn an_import_counts_what_it_stored_and_twice_changes_nothing() {
    let desk = Desk::with("");
    desk.file("claims.csv", CLAIMS);
    desk.file("history.csv", "claim_id,at,status\nC-1,2024-06-03T10:00:00Z,submitted\n");
    let args = ["import", "--claims", "claims.csv", "--history", "history.csv"];
    let told = desk.run(&args).done();
    assert_eq!(told.out, "claims: 2 new, 0 changed, 0 unchanged\nhistory: 1 new, 0 changed, 0 unchanged\n");
    let before = desk.everything().await;
    let told = desk.run(&[&args[..], &["--json"]].concat()).done().json();
    assert_eq!(told["claims"], json!({"new": 0, "changed": 0, "same": 2}));
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_rejected_row_names_file_line_and_column_and_nothing_is_imported() {
    let desk = Desk::with_database("").await;
    let before = desk.everything().await;
    desk.file("claims.csv", format!("{CLAIMS}C-3,submitted,2024-02-30T10:00:00Z\nC-4,pending,\n"));
    for more in [&[][..], &["--dry-run"]] {
        desk.run(&[&["import", "--claims", "claims.csv"], more].concat()).refused(
            3,
            &[
                "claims.csv:4: submitted_at of claim C-3: found \"2024-02-30T10:00:00Z\"",
                "claims.csv:5: status of claim C-4: found \"pending\"",
                "nothing imported",
            ],
        );
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn a_dry_run_counts_and_stores_nothing() {
    let desk = Desk::with_database("").await;
    let before = desk.everything().await;
    desk.file("claims.csv", CLAIMS);
    let told = desk.run(&["import", "--claims", "claims.csv", "--dry-run"]).done();
    assert_eq!(told.out, "claims: 2 new, 0 changed, 0 unchanged\ndry run: nothing was stored\n");
    assert_eq!(desk.everything().await, before);
}

#[test]
fn a_file_that_cannot_be_read_fails_and_no_file_at_all_is_wrong_usage() {
    let desk = Desk::with("");
    desk.run(&["import", "--claims", "missing.csv"])
        .refused(1, &["missing.csv: found no such file, expected a CSV file"]);
    desk.run(&["import", "--claims", "."]).refused(1, &[".: found a directory, expected a CSV file"]);
    desk.run(&["import"]).refused(2, &["--programs <FILE>|--claims <FILE>|--payments <FILE>|--history <FILE>"]);
    desk.run(&["import", "--claims", "c.csv", "--time-zone", "Europe/Pari"])
        .refused(2, &["did you mean \"Europe/Paris\""]);
}
