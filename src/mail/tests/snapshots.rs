//! Whole messages of every kind as checked-in files, one folder a kind and language: `UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use super::*;
use crate::alert::Resolution;
use crate::calendar::{Days, FIRST_DAY, Holiday, Origin};
use crate::claim::Money;
use crate::escalation::{Bounced, MonthFigures, Plausible, Reach, RuleOfMonth, Silenced, WorstOfMonth};

/// Every rule, every kind of row: late by little and by much, new and reminded, acknowledged, disputed with a reason.
fn sample_cases() -> Vec<Case> {
    let mut paid_late = case("C-1007", "payment", "45 business days", "2026-08-20T14:30:00Z", 12);
    let alert = &mut paid_late.alert;
    (alert.claim_status, alert.payment_id) = ("approved".into(), Some("P-1007-2".into()));
    (alert.paying_entity, alert.amount) = (Some("Contoso Japan KK".into()), "1250000".parse().ok());
    alert.currency = Currency::parse("JPY");

    let mut reviewed_late = review("C-1042");
    reviewed_late.reminder = true;
    reviewed_late.alert.acknowledged_at = Some(instant("2026-12-04T15:12:00Z"));
    reviewed_late.alert.acknowledged_by = Some("Leila Haddad".into());
    reviewed_late.alert.acknowledged_until = Some(instant("2026-12-08T23:00:00Z"));
    reviewed_late.alert.note = Some("Waiting for the partner's proof of execution".into());

    let mut disputed = case("C-0993", "dispute", "5 business days", "2026-11-06T16:45:10Z", 16);
    disputed.alert.claim_status = "disputed".into();
    disputed.alert.partner_name = Some("Łódź & Søn <Ltd>".into());
    disputed.alert.amount = "84210.75".parse().ok();
    let entry = |at: &str, status: &str, note: Option<&str>| HistoryEntry {
        claim_id: "C-0993".into(),
        at: Some(instant(at)),
        status: Some(status.into()),
        note: note.map(Into::into),
    };
    disputed.history = vec![
        entry("2026-11-02T10:00:00Z", "under_review", None),
        entry(
            "2026-11-05T09:20:00Z",
            "rejected",
            Some("Proof of execution missing; invoice 88-104 is dated outside the campaign period."),
        ),
        entry(
            "2026-11-06T16:45:10Z",
            "disputed",
            Some("The campaign period was extended in writing on 12 October, see the attached letter."),
        ),
    ];

    let mut invoiced = case("C-1100", "tax_invoice_payment", "30 days", "2026-11-05T08:00:00Z", 1);
    (invoiced.alert.claim_status, invoiced.title) = ("approved".into(), None);
    (invoiced.alert.amount, invoiced.alert.currency) = (None, None);
    invoiced.promise_broken = true;
    invoiced.alert.inherited_at = Some(instant("2026-11-30T08:00:00Z"));

    let mut elapsed = case("C-1101", "review", "2 business days elapsed", "2026-12-03T06:30:00Z", 0);
    elapsed.alert.amount = "99.999".parse().ok();
    elapsed.alert.currency = Currency::parse("USD");
    elapsed.alert.explanation.notes.push("calendar \"works\" is not configured; \"fr\" serves".into());
    elapsed.alert.explanation.chosen_by = Some(ChosenBy::Default);

    let mut feast = case("C-1103", "review", "2 business days", "2026-12-02T10:00:00Z", 0);
    let estimated = Days {
        holidays: vec![Holiday { date: day("2026-12-03"), name: "Eid al-Fitr".into(), estimated: true }],
        coverage: Some(FIRST_DAY..=day("2026-12-03")),
        ..Days::none(Origin::Country("FR".into()))
    };
    let target = "2 business days".parse().expect("a target");
    let calendar = paris().with_days(estimated);
    feast.alert.explanation = explain(&target, &calendar, feast.alert.clock_started_at).expect("a deadline");
    feast.alert.due_at = feast.alert.explanation.due_at;
    feast.alert.explanation.chosen_by = Some(ChosenBy::Rule);
    (feast.alert.amount, feast.alert.currency) = (None, None);
    feast.alert.explanation.zone_data = "2026b (system)".into();
    feast.alert.explanation.holiday_data = Some("holidays 0.109".into());

    let mut own_rule = case("C-1102", "export_check", "1 business day elapsed", "2026-11-28T10:00:00Z", 0);
    own_rule.alert.claim_status = "Waiting for bank".into();
    own_rule.silenced = Some(Silenced {
        by: "Ada Keller".into(),
        reason: "The bank is moving to a new system".into(),
        until: instant("2026-12-06T23:00:00Z"),
    });
    vec![disputed, paid_late, reviewed_late, invoiced, elapsed, feast, own_rule]
}

fn hold(path: &Path, made: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, made).expect("a file");
    }
    let kept = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(kept == made, "{} differs; UPDATE_SNAPSHOTS=1 writes it anew. Made:\n{made}", path.display());
}

fn looked_at() -> Coverage {
    let by_rule = |counts: [u64; 4]| {
        ["dispute", "payment", "review", "tax_invoice_payment"].map(String::from).into_iter().zip(counts)
    };
    let reach = |calendar: &str, time_zone: &str, until: Option<&str>| Reach {
        calendar: calendar.into(),
        time_zone: time_zone.into(),
        until: until.map(day),
    };
    Coverage {
        running: by_rule([31, 44_870, 133, 0]).collect(),
        open: by_rule([1, 1, 3, 1]).map(|(rule, late)| (rule, (2, late))).collect(),
        data_problems: 3,
        newest_start: Some(instant("2026-12-07T06:58:12Z")),
        calendars: vec![
            reach("fr", "Europe/Paris", Some("2040-12-31")),
            reach("works", "Asia/Tokyo", None),
            reach("ops", "America/New_York", Some("2027-12-31")),
        ],
    }
}

/// What was settled: in every way, and one that opened again meanwhile.
fn settled_alerts() -> Vec<Alert> {
    let ways =
        [Some(Resolution::Late), Some(Resolution::Met), Some(Resolution::Restarted), Some(Resolution::Withdrawn), None];
    let settled = ways.into_iter().zip(900..).map(|(resolution, number)| {
        let mut alert = review(&format!("C-{number}")).alert;
        if resolution.is_some() {
            alert.state = State::Resolved;
        }
        (alert.resolution, alert.resolved_at) = (resolution, Some(instant("2026-12-04T08:00:00Z")));
        alert.stopped_at = (number < 902).then(|| instant("2026-12-03T15:00:00Z"));
        alert
    });
    let mut settled: Vec<Alert> = settled.collect();
    (settled[1].rule, settled[1].payment_id) = ("payment".into(), Some("P-901-1".into()));
    settled
}

fn with_settled(mut digest: Digest, count: u64) -> Digest {
    digest.settled = Settled { alerts: settled_alerts().iter().map(|alert| alert.id).collect(), count };
    digest
}

fn october() -> MonthFigures {
    let sum = |cents, currency| Money {
        amount: Decimal::new(cents, 2),
        currency: Currency::parse(currency).expect("a code"),
    };
    let rule = |rule: &str, met, late, percent: Option<i64>, late_money| RuleOfMonth {
        rule: rule.into(),
        clocks: met + late + 3,
        met,
        late,
        percent_met: percent.map(|tenths| Decimal::new(tenths, 1)),
        late_money,
    };
    let worst = |claim_id: &str, days, is_open, money| WorstOfMonth {
        rule: "review".into(),
        claim_id: claim_id.into(),
        partner_name: Some("Contoso".into()),
        business_days_late: days,
        is_open,
        money,
    };
    MonthFigures {
        from: "2026-10-01".parse().expect("a day"),
        to: "2026-10-31".parse().expect("a day"),
        program: Some("SURFACE-*".into()),
        rules: vec![
            rule("review", 1_207, 43, Some(965), vec![sum(1_840_000, "EUR"), sum(99_950, "USD")]),
            rule("dispute", 12, 0, Some(1000), Vec::new()),
            rule("payment", 0, 0, None, Vec::new()),
        ],
        worst: vec![worst("C-1042", 12, true, Some(sum(1_840_000, "EUR"))), worst("C-0993", 1, false, None)],
        page: "<!DOCTYPE html><title>October</title>".into(),
        list: "rule,by\r\nreview,all\r\n".into(),
    }
}

/// A message of each kind: the folder's name, the digest, its cases.
fn samples(language: Language) -> Vec<(&'static str, Digest, Vec<Case>)> {
    let of = |kind: Kind| Digest { kind, coverage: looked_at(), ..digest(language) };
    let inherited = || {
        let taken_over = |mut case: Case| {
            case.alert.inherited_at = Some(now());
            case
        };
        vec![
            taken_over(review("C-1042")),
            taken_over(case("C-0993", "dispute", "5 business days", "2026-11-06T16:45:10Z", 16)),
        ]
    };
    let mut held = of(Kind::Held);
    (held.level, held.thread) = (0, "held".into());
    held.plausible = Some(Plausible { limit: 180, usual: Some(9) });
    held.escalated = (0..1_204).map(Uuid::from_u128).collect();
    let mut not_late = case("C-2001", "payment", "45 business days", "2026-10-06T08:00:00Z", 0);
    not_late.alert.state = State::AtRisk;
    let mut undeliverable = of(Kind::Undeliverable);
    (undeliverable.level, undeliverable.thread) = (0, "undeliverable".into());
    undeliverable.bounced = vec![Bounced {
        address: "incentives@example.com".into(),
        since: instant("2026-12-07T06:05:00Z"),
        words: "RCPT TO: 550 5.1.1 <incentives@example.com>: no such user".into(),
        levels: vec![1, 2],
    }];
    let mut well = of(Kind::AllIsWell);
    (well.level, well.thread) = (0, "all is well".into());
    let statement = well.clone();
    well.coverage.open.clear();
    well.coverage.data_problems = 0;
    let mut month = Digest { coverage: Coverage::default(), ..of(Kind::Report) };
    (month.level, month.thread, month.month) = (0, "report SURFACE-*".into(), Some(october()));
    vec![
        ("report", month, Vec::new()),
        ("escalation", with_settled(of(Kind::Escalation), 5), sample_cases()),
        ("inherited", of(Kind::Inherited), inherited()),
        ("resolved", with_settled(of(Kind::Resolved), 42), Vec::new()),
        ("held", held, vec![review("C-1042"), not_late]),
        ("all-is-well", well, Vec::new()),
        ("statement", statement, Vec::new()),
        ("undeliverable", undeliverable, Vec::new()),
    ]
}

#[test]
fn every_kind_of_message_reads_as_its_checked_in_copy_in_every_language() {
    let frame = frame();
    for language in Language::ALL {
        for (kind, digest, cases) in samples(language) {
            let mut composer = Composer::new(&frame, ID, &digest, now());
            for case in cases {
                composer.add(case).expect("a case");
            }
            if digest.settled.count > 0 {
                composer.tell_settled(settled_alerts());
            }
            let mail = composer.finish().expect("a message").expect("something to say");
            let read = read(&mail);
            let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mail"));
            let folder = folder.join(kind).join(language.tag());
            for made in [&mail.subject, &read.text, &read.html] {
                assert!(!made.contains("{$") && !made.contains("{ $"), "an argument is missing: {made}");
            }
            hold(&folder.join("subject.txt"), &format!("{}\n", mail.subject));
            hold(&folder.join("body.txt"), &read.text);
            hold(&folder.join("body.html"), &read.html);
            if !read.list.is_empty() {
                hold(&folder.join(&read.list), &read.csv);
            }
        }
    }
}
