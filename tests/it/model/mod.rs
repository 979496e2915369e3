//! Scans of random small worlds against a slow model that is written from the documents alone.

mod expected;
mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::alert::State;
use claimwatch::scan::{Request, Resolved, ScanSummary, scan};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio_util::sync::CancellationToken;

use crate::world::{World, at};
use expected::{Alert, ClockId, Expected};
use facts::{Facts, Scan, Settings, Step, story};

const RULES: [&str; 4] = ["review", "dispute", "payment", "tax_invoice_payment"];

/// The events that scans cause.
const KINDS: [&str; 6] = ["opened", "breached", "escalated", "moved", "resolved", "reopened"];

/// As many as CI has time for; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200);
    ProptestConfig { cases, max_shrink_iters: 2000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scans_find_what_a_model_finds_that_looks_at_every_rule_claim_line_and_day((facts, settings, steps) in story()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(facts, settings, &steps));
    }
}

/// One world, its database, and what the model says of it.
struct Life {
    world: World,
    connection: SqliteConnection,
    settings: Settings,
    expected: Expected,
    /// Breaches opened so far, by the scans' own counts.
    opened: u64,
}

async fn live(mut facts: Facts, settings: Settings, steps: &[Step]) {
    let world = World::on_sqlite().await;
    let connection = world.connection().await;
    let mut life = Life { world, connection, settings, expected: Expected::default(), opened: 0 };
    let mut now = at("2026-10-19T08:00:00Z");
    let quiet = Scan { since: None, stopped: None, twice: false };
    life.look(&facts, &quiet, now).await;
    for step in steps {
        step.edits.iter().for_each(|edit| facts.apply(edit));
        if let Some(settings) = &step.settings {
            life.settings = settings.clone();
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
        sqlx::raw_sql(AssertSqlSafe(facts.statements())).execute(&mut self.connection).await.expect("facts");
        self.world.plan = self.settings.plan();
        let since = how.since.map(|days| now - TimeDelta::days(days));
        let request = Request { at: now, since, dry_run: false, scheduled_for: None };
        let before = (self.alerts().await, self.world.problems().await);
        let foreseen = self.world.scan_with(Request { dry_run: true, ..request.clone() }).await;
        assert_eq!((self.alerts().await, self.world.problems().await), before, "a dry run changes nothing");

        let wanted = self.expected.scan(facts, &self.settings, since, now);
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
        let dry = ScanSummary { dry_run: true, messages: 0, ..wanted };
        assert_eq!(without_time(foreseen), dry, "the dry run at {now}");
        self.compare(now).await;

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
        let problems: Vec<_> =
            self.expected.problems.iter().map(|(id, kind)| (id.clone(), (*kind).to_owned())).collect();
        assert_eq!(self.world.problems().await, problems, "at {now}");
        let open = alerts.values().filter(|alert| alert.state == State::Breached).count() as u64;
        let totals = self.world.sql("SELECT total(opened), total(opened) - total(resolved) FROM sla_daily").await;
        let totals = totals[0].iter().map(|total| total.parse::<f64>().expect("a number")).collect::<Vec<_>>();
        assert_eq!(totals, [self.opened as f64, open as f64], "sla_daily at {now}");
    }

    /// The alert table with each alert's story.
    async fn alerts(&mut self) -> BTreeMap<ClockId, Alert> {
        let events = self.world.sql("SELECT alert_id, kind FROM sla_alert_events ORDER BY alert_id, seq").await;
        let mut stories: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for event in events {
            let kind = KINDS.into_iter().find(|kind| *kind == event[1]).expect("a kind of event");
            stories.entry(event[0].clone()).or_default().push(kind);
        }
        let alerts = self.world.alerts().await;
        let count = alerts.len();
        let by_clock: BTreeMap<_, _> = alerts
            .into_iter()
            .map(|alert| {
                let rule = RULES.into_iter().find(|rule| *rule == alert.rule).expect("a rule");
                let known = Alert {
                    state: alert.state,
                    resolution: alert.resolution,
                    due_at: alert.due_at,
                    calendar: alert.calendar,
                    detected_at: alert.detected_at,
                    stopped_at: alert.stopped_at,
                    resolved_at: alert.resolved_at,
                    story: stories.remove(&alert.id.to_string()).expect("events"),
                };
                ((rule, alert.claim_id, alert.payment_id, alert.clock_started_at), known)
            })
            .collect();
        assert_eq!(by_clock.len(), count, "one alert a clock");
        assert!(stories.is_empty(), "events without an alert: {stories:?}");
        by_clock
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
