//! What a token that may write changes, and in whose name.

use super::{Told, document, is_problem, send, token, with_something_of_everything};
use crate::http::{Served, serve};
use crate::on_every_engine;
use crate::world::World;
use claimwatch::alert::Alert;
use claimwatch::store::Scope;

/// The alert of C-1's review.
async fn review(world: &World) -> Alert {
    world.alerts().await.into_iter().find(|alert| alert.claim_id == "C-1").expect("an alert")
}

/// Someone who may write.
struct Writer {
    served: Served,
    token: String,
}

impl Writer {
    async fn of(world: &World) -> Self {
        Self { token: token(world, "Ada", Scope::Write).await, served: serve(world, None).await }
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Told {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let headers = format!("Authorization: Bearer {}\r\n{kind}", self.token);
        send(&self.served, method, &format!("/api/v1{path}"), &headers, body).await.fits(&document())
    }
}

on_every_engine! {
    async fn an_alert_is_acknowledged_once_in_the_name_of_the_token(world in World) {
        with_something_of_everything(&world).await;
        let (writer, alert) = (Writer::of(&world).await, review(&world).await);
        let path = format!("/alerts/{}/acknowledgement", alert.id);
        let body = r#"{"until": "2026-11-30", "note": "asked for the invoice"}"#;
        for _ in 0..2 {
            let told = writer.send("PUT", &path, body).await;
            assert_eq!(told.status, 200, "{}", told.body);
            let alert = told.json();
            assert_eq!((&alert["acknowledged_by"], &alert["note"]), (&"Ada".into(), &"asked for the invoice".into()));
            assert_eq!(alert["acknowledged_until"], "2026-11-30T23:00:00Z", "the end of that day in Paris");
        }
        let acknowledged = world.story(&alert).await.into_iter().filter(|kind| kind == "acknowledged").count();
        assert_eq!(acknowledged, 1, "said twice, it is recorded once");
        for _ in 0..2 {
            assert_eq!(writer.send("DELETE", &path, "").await.json()["acknowledged_by"], serde_json::Value::Null);
        }
        assert_eq!(world.story(&alert).await.last().map(String::as_str), Some("unacknowledged"));
        let path = format!("/alerts/{}/snooze", alert.id);
        let told = writer.send("PUT", &path, r#"{"until": "2026-11-24T09:00:00+01:00"}"#).await;
        assert_eq!(told.json()["snoozed_until"], "2026-11-24T08:00:00Z");
        assert_eq!(writer.send("DELETE", &path, "").await.status, 200);
        world.sql("UPDATE claims SET status = 'approved', reviewed_at = '2026-11-23T08:20:00.000000Z'").await;
        world.scan("2026-11-23T09:40:00+01:00").await;
        let told = writer.send("PUT", &path, r#"{"until": "2026-11-25"}"#).await;
        assert_eq!((told.status, is_problem(&told)["detail"].as_str()), (409, Some("it is resolved")));
    }

    async fn a_silence_is_tried_added_and_ended_once(world in World) {
        with_something_of_everything(&world).await;
        let writer = Writer::of(&world).await;
        let tried = writer.send("POST", "/silences", r#"{"claim": "C-1*", "until": "2026-12-01", "reason": "x", "dry_run": true}"#).await;
        assert_eq!((tried.status, &tried.json()["matching"]), (200, &1.into()));
        assert!(world.store.all_silences().await.unwrap().is_empty());
        let added = writer.send("POST", "/silences", r#"{"claim": "C-1*", "until": "2026-12-01", "reason": "the bank is closed"}"#).await;
        assert_eq!((added.status, &added.json()["silence"]["author"]), (201, &"Ada".into()));
        let path = format!("/silences/{}", added.json()["silence"]["id"].as_str().unwrap());
        let ended = writer.send("DELETE", &path, "").await;
        assert_eq!((ended.status, &ended.json()["silence"]["expired_by"]), (200, &"Ada".into()));
        assert_eq!(writer.send("DELETE", &path, "").await.status, 409);
        assert_eq!(writer.send("DELETE", &format!("/silences/{}", uuid::Uuid::nil()), "").await.status, 404);
    }

    async fn held_alerts_are_judged_and_a_delivery_is_tried_again(world in World) {
        with_something_of_everything(&world).await;
        let (writer, alert) = (Writer::of(&world).await, review(&world).await);
        let delivery = world.sql("SELECT id FROM outbox").await.concat().concat();
        world.sql("UPDATE outbox SET state = 'dead', next_attempt_at = NULL").await;
        assert_eq!(writer.send("POST", &format!("/outbox/{delivery}/retry"), "").await.json()["count"], 1);
        assert_eq!(writer.send("POST", &format!("/outbox/{}/retry", uuid::Uuid::nil()), "").await.status, 409);
        let held = || format!("UPDATE sla_alerts SET held_since = detected_at WHERE id = '{}'", alert.id);
        world.sql(&held()).await;
        assert_eq!(writer.send("POST", "/held/release", "").await.json()["count"], 1);
        world.sql(&held()).await;
        assert_eq!(writer.send("POST", "/held/discard", "").await.json()["count"], 1);
        assert_eq!(writer.send("POST", "/held/discard", "").await.json()["count"], 0);
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_it_may_be_is_refused_by_name_and_changes_nothing() {
    let world = World::on_sqlite().await;
    with_something_of_everything(&world).await;
    let (writer, alert) = (Writer::of(&world).await, review(&world).await);
    let path = format!("/alerts/{}/acknowledgement", alert.id);
    for (body, parameter) in [
        (r#"{"until": "2026-11-20"}"#, "until"),
        (r#"{"until": "soon"}"#, "until"),
        (r#"{"until": "+99999-01-01"}"#, "until"),
        (r#"{"until": 5}"#, "until"),
        (r#"{"until": "2026-11-30", "note": ""}"#, "note"),
        (r#"{"until": "2026-11-30", "note": "a\u0000b"}"#, "note"),
        (r#"{"until": "2026-11-30", "by": "Bo"}"#, "by"),
        ("{}", "body"),
        ("[]", "body"),
        ("{", "body"),
        (r#"{"until": "2026-11-30"} x"#, "body"),
    ] {
        let told = writer.send("PUT", &path, body).await;
        assert_eq!((told.status, &is_problem(&told)["parameter"]), (400, &parameter.into()), "{body}: {}", told.body);
    }
    let told = writer.send("PUT", &path, &format!(r#"{{"until": "{}"}}"#, "x".repeat(20_000))).await;
    assert_eq!(told.status, 413);
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: text/plain\r\n", writer.token);
    let told = send(&writer.served, "PUT", &format!("/api/v1{path}"), &headers, "{}").await.fits(&document());
    assert_eq!(told.status, 415);
    let told = writer.send("POST", "/silences", r#"{"until": "2026-12-01", "reason": "x"}"#).await;
    assert_eq!((told.status, &is_problem(&told)["parameter"]), (400, &"body".into()), "it would match everything");
    assert!(!world.story(&alert).await.contains(&"acknowledged".to_owned()));
}
