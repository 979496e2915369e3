//! Facts → OpenMetrics. No I/O. Source: docs/monitoring.md, which a test holds to the names and labels here.

mod ahead;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::calendar::zone_data_version;
use crate::claim::ProblemKind;
use crate::sla;
use crate::store::{Gauges, OpenAlerts};

use super::facts::Reading;

/// So many programs have series of their own, those with most to watch; all others are `other` together.
const MAX_PROGRAMS: usize = 50;

/// One of a program's counts.
type Figure = fn(&OpenAlerts) -> u64;
type Labels = Vec<(&'static str, String)>;
type Counts = Family<Labels, Gauge>;
type Numbers = Family<Labels, Gauge<f64, AtomicU64>>;

/// The metrics of `reading`. What the database does not say has no series but for `claimwatch_database_up`.
pub(super) fn text(reading: &Reading) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("claimwatch");
    process(&mut registry, reading);
    count(
        &mut registry,
        "database_up",
        "Whether the database answers",
        [(Vec::new(), u64::from(reading.counted.is_some()))],
    );
    running(&mut registry, reading);
    ahead::ahead(&mut registry, reading);
    if let Some((gauges, last)) = &reading.counted {
        alerts(&mut registry, reading, gauges);
        outbox(&mut registry, gauges, reading.now);
        let last = last.map(|last| (Vec::new(), timestamp(last)));
        seconds(&mut registry, "last_scan_timestamp", "When the last scan looked that finished", last);
        let overdue = [(Vec::new(), u64::from(reading.overdue))];
        count(
            &mut registry,
            "scan_overdue",
            "Whether the last scan is older than two periods of the schedule",
            overdue,
        );
        let problems = ProblemKind::ALL
            .map(|kind| (vec![("kind", kind.to_string())], gauges.problems.get(kind.as_str()).copied().unwrap_or(0)));
        count(&mut registry, "data_problems", "Open data problems", problems);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What this process knows by itself.
fn process(registry: &mut Registry, reading: &Reading) {
    let noted = &reading.noted;
    let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION").to_owned())]);
    registry.register("build", "The release", version);
    let zone_data = Info::new(vec![("version", zone_data_version())]);
    registry.register("zone_data", "The time zone data in use", zone_data);
    count(registry, "leader", "Whether this daemon scans", [(Vec::new(), u64::from(noted.leads))]);
    let scans = [("finished", noted.scans), ("failed", noted.failed_scans)];
    let scans = scans.map(|(result, count)| (vec![("result", result.to_owned())], count));
    total(registry, "scans", "Scans of this process", scans);
    let took = noted.last_scan_took.map(|took| (Vec::new(), took.as_secs_f64()));
    seconds(registry, "scan_duration", "How long the last scan of this process took", took);
    let deliveries = noted.deliveries.iter().flat_map(|(way, [sent, again, dead])| {
        [("sent", *sent), ("again", *again), ("dead", *dead)]
            .map(|(result, count)| (vec![("transport", way.label()), ("result", result.to_owned())], count))
    });
    total(registry, "deliveries", "Attempts to deliver, by how they ended", deliveries);
    let ends = reading.calendars.iter().filter_map(|calendar| {
        let until = calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end())).min()?;
        let end = calendar.zone().start_of_day(until.succ_opt()?)?;
        Some((vec![("calendar", calendar.name().to_owned())], timestamp(end)))
    });
    seconds(registry, "calendar_known_until_timestamp", "The end of the last day that a calendar knows", ends);
    if let Some(reload) = &noted.reload {
        let succeeded = [(Vec::new(), u64::from(reload.refused.is_none()))];
        count(registry, "config_reload_successful", "Whether the last reload was taken", succeeded);
        let at = [(Vec::new(), timestamp(reload.at))];
        seconds(registry, "config_reload_timestamp", "When the configuration was to be read anew", at);
    }
}

fn running(registry: &mut Registry, reading: &Reading) {
    let Some(counted) = &reading.running else { return };
    let mut running: BTreeMap<(String, String), u64> = zeros(reading);
    let programs = Programs::most(counted.iter().map(|((_, program), count)| (program.as_deref(), *count)));
    for ((rule, program), count) in counted {
        *running.entry((rule.clone(), programs.label(program.as_deref()))).or_default() += count;
    }
    count(registry, "clocks_running", "Running clocks", running.into_iter().map(by_rule_and_program));
}

fn alerts(registry: &mut Registry, reading: &Reading, gauges: &Gauges) {
    let open = gauges.alerts.iter();
    let programs = Programs::most(open.map(|((_, program), open)| (program.as_deref(), open.at_risk + open.breached)));
    let figures: [(&str, &str, Figure); 4] = [
        ("alerts_at_risk", "Open alerts whose deadline is near", |open| open.at_risk),
        ("alerts_breached", "Open alerts past their deadline", |open| open.breached),
        ("alerts_acknowledged", "Breached alerts that someone acknowledged", |open| open.acknowledged),
        ("alerts_held", "Alerts held until someone says that they are right", |open| open.held),
    ];
    for (name, help, figure) in figures {
        let mut counts: BTreeMap<(String, String), u64> = zeros(reading);
        for ((rule, program), open) in &gauges.alerts {
            *counts.entry((rule.clone(), programs.label(program.as_deref()))).or_default() += figure(open);
        }
        count(registry, name, help, counts.into_iter().map(by_rule_and_program));
    }
    let mut oldest: BTreeMap<String, u64> = enabled(reading).map(|rule| (rule, 0)).collect();
    for ((rule, calendar), due) in &gauges.oldest {
        let calendar = reading.calendars.get(calendar).unwrap_or_else(|| reading.calendars.default());
        let days = u64::from(sla::business_days_between(calendar, *due, reading.now));
        let known = oldest.entry(rule.clone()).or_default();
        *known = days.max(*known);
    }
    let oldest = oldest.into_iter().map(|(rule, days)| (vec![("rule", rule)], days));
    count(registry, "oldest_overdue_business_days", "By how many business days the oldest breach is late", oldest);
}

fn outbox(registry: &mut Registry, gauges: &Gauges, now: DateTime<Utc>) {
    let outbox = gauges.outbox;
    let depth = [("waiting", outbox.waiting), ("due", outbox.due), ("dead", outbox.dead)];
    let depth = depth.map(|(state, count)| (vec![("state", state.to_owned())], count));
    count(registry, "outbox_deliveries", "Deliveries that wait, those of them that are due, and those given up", depth);
    let age = outbox.oldest.map_or(0.0, |oldest| seconds_of(now - oldest).max(0.0));
    seconds(registry, "outbox_oldest_age", "How long the oldest waiting delivery has waited", [(Vec::new(), age)]);
    let disabled = [(Vec::new(), gauges.disabled)];
    count(registry, "recipients_disabled", "Addresses and webhooks to which nothing is sent any more", disabled);
}

/// Which programs have series of their own.
struct Programs(BTreeSet<String>);

impl Programs {
    fn most<'a>(counts: impl Iterator<Item = (Option<&'a str>, u64)>) -> Self {
        let mut by_program: BTreeMap<&str, u64> = BTreeMap::new();
        for (program, count) in counts {
            *by_program.entry(program.unwrap_or_default()).or_default() += count;
        }
        let mut ranked: Vec<(&str, u64)> = by_program.into_iter().collect();
        ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Self(ranked.into_iter().take(MAX_PROGRAMS).map(|(program, _)| program.to_owned()).collect())
    }

    fn label(&self, program: Option<&str>) -> String {
        let program = program.unwrap_or_default();
        if self.0.contains(program) { program.to_owned() } else { "other".to_owned() }
    }
}

fn enabled(reading: &Reading) -> impl Iterator<Item = String> {
    reading.rules.iter().filter(|rule| rule.enabled).map(|rule| rule.name.clone())
}

/// Nothing of any rule: a series that is there says more than one that is not.
fn zeros(reading: &Reading) -> BTreeMap<(String, String), u64> {
    enabled(reading).map(|rule| ((rule, String::new()), 0)).collect()
}

fn by_rule_and_program(((rule, program), count): ((String, String), u64)) -> (Labels, u64) {
    (vec![("rule", rule), ("program", program)], count)
}

fn count(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
    let family = Counts::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
    }
    registry.register(name, help, family);
}

fn numbers(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
    let family = Numbers::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}

fn total(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
    let family = Family::<Labels, Counter>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).inc_by(value);
    }
    registry.register(name, help, family);
}

fn seconds(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
    let family = Numbers::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register_with_unit(name, help, Unit::Seconds, family);
}

fn timestamp(at: DateTime<Utc>) -> f64 {
    seconds_of(at - DateTime::UNIX_EPOCH)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit for 285,000 years")]
fn seconds_of(span: chrono::TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
