//! `claimwatch backtest`.

use serde_json::json;

use super::{DATABASE, Desk};
use crate::world::claim;

/// A review that took three business days, with `new.toml`, by which that is in time.
async fn desk() -> Desk {
    let levels = "[[escalation.levels]]\nto = [\"support@example.com\"]\n";
    let desk = Desk::with_database(levels).await;
    let review = claim("C-1", "rejected").on("submitted_at", "2024-06-03T10:00:00Z");
    desk.put(review.on("reviewed_at", "2024-06-06T10:00:00Z")).await;
    desk.file("new.toml", format!("{DATABASE}{levels}[rules.review]\ntarget = \"4 business days\"\n"));
    desk
}

const DAYS: [&str; 7] = ["backtest", "--config", "new.toml", "--from", "2024-06-01", "--to", "2024-06-30"];

#[tokio::test]
async fn it_puts_what_would_have_been_beside_what_was() {
    let desk = desk().await;
    desk.run(&DAYS).done().says(&[
        "clocks that started from 2024-06-01 to 2024-06-30, replayed until ",
        "review  present  2 business days  1       0    1     0.0    1\n",
        "review  new      4 business days  1       1    0     100.0  0\n",
        "support@example.com  present  1         1            1           2024-06-06 00:00:00Z  2024-06-06 00:00:00Z\n",
        "support@example.com  new      0         0            0           -                     -\n",
    ]);
    let found = desk.run(&[&DAYS[..], &["--json"]].concat()).done().json();
    let day = json!({"date": "2024-06-06", "opened": {"present": 1, "new": 0},
                     "messages": {"support@example.com": {"present": 1, "new": 0}}});
    assert_eq!(found["days"], json!([day]));
    // Looked at before the review was done, it was open.
    let before = desk.run(&[&DAYS[..], &["--at", "2024-06-05T12:00:00Z"]].concat()).done();
    before.says(&["review  present  2 business days  1       0    0     -      0\n"]);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_refused() {
    let desk = desk().await;
    desk.run(&["backtest", "--config", "new.toml", "--from", "2024-06-02", "--to", "2024-06-01"])
        .refused(2, &["--to: found 2024-06-01, expected a day that is not before --from, 2024-06-02"]);
    desk.run(&["backtest", "--config", "other.toml", "--from", "2024-06-01", "--to", "2024-06-02"])
        .refused(2, &["other.toml"]);
    desk.file("new.toml", "[rules.review]\ntarget = \"many days\"\n");
    desk.run(&DAYS).refused(2, &["new.toml:2:10: rules.review.target", "many days"]);
}
