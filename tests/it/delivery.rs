//! From the outbox to a mailbox: what a scan wrote is rendered once, and reaches each recipient or is accounted for.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use claimwatch::delivery::transport::{SmtpSettings, SmtpTransport};
use claimwatch::delivery::{Courier, DrainReport, Reach, Way, WayReport};
use claimwatch::mail::{Frame, Templates};
use claimwatch::sla::{Span, Unit};
use claimwatch::store::{DeliveryState, OutboxItem};
use mailparse::MailHeaderMap;
use tokio_util::sync::CancellationToken;

use crate::on_every_engine;
use crate::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};
use crate::world::{World, claim};

const SUPPORT: &str = "support@example.com";
const LEAD: &str = "lead@example.com";
const MONDAY: &str = "2026-11-23T09:00:00Z";

pub fn frame() -> Frame {
    Frame {
        from: "Claim monitor <claims-monitor@example.com>".parse().expect("a mailbox"),
        reply_to: None,
        support_url: None,
        claim_url: None,
        templates: Templates::default(),
    }
}

pub fn courier_with(world: &World, settings: SmtpSettings, frame: Frame) -> Courier {
    let calendars = tokio::sync::watch::Sender::new(Arc::new(world.plan.calendars.clone())).subscribe();
    let (timeout, transport) = (settings.timeout, Arc::new(SmtpTransport::new(settings)));
    Courier::new(Arc::clone(&world.store), calendars, frame, transport, world.time.clone(), timeout)
}

pub fn courier(world: &World, server: &SmtpServer) -> Courier {
    courier_with(world, server.settings(), frame())
}

/// As [`courier`], which sends an address so many messages at most within an hour.
pub fn sparing_courier(world: &World, server: &SmtpServer, most: u32) -> Courier {
    courier(world, server).with_most_an_hour(most)
}

/// So many mails were taken, and nothing else happened.
fn sent(count: u64) -> DrainReport {
    let way = WayReport { sent: count, reach: Reach::There, ..WayReport::default() };
    DrainReport { sent: count, ways: [(Way::Mail, way)].into(), ..DrainReport::default() }
}

pub async fn drain(courier: &Courier) -> DrainReport {
    courier.drain(&CancellationToken::new()).await.expect("a database that answers")
}

pub async fn server() -> SmtpServer {
    SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await
}

/// A world in which level 1 tells support and the lead, and a scan has found these claims' reviews late.
async fn scanned(mut world: World, claims: &[&str]) -> World {
    world.plan.policy.levels[0].recipients.to.push(LEAD.parse().expect("a mailbox"));
    world.program("P-1", None, false).await;
    for id in claims {
        world.put(claim(id, "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    }
    assert_eq!(world.scan(MONDAY).await.messages, 1);
    world
}

async fn reviewed(world: &World, id: &str) {
    let reviewed = claim(id, "approved").on("submitted_at", "2026-11-16T10:00:00Z");
    world.put(reviewed.on("reviewed_at", "2026-11-23T09:01:00Z").on("approved_at", "2026-11-23T09:01:00Z")).await;
    world.scan("2026-11-23T09:05:00Z").await;
}

async fn in_state(world: &World, state: DeliveryState) -> Vec<OutboxItem> {
    world.store.deliveries(Some(state)).await.expect("deliveries")
}

/// Returns once the server has taken so many mails.
async fn arrived(server: &SmtpServer, count: usize) {
    while server.received().len() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn text_of(bytes: &[u8]) -> String {
    let mail = mailparse::parse_mail(bytes).expect("a message");
    mail.parts().filter(|part| part.ctype.mimetype == "text/plain").map(|part| part.get_body().expect("text")).collect()
}

on_every_engine! {
    async fn what_a_scan_found_reaches_each_recipient_in_an_envelope_of_its_own(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        assert_eq!(drain(&courier(&world, &server)).await, sent(2));

        let mut received = server.received();
        received.sort_by(|a, b| a.to.cmp(&b.to));
        assert_eq!(received.iter().map(|mail| &mail.to[..]).collect::<Vec<_>>(), [[LEAD], [SUPPORT]]);
        assert_eq!(received[0].bytes, received[1].bytes);
        assert!(text_of(&received[0].bytes).contains("C-1"));
        assert_eq!((server.connections(), received[0].from.as_str()), (1, "claims-monitor@example.com"));
        let sent = in_state(&world, DeliveryState::Sent).await;
        assert_eq!(sent.iter().map(|item| item.reply.as_deref()).collect::<Vec<_>>(), [Some("250 2.0.0 queued"); 2]);
        assert_eq!(drain(&courier(&world, &server)).await, DrainReport::default());
    }

    async fn a_message_is_rendered_once_and_every_retry_sends_the_same_bytes(world in World) {
        let world = scanned(world, &["C-1", "C-2"]).await;
        let server = server().await;
        // Taken by the server each time, but the answer is lost: the same mail arrives again.
        server.whenever(Moment::Dot, "", Act::HangUp);
        let report = drain(&courier(&world, &server)).await;
        assert_eq!((report.again, report.sent, report.dead), (2, 0, 0));

        reviewed(&world, "C-1").await;
        world.time.advance(TimeDelta::hours(1));
        let reply_to = Some("someone@example.com".parse().expect("a mailbox"));
        let another = courier_with(&world, server.settings(), Frame { reply_to, ..frame() });
        assert_eq!(drain(&another).await.again, 2);

        let received = server.received();
        assert_eq!(received.len(), 4);
        assert!(received.iter().all(|mail| mail.bytes == received[0].bytes));
        let ids = mailparse::parse_headers(&received[0].bytes).expect("headers").0.get_all_values("Message-ID");
        assert_eq!(ids.len(), 1, "{ids:?}");
        let waiting = world.waiting().await;
        assert!(waiting.iter().all(|item| item.attempts == 2 && item.message_id.as_ref() == ids.first()));
    }

    async fn what_was_settled_before_it_was_written_is_left_out(world in World) {
        let world = scanned(world, &["C-1", "C-2"]).await;
        reviewed(&world, "C-1").await;
        let server = server().await;
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
        let text = text_of(&server.received()[0].bytes);
        assert!(text.contains("C-2") && !text.contains("C-1"), "{text}");
    }

    async fn what_is_settled_between_two_attempts_is_left_out_of_the_next(world in World) {
        let world = scanned(world, &["C-1", "C-2"]).await;
        let server = server().await;
        server.once(Moment::Mail, Act::Say("451 4.3.0 later"));
        server.once(Moment::Dot, Act::Say("451 4.3.0 later"));
        assert_eq!(drain(&courier(&world, &server)).await.again, 2);
        reviewed(&world, "C-1").await;
        world.time.advance(TimeDelta::hours(1));
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
        let received = server.received();
        let text = text_of(&received[0].bytes);
        assert!(text.contains("C-2") && !text.contains("C-1"), "{text}");
        assert_eq!(received[0].bytes, received[1].bytes, "both get the same");
    }

    async fn what_is_settled_after_one_recipient_had_it_is_left_out_for_the_other(world in World) {
        let world = scanned(world, &["C-1", "C-2"]).await;
        let server = server().await;
        server.once(Moment::Rcpt, Act::Say("451 4.2.0 greylisted"));
        let report = drain(&courier(&world, &server)).await;
        assert_eq!((report.sent, report.again), (1, 1));
        reviewed(&world, "C-1").await;
        world.time.advance(TimeDelta::hours(1));
        assert_eq!(drain(&courier(&world, &server)).await.sent, 1);
        let received = server.received();
        assert!(text_of(&received[0].bytes).contains("C-1") && !text_of(&received[1].bytes).contains("C-1"));
        let id = |n: usize| mailparse::parse_headers(&received[n].bytes).expect("headers").0.get_first_value("Message-ID");
        assert_eq!(id(0), id(1), "it is the same message");
    }

    async fn what_is_settled_before_a_retry_is_not_sent_at_all_if_nothing_is_left(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        server.whenever(Moment::Greeting, "", Act::Say("421 4.3.2 come back later"));
        assert_eq!(drain(&courier(&world, &server)).await.again, 2);
        reviewed(&world, "C-1").await;
        world.time.advance(TimeDelta::hours(1));
        assert_eq!(drain(&courier(&world, &server)).await.settled, 1);
        assert!(world.waiting().await.is_empty());
    }

    async fn a_message_about_nothing_any_more_is_not_sent(world in World) {
        let world = scanned(world, &["C-1"]).await;
        reviewed(&world, "C-1").await;
        let server = server().await;
        assert_eq!(drain(&courier(&world, &server)).await, DrainReport { settled: 1, ..DrainReport::default() });
        assert_eq!((server.received(), server.connections()), (vec![], 0));
        assert_eq!(in_state(&world, DeliveryState::Settled).await.len(), 2);
    }

    async fn a_reminder_of_what_was_acknowledged_meanwhile_is_not_sent(mut world in World) {
        world.plan.policy.levels[0].remind_every = Some(Span { count: 1, unit: Unit::BusinessDays });
        let world = scanned(world, &["C-1", "C-2"]).await;
        let server = server().await;
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
        assert_eq!(world.scan("2026-11-25T09:00:00Z").await.messages, 1);
        world.sql("UPDATE sla_alerts SET acknowledged_at = '2026-11-25T09:01:00.000000Z' WHERE claim_id = 'C-1'").await;
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
        let text = text_of(&server.received()[2].bytes);
        assert!(text.contains("C-2") && !text.contains("C-1"), "{text}");
    }

    async fn a_refused_recipient_does_not_hold_up_the_other(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        server.whenever(Moment::Rcpt, SUPPORT, Act::Say("550 5.1.1 <support@example.com>: no such user"));
        let report = drain(&courier(&world, &server)).await;
        assert_eq!((report.sent, report.dead, report.away(&Way::Mail)), (1, 1, None));
        assert_eq!(report.last_error.as_deref(), Some("RCPT TO: 550 5.1.1 <[address]>: no such user"));
        let [dead] = &in_state(&world, DeliveryState::Dead).await[..] else { panic!("one dead letter") };
        assert_eq!(dead.recipient, SUPPORT);
        assert_eq!(dead.last_error.as_deref(), Some("RCPT TO: 550 5.1.1 <support@example.com>: no such user"));
        assert_eq!(server.received()[0].to, [LEAD]);
    }

    async fn a_mail_that_cannot_be_written_is_held_up_and_no_other(world in World) {
        let world = scanned(world, &["C-1"]).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-17T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:01:00Z").await.messages, 1);
        let good = world.sql("SELECT explanation FROM sla_alerts WHERE claim_id = 'C-1'").await[0][0].replace('\'', "''");
        world.sql("UPDATE sla_alerts SET explanation = '\"nonsense\"' WHERE claim_id = 'C-1'").await;
        let server = server().await;
        let report = drain(&courier(&world, &server)).await;
        assert_eq!((report.sent, report.again, report.dead), (2, 2, 0));
        assert!(report.last_error.is_some_and(|error| error.starts_with("the mail cannot be written: ")));

        for _ in 0..100 {
            world.time.advance(TimeDelta::minutes(18));
            assert_eq!(drain(&courier(&world, &server)).await.again, 2);
        }
        world.sql(&format!("UPDATE sla_alerts SET explanation = '{good}' WHERE claim_id = 'C-1'")).await;
        world.time.advance(TimeDelta::minutes(18));
        assert_eq!(drain(&courier(&world, &server)).await.sent, 2);
    }

    async fn a_mail_server_that_stays_away_makes_dead_letters_after_five_days_and_not_before(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = SmtpServer::start(Encryption::None).await;
        server.whenever(Moment::Greeting, "", Act::Say("421 4.3.2 come back later"));
        let courier = courier(&world, &server);
        let began = world.time.now();
        while let Some(next) = world.store.next_delivery().await.expect("an answer") {
            world.time.set(next);
            let report = drain(&courier).await;
            assert_eq!(report.away(&Way::Mail).map(|why| why.contains("421 4.3.2 come back later")), Some(true));
            assert!(report.dead == 0 || world.time.now() - began >= TimeDelta::days(5));
        }
        assert!(world.time.now() - began < TimeDelta::days(6));
        let dead = in_state(&world, DeliveryState::Dead).await;
        assert_eq!(dead.len(), 2);
        assert!(dead[0].last_error.as_deref().is_some_and(|error| error.contains("421 4.3.2 come back later")));
    }

    async fn a_wrong_password_never_loses_a_mail(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = SmtpServer::with_login(Encryption::None, "claimwatch", "secret", "PLAIN").await;
        server.whenever(Moment::Auth, "", Act::Say("535 5.7.8 authentication failed"));
        let courier = courier(&world, &server);
        for _ in 0..30 {
            world.time.advance(TimeDelta::days(1));
            let report = drain(&courier).await;
            assert_eq!((report.again, report.dead), (2, 0));
            assert_eq!(report.away(&Way::Mail), Some("AUTH: 535 5.7.8 authentication failed"));
        }
        assert_eq!(world.waiting().await.len(), 2);
    }

    async fn a_stop_finishes_the_mail_in_hand_and_leaves_the_others_due(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        let gate = Gate::closed();
        server.once(Moment::Dot, Act::Wait(gate.clone()));
        let (courier, stop) = (courier(&world, &server), CancellationToken::new());
        let (report, ()) = tokio::join!(courier.drain(&stop), async {
            gate.reached().await;
            stop.cancel();
            gate.open();
        });
        assert_eq!(report.expect("a database that answers"), sent(1));
        let [waiting] = &world.waiting().await[..] else { panic!("one delivery left") };
        assert_eq!((waiting.attempts, waiting.leased_until), (0, None));
    }

    async fn a_mail_whose_courier_died_is_sent_again_by_another_when_its_lease_ends(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        let gate = Gate::closed();
        server.once(Moment::Dot, Act::Wait(gate.clone()));
        let dying = courier(&world, &server);
        tokio::select! {
            _ = drain(&dying) => panic!("the courier was to die in between"),
            () = gate.reached() => {}
        }
        let another = courier(&world, &server);
        assert_eq!(drain(&another).await.sent, 1, "the other recipient's alone: the first is still leased");
        world.time.advance(TimeDelta::from_std(2 * server.settings().timeout + Duration::from_secs(5)).expect("a lease"));
        assert_eq!(drain(&another).await.sent, 1);

        let received = server.received();
        assert_eq!(received.len(), 3);
        assert!(received.iter().all(|mail| mail.bytes == received[0].bytes));
        assert_eq!(received.iter().filter(|mail| mail.to == received[0].to).count(), 2);
    }

    async fn a_server_that_is_silent_to_one_holds_up_no_other_not_even_what_becomes_due_meanwhile(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        let gate = Gate::closed();
        server.once(Moment::Rcpt, Act::Wait(gate.clone()));
        let courier = courier_with(&world, SmtpSettings { max_connections: 2, ..server.settings() }, frame());
        let (report, ()) = tokio::join!(drain(&courier), async {
            gate.reached().await;
            arrived(&server, 1).await;
            world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-17T10:00:00Z")).await;
            assert_eq!(world.scan("2026-11-23T09:01:00Z").await.messages, 1);
            arrived(&server, 3).await;
            gate.open();
        });
        assert_eq!(report, sent(4));
        assert_eq!((server.received().len(), server.connections()), (4, 2));
    }

    async fn two_couriers_at_once_send_each_mail_once(world in World) {
        let world = scanned(world, &["C-1"]).await;
        let server = server().await;
        let (one, two) = (courier(&world, &server), courier(&world, &server));
        let (one, two) = tokio::join!(drain(&one), drain(&two));
        assert_eq!(one.sent + two.sent, 2);
        assert_eq!(server.received().len(), 2);
    }
}
