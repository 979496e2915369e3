//! Text from claims that wants to be a header, a page, a formula or a terminal's command.

use super::*;

const ATTACKS: [&str; 14] = [
    "x\r\nBcc: victim@example.com\r\n\r\nbody",
    "x\nX-Injected: yes",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><a href=\"https://evil.example\">click</a>",
    "=HYPERLINK(\"https://evil.example\",\"open\")",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "＝1+1",
    "harmless; =cmd|' /C calc'!A0",
    "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}2J",
    "invoice\u{202E}fdp.exe\u{2066}\u{200B}",
    "a\0b{{ 7*7 }}{% for x in y %}${x}",
];

/// A case that carries `text` wherever a claim can put text.
fn carrying(text: &str) -> Case {
    let mut case = case("C-1", "dispute", "5 business days", "2026-11-06T09:00:00Z", 3);
    let some = Some(text.to_owned());
    let alert = &mut case.alert;
    (alert.claim_id, alert.claim_status, alert.rule) = (text.into(), text.into(), text.into());
    (alert.payment_id, alert.program_id, alert.partner_name) = (some.clone(), some.clone(), some.clone());
    (alert.paying_entity, alert.acknowledged_by, alert.note) = (some.clone(), some.clone(), some.clone());
    (alert.acknowledged_at, alert.calendar) = (Some(now()), text.into());
    for day in &mut alert.explanation.days {
        day.reason = day.reason.take().map(|_| format!("holiday: {text}"));
    }
    (alert.explanation.notes, alert.explanation.calendar) = (vec![text.into()], text.into());
    case.title = some.clone();
    let entry = HistoryEntry { claim_id: text.into(), at: Some(now()), status: some.clone(), note: some };
    case.history = vec![entry; 8];
    case
}

fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn hostile_text_adds_no_header_and_no_part() {
    let plain: Vec<String> =
        read(&compose(&digest(Language::En), [review("C-1")])).headers.into_iter().map(|(key, _)| key).collect();
    for attack in ATTACKS {
        let mail = compose(&digest(Language::En), [carrying(attack)]);
        let headers = read(&mail).headers;
        assert_eq!(headers.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), plain, "{attack:?}");
        assert!(!mail.subject.contains(is_harmful) && !mail.subject.contains('\n'), "{:?}", mail.subject);
        assert!(headers.iter().all(|(_, value)| !value.contains(is_harmful)), "{headers:?}");
    }
}

#[test]
fn hostile_text_opens_no_tag_in_the_page() {
    let tags = |html: &str| {
        let opened =
            html.split('<').skip(1).map(|tag| tag.split(['>', ' ', '\n']).next().unwrap_or_default().to_owned());
        opened.collect::<Vec<_>>()
    };
    let plain = tags(&read(&compose(&digest(Language::En), [carrying("plain")])).html);
    for attack in ATTACKS {
        let html = read(&compose(&digest(Language::En), [carrying(attack)])).html;
        assert_eq!(tags(&html), plain, "{attack:?}");
        assert!(!html.contains(is_harmful), "{attack:?}");
        assert!(!html.contains("href=\"https://evil"), "{attack:?}");
    }
}

#[test]
fn hostile_text_commands_no_terminal() {
    for attack in ATTACKS {
        let read = read(&compose(&digest(Language::En), [carrying(attack)]));
        assert!(!read.text.contains(is_harmful), "{attack:?}: {:?}", read.text);
        let list: String = read.csv.replace("\r\n", "").trim_start_matches('\u{FEFF}').to_owned();
        assert!(!list.contains(is_harmful) && !list.contains('\n'), "{attack:?}: {list:?}");
    }
}

#[test]
fn hostile_text_is_no_formula_whether_commas_or_semicolons_separate_cells() {
    for attack in ATTACKS {
        let csv = read(&compose(&digest(Language::Fr), [carrying(attack)])).csv;
        let by_semicolons = csv.split([';', '\n']).map(|cell| cell.trim_matches([' ', '"', '\r']).to_owned());
        let cells: Vec<String> = rows(&csv).into_iter().flatten().chain(by_semicolons).collect();
        assert!(cells.len() > 30);
        for cell in cells {
            let first = cell.trim_start().chars().next();
            assert!(!first.is_some_and(|c| "=+-@＝＋－＠".contains(c)), "{attack:?}: {cell:?}");
        }
    }
}

#[test]
fn a_negative_amount_stays_a_number() {
    let mut case = review("C-1");
    case.alert.amount = "-12.50".parse().ok();
    let csv = read(&compose(&digest(Language::En), [case])).csv;
    assert_eq!(column(&rows(&csv)[1], "amount"), "-12.50");
}

#[test]
fn a_megabyte_in_every_field_makes_a_small_message() {
    for unit in ["x", "long word ", "<", "\r\n", "=", "é", "\u{202E}"] {
        let text = unit.repeat((1 << 20) / unit.len());
        let mail = compose(&digest(Language::En), [carrying(&text)]);
        assert!(mail.bytes.len() < 400_000, "{} bytes of {unit:?}", mail.bytes.len());
        assert!(mail.subject.chars().count() <= 250, "{}", mail.subject);
    }
}

#[test]
fn fifty_cases_of_the_longest_text_stay_within_the_templates_fuel() {
    let text = "many words ".repeat(1000);
    let mail = compose(&digest(Language::Fr), (0..60).map(|_| carrying(&text)));
    assert!(mail.bytes.len() < 5_000_000, "{} bytes", mail.bytes.len());
}
