//! Acting from the page: who may, what it does, what it says afterwards, and how it is taken back. 2026-11-23 is a Monday.

mod browser;
mod links;
mod mails;
mod many;
mod refused;

use claimwatch::store::DeliveryState;

use self::browser::{Browser, fields_of, text};
use crate::http::serve;
use crate::on_every_engine;
use crate::world::{World, at, claim};

/// Two reviews that are late, and who may answer them.
async fn late(world: &World) {
    for id in ["C-1", "C-2"] {
        world.put(claim(id, "under_review").on("submitted_at", "2026-11-13T10:00:00+01:00")).await;
    }
    world.scan("2026-11-23T09:00:00+01:00").await;
    world.time.set(at("2026-11-23T09:30:00+01:00"));
}

async fn alert_of(world: &World, claim: &str) -> claimwatch::alert::Alert {
    world.alerts().await.into_iter().find(|alert| alert.claim_id == claim).expect("an alert")
}

/// The latest event of the claim's alert: its kind, its actor and its detail.
async fn latest(world: &World, claim: &str) -> (String, String, serde_json::Value) {
    let event = world.events(&alert_of(world, claim).await).await.pop().expect("an event");
    (event.kind.as_str().to_owned(), event.actor, event.detail)
}

#[track_caller]
fn says(html: &str, parts: &[&str]) {
    let text = text(html);
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

on_every_engine! {
    async fn an_alert_is_acknowledged_with_a_promise_and_undo_takes_it_back(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        says(&anna.view("/claims/C%2D1?lang=en").await, &["anna", "Acknowledge", "Snooze"]);
        let id = alert_of(&world, "C-1").await.id.to_string();
        let asked = [("id", id.as_str()), ("do", "acknowledge"), ("promise", "2026-11-25"), ("note", "called <b>them</b>")];
        let done = anna.does("/alerts/answer?lang=en", &asked).await;
        says(&done, &["1 alert is acknowledged", "Undo", "C-1", "anna"]);
        let alert = alert_of(&world, "C-1").await;
        assert_eq!(alert.acknowledged_by.as_deref(), Some("anna"));
        assert_eq!(alert.acknowledged_until, Some(at("2026-11-26T00:00:00+01:00")), "the end of the day in its calendar");
        assert_eq!(alert.note.as_deref(), Some("called <b>them</b>"));
        let (kind, actor, _) = latest(&world, "C-1").await;
        assert_eq!((kind.as_str(), actor.as_str()), ("acknowledged", "anna"));
        assert!(alert_of(&world, "C-2").await.acknowledged_at.is_none(), "only what was meant");
        assert!(!anna.view("/claims/C%2D1").await.contains("<b>them"), "a note is text");

        world.time.set(at("2026-11-23T09:40:00+01:00"));
        let undone = anna.does("/undo?lang=en", &fields_of(&done, "/undo")).await;
        says(&undone, &["The acknowledgement of 1 alert is taken back", "This cannot be undone"]);
        assert!(alert_of(&world, "C-1").await.acknowledged_at.is_none());
        assert_eq!(latest(&world, "C-1").await.0, "unacknowledged");
    }

    async fn undo_leaves_alone_what_somebody_else_answered_since(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let bela = Browser::signed_in(&world, &served, "bela", "write").await;
        let id = alert_of(&world, "C-1").await.id.to_string();
        let promise = |day| [("id", id.as_str()), ("do", "acknowledge"), ("promise", day)];
        let done = anna.does("/alerts/answer?lang=en", &promise("2026-11-25")).await;
        world.time.set(at("2026-11-23T09:40:00+01:00"));
        bela.does("/alerts/answer?lang=en", &promise("2026-11-24")).await;
        let undone = anna.does("/undo?lang=en", &fields_of(&done, "/undo")).await;
        says(&undone, &["No acknowledgement was taken back", "resolved or answered otherwise meanwhile"]);
        assert_eq!(alert_of(&world, "C-1").await.acknowledged_by.as_deref(), Some("bela"));
    }

    async fn an_alert_is_snoozed_until_a_day_begins_and_told_of_again_when_that_is_undone(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let id = alert_of(&world, "C-1").await.id.to_string();
        let done = anna.does("/alerts/answer?lang=fr", &[("id", id.as_str()), ("do", "snooze"), ("quiet", "2026-11-30")]).await;
        says(&done, &["1 alerte est en veille", "Annuler"]);
        assert_eq!(alert_of(&world, "C-1").await.snoozed_until, Some(at("2026-11-30T00:00:00+01:00")));
        assert_eq!(latest(&world, "C-1").await.0, "snoozed");
        anna.does("/undo?lang=fr", &fields_of(&done, "/undo")).await;
        assert_eq!(alert_of(&world, "C-1").await.snoozed_until, None);
        assert_eq!(latest(&world, "C-1").await.0, "unsnoozed");
    }

    async fn what_cannot_be_meant_is_shown_again_as_it_was_typed(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let id = alert_of(&world, "C-1").await.id.to_string();
        for (fields, said) in [
            (vec![("id", id.as_str()), ("do", "acknowledge"), ("promise", "31 juin"), ("note", "kept as typed")], "found “31 juin”, expected a day such as 2026-12-01"),
            (vec![("id", &id), ("do", "acknowledge"), ("promise", "2026-11-20"), ("note", "kept as typed")], "The promised day is over"),
            (vec![("id", &id), ("do", "acknowledge"), ("promise", "2026-11-25"), ("note", "a\u{1b}[31mb kept as typed")], "expected one line of at most 600 characters"),
            (vec![("id", &id), ("do", "snooze"), ("quiet", "2026-11-23"), ("note", "kept as typed")], "That day has begun"),
            (vec![("id", &id), ("do", "unsnooze"), ("note", "kept as typed")], "It is not snoozed"),
            (vec![("do", "snooze"), ("quiet", "2026-11-30")], "no alert was chosen"),
        ] {
            let (status, body) = anna.post("/alerts/answer?lang=en", &fields).await;
            assert_eq!(status, 422, "{fields:?}: {body}");
            says(&body, &["Nothing was changed", said]);
            assert!(fields.len() < 3 || body.contains("kept as typed") , "{body}");
        }
        assert_eq!(latest(&world, "C-1").await.0, "escalated", "nothing was recorded");
        for (field, found, said) in [("id", "7", "id: found “7”"), ("do", "forget", "do: found “forget”")] {
            let (status, body) = anna.post("/alerts/answer?lang=en", &[(field, found)]).await;
            assert_eq!(status, if field == "id" { 400 } else { 422 }, "{body}");
            let _ = said;
        }
    }

    async fn an_alert_that_was_resolved_meanwhile_is_said_to_be(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let (one, two) = (alert_of(&world, "C-1").await.id.to_string(), alert_of(&world, "C-2").await.id.to_string());
        world.put(claim("C-1", "approved").on("submitted_at", "2026-11-13T10:00:00+01:00").on("reviewed_at", "2026-11-23T09:31:00+01:00").on("approved_at", "2026-11-23T09:31:00+01:00")).await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        let fields = [("id", one.as_str()), ("do", "acknowledge"), ("promise", "2026-11-25")];
        let (status, body) = anna.post("/alerts/answer?lang=en", &fields).await;
        assert_eq!(status, 422);
        says(&body, &["It was resolved meanwhile"]);
        let both = [fields.as_slice(), &[("id", two.as_str())]].concat();
        let done = anna.does("/alerts/answer?lang=en", &both).await;
        says(&done, &["1 alert is acknowledged", "This one is as it was", "C-1"]);
        assert_eq!(latest(&world, "C-1").await.0, "resolved");
        assert_eq!(latest(&world, "C-2").await.0, "acknowledged");
    }

    async fn a_delivery_that_was_given_up_is_sent_again(world in World) {
        late(&world).await;
        world.sql("UPDATE outbox SET state = 'dead', next_attempt_at = NULL, attempts = 9, last_error = '550 no'").await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let page = anna.view("/outbox?lang=en").await;
        says(&page, &["Send again"]);
        let done = anna.does("/outbox/retry?lang=en", &fields_of(&page, "/outbox/retry")).await;
        says(&done, &["1 delivery is due now", "This cannot be undone"]);
        let waiting = world.store.deliveries(Some(DeliveryState::Pending)).await.expect("deliveries");
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].attempts, 0);
        let again = anna.does("/outbox/retry?lang=en", &[("id", "00000000-0000-0000-0000-000000000007")]).await;
        says(&again, &["Nothing to send again"]);
    }

    async fn an_address_that_was_disabled_is_sent_to_again(world in World) {
        late(&world).await;
        let disabled = at("2026-11-23T09:10:00+01:00").format("%Y-%m-%dT%H:%M:%S%.6fZ");
        world.sql(&format!("INSERT INTO recipients (address, refusals, refused_at, words, disabled_at) VALUES ('a@example.com', 3, '{disabled}', '550 <i>no</i>', '{disabled}')")).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let page = anna.view("/outbox?lang=en").await;
        let done = anna.does("/outbox/enable?lang=en", &fields_of(&page, "/outbox/enable")).await;
        says(&done, &["The address is right again"]);
        assert!(world.store.disabled_addresses().await.expect("addresses").is_empty());
        let (status, _) = anna.post("/outbox/enable", &[("address", "b@example.com")]).await;
        assert_eq!(status, 404);
    }
}
