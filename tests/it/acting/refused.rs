//! Who may not act, and what is no form of ours: nothing is changed.

use super::browser::{Browser, HERE, token};
use super::{alert_of, late, latest, says};
use crate::http::{exchange, serve};
use crate::on_every_engine;
use crate::world::{World, at};

/// Every address by which something is done.
const DOES: [&str; 8] = [
    "/alerts/answer",
    "/silences/add",
    "/silences/expire",
    "/outbox/retry",
    "/outbox/enable",
    "/held",
    "/undo",
    "/sign-out",
];

/// An answer that would be recorded.
async fn answer(world: &World) -> Vec<(&'static str, String)> {
    let id = alert_of(world, "C-1").await.id.to_string();
    vec![("id", id), ("do", "acknowledge".to_owned()), ("promise", "2026-11-25".to_owned())]
}

fn with<'a>(seal: &'a str, fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    fields.chain([("seal", seal)]).collect()
}

on_every_engine! {
    async fn a_form_without_the_seal_of_its_session_changes_nothing(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let bela = Browser::signed_in(&world, &served, "bela", "write").await;
        let fields = answer(&world).await;
        for seal in ["", "x", &bela.seal, &anna.seal[1..], &format!("{}A", anna.seal)] {
            let (head, body) = anna.send("/alerts/answer?lang=en", &with(seal, &fields), &HERE).await;
            assert!(head.contains(" 403 "), "{seal:?}: {head}");
            says(&body, &["This form is not of your session", "Nothing was changed"]);
        }
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
    }

    async fn a_form_from_another_site_changes_nothing(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let fields = answer(&world).await;
        for headers in [
            [("Origin", "https://evil.example"), ("Accept", "*/*")],
            [("Origin", "http://localhost.evil.example"), ("Accept", "*/*")],
            [("Origin", "null"), ("Accept", "*/*")],
            [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://localhost")],
            [("Sec-Fetch-Site", "same-site"), ("Accept", "*/*")],
            [("Sec-Fetch-Site", "none"), ("Accept", "*/*")],
        ] {
            for path in DOES {
                let (head, _) = anna.send(path, &with(&anna.seal, &fields), &headers).await;
                assert!(head.contains(" 403 "), "{path} {headers:?}: {head}");
            }
            let (head, _) = anna.send("/sign-in", &[("token", "token of anna")], &headers).await;
            assert!(head.contains(" 403 "), "nobody is signed in by another site: {head}");
        }
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
        assert!(anna.view("/").await.contains("anna"), "still signed in");
        let (head, _) = anna.send("/alerts/answer", &with(&anna.seal, &fields), &[("Accept", "*/*")]).await;
        assert!(head.contains(" 303 "), "an old browser says nothing of where a form came from: {head}");
    }

    async fn a_token_that_may_only_read_changes_nothing_and_is_shown_no_form(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let reader = Browser::signed_in(&world, &served, "reader", "read").await;
        let fields = answer(&world).await;
        for path in DOES.into_iter().filter(|path| *path != "/sign-out") {
            let (status, body) = reader.post(&format!("{path}?lang=en"), &fields).await;
            assert_eq!(status, 403, "{path}");
            says(&body, &["Your token may only look"]);
        }
        for path in ["/alerts", "/claims/C%2D1", "/outbox", "/silences"] {
            let html = reader.view(path).await;
            assert_eq!(html.matches("method=\"post\"").count(), 1, "{path}: only to sign out");
        }
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
    }

    async fn whoever_is_not_signed_in_changes_nothing(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let nobody = Browser::anonymous(&served);
        let fields = answer(&world).await;
        for path in DOES.into_iter().filter(|path| *path != "/sign-out") {
            let (status, body) = nobody.post(&format!("{path}?lang=en"), &fields).await;
            assert_eq!(status, 401, "{path}");
            says(&body, &["You are not signed in", "Nothing was changed"]);
        }
        says(&nobody.view("/claims/C%2D1?lang=en").await, &["Sign in to answer"]);
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
    }

    async fn a_session_ends_with_its_token_after_twelve_hours_and_when_one_signs_out(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let fields = answer(&world).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        world.sql(&format!("UPDATE tokens SET revoked_at = '2026-11-23T08:31:00.000000Z' WHERE id = '{}'", anna.token)).await;
        assert_eq!(anna.post("/alerts/answer", &fields).await.0, 401, "revoked");

        let (id, secret) = token(&world, "bela", "write", Some("2026-11-23T10:00:00.000000Z")).await;
        let bela = Browser::with(&served, id, &secret).await;
        world.time.set(at("2026-11-23T11:00:00+01:00"));
        assert_eq!(bela.post("/alerts/answer", &fields).await.0, 401, "its token ended");
        let (head, body) = bela.send("/sign-in?lang=en", &[("token", &secret)], &HERE).await;
        assert!(head.contains(" 401 ") && !head.contains("set-cookie"), "{head}");
        says(&body, &["This is no token, or one that has ended"]);

        let cora = Browser::signed_in(&world, &served, "cora", "write").await;
        world.time.set(at("2026-11-23T22:59:00+01:00"));
        assert!(cora.view("/").await.contains("cora"));
        world.time.set(at("2026-11-23T23:00:00+01:00"));
        assert_eq!(cora.post("/alerts/answer", &fields).await.0, 401, "twelve hours");

        let dora = Browser::signed_in(&world, &served, "dora", "write").await;
        let (head, _) = dora.send("/sign-out", &[("seal", &dora.seal)], &HERE).await;
        assert!(head.contains(" 303 ") && head.contains("Max-Age=0"), "{head}");
        assert_eq!(dora.post("/alerts/answer", &fields).await.0, 401, "the cookie is worth nothing any more");
        assert_eq!(latest(&world, "C-1").await.0, "escalated");
    }

    async fn a_session_outlives_the_daemon_and_its_secret_is_not_in_the_database(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let other = serve(&world, None).await;
        let elsewhere = Browser { cookie: anna.cookie.clone(), ..Browser::anonymous(&other) };
        assert!(elsewhere.view("/").await.contains("anna"));
        let secret = anna.cookie.split_once('=').expect("a value").1.to_owned();
        let kept = world.sql("SELECT digest FROM sessions").await;
        assert!(kept.iter().flatten().all(|digest| *digest != secret && digest.len() == 64), "{kept:?}");
    }

    async fn getting_an_address_never_changes_anything(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let before = world.tables(&["sla_alerts", "sla_alert_events", "outbox", "silences", "sessions"]).await;
        let id = alert_of(&world, "C-1").await.id;
        for path in DOES {
            let (status, _) = anna.get(&format!("{path}?seal={}&id={id}&do=acknowledge&promise=2026-11-25&confirmed=1", anna.seal)).await;
            assert_eq!(status, 303, "{path}");
        }
        let (status, _) = anna.get("/done?did=discarded&at=2026-11-23T09:00:00Z&count=9&receipt=x").await;
        assert_eq!(status, 404, "nobody is told of what never was");
        assert_eq!(world.tables(&["sla_alerts", "sla_alert_events", "outbox", "silences", "sessions"]).await, before);
    }

    async fn what_is_no_form_is_refused(world in World) {
        late(&world).await;
        let served = serve(&world, None).await;
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        let json = format!("POST /alerts/answer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}", anna.cookie);
        assert!(exchange(&served, &json).await.0.contains(" 415 "));
        let long = "x".repeat(70_000);
        let (head, _) = anna.send("/alerts/answer", &[("note", long.as_str())], &HERE).await;
        assert!(head.contains(" 413 "), "{head}");
        let ids: Vec<(&str, String)> = (0..101).map(|n| ("id", uuid::Uuid::from_u128(n).to_string())).collect();
        let (status, body) = anna.post("/alerts/answer?lang=en", &ids).await;
        assert_eq!(status, 400);
        says(&body, &["at most 100 of them"]);
    }

    async fn where_a_token_is_demanded_browsers_are_sent_to_sign_in_and_back(world in World) {
        late(&world).await;
        let served = serve(&world, Some("the token")).await;
        let request = "GET /alerts?state=held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\r\n";
        let (head, _) = exchange(&served, request).await;
        assert!(head.contains(" 303 ") && head.contains("location: /sign-in?back=%2Falerts%3Fstate%3Dheld"), "{head}");
        let (head, _) = exchange(&served, &request.replace("Accept: text/html\r\n", "")).await;
        assert!(head.contains(" 401 "), "programs are told so: {head}");
        for open in ["/sign-in", "/style.css", "/icon.svg"] {
            assert_eq!(Browser::anonymous(&served).get(open).await.0, 200, "{open}");
        }
        let anna = Browser::signed_in(&world, &served, "anna", "write").await;
        says(&anna.view("/alerts?lang=en").await, &["C-1", "anna"]);
        assert_eq!(anna.post("/alerts/answer", &answer(&world).await).await.0, 303);
    }
}
