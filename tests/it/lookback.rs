//! Clocks that breached and stopped unseen, changes of rules and calendars, dry runs, scans that do not finish.

use chrono::NaiveDate;
use claimwatch::alert::{Resolution, State};
use claimwatch::calendar::Calendars;
use claimwatch::scan::{Request, Resolved, ScanError, scan};
use tokio_util::sync::CancellationToken;

use crate::world::{at, claim, paris};
use crate::{on_every_engine, on_sqlite};

on_every_engine! {
    async fn a_clock_that_breached_and_stopped_between_two_scans_still_gets_its_alert(world in World) {
        world.program("P-1", None, false).await;
        world.scan("2026-11-02T09:00:00Z").await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T10:00:00Z")).await;
        world.put(claim("C-2", "rejected").on("submitted_at", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-03T10:00:00Z")).await;
        let found = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((found.opened, found.resolved, found.messages), (1, Resolved { late: 1, ..Resolved::default() }, 0));
        let alert = world.alert().await;
        assert_eq!((alert.claim_id.as_str(), alert.state, alert.resolution), ("C-1", State::Resolved, Some(Resolution::Late)));
        assert_eq!(alert.stopped_at, Some(at("2026-11-09T10:00:00Z")));
        assert_eq!(world.story(&alert).await, ["opened", "resolved"]);
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.opened, 0, "once");
    }

    async fn a_scan_by_a_clock_that_ran_ahead_does_not_end_the_look_back(world in World) {
        world.program("P-1", None, false).await;
        world.scan("2026-11-02T09:00:00Z").await;
        world.scan("2030-01-01T00:00:00Z").await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.resolved.late, 1);
    }

    async fn the_first_scan_of_a_database_looks_at_running_clocks_only(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 0);
        let since = Request { at: at("2026-11-23T09:05:00Z"), since: Some(at("2026-11-01T00:00:00Z")), dry_run: false, scheduled_for: None, term: None };
        assert_eq!(world.scan_with(since).await.resolved.late, 1);
    }

    async fn the_look_back_sees_paid_lines_and_paid_claims(world in World) {
        world.program("P-1", None, false).await;
        world.scan("2026-07-01T09:00:00Z").await;
        let approved = |id| claim(id, "approved").on("approved_at", "2026-07-01T10:00:00Z");
        world.put(approved("C-1").on("paid_at", "2026-11-01T10:00:00Z")).await;
        world.put(approved("C-2")).await;
        world.line("L-1", "C-2", "1.00", "EUR", Some("2026-11-01T10:00:00Z")).await;
        world.line("L-2", "C-2", "1.00", "EUR", Some("2026-07-02T10:00:00Z")).await;
        let found = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((found.opened, found.resolved.late), (2, 2));
        let mut late: Vec<_> = world.alerts().await.into_iter().map(|a| (a.claim_id, a.payment_id)).collect();
        late.sort();
        assert_eq!(late, [("C-1".into(), None), ("C-2".into(), Some("L-1".into()))]);
    }

    async fn a_stop_that_the_previous_scan_saw_is_not_looked_back_at(world in World) {
        world.program("P-1", None, false).await;
        let rejected = |id| claim(id, "rejected").on("submitted_at", "2026-11-02T10:00:00Z");
        world.scan("2026-11-16T09:00:00.5Z").await;
        world.put(rejected("C-1").with("reviewed_at", "2026-11-16T09:00:00Z")).await;
        world.put(rejected("C-2").with("reviewed_at", "2026-11-16T09:00:00.500Z")).await;
        world.put(rejected("C-3").with("reviewed_at", "2026-11-16T09:00:00.501Z")).await;
        world.put(rejected("C-4").with("reviewed_at", "2026-11-17T09:00:00.501Z")).await;
        assert_eq!(world.scan("2026-11-17T09:00:00.5Z").await.opened, 1);
        assert_eq!(world.alert().await.claim_id, "C-3", "C-4 is still to come");
        assert_eq!(world.scan("2026-11-17T09:00:01Z").await.opened, 1);
    }

    async fn a_clock_at_risk_that_breached_and_stopped_unseen_says_both(mut world in World) {
        world.rule("review").warn = Some("1 business day".parse().unwrap());
        world.program("P-1", None, false).await;
        let submitted = claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(submitted.clone()).await;
        assert_eq!(world.scan("2026-11-18T09:00:00Z").await.warned, 1);
        world.put(submitted.with("status", "rejected").on("reviewed_at", "2026-11-20T10:00:00Z")).await;
        let request = Request { at: at("2026-11-23T09:00:00Z"), since: None, dry_run: true, scheduled_for: None, term: None };
        let foreseen = world.scan_with(request.clone()).await;
        let found = world.scan_with(Request { dry_run: false, ..request }).await;
        assert_eq!((found.opened, found.resolved.late, found.messages), (1, 1, 0));
        assert_eq!((foreseen.opened, foreseen.resolved.late), (1, 1));
        let alert = world.alert().await;
        assert_eq!((alert.detected_at, alert.stopped_at), (found.at, Some(at("2026-11-20T10:00:00Z"))));
        assert_eq!(world.story(&alert).await, ["opened", "breached", "resolved"]);
        let days = world.sql("SELECT opened, resolved, open_at_end_of_day FROM sla_daily").await;
        assert_eq!(days, [["1", "1", "0"]]);
    }

    async fn a_breach_that_is_only_at_risk_by_a_new_holiday_is_withdrawn_and_at_risk_again(mut world in World) {
        world.rule("review").warn = Some("1 business day".parse().unwrap());
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-18T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 1);
        let holiday = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        world.plan.calendars = Calendars::new("fr", [paris().with_holiday(holiday, "closed")]).unwrap();
        world.plan.fingerprint = "with a closure".into();
        let request = Request { at: at("2026-11-23T09:05:00Z"), since: None, dry_run: true, scheduled_for: None, term: None };
        let foreseen = world.scan_with(request.clone()).await;
        let found = world.scan_with(Request { dry_run: false, ..request }).await;
        assert_eq!((found.warned, found.resolved.withdrawn, found.rules["review"].at_risk), (1, 1, 1));
        assert_eq!((foreseen.warned, foreseen.resolved, &foreseen.rules), (1, found.resolved, &found.rules));
        let alert = world.alert().await;
        assert_eq!((alert.state, alert.due_at), (State::AtRisk, at("2026-11-24T00:00:00+01:00")));
        assert_eq!(world.story(&alert).await, ["opened", "escalated", "resolved", "reopened"]);
    }

    async fn a_holiday_that_is_added_moves_open_deadlines_and_withdraws_what_is_no_longer_late(mut world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-19T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-24T09:00:00Z").await.opened, 2);
        let mut calendar = paris();
        for day in [17, 20, 23] {
            calendar = calendar.with_holiday(NaiveDate::from_ymd_opt(2026, 11, day).unwrap(), "closed");
        }
        world.plan.calendars = Calendars::new("fr", [calendar]).unwrap();
        world.plan.fingerprint = "with closures".into();
        let scan = world.scan("2026-11-24T09:05:00Z").await;
        assert_eq!((scan.resolved, scan.rules["review"].breached), (Resolved { withdrawn: 1, ..Resolved::default() }, 1));
        let alerts = world.alerts().await;
        let moved = alerts.iter().find(|alert| alert.claim_id == "C-1").unwrap();
        assert_eq!((moved.state, moved.due_at), (State::Breached, at("2026-11-20T00:00:00+01:00")));
        let event = world.events(moved).await.pop().unwrap();
        assert_eq!((event.kind.as_str(), &event.detail["previous_due_at"]), ("moved", &"2026-11-18T23:00:00Z".into()));
        let withdrawn = alerts.iter().find(|alert| alert.claim_id == "C-2").unwrap();
        assert_eq!(withdrawn.resolution, Some(Resolution::Withdrawn));
        let again = world.scan("2026-11-26T00:00:00+01:00").await;
        assert_eq!((again.opened, again.messages), (1, 1), "late by the new deadline: it opens again, and is told again");
    }

    async fn a_rule_that_is_switched_off_withdraws_its_alerts_and_raises_none(mut world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.rule("review").enabled = false;
        world.plan.fingerprint = "review off".into();
        let scan = world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!((scan.resolved.withdrawn, scan.rules["review"].breached), (1, 0));
    }

    async fn a_program_that_changes_its_calendar_moves_its_open_deadlines(mut world in World) {
        let holiday = NaiveDate::from_ymd_opt(2026, 11, 17).unwrap();
        let other = claimwatch::calendar::Calendar::new("other", paris().zone().clone()).with_holiday(holiday, "closed");
        world.plan.calendars = Calendars::new("fr", [paris(), other]).unwrap();
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.program("P-1", Some("other"), false).await;
        world.scan("2026-11-23T09:05:00Z").await;
        let alert = world.alert().await;
        assert_eq!((alert.calendar.as_str(), alert.due_at), ("other", at("2026-11-20T00:00:00+01:00")));
    }

    async fn a_dry_run_says_what_a_scan_would_do_and_changes_nothing(mut world in World) {
        world.rule("dispute").warn = Some("3 business days".parse().unwrap());
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "disputed").on("disputed_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-20T09:00:00Z").await;
        world.put(claim("C-2", "rejected").on("submitted_at", "2026-11-16T10:00:00Z").on("reviewed_at", "2026-11-20T10:00:00Z")).await;
        world.put(claim("C-3", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-4", "disputed").on("disputed_at", "2026-11-19T10:00:00Z")).await;
        let tables = ["sla_alerts", "sla_alert_events", "scans", "outbox"];
        let before = world.tables(&tables).await;
        let request = Request { at: at("2026-11-24T09:00:00Z"), since: None, dry_run: true, scheduled_for: None, term: None };
        let foreseen = world.scan_with(request.clone()).await;
        assert_eq!(world.tables(&tables).await, before);
        let done = world.scan_with(Request { dry_run: false, ..request }).await;
        assert_eq!(foreseen.rules, done.rules);
        assert_eq!((foreseen.opened, foreseen.warned, foreseen.resolved), (done.opened, done.warned, done.resolved));
        assert_eq!((done.opened, done.warned, done.resolved.late), (2, 1, 1));
    }

    async fn a_scan_that_stops_half_way_has_not_finished_and_the_next_looks_back_before_it(world in World) {
        world.program("P-1", None, false).await;
        world.scan("2026-11-02T09:00:00Z").await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        let stop = CancellationToken::new();
        stop.cancel();
        let request = Request { at: at("2026-11-16T09:00:00Z"), since: None, dry_run: false, scheduled_for: None, term: None };
        let stopped = scan(&*world.store, &world.plan, &world.time, &request, &stop, &|| {}).await;
        assert!(matches!(stopped, Err(ScanError::Stopped)), "{stopped:?}");
        assert_eq!(world.store.last_finished_scan().await.unwrap().unwrap().began_at, at("2026-11-02T09:00:00Z"));
        assert_eq!(world.scan("2026-11-16T09:05:00Z").await.resolved, Resolved::default());
        assert_eq!(world.alert().await.state, State::Breached);
    }

    async fn an_instant_of_the_schedule_is_served_once(world in World) {
        let tick = Some(at("2026-11-23T09:00:00Z"));
        let request = Request { at: at("2026-11-23T09:00:01Z"), since: None, dry_run: false, scheduled_for: tick, term: None };
        world.scan_with(request.clone()).await;
        let again = scan(&*world.store, &world.plan, &world.time, &request, &CancellationToken::new(), &|| {}).await;
        assert_eq!(again.unwrap(), None);
        assert_eq!(world.store.last_scheduled().await.unwrap(), tick);
    }

    async fn hostile_text_is_kept_harmless_in_the_alert_table(world in World) {
        world.program("P-1", None, false).await;
        let hostile = format!("=cmd|x\r\nBcc: a@b\u{1b}[31m\u{202e}{}", "x".repeat(1 << 20));
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z").with("partner_name", &hostile)
            .with("title", &hostile)).await;
        world.put(claim("\r\n' OR 1=1 --", "disputed").on("disputed_at", "2026-11-02T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 2);
        for alert in world.alerts().await {
            let name = alert.partner_name.unwrap();
            assert!(name.len() < 1000 && !name.contains(['\r', '\n', '\u{1b}', '\u{202e}']), "{name:?}");
        }
    }

    async fn a_backlog_of_thousands_is_raised_in_one_scan_and_told_in_one_message(world in World) {
        world.program("P-1", None, false).await;
        let submitted = |n: u32| claim(&format!("C-{n}"), "submitted").on("submitted_at", &format!("2026-11-0{}T10:00:00Z", 1 + n % 5));
        world.put_all((1..=2600).map(submitted)).await;
        let scan = world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!((scan.opened, scan.messages, scan.rules["review"].breached), (2600, 1, 2600));
        let waiting = world.waiting().await;
        assert_eq!(waiting.iter().map(|item| item.alerts).collect::<Vec<_>>(), [2600]);
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.opened, 0);
    }
}

on_sqlite! {
    async fn a_claim_whose_number_ends_in_mid_text_is_one_like_any_other(world in World) {
        world.program("P-1", None, false).await;
        for id in ["\u{0}\r\n' OR 1=1 --", "\u{0}"] {
            world.put(claim(id, "disputed").on("disputed_at", "2026-11-02T10:00:00Z")).await;
        }
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.opened, 2);
        assert_eq!(world.scan("2026-11-23T09:05:00Z").await.opened, 0);
    }
}
