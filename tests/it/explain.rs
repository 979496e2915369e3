//! Explaining a claim from what the database has of it.

use claimwatch::alert::{Resolution, State};
use claimwatch::calendar::Calendars;
use claimwatch::explain::{By, ExplainedClock, Known, Part, Source, Verdict, explain};
use claimwatch::store::AlertFilter;

use crate::on_every_engine;
use crate::world::{World, at, claim, paris};

/// The clocks of a claim as of now, those of one rule.
async fn clocks(world: &World, claim_id: &str, rule: &str) -> Vec<ExplainedClock> {
    let subjects = world.store.subjects(claim_id).await.unwrap();
    let filter = AlertFilter { claim: Some(claim_id.into()), ..AlertFilter::default() };
    let alerts = world.store.alerts(&filter).await.unwrap();
    let (_, history) = world.store.background(claim_id, 100).await.unwrap();
    let known = Known { subjects: &subjects, alerts: &alerts, history: &history };
    let by = By { rules: &world.plan.rules, calendars: &world.plan.calendars, now: world.time.now() };
    explain(&known, &by).into_iter().filter(|clock| clock.rule == rule).collect()
}

on_every_engine! {
    async fn the_subjects_of_a_claim_are_itself_and_its_lines_in_the_order_of_their_ids(world in World) {
        world.program("P-1", Some("fr"), true).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-11-02T09:00:00Z")).await;
        let unreadable = world.engine().unreadable_instants()[0];
        world.put(claim("C-2", "submitted").with("program_id", "P-9").with("submitted_at", unreadable)).await;
        world.line("L-2", "C-1", "60.00", "EUR", None).await;
        world.line("L-1", "C-1", "40.00", "USD", Some("2026-11-20T09:00:00Z")).await;
        world.line("L-3", "C-9", "1.00", "USD", None).await;
        let subjects = world.store.subjects("C-1").await.unwrap();
        let lines: Vec<_> = subjects.iter().map(|s| s.payment.as_ref().map(|line| line.payment_id.as_str())).collect();
        assert_eq!(lines, [None, Some("L-1"), Some("L-2")]);
        assert!(subjects.iter().all(|subject| subject.has_payments && subject.claim == subjects[0].claim));
        assert_eq!(subjects[1].payment.as_ref().and_then(|line| line.paid_at), Some(at("2026-11-20T09:00:00Z")));
        let program = subjects[0].program.as_ref().expect("a program");
        assert_eq!((program.calendar.as_deref(), program.requires_tax_invoice), (Some("fr"), true));

        let strange = world.store.subjects("C-2").await.unwrap();
        assert_eq!(strange.len(), 1);
        assert_eq!((strange[0].has_payments, &strange[0].program), (false, &None));
        assert_eq!(strange[0].claim.moments, claimwatch::claim::Moments::default(), "what cannot be read is absent");
        for unknown in ["C-9", "", "c-1", "C-1' OR 1=1 --"] {
            assert_eq!(world.store.subjects(unknown).await.unwrap(), [], "{unknown:?}");
        }
    }

    async fn what_a_scan_raised_is_derived_to_the_same_explanation(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-14T10:00:00Z")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-06-01T10:00:00Z")).await;
        world.line("L-1", "C-2", "60.00", "EUR", None).await;
        world.line("L-2", "C-2", "40.00", "USD", Some("2026-06-10T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        let review = clocks(&world, "C-1", "review").await;
        assert_eq!(review.len(), 1, "{review:#?}");
        let payments = clocks(&world, "C-2", "payment").await;
        let told: Vec<_> = payments.iter().map(|clock| (clock.payment_id.as_deref(), clock.verdict)).collect();
        assert_eq!(told, [(Some("L-1"), Verdict::Breached), (Some("L-2"), Verdict::Met)]);
        for clock in [&review[0], &payments[0]] {
            let stored = clock.alert.as_ref().expect("an alert");
            assert_eq!((stored.same, clock.verdict), (Some(true), Verdict::Breached), "{clock:#?}");
        }
    }

    async fn a_claim_submitted_again_has_the_clock_of_its_alert_and_those_of_its_history(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-09T10:00:00Z")).await;
        world.scan("2026-11-13T09:00:00Z").await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-20T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.history("C-1", &[
            ("2026-11-02T10:00:00Z", "submitted"), ("2026-11-03T10:00:00Z", "Action required"),
            ("2026-11-09T10:00:00Z", "submitted"), ("2026-11-16T10:00:00Z", "action_required"),
            ("2026-11-20T10:00:00.5Z", "submitted"),
        ]).await;
        let told = clocks(&world, "C-1", "review").await;
        let verdicts: Vec<_> = told.iter().map(|clock| (clock.verdict, clock.known_from.clone())).collect();
        use Source::{Alert, Claim, History};
        assert_eq!(verdicts, [
            (Verdict::Running, vec![Claim, History]),
            (Verdict::Late, vec![Alert, History]),
            (Verdict::Met, vec![History]),
        ]);
        let stored = told[1].alert.as_ref().expect("an alert");
        assert_eq!((stored.state, stored.resolution), (State::Resolved, Some(Resolution::Restarted)));
        assert_eq!((stored.same, told[1].stopped_at), (Some(true), Some(at("2026-11-16T10:00:00Z"))));
    }

    async fn a_new_holiday_differs_from_what_is_stored_until_a_scan_moves_it(mut world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-14T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        let feast = paris().with_holiday("2026-11-16".parse().expect("a day"), "Feast");
        world.plan.calendars = Calendars::new("fr", [feast]).expect("calendars");
        world.plan.fingerprint = "the second settings".into();
        let what = |clocks: &[ExplainedClock]| {
            let stored = clocks[0].alert.clone().expect("an alert");
            stored.differences.iter().map(|found| found.what).collect::<Vec<_>>()
        };
        let told = clocks(&world, "C-1", "review").await;
        assert_eq!(what(&told), [Part::DueAt, Part::CalendarVersion, Part::Day, Part::Day]);
        world.scan("2026-11-23T09:05:00Z").await;
        assert_eq!(what(&clocks(&world, "C-1", "review").await), []);
    }

    async fn a_claim_that_was_deleted_is_explained_from_its_alerts(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "disputed").on("disputed_at", "2026-11-02T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.sql("DELETE FROM claims").await;
        let open = clocks(&world, "C-1", "dispute").await;
        assert_eq!(open[0].reason.as_deref(), Some("the claim is gone: the next scan resolves its alert"));
        world.scan("2026-11-23T09:05:00Z").await;
        let told = clocks(&world, "C-1", "dispute").await;
        assert_eq!((told.len(), told[0].verdict, told[0].present), (1, Verdict::Withdrawn, false));
        assert_eq!(told[0].alert.as_ref().and_then(|stored| stored.same), Some(true));
        assert_eq!(clocks(&world, "C-1", "review").await, []);
    }
}
