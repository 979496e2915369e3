//! What each kind of message says that the others do not.

use super::*;
use crate::alert::{Alert, Resolution};
use crate::escalation::Plausible;

fn of(kind: Kind, level: u32) -> Digest {
    Digest { kind, level, ..digest(Language::En) }
}

fn settled(count: u64) -> Vec<Alert> {
    (0..count)
        .map(|n| {
            let mut alert = review(&format!("C-{n:03}")).alert;
            (alert.state, alert.resolution, alert.resolved_at) = (State::Resolved, Some(Resolution::Late), Some(now()));
            alert
        })
        .collect()
}

/// The message of `digest` about `cases` and `settled`; `None`: it says nothing.
fn made(digest: &Digest, cases: Vec<Case>, settled: Vec<Alert>) -> Option<Mail> {
    let frame = frame();
    let mut composer = Composer::new(&frame, ID, digest, now());
    for case in cases {
        composer.add(case).expect("a case");
    }
    composer.tell_settled(settled);
    composer.finish().expect("a message")
}

fn text(mail: &Mail) -> String {
    read(mail).text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_was_resolved_is_told_of_beside_cases_or_in_a_message_of_its_own() {
    let mut digest = of(Kind::Resolved, 2);
    assert_eq!(made(&digest, Vec::new(), Vec::new()), None, "nothing was");
    digest.settled.count = 3;
    let mail = made(&digest, Vec::new(), settled(3)).expect("something to say");
    assert_eq!(mail.subject, "[claimwatch] 3 resolved: C-000 and 2 more (level 2)");
    let alone = read(&mail);
    assert!(alone.headers.contains(&("X-Claimwatch-Kind".into(), "resolved".into())), "{:?}", alone.headers);
    assert_eq!(alone.list, "", "there is nothing to list");
    assert!(!alone.text.contains("Money held up") && !alone.html.contains("Money held up"), "{}", alone.text);
    for kind in [Kind::Escalation, Kind::Inherited] {
        digest.kind = kind;
        let mail = made(&digest, vec![review("C-9")], settled(3)).expect("something to say");
        assert!(text(&mail).contains("Resolved since the last message of this thread C-000: review, done late"));
        assert_eq!(made(&digest, Vec::new(), settled(3)), None, "its cases are settled, too");
    }
}

#[test]
fn at_most_twenty_resolved_alerts_are_named_and_the_rest_is_counted() {
    let mut digest = of(Kind::Resolved, 1);
    digest.settled.count = 1_030;
    let mail = made(&digest, Vec::new(), settled(30)).expect("something to say");
    let text = text(&mail);
    assert!(text.contains("C-019: review, done late, Mon 7 Dec 2026") && !text.contains("C-020"), "{text}");
    assert!(text.contains("And 1,010 more, in the table sla_alerts."), "{text}");
    let unknown = made(&digest, Vec::new(), Vec::new()).expect("something to say");
    assert_eq!(unknown.subject, "[claimwatch] 1,030 resolved (level 1)");
    assert!(self::text(&unknown).contains("1,030 in all, in the table sla_alerts."));
}

#[test]
fn one_resolved_alert_is_named_in_the_subject() {
    let mut digest = of(Kind::Resolved, 1);
    digest.settled.count = 1;
    let mail = made(&digest, Vec::new(), settled(1)).expect("something to say");
    assert_eq!(mail.subject, "[claimwatch] Resolved: C-000 (level 1)");
}

#[test]
fn what_was_inherited_on_several_days_says_from_when_on_levels_are_counted() {
    let taken_over = |id: &str, at: &str| {
        let mut case = review(id);
        case.alert.inherited_at = Some(instant(at));
        case
    };
    let (first, last) = (taken_over("C-1", "2026-12-04T08:00:00Z"), taken_over("C-2", "2026-12-07T06:00:00Z"));
    let one = made(&of(Kind::Inherited, 1), vec![first.clone()], Vec::new()).expect("something to say");
    assert_eq!(one.subject, "[claimwatch] Inherited: 1 review was late already: C-1, 8 business days (level 1)");
    assert!(text(&one).contains("count their business days from Fri 4 Dec 2026, and not from the deadlines."));
    let both = made(&of(Kind::Inherited, 1), vec![first, last], Vec::new()).expect("something to say");
    assert!(text(&both).contains("was taken over (Fri 4 Dec 2026 to Mon 7 Dec 2026), and not from the deadlines."));
}

#[test]
fn held_alerts_are_a_question_with_both_answers() {
    let mut digest = of(Kind::Held, 0);
    digest.escalated = (0..1_500).map(Uuid::from_u128).collect();
    digest.plausible = Some(Plausible { limit: 1_000, usual: None });
    let mail = made(&digest, vec![review("C-1"), review("C-2")], Vec::new()).expect("something to say");
    let expected = "[claimwatch] Question: are 2 new alerts right? They are held until someone says so";
    assert_eq!(mail.subject, expected);
    let text = text(&mail);
    for words in [
        "would have opened 1,500 alerts at once. That is above the limit of 1,000; how many are usual is not known yet.",
        "2 of them are still held and listed here.",
        "claimwatch alerts release --by NAME",
        "claimwatch alerts discard --by NAME",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(made(&digest, Vec::new(), settled(1)), None, "nothing is held any more");
}

fn statement(late: u64, problems: u64, running: u64) -> Mail {
    let mut digest = of(Kind::AllIsWell, 0);
    digest.coverage.running.insert("review".into(), running);
    digest.coverage.open.insert("review".into(), (1, late));
    digest.coverage.data_problems = problems;
    made(&digest, Vec::new(), Vec::new()).expect("it speaks without alerts")
}

#[test]
fn all_is_well_only_if_nothing_is_late_and_everything_could_be_classified() {
    assert_eq!(statement(0, 0, 400_000).subject, "[claimwatch] All is well: nothing late among 400,000 running clocks");
    assert_eq!(
        statement(0, 1, 1).subject,
        "[claimwatch] Nothing late among 1 running clock; 1 claim cannot be fully classified"
    );
    assert_eq!(statement(12, 1, 7_000).subject, "[claimwatch] Daily statement: 12 late among 7,000 running clocks");
    assert!(!text(&statement(0, 0, 9)).contains("unless it is snoozed, silenced or held"));
    assert!(text(&statement(1, 0, 9)).contains("unless it is snoozed, silenced or held"));
}

#[test]
fn a_promise_ends_with_a_day_or_at_an_instant() {
    let promised = |until: &str, broken: bool| {
        let mut case = review("C-1");
        case.alert.acknowledged_at = (!broken).then(now);
        case.alert.acknowledged_by = Some("Leila".into());
        (case.alert.acknowledged_until, case.promise_broken) = (Some(instant(until)), broken);
        text(&compose(&digest(Language::En), [case]))
    };
    let day = promised("2026-12-08T23:00:00Z", false);
    let words = "Acknowledged: by Leila, Mon 7 Dec 2026, promised by the end of Tuesday, 8 December 2026";
    assert!(day.contains(words), "{day}");
    let instant = promised("2026-12-08T17:00:00Z", false);
    assert!(instant.contains("promised before Tuesday, 8"), "{instant}");
    let broken = promised("2026-12-06T23:00:00Z", true);
    assert!(broken.contains("Promise: broken (promised by the end of Sunday, 6 December 2026)"), "{broken}");
    assert!(!broken.contains("Acknowledged:"), "{broken}");
}

#[test]
fn a_message_without_a_note_of_what_was_looked_at_has_no_such_section() {
    let read = read(&compose(&digest(Language::En), [review("C-1")]));
    assert!(!read.text.contains("What was looked at") && !read.html.contains("What was looked at"));
}

#[test]
fn fifty_cases_stay_below_the_size_from_which_mail_programs_cut_messages() {
    const SHOWN_BY_GMAIL: usize = 102 * 1024;
    let mut digest = digest(Language::Fr);
    digest.settled.count = 1_000;
    digest.coverage.running.insert("review".into(), 1_000_000);
    let cases = (0..400).map(|n| Case { reminder: true, ..review(&format!("CLAIM-2026-{n:06}")) });
    let mail = made(&digest, cases.collect(), settled(30)).expect("something to say");
    let html = read(&mail).html;
    assert!(html.contains("50. ") && html.contains("Ce qui a été examiné"), "{html}");
    assert!(html.len() < SHOWN_BY_GMAIL, "{} bytes", html.len());
}

#[test]
fn many_calendars_are_cut_short_and_the_one_that_ends_first_comes_first() {
    let mut digest = digest(Language::En);
    digest.coverage.calendars = (0..40)
        .map(|n| crate::escalation::Reach {
            calendar: format!("c{n:02}"),
            time_zone: "UTC".into(),
            until: (n > 0).then(|| day(&format!("20{:02}-12-31", 90 - n))),
        })
        .collect();
    let text = text(&compose(&digest, [review("C-1")]));
    assert!(text.contains("Calendars: c39 (UTC), holidays known until Sunday, 31 December 2051"), "{text}");
    assert!(text.contains("and 28 more calendars") && !text.contains("c00"), "{text}");
}
