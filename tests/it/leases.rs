//! The conformance suite of leadership: which of several daemons scans, in the words of `Leases` in `src/store/mod.rs`.

use std::sync::Arc;

use chrono::TimeDelta;
use claimwatch::scan::{Request, ScanError, scan};
use claimwatch::store::{LeaseTime, Leases, Scan, ScanCounts, StoreError, Term};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::on_postgres;
use crate::world::{World, at, claim};

const HOLD: TimeDelta = TimeDelta::seconds(8);
/// The instant at which the first leads here, the last of its lease, and its end.
const FIRST: &str = "2026-11-23T09:00:00Z";
const LAST: &str = "2026-11-23T09:00:07.999999Z";
const END: &str = "2026-11-23T09:00:08Z";

fn leases(world: &World) -> &dyn Leases {
    world.store.leases().expect("several daemons may share a server")
}

async fn lead(world: &World, holder: &str, instant: &str) -> Option<Term> {
    leases(world).lead(holder, HOLD, LeaseTime::At(at(instant))).await.expect("an answer")
}

/// A world with one late review, of which the term before the present one is over.
async fn deposed(world: &World) -> Term {
    world.program("P-1", None, false).await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    let term = lead(world, "one", FIRST).await.expect("nobody leads");
    lead(world, "two", END).await.expect("nobody leads any more");
    term
}

fn request(term: Term) -> Request {
    let instant = at("2026-11-23T09:00:00Z");
    Request { at: instant, since: None, dry_run: false, scheduled_for: Some(instant), term: Some(term) }
}

async fn try_scan(world: &World, request: &Request) -> Result<u64, ScanError> {
    let done = scan(&*world.store, &world.plan, &world.time, request, &CancellationToken::new(), &|| {}).await?;
    Ok(done.expect("an instant that nobody served").opened)
}

#[tokio::test]
async fn nobody_else_can_lead_where_one_daemon_works_alone() {
    assert!(World::on_sqlite().await.store.leases().is_none());
}

on_postgres! {
    async fn a_lease_is_its_holders_alone_until_it_ends_by_the_given_time(world in World) {
        let term = lead(&world, "one", FIRST).await;
        assert!(term.is_some());
        assert_eq!(lead(&world, "two", LAST).await, None);
        assert_eq!(lead(&world, "one", LAST).await, term, "renewed, in the same term");
        assert_eq!(lead(&world, "two", END).await, None, "it was renewed");
        assert!(lead(&world, "two", "2026-11-23T09:00:15.999999Z").await > term);
        assert_eq!(lead(&world, "one", "2026-11-23T09:00:16Z").await, None);
    }

    async fn each_change_of_the_leader_begins_a_later_term_and_so_does_coming_back(world in World) {
        let mut before = None;
        for (holder, minute) in [("one", 0), ("two", 1), ("one", 2), ("one", 3)] {
            let term = lead(&world, holder, &format!("2026-11-23T09:0{minute}:00Z")).await;
            assert!(term > before, "{holder} in minute {minute}: {term:?} after {before:?}");
            before = term;
        }
    }

    async fn of_many_who_ask_at_once_one_leads(world in World) {
        let mut asking = JoinSet::new();
        for n in 0..8 {
            let store = Arc::clone(&world.store);
            asking.spawn(async move {
                let leases = store.leases().expect("several daemons may share a server");
                leases.lead(&format!("daemon {n}"), HOLD, LeaseTime::At(at(FIRST))).await.expect("an answer")
            });
        }
        let leaders = asking.join_all().await.iter().flatten().count();
        assert_eq!(leaders, 1);
    }

    async fn whoever_resigns_lets_another_lead_at_once_and_an_old_term_ends_no_new_one(world in World) {
        let first = lead(&world, "one", FIRST).await.unwrap();
        leases(&world).resign(first).await.unwrap();
        let second = lead(&world, "two", FIRST).await.expect("nobody leads");
        assert!(second > first);
        leases(&world).resign(first).await.unwrap();
        assert_eq!(lead(&world, "one", FIRST).await, None);
        assert_eq!(lead(&world, "two", FIRST).await, Some(second));
    }

    async fn the_databases_clock_ends_a_lease_whatever_time_it_is_here(world in World) {
        let term = leases(&world).lead("one", TimeDelta::hours(1), LeaseTime::Database).await.unwrap();
        assert!(term.is_some());
        let ends = "SELECT ends_at - clock_timestamp() BETWEEN interval '50 minutes' AND interval '1 hour' FROM leases";
        assert_eq!(world.sql(ends).await, [["1"]]);
        assert_eq!(leases(&world).lead("two", HOLD, LeaseTime::Database).await.unwrap(), None);
        world.sql("UPDATE leases SET ends_at = clock_timestamp()").await;
        assert!(leases(&world).lead("two", HOLD, LeaseTime::Database).await.unwrap() > term);
    }

    async fn a_pass_of_the_present_term_finishes_also_while_its_lease_is_renewed(world in World) {
        let term = lead(&world, "one", FIRST).await.unwrap();
        let pass = world.store.pass(Some(term)).await.unwrap();
        assert_eq!(lead(&world, "one", LAST).await, Some(term));
        let done = Scan { began_at: at(FIRST), scheduled_for: None, settings: String::new(), deadlines: String::new() };
        assert!(pass.finish(at(LAST), &done, &ScanCounts::default()).await.unwrap());
        assert!(world.store.last_finished_scan().await.unwrap().is_some());
    }

    async fn a_pass_does_not_begin_in_a_term_that_is_over(world in World) {
        let term = deposed(&world).await;
        assert!(matches!(world.store.pass(Some(term)).await.err(), Some(StoreError::Deposed)));
        assert!(matches!(world.store.pass(Some(Term(term.0 + 2))).await.err(), Some(StoreError::Deposed)), "none yet");
    }

    async fn a_pass_that_began_in_a_term_cannot_finish_in_a_later_one_and_changes_nothing(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T08:00:00Z").await;
        let tables = ["sla_alerts", "sla_alert_events", "scans", "outbox", "data_problems"];
        let before = world.tables(&tables).await;

        let term = lead(&world, "one", FIRST).await.unwrap();
        let mut pass = world.store.pass(Some(term)).await.unwrap();
        pass.record_problems(at(FIRST), &[]).await.unwrap();
        let alerts = vec![(world.alert().await.id, Some(at("2026-12-01T00:00:00Z")))];
        pass.schedule_escalations(&alerts).await.unwrap();
        assert!(lead(&world, "two", END).await.is_some());
        let scan = Scan { began_at: at(FIRST), scheduled_for: Some(at(FIRST)), settings: String::new(), deadlines: String::new() };
        let ended = pass.finish(at(END), &scan, &ScanCounts::default()).await;
        // Its commit would be refused, if the new leader had not ended its session already.
        let given_up = matches!(ended, Err(StoreError::Deposed | StoreError::Conflict(_) | StoreError::Unavailable(_)));
        assert!(given_up, "{ended:?}");
        assert_eq!(world.tables(&tables).await, before);
    }

    async fn a_scan_of_a_term_that_is_over_leaves_no_trace_not_even_of_its_failure(world in World) {
        let term = deposed(&world).await;
        let ended = try_scan(&world, &request(term)).await;
        assert!(matches!(ended, Err(ScanError::Store(StoreError::Deposed))), "{ended:?}");
        assert_eq!(world.alerts().await, []);
        assert_eq!(world.tables(&["scans"]).await, [[""; 0]; 0]);
        assert_eq!(try_scan(&world, &request(Term(term.0 + 1))).await.unwrap(), 1, "the new leader makes it");
    }

    async fn a_failure_is_noted_in_the_present_term_only(world in World) {
        let term = deposed(&world).await;
        let scan = Scan { began_at: at(FIRST), scheduled_for: Some(at(FIRST)), settings: String::new(), deadlines: String::new() };
        let noted = world.store.fail_scan(&scan, Some(term), "of before").await;
        assert!(matches!(noted, Err(StoreError::Deposed)), "{noted:?}");
        world.store.fail_scan(&scan, Some(Term(term.0 + 1)), "of now").await.unwrap();
        assert_eq!(world.sql("SELECT error FROM scans").await, [["of now"]]);
    }
}
