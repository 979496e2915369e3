//! `claimwatch forecast`. It is about now: what is due is written relative to it.

use chrono::TimeDelta;
use claimwatch::now::TimeSource;
use serde_json::json;

use super::Desk;
use crate::world::claim;

#[tokio::test]
async fn it_says_what_is_late_and_what_falls_due_when() {
    let desk = Desk::with_database("[rules.review]\ntarget = \"3 business days\"\n").await;
    let now = TimeSource::system().now();
    let ago = |days| (now - TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    desk.put(claim("C-1", "submitted").on("submitted_at", &ago(30))).await;
    desk.put(claim("C-2", "submitted").on("submitted_at", &ago(0))).await;
    desk.put(claim("C-3", "approved").on("approved_at", &ago(0))).await;
    let told = desk.run(&["forecast", "--days", "5"]).done();
    told.says(&[
        "what falls due from ",
        "overdue",
        "review  P-1      1       -             100.00 EUR",
        "later: 1 clock\n",
    ]);
    let ahead = desk.run(&["forecast", "--json"]).done().json();
    assert_eq!(ahead["overdue"][0]["clocks"], json!(1));
    let due: u64 = ahead["days"].as_array().expect("days").iter().filter_map(|day| day["clocks"].as_u64()).sum();
    assert_eq!((due, &ahead["busiest"].as_array().map(Vec::len)), (1, &Some(1)), "{ahead}");
    desk.run(&["forecast", "--days", "0"]).refused(2, &["--days", "0 is not in 1..=400"]);
}
