//! Pruning: what is over and old goes, what is open or may come up again stays, and no scan finds anything else for it.

use claimwatch::alert::State;
use claimwatch::claim::{DataProblem, ProblemKind};
use claimwatch::retention::{PruneError, prune};
use claimwatch::scan::Request;
use claimwatch::store::{Delivery, Prune, Pruned, Scan, ScanCounts};

use crate::world::{Engine, World, at, claim};
use crate::{on_every_engine, on_postgres};

const TABLES: [&str; 7] =
    ["sla_alerts", "sla_alert_events", "alert_escalations", "outbox_messages", "outbox", "data_problems", "scans"];

const LATE: &str = "2026-11-23T09:00:00Z";
const OVER: &str = "2026-11-24T09:00:00Z";
const NOW: &str = "2026-12-01T09:00:00Z";

async fn pruned(world: &World, before: &str) -> Pruned {
    prune(&*world.store, &world.plan.rules, at(before), world.time.now(), false, &mut |_| {}).await.expect("pruned")
}

async fn would_be_pruned(world: &World, before: &str) -> Pruned {
    prune(&*world.store, &world.plan.rules, at(before), world.time.now(), true, &mut |_| {}).await.expect("counted")
}

/// Three reviews are late on the 23rd; two of them are done on the 24th.
async fn two_over_and_one_open(world: &World) {
    world.program("P-1", None, false).await;
    for id in ["C-1", "C-2", "C-3"] {
        world.put(claim(id, "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    }
    assert_eq!(world.scan(LATE).await.opened, 3);
    for id in ["C-1", "C-2"] {
        let done = claim(id, "rejected").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(done.on("reviewed_at", "2026-11-24T08:00:00Z")).await;
    }
    assert_eq!(world.scan(OVER).await.resolved.late, 2);
    world.scan(NOW).await;
}

fn switch_review(world: &mut World, enabled: bool) {
    world.rule("review").enabled = enabled;
    world.plan.fingerprint = format!("reviews are watched: {enabled}");
}

/// Sends everything that waits.
async fn send_all(world: &World, now: &str) {
    let now = at(now);
    for delivery in world
        .store
        .lease(now, claimwatch::store::LeaseTime::At(now), "one", 100, chrono::TimeDelta::minutes(1))
        .await
        .unwrap()
    {
        let sent = Delivery::Sent { reply: "250".into() };
        assert!(world.store.conclude(delivery.id, "one", now, &sent).await.unwrap());
    }
}

async fn count(world: &World, table: &str) -> String {
    world.sql(&format!("SELECT count(*) FROM {table}")).await.concat().concat()
}

/// Claims that have an alert.
async fn alerted(world: &World) -> Vec<String> {
    world.sql("SELECT DISTINCT claim_id FROM sla_alerts ORDER BY claim_id").await.concat()
}

/// Scans now and later, as if by hand, looking back over years: what each would find.
async fn foreseen(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for (instant, since) in [(NOW, None), ("2027-03-01T09:00:00Z", None), (NOW, Some(at("2020-01-01T00:00:00Z")))] {
        let request = Request { at: at(instant), since, dry_run: true, scheduled_for: None, term: None };
        let mut summary = world.scan_with(request).await;
        summary.elapsed_ms = 0;
        found.push(format!("{summary:?}"));
    }
    world.time.set(at(NOW));
    found
}

on_every_engine! {
    async fn alerts_that_were_resolved_before_the_date_go_with_all_that_is_theirs_and_open_ones_stay(world in World) {
        two_over_and_one_open(&world).await;
        assert_eq!(pruned(&world, OVER).await.alerts, 0, "what was resolved at the date itself stays");
        let foreseen_before = foreseen(&world).await;
        let gone = pruned(&world, NOW).await;
        assert_eq!((gone.alerts, gone.events, gone.kept), (2, 6, 0), "each opened, escalated, resolved");
        let open = world.alert().await;
        assert_eq!((open.claim_id.as_str(), open.state), ("C-3", State::Breached));
        assert_eq!(world.story(&open).await, ["opened", "escalated"]);
        assert_eq!((count(&world, "sla_alert_events").await, count(&world, "alert_escalations").await), ("2".into(), "1".into()));
        assert_eq!(foreseen(&world).await, foreseen_before, "no scan opens anything for it");
        let found = world.scan("2026-12-01T09:05:00Z").await;
        assert_eq!((found.opened, found.resolved.late, found.messages), (0, 0, 0));
        assert_eq!(pruned(&world, NOW).await, Pruned::default(), "once");
    }

    async fn a_dry_run_says_what_would_go_and_changes_nothing(world in World) {
        two_over_and_one_open(&world).await;
        send_all(&world, NOW).await;
        let before = world.tables(&TABLES).await;
        let would_go = would_be_pruned(&world, NOW).await;
        assert_eq!(world.tables(&TABLES).await, before);
        assert_eq!(world.store.pruned_before().await.unwrap(), None);
        assert_eq!(pruned(&world, NOW).await, would_go);
        assert_eq!(world.store.pruned_before().await.unwrap(), Some(at(NOW)));
    }

    /// Its story is not over: by status it runs, and only the rule is off.
    async fn an_alert_whose_clock_runs_on_stays_though_its_rule_is_switched_off(mut world in World) {
        two_over_and_one_open(&world).await;
        switch_review(&mut world, false);
        assert_eq!(world.scan("2026-12-01T10:00:00Z").await.resolved.withdrawn, 1);
        world.scan("2026-12-02T10:00:00Z").await;
        let gone = pruned(&world, "2026-12-02T10:00:00Z").await;
        assert_eq!((gone.alerts, gone.kept), (2, 1));
        assert_eq!(alerted(&world).await, ["C-3"]);
        switch_review(&mut world, true);
        world.scan("2026-12-02T11:00:00Z").await;
        let story = world.story(&world.alert().await).await;
        assert_eq!((story[0].as_str(), story.last().map(String::as_str)), ("opened", Some("reopened")));
    }

    /// The look-back of the scan after that day would find them without an alert.
    async fn an_alert_stays_while_the_day_of_its_payment_is_still_to_come(world in World) {
        world.program("P-1", None, false).await;
        let approved = |id: &str| claim(id, "approved").on("approved_at", "2026-07-01T10:00:00Z");
        world.put(approved("C-1")).await;
        world.put(approved("C-2")).await;
        world.line("L-1", "C-2", "1.00", "EUR", None).await;
        world.line("L-2", "C-2", "1.00", "EUR", None).await;
        assert_eq!(world.scan(LATE).await.opened, 3);
        world.put(approved("C-1").on("paid_at", "2026-12-15T10:00:00Z")).await;
        world.line("L-1", "C-2", "1.00", "EUR", Some("2026-12-15T10:00:00Z")).await;
        world.line("L-2", "C-2", "1.00", "EUR", Some("2026-11-24T08:00:00Z")).await;
        assert_eq!(world.scan(OVER).await.resolved.late, 3);
        world.scan(NOW).await;
        let foreseen_before = foreseen(&world).await;
        let gone = pruned(&world, NOW).await;
        assert_eq!((gone.alerts, gone.kept), (1, 2));
        assert_eq!(foreseen(&world).await, foreseen_before);
        assert_eq!(world.scan("2026-12-16T09:00:00Z").await.opened, 0);
        assert_eq!(pruned(&world, "2026-12-16T09:00:00Z").await.alerts, 2, "now it is over");
        assert_eq!(world.scan("2026-12-16T09:05:00Z").await.opened, 0);
    }

    async fn a_claim_that_is_gone_or_started_again_holds_up_nothing(world in World) {
        two_over_and_one_open(&world).await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-30T10:00:00Z")).await;
        assert_eq!(pruned(&world, NOW).await.alerts, 2);
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-12-01T10:00:00Z").await.opened, 1, "a clock that runs again is told of again");
    }

    async fn no_look_back_raises_what_was_pruned_and_none_misses_what_came_since(world in World) {
        two_over_and_one_open(&world).await;
        pruned(&world, NOW).await;
        let missed = claim("C-4", "rejected").on("submitted_at", "2026-11-02T10:00:00Z");
        world.put(missed.on("reviewed_at", "2026-12-01T09:02:00Z")).await;
        let since = Some(at("2020-01-01T00:00:00Z"));
        let request = Request { at: at("2026-12-01T09:05:00Z"), since, dry_run: false, scheduled_for: None, term: None };
        assert_eq!(world.scan_with(request).await.resolved.late, 1);
        assert_eq!(alerted(&world).await, ["C-3", "C-4"]);
    }

    async fn days_from_the_date_on_read_as_before_in_the_daily_view(world in World) {
        two_over_and_one_open(&world).await;
        let days = "SELECT * FROM sla_daily WHERE day >= '2026-12-01' ORDER BY day";
        world.put(claim("C-4", "submitted").on("submitted_at", "2026-11-26T10:00:00Z")).await;
        world.scan("2026-12-01T10:00:00Z").await;
        let before = world.sql(days).await;
        assert_eq!(pruned(&world, NOW).await.alerts, 2);
        assert_eq!((world.sql(days).await, before.len()), (before, 1));
    }

    async fn a_message_goes_when_it_went_out_and_none_of_its_alerts_is_left(world in World) {
        two_over_and_one_open(&world).await;
        send_all(&world, LATE).await;
        assert_eq!(pruned(&world, NOW).await.messages, 0, "C-3 is open");
        world.put(claim("C-3", "rejected").on("submitted_at", "2026-11-16T10:00:00Z").on("reviewed_at", NOW)).await;
        world.scan("2026-12-02T09:00:00Z").await;
        world.scan("2026-12-03T09:00:00Z").await;
        let gone = pruned(&world, "2026-12-03T09:00:00Z").await;
        assert_eq!((gone.alerts, gone.messages, gone.deliveries), (1, 1, 1));
        let facts = world.sql("SELECT facts FROM outbox_messages").await.concat();
        assert!(facts.iter().all(|facts| facts.contains(r#""kind":"resolved""#)), "what is settled is still to be said");
        send_all(&world, "2026-12-03T10:00:00Z").await;
        world.scan("2026-12-07T09:00:00Z").await;
        assert_eq!(pruned(&world, "2026-12-07T09:00:00Z").await.messages, 2);
    }

    async fn a_message_that_waits_or_went_out_since_stays_and_one_that_cannot_be_read_goes_when_it_is_given_up(world in World) {
        two_over_and_one_open(&world).await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-3'").await;
        world.scan("2026-12-02T09:00:00Z").await;
        world.scan("2026-12-03T09:00:00Z").await;
        assert_eq!(pruned(&world, "2026-12-03T09:00:00Z").await.messages, 0, "it waits");
        send_all(&world, "2026-12-04T09:00:00Z").await;
        world.scan("2026-12-05T09:00:00Z").await;
        assert_eq!(pruned(&world, "2026-12-03T09:00:00Z").await.messages, 0, "it went out since");
        world.sql("UPDATE outbox_messages SET facts = '{\"escalated\": \"none\", \"reminded\": [\"what\", 7]}'").await;
        world.sql("UPDATE outbox SET state = 'dead', sent_at = NULL").await;
        let written = count(&world, "outbox_messages").await;
        assert_eq!(pruned(&world, "2026-12-05T09:00:00Z").await.messages.to_string(), written);
    }

    async fn the_scan_that_the_next_one_looks_back_to_and_the_schedule_rests_on_stays(world in World) {
        let scan = |instant: &str, scheduled: Option<&str>| {
            Scan { began_at: at(instant), scheduled_for: scheduled.map(at), settings: "settings".into(), deadlines: String::new() }
        };
        for (instant, scheduled) in [("2026-11-01T09:00:00Z", None), ("2026-11-02T09:00:01Z", Some("2026-11-02T09:00:00Z")), ("2026-11-03T09:00:00Z", None), ("2026-12-01T09:00:00Z", None)] {
            let pass = world.store.pass(None).await.unwrap();
            assert!(pass.finish(at(instant), &scan(instant, scheduled), &ScanCounts::default()).await.unwrap());
        }
        world.store.fail_scan(&scan("2026-11-04T09:00:00Z", None), None, "away").await.unwrap();
        world.time.set(at(NOW));
        let stays = async || {
            let until = world.store.finished_scan_until(at("2026-11-20T09:00:00Z")).await.unwrap();
            (until.unwrap().began_at, world.store.last_scheduled().await.unwrap(), world.store.last_finished_scan().await.unwrap().unwrap().began_at)
        };
        let before = stays().await;
        assert_eq!(pruned(&world, "2026-11-20T00:00:00Z").await.scans, 2, "the first one, and the one that failed");
        assert_eq!(stays().await, before);
        assert_eq!(before.0, at("2026-11-03T09:00:00Z"));
    }

    async fn data_problems_go_when_they_are_resolved_and_old(world in World) {
        let problem = |id: &str| DataProblem { claim_id: id.into(), kind: ProblemKind::Unreadable, detail: id.into() };
        for (instant, problems) in [("2026-11-01T09:00:00Z", vec![problem("C-1"), problem("C-2")]), ("2026-11-02T09:00:00Z", vec![problem("C-2")]), ("2026-11-03T09:00:00Z", vec![problem("C-2")])] {
            let mut pass = world.store.pass(None).await.unwrap();
            pass.record_problems(at(instant), &problems).await.unwrap();
            let scan = Scan { began_at: at(instant), scheduled_for: None, settings: String::new(), deadlines: String::new() };
            assert!(pass.finish(at(instant), &scan, &ScanCounts::default()).await.unwrap());
        }
        assert_eq!(pruned(&world, "2026-11-02T09:00:00Z").await.data_problems, 0);
        assert_eq!(pruned(&world, "2026-11-03T09:00:00Z").await.data_problems, 1);
        assert_eq!(world.problems().await, [("C-2".to_owned(), "unreadable".to_owned())]);
    }

    async fn batches_come_to_the_end_whatever_their_size_and_what_stays_is_not_met_again(mut world in World) {
        two_over_and_one_open(&world).await;
        switch_review(&mut world, false);
        world.scan("2026-12-01T10:00:00Z").await;
        world.scan("2026-12-02T10:00:00Z").await;
        let prune = Prune { before: at("2026-12-02T10:00:00Z"), rules: &world.plan.rules, dry_run: false, limit: 1 };
        let (mut place, mut alerts, mut kept, mut batches) = (None, 0, 0, 0);
        loop {
            let (batch, _) = world.store.prune_alerts(&prune, place).await.unwrap();
            (alerts, kept, batches) = (alerts + batch.pruned.alerts, kept + batch.pruned.kept, batches + 1);
            place = batch.next;
            if place.is_none() {
                break;
            }
        }
        assert_eq!((alerts, kept, batches), (2, 1, 4));
        let (mut place, mut scans) = (None, 0);
        loop {
            let batch = world.store.prune_scans(&prune, place).await.unwrap();
            (place, scans) = (batch.next, scans + batch.pruned.scans);
            if place.is_none() {
                break;
            }
        }
        assert_eq!(scans, 3);
    }

    async fn what_the_next_scan_looks_back_at_cannot_be_pruned(world in World) {
        let rules = &world.plan.rules;
        let early = prune(&*world.store, rules, at(LATE), world.time.now(), false, &mut |_| {}).await;
        assert!(matches!(early, Err(PruneError::NoScan)), "{early:?}");
        two_over_and_one_open(&world).await;
        world.time.set(at("2026-12-31T09:00:00Z"));
        let late = prune(&*world.store, rules, at("2026-12-31T00:00:00Z"), world.time.now(), false, &mut |_| {}).await;
        assert!(matches!(late, Err(PruneError::TooLate { last, .. }) if last == at(NOW)), "{late:?}");
        assert_eq!(alerted(&world).await, ["C-1", "C-2", "C-3"]);
    }

    /// What `alerts prune` may do, nobody does by mistake, and not even so to what is open.
    async fn events_of_open_or_later_alerts_cannot_be_deleted_by_naming_an_instant(world in World) {
        two_over_and_one_open(&world).await;
        let before = world.tables(&["sla_alert_events"]).await;
        let (name, forget) = match world.engine() {
            Engine::Sqlite => ("INSERT INTO settings VALUES ('pruning_before', '{}')", "DELETE FROM settings WHERE name = 'pruning_before'"),
            Engine::Postgres => ("SET claimwatch.pruning_before = '{}'", "RESET claimwatch.pruning_before"),
        };
        for (instant, whose) in [(OVER, "claim_id <> 'C-3'"), ("2100-01-01T00:00:00Z", "claim_id = 'C-3'")] {
            let named = name.replace("{}", &instant.replace("00Z", "00.000000Z"));
            let delete = format!("DELETE FROM sla_alert_events WHERE alert_id IN (SELECT id FROM sla_alerts WHERE {whose})");
            world.sql(&named).await;
            assert!(world.try_sql(&delete).await.unwrap_err().contains("append-only"), "{whose}");
            assert!(world.try_sql("UPDATE sla_alert_events SET actor = 'nobody'").await.unwrap_err().contains("append-only"));
            world.sql(forget).await;
        }
        assert_eq!(world.tables(&["sla_alert_events"]).await, before);
        pruned(&world, NOW).await;
        assert!(world.try_sql("DELETE FROM sla_alert_events").await.unwrap_err().contains("append-only"), "the leave ended");
    }
}

on_postgres! {
    async fn what_another_session_has_in_hand_is_left_for_another_time_and_not_waited_for(world in World) {
        two_over_and_one_open(&world).await;
        let mut other = world.database.session().await;
        other.rows("BEGIN; UPDATE sla_alerts SET note = 'mine' WHERE claim_id = 'C-1'").await.unwrap();
        assert_eq!(pruned(&world, NOW).await.alerts, 1);
        other.rows("COMMIT").await.unwrap();
        other.close().await;
        assert_eq!(alerted(&world).await, ["C-1", "C-3"]);
        assert_eq!(pruned(&world, NOW).await.alerts, 1);
    }
}
