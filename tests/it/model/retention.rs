//! Pruning in the model's random worlds: whatever happened, no scan finds anything else after it than before.

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::retention::prune;
use claimwatch::scan::{Request, ScanSummary};

use super::facts::{Facts, Settings, Step, story};
use super::without_time;
use crate::property_on_every_engine;
use crate::world::{Engine, World, at};

property_on_every_engine! {
    fn no_scan_finds_anything_else_after_a_pruning_than_before(
        engine, (facts, settings, steps) in story()
    ) [40 on SQLite, 10 on PostgreSQL] {
        live(engine, facts, settings, steps)
    }
}

async fn live(engine: Engine, mut facts: Facts, settings: Settings, steps: Vec<Step>) {
    let mut world = World::on(engine).await;
    let mut session = world.database.session().await;
    world.plan = settings.plan();
    let mut now = at("2026-10-19T08:00:00Z");
    for step in &steps {
        step.edits.iter().for_each(|edit| facts.apply(edit));
        if let Some(settings) = &step.settings {
            world.plan = settings.plan();
        }
        now = step.instant(now);
        session.rows(&facts.statements(engine)).await.expect("facts");
        world.scan_with(request(now, false)).await;
        let before = foreseen(&world, now).await;
        let open = "SELECT id, state FROM sla_open_alerts ORDER BY id";
        let open_before = world.sql(open).await;
        prune(&*world.store, &world.plan.rules, now, now, false, &mut |_| {}).await.expect("pruned");
        assert_eq!(foreseen(&world, now).await, before, "pruned at {now}");
        assert_eq!(world.sql(open).await, open_before, "pruned at {now}");
        let left = "SELECT (SELECT count(*) FROM sla_alert_events WHERE alert_id NOT IN (SELECT id FROM sla_alerts)), \
             (SELECT count(*) FROM alert_escalations WHERE alert_id NOT IN (SELECT id FROM sla_alerts))";
        assert_eq!(world.sql(left).await, [["0", "0"]], "what is left belongs to an alert");
    }
}

fn request(at: DateTime<Utc>, dry_run: bool) -> Request {
    Request { at, since: None, dry_run, scheduled_for: None, term: None }
}

/// What scans at once, in some days and in some months would find, if nothing else happened.
async fn foreseen(world: &World, now: DateTime<Utc>) -> Vec<ScanSummary> {
    let mut found = Vec::new();
    for days in [0, 9, 100] {
        let scan = without_time(world.scan_with(request(now + TimeDelta::days(days), true)).await);
        // What is pruned before its settlement was said is not said any more.
        found.push(ScanSummary { messages: 0, ..scan });
    }
    found
}
