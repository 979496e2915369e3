//! What arrives: a message of each kind, from the claims to the mailbox. The calendar is Paris; 2026-11-23 is a Monday.

use claimwatch::alert::Answer;
use claimwatch::escalation::{Brake, Glob, Matcher, Recipients, Silence};
use mailparse::MailHeaderMap;
use uuid::Uuid;

use crate::answers::level;
use crate::delivery::{courier, drain, server, text_of};
use crate::on_every_engine;
use crate::smtp_server::SmtpServer;
use crate::world::{ClaimRow, World, at, claim};

/// A message as its reader has it, its text on one line.
struct Mail {
    bytes: Vec<u8>,
    text: String,
}

impl Mail {
    fn header(&self, name: &str) -> String {
        let (headers, _) = mailparse::parse_headers(&self.bytes).expect("headers");
        headers.get_first_value(name).unwrap_or_default()
    }
}

/// Delivers what is due, and returns it.
async fn delivered(world: &World, server: &SmtpServer) -> Vec<Mail> {
    let before = server.received().len();
    drain(&courier(world, server)).await;
    let mail = |bytes: Vec<u8>| {
        let text = text_of(&bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        Mail { bytes, text }
    };
    server.received().into_iter().skip(before).map(|received| mail(received.bytes)).collect()
}

/// A review that is late from 2026-11-21 on.
fn late(id: &str) -> ClaimRow {
    claim(id, "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")
}

/// The first cells of the rows of a message's list, and the cells of their column `title`.
fn titles(mail: &Mail) -> Vec<(String, String)> {
    let parsed = mailparse::parse_mail(&mail.bytes).expect("a message");
    let list = parsed.parts().find(|part| part.ctype.mimetype == "text/csv").expect("a list").get_body_raw();
    let list = list.expect("bytes");
    let mut rows = csv::Reader::from_reader(list.strip_prefix(b"\xEF\xBB\xBF").expect("a byte-order mark"));
    let headers = rows.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("a column");
    let (claim, title) = (column("claim_id"), column("title"));
    rows.records().map(|row| row.expect("a row")).map(|row| (row[claim].into(), row[title].into())).collect()
}

on_every_engine! {
    async fn the_worst_of_very_many_are_shown_with_their_titles_however_they_are_read(world in World) {
        world.scan("2026-11-20T09:00:00+01:00").await;
        let claims = (0..700).map(|n| {
            late(&format!("C-{n:03}")).with("amount", &format!("{n}.50")).with("currency", "EUR")
                .with("title", &format!("Title {n:03}"))
        });
        world.put_all(claims).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        let server = server().await;
        let mail = delivered(&world, &server).await.remove(0);
        assert!(mail.text.contains("1. C-699: review, less than one business day late Partner: Contoso Title: Title 699"), "{}", mail.text);
        assert!(mail.text.contains("50. C-650: review") && !mail.text.contains("C-649"), "{}", mail.text);
        let rows = titles(&mail);
        assert_eq!(rows.len(), 700);
        assert_eq!(rows[0], ("C-699".into(), "Title 699".into()));
        assert!(rows[50..].iter().all(|(_, title)| title.is_empty()));
    }

    async fn what_was_resolved_answers_the_message_that_told_of_it(world in World) {
        world.scan("2026-11-20T09:00:00+01:00").await;
        world.put(late("C-1")).await;
        world.put(late("C-2")).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        let server = server().await;
        let first = delivered(&world, &server).await.remove(0);
        assert_eq!(first.header("In-Reply-To"), "");
        let done = claim("C-1", "rejected").on("submitted_at", "2026-11-18T10:00:00+01:00");
        world.put(done.on("reviewed_at", "2026-11-23T11:00:00+01:00")).await;
        world.scan("2026-11-24T09:00:00+01:00").await;
        let told = delivered(&world, &server).await.remove(0);
        assert_eq!(told.header("Subject"), "[claimwatch] Resolved: C-1 (level 1)");
        assert_eq!(told.header("In-Reply-To"), first.header("Message-ID"));
        assert_eq!(told.header("References"), first.header("Message-ID"));
        assert_eq!(told.header("List-Id"), first.header("List-Id"));
        assert!(told.text.contains("C-1: review, done late, Mon 23 Nov 2026"), "{}", told.text);
        assert!(told.text.contains("Running clocks: 0 disputes, 0 payments, 1 review"), "{}", told.text);
        assert!(told.text.contains("Calendars: fr (Europe/Paris), without an end"), "{}", told.text);
    }

    async fn what_was_late_before_is_said_to_be_inherited(world in World) {
        world.put(late("C-1")).await;
        world.scan("2026-12-14T09:00:00+01:00").await;
        let server = server().await;
        let mail = delivered(&world, &server).await.remove(0);
        let subject = "[claimwatch] Inherited: 1 review was late already: C-1, 15 business days (level 1)";
        assert_eq!(mail.header("Subject"), subject);
        assert!(mail.text.contains("count their business days from Mon 14 Dec 2026, and not"), "{}", mail.text);
        assert!(mail.text.contains("Taken over: Mon 14 Dec 2026, late already;"), "{}", mail.text);
    }

    async fn held_alerts_are_a_question_until_they_are_answered(mut world in World) {
        world.plan.policy.brake = Some(Brake { max_new: 2, times_usual: 20, at_least: 0 });
        world.scan("2026-11-20T09:00:00+01:00").await;
        world.put_all(["C-1", "C-2", "C-3"].map(late)).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        let server = server().await;
        let mail = delivered(&world, &server).await.remove(0);
        let subject = "[claimwatch] Question: are 3 new alerts right? They are held until someone says so";
        assert_eq!(mail.header("Subject"), subject);
        assert!(mail.text.contains("would have opened 3 alerts at once. That is above the limit of 2;"), "{}", mail.text);
        assert!(mail.text.contains("1. C-1: review") && mail.text.contains("3. C-3: review"), "{}", mail.text);
        assert_eq!(titles(&mail).len(), 3);
    }

    async fn a_question_that_was_answered_before_it_was_sent_is_not_asked(mut world in World) {
        world.plan.policy.brake = Some(Brake { max_new: 2, times_usual: 20, at_least: 0 });
        world.scan("2026-11-20T09:00:00+01:00").await;
        world.put_all(["C-1", "C-2", "C-3"].map(late)).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        world.store.release_held(at("2026-11-23T09:01:00+01:00"), "Ada").await.expect("held alerts");
        let server = server().await;
        assert!(delivered(&world, &server).await.is_empty());
    }

    async fn a_day_begins_with_what_was_looked_at_if_anyone_wants_it(mut world in World) {
        world.plan.policy.all_is_well = Recipients::people(vec!["ops@example.com".parse().expect("an address")]);
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-20T10:00:00+01:00")).await;
        world.scan("2026-11-20T11:00:00+01:00").await;
        let server = server().await;
        let mail = delivered(&world, &server).await.remove(0);
        assert_eq!(mail.header("Subject"), "[claimwatch] All is well: nothing late among 1 running clock");
        assert_eq!(mail.header("X-Claimwatch-Kind"), "all-is-well");
        assert!(mail.text.contains("Newest clock: started Friday, 20 November 2026, 10:00 (Europe/Paris, UTC+1)"));
        assert!(!mail.text.contains("claims.csv"), "{}", mail.text);
    }

    async fn a_silence_that_is_over_and_a_broken_promise_are_told_with_the_case(mut world in World) {
        world.plan.policy.levels =
            vec![level(None, None, "support@example.com"), level(Some("9 business days"), None, "lead@example.com")];
        world.scan("2026-11-20T09:00:00+01:00").await;
        let silence = Silence {
            id: Uuid::from_u128(1),
            matcher: Matcher { claim: Some(Glob::new("C-*")), ..Matcher::default() },
            author: "Bob".into(),
            reason: "the bank is closed".into(),
            created_at: at("2026-11-20T10:00:00+01:00"),
            ends_at: at("2026-11-24T00:00:00+01:00"),
            expired_at: None,
            expired_by: None,
        };
        world.store.add_silence(&silence, &[]).await.expect("a silence");
        world.put(late("C-1")).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        world.scan("2026-11-24T09:00:00+01:00").await;
        let server = server().await;
        let told = delivered(&world, &server).await.remove(0).text;
        let words = "Silenced: was silenced by Bob until the end of Monday, 23 November 2026: “the bank is closed”";
        assert!(told.contains(words), "{told}");

        let promise = Answer::Acknowledge { until: at("2026-11-26T00:00:00+01:00"), note: None };
        let alert = world.alert().await.id;
        world.store.answer(at("2026-11-24T10:00:00+01:00"), "Ada", &[(alert, promise)]).await.expect("an answer");
        world.scan("2026-11-26T09:00:00+01:00").await;
        let told = delivered(&world, &server).await.remove(0);
        assert!(told.header("Subject").ends_with("(level 2)"), "{}", told.header("Subject"));
        assert!(told.text.contains("Promise: broken"), "{}", told.text);
    }
}
