//! `claimwatch backfill`.

use serde_json::json;

use super::Desk;
use crate::world::claim;

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
