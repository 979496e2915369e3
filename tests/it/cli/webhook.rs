//! Webhooks from the command line: `check`, `mail test --webhook`, `mail preview`.

use super::Desk;
use crate::webhook::receiver::{Answer, Receiver, SECRET};
use crate::world::claim;

fn desk(receiver: &Receiver) -> Desk {
    Desk::with(&format!(
        "[webhooks.tickets]\nurl = \"{}\"\nsecret = \"{SECRET}\"\n\
         [[escalation.levels]]\nto = [\"support@example.com\"]\nwebhooks = [\"tickets\"]\n",
        receiver.url()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_is_posted_and_needs_no_database() {
    let receiver = Receiver::start().await;
    let desk = desk(&receiver);
    receiver.once(Answer::Say("202 Accepted", "ticket 42".into()));
    desk.run(&["mail", "test", "--webhook", "tickets"]).done().says(&[
        "took the message",
        "webhook:tickets",
        "HTTP 202: ticket 42",
    ]);
    let [post] = &receiver.received()[..] else { panic!("one post") };
    assert_eq!(post.json()["type"], "claimwatch.test");
    assert!(post.headers["webhook-signature"].starts_with("v1,"));
    receiver.once(Answer::Say("401 Unauthorized", String::new()));
    let told = desk.run(&["mail", "test", "--webhook", "tickets"]).refused(1, &["HTTP 401"]);
    assert!(!format!("{told:?}").contains("private"), "the address is all that gives access: {told:?}");
    desk.run(&["mail", "test", "--webhook", "chat"]).refused(2, &["expected the name of a webhook: tickets"]);
    assert!(!desk.path("claims.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reaches_each_and_preview_writes_what_would_be_posted() {
    let receiver = Receiver::start().await;
    let desk = desk(&receiver);
    desk.migrate();
    desk.sql("INSERT INTO programs (program_id) VALUES ('P-1')").await;
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-11-18T10:00:00Z")).await;
    desk.run(&["check"]).done().says(&["webhook        tickets (http://127.0.0.1:", "it answers (HEAD: 204)"]);
    let written = desk.run(&["mail", "preview", "--dir", "preview", "--json"]).done().json();
    assert_eq!(
        (&written[0]["webhooks"], &written[0]["to"]),
        (&serde_json::json!(["tickets"]), &serde_json::json!(["support@example.com"]))
    );
    let json = std::fs::read_to_string(desk.path("preview/preview-01.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["data"]["cases"][0]["claim_id"], "C-1");
    assert!(receiver.received().iter().all(|request| request.method == "HEAD"), "nothing is posted");
}
