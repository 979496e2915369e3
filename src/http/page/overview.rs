//! The first view: how much is late, what opened and was resolved, whether the work is done, the worst.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use super::super::Shared;
use super::asked::Asked;
use super::chart::{Chart, Column, chart};
use super::coming::{Coming, coming};
use super::row::{Row, Rows, WIDE};
use super::sheet::{self, Sheet};
use super::{Answer, Desk, picture, wrong};
use crate::alert::State as AlertState;
use crate::check::Check;
use crate::claim::clean_line;
use crate::sla::business_days_between;
use crate::store::Gauges;
use crate::store::browse::{AlertCount, AlertQuery, DailyCount};

/// So many days back.
const DAYS: u64 = 30;
/// So many programs, those with the most late alerts.
const PROGRAMS: usize = 12;
/// So many of the worst alerts.
const WORST: u32 = 8;

#[derive(Serialize)]
struct View {
    tiles: Vec<Tile>,
    rules: Vec<Group>,
    programs: Vec<Group>,
    more_programs: usize,
    levels: Vec<Level>,
    days: Vec<Day>,
    moved: Option<Chart>,
    open: Option<Chart>,
    coming: Option<Coming>,
    worst: Vec<Row>,
    checks: Vec<Health>,
    coverage: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Tile {
    kind: &'static str,
    label: String,
    count: u64,
    href: String,
}

/// Open alerts of one rule or program.
#[derive(Serialize)]
struct Group {
    name: String,
    href: String,
    late: u64,
    risk: u64,
    acknowledged: u64,
    held: u64,
    /// How late the oldest is.
    oldest: String,
}

#[derive(Serialize)]
struct Level {
    level: u32,
    count: u64,
    href: String,
}

#[derive(Serialize)]
struct Day {
    date: String,
    day: String,
    opened: u64,
    resolved: u64,
    open: u64,
}

#[derive(Serialize)]
struct Health {
    ok: bool,
    name: String,
    detail: String,
    fix: Option<String>,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    answer(&desk).await.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

async fn answer(desk: &Desk<'_>) -> Answer {
    let (facts, asked) = (desk.facts, desk.asked);
    let (store, now) = (&facts.store, facts.time.now());
    let counts = facts.counts().await?;
    let reading = facts.reading().await;
    let worst = store.browse_alerts(&AlertQuery::default(), now, None, WORST).await?;
    let silences = store.all_silences().await?;
    let today = now.date_naive();
    let since = today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today);
    let late = sum(&counts, AlertState::Breached, |alike| alike.count);
    let days = of_days(desk, since, &facts.daily(since, today).await?, late);
    let rows = Rows::new(desk, &reading.calendars, &silences, now);
    let mut checks = facts.readiness().await;
    checks.extend(facts.alive());
    let gauges = reading.counted.as_ref().map(|(gauges, _)| gauges);
    checks.extend(gauges.map(crate::health::outbox));
    let (programs, more_programs) = by_program(desk, &counts);
    let view = View {
        tiles: tiles(desk, &counts, gauges),
        rules: by_rule(desk, &counts, gauges, now),
        programs,
        more_programs,
        levels: levels(desk, &counts),
        moved: pictured(&days, |day| vec![day.opened, day.resolved]),
        open: pictured(&days, |day| vec![day.open]),
        days,
        coming: facts.ahead().map(|forecast| coming(desk, &forecast)),
        worst: worst.alerts.iter().map(|alert| rows.of(alert)).collect(),
        checks: checks.iter().map(health).collect(),
        coverage: coverage(desk, &reading),
    };
    Ok(sheet::respond(asked, StatusCode::OK, &Sheet { template: "overview.html.j2", here: "/", view: &view }))
}

/// How many of the alerts in `state`.
fn sum(counts: &[AlertCount], state: AlertState, of: impl Fn(&AlertCount) -> u64) -> u64 {
    counts.iter().filter(|alike| alike.state == state).map(of).sum()
}

fn all(counts: &[AlertCount], of: impl Fn(&AlertCount) -> u64) -> u64 {
    counts.iter().map(of).sum()
}

fn tiles(desk: &Desk<'_>, counts: &[AlertCount], gauges: Option<&Gauges>) -> Vec<Tile> {
    let (asked, words) = (desk.asked, desk.asked.words());
    let tile = |kind: &'static str, path: &str, query: &[(&str, &str)], count: u64| Tile {
        kind,
        label: words.say(&format!("page-tile-{kind}"), [("count", count.into())]),
        count,
        href: asked.url(path, query),
    };
    let late = |of: fn(&AlertCount) -> u64| sum(counts, AlertState::Breached, of);
    let unanswered = late(|alike| alike.count - alike.acknowledged);
    let mut tiles = vec![
        tile("late", "/alerts", &[("state", "breached")], late(|alike| alike.count)),
        tile("risk", "/alerts", &[("state", "at_risk")], sum(counts, AlertState::AtRisk, |alike| alike.count)),
        tile("unanswered", "/alerts", &[("state", "breached"), ("answer", "unacknowledged")], unanswered),
        tile("held", "/alerts", &[("state", "held")], all(counts, |alike| alike.held)),
    ];
    if let Some(gauges) = gauges {
        tiles.push(tile("problems", "/problems", &[], gauges.problems.values().sum()));
        tiles.push(tile("dead", "/outbox", &[("state", "dead")], gauges.outbox.dead));
    }
    tiles
}

fn group(name: String, href: String, counts: &[AlertCount], belongs: impl Fn(&AlertCount) -> bool) -> Group {
    let here: Vec<AlertCount> = counts.iter().filter(|alike| belongs(alike)).cloned().collect();
    Group {
        name,
        href,
        late: sum(&here, AlertState::Breached, |alike| alike.count),
        risk: sum(&here, AlertState::AtRisk, |alike| alike.count),
        acknowledged: all(&here, |alike| alike.acknowledged),
        held: all(&here, |alike| alike.held),
        oldest: String::new(),
    }
}

/// Each rule that is watched, and each of which an alert is open all the same.
fn by_rule(desk: &Desk<'_>, counts: &[AlertCount], gauges: Option<&Gauges>, now: DateTime<Utc>) -> Vec<Group> {
    let words = desk.asked.words();
    let watched = desk.facts.rules.iter().filter(|rule| rule.enabled).map(|rule| rule.name.as_str());
    let mut names: Vec<&str> = watched.collect();
    for alike in counts {
        if !names.contains(&alike.rule.as_str()) {
            names.push(&alike.rule);
        }
    }
    let calendars = desk.facts.calendars.borrow().clone();
    let oldest = |name: &str| {
        let late = gauges?.oldest.iter().filter(|((rule, _), _)| rule == name).map(|((_, calendar), due)| {
            let calendar = calendars.get(calendar).unwrap_or_else(|| calendars.default());
            business_days_between(calendar, *due, now)
        });
        late.max()
    };
    let of = |name: &&str| Group {
        oldest: oldest(name).map(|days| words.business_days_late(days)).unwrap_or_default(),
        ..group(words.rule(name), desk.asked.url("/alerts", &[("rule", name)]), counts, |alike| alike.rule == *name)
    };
    names.iter().map(of).collect()
}

/// The programs with the most late alerts, and how many more there are.
fn by_program(desk: &Desk<'_>, counts: &[AlertCount]) -> (Vec<Group>, usize) {
    let mut late: BTreeMap<&str, u64> = BTreeMap::new();
    for alike in counts {
        let here = late.entry(alike.program_id.as_deref().unwrap_or_default()).or_default();
        *here += if alike.state == AlertState::Breached { alike.count } else { 0 };
    }
    let mut names: Vec<(&str, u64)> = late.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    names.sort_by_key(|(name, late)| (std::cmp::Reverse(*late), *name));
    let more = names.len().saturating_sub(PROGRAMS);
    let of = |(name, _): &(&str, u64)| {
        let href = desk.asked.url("/alerts", &[("program", name)]);
        group(clean_line(name, WIDE).into_owned(), href, counts, |alike| alike.program_id.as_deref() == Some(name))
    };
    (names.iter().take(PROGRAMS).map(of).collect(), more)
}

fn levels(desk: &Desk<'_>, counts: &[AlertCount]) -> Vec<Level> {
    let mut levels: BTreeMap<u32, u64> = BTreeMap::new();
    counts.iter().for_each(|alike| *levels.entry(alike.level).or_default() += alike.count);
    let of = |(level, count): (u32, u64)| Level {
        level,
        count,
        href: desk.asked.url("/alerts", &[("level", &level.to_string())]),
    };
    levels.into_iter().rev().map(of).collect()
}

/// Each day, counted back from what is late now.
fn of_days(desk: &Desk<'_>, since: NaiveDate, counted: &[DailyCount], late: u64) -> Vec<Day> {
    let words = desk.asked.words();
    let by_day: BTreeMap<NaiveDate, &DailyCount> = counted.iter().map(|day| (day.day, day)).collect();
    let mut open = late;
    let mut days: Vec<Day> = picture::days(since, DAYS)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .map(|date| {
            let (opened, resolved) = by_day.get(&date).map_or((0, 0), |day| (day.opened, day.resolved));
            let day = Day { date: date.to_string(), day: words.short_date(date, None), opened, resolved, open };
            open = (open + resolved).saturating_sub(opened);
            day
        })
        .collect();
    days.reverse();
    days
}

fn pictured(days: &[Day], bars: impl Fn(&Day) -> Vec<u64>) -> Option<Chart> {
    let column = |day: &Day| Column {
        name: day.date.get(5..).unwrap_or_default().to_owned(),
        title: format!("{}: {}", day.day, bars(day).iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
        bars: bars(day),
    };
    days.iter()
        .any(|day| bars(day).iter().any(|bar| *bar > 0))
        .then(|| chart(&days.iter().map(column).collect::<Vec<_>>()))
}

fn health(check: &Check) -> Health {
    Health {
        ok: check.ok,
        name: check.check.to_owned(),
        detail: check.detail.to_string(),
        fix: check.fix.as_ref().map(ToString::to_string),
    }
}

/// What was looked at: the last scan, running clocks, how far calendars reach.
fn coverage(desk: &Desk<'_>, reading: &super::super::facts::Reading) -> Vec<(String, String)> {
    let words = desk.asked.words();
    let zone = reading.calendars.default().zone();
    let mut said = Vec::new();
    let last = reading.counted.as_ref().and_then(|(_, last)| *last);
    let last = last.map_or_else(|| words.say("page-no-scan", []), |at| words.instant(at, zone));
    said.push((words.say("page-last-scan", []), last));
    if let Some(running) = &reading.running {
        for rule in reading.rules.iter().filter(|rule| rule.enabled) {
            let count: u64 = running.iter().filter(|((name, _), _)| *name == rule.name).map(|(_, count)| count).sum();
            let label = words.say("page-running", [("rule", words.rule(&rule.name).into())]);
            said.push((label, words.say("page-clocks", [("count", count.into())])));
        }
    }
    for calendar in reading.calendars.iter() {
        let until = calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end())).min();
        let known = until.map_or_else(
            || words.say("page-known-always", []),
            |day| words.say("page-known-until", [("day", words.short_date(day, None).into())]),
        );
        let name = clean_line(calendar.name(), WIDE).into_owned();
        said.push((words.say("page-calendar-name", [("calendar", name.into())]), known));
    }
    said
}
