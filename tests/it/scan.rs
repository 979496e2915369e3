//! What a scan finds, in the domain's words. The calendar is Paris, Saturday and Sunday off; 2026-11-23 is a Monday.

use claimwatch::alert::{Resolution, State};
use claimwatch::scan::Resolved;

use crate::on_every_engine;
use crate::world::{at, claim};

on_every_engine! {
    async fn a_review_submitted_on_monday_is_breached_at_the_end_of_wednesday(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-23T10:00:00+01:00")).await;

        let before = world.scan("2026-11-25T23:59:59+01:00").await;
        assert_eq!((before.opened, before.rules["review"].running), (0, 1));

        let after = world.scan("2026-11-26T00:00:00+01:00").await;
        assert_eq!((after.opened, after.rules["review"].breached), (1, 1));
        let alert = world.alert().await;
        assert_eq!(alert.state, State::Breached);
        assert_eq!(alert.due_at, at("2026-11-26T00:00:00+01:00"));
        assert_eq!(alert.detected_at, at("2026-11-26T00:00:00+01:00"));
        assert_eq!((alert.rule.as_str(), alert.claim_id.as_str(), alert.calendar.as_str()), ("review", "C-1", "fr"));
        assert_eq!(alert.amount.map(|amount| amount.to_string()), Some("100.00".into()));
        assert_eq!(world.story(&alert).await, ["opened", "escalated"]);
    }

    async fn a_second_scan_finds_nothing_new(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "Under review").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        let again = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((again.opened, again.messages, again.rules["review"].breached), (0, 0, 1));
        let alert = world.alert().await;
        assert_eq!(world.story(&alert).await, ["opened", "escalated"]);
    }

    async fn a_dispute_is_breached_after_five_business_days(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "disputed").on("disputed_at", "2026-11-16T10:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-23T23:59:59+01:00").await.opened, 0);
        assert_eq!(world.scan("2026-11-24T00:00:00+01:00").await.opened, 1);
        assert_eq!(world.alert().await.rule, "dispute");
    }

    async fn an_approved_claim_without_lines_is_watched_itself_until_paid(world in World) {
        world.program("P-1", None, false).await;
        let approved = claim("C-1", "approved").on("approved_at", "2026-09-01T10:00:00Z");
        world.put(approved.clone()).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.rules["payment"].breached), (1, 1));
        assert_eq!(world.alert().await.payment_id, None);

        world.put(approved.on("paid_at", "2026-11-23T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T11:00:00Z").await;
        assert_eq!(scan.resolved, Resolved { late: 1, ..Resolved::default() });
        assert_eq!(scan.rules["payment"].running, 0);
        assert_eq!(world.alert().await.stopped_at, Some(at("2026-11-23T10:00:00Z")));
    }

    async fn each_unpaid_payment_line_gets_an_alert_of_its_own(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-09-01T10:00:00Z")).await;
        world.line("L-1", "C-1", "10.50", "EUR", None).await;
        world.line("L-2", "C-1", "2000", "JPY", None).await;
        world.line("L-3", "C-1", "7.25", "USD", Some("2026-09-10T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.rules["payment"].running), (2, 2));
        let mut owed: Vec<_> = world
            .alerts()
            .await
            .into_iter()
            .map(|a| format!("{} {} {}", a.payment_id.unwrap(), a.amount.unwrap(), a.currency.unwrap()))
            .collect();
        owed.sort();
        assert_eq!(owed, ["L-1 10.50 EUR", "L-2 2000 JPY"]);

        world.line("L-1", "C-1", "10.50", "EUR", Some("2026-11-23T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T11:00:00Z").await;
        assert_eq!((scan.resolved.late, scan.rules["payment"].breached), (1, 1));
    }

    async fn a_paid_at_left_over_from_an_earlier_round_does_not_count_as_paid(world in World) {
        world.program("P-1", None, false).await;
        let approved = claim("C-1", "approved").on("approved_at", "2026-09-01T10:00:00Z");
        world.put(approved.on("paid_at", "2026-08-01T10:00:00Z")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-09-01T10:00:00Z")).await;
        world.line("L-1", "C-2", "1.00", "EUR", Some("2026-08-01T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.rules["payment"].running), (2, 2));
        let again = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((again.opened, again.resolved), (0, Resolved::default()));
    }

    async fn lines_that_appear_later_take_the_place_of_the_claim(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-09-01T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.line("L-1", "C-1", "10.00", "EUR", None).await;
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((scan.opened, scan.resolved.withdrawn), (1, 1));
    }

    async fn a_program_that_needs_a_tax_invoice_has_thirty_days_from_its_approval(world in World) {
        world.program("P-1", None, true).await;
        let approved = claim("C-1", "approved").on("approved_at", "2026-01-05T10:00:00Z");
        world.put(approved.clone()).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.data_problems), (0, 0), "no invoice is approved yet");

        world.put(approved.on("tax_invoice_approved_at", "2026-10-23T10:00:00+02:00")).await;
        assert_eq!(world.scan("2026-11-22T23:59:59+01:00").await.opened, 0);
        assert_eq!(world.scan("2026-11-23T00:00:00+01:00").await.opened, 1);
        assert_eq!(world.alert().await.rule, "tax_invoice_payment");
    }

    async fn a_review_done_in_time_raises_nothing(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("submitted_at", "2026-11-16T10:00:00Z")
            .on("reviewed_at", "2026-11-17T10:00:00Z").on("approved_at", "2026-11-17T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 0);
    }

    async fn an_alert_whose_work_was_done_in_time_but_recorded_late_is_met(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.with("status", "rejected").on("reviewed_at", "2026-11-17T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!(scan.resolved, Resolved { met: 1, ..Resolved::default() });
        assert_eq!(world.alert().await.resolution, Some(Resolution::Met));
    }

    async fn a_stop_at_the_very_deadline_is_late(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00+01:00");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.with("status", "rejected").on("reviewed_at", "2026-11-19T00:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.resolved.late, 1);
    }

    async fn without_a_usable_stop_the_claims_last_change_stands_in_for_it(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")
            .on("reviewed_at", "2026-11-01T10:00:00Z");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.with("status", "action_required").on("updated_at", "2026-11-20T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.resolved.late, 1);
        assert_eq!(world.alert().await.stopped_at, Some(at("2026-11-20T10:00:00Z")));
    }

    async fn without_any_stop_the_instant_of_detection_decides_and_the_stop_stays_unknown(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.with("status", "action_required").on("updated_at", "2026-11-01T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.resolved.late, 1);
        assert_eq!(world.alert().await.stopped_at, None);
    }

    async fn a_resubmitted_claim_starts_a_new_clock_and_its_left_over_stop_is_ignored(world in World) {
        world.program("P-1", None, false).await;
        let first = claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z");
        world.put(first.clone()).await;
        world.scan("2026-11-10T09:00:00Z").await;
        let second = first.on("submitted_at", "2026-11-11T10:00:00Z").on("reviewed_at", "2026-11-11T08:00:00Z");
        world.put(second).await;
        assert_eq!(world.scan("2026-11-12T09:00:00Z").await.resolved, Resolved { restarted: 1, ..Resolved::default() });
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        let alerts = world.alerts().await;
        assert_eq!(alerts.iter().map(|a| (a.state, a.resolution)).collect::<Vec<_>>(),
            [(State::Resolved, Some(Resolution::Restarted)), (State::Breached, None)]);
    }

    async fn a_claim_disputed_anew_restarts_its_dispute(world in World) {
        world.program("P-1", None, false).await;
        let first = claim("C-1", "disputed").on("disputed_at", "2026-11-02T10:00:00Z");
        world.put(first.clone()).await;
        world.scan("2026-11-16T09:00:00Z").await;
        world.put(first.on("disputed_at", "2026-11-17T10:00:00Z").on("dispute_resolved_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-18T09:00:00Z").await.resolved.restarted, 1);
    }

    async fn a_claim_that_is_gone_withdraws_its_alert(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-08-03T10:00:00Z")).await;
        world.line("L-1", "C-2", "1.00", "EUR", None).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 2);
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        world.sql("DELETE FROM claim_payments").await;
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((scan.resolved.withdrawn, scan.opened), (2, 1), "the claim without lines is watched itself");
    }

    async fn a_status_that_nobody_knows_is_reported_and_withdraws_the_alert_until_it_is_mended(world in World) {
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z");
        world.put(submitted.clone()).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(submitted.clone().with("status", "on hold")).await;
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((scan.resolved.withdrawn, scan.data_problems), (1, 1));
        assert_eq!(world.problems().await, [("C-1".into(), "unknown_status".into())]);
        world.put(submitted).await;
        let scan = world.scan("2026-11-23T09:10:00Z").await;
        assert_eq!((scan.opened, scan.data_problems), (1, 0));
        let alert = world.alert().await;
        assert_eq!((alert.state, alert.resolution), (State::Breached, None));
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "resolved", "reopened"]);
    }

    async fn a_running_clock_without_its_start_is_reported_once_and_never_skipped_in_silence(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "disputed")).await;
        world.put(claim("C-2", "approved")).await;
        world.line("L-1", "C-2", "1.00", "EUR", None).await;
        for minute in ["09:00", "09:05"] {
            let scan = world.scan(&format!("2026-11-23T{minute}:00Z")).await;
            assert_eq!((scan.data_problems, scan.opened), (2, 0));
        }
        let missing = |id: &str| (id.to_owned(), "missing_start".to_owned());
        assert_eq!(world.problems().await, [missing("C-1"), missing("C-2")]);
        let seen = world.sql("SELECT first_seen_at, last_seen_at FROM data_problems WHERE claim_id = 'C-1'").await;
        assert_eq!(seen, [["2026-11-23T09:00:00.000000Z", "2026-11-23T09:05:00.000000Z"]]);
        world.put(claim("C-1", "disputed").on("disputed_at", "2026-11-23T09:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:10:00Z").await.data_problems, 1);
    }

    async fn an_open_alert_whose_start_goes_missing_stays_open(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "disputed").on("disputed_at", "2026-11-02T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.put(claim("C-1", "disputed")).await;
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((scan.resolved, scan.data_problems), (Resolved::default(), 1));
        assert_eq!(world.alert().await.state, State::Breached);
    }

    async fn a_claim_of_an_unknown_program_is_watched_under_the_default_calendar(world in World) {
        world.put(claim("C-1", "approved").on("approved_at", "2026-08-03T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.data_problems), (1, 1));
        assert_eq!(world.problems().await, [("C-1".into(), "unknown_program".into())]);
        assert_eq!(world.alert().await.rule, "payment");
    }

    async fn a_calendar_that_is_not_configured_is_reported_and_the_alert_says_so(world in World) {
        world.program("P-1", Some("mars"), false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.data_problems), (1, 1));
        assert_eq!(world.problems().await, [("C-1".into(), "unknown_calendar".into())]);
        let alert = world.alert().await;
        assert_eq!(alert.calendar, "fr");
        assert!(alert.explanation.notes.iter().any(|note| note.contains("mars")), "{:?}", alert.explanation.notes);
    }

    async fn what_cannot_be_read_is_reported_and_stops_no_other_claim(world in World) {
        world.program("P-1", None, false).await;
        let (instants, amount) = (world.engine().unreadable_instants(), world.engine().unreadable_amount());
        for (n, instant) in instants.iter().enumerate() {
            world.put(claim(&format!("W-{n}"), "submitted").with("submitted_at", instant)).await;
        }
        world.put(claim("W-4", "submitted").on("submitted_at", "2026-11-02T10:00:00Z").with("amount", amount)).await;
        world.put(claim("W-5", "approved").on("approved_at", "2026-08-03T10:00:00Z").with("paid_at", instants[0])).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        for minute in ["09:00", "09:05"] {
            let scan = world.scan(&format!("2026-11-23T{minute}:00Z")).await;
            assert_eq!(scan.rules["review"].breached, 2, "W-4 is late whatever its amount, and so is C-1");
            assert_eq!(scan.rules["payment"].breached, 1, "W-5 is not paid at no time");
            let unreadable: Vec<_> = (0..6).map(|n| (format!("W-{n}"), "unreadable".to_owned())).collect();
            assert_eq!(world.problems().await, unreadable);
        }
    }

    async fn instants_without_a_fraction_of_a_second_are_read_too(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").with("submitted_at", "2026-11-18T22:59:59Z")).await;
        world.put(claim("C-2", "submitted").with("submitted_at", "2026-11-18T23:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T00:00:00+01:00").await.opened, 1, "Wednesday's is due on Friday, Thursday's is not");
        let again = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((again.opened, again.resolved, again.data_problems), (0, Resolved::default(), 0));
    }

    async fn a_start_after_now_has_not_begun(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-12-01T10:00:00Z")).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.rules["review"].running, scan.opened), (0, 0));
    }

    async fn a_clock_is_at_risk_before_its_deadline_and_breached_after_it(mut world in World) {
        world.rule("review").warn = Some("1 business day".parse().unwrap());
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-23T10:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-24T23:59:59+01:00").await.warned, 0);
        let warned = world.scan("2026-11-25T00:00:00+01:00").await;
        assert_eq!((warned.warned, warned.opened, warned.rules["review"].at_risk, warned.messages), (1, 0, 1, 0));
        let breached = world.scan("2026-11-26T00:00:00+01:00").await;
        assert_eq!((breached.warned, breached.opened, breached.rules["review"].at_risk), (0, 1, 0));
        let alert = world.alert().await;
        assert_eq!(world.story(&alert).await, ["opened", "breached", "escalated"]);
    }

    async fn a_clock_at_risk_that_stops_in_time_is_met(mut world in World) {
        world.rule("review").warn = Some("1 business day".parse().unwrap());
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-23T10:00:00+01:00");
        world.put(submitted.clone()).await;
        world.scan("2026-11-25T09:00:00Z").await;
        world.put(submitted.with("status", "approved").on("reviewed_at", "2026-11-25T10:00:00Z")
            .on("approved_at", "2026-11-25T10:00:00Z")).await;
        let scan = world.scan("2026-11-27T09:00:00Z").await;
        assert_eq!((scan.resolved.met, scan.opened), (1, 0));
    }
}
