//! The conformance suite of the store: what every engine's adapter must do, in the words of `src/store/mod.rs`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::alert::State;
use claimwatch::claim::{DataProblem, ProblemKind};
use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{
    Delivery, DeliveryState, KeptMail, LeaseTime, Page, Scan, ScanCounts, Snapshot, SourceRelations, StoreError,
    StoredMail,
};
use uuid::Uuid;

use crate::world::{Database, Engine, World, at, claim};
use crate::{on_every_engine, on_postgres};

const HOLD: TimeDelta = TimeDelta::minutes(2);

/// A world with one message to two recipients in its outbox.
async fn with_a_message(world: &mut World) {
    world.plan.policy.levels[0].recipients.to.push("lead@example.com".parse().expect("an address"));
    world.program("P-1", None, false).await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    assert_eq!(world.scan("2026-11-23T09:00:00Z").await.messages, 1);
}

async fn look(world: &World) -> Box<dyn Snapshot> {
    world.store.snapshot().await.unwrap()
}

/// A pass that finds `problems` and nothing else; one that has to give way begins anew.
async fn see(world: &World, now: DateTime<Utc>, problems: &[DataProblem]) -> u64 {
    let scan = Scan { began_at: now, scheduled_for: None, settings: String::new(), deadlines: String::new() };
    let once = async || {
        let mut pass = world.store.pass(None).await?;
        let open = pass.record_problems(now, problems).await?;
        assert!(pass.finish(now, &scan, &ScanCounts::default()).await?);
        Ok(open)
    };
    loop {
        match once().await {
            Err(StoreError::Conflict(_)) => {}
            ended => return ended.unwrap(),
        }
    }
}

fn mail(text: &str) -> StoredMail {
    StoredMail { message_id: format!("<{text}@example.com>"), subject: text.into(), bytes: text.as_bytes().to_vec() }
}

on_every_engine! {
    async fn a_leased_delivery_is_nobody_elses_until_its_lease_ends(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let first = world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap();
        let second = world.store.lease(now, LeaseTime::At(now), "two", 10, HOLD).await.unwrap();
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_ne!(first[0].recipient, second[0].recipient);
        assert!(world.store.lease(now + HOLD - TimeDelta::microseconds(1), LeaseTime::At(now + HOLD - TimeDelta::microseconds(1)), "three", 10, HOLD).await.unwrap().is_empty());
        assert_eq!(world.store.next_delivery().await.unwrap(), Some(now + HOLD));
        assert_eq!(world.store.lease(now + HOLD, LeaseTime::At(now + HOLD), "three", 10, HOLD).await.unwrap().len(), 2, "their holders did not come back");
        assert!(!world.store.conclude(first[0].id, "one", now, &Delivery::Sent { reply: "250".into() }).await.unwrap(),
            "whoever lost the lease records nothing");
    }

    async fn alerts_stand_as_they_were_left_resolved_ones_too_with_the_levels_that_went_out(mut world in World) {
        with_a_message(&mut world).await;
        let told_at = at("2026-11-23T09:00:00Z");
        world.put(claim("C-1", "approved").on("approved_at", "2026-09-01T10:00:00Z")).await;
        world.line("L-1", "C-1", "10.50", "EUR", None).await;
        world.line("L-2", "C-1", "10.50", "EUR", None).await;
        world.scan("2026-11-23T09:05:00Z").await;
        let snoozed_until = at("2026-12-01T00:00:00Z");
        world.sql("UPDATE sla_alerts SET snoozed_until = '2026-12-01T00:00:00.000000Z' WHERE payment_id = 'L-1'").await;

        let reviews = look(&world).await.standing("review", &["C-0", "C-1"]).await.unwrap();
        assert_eq!(reviews.len(), 1);
        assert_eq!((reviews[0].state, reviews[0].snoozed_until), (State::Resolved, None));
        assert_eq!(reviews[0].clock.clock_started_at, at("2026-11-16T10:00:00Z"));
        assert_eq!(reviews[0].pending.sent, [(1, told_at)]);

        let mut lines = look(&world).await.standing("payment", &["C-1"]).await.unwrap();
        lines.sort_by_key(|alert| alert.clock.payment_id.clone());
        let found: Vec<_> = lines.iter()
            .map(|alert| (alert.clock.payment_id.as_deref(), alert.state, alert.snoozed_until)).collect();
        assert_eq!(found, [(Some("L-1"), State::Breached, Some(snoozed_until)), (Some("L-2"), State::Breached, None)]);
        let mut pending = look(&world).await.pending_escalations(at("2026-12-02T00:00:00Z"), true, Page::First, 10).await.unwrap();
        pending.sort_by_key(|alert| alert.paying_entity.clone());
        assert_eq!(pending, lines.into_iter().map(|alert| alert.pending).collect::<Vec<_>>(), "as escalation looks at them");
        assert!(look(&world).await.standing("payment", &["C-2"]).await.unwrap().is_empty());
        assert!(look(&world).await.standing("payment", &[]).await.unwrap().is_empty());
    }

    async fn a_message_that_is_not_due_yet_is_not_leased(mut world in World) {
        with_a_message(&mut world).await;
        assert!(world.store.lease(at("2026-11-23T08:59:59Z"), LeaseTime::At(at("2026-11-23T08:59:59Z")), "one", 10, HOLD).await.unwrap().is_empty());
    }

    async fn an_outcome_is_recorded_with_the_servers_words(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap();
        let later = now + TimeDelta::minutes(1);
        let sent = Delivery::Sent { reply: "250 queued as 7".into() };
        assert!(world.store.conclude(leased[0].id, "one", now, &sent).await.unwrap());
        let again = Delivery::Again { at: later, error: "451 try later".into(), perhaps_delivered: false };
        assert!(world.store.conclude(leased[1].id, "one", now, &again).await.unwrap());
        assert!(world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap().is_empty());
        let retried = world.store.lease(later, LeaseTime::At(later), "one", 10, HOLD).await.unwrap();
        assert_eq!((retried[0].id, retried[0].attempts), (leased[1].id, 1));
        let dead = Delivery::Dead { error: "550 no such user".into(), refused: false };
        assert!(world.store.conclude(leased[1].id, "one", later, &dead).await.unwrap());
        assert_eq!(world.store.next_delivery().await.unwrap(), None);

        let sent = world.store.deliveries(Some(DeliveryState::Sent)).await.unwrap();
        assert_eq!((sent[0].reply.as_deref(), sent[0].sent_at, sent[0].attempts), (Some("250 queued as 7"), Some(now), 1));
        let given_up = world.store.deliveries(None).await.unwrap();
        assert_eq!((given_up.len(), given_up[0].last_error.as_deref()), (1, Some("550 no such user")));

        assert_eq!(world.store.retry(Some(leased[1].id), later).await.unwrap(), 1);
        let once_more = world.store.lease(later, LeaseTime::At(later), "one", 10, HOLD).await.unwrap();
        assert_eq!(once_more.iter().map(|delivery| delivery.attempts).collect::<Vec<_>>(), [0], "as if never tried");
        assert_eq!(world.store.retry(Some(leased[0].id), later).await.unwrap(), 0, "what was sent is not sent again");
    }

    async fn a_delivery_that_is_given_back_is_due_at_once(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        for delivery in world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap() {
            assert!(world.store.conclude(delivery.id, "one", now, &Delivery::Released).await.unwrap());
        }
        let again = world.store.lease(now, LeaseTime::At(now), "two", 10, HOLD).await.unwrap();
        assert_eq!(again.iter().map(|delivery| delivery.attempts).collect::<Vec<_>>(), [0, 0]);
    }

    async fn a_delivery_that_cannot_be_read_is_given_up_and_holds_up_no_other(mut world in World) {
        with_a_message(&mut world).await;
        world.sql("UPDATE outbox_messages SET facts = '{\"level\": \"one\"}'").await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.messages, 1);
        let now = at("2026-11-23T09:05:01Z");
        for _ in 0..2 {
            assert_eq!(world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap().len(), 1, "the second message's");
        }
        assert!(world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap().is_empty());
        let dead = world.store.deliveries(Some(DeliveryState::Dead)).await.unwrap();
        assert_eq!(dead.len(), 2);
        for delivery in &dead {
            let error = delivery.last_error.as_deref().unwrap();
            assert!(error.contains("facts: found") && error.contains("level"), "{error}");
        }
        world.sql("UPDATE outbox_messages SET facts = (SELECT facts FROM outbox_messages ORDER BY id DESC LIMIT 1)").await;
        assert_eq!(world.store.retry(None, now).await.unwrap(), 4, "mended, it goes out");
        assert_eq!(world.store.lease(now + HOLD, LeaseTime::At(now + HOLD), "two", 10, HOLD).await.unwrap().len(), 4);
    }

    async fn data_problems_are_those_that_were_recorded_last_also_at_one_instant(world in World) {
        let now = at("2026-11-23T09:00:00Z");
        let problem = |id: &str| DataProblem { claim_id: id.into(), kind: ProblemKind::Unreadable, detail: id.into() };
        assert_eq!(see(&world, now, &[problem("C-1"), problem("C-2")]).await, 2);
        assert_eq!(see(&world, now, &[problem("C-2"), problem("C-3")]).await, 2);
        let open = |id: &str| (id.to_owned(), "unreadable".to_owned());
        assert_eq!(world.problems().await, [open("C-2"), open("C-3")]);
        let later = now + TimeDelta::minutes(5);
        let seen = [problem("C-1")];
        let (one, other) = tokio::join!(see(&world, later, &seen), see(&world, now, &seen));
        assert_eq!((one, other), (1, 1));
        assert_eq!(world.problems().await, [open("C-1")], "whoever is last saw the same");
    }

    async fn deliveries_of_one_message_share_bytes_that_are_about_the_same(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap();
        assert_eq!((leased[0].mail.as_ref(), leased[0].message), (None, leased[1].message));
        assert_eq!(world.store.keep_mail(&leased[0], "one", now, &mail("first"), "two").await.unwrap(), KeptMail::Given);
        assert_eq!(world.store.keep_mail(&leased[1], "one", now, &mail("second"), "two").await.unwrap(), KeptMail::Shared(mail("first")));
        let again = world.store.lease(now + HOLD, LeaseTime::At(now + HOLD), "two", 10, HOLD).await.unwrap();
        assert_eq!((again[0].mail.as_ref(), again[0].about.as_deref()), (Some(&mail("first")), Some("two")));
        assert!(again.iter().all(|delivery| delivery.perhaps_delivered), "whoever had them did not come back");
    }

    async fn bytes_about_something_else_replace_those_that_nobody_got(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap();
        world.store.keep_mail(&leased[0], "one", now, &mail("first"), "two").await.unwrap();
        let again = Delivery::Again { at: now, error: "451".into(), perhaps_delivered: false };
        for delivery in &leased {
            assert!(world.store.conclude(delivery.id, "one", now, &again).await.unwrap());
        }
        let leased = world.store.lease(now, LeaseTime::At(now), "two", 1, HOLD).await.unwrap();
        assert_eq!(world.store.keep_mail(&leased[0], "two", now, &mail("second"), "one").await.unwrap(), KeptMail::Given);
        let other = world.store.lease(now, LeaseTime::At(now), "two", 1, HOLD).await.unwrap();
        assert_eq!(other[0].mail, Some(mail("second")));
    }

    async fn bytes_that_another_may_have_got_stay_and_who_differs_has_bytes_of_its_own(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap();
        world.store.keep_mail(&leased[0], "one", now, &mail("first"), "two").await.unwrap();
        let perhaps = Delivery::Again { at: now, error: "cut".into(), perhaps_delivered: true };
        assert!(world.store.conclude(leased[0].id, "one", now, &perhaps).await.unwrap());
        assert_eq!(world.store.keep_mail(&leased[1], "one", now, &mail("second"), "one").await.unwrap(), KeptMail::Given);
        let again = Delivery::Again { at: now, error: "451".into(), perhaps_delivered: false };
        assert!(world.store.conclude(leased[1].id, "one", now, &again).await.unwrap());
        let mut leased = world.store.lease(now, LeaseTime::At(now), "two", 10, HOLD).await.unwrap();
        leased.sort_by_key(|delivery| !delivery.perhaps_delivered);
        assert_eq!((leased[0].perhaps_delivered, leased[0].mail.as_ref()), (true, Some(&mail("first"))));
        let own = leased[1].mail.as_ref().map(|mail| &*mail.bytes);
        assert_eq!((leased[1].perhaps_delivered, own), (false, Some(&b"second"[..])));
    }

    async fn who_lost_a_delivery_to_another_keeps_no_bytes_for_it(mut world in World) {
        with_a_message(&mut world).await;
        let (now, later) = (at("2026-11-23T09:00:01Z"), at("2026-11-23T09:00:01Z") + HOLD);
        let one = world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap().remove(0);
        let two = world.store.lease(later, LeaseTime::At(later), "two", 10, HOLD).await.unwrap();
        let two = two.into_iter().find(|delivery| delivery.id == one.id).expect("the same delivery");
        assert_eq!(world.store.keep_mail(&two, "two", later, &mail("second"), "two").await.unwrap(), KeptMail::Given);
        for about in ["one", "two"] {
            let kept = world.store.keep_mail(&one, "one", later, &mail("first"), about).await.unwrap();
            assert_eq!(kept, KeptMail::NotHeld);
        }
        let unsure = Delivery::Again { at: later, error: "cut".into(), perhaps_delivered: true };
        assert!(world.store.conclude(two.id, "two", later, &unsure).await.unwrap());
        let kept = world.store.keep_mail(&one, "one", later, &mail("first"), "one").await.unwrap();
        assert_eq!(kept, KeptMail::NotHeld, "nobody has it, nor has the one that lost it");
        let again = world.store.lease(later, LeaseTime::At(later), "three", 10, HOLD).await.unwrap();
        let again = again.into_iter().find(|delivery| delivery.id == one.id).expect("the same delivery");
        assert_eq!((again.mail, again.about.as_deref()), (Some(mail("second")), Some("two")));
    }

    async fn a_settled_message_goes_to_no_one_who_has_not_got_it(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::At(now), "one", 10, HOLD).await.unwrap();
        assert!(world.store.conclude(leased[0].id, "one", now, &Delivery::Sent { reply: "250".into() }).await.unwrap());
        world.store.settle(leased[0].message, "one").await.unwrap();
        assert!(world.store.lease(now + HOLD, LeaseTime::At(now + HOLD), "two", 10, HOLD).await.unwrap().is_empty());
        assert_eq!(world.store.deliveries(Some(DeliveryState::Settled)).await.unwrap().len(), 1);
        assert_eq!(world.store.deliveries(Some(DeliveryState::Sent)).await.unwrap().len(), 1);
    }

    async fn a_message_is_not_settled_under_the_hands_of_another_who_may_be_sending_it(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let one = world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap().remove(0);
        let two = world.store.lease(now, LeaseTime::At(now), "two", 1, HOLD).await.unwrap().remove(0);
        world.store.settle(two.message, "two").await.unwrap();
        let settled = world.store.deliveries(Some(DeliveryState::Settled)).await.unwrap();
        assert_eq!(settled.iter().map(|item| item.id).collect::<Vec<_>>(), [two.id]);
        assert!(world.store.conclude(one.id, "one", now, &Delivery::Sent { reply: "250".into() }).await.unwrap());
    }

    async fn only_what_is_still_open_and_unsnoozed_is_left_of_a_message_in_pages_worst_first(mut world in World) {
        for (id, day) in [("C-2", 12), ("C-3", 11), ("C-4", 10)] {
            world.put(claim(id, "submitted").on("submitted_at", &format!("2026-11-{day}T10:00:00Z"))).await;
        }
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        let delivery = world.store.lease(now, LeaseTime::At(now), "one", 1, HOLD).await.unwrap()[0].id;
        let all = world.store.unsettled(delivery, now).await.unwrap();
        let ids = |page: &[claimwatch::alert::Alert]| page.iter().map(|alert| alert.claim_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&world.store.still_unsettled(&all[..3], false, now).await.unwrap()), ["C-4", "C-3", "C-2"]);
        assert_eq!(ids(&world.store.still_unsettled(&all[3..], false, now).await.unwrap()), ["C-1"]);
        world.sql("UPDATE sla_alerts SET snoozed_until = '2027-01-01T00:00:00.000000Z' WHERE claim_id = 'C-3'").await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-2'").await;
        world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!(ids(&world.store.still_unsettled(&all, false, now).await.unwrap()), ["C-4", "C-1"]);
        let left = world.store.unsettled(delivery, now).await.unwrap();
        assert_eq!(left, [all[0], all[3]]);
    }

    async fn events_are_never_changed_or_deleted(mut world in World) {
        with_a_message(&mut world).await;
        let alert = world.alert().await;
        let before = world.events(&alert).await;
        for statement in ["DELETE FROM sla_alert_events", "UPDATE sla_alert_events SET actor = 'nobody'"] {
            assert!(world.try_sql(statement).await.unwrap_err().contains("append-only"), "{statement}");
        }
        assert_eq!(world.events(&alert).await, before);
    }

    async fn the_daily_view_counts_breaches_opened_resolved_and_open_at_the_days_end(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-16T10:00:00Z").on("reviewed_at", "2026-11-24T08:00:00Z")).await;
        world.put(claim("C-3", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-24T09:00:00Z").await;
        let days = world.sql("SELECT day, rule, program_id, opened, resolved, open_at_end_of_day FROM sla_daily").await;
        assert_eq!(days, [["2026-11-23", "review", "P-1", "2", "0", "2"], ["2026-11-24", "review", "P-1", "1", "1", "2"]]);
        let open = world.sql("SELECT claim_id, state FROM sla_open_alerts ORDER BY claim_id").await;
        assert_eq!(open, [["C-2", "breached"], ["C-3", "breached"]]);
    }

    /// Readers are never blocked by a writer, and whoever writes later waits for nothing that was undone.
    async fn a_dashboard_reads_while_a_scan_writes(world in World) {
        let mut writer = world.database.session().await;
        writer.rows("BEGIN; INSERT INTO programs (program_id) VALUES ('P-1'); UPDATE sla_alerts SET note = 'mine'").await.unwrap();
        let read = tokio::time::timeout(Duration::from_secs(5), world.sql("SELECT count(*) FROM sla_open_alerts"));
        assert_eq!(read.await.expect("not blocked"), [["0"]]);
        writer.rows("ROLLBACK").await.unwrap();
        assert_eq!(world.store.retry(Some(Uuid::nil()), at("2026-11-23T09:00:00Z")).await.unwrap(), 0);
    }
}

/// Migrates a database that has nothing in it, again and otherwise.
async fn migrating_twice_changes_nothing_and_other_sources_need_a_migration(engine: Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::empty(engine, &folder).await;
    let store = database.adapter().await;
    let sources = SourceRelations::default();
    assert!(matches!(store.verify(&sources).await, Err(StoreError::Schema(_))), "nothing is there yet");
    store.prepare(&sources).await.unwrap();
    store.prepare(&sources).await.unwrap();
    store.verify(&sources).await.unwrap();

    let without_lines = SourceRelations { payments: None, ..sources.clone() };
    let error = store.prepare(&without_lines).await.unwrap_err().to_string();
    assert!(error.contains("payments = \"\"") && error.contains("claimwatch migrate"), "{error}");
    store.migrate(&without_lines).await.unwrap();
    store.verify(&without_lines).await.unwrap();

    let missing = SourceRelations { claims: "no_such_table".into(), ..sources };
    let error = store.migrate(&missing).await.unwrap_err().to_string();
    assert!(error.contains("no_such_table"), "{error}");
    store.verify(&without_lines).await.expect("a migration that failed changed nothing");
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_other_sources_need_a_migration_on_sqlite() {
    migrating_twice_changes_nothing_and_other_sources_need_a_migration(Engine::Sqlite).await;
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_other_sources_need_a_migration_on_postgres() {
    migrating_twice_changes_nothing_and_other_sources_need_a_migration(Engine::Postgres).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.txt");
    std::fs::write(&path, "this is not a database, but long enough to look like one".repeat(100)).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("claims.txt") && error.contains("not a database"), "{error}");
}

on_postgres! {
    async fn the_databases_clock_ends_the_lease_of_a_delivery_whatever_time_it_is_here(mut world in World) {
        with_a_message(&mut world).await;
        let now = at("2026-11-23T09:00:01Z");
        assert_eq!(world.store.lease(now, LeaseTime::Database, "one", 1, HOLD).await.unwrap().len(), 1);
        let ends = "SELECT leased_until - clock_timestamp() BETWEEN interval '1 minute' AND interval '2 minutes' \
                    FROM outbox WHERE lease_holder = 'one'";
        assert_eq!(world.sql(ends).await, [["1"]]);
        let far_off = now + TimeDelta::days(1000);
        let second = world.store.lease(far_off, LeaseTime::Database, "two", 10, HOLD).await.unwrap();
        assert_eq!(second.len(), 1, "the other one, however late it is by the clock of whoever asks");
        world.sql("UPDATE outbox SET leased_until = clock_timestamp()").await;
        assert_eq!(world.store.lease(now, LeaseTime::Database, "three", 10, HOLD).await.unwrap().len(), 2);
    }

    async fn those_who_lease_at_once_share_what_is_due_and_none_waits_for_another(mut world in World) {
        with_a_message(&mut world).await;
        let mut session = world.database.session().await;
        session.rows("BEGIN; SELECT id FROM outbox ORDER BY id LIMIT 1 FOR UPDATE").await.unwrap();
        let now = at("2026-11-23T09:00:01Z");
        let leased = world.store.lease(now, LeaseTime::Database, "one", 10, HOLD).await.unwrap();
        assert_eq!(leased.len(), 1, "what another is taking is left to it");
        session.rows("ROLLBACK").await.unwrap();
        session.close().await;
        assert_eq!(world.store.lease(now, LeaseTime::Database, "one", 10, HOLD).await.unwrap().len(), 1);
    }
}
