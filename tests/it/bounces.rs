//! Addresses that their mail server refuses: disabled after three in a row, and told of to those who are left. The calendar is
//! Paris; 2026-11-23 is a Monday.

use claimwatch::store::DeliveryState;
use mailparse::MailHeaderMap;

use crate::answers::level;
use crate::delivery::{courier, drain, server, text_of};
use crate::on_every_engine;
use crate::smtp_server::{Act, Moment, SmtpServer};
use crate::world::{World, at, claim};

const SUPPORT: &str = "support@example.com";
const LEAD: &str = "lead@example.com";
const GONE: &str = "550 5.1.1 no such user";

/// Level 1 for support, level 2 two days later for the lead; the first scan is over.
async fn office(mut world: World) -> World {
    world.plan.policy.levels = vec![level(None, None, SUPPORT), level(Some("9 business days"), None, LEAD)];
    world.scan("2026-11-20T08:00:00+01:00").await;
    world
}

/// A review that is late from that Monday on, told of at this hour of it.
async fn told_of(world: &World, id: &str, hour: u32) {
    world.put(claim(id, "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    world.scan(&format!("2026-11-23T{hour:02}:00:00+01:00")).await;
}

async fn dead(world: &World) -> Vec<(String, u32, String)> {
    let dead = world.store.deliveries(Some(DeliveryState::Dead)).await.expect("deliveries");
    dead.into_iter().map(|item| (item.recipient, item.attempts, item.last_error.unwrap_or_default())).collect()
}

async fn disabled(world: &World) -> Vec<String> {
    let disabled = world.store.disabled_addresses().await.expect("addresses");
    disabled.into_iter().map(|disabled| disabled.address).collect()
}

fn received(server: &SmtpServer) -> Vec<(String, String)> {
    let subject = |bytes: &[u8]| {
        mailparse::parse_headers(bytes).expect("headers").0.get_first_value("Subject").unwrap_or_default()
    };
    server.received().iter().map(|mail| (mail.to.join(","), subject(&mail.bytes))).collect()
}

on_every_engine! {
    async fn an_address_that_is_refused_three_times_in_a_row_is_disabled_and_the_next_level_is_told_once(world in World) {
        let (world, server) = (office(world).await, server().await);
        server.whenever(Moment::Rcpt, SUPPORT, Act::Say(GONE));
        for number in 1..=3 {
            assert_eq!(disabled(&world).await, Vec::<String>::new());
            told_of(&world, &format!("C-{number}"), 8 + number).await;
            drain(&courier(&world, &server)).await;
        }
        assert_eq!(disabled(&world).await, [SUPPORT]);
        assert_eq!(received(&server), [], "nobody was told yet");

        told_of(&world, "C-4", 12).await;
        let report = drain(&courier(&world, &server)).await;
        assert_eq!((report.sent, report.dead), (1, 0));
        let subject = "[claimwatch] Undeliverable: support@example.com refuses messages".to_owned();
        assert_eq!(received(&server), [(LEAD.to_owned(), subject)]);
        let text = text_of(&server.received()[0].bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "support@example.com has refused three messages in a row, the last one on Monday, 23 November 2026, 11:00",
            "550 5.1.1 no such user",
            "It was to get level 1.",
            "claimwatch outbox enable support@example.com",
        ] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
        let last = dead(&world).await.pop().expect("a dead letter");
        assert_eq!((last.0.as_str(), last.1), (SUPPORT, 0), "it was not tried");
        assert!(last.2.starts_with("not tried: the address is disabled") && last.2.ends_with(GONE), "{}", last.2);

        told_of(&world, "C-5", 13).await;
        drain(&courier(&world, &server)).await;
        assert_eq!(received(&server).len(), 1, "it is told once");
    }

    async fn what_was_not_sent_to_a_disabled_address_is_sent_once_it_is_enabled(world in World) {
        let (world, server) = (office(world).await, server().await);
        for number in 1..=3 {
            server.once(Moment::Rcpt, Act::Say(GONE));
            told_of(&world, &format!("C-{number}"), 8 + number).await;
            drain(&courier(&world, &server)).await;
        }
        told_of(&world, "C-4", 12).await;
        drain(&courier(&world, &server)).await;
        let now = at("2026-11-23T12:30:00+01:00");
        world.time.set(now);
        assert_eq!(world.store.enable_address(SUPPORT, now).await.expect("enabled"), Some(1));
        assert_eq!(world.store.enable_address(SUPPORT, now).await.expect("asked"), None, "it is not disabled any more");
        drain(&courier(&world, &server)).await;
        let to_support = received(&server).into_iter().filter(|(to, _)| to == SUPPORT).count();
        assert_eq!(to_support, 1);
        assert!(text_of(&server.received().last().expect("a mail").bytes).contains("C-4"));
        told_of(&world, "C-5", 13).await;
        assert_eq!(drain(&courier(&world, &server)).await.sent, 1);
    }

    async fn a_message_that_is_taken_in_between_begins_the_count_anew(world in World) {
        let (world, server) = (office(world).await, server().await);
        for number in 1..=5 {
            if number != 3 {
                server.once(Moment::Rcpt, Act::Say(GONE));
            }
            told_of(&world, &format!("C-{number}"), 8 + number).await;
            drain(&courier(&world, &server)).await;
        }
        assert_eq!(disabled(&world).await, Vec::<String>::new());
        assert_eq!(dead(&world).await.len(), 4);
    }

    async fn a_refusal_that_is_not_about_the_recipient_disables_nobody(world in World) {
        let (world, server) = (office(world).await, server().await);
        let refusals = [
            (Moment::Rcpt, "550 5.7.1 relaying denied"),
            (Moment::Mail, "550 5.1.8 sender unknown"),
            (Moment::Dot, "554 5.7.1 looks like spam"),
            (Moment::Dot, "550 5.1.1 no such user"),
        ];
        for (number, (moment, words)) in (1..).zip(refusals) {
            server.once(moment, Act::Say(words));
            told_of(&world, &format!("C-{number}"), 8 + number).await;
            assert_eq!(drain(&courier(&world, &server)).await.dead, 1, "{words}");
        }
        assert_eq!(disabled(&world).await, Vec::<String>::new());
    }

    async fn where_the_highest_level_is_refused_the_one_below_is_told_and_never_the_refused_itself(mut world in World) {
        world.plan.policy.levels = vec![level(None, None, SUPPORT), level(Some("1 business day"), None, LEAD)];
        let disabled = [LEAD].into();
        let (levels, people) = world.plan.policy.in_place_of(LEAD, &disabled);
        assert_eq!((levels, people.in_outbox()), (vec![2], vec![SUPPORT.to_owned()]));
        let (_, nobody) = world.plan.policy.in_place_of(LEAD, &[LEAD, SUPPORT].into());
        assert!(nobody.is_empty());
        let (levels, nobody) = world.plan.policy.in_place_of("stranger@example.com", &[].into());
        assert!(levels.is_empty() && nobody.is_empty(), "it is in no level any more");
    }
}
