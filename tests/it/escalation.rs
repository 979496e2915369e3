//! Who is told what, and when. The calendar is Paris; 2026-11-23 is a Monday.

use claimwatch::escalation::{Digest, Glob, Level, Recipients, Route};
use claimwatch::store::OutboxItem;

use crate::on_every_engine;
use crate::world::{World, claim};

fn level(after: Option<&str>, remind_every: Option<&str>, to: &str) -> Level {
    let span = |text: &str| text.parse().expect("a span");
    Level {
        after: after.map(span),
        recipients: Recipients::people(vec![to.parse().expect("an address")]),
        remind_every: remind_every.map(span),
    }
}

/// Waiting deliveries as "level recipient alerts", in order.
async fn waiting(world: &World) -> Vec<String> {
    let mut items: Vec<OutboxItem> = world.waiting().await;
    items.sort_by(|a, b| (a.level, &a.recipient, a.created_at).cmp(&(b.level, &b.recipient, b.created_at)));
    items.iter().map(|item| format!("{} {} {}", item.level, item.recipient, item.alerts)).collect()
}

/// What each message is about.
async fn digests(world: &World) -> Vec<Digest> {
    let facts = world.sql("SELECT facts FROM outbox_messages").await.concat();
    facts.iter().map(|facts| serde_json::from_str(facts).expect("a digest")).collect()
}

async fn late_review(world: &World, id: &str) {
    world.program("P-1", None, false).await;
    world.put(claim(id, "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
}

on_every_engine! {
    async fn level_two_goes_out_two_business_days_after_the_deadline(mut world in World) {
        world.plan.policy.levels =
            vec![level(None, None, "support@example.com"), level(Some("2 business days"), None, "lead@example.com")];
        late_review(&world, "C-1").await;
        assert_eq!(world.scan("2026-11-21T00:00:00+01:00").await.messages, 1, "due at the end of Friday");
        assert_eq!(world.scan("2026-11-24T23:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-25T00:00:00+01:00").await.messages, 1, "Monday and Tuesday have passed");
        assert_eq!(waiting(&world).await, ["1 support@example.com 1", "2 lead@example.com 1"]);
        let alert = world.alert().await;
        assert_eq!(alert.escalation_level, 2);
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "escalated"]);
    }

    async fn a_backlog_tells_each_level_once_in_one_message(mut world in World) {
        world.plan.policy.levels =
            vec![level(None, None, "support@example.com"), level(Some("2 business days"), None, "lead@example.com")];
        world.scan("2026-11-18T09:00:00Z").await;
        for n in 0..30 {
            late_review(&world, &format!("C-{n}")).await;
        }
        assert_eq!(world.scan("2026-12-14T09:00:00Z").await.messages, 2);
        assert_eq!(waiting(&world).await, ["1 support@example.com 30", "2 lead@example.com 30"]);
    }

    async fn a_level_is_reminded_every_business_day_until_acknowledged(mut world in World) {
        world.plan.policy.levels = vec![level(None, Some("1 business day"), "support@example.com")];
        late_review(&world, "C-1").await;
        assert_eq!(world.scan("2026-11-27T09:00:00+01:00").await.messages, 1, "Friday");
        assert_eq!(world.scan("2026-11-30T08:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-30T09:00:00+01:00").await.messages, 1, "Monday, at the same time of day");
        world.sql("UPDATE sla_alerts SET acknowledged_at = '2026-11-30T10:00:00.000000Z', acknowledged_by = 'Ada'").await;
        assert_eq!(world.scan("2026-12-01T09:00:00+01:00").await.messages, 0);
        let alert = world.alert().await;
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "reminded"]);
    }

    async fn an_acknowledgement_does_not_stop_the_next_level(mut world in World) {
        world.plan.policy.levels = vec![
            level(None, Some("1 business day"), "support@example.com"),
            level(Some("2 business days"), None, "lead@example.com"),
        ];
        late_review(&world, "C-1").await;
        world.scan("2026-11-21T00:00:00+01:00").await;
        world.sql("UPDATE sla_alerts SET acknowledged_at = '2026-11-23T10:00:00.000000Z', acknowledged_by = 'Ada'").await;
        assert_eq!(world.scan("2026-11-25T00:00:00+01:00").await.messages, 1);
        assert_eq!(waiting(&world).await, ["1 support@example.com 1", "2 lead@example.com 1"]);
    }

    async fn a_snoozed_alert_is_quiet_until_its_time_and_told_then(mut world in World) {
        world.plan.policy.levels =
            vec![level(None, None, "support@example.com"), level(Some("2 business days"), None, "lead@example.com")];
        late_review(&world, "C-1").await;
        world.scan("2026-11-21T00:00:00+01:00").await;
        world.sql("UPDATE sla_alerts SET snoozed_until = '2026-11-30T00:00:00.000000Z'").await;
        assert_eq!(world.scan("2026-11-29T23:59:59Z").await.messages, 0);
        assert_eq!(world.scan("2026-11-30T00:00:00Z").await.messages, 1);
    }

    async fn the_first_route_that_matches_chooses_the_recipients(mut world in World) {
        let route = |rule: Option<&str>, program: Option<&str>, to: &str| Route {
            rule: rule.map(Glob::new), program: program.map(Glob::new), paying_entity: None, currency: None, min_amount: None, level: None, calendar: None,
            recipients: Recipients::people(vec![to.parse().expect("an address")]),
        };
        world.plan.policy.routes = vec![
            route(Some("review"), Some("SURFACE-*"), "surface@example.com"),
            route(Some("review"), None, "reviews@example.com"),
        ];
        world.program("SURFACE-FR", None, false).await;
        late_review(&world, "C-1").await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-18T10:00:00Z").with("program_id", "SURFACE-FR")).await;
        world.put(claim("C-3", "disputed").on("disputed_at", "2026-11-02T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.messages, 3);
        assert_eq!(waiting(&world).await,
            ["1 reviews@example.com 1", "1 support@example.com 1", "1 surface@example.com 1"]);
    }

    async fn outside_the_sending_hours_breaches_are_recorded_and_told_at_the_opening(mut world in World) {
        world.send_hours("08:00:00", "19:00:00");
        late_review(&world, "C-1").await;
        let saturday = world.scan("2026-11-21T10:00:00+01:00").await;
        assert_eq!((saturday.opened, saturday.messages), (1, 0));
        assert_eq!(world.scan("2026-11-23T07:59:59+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-23T08:00:00+01:00").await.messages, 1);
        late_review(&world, "C-2").await;
        assert_eq!(world.scan("2026-11-23T19:00:00+01:00").await.messages, 0, "the closing time is not within");
    }

    async fn a_reminder_falls_at_the_opening_and_does_not_drift(mut world in World) {
        world.send_hours("08:00:00", "19:00:00");
        world.plan.policy.levels = vec![level(None, Some("1 business day"), "support@example.com")];
        late_review(&world, "C-1").await;
        assert_eq!(world.scan("2026-11-23T15:30:00+01:00").await.messages, 1);
        assert_eq!(world.scan("2026-11-24T08:00:00+01:00").await.messages, 1);
        assert_eq!(world.scan("2026-11-24T18:00:00+01:00").await.messages, 0);
        assert_eq!(world.scan("2026-11-25T08:00:00+01:00").await.messages, 1);
    }

    async fn what_is_settled_before_it_was_told_is_never_told(mut world in World) {
        world.send_hours("08:00:00", "19:00:00");
        late_review(&world, "C-1").await;
        world.scan("2026-11-21T10:00:00+01:00").await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-18T10:00:00+01:00").on("reviewed_at", "2026-11-22T10:00:00Z")).await;
        let monday = world.scan("2026-11-23T09:00:00+01:00").await;
        assert_eq!((monday.resolved.late, monday.messages), (1, 0));
    }

    async fn two_scans_at_once_send_each_level_once(world in World) {
        for n in 0..40 {
            late_review(&world, &format!("C-{n}")).await;
        }
        let (one, other) = tokio::join!(world.scan("2026-11-23T09:00:00Z"), world.scan("2026-11-23T09:00:00Z"));
        assert_eq!(one.opened + other.opened, 40);
        let told = digests(&world).await.iter().map(|digest| digest.escalated.len()).sum::<usize>();
        assert_eq!(told, 40);
        assert_eq!(world.sql("SELECT count(*) FROM sla_alert_events WHERE kind = 'opened'").await, [["40"]]);
    }

    async fn a_message_names_its_alerts_worst_first(world in World) {
        world.program("P-1", None, false).await;
        for (id, day) in [("C-1", 18), ("C-2", 16), ("C-3", 17)] {
            world.put(claim(id, "submitted").on("submitted_at", &format!("2026-11-{day}T10:00:00Z"))).await;
        }
        world.scan("2026-11-23T09:00:00Z").await;
        let digest = digests(&world).await.remove(0);
        let alerts = world.alerts().await;
        let order: Vec<_> = digest.escalated.iter()
            .map(|id| alerts.iter().find(|alert| alert.id == *id).expect("its alert").claim_id.as_str()).collect();
        assert_eq!(order, ["C-2", "C-3", "C-1"]);
    }
}
