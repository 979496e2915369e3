//! What reaches many: asked again, with how many, and anew if that changed.

use claimwatch::escalation::Brake;

use super::browser::{Browser, fields_of};
use super::{alert_of, late, latest, says};
use crate::http::serve;
use crate::on_every_engine;
use crate::world::{World, at, claim};

async fn twelve(world: &World) -> Vec<String> {
    for number in 0..12 {
        world.put(claim(&format!("M-{number:02}"), "submitted").on("submitted_at", "2026-11-13T10:00:00+01:00")).await;
    }
    world.scan("2026-11-23T09:00:00+01:00").await;
    world.time.set(at("2026-11-23T09:30:00+01:00"));
    world.alerts().await.iter().map(|alert| alert.id.to_string()).collect()
}

on_every_engine! {
    async fn more_than_a_few_are_named_and_asked_about_before_anything_is_recorded(world in World) {
        let ids = twelve(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
        fields.extend([("do", "acknowledge"), ("promise", "2026-11-25"), ("note", "all at once")]);
        let (status, question) = anna.post("/alerts/answer?lang=en", &fields).await;
        assert_eq!(status, 200);
        says(&question, &["Acknowledge 12 alerts", "Wednesday, 25 November 2026", "all at once", "M-00", "M-11", "Yes, all 12", "No, change nothing"]);
        assert_eq!(latest(&world, "M-00").await.0, "escalated", "nothing is done yet");

        world.put(claim("M-03", "approved").on("submitted_at", "2026-11-13T10:00:00+01:00").on("reviewed_at", "2026-11-23T09:31:00+01:00").on("approved_at", "2026-11-23T09:31:00+01:00")).await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        let (status, question) = anna.post("/alerts/answer?lang=en", &fields_of(&question, "/alerts/answer")).await;
        assert_eq!(status, 200);
        says(&question, &["Meanwhile the number has changed", "Acknowledge 11 alerts"]);
        assert_eq!(latest(&world, "M-00").await.0, "escalated");

        let done = anna.does("/alerts/answer?lang=en", &fields_of(&question, "/alerts/answer")).await;
        says(&done, &["11 alerts are acknowledged", "This one is as it was", "M-03"]);
        for claim in ["M-00", "M-11"] {
            let (kind, actor, detail) = latest(&world, claim).await;
            assert_eq!((kind.as_str(), actor.as_str(), detail["note"].as_str()), ("acknowledged", "anna", Some("all at once")));
        }
        let undone = anna.does("/undo?lang=en", &fields_of(&done, "/undo")).await;
        says(&undone, &["The acknowledgement of 11 alerts is taken back"]);
    }

    async fn a_list_has_a_box_for_each_alert_that_can_be_answered(world in World) {
        twelve(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        assert_eq!(anna.view("/alerts").await.matches("type=\"checkbox\"").count(), 12);
        assert_eq!(anna.view("/alerts?state=resolved").await.matches("type=\"checkbox\"").count(), 0);
        assert_eq!(Browser::anonymous(&served).view("/alerts").await.matches("type=\"checkbox\"").count(), 0);
    }

    async fn a_silence_is_saved_once_it_was_shown_what_it_matches_and_undo_ends_it(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let fields = [("claim", "C-*"), ("until", "2026-11-30"), ("reason", "<i>system</i> moves")];
        let (status, question) = anna.post("/silences/add?lang=en", &fields).await;
        assert_eq!(status, 200, "{question}");
        says(&question, &["Save this silence?", "2 open alerts match", "review: 2", "claim C-*", "<i>system</i> moves", "C-1"]);
        assert!(!question.contains("<i>system"), "{question}");
        assert!(world.store.all_silences().await.expect("silences").is_empty(), "nothing is saved yet");

        world.put(claim("C-3", "under_review").on("submitted_at", "2026-11-13T10:00:00+01:00")).await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        let (_, question) = anna.post("/silences/add?lang=en", &fields_of(&question, "/silences/add")).await;
        says(&question, &["Meanwhile the number has changed", "3 open alerts match"]);
        let done = anna.does("/silences/add?lang=en", &fields_of(&question, "/silences/add")).await;
        says(&done, &["The silence is saved", "Undo"]);
        let silence = world.store.all_silences().await.expect("silences").pop().expect("a silence");
        assert_eq!((silence.author.as_str(), silence.ends_at), ("anna", at("2026-11-30T00:00:00+01:00")));
        let (kind, actor, _) = latest(&world, "C-3").await;
        assert_eq!((kind.as_str(), actor.as_str()), ("silenced", "anna"));

        let undone = anna.does("/undo?lang=en", &fields_of(&done, "/undo")).await;
        says(&undone, &["The silence is over"]);
        let silence = world.store.all_silences().await.expect("silences").pop().expect("a silence");
        assert_eq!(silence.expired_by.as_deref(), Some("anna"));
        assert_eq!(latest(&world, "C-3").await.0, "unsilenced");
    }

    async fn a_silence_that_cannot_be_is_shown_again_as_it_was_typed(world in World) {
        let served = serve(&world, None).await;
        world.time.set(at("2026-11-23T09:30:00+01:00"));
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        for (fields, said) in [
            (vec![("until", "2026-11-30"), ("reason", "kept")], "expected at least one"),
            (vec![("claim", "kept*"), ("reason", "kept")], "Quiet until: found “”"),
            (vec![("claim", "kept*"), ("until", "2026-11-23"), ("reason", "kept")], "Quiet until: found “2026-11-23”"),
            (vec![("claim", "kept*"), ("until", "2026-11-30")], "Reason: found “”"),
            (vec![("claim", "a\u{1b}b"), ("until", "2026-11-30"), ("reason", "kept")], "claim: found"),
        ] {
            let (status, body) = anna.post("/silences/add?lang=en", &fields).await;
            assert_eq!(status, 422, "{fields:?}");
            says(&body, &["Nothing was saved", said]);
            assert!(body.contains("value=\"kept"), "{body}");
        }
        assert!(world.store.all_silences().await.expect("silences").is_empty());
    }

    async fn a_silence_is_ended_after_it_was_said_what_then_is_told_of(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let add = [("claim", "C-1"), ("until", "2026-11-30"), ("reason", "moves"), ("confirmed", "1")];
        anna.does("/silences/add?lang=en", &add).await;
        let page = anna.view("/silences?lang=en").await;
        let (_, question) = anna.post("/silences/expire?lang=en", &fields_of(&page, "/silences/expire")).await;
        says(&question, &["End this silence now?", "1 open alert matches it", "cannot be taken back"]);
        let done = anna.does("/silences/expire?lang=en", &fields_of(&question, "/silences/expire")).await;
        says(&done, &["The silence is over", "This cannot be undone"]);
        let again = anna.does("/silences/expire?lang=en", &fields_of(&question, "/silences/expire")).await;
        says(&again, &["The silence was over already"]);
    }

    async fn held_alerts_are_released_after_it_was_said_how_many(mut world in World) {
        judged(&mut world, "release", "released", "released").await;
    }

    async fn held_alerts_are_discarded_after_it_was_said_how_many(mut world in World) {
        judged(&mut world, "discard", "discarded", "resolved").await;
    }
}

async fn judged(world: &mut World, word: &str, end: &str, event: &str) {
    world.plan.policy.brake = Some(Brake { max_new: 2, times_usual: 20, at_least: 0 });
    world.scan("2026-11-20T09:00:00+01:00").await;
    for id in ["C-1", "C-2", "C-3"] {
        world.put(claim(id, "under_review").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
    }
    world.scan("2026-11-23T09:00:00+01:00").await;
    world.time.set(at("2026-11-23T09:30:00+01:00"));
    let served = serve(world, None).await;
    let anna = Browser::signed_in(world, &served, "anna", "write").await;
    says(&anna.view("/alerts?state=held&lang=en").await, &["3 alerts are held", "They are right: release them"]);
    let (status, question) = anna.post("/held?lang=en", &[("do", word)]).await;
    assert_eq!(status, 200);
    says(&question, &["3 alerts?", "taken back", "C-1", "C-3"]);
    let (_, question) = anna.post("/held?lang=en", &[("do", word), ("confirmed", "2")]).await;
    says(&question, &["Meanwhile the number has changed"]);
    assert!(alert_of(world, "C-1").await.held_since.is_some(), "nothing is done yet");
    let done = anna.does("/held?lang=en", &fields_of(&question, "/held")).await;
    says(&done, &[&format!("3 alerts are {end}"), "This cannot be undone"]);
    let (kind, actor, _) = latest(world, "C-2").await;
    assert_eq!((kind.as_str(), actor.as_str()), (event, "anna"));
}
