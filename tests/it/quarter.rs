//! A quarter of an office's mailbox: a clock that is turned, real SQLite, real SMTP. All that anyone is sent in three months
//! stands in `tests/data/quarter.txt`, a line a message; `UPDATE_SNAPSHOTS=1` writes it anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::alert::Answer;
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::delivery::Courier;
use claimwatch::delivery::transport::SmtpTransport;
use claimwatch::escalation::{Brake, Glob, Matcher, Recipients, Route, Silence};
use claimwatch::mail::{Frame, Templates};
use claimwatch::store::AlertFilter;
use mailparse::MailHeaderMap;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::answers::level;
use crate::smtp_server::{Act, Encryption, Moment, Received, SmtpServer};
use crate::world::{World, at, claim};

/// Local hours at which the daemon scans and delivers.
const HOURS: [u32; 4] = [0, 8, 13, 20];

fn calendars() -> Calendars {
    let day = |text: &str| text.parse().expect("a day");
    let fr = Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"))
        .with_holiday(day("2026-11-11"), "Armistice")
        .with_holiday(day("2026-12-25"), "Christmas Day");
    let weekend = [chrono::Weekday::Fri, chrono::Weekday::Sat];
    let il = Calendar::new("il", Zone::named("Asia/Jerusalem").expect("a zone")).with_weekend(weekend);
    Calendars::new("fr", [fr, il]).expect("calendars")
}

/// Two levels with reminders of the first, the payments of one program to people of its own, a brake, a daily statement on
/// business days, sending hours from eight to seven.
async fn office() -> World {
    let mut world = World::on_sqlite().await;
    world.plan.calendars = calendars();
    let policy = &mut world.plan.policy;
    policy.levels = vec![
        level(None, Some("5 business days"), "support@example.com"),
        level(Some("3 business days"), None, "lead@example.com"),
    ];
    policy.routes = vec![Route {
        rule: Some(Glob::new("*payment")),
        program: Some(Glob::new("SURFACE-*")),
        paying_entity: None,
        currency: None,
        min_amount: None,
        level: None,
        calendar: Some("il".into()),
        recipients: Recipients {
            to: vec!["surface@example.com".parse().expect("an address")],
            cc: vec!["treasury@example.com".parse().expect("an address")],
            webhooks: Vec::new(),
        },
    }];
    policy.brake = Some(Brake { max_new: 50, times_usual: 20, at_least: 20 });
    policy.all_is_well = Recipients::default();
    world.send_hours("08:00:00", "19:00:00");
    world.program("P-1", None, false).await;
    world.program("SURFACE-IL", Some("il"), false).await;
    world
}

/// What happens in the office, each before the first scan after its instant.
async fn happen(world: &World, server: &SmtpServer, what: &str, now: DateTime<Utc>) {
    let review = |id: &str, start: &str| claim(id, "submitted").on("submitted_at", start);
    let only = async |id: &str| {
        let filter = AlertFilter { claim: Some(id.into()), ..AlertFilter::default() };
        world.store.alerts(&filter).await.expect("alerts").last().expect("its alert").id
    };
    match what {
        "old claims are there as the watch begins" => {
            for n in 1..=3 {
                world.put(review(&format!("OLD-{n}"), "2026-09-21T10:00:00Z")).await;
            }
        }
        "the old ones are done" => {
            for n in 1..=3 {
                let done = claim(&format!("OLD-{n}"), "rejected").on("submitted_at", "2026-09-21T10:00:00Z");
                world.put(done.on("reviewed_at", "2026-10-07T10:00:00Z")).await;
            }
        }
        "C-1 is submitted" => world.put(review("C-1", "2026-10-12T09:30:00Z")).await,
        "Ada promises C-1" => {
            let promise =
                Answer::Acknowledge { until: at("2026-10-17T00:00:00+02:00"), note: Some("asked the partner".into()) };
            world.store.answer(now, "Ada", &[(only("C-1").await, promise)]).await.expect("an answer");
        }
        "C-1 is reviewed" => {
            let done = claim("C-1", "approved").on("submitted_at", "2026-10-12T09:30:00Z");
            let done = done.on("reviewed_at", "2026-10-21T12:00:00Z").on("approved_at", "2026-10-21T12:00:00Z");
            world.put(done.on("paid_at", "2026-10-22T12:00:00Z")).await;
        }
        "a payment is approved" => {
            let owed =
                claim("PAY-1", "approved").with("program_id", "SURFACE-IL").on("approved_at", "2026-08-25T08:00:00Z");
            world.put(owed.with("amount", "12500.00")).await;
        }
        "the payment is made" => {
            let paid =
                claim("PAY-1", "approved").with("program_id", "SURFACE-IL").on("approved_at", "2026-08-25T08:00:00Z");
            world.put(paid.with("amount", "12500.00").on("paid_at", "2026-11-17T09:00:00Z")).await;
        }
        "the bank closes, and Bob silences it" => {
            let silence = Silence {
                id: Uuid::from_u128(7),
                matcher: Matcher { claim: Some(Glob::new("BANK-*")), ..Matcher::default() },
                author: "Bob".into(),
                reason: "the bank is closed".into(),
                created_at: now,
                ends_at: at("2026-11-12T00:00:00+01:00"),
                expired_at: None,
                expired_by: None,
            };
            world.store.add_silence(&silence, &[]).await.expect("a silence");
            world.put(review("BANK-1", "2026-11-02T10:00:00Z")).await;
        }
        "the bank's claim is done" => world.sql("DELETE FROM claims WHERE claim_id = 'BANK-1'").await.clear(),
        "a broken import makes sixty old claims" => {
            world.put_all((1..=60).map(|n| review(&format!("BAD-{n}"), "2026-11-16T10:00:00Z"))).await;
        }
        "the import is mended, and Ada discards what was held" => {
            world.sql("DELETE FROM claims WHERE claim_id LIKE 'BAD-%' AND claim_id <> 'BAD-7'").await;
            assert_eq!(world.store.discard_held(now, "Ada").await.expect("held alerts"), 60);
        }
        "the one that was right is done" => world.sql("DELETE FROM claims WHERE claim_id = 'BAD-7'").await.clear(),
        "the mail server is busy for a day" => {
            for _ in 0..4 {
                server.once(Moment::Mail, Act::Say("451 4.3.0 later"));
            }
            world.put(review("C-2", "2026-12-01T10:00:00Z")).await;
        }
        "C-2 is snoozed over the feasts" => {
            let snooze = Answer::Snooze { until: at("2026-12-28T08:00:00+01:00") };
            world.store.answer(now, "Ada", &[(only("C-2").await, snooze)]).await.expect("an answer");
        }
        other => panic!("what is {other:?}?"),
    }
}

const STORY: [(&str, &str); 14] = [
    ("2026-10-01T00:00:00+02:00", "old claims are there as the watch begins"),
    ("2026-10-07T12:30:00+02:00", "the old ones are done"),
    ("2026-10-12T11:30:00+02:00", "C-1 is submitted"),
    ("2026-10-15T09:00:00+02:00", "Ada promises C-1"),
    ("2026-10-21T14:00:00+02:00", "C-1 is reviewed"),
    ("2026-10-26T09:00:00+01:00", "a payment is approved"),
    ("2026-11-02T09:00:00+01:00", "the bank closes, and Bob silences it"),
    ("2026-11-16T09:00:00+01:00", "the bank's claim is done"),
    ("2026-11-17T10:00:00+01:00", "the payment is made"),
    ("2026-11-19T21:00:00+01:00", "a broken import makes sixty old claims"),
    ("2026-11-20T10:00:00+01:00", "the import is mended, and Ada discards what was held"),
    ("2026-11-24T10:00:00+01:00", "the one that was right is done"),
    ("2026-12-01T12:00:00+01:00", "the mail server is busy for a day"),
    ("2026-12-14T09:00:00+01:00", "C-2 is snoozed over the feasts"),
];

/// The local instants of every scan, with what happened before it.
fn scans() -> Vec<(DateTime<Utc>, Vec<&'static str>)> {
    let zone = Zone::named("Europe/Paris").expect("a zone");
    let (mut day, end) =
        ("2026-10-01".parse::<chrono::NaiveDate>().expect("a day"), "2027-01-01".parse().expect("a day"));
    let (mut scans, mut story) = (Vec::new(), STORY.iter().peekable());
    while day < end {
        for hour in HOURS {
            let scan = zone.instant_of(day.and_hms_opt(hour, 5, 0).expect("a time")).expect("an instant");
            let mut before = Vec::new();
            while let Some((_, what)) = story.next_if(|(instant, _)| at(instant) <= scan) {
                before.push(*what);
            }
            scans.push((scan, before));
        }
        day = day.succ_opt().expect("another day");
    }
    scans
}

/// The messages of a mailbox, each once: when it arrived, to whom it was addressed, its subject, whether it answers another.
fn table(arrived: &BTreeMap<String, (DateTime<Utc>, Received)>) -> String {
    let zone = Zone::named("Europe/Paris").expect("a zone");
    let mut lines: Vec<_> = arrived
        .values()
        .map(|(at, mail)| {
            let (headers, _) = mailparse::parse_headers(&mail.bytes).expect("headers");
            let header = |name: &str| headers.get_first_value(name).unwrap_or_default();
            let to = [header("To"), header("Cc")].join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
            let answers = if header("In-Reply-To").is_empty() { "new  " } else { "reply" };
            let when = zone.local(*at).format("%a %d %b %H:%M");
            (*at, format!("{when}  {answers}  {to:<46}  {}", header("Subject")))
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| format!("{}\n", line.trim_end())).collect()
}

#[tokio::test]
async fn a_quarter_of_an_offices_mail_is_what_it_should_be() {
    let world = office().await;
    let server = SmtpServer::start(Encryption::StartTls).await;
    let calendars = tokio::sync::watch::Sender::new(Arc::new(world.plan.calendars.clone())).subscribe();
    let transport = Arc::new(SmtpTransport::new(server.settings()));
    let frame = Frame {
        from: "Claim monitor <claims-monitor@example.com>".parse().expect("a mailbox"),
        reply_to: None,
        support_url: None,
        claim_url: None,
        templates: Templates::default(),
    };
    let timeout = server.settings().timeout;
    let courier = Courier::new(Arc::clone(&world.store), calendars, frame, transport, world.time.clone(), timeout);

    let (mut arrived, mut known) = (BTreeMap::new(), 0);
    for (instant, before) in scans() {
        for what in before {
            world.time.set(instant - TimeDelta::minutes(1));
            happen(&world, &server, what, instant - TimeDelta::minutes(1)).await;
        }
        world.scan(&instant.to_rfc3339()).await;
        courier.drain(&CancellationToken::new()).await.expect("a database that answers");
        let received = server.received();
        for mail in &received[known..] {
            let (headers, _) = mailparse::parse_headers(&mail.bytes).expect("headers");
            let id = headers.get_first_value("Message-ID").expect("a Message-ID");
            arrived.entry(id).or_insert_with(|| (instant, mail.clone()));
        }
        known = received.len();
    }
    assert!(world.waiting().await.is_empty(), "everything has arrived");

    let made = table(&arrived);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quarter.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{} differs; UPDATE_SNAPSHOTS=1 writes it anew. Made:\n{made}", path.display());
}
