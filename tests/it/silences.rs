//! Silences: what they keep back, and what is said when they are over. The calendar is Paris; 2026-11-23 is a Monday.

use claimwatch::escalation::{Digest, Glob, Matcher, Silence, Silenced};
use uuid::Uuid;

use crate::answers::level;
use crate::on_every_engine;
use crate::world::{World, at, claim};

fn silence(matcher: Matcher, from: &str, until: &str) -> Silence {
    Silence {
        id: Uuid::from_u128(1),
        matcher,
        author: "Ada".into(),
        reason: "the bank is closed".into(),
        created_at: at(from),
        ends_at: at(until),
        expired_at: None,
        expired_by: None,
    }
}

fn of_claim(pattern: &str) -> Matcher {
    Matcher { claim: Some(Glob::new(pattern)), ..Matcher::default() }
}

/// A world that has been scanned before, with a review of C-1 that is late from 2026-11-21 on.
async fn before_the_deadline(world: &mut World) {
    world.plan.policy.levels = vec![level(None, Some("1 business day"), "support@example.com")];
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    world.scan("2026-11-20T09:00:00+01:00").await;
}

async fn latest(world: &World) -> Digest {
    let facts = world.sql("SELECT facts FROM outbox_messages ORDER BY created_at DESC, id DESC LIMIT 1").await.concat();
    serde_json::from_str(&facts[0]).expect("a digest")
}

on_every_engine! {
    async fn what_opens_under_a_silence_is_recorded_and_told_when_it_ends(mut world in World) {
        before_the_deadline(&mut world).await;
        world.store.add_silence(&silence(of_claim("C-*"), "2026-11-20T10:00:00Z", "2026-11-25T09:00:00Z"), &[]).await.unwrap();
        let scanned = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scanned.opened, scanned.messages), (1, 0));
        let alert = world.alert().await;
        assert_eq!(world.story(&alert).await, ["opened", "kept_back"]);
        assert_eq!(world.scan("2026-11-25T08:59:59Z").await.messages, 0);
        assert_eq!(world.scan("2026-11-25T09:00:00Z").await.messages, 1);
        let silenced = Silenced { by: "Ada".into(), reason: "the bank is closed".into(), until: at("2026-11-25T09:00:00Z") };
        assert_eq!(latest(&world).await.silenced.get(&alert.id), Some(&silenced));
        assert_eq!(world.story(&alert).await, ["opened", "kept_back", "escalated"]);
        assert_eq!(world.scan("2026-11-26T09:00:00Z").await.messages, 1, "reminders go on");
        assert!(latest(&world).await.silenced.is_empty(), "it is said once");
    }

    async fn a_silence_keeps_reminders_back_and_is_an_event_on_what_is_open(mut world in World) {
        before_the_deadline(&mut world).await;
        world.scan("2026-11-23T09:00:00Z").await;
        let alert = world.alert().await;
        let quiet = silence(of_claim("C-1"), "2026-11-23T10:00:00Z", "2026-11-30T00:00:00Z");
        world.store.add_silence(&quiet, &[alert.id]).await.unwrap();
        for day in 24..=27 {
            assert_eq!(world.scan(&format!("2026-11-{day}T09:00:00Z")).await.messages, 0);
        }
        assert_eq!(world.scan("2026-11-30T09:00:00Z").await.messages, 1);
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "silenced", "kept_back", "reminded"]);
        assert_eq!(world.events(&alert).await[2].actor, "Ada");
    }

    async fn what_a_silence_does_not_match_is_told(mut world in World) {
        before_the_deadline(&mut world).await;
        world.put(claim("D-1", "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
        let matcher = Matcher { rule: Some(Glob::new("review")), ..of_claim("C-?") };
        world.store.add_silence(&silence(matcher, "2026-11-20T10:00:00Z", "2026-12-25T09:00:00Z"), &[]).await.unwrap();
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.messages, 1);
        let told = latest(&world).await.escalated;
        let ids: Vec<Uuid> = world.alerts().await.iter().filter(|a| a.claim_id == "D-1").map(|a| a.id).collect();
        assert_eq!(told, ids);
    }

    async fn a_silence_that_is_ended_early_lets_what_is_late_be_told_at_once(mut world in World) {
        before_the_deadline(&mut world).await;
        let quiet = silence(of_claim("*"), "2026-11-20T10:00:00Z", "2027-11-20T09:00:00Z");
        world.store.add_silence(&quiet, &[]).await.unwrap();
        world.scan("2026-11-23T09:00:00Z").await;
        let alert = world.alert().await;
        let ended = at("2026-11-23T10:00:00Z");
        assert!(world.store.expire_silence(quiet.id, ended, "Bob", &[alert.id]).await.unwrap());
        assert!(!world.store.expire_silence(quiet.id, ended, "Bob", &[]).await.unwrap(), "it is over");
        assert!(!world.store.expire_silence(Uuid::from_u128(9), ended, "Bob", &[]).await.unwrap(), "there is none");
        assert_eq!(world.scan("2026-11-23T10:05:00Z").await.messages, 1);
        assert_eq!(latest(&world).await.silenced[&alert.id].until, ended);
        assert_eq!(world.story(&alert).await, ["opened", "kept_back", "unsilenced", "escalated"]);
        let kept = world.store.all_silences().await.unwrap();
        assert_eq!((kept[0].expired_at, kept[0].expired_by.as_deref()), (Some(ended), Some("Bob")));
        assert_eq!(kept[0].matcher, of_claim("*"));
    }

    async fn a_silence_that_ends_outside_the_sending_hours_is_spoken_of_at_the_opening(mut world in World) {
        before_the_deadline(&mut world).await;
        world.send_hours("08:00:00", "19:00:00");
        world.store.add_silence(&silence(of_claim("*"), "2026-11-20T10:00:00Z", "2026-11-28T12:00:00Z"), &[]).await.unwrap();
        world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!(world.scan("2026-11-28T13:00:00Z").await.messages, 0, "Saturday");
        assert_eq!(world.scan("2026-11-30T08:00:00+01:00").await.messages, 1);
        let alert = world.alert().await;
        assert_eq!(latest(&world).await.silenced[&alert.id].until, at("2026-11-28T12:00:00Z"));
    }

    async fn open_alerts_come_in_pages_whatever_their_state(mut world in World) {
        before_the_deadline(&mut world).await;
        world.rule("review").warn = Some("1 business day".parse().unwrap());
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-20T10:00:00+01:00")).await;
        world.scan("2026-11-24T09:00:00Z").await;
        let first = world.store.open_alerts_after(None, 1).await.unwrap();
        let second = world.store.open_alerts_after(Some(first[0].alert_id), 1).await.unwrap();
        assert!(world.store.open_alerts_after(Some(second[0].alert_id), 1).await.unwrap().is_empty());
        let mut ids = [&*first[0].claim_id, &*second[0].claim_id];
        ids.sort_unstable();
        assert_eq!(ids, ["C-1", "C-2"]);
    }
}
