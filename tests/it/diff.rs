//! What other settings would change, in the domain's words. The calendar is Paris, Saturday and Sunday off; 2026-11-23 is
//! a Monday.

use chrono::Weekday;
use claimwatch::alert::State;
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::escalation::SendHours;
use claimwatch::scan::{
    AlertsDiff, Both, CalendarDiff, DeadlinesDiff, Diff, Kind, Plan, ProgramDiff, Request, SettingDiff, StateCounts,
};
use claimwatch::sla::Rule;

use crate::on_every_engine;
use crate::world::{World, at, claim, paris};

/// The world's plan, changed.
fn plan(world: &World, change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = Plan { fingerprint: "other settings".into(), ..world.plan.clone() };
    change(&mut plan);
    plan
}

fn rule<'a>(plan: &'a mut Plan, name: &str) -> &'a mut Rule {
    plan.rules.iter_mut().find(|rule| rule.name == name).expect("a rule")
}

fn target(name: &'static str, text: &'static str) -> impl FnOnce(&mut Plan) {
    move |plan| rule(plan, name).target = text.parse().expect("a target")
}

fn calendars(calendars: impl IntoIterator<Item = Calendar>) -> impl FnOnce(&mut Plan) {
    let calendars = Calendars::new("fr", calendars).expect("calendars");
    move |plan| plan.calendars = calendars
}

/// The only rule and program for which anything differs.
fn only(diff: &Diff) -> &ProgramDiff {
    assert_eq!(diff.programs.len(), 1, "{:#?}", diff.programs);
    &diff.programs[0]
}

/// The claims that are named as examples, in order.
fn claims(program: &ProgramDiff, kind: Kind) -> Vec<&str> {
    program.examples.get(&kind).into_iter().flatten().map(|clock| clock.claim_id.as_str()).collect()
}

async fn review(world: &World, id: &str, submitted_at: &str) {
    world.put(claim(id, "submitted").on("submitted_at", submitted_at)).await;
}

const NOW: &str = "2026-11-23T09:00:00+01:00";

on_every_engine! {
    async fn the_same_settings_would_change_nothing(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        let diff = world.diff(&world.plan, NOW).await;
        assert!(diff.is_nothing(), "{diff:#?}");
        assert_eq!((diff.present.scan.opened, diff.present.messages.len()), (1, 1), "what a scan does anyway");
    }

    async fn a_longer_target_moves_deadlines_and_withdraws_the_alerts_that_are_no_longer_late(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-18T10:00:00+01:00").await;
        review(&world, "C-2", "2026-11-02T10:00:00+01:00").await;
        review(&world, "C-3", "2026-11-20T10:00:00+01:00").await;
        world.scan("2026-11-23T08:00:00+01:00").await;
        let diff = world.diff(&plan(&world, target("review", "4 business days")), NOW).await;

        let setting = |value: &str| Some(value.to_owned());
        let values = Both { present: setting("2 business days"), new: setting("4 business days") };
        assert_eq!(diff.settings, [SettingDiff { setting: "rules.review.target".into(), values }]);
        let program = only(&diff);
        assert_eq!((&*program.rule, program.program.as_deref(), program.clocks), ("review", Some("P-1"), 3));
        assert_eq!(program.deadlines, DeadlinesDiff { later: 3, ..DeadlinesDiff::default() });
        let withdrawn = StateCounts { at_risk: 0, breached: 1 };
        assert_eq!(program.alerts, AlertsDiff { withdrawn, ..AlertsDiff::default() }, "C-2 is late by both");
        assert_eq!(claims(program, Kind::Withdrawn), ["C-1"]);
        assert_eq!(claims(program, Kind::Later), ["C-1", "C-2", "C-3"], "C-1 goes over the weekend");
        let sides = &program.examples[&Kind::Withdrawn][0].sides;
        assert_eq!((sides.present.state, sides.new.state), (Some(State::Breached), None));
        assert_eq!(sides.present.due_at, Some(at("2026-11-21T00:00:00+01:00")));
        assert_eq!(sides.new.due_at, Some(at("2026-11-25T00:00:00+01:00")));
        assert_eq!((diff.present.messages.len(), diff.new.messages.len()), (0, 0), "C-2 was told of already");
    }

    async fn a_shorter_target_shows_the_alerts_and_the_messages_that_it_would_cause(world in World) {
        world.program("P-1", None, false).await;
        world.program("P-2", None, false).await;
        let dispute = |id: &str, day: u32| claim(id, "disputed").on("disputed_at", &format!("2026-11-{day:02}T10:00:00Z"));
        for (id, day) in [("C-1", 17), ("C-2", 17), ("C-3", 17), ("C-4", 16), ("C-5", 16), ("C-6", 16), ("C-8", 2)] {
            world.put(dispute(id, day)).await;
        }
        world.put(dispute("C-7", 17).with("program_id", "P-2")).await;
        world.scan("2026-11-22T09:00:00+01:00").await;
        let diff = world.diff(&plan(&world, target("dispute", "2 business days")), NOW).await;
        let [one, two] = &diff.programs[..] else { panic!("{:#?}", diff.programs) };
        assert_eq!((one.program.as_deref(), two.program.as_deref()), (Some("P-1"), Some("P-2")));
        assert_eq!((one.deadlines.earlier, two.deadlines.earlier), (7, 1));
        assert_eq!(one.alerts.raised, StateCounts { at_risk: 0, breached: 6 }, "C-8 is late already");
        assert_eq!(claims(one, Kind::Raised), ["C-4", "C-5", "C-6"], "the worst come first");
        assert_eq!((one.told, two.told), (Both { present: 0, new: 6 }, Both { present: 0, new: 1 }));
        assert_eq!((one.messages, two.messages), (Both { present: 0, new: 1 }, Both { present: 0, new: 1 }));
        assert_eq!(diff.new.messages.len(), 1, "one message about both programs");
        assert_eq!((diff.new.messages[0].escalated, &*diff.new.messages[0].to[0]), (7, "support@example.com"));
        assert_eq!(diff.new.send_at, Some(at(NOW)));
    }

    async fn outside_the_sending_hours_it_says_when_the_messages_would_go(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00+01:00").await;
        let hours = |plan: &mut Plan| {
            let time = |text: &str| text.parse().expect("a time");
            plan.policy.send_hours = Some(SendHours { opens: time("08:00:00"), closes: time("19:00:00") });
        };
        let new = plan(&world, hours);
        for (now, send_at) in [
            ("2026-11-20T18:59:59+01:00", "2026-11-20T18:59:59+01:00"),
            ("2026-11-20T19:00:00+01:00", "2026-11-23T08:00:00+01:00"),
            ("2026-11-22T12:00:00+01:00", "2026-11-23T08:00:00+01:00"),
            ("2026-11-23T07:59:59+01:00", "2026-11-23T08:00:00+01:00"),
        ] {
            let diff = world.diff(&new, now).await;
            assert_eq!((diff.new.send_at, diff.new.messages.len()), (Some(at(send_at)), 1), "{now}");
            assert_eq!(diff.new.scan.messages, u64::from(now == send_at), "{now}");
            assert_eq!((diff.present.send_at, diff.present.scan.messages), (Some(at(now)), 1), "{now}");
        }
    }

    async fn a_rule_that_is_switched_off_leaves_its_clocks_unwatched_and_withdraws_their_alerts(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        review(&world, "C-2", "2026-11-20T10:00:00Z").await;
        let off = plan(&world, |plan| rule(plan, "review").enabled = false);
        world.scan("2026-11-23T08:00:00+01:00").await;
        let diff = world.diff(&off, NOW).await;
        let program = only(&diff);
        assert_eq!(program.deadlines, DeadlinesDiff { unwatched: 2, ..DeadlinesDiff::default() });
        assert_eq!(program.alerts.withdrawn, StateCounts { at_risk: 0, breached: 1 });
        assert_eq!(claims(program, Kind::Unwatched), ["C-1", "C-2"]);
        let sides = &program.examples[&Kind::Unwatched][0].sides;
        assert_eq!((sides.new.due_at, &sides.new.calendar), (None, &None));
    }

    async fn a_rule_that_is_switched_on_shows_what_it_would_watch(mut world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        let on = plan(&world, |_| {});
        world.rule("review").enabled = false;
        let diff = world.diff(&on, NOW).await;
        let program = only(&diff);
        assert_eq!(program.deadlines, DeadlinesDiff { watched: 1, ..DeadlinesDiff::default() });
        assert_eq!(program.alerts.raised, StateCounts { at_risk: 0, breached: 1 });
        assert_eq!(diff.new.messages.len(), 1);
    }

    async fn a_rule_that_is_there_only_by_one_of_the_settings_counts_as_switched_off_by_the_other(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        let without = plan(&world, |plan| plan.rules.retain(|rule| rule.name != "review"));
        let diff = world.diff(&without, NOW).await;
        assert_eq!(only(&diff).deadlines, DeadlinesDiff { unwatched: 1, ..DeadlinesDiff::default() });
        let gone = |diff: &Diff| diff.settings.iter().filter(|diff| diff.values.new.is_none()).count();
        assert_eq!(gone(&diff), 2, "its target, and that it is on");
    }

    async fn a_program_whose_calendar_would_not_be_there_is_named_with_the_one_that_would_serve(mut world in World) {
        let riyadh = Calendar::new("sa", Zone::named("Asia/Riyadh").expect("a zone"))
            .with_weekend([Weekday::Fri, Weekday::Sat]);
        calendars([paris(), riyadh])(&mut world.plan);
        world.program("P-1", Some("sa"), false).await;
        world.program("P-2", None, false).await;
        review(&world, "C-1", "2026-11-18T10:00:00+03:00").await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-18T10:00:00Z").with("program_id", "P-2")).await;
        let diff = world.diff(&plan(&world, calendars([paris()])), NOW).await;
        let program = only(&diff);
        assert_eq!(program.program.as_deref(), Some("P-1"));
        let names = Both { present: "sa".into(), new: "fr".into() };
        assert_eq!(program.calendar, Some(CalendarDiff { names, unknown: Some("sa".into()) }));
        assert_eq!(program.deadlines, DeadlinesDiff { earlier: 1, ..DeadlinesDiff::default() });
        assert_eq!((diff.present.scan.data_problems, diff.new.scan.data_problems), (0, 1));
    }

    async fn other_days_of_the_same_calendar_are_a_difference_even_where_no_deadline_moves(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-20T10:00:00Z").await;
        let day = |text: &str| text.parse().expect("a day");
        let later = plan(&world, calendars([paris().with_holiday(day("2027-05-01"), "Labour Day")]));
        let diff = world.diff(&later, NOW).await;
        let names = Both { present: "fr".into(), new: "fr".into() };
        assert_eq!(only(&diff).calendar, Some(CalendarDiff { names, unknown: None }));
        assert_eq!(only(&diff).deadlines, DeadlinesDiff::default());
        let sooner = plan(&world, calendars([paris().with_holiday(day("2026-11-24"), "closed")]));
        let diff = world.diff(&sooner, NOW).await;
        assert_eq!(only(&diff).deadlines, DeadlinesDiff { later: 1, ..DeadlinesDiff::default() });
    }

    async fn a_warning_makes_alerts_at_risk_and_a_later_deadline_makes_breached_ones_so(mut world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-19T10:00:00+01:00").await;
        let warned = plan(&world, |plan| rule(plan, "review").warn = Some("1 business day".parse().expect("a span")));
        let diff = world.diff(&warned, NOW).await;
        assert_eq!(only(&diff).alerts.raised, StateCounts { at_risk: 1, breached: 0 });
        assert!(diff.new.messages.is_empty(), "nobody is told of what is at risk");

        world.plan = warned;
        let later = plan(&world, target("review", "3 business days"));
        let tuesday = "2026-11-24T09:00:00+01:00";
        let diff = world.diff(&later, tuesday).await;
        assert_eq!(only(&diff).alerts, AlertsDiff { to_at_risk: 1, ..AlertsDiff::default() });
        world.plan = later;
        let diff = world.diff(&plan(&world, target("review", "2 business days")), tuesday).await;
        assert_eq!(only(&diff).alerts, AlertsDiff { to_breached: 1, ..AlertsDiff::default() });
    }

    async fn what_ends_anyway_is_no_difference(world in World) {
        world.program("P-1", None, false).await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        world.scan("2026-11-20T09:00:00Z").await;
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-16T10:00:00Z").on("reviewed_at", "2026-11-20T10:00:00Z")).await;
        let diff = world.diff(&plan(&world, target("review", "10 business days")), NOW).await;
        assert!(diff.has_no_effect() && !diff.is_nothing(), "{diff:#?}");
        assert_eq!(diff.new.scan.resolved.late, 1);
    }

    async fn a_thousand_clocks_are_counted_page_by_page_and_few_are_shown(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-0", "approved").on("approved_at", "2026-09-01T10:00:00Z")).await;
        let submitted = |n: u32| claim(&format!("C-{n}"), "submitted")
            .on("submitted_at", if n.is_multiple_of(2) { "2026-11-16T10:00:00Z" } else { "2026-11-20T10:00:00Z" });
        world.put_all((1..=1200).map(submitted)).await;
        let lines: Vec<_> = (1..=700).map(|n| format!("('L-{n}', 'C-0')")).collect();
        world.sql(&format!("INSERT INTO claim_payments (payment_id, claim_id) VALUES {}", lines.join(", "))).await;
        world.scan("2026-11-23T08:00:00+01:00").await;
        let new = plan(&world, |plan| {
            target("review", "3 business days")(plan);
            target("payment", "60 business days")(plan);
        });
        let diff = world.diff(&new, NOW).await;
        let [payments, reviews] = &diff.programs[..] else { panic!("{:#?}", diff.programs) };
        assert_eq!((payments.clocks, payments.deadlines.later, payments.alerts.withdrawn.breached), (700, 700, 700));
        assert_eq!((reviews.clocks, reviews.deadlines.later, reviews.alerts), (1200, 1200, AlertsDiff::default()));
        assert_eq!((payments.examples[&Kind::Later].len(), reviews.examples[&Kind::Later].len()), (3, 3));
    }

    async fn what_waits_for_the_sending_hours_is_due_by_both(mut world in World) {
        world.send_hours("08:00:00", "19:00:00");
        world.program("P-1", None, false).await;
        world.scan("2026-11-20T09:00:00Z").await;
        review(&world, "C-1", "2026-11-18T10:00:00Z").await;
        assert_eq!(world.scan("2026-11-21T09:00:00Z").await.messages, 0, "Saturday");
        let diff = world.diff(&plan(&world, |_| {}), "2026-11-22T09:00:00Z").await;
        assert_eq!((diff.present.messages.len(), diff.new.messages.len()), (1, 1));
        assert_eq!(diff.present.send_at, Some(at("2026-11-23T08:00:00+01:00")));
        assert!(diff.has_no_effect());
    }

    async fn a_dry_run_tells_of_an_alert_that_opens_again_only_what_was_not_told_before(mut world in World) {
        world.plan.policy.levels.push(world.plan.policy.levels[0].clone());
        world.plan.policy.levels[1].after = Some("2 business days".parse().expect("a span"));
        world.program("P-1", None, false).await;
        world.scan("2026-11-16T09:00:00Z").await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        let dry = |instant: &str| Request { at: at(instant), since: None, dry_run: true, scheduled_for: None, term: None };
        assert_eq!(world.scan_with(dry("2026-11-19T09:00:00Z")).await.messages, 1);
        assert_eq!(world.scan("2026-11-19T09:00:00Z").await.messages, 1);
        world.sql("DELETE FROM claims").await;
        world.scan("2026-11-19T10:00:00Z").await;
        review(&world, "C-1", "2026-11-16T10:00:00Z").await;
        assert_eq!(world.scan_with(dry("2026-11-19T11:00:00Z")).await.messages, 0, "level 1 went out by that deadline");
        assert_eq!(world.scan_with(dry("2026-11-24T09:00:00Z")).await.messages, 1, "level 2 did not");
        world.sql("UPDATE sla_alerts SET snoozed_until = '2026-12-01T00:00:00.000000Z'").await;
        assert_eq!(world.scan_with(dry("2026-11-24T09:00:00Z")).await.messages, 0);
        assert_eq!(world.scan_with(dry("2026-12-01T00:00:00Z")).await.messages, 1);
    }
}
