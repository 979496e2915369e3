//! Claims whose every text tries to do harm: nothing of it reaches a terminal as it is.

use super::Desk;
use crate::world::{claim, quoted};

/// Escape sequences of both kinds, line breaks, NUL, a bell, what reorders or hides text.
const HOSTILE: &str = "\u{1b}[31mRED\u{1b}]0;title\u{7}\r\nclaimwatch: all is well\u{0}\u{202e}txt.exe\u{2066}\u{9b}31m\u{200b}\u{7f}\u{e0041}<b>";

/// A claim and a payment line with such text in every column that takes text.
async fn desk() -> Desk {
    let desk = Desk::with_database("").await;
    let long = "x".repeat(1 << 20);
    desk.sql(&format!("INSERT INTO programs (program_id, name, calendar) VALUES ({0}, {0}, {0})", quoted(HOSTILE)))
        .await;
    let late = |id: &str, status: &str| claim(id, status).on("submitted_at", "2024-06-03T10:00:00Z");
    let dressed = |id: &str, status: &str| {
        let text = ["program_id", "partner_name", "title"].iter();
        text.fold(late(id, status), |claim, column| claim.with(column, HOSTILE))
    };
    desk.put(dressed(&format!("C-1{HOSTILE}"), "submitted")).await;
    desk.put(dressed("C-2", HOSTILE)).await;
    desk.put(dressed("C-3", "submitted").with("amount", HOSTILE).with("currency", HOSTILE)).await;
    desk.put(late("C-4", "submitted").with("submitted_at", HOSTILE)).await;
    desk.put(late("C-5", "submitted").with("partner_name", &long).with("title", &long)).await;
    desk.put(late(&long, "submitted").with("program_id", &long)).await;
    desk.put(dressed("C-6", "approved").on("approved_at", "2024-01-02T10:00:00Z")).await;
    desk.sql(&format!(
        "INSERT INTO claim_history (claim_id, at, status, note) VALUES ('C-6', {0}, {0}, {0}), \
         ('C-6', '2023-01-02T10:00:00.000000Z', 'submitted', {0})",
        quoted(HOSTILE)
    ))
    .await;
    desk.sql(&format!(
        "INSERT INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency) VALUES ({0}, 'C-6', {0}, {0}, {0})",
        quoted(HOSTILE)
    ))
    .await;
    desk
}

#[track_caller]
fn assert_harmless(text: &str) {
    let harmful = |c: &char| *c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{200b}\u{e0041}".contains(*c));
    assert_eq!(text.chars().find(harmful), None, "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("claimwatch: all is well")), "{text}");
    assert!(text.len() < 100_000, "{} bytes", text.len());
}

#[tokio::test]
async fn no_text_of_a_claim_reaches_the_terminal_raw() {
    let desk = desk().await;
    let scanned = desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    scanned.says(&["review               4        0        4\n", "payment              1        0        1\n"]);
    let list = desk.run(&["alerts", "list"]).done();
    assert_eq!(list.out.lines().count(), 6, "one line each: {}", list.out);
    let mut told =
        vec![scanned, list, desk.run(&["outbox", "list"]), desk.run(&["outbox", "deliver"]), desk.run(&["check"])];
    for id in desk.sql("SELECT id FROM sla_alerts").await.concat() {
        told.push(desk.run(&["alerts", "show", &id]).done());
    }
    for id in desk.sql("SELECT claim_id FROM claims").await.concat() {
        // What no argument can carry.
        if !id.contains('\0') && id.len() < 100_000 {
            told.push(desk.run(&["explain", &id]).done());
            told.push(desk.run(&["explain", &id, "--json"]).done());
        }
    }
    told.push(desk.run(&["explain", HOSTILE.split('\0').next().expect("text")]));
    told.push(desk.run(&["alerts", "show", HOSTILE.split('\0').next().expect("text")]));
    for told in told {
        assert_harmless(&told.out);
        assert_harmless(&told.err);
    }
}

#[tokio::test]
async fn json_carries_the_text_whole_but_escaped() {
    let desk = desk().await;
    desk.run(&["scan", "--at", "2024-06-10T09:00:00Z"]).done();
    let told = desk.run(&["alerts", "list", "--json", "--rule", "payment"]).done();
    assert_harmless(&told.out);
    let alert = &told.json()[0];
    assert_eq!((alert["payment_id"].as_str(), alert["program_id"].as_str()), (Some(HOSTILE), Some(HOSTILE)));
}
