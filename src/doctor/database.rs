//! The database, as far as it answers: each question has its own patience, and hides no other.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::timeout;

use super::mask;
use super::sheet::Sheet;
use crate::alert::{Opening, State};
use crate::claim::{ProblemKind, Redactable};
use crate::now::TimeSource;
use crate::sla::Rule;
use crate::store::transfer::{LEADERSHIP, NOT_MOVED, TABLES};
use crate::store::{AppliedMigration, DeliveryState, Fit, Gauges, IndexState, OwnIndex, PastScan, Store, StoreError};

/// The longest that one answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How many scans are shown.
const SCANS: u32 = 20;
/// How many errors of the outbox are looked at.
const ERRORS: u32 = 1_000;

/// What `store` says of itself and of what happened in it.
pub async fn write(sheet: &mut Sheet, store: &dyn Store, time: &TimeSource) {
    engine(sheet, store, time).await;
    tables(sheet, store).await;
    scans(sheet, store, time.now()).await;
    outbox(sheet, store).await;
    sheet.section("Alerts and data problems");
    if let Some(gauges) = answer(sheet, store.gauges(time.now())).await {
        counts(sheet, &gauges);
    }
}

/// The answer; without one, why.
async fn answer<T>(sheet: &mut Sheet, question: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match timeout(PATIENCE, question).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => sheet.line("not known", error.to_string()),
        Err(_) => sheet.line("not known", silence(PATIENCE)),
    }
    None
}

/// What is said where no answer came in time.
pub fn silence(patience: Duration) -> Redactable {
    Redactable::from("no answer in ").public(patience.as_secs()).and(" seconds")
}

async fn engine(sheet: &mut Sheet, store: &dyn Store, time: &TimeSource) {
    if let Some(engine) = answer(sheet, store.engine()).await {
        sheet.public("engine", &engine.version);
        sheet.public("bytes", engine.bytes);
        if let Some(free) = engine.free {
            sheet.public("bytes free on its disk", free);
        }
        if let Some(clock) = engine.clock {
            sheet.public("its clock, seconds ahead of this machine's", shown_span(clock - time.now()));
        }
        for (name, value) in engine.settings {
            let plain = mask::plain(&value).map(Redactable::known);
            sheet.line(name, plain.unwrap_or_else(|| value.into()));
        }
    }
    if let Some(applied) = answer(sheet, store.migrations()).await {
        for AppliedMigration { version, fit, applied_at } in applied {
            let fit = match fit {
                Fit::Same => "as this claimwatch has it",
                Fit::Changed => "ANOTHER TEXT than this claimwatch has",
                Fit::Unknown => "UNKNOWN to this claimwatch",
                Fit::Failed => "FAILED",
            };
            let at = applied_at.map_or_else(|| "unknown".to_owned(), seconds);
            sheet.line(
                Redactable::from("migration ").public(version),
                Redactable::from(fit).and(", applied ").public(at),
            );
        }
    }
}

async fn tables(sheet: &mut Sheet, store: &dyn Store) {
    sheet.section("Tables");
    let indexes = answer(sheet, store.indexes()).await.unwrap_or_default();
    // Where one daemon at a time works, nothing says which of several leads.
    let alone = store.leases().is_none();
    let kept_apart = NOT_MOVED.into_iter().filter(|name| !(alone && LEADERSHIP.contains(name)));
    for name in TABLES.iter().map(|table| table.name).chain(kept_apart) {
        let of_table: Vec<&OwnIndex> = indexes.iter().filter(|index| index.table == name).collect();
        let found = match timeout(PATIENCE, store.rows(name)).await {
            Ok(Ok(Some(rows))) => Redactable::known(rows).and(" rows").then(by_state(&of_table)),
            Ok(Ok(None)) => "not there".into(),
            Ok(Err(error)) => error.to_string().into(),
            Err(_) => silence(PATIENCE),
        };
        sheet.line(name, found);
    }
}

/// The names of `indexes`, those that are amiss so that they are seen.
fn by_state(indexes: &[&OwnIndex]) -> Redactable {
    let states = [
        ("; indexes: ", IndexState::There),
        ("; MISSING: ", IndexState::Missing),
        ("; INVALID: ", IndexState::Invalid),
    ];
    states.into_iter().fold(Redactable::default(), |line, (what, state)| {
        let names: Vec<&str> = indexes.iter().filter(|index| index.state == state).map(|index| index.name).collect();
        if names.is_empty() { line } else { line.and(what).public(names.join(", ")) }
    })
}

async fn scans(sheet: &mut Sheet, store: &dyn Store, now: DateTime<Utc>) {
    sheet.section("Latest scans");
    let Some(scans) = answer(sheet, store.latest_scans(SCANS)).await else { return };
    if let Some(latest) = scans.iter().find(|scan| scan.finished_at.is_some()) {
        sheet.public("since the last one that finished, seconds", shown_span(now - latest.began_at));
    }
    for scan in &scans {
        sheet.line(Redactable::known(seconds(scan.began_at)), scan_line(scan));
    }
    if scans.is_empty() {
        sheet.line("scans", "none");
    }
}

fn scan_line(scan: &PastScan) -> Redactable {
    let by = if scan.scheduled_for.is_some() { "scheduled; " } else { "by hand; " };
    let line = Redactable::from(by);
    let Some(finished_at) = scan.finished_at else {
        return line.and("FAILED: ").private(scan.error.as_deref().unwrap_or_default());
    };
    let counts = scan.counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(", {name} {count}"));
    let line = line.and("finished after ").public(shown_span(finished_at - scan.began_at)).and(" s");
    let line = line.public(counts.collect::<String>());
    let openings = [Opening::Inherited, Opening::Held].map(Opening::as_str);
    match openings.into_iter().find(|opening| scan.opening.as_deref() == Some(*opening)) {
        Some(opening) => line.and("; ").and(opening),
        None => line,
    }
}

async fn outbox(sheet: &mut Sheet, store: &dyn Store) {
    sheet.section("Outbox");
    let Some(states) = answer(sheet, store.deliveries_by_state()).await else { return };
    for (state, count) in states {
        sheet.line(state_name(&state), Redactable::known(count));
    }
    let Some(failed) = answer(sheet, store.failed_deliveries(ERRORS)).await else { return };
    let mut groups: BTreeMap<(String, bool, String), u64> = BTreeMap::new();
    for failure in failed {
        let known = mask::known(&failure.error);
        let words = if known.is_empty() { "other words".to_owned() } else { known.join(", ") };
        *groups.entry((failure.state, failure.to_webhooks, words)).or_default() += failure.count;
    }
    for ((state, to_webhooks, words), count) in groups {
        let to = if to_webhooks { ", to webhooks, with: " } else { ", by mail, with: " };
        sheet.line(state_name(&state).and(to).public(words), Redactable::known(count));
    }
}

/// The state of a delivery, if it is one.
fn state_name(state: &str) -> Redactable {
    DeliveryState::parse(state).map_or_else(|| state.to_owned().into(), |state| state.as_str().into())
}

fn counts(sheet: &mut Sheet, gauges: &Gauges) {
    let rules = Rule::built_in();
    let mut open: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut held = 0;
    for ((rule, _), alerts) in &gauges.alerts {
        let rule = rules.iter().find(|known| known.name == *rule).map_or("another rule", |rule| rule.name.as_str());
        *open.entry((rule, State::AtRisk.as_str())).or_default() += alerts.at_risk;
        *open.entry((rule, State::Breached.as_str())).or_default() += alerts.breached;
        held += alerts.held;
    }
    for ((rule, state), count) in open {
        let name = Redactable::from("open alerts, ").public(rule).and(", ").public(state);
        sheet.line(name, Redactable::known(count));
    }
    sheet.public("held alerts", held);
    sheet.public("disabled recipients", gauges.disabled);
    for kind in ProblemKind::ALL {
        if let Some(count) = gauges.problems.get(kind.as_str()) {
            sheet.line(Redactable::from("data problems, ").public(kind), Redactable::known(count));
        }
    }
    if gauges.problems.is_empty() {
        sheet.line("data problems", "none");
    }
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Seconds with their milliseconds.
fn shown_span(span: TimeDelta) -> String {
    format!("{:.3}", span.as_seconds_f64())
}
