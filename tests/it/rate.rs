//! How many messages an address gets within an hour, and that nothing is lost of what is more. The calendar is Paris; 2026-11-23
//! is a Monday.

use claimwatch::store::DeliveryState;
use mailparse::MailHeaderMap;

use crate::answers::level;
use crate::delivery::{drain, server, sparing_courier, text_of};
use crate::on_every_engine;
use crate::smtp_server::{Act, Moment, SmtpServer};
use crate::world::{World, at, claim};

const SUPPORT: &str = "support@example.com";
const LEAD: &str = "lead@example.com";

/// Level 1 for support and the lead; the first scan is over.
async fn office(mut world: World) -> World {
    world.plan.policy.levels = vec![level(None, None, SUPPORT)];
    world.plan.policy.levels[0].recipients.cc = vec![LEAD.parse().expect("a mailbox")];
    world.scan("2026-11-20T08:00:00+01:00").await;
    world
}

fn when(minute: u32) -> String {
    format!("2026-11-23T{:02}:{:02}:00+01:00", 9 + minute / 60, minute % 60)
}

/// A review that is late from that Monday on, told of so many minutes after nine.
async fn told_of(world: &World, id: &str, minute: u32) {
    world.put(claim(id, "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    assert_eq!(world.scan(&when(minute)).await.messages, 1);
}

/// Delivers what is due so many minutes after nine, two messages an hour and address.
async fn delivered(world: &World, server: &SmtpServer, minute: u32) -> u64 {
    world.time.set(at(&when(minute)));
    drain(&sparing_courier(world, server, 2)).await.sent
}

async fn count(world: &World, state: DeliveryState, recipient: &str) -> usize {
    let items = world.store.deliveries(Some(state)).await.expect("deliveries");
    items.iter().filter(|item| item.recipient == recipient).count()
}

/// The claims that each mail to `recipient` is about, with its subject.
fn mails(server: &SmtpServer, recipient: &str) -> Vec<(String, Vec<String>)> {
    let to_it = server.received().into_iter().filter(|mail| mail.to == [recipient]);
    let read = to_it.map(|mail| {
        let (headers, _) = mailparse::parse_headers(&mail.bytes).expect("headers");
        let text = text_of(&mail.bytes);
        let named = (1..10).map(|number| format!("C-{number}")).filter(|id| text.contains(&format!("{id}:")));
        (headers.get_first_value("Subject").unwrap_or_default(), named.collect())
    });
    read.collect()
}

on_every_engine! {
    async fn what_is_more_than_an_address_may_get_waits_and_goes_as_one_message(world in World) {
        let (world, server) = (office(world).await, server().await);
        for (id, minute) in [("C-1", 0), ("C-2", 5), ("C-3", 10), ("C-4", 15), ("C-5", 20)] {
            told_of(&world, id, minute).await;
            delivered(&world, &server, minute).await;
        }
        assert_eq!(mails(&server, SUPPORT).len(), 2, "two an hour");
        assert_eq!(count(&world, DeliveryState::Folded, SUPPORT).await, 2);
        assert_eq!(world.store.next_delivery().await.expect("an answer"), Some(at(&when(60))), "when the first is an hour old");
        assert_eq!(delivered(&world, &server, 59).await, 0);
        assert_eq!(delivered(&world, &server, 60).await, 2, "one to each");
        for recipient in [SUPPORT, LEAD] {
            let (subject, claims) = mails(&server, recipient).pop().expect("a mail");
            assert_eq!(claims, ["C-3", "C-4", "C-5"], "{subject}");
            assert!(subject.starts_with("[claimwatch] 3 reviews are late; worst: C-3"), "{subject}");
        }
        assert_eq!(world.store.next_delivery().await.expect("an answer"), None);
        let left = world.store.deliveries(None).await.expect("deliveries");
        assert!(left.is_empty(), "nothing was given up: {left:?}");
    }

    async fn what_was_settled_before_it_went_is_left_out_of_the_one_message(world in World) {
        let (world, server) = (office(world).await, server().await);
        for (id, minute) in [("C-1", 0), ("C-2", 5), ("C-3", 10), ("C-4", 15)] {
            told_of(&world, id, minute).await;
            delivered(&world, &server, minute).await;
        }
        world.sql("UPDATE sla_alerts SET snoozed_until = '2027-01-01T00:00:00.000000Z' WHERE claim_id = 'C-3'").await;
        delivered(&world, &server, 60).await;
        assert_eq!(mails(&server, SUPPORT).pop().map(|(_, claims)| claims), Some(vec!["C-4".to_owned()]));
    }

    async fn a_mail_that_was_perhaps_delivered_goes_out_as_it_was_and_takes_nothing_in(world in World) {
        let (world, server) = (office(world).await, server().await);
        server.whenever(Moment::Rcpt, LEAD, Act::Say("550 5.7.1 not here"));
        told_of(&world, "C-1", 0).await;
        server.once(Moment::Dot, Act::HangUp);
        delivered(&world, &server, 0).await;
        let first = world.store.deliveries(Some(DeliveryState::Pending)).await.expect("deliveries");
        let again = first[0].next_attempt_at.expect("another attempt");
        for (id, minute) in [("C-2", 5), ("C-3", 6), ("C-4", 7)] {
            told_of(&world, id, minute).await;
        }
        world.time.set(again.max(at(&when(7))));
        drain(&sparing_courier(&world, &server, 2)).await;
        let claims: Vec<_> = mails(&server, SUPPORT).into_iter().map(|(_, claims)| claims).collect();
        assert!(claims.contains(&vec!["C-1".to_owned()]), "{claims:?}");
        let together: Vec<String> = ["C-2", "C-3", "C-4"].map(str::to_owned).into();
        assert!(claims.contains(&together), "{claims:?}");
    }
}
