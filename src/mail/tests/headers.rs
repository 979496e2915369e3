//! Who it is from, to whom, and what it belongs to.

use super::*;

#[test]
fn the_headers_say_who_to_whom_and_that_no_person_wrote_it() {
    let mail = compose(&digest(Language::En), [review("C-1042")]);
    let parsed = mailparse::parse_mail(&mail.bytes).expect("a message");
    let header = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("From"), "\"Claim monitor\" <claims-monitor@example.com>");
    assert_eq!(header("Reply-To"), "Support <support@example.com>");
    assert_eq!(header("To"), "Support <support@example.com>, \"Leila Haddad\" <leila@example.com>");
    assert_eq!(header("Cc"), "\"Head of incentives\" <lead@example.com>");
    assert_eq!(header("Subject"), "[claimwatch] 1 review is late: C-1042, 8 business days (level 1)");
    assert_eq!(header("Subject"), mail.subject);
    assert_eq!(header("Date"), "Mon, 07 Dec 2026 07:00:00 +0000");
    assert_eq!(header("Message-ID"), "<01934f3a-5b7c-7def-8a90-123456789abc@example.com>");
    assert_eq!(header("Message-ID"), mail.message_id);
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert_eq!(header("X-Claimwatch-Level"), "1");
    assert_eq!(header("List-Id"), "claimwatch <level-1.claimwatch.example.com>");
    assert_eq!(header("X-Claimwatch-Kind"), "escalation");
    assert_eq!(parsed.headers.len(), 14, "these, MIME-Version and Content-Type: {:?}", parsed.headers);
}

#[test]
fn a_display_name_with_a_line_break_is_an_error_and_no_panic() {
    let mut frame = frame();
    frame.from.name = Some("x\r\nBcc: y@example.com".into());
    let digest = digest(Language::En);
    let mut composer = Composer::new(&frame, ID, &digest, now());
    composer.add(review("C-1")).expect("a case");
    let error = composer.finish().expect_err("a bad name").to_string();
    assert!(error.contains("control character in the display name"), "{error}");
}

#[test]
fn a_domain_beyond_ascii_is_written_in_its_ascii_form() {
    let mut frame = frame();
    frame.from = mailbox("Monitor", "monitor@żółw.example");
    let digest = digest(Language::En);
    let mut composer = Composer::new(&frame, ID, &digest, now());
    composer.add(review("C-1")).expect("a case");
    let mail = composer.finish().expect("a message").expect("something to say");
    assert_eq!(mail.message_id, "<01934f3a-5b7c-7def-8a90-123456789abc@xn--w-uga1v8h.example>");
    assert!(read(&mail).headers.contains(&("From".into(), "Monitor <monitor@xn--w-uga1v8h.example>".into())));
}

#[test]
fn a_moment_before_1970_or_after_9999_makes_a_message_all_the_same() {
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let (frame, digest) = (frame(), digest(Language::En));
        let mut composer = Composer::new(&frame, ID, &digest, now);
        composer.add(review("C-1")).expect("a case");
        assert!(composer.finish().expect("a message").is_some());
    }
}

#[test]
fn the_messages_of_a_thread_answer_its_first_and_share_a_list_id() {
    let (frame, mut digest) = (frame(), digest(Language::En));
    digest.thread = "level 1, rule payment".into();
    let first = Uuid::from_u128(7);
    let made = |id: Uuid| {
        let mut composer = Composer::new(&frame, id, &digest, now()).answering(first);
        composer.add(review("C-1")).expect("a case");
        read(&composer.finish().expect("a message").expect("something to say")).headers
    };
    let header = |headers: &[(String, String)], name: &str| {
        headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    let (begins, answers) = (made(first), made(ID));
    for name in ["In-Reply-To", "References"] {
        assert_eq!(header(&begins, name), None);
        let expected = "<00000000-0000-0000-0000-000000000007@example.com>";
        assert_eq!(header(&answers, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(header(&begins, "Message-ID"), header(&answers, "In-Reply-To"));
    assert_eq!(header(&begins, "List-Id"), header(&answers, "List-Id"));
    let list = header(&begins, "List-Id").expect("a list");
    assert!(
        list.starts_with("claimwatch <level-1-rule-payment-") && list.ends_with(".claimwatch.example.com>"),
        "{list}"
    );
}
