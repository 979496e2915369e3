//! `claimwatch routes`, and what `check` says of routes.

use serde_json::json;

use super::Desk;
use crate::world::claim;

const ROUTES: &str = r#"
[calendars]
default = "fr"
[calendars.fr]
time_zone = "Europe/Paris"
[calendars.il]
time_zone = "Asia/Jerusalem"
weekend = ["fri", "sat"]

[[escalation.levels]]
to = ["support@example.com"]
[[escalation.levels]]
after = "2 business days"
to = ["lead@example.com"]
cc = ["support@example.com"]

[[escalation.routes]]
rule = "payment"
program = "SURFACE-*"
level = 1
to = ["surface@example.com"]
[[escalation.routes]]
currency = "EUR"
min_amount = "10000"
calendar = "il"
to = ["treasury@example.com"]
"#;

async fn desk() -> Desk {
    let desk = Desk::with_database(ROUTES).await;
    desk.put(claim("C-1", "submitted").with("amount", "9999.99")).await;
    desk.put(claim("C-2", "submitted").with("amount", "10000")).await;
    desk.put(claim("C-3", "approved").with("amount", "20000").with("program_id", "SURFACE-FR")).await;
    desk.sql("INSERT INTO programs (program_id) VALUES ('SURFACE-FR')").await;
    desk
}

#[tokio::test]
async fn each_level_names_its_recipients_its_calendar_and_why() {
    let desk = desk().await;
    let chosen = desk.run(&["routes", "test", "--claim", "C-2", "--rule", "review", "--json"]).done().json();
    let because = ["not route 1: it is for level 1", "route 2 fits: from 10000 EUR"];
    assert_eq!(
        chosen[1],
        json!({
            "rule": "review", "payment_id": null, "level": 2, "route": 2, "to": ["treasury@example.com"], "cc": [],
            "webhooks": [], "calendar": "il", "because": because,
        })
    );
    let chosen = desk.run(&["routes", "test", "--claim", "C-1", "--rule", "review", "--json"]).done().json();
    assert_eq!(chosen[1]["to"], json!(["lead@example.com"]));
    assert_eq!(chosen[1]["calendar"], "fr");
    let because =
        ["not route 1: the rule is review", "not route 2: the amount is 9999.99", "the recipients of level 1"];
    assert_eq!(chosen[0]["because"], json!(because));
}

#[tokio::test]
async fn every_rule_that_could_watch_the_claim_is_answered_for() {
    let desk = desk().await;
    let told = desk.run(&["routes", "test", "--claim", "C-3"]).done();
    told.says(&[
        "payment",
        "surface@example.com",
        "route 1 fits: rule payment, program SURFACE-*, level 1",
        "treasury@example.com",
    ]);
    assert!(!told.out.contains("tax_invoice_payment"), "the program needs no tax invoice: {}", told.out);
    desk.run(&["routes", "test", "--claim", "C-9"]).refused(1, &["no claim has the id \"C-9\""]);
    desk.run(&["routes", "test", "--claim", "C-1", "--rule", "reviw"])
        .refused(2, &["--rule: found \"reviw\", expected one of"]);
}

#[tokio::test]
async fn the_list_has_routes_in_their_order_and_then_levels() {
    let desk = desk().await;
    let listed = desk.run(&["routes", "list", "--json"]).done().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(4));
    assert_eq!(listed[1]["conditions"], "from 10000 EUR");
    assert_eq!((&listed[2]["level"], &listed[2]["to"]), (&json!(1), &json!(["support@example.com"])));
    assert_eq!((&listed[1]["calendar"], &listed[3]["calendar"]), (&json!("il"), &json!("fr")));
    assert_eq!((&listed[2]["after"], &listed[3]["after"]), (&json!(null), &json!("2 business days")));
    desk.run(&["routes", "list"]).done().says(&[
        "lead@example.com (cc support@example.com)",
        "what no route is for, 2 business days after the deadline",
        "what no route is for, when the deadline is missed",
    ]);
}

#[tokio::test]
async fn check_names_routes_that_no_alert_will_ever_get() {
    let desk = desk().await;
    let more = "[[escalation.routes]]\nprogram = \"SURFACE-FR\"\nrule = \"payment\"\nlevel = 1\nto = [\"a@example.com\"]\n\
        [[escalation.routes]]\nrule = \"dispute\"\nto = [\"b@example.com\"]\n\
        [[escalation.routes]]\nrule = \"review\"\npaying_entity = \"*Ireland*\"\nto = [\"c@example.com\"]\n[rules.dispute]\nenabled = false\n";
    desk.configure(&format!("{}{ROUTES}{more}", super::DATABASE));
    desk.sql("DELETE FROM claims").await;
    desk.run(&["check"]).done().says(&[
        "doubt  escalation     route 3 (rule payment, program SURFACE-FR, level 1) never gets an alert: route 1 (rule \
         payment, program SURFACE-*, level 1) comes first and is for all of it",
        "→ move it before that one, or remove it",
        "doubt  escalation     route 4 (rule dispute) never gets an alert: every rule that it is for is switched off",
        "doubt  escalation     route 5 (rule review, paying entity *Ireland*) never gets an alert: no rule that it is for \
         and that is on watches payment lines, which alone have a paying entity",
    ]);
}
