use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use super::super::{Composer, List, Mail};
use super::*;
use crate::escalation::Kind;

const BODY: &str = "digest/body.html.j2";
const SUBJECT: &str = "digest/subject.txt.j2";

fn frame(templates: Templates) -> Frame {
    Frame {
        from: "claimwatch@example.com".parse().expect("a mailbox"),
        reply_to: None,
        support_url: Some("https://example.com/support".into()),
        claim_url: Some("https://example.com/{claim_id}".into()),
        templates,
    }
}

fn own(name: &str, source: &str) -> Templates {
    let mut templates = Templates::default();
    templates.put(name, format!("mail/{name}"), source);
    templates
}

fn mail(templates: Templates, name: &str) -> Mail {
    let sample = samples(Language::En).into_iter().find(|sample| sample.name == name).expect("a sample");
    sample.mail(&frame(templates)).expect("a message")
}

fn faults(templates: &Templates) -> Vec<String> {
    templates.check(&frame(Templates::default())).expect_err("a fault")
}

#[test]
fn there_is_a_sample_of_every_kind_and_the_built_in_templates_render_all_of_them() {
    for language in Language::ALL {
        let kinds: BTreeSet<Kind> = samples(language).iter().map(|sample| sample.digest.kind).collect();
        assert_eq!(kinds, Kind::ALL.into(), "{language:?}");
    }
    Templates::default().check(&frame(Templates::default())).expect("right templates");
    let everything = mail(Templates::default(), "escalation");
    for shown in ["C-1001", "C-1014", "C-1030", "C-1039", "tax number", "the bank is closed", "promise", "P-1030-1"] {
        assert!(everything.html.contains(shown), "{shown}");
    }
}

#[test]
fn a_template_of_ones_own_takes_the_place_of_the_built_in_one_alone() {
    let mail = mail(own(SUBJECT, "\nLate claims:\n{{ cases|length }}\n"), "escalation");
    assert_eq!(mail.subject, "Late claims: 4");
    assert_eq!(mail.without_own_templates, None);
    assert_eq!(mail.html, self::mail(Templates::default(), "escalation").html);
}

#[test]
fn it_can_extend_the_built_in_one_that_it_replaces() {
    let source = "{% extends \"builtin/base.html.j2\" %}\n";
    let mail = mail(own("base.html.j2", source), "escalation");
    assert_eq!(mail.html, self::mail(Templates::default(), "escalation").html);
}

#[test]
fn what_a_claim_says_is_escaped_in_it() {
    let mail = mail(
        own(
            BODY,
            "{% for case in cases %}{% for row in case.rows %}{{ row[\"values\"]|join }}{% endfor %}{% endfor %}",
        ),
        "escalation",
    );
    assert!(mail.html.contains("&lt;campaign&gt; &amp; more") && !mail.html.contains("<campaign>"), "{}", mail.html);
}

#[test]
fn a_mistake_is_found_with_its_file_and_line() {
    let syntax = faults(&own(SUBJECT, "one\n{% if %}"));
    assert!(syntax[0].starts_with("mail/digest/subject.txt.j2:2: syntax error: "), "{syntax:?}");
    assert_eq!(syntax.len(), 1, "it is told once: {syntax:?}");
    let unknown = faults(&own(BODY, "<p>\n{{ subjekt }}</p>"));
    assert!(unknown[0].starts_with("mail/digest/body.html.j2:2: undefined value"), "{unknown:?}");
    let empty = faults(&own(SUBJECT, "  \n"));
    assert!(empty[0].contains("digest/subject.txt.j2: found an empty subject"), "{empty:?}");
    let endless = faults(&own(BODY, "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"));
    assert!(endless[0].contains("engine ran out of fuel"), "{endless:?}");
}

#[test]
fn a_mistake_that_shows_in_one_kind_alone_is_found_and_that_kind_is_named() {
    let found = faults(&own(BODY, "{% if answers %}{{ answers[0].wat }}{% endif %}"));
    assert!(found.iter().all(|line| line.contains("(sample \"held\"")), "{found:?}");
}

#[test]
fn a_message_on_which_a_template_fails_goes_out_by_the_built_in_ones_and_says_so() {
    let mail = mail(own(BODY, "{{ nothing }}"), "escalation");
    let built_in = self::mail(Templates::default(), "escalation");
    assert_eq!((&mail.html, &mail.subject), (&built_in.html, &built_in.subject));
    assert!(mail.without_own_templates.is_some_and(|why| why.starts_with("mail/digest/body.html.j2:1: ")));
    let bytes = String::from_utf8_lossy(&mail.bytes).into_owned();
    assert!(bytes.contains("X-Claimwatch-Templates: built-in\r\n"), "{bytes}");
    assert!(!String::from_utf8_lossy(&built_in.bytes).contains("X-Claimwatch-Templates"));
}

/// The variables of a view: `cases.rows.label`, lists by what is in them.
fn variables(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.insert(path.clone());
                variables(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| variables(item, path, found)),
        _ => {}
    }
}

#[test]
fn the_document_has_every_variable_and_none_that_there_is_not() {
    let mut found = BTreeSet::new();
    for sample in samples(Language::En) {
        let frame = frame(Templates::default());
        let mut composer = Composer::new(&frame, Uuid::nil(), &sample.digest, sample.digest.at);
        for case in sample.cases() {
            composer.add(case.clone()).expect("a case");
        }
        composer.tell_settled(sample.settled().to_vec());
        let view = View::new(&mut composer, List { rows: 0, missing: 0, is_compressed: false });
        variables(&serde_json::to_value(&view).expect("a view"), "", &mut found);
    }
    let document = include_str!("../../../docs/mail.md");
    let table = document.split("| variable | what |").nth(1).expect("the table").split("\n\n").next().expect("rows");
    let described = table.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next());
    assert_eq!(described.map(str::to_owned).collect::<BTreeSet<_>>(), found);
}
