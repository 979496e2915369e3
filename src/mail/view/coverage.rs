//! What stands behind a message's silence about everything else: what the scan looked at.

use crate::calendar::Zone;
use crate::claim::clean_line;
use crate::escalation::{Coverage, Digest, Reach};
use crate::wording::Words;

use super::{MAX_ID, Row};

/// So many calendars are named, those that end first.
const MAX_CALENDARS: usize = 12;

/// A row for each thing that was looked at; none, if nobody noted what was.
pub(super) fn coverage(words: Words, digest: &Digest, zone: Option<&Zone>) -> Vec<Row> {
    let coverage = &digest.coverage;
    if *coverage == Coverage::default() {
        return Vec::new();
    }
    let row = |label: &str, values: Vec<String>| Row { label: words.say(label, []), values };
    let newest = match coverage.newest_start {
        Some(at) => words.say("coverage-newest", [("instant", words.instant_in_zone(at, zone).into())]),
        None => words.say("coverage-none", []),
    };
    let problems = words.say("coverage-problems", [("count", coverage.data_problems.into())]);
    vec![
        row("label-scan", vec![words.instant_in_zone(digest.at, zone)]),
        row("label-running", vec![running(words, coverage)]),
        row("label-open", vec![open(words, coverage)]),
        row("label-problems", vec![problems]),
        row("label-newest", vec![newest]),
        row("label-calendars", calendars(words, &coverage.calendars)),
    ]
}

/// `45 in all: 14 reviews, 3 disputes and 28 payments`.
fn running(words: Words, coverage: &Coverage) -> String {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let rules: Vec<String> =
        coverage.running.iter().map(|(rule, running)| words.rule_count(rule, count(*running))).collect();
    match rules.as_slice() {
        [] => words.say("coverage-none", []),
        [one] => one.clone(),
        rules => words.say(
            "coverage-running",
            [("count", coverage.running.values().sum::<u64>().into()), ("rules", words.list(rules).into())],
        ),
    }
}

fn open(words: Words, coverage: &Coverage) -> String {
    let at_risk: u64 = coverage.open.values().map(|(at_risk, _)| at_risk).sum();
    let late: u64 = coverage.open.values().map(|(_, late)| late).sum();
    if at_risk + late == 0 {
        return words.say("coverage-no-alert", []);
    }
    words.say("open-alerts", [("late", late.into()), ("risk", at_risk.into())])
}

/// A line a calendar, the one that ends first before the others.
fn calendars(words: Words, calendars: &[Reach]) -> Vec<String> {
    let mut by_end: Vec<&Reach> = calendars.iter().collect();
    by_end.sort_by_key(|reach| (reach.until.is_none(), reach.until));
    let mut lines: Vec<String> = by_end.iter().take(MAX_CALENDARS).map(|reach| reaches(words, reach)).collect();
    if calendars.len() > MAX_CALENDARS {
        lines.push(words.say("beyond-more-calendars", [("count", (calendars.len() - MAX_CALENDARS).into())]));
    }
    if lines.is_empty() {
        lines.push(words.say("coverage-none", []));
    }
    lines
}

fn reaches(words: Words, reach: &Reach) -> String {
    let calendar = clean_line(&reach.calendar, MAX_ID);
    let zone = clean_line(&reach.time_zone, MAX_ID);
    match reach.until {
        Some(until) => words.say(
            "coverage-calendar-until",
            [("calendar", calendar.into()), ("zone", zone.into()), ("until", words.date(until).into())],
        ),
        None => words.say("coverage-calendar", [("calendar", calendar.into()), ("zone", zone.into())]),
    }
}
