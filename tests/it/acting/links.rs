//! Answering by the link in a mail: its recipient, its alert, its time; and nobody by looking at it.

use claimwatch::seal::AnswerLink;

use super::browser::{Browser, HERE, fields_of, text};
use super::{alert_of, late, latest, says};
use crate::http::serve;
use crate::on_every_engine;
use crate::world::{World, at};

/// The path of the link for the first delivery's recipient to the claim's alert, and who that is.
async fn link(world: &World, claim: &str) -> (String, String) {
    let delivery = world.waiting().await.into_iter().next().expect("a delivery");
    let key = world.store.link_key().await.expect("a key");
    let ends_at = at("2026-12-23T09:00:00+01:00");
    let link = AnswerLink { delivery: delivery.id, alert: alert_of(world, claim).await.id, ends_at };
    (format!("/answer/{}", link.to_text(&key)), delivery.recipient)
}

on_every_engine! {
    async fn the_recipient_of_a_mail_answers_its_alert_without_signing_in_and_takes_it_back(world in World) {
        late(&world).await;
        let served = serve(&world, Some("the token")).await;
        let reader = Browser::anonymous(&served);
        let (path, recipient) = link(&world, "C-1").await;
        let page = reader.view(&format!("{path}?lang=en")).await;
        says(&page, &[&format!("You answer as {recipient}"), "for this alert alone", "C-1", "Acknowledge", "Snooze"]);
        assert!(!text(&page).contains("C-2"));
        let fields = [("do", "acknowledge"), ("promise", "2026-11-25"), ("note", "on it")];
        let (head, _) = reader.send(&format!("{path}?lang=en"), &fields, &HERE).await;
        let place = head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place");
        let done = reader.view(place).await;
        says(&done, &["1 alert is acknowledged", "Undo"]);
        let (kind, actor, detail) = latest(&world, "C-1").await;
        assert_eq!((kind.as_str(), actor, detail["note"].as_str()), ("acknowledged", recipient.clone(), Some("on it")));
        assert_eq!(latest(&world, "C-2").await.0, "escalated");

        world.time.set(at("2026-11-23T09:40:00+01:00"));
        let mut undo = fields_of(&done, "/answer/");
        undo.push(("do", "undo".to_owned()));
        let undo: Vec<(&str, &str)> = undo.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (head, body) = reader.send(&path, &undo, &HERE).await;
        assert!(head.contains(" 303 "), "{head} {body}");
        assert_eq!(latest(&world, "C-1").await.0, "unacknowledged");
        let (head, _) = reader.send(&path, &[("do", "snooze"), ("quiet", "2026-11-30")], &HERE).await;
        assert!(head.contains(" 303 "), "{head}");
        assert_eq!(alert_of(&world, "C-1").await.snoozed_until, Some(at("2026-11-30T00:00:00+01:00")));
    }

    async fn looking_at_a_link_changes_nothing(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let before = world.tables(&["sla_alerts", "sla_alert_events", "outbox"]).await;
        let (path, _) = link(&world, "C-1").await;
        for query in ["", "?do=acknowledge&promise=2026-11-25", "?do=undo"] {
            assert_eq!(Browser::anonymous(&served).get(&format!("{path}{query}")).await.0, 200);
        }
        assert_eq!(world.tables(&["sla_alerts", "sla_alert_events", "outbox"]).await, before);
    }

    async fn a_link_that_was_changed_serves_no_other_alert_and_no_other_recipient(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let reader = Browser::anonymous(&served);
        let ((one, _), (other, _)) = (link(&world, "C-1").await, link(&world, "C-2").await);
        let mixed = format!("{}.{}", other.split_once('.').expect("a seal").0, one.split_once('.').expect("a seal").1);
        for broken in [mixed.as_str(), &one[..one.len() - 1], &format!("{one}A"), "/answer/x", "/answer/x.y"] {
            let (status, body) = reader.get(&format!("{broken}?lang=en")).await;
            assert_eq!(status, 403, "{broken}");
            says(&body, &["This link is not complete", "Nothing was changed"]);
            let (head, _) = reader.send(broken, &[("do", "snooze"), ("quiet", "2026-11-30")], &HERE).await;
            assert!(head.contains(" 403 "), "{broken}: {head}");
        }
        // The form of one alert's link names another: it is not looked at.
        let id = alert_of(&world, "C-2").await.id.to_string();
        reader.send(&one, &[("id", id.as_str()), ("do", "snooze"), ("quiet", "2026-11-30")], &HERE).await;
        assert_eq!(latest(&world, "C-2").await.0, "escalated");
        assert_eq!(latest(&world, "C-1").await.0, "snoozed");
        let (head, _) = reader.send(&other, &[("do", "snooze"), ("quiet", "2026-11-30")], &[("Origin", "https://evil.example")]).await;
        assert!(head.contains(" 403 "), "{head}");
    }

    async fn a_link_that_has_ended_or_whose_mail_is_gone_says_so(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let reader = Browser::anonymous(&served);
        let (path, _) = link(&world, "C-1").await;
        world.time.set(at("2026-12-23T09:00:00+01:00"));
        let (status, body) = reader.get(&format!("{path}?lang=en")).await;
        assert_eq!(status, 410);
        says(&body, &["This link has ended", "30 days"]);
        let (head, _) = reader.send(&path, &[("do", "snooze"), ("quiet", "2026-12-30")], &HERE).await;
        assert!(head.contains(" 410 "), "{head}");
        world.time.set(at("2026-11-24T09:00:00+01:00"));
        world.sql("DELETE FROM outbox").await;
        assert_eq!(reader.get(&path).await.0, 410);
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
    }

    async fn an_alert_that_was_resolved_meanwhile_is_said_to_be(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let reader = Browser::anonymous(&served);
        let (path, _) = link(&world, "C-1").await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        says(&reader.view(&format!("{path}?lang=fr")).await, &["Elle est résolue"]);
        let (head, body) = reader.send(&format!("{path}?lang=en"), &[("do", "acknowledge"), ("promise", "2026-11-25")], &HERE).await;
        assert!(head.contains(" 422 "), "{head}");
        says(&body, &["It was resolved meanwhile"]);
        assert_eq!(latest(&world, "C-1").await.0, "resolved");
    }
}
