//! Never cry wolf: what is taken over, what is held, and what is said of a day. The calendar is Paris.

use claimwatch::alert::Opening;
use claimwatch::escalation::{Brake, Digest, Kind, Recipients};

use crate::answers::level;
use crate::on_every_engine;
use crate::world::{World, at, claim};

async fn late_reviews(world: &World, ids: impl IntoIterator<Item = u32>) {
    world
        .put_all(
            ids.into_iter()
                .map(|n| claim(&format!("C-{n}"), "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")),
        )
        .await;
}

/// The messages so far: kind, level, number of alerts.
async fn told(world: &World) -> Vec<(Kind, u32, usize)> {
    let facts = world.sql("SELECT facts FROM outbox_messages ORDER BY created_at, level, id").await.concat();
    let digest = |facts: &String| serde_json::from_str::<Digest>(facts).expect("a digest");
    facts.iter().map(digest).map(|digest| (digest.kind, digest.level, digest.alerts())).collect()
}

async fn latest(world: &World) -> Digest {
    let facts = world.sql("SELECT facts FROM outbox_messages ORDER BY created_at DESC, id DESC LIMIT 1").await.concat();
    serde_json::from_str(&facts[0]).expect("a digest")
}

/// A world that has been scanned before and believes in two new alerts a scan.
async fn with_a_brake(world: &mut World) {
    world.plan.policy.brake = Some(Brake { max_new: 2, times_usual: 20, at_least: 0 });
    world.scan("2026-11-20T09:00:00+01:00").await;
}

on_every_engine! {
    async fn the_first_scan_puts_what_is_late_into_one_inherited_message_and_counts_levels_from_then(mut world in World) {
        world.plan.policy.levels =
            vec![level(None, None, "support@example.com"), level(Some("2 business days"), None, "lead@example.com")];
        late_reviews(&world, 0..3).await;
        let first = world.scan("2026-12-14T09:00:00+01:00").await;
        assert_eq!((first.opening, first.opened, first.messages), (Opening::Inherited, 3, 1));
        assert_eq!(told(&world).await, [(Kind::Inherited, 1, 3)]);
        assert_eq!(world.alerts().await[0].inherited_at, Some(at("2026-12-14T09:00:00+01:00")));
        assert_eq!(world.scan("2026-12-16T08:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-12-16T09:00:00+01:00").await.messages, 1);
        assert_eq!(told(&world).await[1..], [(Kind::Escalation, 2, 3)]);
    }

    async fn what_opens_later_is_news(world in World) {
        late_reviews(&world, 0..1).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        late_reviews(&world, 1..2).await;
        assert_eq!(world.scan("2026-11-23T09:05:00+01:00").await.opening, Opening::Usual);
        assert_eq!(told(&world).await, [(Kind::Inherited, 1, 1), (Kind::Escalation, 1, 1)]);
    }

    async fn what_is_late_by_other_rules_alone_is_inherited(mut world in World) {
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-20T10:00:00+01:00")).await;
        world.scan("2026-11-24T09:00:00+01:00").await;
        world.rule("review").target = "1 business day".parse().unwrap();
        (world.plan.fingerprint, world.plan.deadlines) = ("stricter".into(), "stricter".into());
        let scanned = world.scan("2026-11-24T09:05:00+01:00").await;
        assert_eq!((scanned.opening, scanned.opened), (Opening::Inherited, 1));
        assert_eq!(told(&world).await, [(Kind::Inherited, 1, 1)]);
    }

    async fn another_policy_makes_nothing_inherited(mut world in World) {
        world.scan("2026-11-20T09:00:00+01:00").await;
        late_reviews(&world, 0..1).await;
        world.plan.fingerprint = "other people".into();
        assert_eq!(world.scan("2026-11-23T09:00:00+01:00").await.opening, Opening::Usual);
        assert_eq!(told(&world).await, [(Kind::Escalation, 1, 1)]);
    }

    async fn a_scan_that_would_open_too_many_holds_them_and_asks_once(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..3).await;
        let scanned = world.scan("2026-11-23T09:00:00+01:00").await;
        assert_eq!((scanned.opening, scanned.opened, scanned.messages), (Opening::Held, 3, 1));
        assert_eq!(scanned.rules["review"].breached, 3, "dashboards see them");
        assert_eq!(world.sql("SELECT count(*) FROM sla_open_alerts WHERE held_since IS NOT NULL").await.concat(), ["3"]);
        assert_eq!(told(&world).await, [(Kind::Held, 0, 3)]);
        assert_eq!(latest(&world).await.plausible.map(|plausible| plausible.limit), Some(2));
        assert_eq!(world.scan("2026-11-24T09:05:00+01:00").await.messages, 0, "it is asked once, and nothing is told");
        let alerts = world.alerts().await;
        assert_eq!(world.story(&alerts[0]).await, ["opened"]);
        assert_eq!(world.events(&alerts[0]).await[0].detail["opening"], "held");
    }

    async fn as_many_as_are_plausible_are_told(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..2).await;
        let scanned = world.scan("2026-11-23T09:00:00+01:00").await;
        assert_eq!((scanned.opening, scanned.messages), (Opening::Usual, 1));
    }

    async fn held_alerts_that_are_released_are_told_like_any_other(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..3).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        assert_eq!(world.store.release_held(at("2026-11-23T10:00:00+01:00"), "Ada").await.unwrap(), 3);
        assert_eq!(world.store.release_held(at("2026-11-23T10:00:01+01:00"), "Ada").await.unwrap(), 0);
        assert_eq!(world.scan("2026-11-23T10:05:00+01:00").await.messages, 1);
        assert_eq!(told(&world).await[1..], [(Kind::Escalation, 1, 3)]);
        assert_eq!(world.story(&world.alerts().await[0]).await, ["opened", "released", "escalated"]);
    }

    async fn held_alerts_that_are_discarded_are_withdrawn_and_what_is_still_late_is_looked_at_anew(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..3).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        // A broken import: only one of them was late.
        world.sql("DELETE FROM claims WHERE claim_id <> 'C-1'").await;
        assert_eq!(world.store.discard_held(at("2026-11-23T10:00:00+01:00"), "Ada").await.unwrap(), 3);
        let scanned = world.scan("2026-11-23T10:05:00+01:00").await;
        assert_eq!((scanned.opening, scanned.opened, scanned.messages), (Opening::Usual, 1, 1));
        let alerts = world.alerts().await;
        let alert = alerts.iter().find(|alert| alert.claim_id == "C-1").expect("its alert");
        assert_eq!(world.story(alert).await, ["opened", "resolved", "reopened", "escalated"]);
        assert_eq!(world.events(alert).await[1].actor, "Ada");
    }

    async fn held_alerts_whose_clock_stops_are_resolved_and_held_no_more(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..3).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        world.sql("DELETE FROM claims").await;
        assert_eq!(world.scan("2026-11-23T09:05:00+01:00").await.resolved.withdrawn, 3);
        assert_eq!(world.store.release_held(at("2026-11-23T10:00:00+01:00"), "Ada").await.unwrap(), 0);
    }

    async fn a_dry_run_foresees_that_they_would_be_held(mut world in World) {
        with_a_brake(&mut world).await;
        late_reviews(&world, 0..3).await;
        let request = claimwatch::scan::Request {
            at: at("2026-11-23T09:00:00+01:00"), since: None, dry_run: true, scheduled_for: None, term: None,
        };
        let foreseen = world.scan_with(request.clone()).await;
        let came = world.scan_with(claimwatch::scan::Request { dry_run: false, ..request }).await;
        let foreseen = claimwatch::scan::ScanSummary { dry_run: false, elapsed_ms: came.elapsed_ms, ..foreseen };
        assert_eq!(foreseen, came);
    }

    async fn what_was_settled_is_said_on_the_next_business_day_in_the_same_thread(world in World) {
        world.scan("2026-11-20T09:00:00+01:00").await;
        late_reviews(&world, 0..2).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        assert_eq!(world.scan("2026-11-23T15:00:00+01:00").await.messages, 0, "not on the same day");
        assert_eq!(world.scan("2026-11-24T00:00:00+01:00").await.messages, 1);
        let digest = latest(&world).await;
        assert_eq!((digest.kind, digest.thread.as_str(), digest.settled.count), (Kind::Resolved, "level 1", 1));
        let firsts = world.sql("SELECT DISTINCT first_message FROM outbox_messages").await;
        assert_eq!(firsts.len(), 1, "both are of one thread");
        assert_eq!(world.scan("2026-11-25T09:00:00+01:00").await.messages, 0, "it is said once");
    }

    async fn what_was_settled_goes_along_with_the_next_message_of_the_thread(world in World) {
        world.scan("2026-11-20T09:00:00+01:00").await;
        late_reviews(&world, 0..2).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        late_reviews(&world, 5..6).await;
        assert_eq!(world.scan("2026-11-23T15:00:00+01:00").await.messages, 1);
        let digest = latest(&world).await;
        assert_eq!((digest.kind, digest.escalated.len(), digest.settled.count), (Kind::Escalation, 1, 1));
    }

    async fn each_business_day_begins_with_a_word_that_all_is_well(mut world in World) {
        world.plan.policy.all_is_well = Recipients::people(vec!["ops@example.com".parse().unwrap()]);
        world.send_hours("08:00:00", "19:00:00");
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-20T10:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-20T07:00:00+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-20T11:00:00+01:00").await.messages, 1);
        assert_eq!(world.scan("2026-11-20T12:00:00+01:00").await.messages, 0, "once a day");
        assert_eq!(world.scan("2026-11-21T12:00:00+01:00").await.messages, 0, "not on a Saturday");
        assert_eq!(world.scan("2026-11-23T08:00:00+01:00").await.messages, 1);
        let digest = latest(&world).await;
        assert_eq!(digest.kind, Kind::AllIsWell);
        assert_eq!(digest.coverage.running["review"], 1);
        assert_eq!(digest.coverage.newest_start, Some(at("2026-11-20T10:00:00+01:00")));
        assert_eq!(digest.coverage.calendars[0].calendar, "fr");
    }
}
