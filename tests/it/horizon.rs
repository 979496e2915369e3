//! The horizon guard: clocks that run over days of which their calendar does not know.

use std::ops::RangeInclusive;

use chrono::{NaiveDate, TimeDelta};
use claimwatch::alert::State;
use claimwatch::calendar::{Calendar, Calendars, Days, FIRST_DAY, Holiday, Origin, Zone};
use claimwatch::check;
use claimwatch::scan::{Request, Resolved};
use claimwatch::sla::Rule;

use crate::on_every_engine;
use crate::world::{World, at, claim, paris};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn known(from: &str, until: &str) -> RangeInclusive<NaiveDate> {
    date(from)..=date(until)
}

/// The French calendar with a country's Christmas Day, as far as it is known.
fn fr(known: RangeInclusive<NaiveDate>) -> Calendar {
    let christmas = Holiday { date: date("2026-12-25"), name: "Christmas Day".into(), estimated: false };
    let country = Origin::Country("FR".into());
    paris().with_days(Days { holidays: vec![christmas], coverage: Some(known), ..Days::none(country) })
}

fn until_2026() -> Calendar {
    fr(known("2010-01-01", "2026-12-31"))
}

impl World {
    fn counts_by(&mut self, calendars: impl IntoIterator<Item = Calendar>) {
        self.plan.calendars = Calendars::new("fr", calendars).expect("calendars");
        let versions: Vec<_> = self.plan.calendars.iter().map(|calendar| calendar.version().to_owned()).collect();
        self.plan.fingerprint = versions.join(" ");
    }

    /// The claims that run beyond their calendar.
    async fn beyond(&self) -> Vec<String> {
        let problems = self.problems().await;
        assert!(problems.iter().all(|(_, kind)| kind == "beyond_calendar"), "{problems:?}");
        problems.into_iter().map(|(claim_id, _)| claim_id).collect()
    }
}

on_every_engine! {
    async fn a_claim_due_after_its_calendars_end_is_a_data_problem_until_the_calendar_reaches_further(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        // 45 business days: until October 28 they end in 2026, Christmas Day left out, and from then on in 2027.
        world.put(claim("C-1", "approved").on("approved_at", "2026-10-28T10:00:00+01:00")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-10-29T00:00:00+01:00")).await;
        world.put(claim("C-3", "submitted").on("submitted_at", "2026-11-20T10:00:00+01:00")).await;
        assert_eq!(world.scan("2026-11-23T09:00:00Z").await.data_problems, 1);
        assert_eq!(world.beyond().await, ["C-2"]);
        let detail = world.sql("SELECT detail FROM data_problems").await.remove(0).remove(0);
        assert_eq!(
            detail,
            "rule payment: due on 2027-01-01 by calendar \"fr\", but FR goes from 2010-01-01 to 2026-12-31, and what it does \
             not know was counted without holidays; install a newer claimwatch, or name a file with these years in `ics`, in \
             place of `country`"
        );
        world.scan("2026-11-23T09:05:00Z").await;
        let seen = world.sql("SELECT first_seen_at, last_seen_at FROM data_problems").await;
        assert_eq!(seen, [["2026-11-23T09:00:00.000000Z", "2026-11-23T09:05:00.000000Z"]], "once a claim");

        world.counts_by([fr(known("2010-01-01", "2027-12-31"))]);
        assert_eq!(world.scan("2026-11-23T09:10:00Z").await.data_problems, 0);
        assert_eq!(world.beyond().await, [""; 0]);
    }

    async fn a_deadline_beyond_the_calendar_is_given_and_its_alert_raised_in_time(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-12-31T10:00:00+01:00")).await;
        let before = world.scan("2027-01-04T23:59:59+01:00").await;
        assert_eq!((before.opened, before.data_problems), (0, 1));
        let due = world.scan("2027-01-05T00:00:00+01:00").await;
        assert_eq!((due.opened, due.data_problems, due.messages), (1, 1, 1), "a problem with an alert too");
        let alert = world.alert().await;
        assert_eq!((alert.state, alert.due_at), (State::Breached, at("2027-01-05T00:00:00+01:00")));
        let beyond = alert.explanation.beyond_calendar.clone().expect("marked");
        assert_eq!((beyond.source.as_str(), beyond.known_until), ("FR", date("2026-12-31")));
        world.put(claim("C-1", "approved").on("submitted_at", "2026-12-31T10:00:00+01:00")
            .on("reviewed_at", "2027-01-05T09:00:00+01:00")).await;
        let settled = world.scan("2027-01-05T10:00:00+01:00").await;
        assert_eq!(settled.resolved, Resolved { late: 1, ..Resolved::default() });
        assert_eq!(world.problems().await, [("C-1".into(), "missing_start".into())], "what does not run is no such problem");
    }

    async fn a_clock_that_started_before_its_calendar_begins_is_one_too(mut world in World) {
        world.counts_by([fr(known("2026-06-01", "2040-12-31"))]);
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-05-31T23:59:59+02:00")).await;
        world.put(claim("C-2", "approved").on("approved_at", "2026-06-01T00:00:00+02:00")).await;
        // The same two instants without a fraction of a second.
        world.put(claim("C-3", "disputed").with("disputed_at", "2026-05-31T21:59:59Z")).await;
        world.put(claim("C-4", "disputed").with("disputed_at", "2026-05-31T22:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        assert_eq!(world.beyond().await, ["C-1", "C-3"]);
    }

    async fn each_payment_line_that_is_unpaid_is_looked_at_and_its_claim_told_once(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        world.program("P-2", None, true).await;
        let approved = |id: &str, program: &str| claim(id, "approved").with("program_id", program)
            .on("approved_at", "2026-12-01T10:00:00Z").on("tax_invoice_approved_at", "2026-12-02T10:00:00Z");
        for (id, program) in [("C-1", "P-1"), ("C-2", "P-2"), ("C-3", "P-1"), ("C-4", "P-1")] {
            world.put(approved(id, program)).await;
        }
        for (line, claim) in [("L-1", "C-1"), ("L-2", "C-1"), ("L-3", "C-2")] {
            world.line(line, claim, "10.00", "EUR", None).await;
        }
        world.line("L-4", "C-3", "10.00", "EUR", Some("2026-12-03T10:00:00Z")).await;
        world.line("L-5", "C-4", "10.00", "EUR", Some("2026-10-01T10:00:00Z")).await;
        world.scan("2026-12-07T09:00:00Z").await;
        assert_eq!(world.beyond().await, ["C-1", "C-2", "C-4"], "C-3 is paid, and C-4 only in an earlier round");
        let details = world.sql("SELECT detail FROM data_problems ORDER BY claim_id").await.concat();
        assert!(details[0].matches("rule payment").count() == 1, "{details:?}");
        assert!(details[1].starts_with("rule tax_invoice_payment: due on 2027-01-01"), "{details:?}");
    }

    async fn each_claim_is_held_against_the_calendar_that_counts_it(mut world in World) {
        let named = |name: &str| Calendar::new(name, Zone::named("Europe/Paris").expect("a zone"));
        let closures = |days| named("short").with_days(Days { coverage: Some(days), ..Days::none(Origin::File("a.ics".into())) });
        world.counts_by([until_2026(), named("endless"), closures(FIRST_DAY..=date("2026-11-24"))]);
        world.rule("review").calendar = Some("endless".into());
        for (program, calendar) in [("P-1", None), ("P-2", Some("short")), ("P-3", Some("mars")), ("P-4", Some("endless")), ("P-5", Some("fr"))] {
            world.program(program, calendar, false).await;
        }
        for program in ["P-1", "P-2", "P-3", "P-4", "P-5", "P-6"] {
            let review = claim(&format!("R-{program}"), "submitted").with("program_id", program);
            world.put(review.on("submitted_at", "2026-11-23T08:00:00Z")).await;
            let payment = claim(&format!("Z-{program}"), "approved").with("program_id", program);
            world.put(payment.on("approved_at", "2026-11-23T08:00:00Z")).await;
        }
        world.scan("2026-11-23T09:00:00Z").await;
        let beyond: Vec<_> = world.problems().await.into_iter().filter(|(_, kind)| kind == "beyond_calendar").map(|(id, _)| id).collect();
        assert_eq!(beyond, ["R-P-2", "Z-P-1", "Z-P-2", "Z-P-3", "Z-P-5", "Z-P-6"]);
        let detail = world.sql("SELECT detail FROM data_problems WHERE claim_id = 'R-P-2'").await.concat().remove(0);
        assert!(detail.contains("\"short\", but a.ics ends on 2026-11-24") && detail.ends_with("add the missing years to a.ics, or set its known_until if none are missing"), "{detail}");
        world.rule("review").enabled = false;
        world.scan("2026-11-23T09:05:00Z").await;
        assert!(!world.problems().await.iter().any(|(id, kind)| id == "R-P-2" && kind == "beyond_calendar"), "nobody counts it");
    }

    async fn the_default_calendar_serves_unknown_programs_also_where_the_rules_own_knows_every_day(mut world in World) {
        let endless = Calendar::new("endless", Zone::named("Europe/Paris").expect("a zone"));
        world.counts_by([until_2026(), endless]);
        world.rule("payment").calendar = Some("endless".into());
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-12-01T10:00:00Z")).await;
        world.put(claim("C-2", "approved").with("program_id", "P-9").on("approved_at", "2026-12-01T10:00:00Z")).await;
        world.scan("2026-12-07T09:00:00Z").await;
        let problems = world.problems().await;
        assert_eq!(problems, [("C-2".into(), "beyond_calendar".into()), ("C-2".into(), "unknown_program".into())]);
    }

    async fn a_clock_that_has_not_begun_or_has_no_start_is_none(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-12-08T10:00:00Z")).await;
        world.put(claim("C-2", "approved").with("approved_at", world.engine().unreadable_instants()[0])).await;
        world.scan("2026-12-07T09:00:00Z").await;
        assert_eq!(world.problems().await, [("C-2".into(), "unreadable".into())]);
        world.scan("2026-12-08T10:00:00Z").await;
        assert_eq!(world.problems().await[0], ("C-1".into(), "beyond_calendar".into()));
    }

    async fn a_dry_run_counts_them_and_thousands_are_found_in_pages(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        // Three a second: a page ends among those that started at once.
        let approved = |n: i64| claim(&format!("C-{n:04}"), "approved")
            .on("approved_at", &(at("2026-12-01T00:00:00Z") + TimeDelta::seconds(n / 3)).to_rfc3339());
        world.put_all((1..=1201).map(approved)).await;
        let asked = |dry_run| Request { at: at("2026-12-07T09:00:00Z"), since: None, dry_run, scheduled_for: None, term: None };
        assert_eq!(world.scan_with(asked(true)).await.data_problems, 1201);
        assert_eq!(world.beyond().await, [""; 0], "a dry run records nothing");
        assert_eq!(world.scan_with(asked(false)).await.data_problems, 1201);
        assert_eq!(world.beyond().await.len(), 1201);
    }

    async fn a_check_names_the_calendar_and_the_claims(mut world in World) {
        world.counts_by([until_2026()]);
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "approved").on("approved_at", "2026-12-01T10:00:00Z")).await;
        let rules = &world.plan.rules;
        let claims = |checks: Vec<check::Check>| checks.into_iter().find(|check| check.check == "claims").expect("claims");
        let wrong = claims(check::store(&*world.store, rules, &world.plan.calendars, at("2026-12-07T09:00:00Z")).await);
        let words = "1 data problem: claim \"C-1\": rule payment: due on 2027-02-";
        assert!(wrong.detail.to_string().starts_with(words), "{}", wrong.detail);
        assert!(wrong.fix.is_some_and(|fix| fix.to_string().starts_with("see to a calendar that reaches further")));
        let further = Calendars::new("fr", [fr(known("2010-01-01", "2040-12-31"))]).expect("calendars");
        let right = claims(check::store(&*world.store, rules, &further, at("2026-12-07T09:00:00Z")).await);
        assert_eq!((right.ok, right.detail), (true, "every claim can be watched".into()));
    }
}

/// The calendars' checks on that day: whether each is right, and what is said of it.
fn checked(calendars: impl IntoIterator<Item = Calendar>, now: &str) -> Vec<check::Check> {
    let calendars = Calendars::new("fr", calendars).expect("calendars");
    let mut checks = check::calendars(&calendars, &Rule::built_in(), at(now));
    assert_eq!(checks.remove(0).check, "zone data");
    checks
}

#[test]
fn a_check_says_where_each_calendars_days_come_from_and_how_far_they_reach() {
    let closures = Days {
        holidays: vec![Holiday { date: date("2026-12-28"), name: String::new(), estimated: false }],
        working_days: vec![date("2026-12-26")],
        coverage: Some(FIRST_DAY..=date("2029-12-31")),
        ..Days::none(Origin::File("closures.ics".into()))
    };
    let calendar =
        fr(known("2010-01-01", "2040-12-31")).with_days(closures).with_holiday(date("2026-12-24"), "Closure");
    let (version, data) = (calendar.version().to_owned(), calendar.holiday_data().expect("a country"));
    let checks = checked([calendar], "2026-11-23T09:00:00Z");
    assert_eq!(
        (checks[0].ok, checks[0].detail.to_string(), &checks[0].fix),
        (
            true,
            format!(
                "fr: Europe/Paris, 3 holidays, 1 extra working day, the default; version {version}; {data}; \
                 FR from 2010-01-01 until 2040-12-31: 1 holiday, 0 extra working days; \
                 closures.ics until 2029-12-31: 1 holiday, 1 extra working day"
            ),
            &None
        )
    );
}

#[test]
fn a_check_of_a_calendar_that_ends_before_a_clock_of_today_says_which_and_what_to_do() {
    assert!(checked([until_2026()], "2026-10-28T22:59:59Z").iter().all(|check| check.ok));
    let wrong =
        checked([until_2026(), Calendar::new("endless", Zone::named("UTC").expect("a zone"))], "2026-12-08T09:00:00Z");
    let endless = &wrong[0];
    assert!(endless.ok && endless.detail.to_string().starts_with("endless: UTC, 0 holidays"), "{endless:?}");
    let wrong = &wrong[1];
    assert!(!wrong.ok);
    let words = "fr: FR goes from 2010-01-01 to 2026-12-31: a clock that starts today runs over other days \
                 (payment until 2027-02-10, tax_invoice_payment until 2027-01-07); Europe/Paris, 1 holiday";
    assert!(wrong.detail.to_string().starts_with(words), "{}", wrong.detail);
    let fix = wrong.fix.as_ref().map(ToString::to_string);
    assert!(fix.is_some_and(|fix| fix.starts_with("install a newer claimwatch")), "{:?}", wrong.fix);
    let rules: Vec<Rule> =
        Rule::built_in().into_iter().map(|rule| Rule { enabled: rule.name == "review", ..rule }).collect();
    let calendars = Calendars::new("fr", [until_2026()]).expect("calendars");
    assert!(
        check::calendars(&calendars, &rules, at("2026-12-08T09:00:00Z")).iter().all(|check| check.ok),
        "its rules are off"
    );
}
