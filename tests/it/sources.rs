//! Claims that are views over somebody else's tables: what they may lack, repeat or spell otherwise.

use claimwatch::alert::State;
use claimwatch::scan::{Request, Resolved, scan};
use claimwatch::store::SourceRelations;
use tokio_util::sync::CancellationToken;

use crate::world::{World, at, claim};
use crate::{on_every_engine, on_postgres, on_sqlite};

const COLUMNS: &str = "claim_id, program_id, partner_name, title, status, submitted_at, reviewed_at, dispute_resolved_at, \
    approved_at, tax_invoice_approved_at, paid_at, amount, currency, updated_at";

/// Reads the claims from the view `theirs` from now on.
async fn over_a_view(world: &World, select: &str) {
    world.sql(&format!("CREATE VIEW theirs AS {select}")).await;
    world.migrate(&SourceRelations { claims: "theirs".into(), ..SourceRelations::default() }).await;
}

/// What a scan that cannot read its source says; its alert and problems stay as they were.
async fn failing_scan(world: &World) -> String {
    let before = world.tables(&["sla_alerts", "sla_alert_events", "data_problems"]).await;
    let request =
        Request { at: at("2026-11-23T09:05:00Z"), since: None, dry_run: false, scheduled_for: None, term: None };
    let failed = scan(&*world.store, &world.plan, &world.time, &request, &CancellationToken::new(), &|| {}).await;
    assert_eq!(world.tables(&["sla_alerts", "sla_alert_events", "data_problems"]).await, before);
    assert_eq!(world.alert().await.state, State::Breached);
    failed.expect_err("a scan that fails").to_string()
}

on_every_engine! {
    async fn a_claim_that_a_source_returns_twice_has_one_alert(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.clone()).await;
        over_a_view(&world, "SELECT * FROM claims UNION ALL SELECT * FROM claims").await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.opened, 0);
        world.put(submitted.with("status", "rejected")).await;
        assert_eq!(world.scan("2026-11-23T09:10:00Z").await.resolved, Resolved { late: 1, ..Resolved::default() });
        let alert = world.alert().await;
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "resolved"]);
    }

    async fn a_claim_without_a_status_is_reported_like_one_whose_status_nobody_knows(world in World) {
        world.put(claim("C-1", "editing")).await;
        over_a_view(&world, "SELECT NULL AS status, claim_id, program_id, partner_name, title, submitted_at, reviewed_at, \
            disputed_at, dispute_resolved_at, approved_at, tax_invoice_approved_at, paid_at, amount, currency, updated_at \
            FROM claims").await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.data_problems, 1);
        assert_eq!(world.problems().await, [("C-1".into(), "unknown_status".into())]);
    }

    async fn instants_in_milliseconds_are_the_same_at_every_scan(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").with("submitted_at", "2026-11-16T10:00:00.250Z")).await;
        // Approved and paid in one second, spelt differently: paid, and no clock runs.
        world.put(claim("C-2", "approved").with("approved_at", "2026-08-03T10:00:00Z").with("paid_at", "2026-08-03T10:00:00.250Z")).await;
        world.put(claim("C-3", "approved").with("approved_at", "2026-08-03T10:00:00.250Z").with("paid_at", "2026-08-03T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.rules["review"].running, scan.rules["payment"].running), (2, 1, 1));
        let again = Request { at: at("2026-11-23T09:05:00Z"), since: None, dry_run: true, scheduled_for: None, term: None };
        assert_eq!(world.scan_with(again).await.opened, 0, "they have their alerts");
    }

    async fn what_cannot_be_read_stays_reported_once_its_alert_is_raised(world in World) {
        world.program("P-1", None, false).await;
        let submitted = |id| claim(id, "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        let unreadable = world.engine().unreadable_instants()[0];
        world.put(submitted("C-1").with("currency", "EURO")).await;
        world.put(submitted("C-2").with("amount", "99999999999999999999999999999999")).await;
        world.put(submitted("C-3").with("reviewed_at", unreadable)).await;
        for minute in ["09:00", "09:05"] {
            assert_eq!(world.scan(&format!("2026-11-23T{minute}:00Z")).await.data_problems, 3, "at {minute}");
        }
    }

    async fn a_hostile_status_is_kept_harmless_when_the_alert_is_resolved(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.with("status", "done\r\n\u{1b}[31m\u{202e}")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.resolved.withdrawn, 1);
        assert_eq!(world.alert().await.claim_status, "done   [31m");
    }
}

on_sqlite! {
    async fn a_source_that_loses_a_column_fails_the_scan_by_its_name_and_resolves_nothing(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "disputed")).await;
        over_a_view(&world, "SELECT * FROM claims").await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        world.sql("DROP VIEW theirs").await;
        world.sql(&format!("CREATE VIEW theirs AS SELECT {COLUMNS} FROM claims WHERE false")).await;
        let error = failing_scan(&world).await;
        assert!(error.contains("disputed_at"), "{error}");
    }

    async fn a_payment_on_a_day_that_does_not_exist_is_none(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-01-05T10:00:00Z").with("paid_at", "2026-02-30T10:00:00.000000Z")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-01-05T10:00:00Z")).await;
        world.line("L-1", "C-2", "1.00", "EUR", None).await;
        world.sql("UPDATE claim_payments SET paid_at = '2026-02-30T10:00:00.000000Z'").await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.rules["payment"].running, scan.data_problems), (2, 2, 2));
        let details = world.sql("SELECT detail FROM data_problems WHERE claim_id = 'C-2'").await;
        assert!(details[0][0].starts_with("paid_at of payment \"L-1\": found \"2026-02-30T"), "{details:?}");
    }

    /// Too long for an index of PostgreSQL, and so for a claim's number there.
    async fn a_claim_whose_number_is_a_megabyte_long_has_one_alert(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim(&"9".repeat(1 << 20), "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        let again = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((again.opened, again.resolved), (0, Resolved::default()));
    }

    async fn a_reviewed_at_with_a_space_is_reported_also_once_its_alert_is_raised(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.with("reviewed_at", "2026-11-17T10:00:00 Z")).await;
        for minute in ["09:00", "09:05"] {
            assert_eq!(world.scan(&format!("2026-11-23T{minute}:00Z")).await.data_problems, 1, "at {minute}");
        }
    }
}

on_postgres! {
    /// A view keeps the columns that others read; to be rid of one, its owner drops it with ours that reads it.
    async fn a_source_that_loses_a_column_fails_the_scan_and_resolves_nothing(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "disputed")).await;
        over_a_view(&world, "SELECT * FROM claims").await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        assert!(world.try_sql("ALTER TABLE claims DROP COLUMN disputed_at").await.is_err());
        world.sql("DROP VIEW theirs CASCADE").await;
        world.sql(&format!("CREATE VIEW theirs AS SELECT {COLUMNS} FROM claims WHERE false")).await;
        let error = failing_scan(&world).await;
        assert!(error.contains("source_claims"), "{error}");
    }

    async fn what_is_no_instant_and_no_amount_the_tables_refuse_themselves(world in World) {
        for statement in [
            "INSERT INTO claims (claim_id, status, submitted_at) VALUES ('C-1', 'submitted', '2026-02-30T10:00:00.000000Z')",
            "INSERT INTO claims (claim_id, status, submitted_at) VALUES ('C-1', 'submitted', 'next Tuesday')",
            "INSERT INTO claims (claim_id, status, amount) VALUES ('C-1', 'submitted', '12,50')",
            "INSERT INTO claims (status) VALUES ('submitted')",
        ] {
            assert!(world.try_sql(statement).await.is_err(), "{statement}");
        }
    }

    async fn an_amount_that_is_no_number_or_too_long_is_reported_and_the_claim_is_watched(world in World) {
        world.program("P-1", None, false).await;
        let amounts = ["NaN", "12345678901234567890123456789.5", "1e40", "99999999999999999999999999999999"];
        for (n, amount) in amounts.iter().enumerate() {
            world.put(claim(&format!("C-{n}"), "approved").on("approved_at", "2026-01-05T10:00:00Z")).await;
            world.line(&format!("L-{n}"), &format!("C-{n}"), amount, "EUR", None).await;
            world.put(claim(&format!("D-{n}"), "submitted").on("submitted_at", "2026-11-16T10:00:00Z").with("amount", amount)).await;
        }
        for minute in ["09:00", "09:05"] {
            let scan = world.scan(&format!("2026-11-23T{minute}:00Z")).await;
            assert_eq!((scan.rules["payment"].breached, scan.rules["review"].breached, scan.data_problems), (4, 4, 8));
        }
        let details = world.sql("SELECT detail FROM data_problems WHERE claim_id = 'D-0'").await.concat();
        assert!(details[0].starts_with("amount: found \"NaN\""), "{details:?}");
        assert!(world.alerts().await.iter().all(|alert| alert.amount.is_none()));
    }

    async fn an_instant_that_is_none_is_reported_by_its_column_and_is_neither_a_start_nor_a_stop(world in World) {
        world.program("P-1", None, false).await;
        let approved = |id: &str| claim(id, "approved").on("approved_at", "2026-01-05T10:00:00Z");
        for (n, instant) in world.engine().unreadable_instants().iter().enumerate() {
            world.put(claim(&format!("A-{n}"), "submitted").with("submitted_at", instant)).await;
            world.put(approved(&format!("B-{n}")).with("paid_at", instant)).await;
            world.put(approved(&format!("C-{n}"))).await;
            world.line(&format!("L-{n}"), &format!("C-{n}"), "1.00", "EUR", None).await;
            world.sql(&format!("UPDATE claim_payments SET paid_at = '{instant}' WHERE payment_id = 'L-{n}'")).await;
        }
        for minute in ["09:00", "09:05"] {
            let scan = world.scan(&format!("2026-11-23T{minute}:00Z")).await;
            assert_eq!((scan.rules["review"].running, scan.rules["payment"].running), (0, 8));
            assert_eq!((scan.rules["payment"].breached, scan.data_problems), (8, 12));
        }
        for (claim_id, start) in [
            ("A-0", "submitted_at: found \"infinity\""),
            ("B-1", "paid_at: found \"-infinity\""),
            ("C-0", "paid_at of payment \"L-0\": found \"infinity\""),
        ] {
            let detail = world.sql(&format!("SELECT detail FROM data_problems WHERE claim_id = '{claim_id}'")).await.concat();
            assert!(detail[0].starts_with(start), "{detail:?}");
        }
    }
}
