//! `claimwatch outbox list`, `retry` and `deliver`.

use std::fs;

use super::{Desk, each};
use crate::world::claim;

const MAIL: &str = "[mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"mails\"\n\
    [[escalation.levels]]\nto = [\"support@example.com\"]\ncc = [\"lead@example.com\"]\n";

/// One message to two recipients waits.
async fn desk() -> Desk {
    let desk = Desk::with_database(MAIL).await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk.run(&["scan"]).done();
    desk
}

#[tokio::test]
async fn what_waits_is_listed_sent_once_and_then_listed_as_sent() {
    let desk = desk().await;
    let told = desk.run(&["outbox", "list"]).done();
    told.says(&["support@example.com", "lead@example.com", "pending", "level 1, 1 alert\n"]);
    let waiting = desk.run(&["outbox", "list", "--json"]).done().json();
    assert_eq!(each(waiting.as_array().expect("an array"), "state"), ["pending", "pending"]);
    let told = desk.run(&["outbox", "deliver"]).done();
    assert_eq!(told.out, "2 sent, 0 to be tried again, 0 given up, 0 settled meanwhile\n");
    assert_eq!(fs::read_dir(desk.path("mails")).expect("mails").count(), 2);
    let again = desk.run(&["outbox", "deliver", "--json"]).done().json();
    assert_eq!((again["sent"].as_u64(), again["again"].as_u64()), (Some(0), Some(0)));
    let none = desk.run(&["outbox", "list"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (0, "", "nothing waits and nothing was given up\n"));
    assert_eq!(desk.run(&["outbox", "list", "--json"]).done().out, "[]\n");
    desk.run(&["outbox", "list", "--state", "sent"]).done().says(&["sent", "written to "]);
    desk.run(&["outbox", "list", "--state", "dead"]).complains(&["no delivery is in that state"]);
}

#[tokio::test]
async fn a_transport_that_fails_fails_the_command_and_keeps_the_reason() {
    let desk = desk().await;
    desk.file("mails", "in the way");
    let failed = desk.run(&["outbox", "deliver"]).complains(&["claimwatch: mails: File exists"]);
    assert_eq!(
        (failed.code, failed.out.as_str()),
        (1, "0 sent, 2 to be tried again, 0 given up, 0 settled meanwhile\n")
    );
    desk.run(&["outbox", "list"]).done().says(&["mails: File exists"]);
    desk.run(&["outbox", "deliver"]).done();
    let told = desk.run(&["outbox", "retry", "--all"]).done();
    assert_eq!(told.out, "2 deliveries are due now; the daemon or `claimwatch outbox deliver` sends what is due\n");
    let failed = desk.run(&["outbox", "deliver", "--json"]).complains(&["mails: File exists"]);
    assert_eq!((failed.code, failed.json()["again"].as_u64()), (1, Some(2)));
    fs::remove_file(desk.path("mails")).expect("removed");
    let waiting = desk.run(&["outbox", "list", "--json"]).done().json();
    let id = waiting[0]["id"].as_str().expect("an id");
    desk.run(&["outbox", "retry", id]).done().says(&["1 delivery is due now"]);
    desk.run(&["outbox", "deliver"]).done().says(&["1 sent, 0 to be tried again"]);
    let message = waiting[1]["message"].as_str().expect("an id");
    desk.run(&["outbox", "retry", message]).done().says(&["1 delivery is due now"]);
}

#[tokio::test]
async fn what_cannot_be_retried_is_refused() {
    let desk = desk().await;
    let unknown = "01a20a8a-5a41-7666-ad0a-894246c1af2a";
    desk.run(&["outbox", "retry", unknown]).refused(1, &["no delivery with that id waits or was given up"]);
    desk.run(&["outbox", "retry", "all"]).refused(2, &["'all'", "expected an id such as"]);
    desk.run(&["outbox", "retry"]).refused(2, &["<ID|--all>"]);
    desk.run(&["outbox", "retry", unknown, "--all"]).refused(2, &["cannot be used with"]);
    desk.run(&["outbox", "deliver"]).done();
    desk.run(&["outbox", "retry", "--all"]).done().says(&["0 deliveries are due now"]);
}
