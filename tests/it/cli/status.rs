//! `claimwatch status`: for a person, and for monitoring that runs commands.

use super::Desk;
use crate::world::claim;

/// It fails with `failed`, and says what it found.
fn wrong(desk: &Desk, failed: &str, words: &[&str]) {
    let told = desk.run(&["status"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains(failed), "{told:?}");
    told.says(words);
}

#[tokio::test]
async fn it_fails_until_scans_go_on_and_messages_get_out() {
    let desk =
        Desk::with("[[escalation.levels]]\nto = [\"support@example.com\"]\n[schedule]\nscan = \"0 0 * * * *\"\n");
    wrong(&desk, "of 1 checks, 1 failed", &["WRONG  database", "see [database]"]);

    desk.migrate();
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-11-18T10:00:00Z")).await;
    wrong(&desk, "of 4 checks, 1 failed", &["ok     schema", "WRONG  last scan      none yet"]);

    desk.run(&["scan"]).done();
    let status = desk.run(&["status", "--json"]).done().json();
    assert_eq!((&status["ok"], &status["alerts"]["breached"]), (&true.into(), &1.into()));
    desk.run(&["status"])
        .done()
        .says(&["1 waiting, of them 1 due; 0 given up", "1 breached (0 acknowledged, 0 held), 0 at risk"]);

    desk.sql("UPDATE outbox SET state = 'dead', next_attempt_at = NULL").await;
    wrong(&desk, "of 4 checks, 1 failed", &["WRONG  outbox", "1 given up", "outbox list --state dead"]);
}
