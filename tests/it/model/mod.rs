//! Scans of random small worlds against a slow model that is written from the documents alone.

mod clocks;
mod counting;
mod expected;
mod facts;
mod prediction;
mod retention;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::alert::{Resolution, State};
use claimwatch::scan::{Request, Resolved, ScanSummary, scan};
use tokio_util::sync::CancellationToken;

use crate::property_on_every_engine;
use crate::world::{Engine, Session, World, at};
use expected::{Alert, ClockId, Expected};
use facts::{Facts, Scan, Settings, Step, story};

const RULES: [&str; 4] = ["review", "dispute", "payment", "tax_invoice_payment"];

/// The events that scans cause.
const KINDS: [&str; 6] = ["opened", "breached", "escalated", "moved", "resolved", "reopened"];

property_on_every_engine! {
    fn scans_find_what_a_model_finds_that_looks_at_every_rule_claim_line_and_day(
        engine, (facts, settings, steps) in story()
    ) [150 on SQLite, 40 on PostgreSQL] {
        live(engine, facts, settings, steps)
    }
}

/// One world, its database, and what the model says of it.
struct Life {
    world: World,
    session: Session,
    settings: Settings,
    expected: Expected,
    /// Breaches opened so far, by the scans' own counts.
    opened: u64,
}

async fn live(engine: Engine, mut facts: Facts, settings: Settings, steps: Vec<Step>) {
    let world = World::on(engine).await;
    let session = world.database.session().await;
    let mut life = Life { world, session, settings, expected: Expected::default(), opened: 0 };
    life.world.plan = life.settings.plan();
    let mut now = at("2026-10-19T08:00:00Z");
    let quiet = Scan { since: None, stopped: None, twice: false, again: false };
    life.look(&facts, &quiet, now).await;
    for step in &steps {
        step.edits.iter().for_each(|edit| facts.apply(edit));
        if let Some(settings) = &step.settings {
            life.settings = settings.clone();
            life.world.plan = settings.plan();
        }
        now = step.instant(now);
        if let Some(scan) = &step.scan {
            life.look(&facts, scan, now).await;
        }
    }
}

impl Life {
    /// Scans, and compares everything with the model.
    async fn look(&mut self, facts: &Facts, how: &Scan, now: DateTime<Utc>) {
        self.session.rows(&facts.statements(self.world.engine())).await.expect("facts");
        let since = how.since.map(|days| now - TimeDelta::days(days));
        let request = Request { at: now, since, dry_run: false, scheduled_for: None, term: None };
        let before = (self.alerts().await, self.problems().await);
        let foreseen = self.world.scan_with(Request { dry_run: true, ..request.clone() }).await;
        assert_eq!((self.alerts().await, self.problems().await), before, "a dry run changes nothing");

        let wanted = self.expected.scan(facts, (&self.settings, &self.world.plan.calendars), since, now);
        self.opened += wanted.opened;
        if let Some(batches) = how.stopped {
            self.scan_until(&request, batches).await;
        }
        let found = if how.twice {
            let (one, other) =
                tokio::join!(self.world.scan_with(request.clone()), self.world.scan_with(request.clone()));
            sum(one, &other)
        } else {
            self.world.scan_with(request.clone()).await
        };
        if how.stopped.is_none() {
            assert_eq!(ScanSummary { messages: wanted.messages, ..without_time(found) }, wanted, "at {now}");
        }
        let dry = ScanSummary { dry_run: true, ..wanted };
        assert_eq!(without_time(foreseen), dry, "the dry run at {now}");
        self.compare(now).await;

        if !how.again {
            return;
        }
        let again = self.world.scan_with(Request { since: None, ..request }).await;
        let nothing = (0, 0, Resolved::default(), 0);
        assert_eq!((again.opened, again.warned, again.resolved, again.messages), nothing, "again at {now}");
        self.compare(now).await;
    }

    async fn compare(&mut self, now: DateTime<Utc>) {
        let alerts = self.alerts().await;
        for id in alerts.keys().chain(self.expected.alerts.keys()).collect::<BTreeSet<_>>() {
            assert_eq!(alerts.get(id), self.expected.alerts.get(id), "at {now}: {id:?}");
        }
        let problems = self.expected.problems.iter().map(|(id, kind)| (id.clone(), (*kind).to_owned())).collect();
        assert_eq!(self.problems().await, problems, "at {now}");
        let open = alerts.values().filter(|alert| alert.state == State::Breached).count() as u64;
        let totals =
            self.rows("SELECT coalesce(sum(opened), 0), coalesce(sum(opened) - sum(resolved), 0) FROM sla_daily").await;
        let totals: Vec<_> = totals[0].iter().flatten().map(|total| total.parse::<f64>()).collect();
        assert_eq!(totals, [Ok(self.opened as f64), Ok(open as f64)], "sla_daily at {now}");
    }

    /// The alert table with each alert's story.
    async fn alerts(&mut self) -> BTreeMap<ClockId, Alert> {
        let statement = "SELECT rule, state, resolution, calendar, claim_id, payment_id, clock_started_at, due_at, \
             detected_at, stopped_at, resolved_at, (SELECT string_agg(kind, ' ' ORDER BY seq) FROM sla_alert_events e \
             WHERE e.alert_id = a.id), escalation_level FROM sla_alerts a";
        let rows = self.rows(statement).await;
        let alerts: BTreeMap<_, _> = rows.iter().map(|row| read_alert(row)).collect();
        assert_eq!(alerts.len(), rows.len(), "one alert a clock");
        alerts
    }

    async fn problems(&mut self) -> BTreeSet<(String, String)> {
        let rows = self.rows("SELECT claim_id, kind FROM data_problems WHERE resolved_at IS NULL").await;
        rows.into_iter().map(|mut row| (row.remove(0).expect("a claim"), row.remove(0).expect("a kind"))).collect()
    }

    async fn rows(&mut self, statement: &'static str) -> Vec<Vec<Option<String>>> {
        self.session.rows(statement).await.expect(statement)
    }

    /// A scan that is asked to stop after so many batches.
    async fn scan_until(&self, request: &Request, batches: usize) {
        let (stop, done) = (CancellationToken::new(), AtomicUsize::new(0));
        let count = || {
            if done.fetch_add(1, Ordering::Relaxed) + 1 == batches {
                stop.cancel();
            }
        };
        self.world.time.set(request.at);
        // Whether it stopped in time or finished makes no difference to what there must be in the end.
        drop(scan(&*self.world.store, &self.world.plan, &self.world.time, request, &stop, &count).await);
    }
}

fn read_alert(row: &[Option<String>]) -> (ClockId, Alert) {
    let text = |n: usize| row[n].as_deref();
    let instant = |n: usize| text(n).map(at);
    let rule = RULES.into_iter().find(|rule| text(0) == Some(*rule)).expect("a rule");
    let kinds = text(11).expect("events").split(' ');
    let alert = Alert {
        state: text(1).and_then(State::parse).expect("a state"),
        resolution: text(2).and_then(Resolution::parse),
        calendar: text(3).expect("a calendar").into(),
        due_at: instant(7).expect("a deadline"),
        detected_at: instant(8).expect("when it was found"),
        stopped_at: instant(9),
        resolved_at: instant(10),
        told: text(12) != Some("0"),
        story: kinds.map(|kind| KINDS.into_iter().find(|known| *known == kind).expect("a kind of event")).collect(),
    };
    ((rule, text(4).expect("a claim").into(), row[5].clone(), instant(6).expect("a start")), alert)
}

fn without_time(summary: ScanSummary) -> ScanSummary {
    ScanSummary { elapsed_ms: 0, ..summary }
}

/// What two scans at once did together.
fn sum(one: ScanSummary, other: &ScanSummary) -> ScanSummary {
    let resolved = Resolved {
        met: one.resolved.met + other.resolved.met,
        late: one.resolved.late + other.resolved.late,
        restarted: one.resolved.restarted + other.resolved.restarted,
        withdrawn: one.resolved.withdrawn + other.resolved.withdrawn,
    };
    ScanSummary { opened: one.opened + other.opened, warned: one.warned + other.warned, resolved, ..one }
}
