//! From the outbox to a chat or ticket system: signed JSON that arrives once or is accounted for, beside mail and never in its
//! way. The calendar is Paris; 2026-11-23 is a Monday.

pub mod receiver;
mod way;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use claimwatch::delivery::webhook::Webhook;
use claimwatch::delivery::{Courier, Way};
use claimwatch::escalation::Recipients;
use claimwatch::store::{DeliveryState, OutboxItem};

use crate::answers::level;
use crate::delivery::{courier, drain, server, text_of};
use crate::on_every_engine;
use crate::smtp_server::{Act, Gate, Moment, SmtpServer};
use crate::world::{World, at, claim};
use receiver::{Answer, Receiver};

const SUPPORT: &str = "support@example.com";
const LEAD: &str = "lead@example.com";
const TICKETS: &str = "webhook:tickets";
/// Longer than any answer that comes.
const PATIENT: Duration = Duration::from_secs(30);

/// Level 1 for support and the ticket system, level 2 for the lead; the first scan is over.
async fn office(mut world: World) -> World {
    world.plan.policy.levels = vec![level(None, None, SUPPORT), level(Some("9 business days"), None, LEAD)];
    world.plan.policy.levels[0].recipients.webhooks = vec!["tickets".into()];
    world.scan("2026-11-20T08:00:00+01:00").await;
    world
}

/// A review that is late from that Monday on, told of at this hour of it.
async fn told_of(world: &World, id: &str, hour: u32) {
    world.put(claim(id, "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    world.scan(&format!("2026-11-23T{hour:02}:00:00+01:00")).await;
}

fn with_webhook(world: &World, server: &SmtpServer, receiver: &Receiver) -> Courier {
    courier(world, server).with_webhooks(vec![Webhook::new(receiver.settings("tickets"), PATIENT)])
}

async fn in_state(world: &World, state: DeliveryState) -> Vec<OutboxItem> {
    world.store.deliveries(Some(state)).await.expect("deliveries")
}

async fn item(world: &World, recipient: &str) -> OutboxItem {
    let all = [DeliveryState::Pending, DeliveryState::Sent, DeliveryState::Dead];
    for state in all {
        if let Some(item) = in_state(world, state).await.into_iter().find(|item| item.recipient == recipient) {
            return item;
        }
    }
    panic!("no delivery to {recipient}");
}

on_every_engine! {
    async fn what_a_scan_found_reaches_people_by_mail_and_systems_as_signed_json(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        let report = drain(&with_webhook(&world, &server, &receiver)).await;
        assert_eq!((report.sent, report.again, report.dead), (2, 0, 0));
        assert!(report.ways.contains_key(&Way::Mail) && report.ways.contains_key(&Way::Webhook("tickets".into())));

        let [mail] = &server.received()[..] else { panic!("one mail") };
        assert_eq!(mail.to, [SUPPORT]);
        assert!(text_of(&mail.bytes).contains("C-1"));
        let [post] = &receiver.received()[..] else { panic!("one post") };
        assert_eq!((post.method.as_str(), post.path.as_str()), ("POST", "/hook?key=private"));
        assert_eq!(post.headers["content-type"], "application/json");
        let item = item(&world, TICKETS).await;
        assert_eq!((item.state, item.id.to_string().as_str()), (DeliveryState::Sent, post.id()));
        assert_eq!(item.reply.as_deref(), Some("HTTP 204"));
        assert_eq!(post.headers["webhook-timestamp"], world.time.now().timestamp().to_string());
        let key = &receiver.settings("tickets").keys[0];
        assert_eq!(post.headers["webhook-signature"], key.sign(post.id(), world.time.now(), &post.body));
        let json = post.json();
        assert_eq!(json["type"], "claimwatch.escalation");
        assert_eq!(json["data"]["counts"], serde_json::json!({ "cases": 1, "late": 1, "reminders": 0 }));
        assert_eq!(json["data"]["cases"][0]["claim_id"], "C-1");
        assert!(json["text"].as_str().is_some_and(|text| text.contains("C-1")), "{json}");
    }

    async fn a_level_may_be_for_a_system_alone(mut world in World) {
        world.plan.policy.levels[0].recipients = Recipients { webhooks: vec!["tickets".into()], ..Recipients::default() };
        world.scan("2026-11-20T08:00:00+01:00").await;
        let (server, receiver) = (server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        assert_eq!(drain(&with_webhook(&world, &server, &receiver)).await.sent, 1);
        assert_eq!((server.received().len(), receiver.received().len()), (0, 1));
        world.sql("UPDATE claims SET status = 'approved' WHERE claim_id = 'C-1'").await;
        world.scan("2026-11-24T09:00:00+01:00").await;
        assert_eq!(drain(&with_webhook(&world, &server, &receiver)).await.sent, 1);
        let json = receiver.received()[1].json();
        assert_eq!((json["type"].as_str(), &json["data"]["resolved"]["count"]), (Some("claimwatch.resolved"), &1.into()));
        assert_eq!(json["data"]["thread"]["first"], receiver.received()[0].json()["data"]["message"]);
    }

    async fn a_repeat_is_the_same_message_signed_anew(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        receiver.once(Answer::Say("503 Service Unavailable", "<b>back at noon</b>".into()));
        receiver.once(Answer::HangUp);
        let courier = with_webhook(&world, &server, &receiver);
        let report = drain(&courier).await;
        assert_eq!((report.sent, report.again), (1, 1));
        assert_eq!(report.last_error.as_deref(), Some("HTTP 503: <b>back at noon</b>"));
        world.time.advance(TimeDelta::minutes(2));
        assert!(drain(&courier).await.last_error.is_some_and(|error| error.ends_with("; perhaps delivered")));
        // What was perhaps delivered goes out as it was, even if it is settled by now.
        world.sql("UPDATE claims SET status = 'approved' WHERE claim_id = 'C-1'").await;
        world.time.advance(TimeDelta::minutes(4));
        assert_eq!(drain(&courier).await.sent, 1);
        let all = receiver.received();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|post| post.id() == all[0].id() && post.body == all[0].body));
        let stamps: std::collections::BTreeSet<_> = all.iter().map(|post| &post.headers["webhook-timestamp"]).collect();
        let signatures: std::collections::BTreeSet<_> = all.iter().map(|post| &post.headers["webhook-signature"]).collect();
        assert_eq!((stamps.len(), signatures.len()), (3, 3));
        assert_eq!(server.received().len(), 1, "the mail is not repeated");
    }

    async fn neither_way_out_waits_for_the_other(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        let gate = Gate::closed();
        receiver.once(Answer::Wait(gate.clone()));
        let courier = with_webhook(&world, &server, &receiver);
        let (report, ()) = tokio::join!(drain(&courier), async {
            gate.reached().await;
            told_of(&world, "C-2", 10).await;
            while server.received().len() < 2 {
                tokio::task::yield_now().await;
            }
            assert_eq!(receiver.received().len(), 1, "the second message waits for the first");
            gate.open();
        });
        assert_eq!((report.sent, receiver.received().len()), (4, 2));

        server.whenever(Moment::Greeting, "", Act::Say("421 4.3.2 come back later"));
        told_of(&world, "C-3", 11).await;
        let report = drain(&courier).await;
        assert_eq!((report.sent, report.again, receiver.received().len()), (1, 1, 3));
        assert!(report.away(&Way::Mail).is_some() && report.away(&Way::Webhook("tickets".into())).is_none());
    }

    async fn a_webhook_that_is_gone_is_disabled_after_three_refusals_and_people_are_told(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        receiver.whenever(Answer::Say("410 Gone", String::new()));
        let courier = with_webhook(&world, &server, &receiver);
        for number in 1..=3 {
            told_of(&world, &format!("C-{number}"), 8 + number).await;
            assert_eq!(drain(&courier).await.dead, 1);
        }
        told_of(&world, "C-4", 12).await;
        drain(&courier).await;
        assert_eq!(receiver.received().len(), 3, "nothing more is posted");
        let to_lead: Vec<_> = server.received().into_iter().filter(|mail| mail.to == [LEAD]).collect();
        let [told] = &to_lead[..] else { panic!("the next level is told once: {}", to_lead.len()) };
        let text = text_of(&told.bytes);
        assert!(text.contains(TICKETS) && text.contains("HTTP 410") && text.contains("outbox enable webhook:tickets"), "{text}");

        receiver.whenever(Answer::Say("204 No Content", String::new()));
        assert_eq!(world.store.enable_address(TICKETS, world.time.now()).await.expect("an answer"), Some(1));
        assert_eq!(drain(&courier).await.sent, 1);
        assert_eq!(receiver.received()[3].json()["data"]["cases"][0]["claim_id"], "C-4");
    }

    async fn what_is_ours_to_put_right_holds_a_message_up_and_never_loses_it(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        let elsewhere = Receiver::start().await;
        receiver.once(Answer::Redirect(elsewhere.url()));
        receiver.once(Answer::Say("401 Unauthorized", "who are you?".into()));
        let courier = with_webhook(&world, &server, &receiver);
        for words in ["HTTP 307", "HTTP 401: who are you?"] {
            assert_eq!(drain(&courier).await.away(&Way::Webhook("tickets".into())), Some(words));
            world.time.advance(TimeDelta::minutes(20));
        }
        assert_eq!(elsewhere.received().len(), 0, "nothing is followed");
        let without = self::courier(&world, &server);
        for _ in 0..40 {
            assert_eq!(drain(&without).await.again, 1, "a webhook that is no longer configured");
            world.time.advance(TimeDelta::days(1));
        }
        let words = item(&world, TICKETS).await.last_error;
        assert_eq!(words.as_deref(), Some("there is no webhook \"tickets\" in the configuration"));
        assert_eq!(drain(&courier).await.sent, 1);
    }

    async fn a_message_that_is_refused_is_a_dead_letter_and_the_next_one_goes_out(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        told_of(&world, "C-1", 9).await;
        receiver.once(Answer::Say("422 Unprocessable Entity", "no such field".into()));
        let courier = with_webhook(&world, &server, &receiver);
        assert_eq!(drain(&courier).await.dead, 1);
        told_of(&world, "C-2", 10).await;
        assert_eq!(drain(&courier).await.sent, 2);
        let [dead] = &in_state(&world, DeliveryState::Dead).await[..] else { panic!("one dead letter") };
        assert_eq!(dead.last_error.as_deref(), Some("HTTP 422: no such field"));
        assert_eq!(world.store.retry(Some(dead.id), world.time.now()).await.expect("an answer"), 1);
        assert_eq!(drain(&courier).await.sent, 1);
    }

    async fn a_system_gets_no_more_an_hour_than_a_person_and_nothing_is_left_out(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        let courier = with_webhook(&world, &server, &receiver).with_most_an_hour(2);
        for number in 1..=5 {
            told_of(&world, &format!("C-{number}"), 8).await;
            world.scan(&format!("2026-11-23T09:{number:02}:00+01:00")).await;
            drain(&courier).await;
        }
        assert_eq!(receiver.received().len(), 2);
        world.time.set(at("2026-11-23T10:05:00+01:00"));
        drain(&courier).await;
        let all = receiver.received();
        let mut claims: Vec<String> = Vec::new();
        for post in &all {
            let json = post.json();
            let cases = json["data"]["cases"].as_array().expect("cases").clone();
            claims.extend(cases.iter().map(|case| case["claim_id"].as_str().expect("an id").to_owned()));
        }
        claims.sort();
        assert_eq!((all.len(), claims.join(" ").as_str()), (3, "C-1 C-2 C-3 C-4 C-5"));
    }

    async fn two_couriers_at_once_post_each_message_once(world in World) {
        let (world, server, receiver) = (office(world).await, server().await, Receiver::start().await);
        for number in 1..=6 {
            told_of(&world, &format!("C-{number}"), 9 + number).await;
        }
        let (one, two) = (with_webhook(&world, &server, &receiver), with_webhook(&world, &server, &receiver));
        tokio::join!(drain(&one), drain(&two));
        let ids: std::collections::BTreeSet<String> = receiver.received().iter().map(|post| post.id().to_owned()).collect();
        assert_eq!((receiver.received().len(), ids.len(), server.received().len()), (6, 6, 6));
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_system_that_is_silent() {
    let world = office(World::on_sqlite().await).await;
    let (server, receiver) = (server().await, Receiver::start().await);
    told_of(&world, "C-1", 9).await;
    receiver.whenever(Answer::Silence);
    let courier = Arc::new(with_webhook(&world, &server, &receiver));
    let draining = tokio::spawn({
        let courier = Arc::clone(&courier);
        async move { drain(&courier).await }
    });
    while receiver.received().is_empty() || server.received().is_empty() || !courier.may_be_left() {
        tokio::task::yield_now().await;
    }
    draining.abort();
    // After its lease it is posted again, under the same id.
    world.time.advance(TimeDelta::hours(1));
    receiver.whenever(Answer::Say("200 OK", "ok".into()));
    assert_eq!(drain(&courier).await.sent, 1);
    let all = receiver.received();
    assert_eq!((all.len(), all[0].id(), &all[0].body), (2, all[1].id(), &all[1].body));
}
