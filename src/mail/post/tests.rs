use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::mail::Frame;
use crate::mail::samples::{Sample, samples};
use crate::mail::tests::{case, digest, frame};
use crate::wording::Language;

fn post(frame: &Frame, digest: &Digest, cases: impl IntoIterator<Item = Case>) -> Value {
    let mut composer = Composer::new(frame, Uuid::from_u128(1), digest, digest.at).unlisted();
    cases.into_iter().for_each(|case| composer.add(case).expect("a case"));
    let post = composer.post().expect("a message").expect("something to say");
    assert!(post.body.len() <= MAX_POST, "{} bytes", post.body.len());
    serde_json::from_slice(&post.body).expect("JSON")
}

fn of_sample(sample: &Sample) -> Value {
    let frame = frame();
    let mut composer = Composer::new(&frame, Uuid::from_u128(1), &sample.digest, sample.digest.at).unlisted();
    sample.cases().iter().for_each(|case| composer.add(case.clone()).expect("a case"));
    composer.tell_settled(sample.settled().to_vec());
    let post = composer.post().expect("a message").expect("something to say");
    serde_json::from_slice(&post.body).expect("JSON")
}

/// The places of values: `data.cases[].url`. Under `of_names`, keys are names of rules.
fn places(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let named = matches!(at, "data.coverage.running" | "data.coverage.open");
                let key = if named { "RULE" } else { key };
                places(value, &if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| places(value, &format!("{at}[]"), found)),
        _ => drop(found.insert(at.to_owned())),
    }
}

#[test]
fn every_field_is_described_and_every_described_field_is_there() {
    let document = include_str!("../../../docs/webhook.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let described: BTreeSet<String> =
        rows.map(|(place, _)| place.to_owned()).filter(|place| place != "Field").collect();
    let mut found = BTreeSet::new();
    for sample in samples(Language::En) {
        places(&of_sample(&sample), "", &mut found);
    }
    // An object that may be null is described by its fields.
    let all = found.clone();
    found.retain(|place| !all.iter().any(|other| other.starts_with(&format!("{place}."))));
    let missing: Vec<_> = found.difference(&described).collect();
    let unknown: Vec<_> = described.difference(&found).filter(|place| place.contains('.')).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "not described: {missing:?}; not there: {unknown:?}");
}

#[test]
fn each_kind_of_message_says_its_kind_and_has_a_text() {
    let kinds: BTreeSet<String> = samples(Language::Fr)
        .iter()
        .map(|sample| {
            let json = of_sample(sample);
            assert!(json["text"].as_str().is_some_and(|text| text.len() > 20), "{json}");
            assert_eq!(json["data"]["language"], "fr");
            json["type"].as_str().expect("a type").to_owned()
        })
        .collect();
    let expected = ["all-is-well", "escalation", "held", "inherited", "report", "resolved", "undeliverable"];
    assert_eq!(kinds, expected.map(|kind| format!("claimwatch.{kind}")).into());
    let document = include_str!("../../../docs/webhook.md");
    assert!(kinds.iter().all(|kind| document.contains(&format!("`{kind}`"))));
}

#[test]
fn the_text_for_a_chat_is_what_is_late_and_the_worst_claims() {
    let late = |number: u32| case(&format!("C-{number}"), "dispute", "5 business days", "2026-11-06T09:00:00Z", number);
    let json = post(&frame(), &digest(Language::En), (1..=7).map(late));
    let text = json["text"].as_str().expect("a text");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("7 disputes"), "{text}");
    assert!(text.contains("C-7: dispute, 7 business days late (https://claims.example.com/claims/C-7)"), "{text}");
    assert!(!text.contains("C-2:"), "five claims are named: {text}");
    assert_eq!(json["data"]["cases"].as_array().map(Vec::len), Some(7));
}

#[test]
fn as_many_cases_as_fit_are_named_and_the_others_counted() {
    let long = "é".repeat(5_000);
    let late = |number: u32| {
        let mut case = case(&format!("C-{number}"), "dispute", "5 business days", "2026-11-06T09:00:00Z", number);
        case.alert.claim_id.push_str(&long);
        let some = Some("\u{1}\"\\".repeat(5_000));
        (case.title, case.alert.partner_name, case.alert.note) = (some.clone(), some.clone(), some.clone());
        (case.alert.payment_id, case.alert.program_id, case.alert.paying_entity) =
            (some.clone(), some.clone(), some.clone());
        (case.alert.acknowledged_by, case.alert.acknowledged_at) = (some, Some(case.alert.due_at));
        case
    };
    let json = post(&frame(), &digest(Language::En), (1..=80).map(late));
    let named = json["data"]["cases"].as_array().map_or(0, Vec::len);
    assert!(named >= 20, "{named}");
    assert_eq!(json["data"]["cases_left_out"], 80 - named);
    assert_eq!(json["data"]["counts"]["cases"], 80);
}

#[test]
fn money_is_exact_and_per_currency() {
    let mut dollars = case("C-2", "dispute", "5 business days", "2026-11-06T09:00:00Z", 1);
    (dollars.alert.amount, dollars.alert.currency) = ("0.10".parse().ok(), Currency::parse("USD"));
    let mut nothing = case("C-3", "dispute", "5 business days", "2026-11-06T09:00:00Z", 1);
    nothing.alert.amount = None;
    let euros = case("C-1", "dispute", "5 business days", "2026-11-06T09:00:00Z", 1);
    let json = post(&frame(), &digest(Language::En), [euros, dollars, nothing]);
    let expected =
        serde_json::json!([{ "currency": "EUR", "amount": "1234.5" }, { "currency": "USD", "amount": "0.10" }]);
    assert_eq!((&json["data"]["money"], &json["data"]["without_amount"]), (&expected, &1.into()));
}

#[test]
fn hostile_text_stays_text() {
    let mut hostile = case("C-1\r\n\u{1b}[31m\u{202E}", "dispute", "5 business days", "2026-11-06T09:00:00Z", 1);
    hostile.alert.partner_name = Some("\u{0}</script>\u{9b}2J".into());
    let json = post(&frame(), &digest(Language::En), [hostile]);
    let is_harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202E}';
    for text in [&json["text"], &json["data"]["cases"][0]["claim_id"], &json["data"]["cases"][0]["partner_name"]] {
        assert!(!text.as_str().expect("a text").contains(is_harmful), "{text}");
    }
}
