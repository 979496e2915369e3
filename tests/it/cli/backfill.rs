//! `claimwatch backfill`.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Desk;
use super::postgres::On;
use crate::world::{Engine, claim};

#[tokio::test]
async fn it_says_what_it_would_build_and_what_it_built() {
    let desk = Desk::with_database("").await;
    let review = claim("C-1", "rejected").on("submitted_at", "2024-06-03T10:00:00Z");
    desk.put(review.on("reviewed_at", "2024-06-10T10:00:00Z")).await;
    desk.run(&["backfill", "--since", "2024-01-01", "--dry-run"])
        .done()
        .says(&["1 claim looked at; 1 alert to be built; nothing was changed\n", "review  1     0\n"]);
    let built = desk.run(&["backfill", "--since", "2024-01-01T00:00:00+01:00", "--json"]).done().json();
    assert_eq!(built, json!({"dry_run": false, "claims": 1, "rules": {"review": {"late": 1, "restarted": 0}}}));
    desk.run(&["backfill", "--since", "2024-01-01"]).done().says(&["every clock that ended late has its alert\n"]);
    desk.run(&["alerts", "show", "C-1"]).done().says(&[
        "resolved (late)",
        "\"opening\":\"backfilled\"",
        "built     later, at ",
    ]);
}

#[tokio::test]
async fn a_since_that_is_no_day_is_refused() {
    let desk = Desk::with_database("").await;
    desk.run(&["backfill", "--since", "last year"])
        .refused(2, &["--since: found \"last year\", expected a day such as 2026-01-01"]);
}

/// Enough for several batches.
const CLAIMS: u32 = 3_500;
const BACKFILL: [&str; 3] = ["backfill", "--since", "2024-01-01"];

/// A desk with claims of which each has a review that ended late.
async fn with_late_reviews(engine: Engine) -> On {
    let on = On::engine(engine, "").await;
    on.run(&["migrate"]);
    let row = |number: u32| {
        let day = 3 + number % 5;
        format!("C-{number:05},P-1,rejected,2024-06-{day:02}T10:00:00Z,2024-06-{:02}T10:00:00Z", day + 14)
    };
    let claims: Vec<String> = (0..CLAIMS).map(row).collect();
    let header = "claim_id,program_id,status,submitted_at,reviewed_at";
    on.file("claims.csv", format!("{header}\n{}\n", claims.join("\n")));
    on.file("programs.csv", "program_id\nP-1\n");
    assert_eq!(on.run(&["import", "--programs", "programs.csv", "--claims", "claims.csv"]).code, 0);
    on
}

/// Alerts and their events, as far as they are the same whenever they were built.
async fn built(on: &On) -> Vec<Vec<String>> {
    on.sql(
        "SELECT a.claim_id, a.rule, a.clock_started_at, a.state, a.resolution, a.resolved_at, e.seq, e.kind, e.at \
         FROM sla_alerts a LEFT JOIN sla_alert_events e ON e.alert_id = a.id ORDER BY a.claim_id, a.rule, e.seq",
    )
    .await
}

async fn whenever_it_is_killed_nothing_is_half_built_and_the_next_one_builds_the_rest(engine: Engine) {
    let undisturbed = with_late_reviews(engine).await;
    let began = Instant::now();
    assert_eq!(undisturbed.run(&BACKFILL).code, 0);
    let takes = began.elapsed();
    let whole = built(&undisturbed).await;
    assert_eq!(whole.len(), 2 * CLAIMS as usize, "opened and resolved");

    let on = with_late_reviews(engine).await;
    let (mut killed, mut between) = (0, 0);
    for round in 1..=12 {
        let mut child = on.command(&BACKFILL).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Each round is killed a little later than the one before, the last ones after most of it.
        sleep(takes * round / 12).await;
        child.kill().expect("a process to kill");
        killed += u32::from(child.wait().expect("a status").code().is_none());
        // A server that was not told that its client is gone finds out by itself.
        let end = Instant::now() + Duration::from_secs(30);
        while engine == Engine::Postgres && is_writing(&on).await {
            assert!(Instant::now() < end, "the server lets go of whoever was killed");
            sleep(Duration::from_millis(20)).await;
        }
        let found = built(&on).await;
        assert_eq!(found.len() % 2, 0, "an alert without its events");
        let known: HashSet<&Vec<String>> = whole.iter().collect();
        assert!(found.iter().all(|row| known.contains(row)), "round {round}");
        between += u32::from(!found.is_empty() && found.len() < whole.len());
    }
    assert!(killed > 0 && between > 0, "killed {killed} times, {between} times half-way");
    assert_eq!(on.run(&BACKFILL).code, 0);
    assert_eq!(built(&on).await, whole);
    on.run(&BACKFILL).done().says(&["every clock that ended late has its alert\n"]);
}

/// Whether a session of the program has a transaction that writes.
async fn is_writing(on: &On) -> bool {
    let writing =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL";
    on.sql(writing).await != [["0"]]
}

#[tokio::test]
async fn whenever_it_is_killed_on_sqlite() {
    whenever_it_is_killed_nothing_is_half_built_and_the_next_one_builds_the_rest(Engine::Sqlite).await;
}

#[tokio::test]
async fn whenever_it_is_killed_on_postgres() {
    whenever_it_is_killed_nothing_is_half_built_and_the_next_one_builds_the_rest(Engine::Postgres).await;
}
