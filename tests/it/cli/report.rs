//! `claimwatch report`.

use serde_json::json;

use super::Desk;
use crate::world::claim;

/// A review met in April, and one late and one open in May 2024.
async fn desk() -> Desk {
    let desk = Desk::with_database("[calendars.fr]\ntime_zone = \"Europe/Paris\"\n").await;
    for (id, start, stop) in [
        ("C-1", "2024-04-02T10:00:00Z", "2024-04-03T10:00:00Z"),
        ("C-2", "2024-05-02T10:00:00Z", "2024-05-08T10:00:00Z"),
        ("C-3", "2024-05-27T10:00:00Z", "2024-05-30T10:00:00Z"),
    ] {
        desk.put(claim(id, "rejected").on("submitted_at", start).on("reviewed_at", stop)).await;
    }
    desk
}

#[tokio::test]
async fn it_says_how_a_period_was_and_what_was_worst() {
    let desk = desk().await;
    let told =
        desk.run(&["report", "--from", "2024-04-01", "--to", "2024-05-31", "--at", "2024-05-29T12:00:00Z"]).done();
    told.says(&[
        "deadlines from 2024-04-01 to 2024-05-31, as of 2024-05-29 12:00:00Z: 3 claims looked at\n",
        "review: 2 business days\n",
        "all             3       1    1     0             1     0       50.0   1       4     4\n",
        "month  2024-04  1       1    0     0             0     0       100.0  1       1     1\n",
        "late by         rule    claim  payment  deadline    done        amount      partner\n",
        "1 business day  review  C-2             2024-05-06  2024-05-08  100.00 EUR  Contoso",
    ]);
    let json = desk.run(&["report", "--from", "2024-05-01", "--to", "2024-05-31", "--json"]).done().json();
    assert_eq!((&json["from"], &json["rules"][0]["total"]["late"]), (&json!("2024-05-01"), &json!(2)));
    let csv = desk.run(&["report", "--from", "2024-04-01", "--to", "2024-05-31", "--rule", "review", "--csv"]).done();
    csv.says(&["\u{feff}rule,by,name,clocks,", "\r\nreview,month,2024-04,1,1,0,", "\r\nreview,program,P-1,3,1,2,"]);
    let page = desk.run(&["report", "--from", "2024-04-01", "--to", "2024-05-31", "--html"]).done();
    page.says(&["<!DOCTYPE html>", "<svg", "Month of the deadline"]);
}

#[tokio::test]
async fn without_days_it_is_about_last_month() {
    let desk = desk().await;
    let last = |told: super::Told| told.done().out.lines().next().unwrap_or_default().to_owned();
    let told = last(desk.run(&["report", "--at", "2024-06-01T01:00:00+02:00"]));
    assert!(told.starts_with("deadlines from 2024-05-01 to 2024-05-31"), "{told}");
    let told = last(desk.run(&["report", "--at", "2024-05-31T23:00:00+02:00"]));
    assert!(told.starts_with("deadlines from 2024-04-01 to 2024-04-30"), "{told}");
    let told = last(desk.run(&["report", "--from", "2024-05-15", "--at", "2024-05-20T12:00:00Z"]));
    assert!(told.starts_with("deadlines from 2024-05-15 to 2024-05-31"), "{told}");
    let told = last(desk.run(&["report", "--to", "2024-02-10", "--at", "2024-05-20T12:00:00Z"]));
    assert!(told.starts_with("deadlines from 2024-02-01 to 2024-02-10"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let desk = desk().await;
    desk.run(&["report", "--from", "2024-05-02", "--to", "2024-05-01"])
        .refused(2, &["--to: found 2024-05-01, expected a day that is not before --from, 2024-05-02"]);
    desk.run(&["report", "--from", "2024-02-30"]).refused(2, &["2024-02-30", "expected a day such as 2026-11-01"]);
    desk.run(&["report", "--json", "--csv"]).refused(2, &["cannot be used with"]);
    desk.run(&["report", "--rule", "revue"]).refused(2, &["--rule: found \"revue\", expected one of review"]);
}

#[tokio::test]
async fn the_message_of_a_month_is_shown_as_it_would_go_out_if_anyone_gets_one() {
    let desk = Desk::with_database("").await;
    desk.run(&["report", "--eml"])
        .refused(2, &["--eml: found no [[escalation.monthly_reports]] with `to`, expected one to show"]);
    let desk = Desk::with_database("[[escalation.monthly_reports]]\nto = [\"managers@example.com\"]\n").await;
    let review = claim("C-1", "rejected").on("submitted_at", "2024-06-03T10:00:00Z");
    desk.put(review.on("reviewed_at", "2024-06-10T10:00:00Z")).await;
    let told = desk.run(&["report", "--eml", "--from", "2024-06-01", "--to", "2024-06-30"]).done();
    told.says(&[
        "To: managers@example.com",
        "X-Claimwatch-Kind: report",
        "June 2024: 0 of 1",
        "filename=\"report-2024-06.html\"",
    ]);
}
