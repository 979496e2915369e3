//! What changes a deadline after the fact, and what the alerts make of it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use claimwatch::alert::{Resolution, State};
use claimwatch::calendar::{Calendar, Calendars, Days, Origin, Zone};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{Engine, World, at, claim, paris};
use crate::{on_every_engine, property_on_every_engine};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn in_force(world: &mut World, calendar: Calendar) {
    world.plan.fingerprint.push_str(" and others");
    world.plan.calendars = Calendars::new("fr", [calendar]).expect("calendars");
}

on_every_engine! {
    async fn a_moved_deadline_is_an_event_with_both_instants_and_what_moved_it(mut world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        let before = paris().version().to_owned();
        in_force(&mut world, paris().with_holiday(date("2026-11-17"), "closed"));
        world.rule("review").target = "3 business days".parse().expect("a target");
        world.scan("2026-11-23T09:05:00Z").await;
        let alert = world.alert().await;
        let now = alert.explanation.calendar_version.clone();
        let event = world.events(&alert).await.pop().expect("an event");
        assert_eq!((event.kind.as_str(), &event.detail["cause"]), ("moved", &"the deadline moved".into()));
        assert_eq!(
            (&event.detail["previous_due_at"], &event.detail["due_at"]),
            (&json!("2026-11-18T23:00:00Z"), &json!("2026-11-20T23:00:00Z"))
        );
        let changed =
            ["target: 2 business days, now 3 business days".to_owned(), format!("calendar version: {before}, now {now}")];
        assert_eq!(event.detail["changed"], json!(changed));
    }

    async fn a_day_that_leaves_the_calendar_makes_a_clock_late_that_was_not(mut world in World) {
        in_force(&mut world, paris().with_holiday(date("2026-11-18"), "closed"));
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        assert_eq!(world.scan("2026-11-19T09:00:00Z").await.opened, 0);
        in_force(&mut world, paris());
        assert_eq!(world.scan("2026-11-19T09:05:00Z").await.opened, 1);
    }

    async fn an_alert_that_is_no_longer_late_is_withdrawn_and_a_closed_one_keeps_its_verdict(mut world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-19T09:00:00Z").await;
        world.put(
            claim("C-2", "approved").on("submitted_at", "2026-11-16T10:00:00Z").on("reviewed_at", "2026-11-19T10:00:00Z"),
        ).await;
        world.scan("2026-11-19T11:00:00Z").await;
        in_force(&mut world, paris().with_holiday(date("2026-11-17"), "closed"));
        let scan = world.scan("2026-11-19T12:00:00Z").await;
        assert_eq!((scan.resolved.withdrawn, scan.resolved.met), (1, 0));
        let mut alerts = world.alerts().await;
        alerts.sort_by(|a, b| a.claim_id.cmp(&b.claim_id));
        let verdicts: Vec<_> = alerts.iter().map(|alert| alert.resolution).collect();
        assert_eq!(verdicts, [Some(Resolution::Withdrawn), Some(Resolution::Late)]);
        let event = world.events(&alerts[0]).await.pop().expect("an event");
        assert_eq!(event.detail["cause"], "the deadline moved into the future");
        assert_eq!(event.detail["due_at"], "2026-11-19T23:00:00Z");
        assert!(event.detail["changed"][0].as_str().is_some_and(|changed| changed.starts_with("calendar version: ")));
    }

    async fn what_is_said_of_a_deadline_follows_its_calendar_also_where_the_deadline_stays(mut world in World) {
        let ends = |day: &str| {
            let coverage = Some(claimwatch::calendar::FIRST_DAY..=date(day));
            paris().with_days(Days { coverage, ..Days::none(Origin::File("closures.ics".into())) })
        };
        in_force(&mut world, ends("2026-11-17"));
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        assert!(world.alert().await.explanation.beyond_calendar.is_some());
        in_force(&mut world, ends("2027-12-31"));
        world.scan("2026-11-23T09:05:00Z").await;
        let alert = world.alert().await;
        assert_eq!((alert.explanation.beyond_calendar, alert.due_at), (None, at("2026-11-19T00:00:00+01:00")));
        assert_eq!(alert.explanation.chosen_by.map(|by| by.as_str()), Some("default"));
        assert_eq!(world.story(&world.alert().await).await, ["opened", "escalated"], "nothing happened to it");
    }

    async fn the_alert_says_why_its_calendar_serves(mut world in World) {
        let other = Calendar::new("other", paris().zone().clone());
        world.plan.calendars = Calendars::new("fr", [paris(), other]).expect("calendars");
        world.rule("dispute").calendar = Some("other".into());
        world.program("P-1", None, false).await;
        world.program("P-2", Some("other"), false).await;
        world.program("P-3", Some("nowhere"), false).await;
        for (id, program, status, start) in [
            ("C-1", "P-1", "submitted", "submitted_at"),
            ("C-2", "P-2", "submitted", "submitted_at"),
            ("C-3", "P-3", "submitted", "submitted_at"),
            ("C-4", "P-1", "disputed", "disputed_at"),
        ] {
            world.put(claim(id, status).with("program_id", program).on(start, "2026-11-02T10:00:00Z")).await;
        }
        world.scan("2026-11-23T09:00:00Z").await;
        let by: BTreeMap<String, String> = world
            .alerts()
            .await
            .into_iter()
            .map(|alert| {
                let why = json!(alert.explanation.chosen_by);
                (alert.claim_id, format!("{} {}", alert.calendar, why.as_str().unwrap_or("?")))
            })
            .collect();
        let by: Vec<_> = by.values().map(String::as_str).collect();
        assert_eq!(by, ["fr default", "other program", "fr default", "other rule"]);
    }
}

/// A calendar and a target that may be in force at some time.
fn any_rules() -> impl Strategy<Value = (u8, bool, u32, bool)> {
    (0_u8..16, any::<bool>(), 1_u32..5, any::<bool>())
}

fn put_in_force(world: &mut World, (holidays, apia, days, elapsed): (u8, bool, u32, bool)) {
    let zone = if apia { "Pacific/Apia" } else { "Europe/Paris" };
    let calendar = Calendar::new("fr", Zone::named(zone).expect("a zone"));
    let closed = (0..4).filter(|day| holidays & (1 << day) != 0).map(|day| date("2026-11-17") + TimeDelta::days(day));
    in_force(world, closed.fold(calendar, |calendar, day| calendar.with_holiday(day, "closed")));
    let target = format!("{days} business days{}", if elapsed { " elapsed" } else { "" });
    world.rule("review").target = target.parse().expect("a target");
}

/// The deadline of each open alert, by claim.
async fn open_deadlines(world: &World) -> Vec<(String, State, DateTime<Utc>)> {
    let alerts = world.alerts().await.into_iter().filter(|alert| alert.state != State::Resolved);
    let mut open: Vec<_> = alerts.map(|alert| (alert.claim_id, alert.state, alert.due_at)).collect();
    open.sort_by(|a, b| a.0.cmp(&b.0));
    open
}

async fn world_with_claims(engine: Engine, starts: &[i64]) -> World {
    let mut world = World::on(engine).await;
    world.rule("review").warn = Some("1 business day".parse().expect("a span"));
    world.program("P-1", None, false).await;
    for (n, minutes) in starts.iter().enumerate() {
        let start = at("2026-11-12T00:00:00Z") + TimeDelta::minutes(*minutes);
        world.put(claim(&format!("C-{n}"), "submitted").on("submitted_at", &start.to_rfc3339())).await;
    }
    world
}

/// What was in force for how long, and whether it was scanned by twice.
type Before = ((u8, bool, u32, bool), i64, bool);

fn story() -> impl Strategy<Value = (Vec<i64>, Vec<Before>, (u8, bool, u32, bool))> {
    let starts = prop::collection::vec(0_i64..12_000, 1..6);
    let before = prop::collection::vec((any_rules(), 0_i64..6_000, any::<bool>()), 1..5);
    (starts, before, any_rules())
}

async fn live(engine: Engine, starts: Vec<i64>, before: Vec<Before>, last: (u8, bool, u32, bool)) {
    let (mut changed, mut fresh) = (world_with_claims(engine, &starts).await, world_with_claims(engine, &starts).await);
    let mut now = at("2026-11-16T00:00:00Z");
    for (rules, minutes, twice) in before {
        put_in_force(&mut changed, rules);
        now += TimeDelta::minutes(minutes);
        changed.scan(&now.to_rfc3339()).await;
        if twice {
            changed.scan(&now.to_rfc3339()).await;
        }
    }
    put_in_force(&mut changed, last);
    put_in_force(&mut fresh, last);
    now += TimeDelta::days(1);
    changed.scan(&now.to_rfc3339()).await;
    fresh.scan(&now.to_rfc3339()).await;
    assert_eq!(open_deadlines(&changed).await, open_deadlines(&fresh).await);
    changed.scan(&now.to_rfc3339()).await;
    assert_eq!(open_deadlines(&changed).await, open_deadlines(&fresh).await, "nothing is left for a second scan");
}

property_on_every_engine! {
    fn open_deadlines_are_what_one_scan_by_the_last_rules_finds_whatever_was_in_force_before(
        engine, (starts, before, last) in story()
    ) [40 on SQLite, 15 on PostgreSQL] {
        live(engine, starts, before, last)
    }
}
