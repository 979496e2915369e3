use std::collections::BTreeMap;

use chrono::NaiveDate;
use lettre::Address;
use mailparse::{MailHeaderMap, ParsedMail};

use super::*;
use crate::alert::State;
use crate::calendar::{Calendar, ChosenBy};
use crate::claim::{Currency, HistoryEntry};
use crate::escalation::{Coverage, Kind, Recipients, Settled};
use crate::sla::{Target, explain};
use crate::wording::Language;

mod beyond;
mod headers;
mod hostile;
mod kinds;
mod list;
mod order;
mod snapshots;

pub(crate) use list::unpacked;

const ID: Uuid = Uuid::from_u128(0x0193_4f3a_5b7c_7def_8a90_1234_5678_9abc);

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn now() -> DateTime<Utc> {
    instant("2026-12-07T07:00:00Z")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox::new(Some(name.to_owned()), address.parse::<Address>().expect("an address"))
}

pub(super) fn frame() -> Frame {
    Frame {
        from: mailbox("Claim monitor", "claims-monitor@example.com"),
        reply_to: Some(mailbox("Support", "support@example.com")),
        support_url: Some("https://partner.example.com/support/servicerequests?category=incentives&from=mail".into()),
        claim_url: Some("https://claims.example.com/claims/{claim_id}".into()),
        templates: Templates::default(),
    }
}

pub(super) fn digest(language: Language) -> Digest {
    Digest {
        kind: Kind::Escalation,
        level: 1,
        route: None,
        thread: "level 1".into(),
        at: now(),
        recipients: Recipients {
            to: vec![mailbox("Support", "support@example.com"), mailbox("Leila Haddad", "leila@example.com")],
            cc: vec![mailbox("Head of incentives", "lead@example.com")],
            webhooks: Vec::new(),
        },
        language,
        escalated: Vec::new(),
        reminded: Vec::new(),
        silenced: BTreeMap::new(),
        broken: Vec::new(),
        settled: Settled::default(),
        coverage: Coverage::default(),
        plausible: None,
        bounced: Vec::new(),
        month: None,
    }
}

fn paris() -> Calendar {
    Calendar::new("fr", Zone::named("Europe/Paris").expect("Paris"))
        .with_holiday(day("2026-11-11"), "Armistice 1918")
        .with_holiday(day("2026-12-24"), "Closure")
}

/// A breached case of `rule`, `late` business days late, by the Paris calendar.
pub(super) fn case(claim_id: &str, rule: &str, target: &str, start: &str, late: u32) -> Case {
    let target: Target = target.parse().expect("a target");
    let mut explanation = explain(&target, &paris(), instant(start)).expect("a deadline");
    explanation.chosen_by = Some(ChosenBy::Program);
    // The machine's would differ from place to place.
    explanation.zone_data = "2026b (system)".into();
    let number = claim_id.bytes().fold(7_u128, |number, byte| number * 31 + u128::from(byte));
    Case {
        alert: Alert {
            id: Uuid::from_u128(number),
            rule: rule.into(),
            claim_id: claim_id.into(),
            payment_id: None,
            program_id: Some("SURFACE-FR".into()),
            partner_name: Some("Contoso SARL".into()),
            claim_status: "under_review".into(),
            state: State::Breached,
            resolution: None,
            clock_started_at: instant(start),
            due_at: explanation.due_at,
            detected_at: now(),
            stopped_at: None,
            resolved_at: None,
            amount: "1234.5".parse().ok(),
            currency: Currency::parse("EUR"),
            paying_entity: None,
            calendar: "fr".into(),
            escalation_level: 1,
            last_escalated_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            acknowledged_until: None,
            note: None,
            snoozed_until: None,
            held_since: None,
            inherited_at: None,
            backfilled_at: None,
            next_escalation_at: None,
            explanation,
        },
        reminder: false,
        business_days_late: late,
        title: Some("Back to school campaign".into()),
        history: Vec::new(),
        silenced: None,
        promise_broken: false,
    }
}

fn review(claim_id: &str) -> Case {
    case(claim_id, "review", "2 business days", "2026-11-21T09:00:00Z", 8)
}

fn compose(digest: &Digest, cases: impl IntoIterator<Item = Case>) -> Mail {
    let frame = frame();
    let mut composer = Composer::new(&frame, ID, digest, now());
    for case in cases {
        composer.add(case).expect("a case");
    }
    composer.finish().expect("a message").expect("something to say")
}

/// What a reader's program makes of a message.
struct Read {
    headers: Vec<(String, String)>,
    text: String,
    html: String,
    /// The attachment's name; empty: there is none.
    list: String,
    /// What is in it, compressed or not.
    csv: String,
}

fn read(mail: &Mail) -> Read {
    let parsed = mailparse::parse_mail(&mail.bytes).expect("a message");
    let (bodies, list) = match (parsed.ctype.mimetype.as_str(), parsed.subparts.as_slice()) {
        ("multipart/mixed", [bodies, list]) => (bodies, Some(list)),
        // The report of a month.
        ("multipart/mixed", [bodies, page, list]) => {
            assert_eq!(page.ctype.mimetype, "text/html");
            (bodies, Some(list))
        }
        ("multipart/alternative", _) => (&parsed, None),
        other => panic!("{other:?}"),
    };
    assert_eq!(bodies.ctype.mimetype, "multipart/alternative");
    let [text, html] = bodies.subparts.as_slice() else { panic!("two bodies") };
    assert_eq!((text.ctype.mimetype.as_str(), html.ctype.mimetype.as_str()), ("text/plain", "text/html"));
    let name = list.and_then(|list| list.get_content_disposition().params.get("filename").cloned()).unwrap_or_default();
    let file = list.map(|list| list.get_body_raw().expect("a list")).unwrap_or_default();
    let file = match list.map(|list| list.ctype.mimetype.as_str()) {
        Some("application/gzip") => list::unpacked(&file),
        Some("text/csv") | None => file,
        other => panic!("{other:?}"),
    };
    let body = |part: &ParsedMail<'_>| part.get_body().expect("a body");
    Read {
        headers: parsed.headers.iter().map(|header| (header.get_key(), header.get_value())).collect(),
        text: body(text).replace("\r\n", "\n"),
        html: body(html).replace("\r\n", "\n"),
        list: name,
        csv: String::from_utf8(file).expect("UTF-8"),
    }
}

/// The attachment's rows, the header first.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let csv = csv.strip_prefix('\u{FEFF}').expect("a byte-order mark");
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn column<'r>(row: &'r [String], name: &str) -> &'r str {
    &row[csv::COLUMNS.iter().position(|column| *column == name).expect("a column")]
}

#[test]
fn a_message_without_cases_is_none() {
    let (frame, digest) = (frame(), digest(Language::En));
    assert_eq!(Composer::new(&frame, ID, &digest, now()).finish().expect("no failure"), None);
}

#[test]
fn a_composer_can_be_held_while_cases_are_read() {
    fn is_send<T: Send>() {}
    is_send::<Composer<'_>>();
}

#[test]
fn the_same_cases_make_the_same_bytes() {
    let make = || compose(&digest(Language::Fr), [review("C-1"), review("C-2")]);
    assert_eq!(make().bytes, make().bytes);
}

#[test]
fn money_is_summed_per_currency_and_never_across_currencies() {
    let money = |id: &str, amount: &str, currency: &str| {
        let mut case = review(id);
        (case.alert.amount, case.alert.currency) = (amount.parse().ok(), Currency::parse(currency));
        case
    };
    let cases =
        [money("1", "1000.10", "EUR"), money("2", "0.20", "EUR"), money("3", "5", "USD"), money("4", "1", "none")];
    let text = read(&compose(&digest(Language::En), cases)).text;
    let expected =
        "Money held up\n  1,000.30 EUR\n  5.00 USD\n  1 case without an amount or a currency is in no sum.\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn text_has_no_line_above_72_columns_but_an_address() {
    for language in Language::ALL {
        let mut disputed = case("C-9", "dispute", "5 business days", "2026-11-10T09:00:00Z", 2);
        disputed.alert.partner_name = Some("Very long words ".repeat(12) + &"x".repeat(150));
        let text = read(&compose(&digest(language), [disputed, review("C-1")])).text;
        for line in text.lines().filter(|line| !line.contains("https://")) {
            assert!(line.chars().count() <= 72, "{line:?}");
        }
    }
}

#[test]
fn the_claims_link_has_its_id_percent_encoded() {
    let read = read(&compose(&digest(Language::En), [review("C 10/42?a=b&c#d")]));
    let link = "https://claims.example.com/claims/C%2010%2F42%3Fa%3Db%26c%23d";
    assert!(read.text.contains(&format!("   {link}\n")), "{}", read.text);
    assert!(read.html.replace("&#x2f;", "/").contains(&format!("href=\"{link}\"")), "{}", read.html);
    assert_eq!(column(&rows(&read.csv)[1], "link"), link);
}

#[test]
fn a_digest_of_reminders_says_so_in_its_subject() {
    let reminded = |id: &str| Case { reminder: true, ..review(id) };
    let mail = compose(&digest(Language::En), [reminded("C-1"), reminded("C-2")]);
    assert!(mail.subject.starts_with("[claimwatch] Reminder: 2 reviews are late; worst: C-1"), "{}", mail.subject);
    let mixed = compose(&digest(Language::En), [reminded("C-1"), review("C-2"), review("C-3")]);
    assert!(mixed.subject.starts_with("[claimwatch] 3 reviews are late"), "{}", mixed.subject);
    assert!(read(&mixed).text.contains("1 of them is a reminder. 2 are new at this level."));
}

#[test]
fn a_zone_that_the_zone_data_no_longer_has_shows_utc() {
    let mut case = review("C-1");
    case.alert.explanation.time_zone = "Mars/Olympus".into();
    let read = read(&compose(&digest(Language::En), [case]));
    assert!(read.text.contains("Submitted: Saturday, 21 November 2026, 09:00 (UTC)"), "{}", read.text);
    assert!(read.text.contains("Due: end of Tuesday, 24 November 2026"), "the day needs no zone: {}", read.text);
    assert_eq!(column(&rows(&read.csv)[1], "clock_started_at"), "2026-11-21T09:00:00Z");
}
