//! The alerts that would have been. The calendar is Paris without holidays; 2026-11-23 is a Monday, and now.

use claimwatch::alert::{Resolution, State};
use claimwatch::backfill::{Backfilled, Built, Request, backfill};

use crate::on_every_engine;
use crate::world::{World, at, claim};

async fn backfilled(world: &World, since: &str, dry_run: bool) -> Backfilled {
    let plan = &world.plan;
    let (rules, calendars, now) = (&plan.rules[..], &plan.calendars, world.time.now());
    let request = Request { since: at(since), rules, calendars, now, dry_run };
    backfill(&*world.store, &request, &|| {}).await.expect("what was built")
}

/// A review that was late, one that was submitted again after its deadline and then done in time, one in time, one that is
/// overdue, and a payment line that was paid late.
async fn history(world: &World) {
    world.program("P-1", None, false).await;
    let review = |id: &str, status: &str, start: &str| claim(id, status).on("submitted_at", start);
    world.put(review("C-1", "rejected", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T15:00:00Z")).await;
    world.put(review("C-2", "rejected", "2026-11-12T10:00:00Z").on("reviewed_at", "2026-11-13T15:00:00Z")).await;
    world.history("C-2", &[("2026-11-02T10:00:00Z", "submitted"), ("2026-11-12T10:00:00Z", "submitted")]).await;
    world.put(review("C-3", "rejected", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-03T15:00:00Z")).await;
    world.put(review("C-4", "submitted", "2026-11-10T10:00:00Z")).await;
    world.put(claim("C-5", "approved").on("approved_at", "2026-09-10T10:00:00Z")).await;
    world.line("L-1", "C-5", "60.00", "EUR", Some("2026-11-20T09:00:00Z")).await;
}

const TABLES: [&str; 6] = ["sla_alerts", "sla_alert_events", "alert_escalations", "outbox", "outbox_messages", "scans"];

on_every_engine! {
    async fn each_clock_that_ended_late_gets_its_alert_marked_and_told_to_nobody(world in World) {
        history(&world).await;
        let built = backfilled(&world, "2026-01-01T00:00:00Z", false).await;
        let rules: Vec<_> = built.rules.iter().map(|(rule, built)| (rule.as_str(), *built)).collect();
        assert_eq!(rules, [("payment", Built { late: 1, restarted: 0 }), ("review", Built { late: 1, restarted: 1 })]);
        let mut alerts = world.alerts().await;
        alerts.sort_by(|a, b| a.claim_id.cmp(&b.claim_id));
        let told: Vec<_> = alerts.iter().map(|a| (a.claim_id.as_str(), a.state, a.resolution, a.stopped_at)).collect();
        assert_eq!(told, [
            ("C-1", State::Resolved, Some(Resolution::Late), Some(at("2026-11-09T15:00:00Z"))),
            ("C-2", State::Resolved, Some(Resolution::Restarted), None),
            ("C-5", State::Resolved, Some(Resolution::Late), Some(at("2026-11-20T09:00:00Z"))),
        ]);
        for alert in &alerts {
            assert_eq!((alert.backfilled_at, alert.detected_at), (Some(world.time.now()), alert.due_at), "{alert:#?}");
            let events = world.store.events(alert.id).await.unwrap();
            let told: Vec<_> = events.iter().map(|event| (event.kind.as_str(), Some(event.at))).collect();
            assert_eq!(told, [("opened", Some(alert.due_at)), ("resolved", alert.resolved_at)]);
            assert_eq!(events[0].detail["opening"], "backfilled");
        }
        assert_eq!(alerts[1].resolved_at, Some(at("2026-11-12T10:00:00Z")));
        let sent = world.tables(&["outbox", "outbox_messages", "alert_escalations", "scans"]).await;
        assert!(sent.iter().all(Vec::is_empty), "{sent:?}");
        // As of the end of the 9th in UTC, C-1 is done and C-2 is open.
        let day = world.sql("SELECT opened, resolved, open_at_end_of_day FROM sla_daily WHERE rule = 'review' ORDER BY day").await;
        assert_eq!(day, [["2", "0", "2"], ["0", "1", "1"], ["0", "1", "0"]]);
    }

    async fn doing_it_twice_changes_nothing_and_a_dry_run_never_does(world in World) {
        history(&world).await;
        let empty = world.tables(&TABLES).await;
        let would = backfilled(&world, "2026-01-01T00:00:00Z", true).await;
        assert_eq!(world.tables(&TABLES).await, empty);
        let built = backfilled(&world, "2026-01-01T00:00:00Z", false).await;
        assert_eq!(would.rules, built.rules);
        let once = world.tables(&TABLES).await;
        assert_eq!(backfilled(&world, "2026-01-01T00:00:00Z", false).await.rules, [].into());
        assert_eq!(world.tables(&TABLES).await, once);
    }

    async fn deadlines_of_before_and_clocks_that_have_an_alert_are_left_alone(world in World) {
        history(&world).await;
        world.scan("2026-11-16T09:00:00Z").await;
        let alerts = world.alerts().await;
        assert_eq!(alerts.iter().map(|alert| alert.claim_id.as_str()).collect::<Vec<_>>(), ["C-4"]);
        // C-1 and the first round of C-2 were due as the 5th began in Paris.
        let built = backfilled(&world, "2026-11-05T00:00:00+01:00", false).await;
        assert_eq!(built.rules["review"], Built { late: 1, restarted: 1 });
        let kept = world.alerts().await.into_iter().find(|alert| alert.claim_id == "C-4").expect("its alert");
        assert_eq!(kept.backfilled_at, None);

        let later = World::on(world.engine()).await;
        history(&later).await;
        assert_eq!(backfilled(&later, "2026-11-05T00:00:01+01:00", false).await.rules.get("review"), None);
    }

    async fn a_scan_afterwards_tells_of_what_is_open_and_of_nothing_else(world in World) {
        history(&world).await;
        backfilled(&world, "2026-01-01T00:00:00Z", false).await;
        let summary = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((summary.opened, summary.messages), (1, 1));
        let open = world.alerts().await.into_iter().filter(|alert| alert.state != State::Resolved).count();
        assert_eq!((open, world.alerts().await.len()), (1, 4));
    }
}
