//! What people answer to alerts, and what follows. The calendar is Paris; 2026-11-23 is a Monday.

use chrono::{DateTime, Utc};
use claimwatch::alert::{Alert, Answer};
use claimwatch::escalation::{Digest, Level, Recipients};
use serde_json::json;
use uuid::Uuid;

use crate::on_every_engine;
use crate::world::{World, at, claim};

pub fn level(after: Option<&str>, remind_every: Option<&str>, to: &str) -> Level {
    let span = |text: &str| text.parse().expect("a span");
    Level {
        after: after.map(span),
        recipients: Recipients::people(vec![to.parse().expect("an address")]),
        remind_every: remind_every.map(span),
    }
}

/// A review that is late from 2026-11-21 on, in a world that has been scanned before: level 1 is reminded every business
/// day, level 2 follows after five.
async fn late_review(world: &mut World) {
    world.plan.policy.levels = vec![
        level(None, Some("1 business day"), "support@example.com"),
        level(Some("5 business days"), None, "lead@example.com"),
    ];
    world.scan("2026-11-20T09:00:00+01:00").await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    world.scan("2026-11-23T09:00:00+01:00").await;
}

async fn answer(world: &World, instant: &str, alert: &Alert, answer: Answer) -> Vec<Uuid> {
    world.store.answer(at(instant), "Ada", &[(alert.id, answer)]).await.expect("an answer that is recorded")
}

fn promise(until: &str) -> Answer {
    Answer::Acknowledge { until: at(until), note: Some("asked the partner".into()) }
}

/// The latest message's facts.
async fn latest(world: &World) -> Digest {
    let facts = world.sql("SELECT facts FROM outbox_messages ORDER BY created_at DESC, id DESC LIMIT 1").await.concat();
    serde_json::from_str(&facts[0]).expect("a digest")
}

/// Since when, by whom, until when, and what they said.
type Acknowledged<'a> = (Option<DateTime<Utc>>, Option<&'a str>, Option<DateTime<Utc>>, Option<&'a str>);

fn answers(alert: &Alert) -> Acknowledged<'_> {
    (alert.acknowledged_at, alert.acknowledged_by.as_deref(), alert.acknowledged_until, alert.note.as_deref())
}

on_every_engine! {
    async fn an_acknowledgement_is_a_promise_that_stops_reminders_and_is_an_event(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        let done = answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-11-28T00:00:00+01:00")).await;
        assert_eq!(done, [alert.id]);
        for day in 24..=27 {
            assert_eq!(world.scan(&format!("2026-11-{day}T09:00:00+01:00")).await.messages, 0, "no reminder on {day}");
        }
        let alert = world.alert().await;
        let expected = (Some(at("2026-11-23T09:00:00Z")), Some("Ada"), Some(at("2026-11-27T23:00:00Z")), Some("asked the partner"));
        assert_eq!(answers(&alert), expected);
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "acknowledged"]);
        let event = world.events(&alert).await.remove(2);
        assert_eq!((event.actor.as_str(), event.at), ("Ada", at("2026-11-23T09:00:00Z")));
        assert_eq!(event.detail, json!({"until": "2026-11-27T23:00:00Z", "note": "asked the partner"}));
    }

    async fn a_promise_that_is_not_kept_goes_one_level_up_at_once(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-11-25T00:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-24T23:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-25T00:00:00+01:00").await.messages, 2, "level 2 early, and level 1's reminder");
        let alert = world.alert().await;
        assert_eq!((alert.escalation_level, answers(&alert)), (2, (None, None, None, None)));
        assert_eq!(world.story(&alert).await,
            ["opened", "escalated", "acknowledged", "unacknowledged", "reminded", "escalated"]);
        let broken = world.events(&alert).await.remove(3);
        assert_eq!(broken.detail, json!({"cause": "the promise was not kept", "until": "2026-11-24T23:00:00Z"}));
        let digest = latest(&world).await;
        assert_eq!((digest.level, digest.broken), (2, vec![alert.id]));
        assert_eq!(world.scan("2026-11-28T00:00:00+01:00").await.messages, 1, "only the reminder: level 2 went out");
    }

    async fn a_broken_promise_where_no_level_is_above_reminds_the_highest(mut world in World) {
        late_review(&mut world).await;
        world.plan.policy.levels.truncate(1);
        world.plan.policy.levels[0].remind_every = None;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-11-26T00:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-25T09:00:00+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-26T09:00:00+01:00").await.messages, 1);
        assert_eq!(world.story(&world.alert().await).await,
            ["opened", "escalated", "acknowledged", "unacknowledged", "reminded"]);
        assert_eq!(world.scan("2026-12-04T09:00:00+01:00").await.messages, 0, "once");
    }

    async fn a_broken_promise_waits_for_the_sending_hours(mut world in World) {
        late_review(&mut world).await;
        world.send_hours("08:00:00", "19:00:00");
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-11-28T00:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-28T12:00:00+01:00").await.messages, 0, "Saturday");
        assert!(world.alert().await.acknowledged_at.is_some());
        assert_eq!(world.scan("2026-11-30T07:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-30T08:00:00+01:00").await.messages, 2);
        assert!(world.alert().await.acknowledged_at.is_none());
    }

    async fn an_acknowledgement_that_is_taken_back_lets_reminders_go_on(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-12-24T00:00:00+01:00")).await;
        world.scan("2026-11-24T09:00:00+01:00").await;
        assert_eq!(answer(&world, "2026-11-24T10:00:00+01:00", &alert, Answer::Unacknowledge).await, [alert.id]);
        assert_eq!(answer(&world, "2026-11-24T10:00:01+01:00", &alert, Answer::Unacknowledge).await, Vec::<Uuid>::new(), "nothing to take back");
        assert_eq!(world.scan("2026-11-24T10:05:00+01:00").await.messages, 1, "the reminder that was due at 9");
        assert_eq!(world.story(&world.alert().await).await,
            ["opened", "escalated", "acknowledged", "unacknowledged", "reminded"]);
    }

    async fn an_acknowledgement_lapses_when_the_claim_moves_on(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, promise("2026-12-24T00:00:00+01:00")).await;
        let approved = claim("C-1", "rejected").on("submitted_at", "2026-11-18T10:00:00+01:00");
        world.put(approved.on("reviewed_at", "2026-11-23T11:00:00+01:00")).await;
        world.scan("2026-11-23T12:00:00+01:00").await;
        assert_eq!(world.alert().await.acknowledged_by.as_deref(), Some("Ada"), "the record of who was on it");
        assert_eq!(answer(&world, "2026-11-23T13:00:00+01:00", &alert, promise("2026-12-24T00:00:00+01:00")).await, Vec::<Uuid>::new());
        // The rejection was a mistake: the same clock runs on.
        world.put(claim("C-1", "under_review").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
        world.scan("2026-11-23T14:00:00+01:00").await;
        let alert = world.alert().await;
        assert_eq!(answers(&alert), (None, None, None, None));
        assert_eq!(world.story(&alert).await,
            ["opened", "escalated", "acknowledged", "resolved", "unacknowledged", "reopened"]);
    }

    async fn a_snoozed_alert_is_quiet_at_every_level_until_its_time(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, Answer::Snooze { until: at("2026-12-07T08:00:00+01:00") }).await;
        assert_eq!(world.scan("2026-12-07T07:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-12-07T08:00:00+01:00").await.messages, 2, "the reminder, and level 2");
        assert_eq!(world.story(&world.alert().await).await, ["opened", "escalated", "snoozed", "reminded", "escalated"]);
    }

    async fn a_snooze_that_is_taken_back_ends_at_once(mut world in World) {
        late_review(&mut world).await;
        let alert = world.alert().await;
        answer(&world, "2026-11-23T10:00:00+01:00", &alert, Answer::Snooze { until: at("2027-01-07T08:00:00+01:00") }).await;
        assert_eq!(answer(&world, "2026-11-24T10:00:00+01:00", &alert, Answer::Unsnooze).await, [alert.id]);
        assert_eq!(world.scan("2026-11-24T10:00:01+01:00").await.messages, 1);
        assert_eq!(answer(&world, "2026-11-24T11:00:00+01:00", &alert, Answer::Unsnooze).await, Vec::<Uuid>::new(), "it is not snoozed");
    }

    async fn answers_to_several_alerts_are_recorded_together_and_the_resolved_ones_left_alone(mut world in World) {
        late_review(&mut world).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-18T11:00:00+01:00")).await;
        world.put(claim("C-3", "submitted").on("submitted_at", "2026-11-18T12:00:00+01:00")).await;
        world.scan("2026-11-23T09:30:00+01:00").await;
        let alerts = world.alerts().await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-2'").await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        let all: Vec<(Uuid, Answer)> = alerts.iter().map(|alert| (alert.id, promise("2026-12-01T00:00:00Z"))).collect();
        let done = world.store.answer(at("2026-11-23T10:00:00+01:00"), "Ada", &all).await.expect("answers");
        let of = |id: &str| alerts.iter().find(|alert| alert.claim_id == id).expect("an alert").id;
        assert_eq!(done, [of("C-1"), of("C-3")]);
        assert_eq!(world.sql("SELECT claim_id FROM sla_alerts WHERE acknowledged_by = 'Ada' ORDER BY 1").await.concat(), ["C-1", "C-3"]);
    }
}
