//! What is foreseen, by the present settings and by others, against what comes of it: two worlds that are alike, each
//! scanned by its own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use claimwatch::alert::State;
use claimwatch::escalation::{Digest, Glob, Level, Policy, Recipients, Route, SendHours};
use claimwatch::scan::{
    AlertsDiff, DeadlinesDiff, Diff, Foretold, Kind, Outcome, Plan, Request, ScanSummary, StateCounts, diff,
};
use lettre::message::Mailbox;
use proptest::prelude::*;
use proptest::sample::select;

use super::expected::running;
use super::facts::{Facts, Settings, Step, settings, story};
use super::without_time;
use crate::property_on_every_engine;
use crate::world::{Engine, World, at};

/// How many examples are asked for.
const EXAMPLES: usize = 2;

/// Other settings, and whether they come into force.
#[derive(Clone, Debug)]
struct Other {
    settings: Option<Settings>,
    policy: Policy,
    adopted: bool,
}

fn mailbox(name: &str) -> Mailbox {
    format!("{name}@example.com").parse().expect("an address")
}

fn policy(first: &Policy) -> impl Strategy<Value = Policy> + use<> {
    let first = first.clone();
    let span = |texts: &[Option<&'static str>]| select(texts.to_vec());
    let after = span(&[None, Some("1 business day"), Some("2 days")]);
    let every = span(&[None, None, Some("1 business day"), Some("1 day")]);
    let level = (after, every);
    let hours = select(vec![None, None, Some(("08:00:00", "19:00:00")), Some(("22:00:00", "23:30:00"))]);
    let route = select(vec![None, Some(("pay*", None)), Some(("*", Some("P-2")))]);
    (prop::collection::vec(level, 1..3), hours, route).prop_map(move |(levels, hours, route)| Policy {
        levels: (1..).zip(levels).map(|(n, (after, every))| read_level(n, after, every)).collect(),
        send_hours: hours.map(|(opens, closes)| SendHours {
            opens: opens.parse().expect("a time"),
            closes: closes.parse().expect("a time"),
        }),
        routes: Vec::from_iter(route.map(|(rule, program)| Route {
            rule: Some(Glob::new(rule)),
            program: program.map(Glob::new),
            paying_entity: None,
            currency: None,
            min_amount: None,
            level: None,
            calendar: None,
            recipients: Recipients { to: vec![mailbox("route")], cc: vec![mailbox("copy")], webhooks: Vec::new() },
        })),
        ..first.clone()
    })
}

fn read_level(number: u32, after: Option<&str>, every: Option<&str>) -> Level {
    let span = |text: &str| text.parse().expect("a span");
    let to = vec![mailbox(&format!("level-{number}"))];
    Level { after: after.map(span), recipients: Recipients::people(to), remind_every: every.map(span) }
}

fn other() -> impl Strategy<Value = Other> {
    let policy = policy(&crate::world::plan().policy);
    (prop::option::weighted(0.8, settings()), policy, any::<bool>()).prop_map(|(settings, policy, adopted)| Other {
        settings,
        policy,
        adopted,
    })
}

property_on_every_engine! {
    fn what_is_foreseen_by_present_and_by_other_settings_is_what_comes_of_them(
        engine, ((facts, settings, steps), others) in (story(), prop::collection::vec(other(), 7))
    ) [40 on SQLite, 10 on PostgreSQL] {
        live(engine, facts, settings, steps, others)
    }
}

fn plan(settings: &Settings, policy: &Policy) -> Plan {
    let plan = settings.plan();
    let deadlines = format!("{settings:?}");
    Plan { policy: policy.clone(), fingerprint: format!("{settings:?} {policy:?}"), deadlines, ..plan }
}

async fn live(engine: Engine, mut facts: Facts, mut settings: Settings, steps: Vec<Step>, others: Vec<Other>) {
    let mut world = World::on(engine).await;
    world.plan = plan(&settings, &world.plan.policy);
    let mut now = at("2026-10-19T08:00:00Z");
    for (n, other) in (0..=steps.len()).zip(others) {
        if let Some(step) = n.checked_sub(1).map(|n| &steps[n]) {
            step.edits.iter().for_each(|edit| facts.apply(edit));
            now = step.instant(now);
        }
        world.sql(&facts.statements(engine)).await;
        let new_settings = other.settings.unwrap_or_else(|| settings.clone());
        let new = plan(&new_settings, &other.policy);
        let foreseen = diff(&*world.store, &world.plan, &new, now, EXAMPLES).await.expect("a comparison");
        let mut by_new = world.copy().await;
        by_new.plan = new;
        let came = (come(&world, now, &foreseen.present).await, come(&by_new, now, &foreseen.new).await);
        compare_alerts(&foreseen, &came.0.open, &came.1.open);
        compare_told(&foreseen, &came.0.told, &came.1.told);
        let by_present = running(&facts, (&settings, &world.plan.calendars), now);
        compare_deadlines(&foreseen, &by_present, &running(&facts, (&new_settings, &by_new.plan.calendars), now));
        compare_examples(&foreseen, &came.0.open, &came.1.open);
        if world.plan.fingerprint == by_new.plan.fingerprint {
            assert!(foreseen.is_nothing(), "{foreseen:#?}");
        }
        if other.adopted {
            (world, settings) = (by_new, new_settings);
        }
    }
}

/// Open alerts by rule, claim, line and start: their state.
type Open = BTreeMap<[String; 4], String>;

/// How many alerts were told of, by rule and program, and in how many messages.
type Told = BTreeMap<(String, Option<String>), (u64, u64)>;

struct Came {
    open: Open,
    told: Told,
}

/// Scans, and holds what the scan says of itself and writes against what was foreseen.
async fn come(world: &World, now: DateTime<Utc>, foreseen: &Outcome) -> Came {
    let request = Request { at: now, since: None, dry_run: false, scheduled_for: None, term: None };
    let came = world.scan_with(request).await;
    let dry = ScanSummary { dry_run: true, ..without_time(came) };
    assert_eq!(without_time(foreseen.scan.clone()), dry, "the counts at {now}");

    let written = world
        .sql(&format!(
            "SELECT facts FROM outbox_messages WHERE created_at = '{}'",
            now.format("%Y-%m-%dT%H:%M:%S%.6fZ")
        ))
        .await;
    let mut digests: Vec<Digest> =
        written.concat().iter().map(|facts| serde_json::from_str(facts).expect("a digest")).collect();
    // What is settled is said by the way.
    digests.retain(|digest| digest.alerts() > 0);
    let policy = &world.plan.policy;
    let within_hours = policy.may_send(world.plan.calendars.default(), now);
    assert_eq!(foreseen.send_at == Some(now), within_hours);
    if within_hours {
        let mut messages: Vec<Foretold> = digests.iter().map(foretold).collect();
        let mut expected = foreseen.messages.clone();
        let key = |message: &Foretold| (message.level, message.to.clone());
        messages.sort_by_key(key);
        expected.sort_by_key(key);
        assert_eq!(expected, messages, "the messages at {now}");
    } else {
        assert!(digests.is_empty());
    }
    let open = world
        .sql("SELECT rule, claim_id, payment_id, clock_started_at, state FROM sla_alerts WHERE state <> 'resolved'")
        .await;
    let open = open.into_iter().map(|row| {
        let [rule, claim, line, start, state] = row.try_into().expect("five columns");
        ([rule, claim, line, start], state)
    });
    Came { open: open.collect(), told: told(world, &digests).await }
}

fn foretold(digest: &Digest) -> Foretold {
    let addresses = |list: &[Mailbox]| list.iter().map(|mailbox| mailbox.email.to_string()).collect();
    Foretold {
        level: digest.level,
        to: addresses(&digest.recipients.to),
        cc: addresses(&digest.recipients.cc),
        webhooks: digest.recipients.webhooks.clone(),
        escalated: digest.escalated.len() as u64,
        reminded: digest.reminded.len() as u64,
    }
}

async fn told(world: &World, digests: &[Digest]) -> Told {
    let alerts = world.alerts().await;
    let mut told = Told::new();
    for digest in digests {
        let named = digest.escalated.iter().chain(&digest.reminded);
        let groups: Vec<_> = named
            .map(|id| alerts.iter().find(|alert| alert.id == *id).expect("its alert"))
            .map(|alert| (alert.rule.clone(), alert.program_id.clone()))
            .collect();
        for group in &groups {
            told.entry(group.clone()).or_default().0 += 1;
        }
        for group in groups.into_iter().collect::<BTreeSet<_>>() {
            told.entry(group).or_default().1 += 1;
        }
    }
    told
}

/// By rule: an alert keeps the program that its claim had when it was raised.
fn compare_alerts(foreseen: &Diff, present: &Open, new: &Open) {
    let mut expected: BTreeMap<String, AlertsDiff> = BTreeMap::new();
    let count = |counts: &mut StateCounts, state: &str| match state {
        "at_risk" => counts.at_risk += 1,
        _ => counts.breached += 1,
    };
    for id in present.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let by_rule = expected.entry(id[0].clone()).or_default();
        match (present.get(id).map(String::as_str), new.get(id).map(String::as_str)) {
            (None, Some(state)) => count(&mut by_rule.raised, state),
            (Some(state), None) => count(&mut by_rule.withdrawn, state),
            (Some("at_risk"), Some("breached")) => by_rule.to_breached += 1,
            (Some("breached"), Some("at_risk")) => by_rule.to_at_risk += 1,
            _ => {}
        }
    }
    let mut found: BTreeMap<String, AlertsDiff> = BTreeMap::new();
    for program in &foreseen.programs {
        let (sum, more) = (found.entry(program.rule.clone()).or_default(), program.alerts);
        for (sum, more) in [(&mut sum.raised, more.raised), (&mut sum.withdrawn, more.withdrawn)] {
            sum.at_risk += more.at_risk;
            sum.breached += more.breached;
        }
        sum.to_breached += more.to_breached;
        sum.to_at_risk += more.to_at_risk;
    }
    expected.retain(|_, alerts| *alerts != AlertsDiff::default());
    found.retain(|_, alerts| *alerts != AlertsDiff::default());
    assert_eq!(found, expected);
}

fn compare_told(foreseen: &Diff, present: &Told, new: &Told) {
    let Diff { at, present: Outcome { send_at, .. }, new: Outcome { send_at: new_send_at, .. }, .. } = foreseen;
    let of = |told: &Told, group: &(String, Option<String>)| told.get(group).copied().unwrap_or_default();
    for program in &foreseen.programs {
        let group = (program.rule.clone(), program.program.clone());
        if *send_at == Some(*at) {
            assert_eq!((program.told.present, program.messages.present), of(present, &group), "{group:?}");
        }
        if *new_send_at == Some(*at) {
            assert_eq!((program.told.new, program.messages.new), of(new, &group), "{group:?}");
        }
    }
    if [send_at, new_send_at] == [&Some(*at); 2] {
        for group in present.keys().chain(new.keys()).filter(|group| of(present, group) != of(new, group)) {
            let named = |program: &&_| -> bool {
                let claimwatch::scan::ProgramDiff { rule, program, .. } = program;
                (rule, program) == (&group.0, &group.1)
            };
            assert!(foreseen.programs.iter().any(|program| named(&program)), "{group:?} is missing");
        }
    }
}

type Running = BTreeMap<super::expected::ClockId, (Option<&'static str>, Option<DateTime<Utc>>)>;

fn compare_deadlines(foreseen: &Diff, present: &Running, new: &Running) {
    let mut expected: BTreeMap<(String, Option<String>), (u64, DeadlinesDiff)> = BTreeMap::new();
    for (id, (program, due_at)) in present {
        let (clocks, sums) = expected.entry((id.0.to_owned(), program.map(str::to_owned))).or_default();
        *clocks += 1;
        match (due_at, new[id].1) {
            (Some(before), Some(after)) if after < *before => sums.earlier += 1,
            (Some(before), Some(after)) if after > *before => sums.later += 1,
            (None, Some(_)) => sums.watched += 1,
            (Some(_), None) => sums.unwatched += 1,
            _ => {}
        }
    }
    for program in &foreseen.programs {
        let found = (program.clocks, program.deadlines);
        let group = (program.rule.clone(), program.program.clone());
        assert_eq!(found, expected.remove(&group).unwrap_or_default(), "{group:?}");
        let DeadlinesDiff { earlier, later, watched, unwatched } = program.deadlines;
        let kinds = [Kind::Earlier, Kind::Later, Kind::Watched, Kind::Unwatched];
        for (kind, count) in kinds.into_iter().zip([earlier, later, watched, unwatched]) {
            let shown = program.examples.get(&kind).map_or(0, Vec::len);
            assert_eq!(shown as u64, count.min(EXAMPLES as u64), "{kind:?}");
        }
        for example in program.examples.values().flatten() {
            let id = (&*program.rule, &example.claim_id, &example.payment_id, example.clock_started_at);
            let known = present.iter().find(|(known, _)| (known.0, &known.1, &known.2, known.3) == id);
            if let Some((id, (_, due_at))) = known {
                assert_eq!((example.sides.present.due_at, example.sides.new.due_at), (*due_at, new[id].1), "{id:?}");
            }
        }
    }
    let left = expected.iter().find(|(_, (_, sums))| *sums != DeadlinesDiff::default());
    assert!(left.is_none(), "{left:?}");
}

/// Each example says how its alert stands by both.
fn compare_examples(foreseen: &Diff, present: &Open, new: &Open) {
    for program in &foreseen.programs {
        for example in program.examples.values().flatten() {
            let start = example.clock_started_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            let line = example.payment_id.clone().unwrap_or("null".into());
            let id = [program.rule.clone(), example.claim_id.clone(), line, start];
            let found = [&example.sides.present, &example.sides.new].map(|side| side.state.map(State::as_str));
            assert_eq!(found, [present, new].map(|open| open.get(&id).map(String::as_str)), "{id:?}");
        }
    }
}
