//! `claimwatch mail preview`.

use std::fs;

use super::Desk;
use crate::world::claim;

const HOURS: &str = "[calendars]\ndefault = \"fr\"\n[calendars.fr]\ntime_zone = \"Europe/Paris\"\n\
    [escalation]\nsend_hours = \"08:00-19:00\"\n[[escalation.levels]]\nto = [\"support@example.com\"]\n";

/// A database that was scanned before, with a review that is late since.
async fn desk() -> Desk {
    let desk = Desk::with_database(HOURS).await;
    desk.run(&["scan", "--at", "2024-06-03T09:00:00Z"]).done();
    desk.put(claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    desk
}

#[tokio::test]
async fn what_the_next_scan_would_send_is_written_and_nothing_else_changes() {
    let desk = desk().await;
    let before = desk.sql("SELECT count(*) FROM sla_alerts").await;
    let told = desk.run(&["mail", "preview", "--at", "2024-06-06T09:00:00Z"]).done();
    told.says(&[
        "a scan at 2024-06-06 09:00:00Z would send 1 message:",
        "[claimwatch] 1 review is late: C-1, less than one business day (level 1)",
        "to support@example.com; at once",
        "mail-preview/preview-01.eml",
    ]);
    let eml = fs::read_to_string(desk.path("mail-preview/preview-01.eml")).expect("a mail");
    let page = fs::read_to_string(desk.path("mail-preview/preview-01.html")).expect("a page");
    assert!(eml.contains("To: support@example.com") && page.contains("C-1"), "{eml}");
    assert_eq!(desk.sql("SELECT count(*) FROM sla_alerts").await, before);
    assert_eq!(desk.sql("SELECT count(*) FROM outbox_messages").await, [["0"]]);
}

#[tokio::test]
async fn the_sending_hours_hold_no_preview_back_and_say_when_it_would_go() {
    let desk = desk().await;
    let told = desk.run(&["mail", "preview", "--at", "2024-06-08T09:00:00Z", "--json"]).done().json();
    assert_eq!(told[0]["send_at"], "2024-06-10T06:00:00Z", "Monday at eight");
    assert_eq!((&told[0]["alerts"], &told[0]["level"]), (&1.into(), &1.into()));
}

#[tokio::test]
async fn a_preview_is_what_the_scan_then_sends_but_for_its_ids() {
    let desk = desk().await;
    let at = "2024-06-06T09:00:00Z";
    desk.run(&["mail", "preview", "--at", at]).done();
    desk.run(&["scan", "--at", at]).done();
    desk.run(&["outbox", "deliver"]).done();
    let subject = desk.sql("SELECT subject FROM outbox_messages").await;
    let eml = fs::read_to_string(desk.path("mail-preview/preview-01.eml")).expect("a mail");
    // The mail that is sent is made now, and by now it is later.
    assert!(
        eml.contains("Subject: [claimwatch] 1 review is late: C-1") && subject[0][0].contains("1 review is late: C-1")
    );
}

#[tokio::test]
async fn an_earlier_preview_is_replaced_and_nothing_else_touched() {
    let desk = desk().await;
    fs::create_dir(desk.path("there")).expect("a folder");
    for (name, text) in [("preview-07.eml", "old"), ("mine.eml", "mine")] {
        desk.file(&format!("there/{name}"), text);
    }
    desk.run(&["mail", "preview", "--at", "2024-06-06T09:00:00Z", "--dir", "there"]).done();
    assert!(!desk.path("there/preview-07.eml").exists() && desk.path("there/mine.eml").exists());
    desk.file("file", "a file");
    desk.run(&["mail", "preview", "--dir", "file"]).refused(1, &["file: "]);
}
