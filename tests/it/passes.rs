//! A scan's dealings with the database, on every engine: as of one instant, at once, or never.

use chrono::{DateTime, Utc};
use claimwatch::claim::{DataProblem, ProblemKind, Subject};
use claimwatch::scan::{Request, scan};
use claimwatch::store::{Cutoffs, Page, Pass, Scan, ScanCounts};
use tokio_util::sync::CancellationToken;

use crate::on_every_engine;
use crate::world::{World, at, claim};

fn now() -> DateTime<Utc> {
    at("2026-11-23T09:00:00Z")
}

/// The late reviews without an alert, read by pages of two.
async fn late_reviews(world: &World, pass: &mut dyn Pass) -> Vec<String> {
    let cutoffs = Cutoffs { default: now(), by_calendar: [].into(), at_risk: false };
    let rule = &world.plan.rules[0];
    let (mut found, mut page) = (Vec::<Subject>::new(), Page::First);
    loop {
        let subjects = pass.unalerted_clocks(rule, &cutoffs, page, 2).await.unwrap();
        if subjects.is_empty() {
            let mut ids: Vec<String> = found.into_iter().map(|subject| subject.claim.claim_id).collect();
            ids.sort();
            return ids;
        }
        assert!(subjects.len() <= 2);
        found.extend(subjects);
        page = Page::Next;
    }
}

async fn submit(world: &World, ids: impl IntoIterator<Item = &str>) {
    world.program("P-1", None, false).await;
    for id in ids {
        world.put(claim(id, "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    }
}

fn request(scheduled_for: Option<DateTime<Utc>>) -> Request {
    Request { at: now(), since: None, dry_run: false, scheduled_for, term: None }
}

on_every_engine! {
    async fn all_of_a_pass_is_as_of_its_beginning(world in World) {
        submit(&world, ["C-1", "C-2", "C-3", "C-4", "C-5"]).await;
        let mut pass = world.store.pass(None).await.unwrap();
        submit(&world, ["C-6"]).await;
        world.sql("UPDATE claims SET status = 'rejected' WHERE claim_id = 'C-1'").await;
        assert_eq!(late_reviews(&world, &mut *pass).await, ["C-1", "C-2", "C-3", "C-4", "C-5"]);
        assert_eq!(pass.running(&world.plan.rules[0], now()).await.unwrap().count, 5);
        drop(pass);
        let mut later = world.store.pass(None).await.unwrap();
        assert_eq!(late_reviews(&world, &mut *later).await, ["C-2", "C-3", "C-4", "C-5", "C-6"]);
    }

    async fn a_pass_that_is_not_finished_leaves_no_trace(world in World) {
        let mut pass = world.store.pass(None).await.unwrap();
        let problem = DataProblem { claim_id: "C-1".into(), kind: ProblemKind::Unreadable, detail: "x".into() };
        pass.record_problems(now(), &[problem]).await.unwrap();
        assert!(world.problems().await.is_empty(), "nobody sees it before it is finished");
        drop(pass);
        assert!(world.problems().await.is_empty());
        assert_eq!(world.store.last_finished_scan().await.unwrap(), None);
    }

    async fn of_two_scans_for_one_instant_of_the_schedule_one_happens(world in World) {
        submit(&world, ["C-1"]).await;
        let tick = at("2026-11-23T09:00:00Z");
        let pass = world.store.pass(None).await.unwrap();
        let stop = CancellationToken::new();
        let first = scan(&*world.store, &world.plan, &world.time, &request(Some(tick)), &stop, &|| {}).await.unwrap();
        assert_eq!(first.unwrap().opened, 1);
        let record = Scan { began_at: now(), scheduled_for: Some(tick), settings: String::new(), deadlines: String::new() };
        let happened = pass.finish(now(), &record, &ScanCounts { messages: 7, ..ScanCounts::default() }).await;
        assert!(!happened.unwrap_or(false), "the instant was served meanwhile");
        assert_eq!(world.sql("SELECT messages FROM scans").await, [["1"]]);
        let again = scan(&*world.store, &world.plan, &world.time, &request(Some(tick)), &stop, &|| {}).await.unwrap();
        assert_eq!(again, None);
    }

    async fn a_scan_that_is_stopped_half_way_changes_nothing(world in World) {
        submit(&world, ["C-1"]).await;
        let stop = CancellationToken::new();
        let after_the_first_batch = || stop.cancel();
        let ended = scan(&*world.store, &world.plan, &world.time, &request(None), &stop, &after_the_first_batch).await;
        assert!(ended.is_err());
        assert!(world.alerts().await.is_empty() && world.waiting().await.is_empty());
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.opened, 1);
    }

    async fn a_failed_scan_is_recorded_and_the_next_one_takes_its_place(world in World) {
        let scan = Scan { began_at: now(), scheduled_for: Some(now()), settings: "s".into(), deadlines: String::new() };
        world.store.fail_scan(&scan, None, "no luck").await.unwrap();
        assert!(!world.store.is_served(now()).await.unwrap());
        assert_eq!(world.sql("SELECT error FROM scans").await, [["no luck"]]);
        let pass = world.store.pass(None).await.unwrap();
        assert!(pass.finish(now(), &scan, &ScanCounts::default()).await.unwrap());
        assert!(world.store.is_served(now()).await.unwrap());
        assert_eq!(world.sql("SELECT count(*) FROM scans WHERE error IS NULL").await, [["1"]]);
        world.store.fail_scan(&scan, None, "too late").await.unwrap();
        assert_eq!(world.sql("SELECT count(*) FROM scans WHERE error IS NULL").await, [["1"]], "what finished did not fail");
    }
}
