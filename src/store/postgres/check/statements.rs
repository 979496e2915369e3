//! Every statement with which scans and mails read the sources, made by the functions that make it there, with the indexes
//! that it was written for.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::needs::{self, Need};
use crate::sla::{Rule, Watches};
use crate::store::postgres::clocks::{self, Part};
use crate::store::postgres::search::Search;
use crate::store::postgres::{alerts, claims, glance, problems};
use crate::store::{Cutoffs, Side, Starts, StoreError};

/// One statement.
pub(super) struct Statement {
    /// What it looks for.
    pub finds: String,
    pub search: Search,
    pub needs: Vec<Need>,
}

pub(super) fn all(rules: &[Rule], now: DateTime<Utc>) -> Result<Vec<Statement>, StoreError> {
    let mut all = Vec::new();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        for part in Part::of(rule) {
            running(rule, *part, now, &mut all)?;
        }
        for part in clocks::stopped_parts(rule) {
            let driver = if *part == Part::Claims { needs::stop(rule, now) } else { needs::paid_lines(now) };
            all.push(Statement {
                finds: format!("stopped clocks of {}", rule.name),
                search: claims::stopped(rule, (now - TimeDelta::minutes(5), now), *part)?,
                needs: beside(driver, rule, *part),
            });
        }
        alerted(rule, now, &mut all)?;
    }
    let (unreadable_claims, unreadable_lines) = problems::of_unreadable();
    let mut others = |finds: &str, search, needs| all.push(Statement { finds: finds.into(), search, needs });
    others("unknown statuses", problems::of_unknown_status(), vec![needs::unknown_status()]);
    others("unreadable claims", unreadable_claims, vec![needs::unreadable_claims(), needs::a_program()]);
    others("unreadable payments", unreadable_lines, vec![needs::unreadable_lines()]);
    let of_one = vec![needs::a_claim(), needs::a_program(), needs::lines_of_a_claim()];
    others("one claim", claims::of_claim("?")?, of_one);
    others("the history of one claim", claims::history_of("?", 5)?, vec![needs::history_of_a_claim()]);
    Ok(all)
}

/// What a scan asks about the running clocks of one part.
fn running(rule: &Rule, part: Part, now: DateTime<Utc>, all: &mut Vec<Statement>) -> Result<(), StoreError> {
    let cutoffs = Cutoffs { default: now, by_calendar: BTreeMap::new(), at_risk: false };
    let starts = |side| Starts { side, default: Some(now), by_calendar: BTreeMap::new() };
    let mut searches = vec![
        ("late clocks", claims::unalerted(rule, &cutoffs, part, false)?),
        ("late clocks", claims::unalerted(rule, &cutoffs, part, true)?),
        ("early clocks", claims::bounded(rule, &starts(Side::Before), part)?),
        ("clocks beyond a calendar", claims::bounded(rule, &starts(Side::From), part)?),
        ("running clocks", claims::counted(rule, part, now)?),
        ("strange programs", problems::of_strange_programs(rule, part, &[])?),
    ];
    searches.extend(problems::without_start(rule, part).map(|search| ("missing starts", search)));
    for (what, search) in searches {
        let driver = match part {
            Part::Claims => needs::clock(rule, now),
            Part::OpenLines => needs::unpaid_lines(),
            Part::LeftOverLines => needs::paid_lines(now),
        };
        let finds = format!("{what} of {}", rule.name);
        all.push(Statement { finds, search, needs: beside(driver, rule, part) });
    }
    Ok(())
}

/// What a scan asks about the clocks of a rule beside its open alerts.
fn alerted(rule: &Rule, now: DateTime<Utc>, all: &mut Vec<Statement>) -> Result<(), StoreError> {
    let mut searches = vec![
        ("clocks beside their alerts", glance::search(rule, true)?),
        ("open alerts", alerts::all_open(rule, ("", ""))?),
        ("stray alerts", alerts::strays(rule, ("", ""))?),
    ];
    if rule.watches == Watches::Payments {
        searches.push(("stray alerts", alerts::stray_lines(rule, ("", ""))?));
    }
    for (what, search) in searches {
        let mut needs = beside(needs::clock(rule, now), rule, Part::Claims);
        needs.extend([needs::a_line(), needs::lines_of_a_claim()]);
        all.push(Statement { finds: format!("{what} of {}", rule.name), search, needs });
    }
    Ok(())
}

/// The index by which rows are found, and those by which what belongs to them is.
fn beside(driver: Need, rule: &Rule, part: Part) -> Vec<Need> {
    let mut needs = vec![driver, needs::a_claim(), needs::a_program()];
    match (rule.watches, part) {
        (Watches::Claim, _) => {}
        (Watches::Payments, Part::Claims) => needs.push(needs::lines_of_a_claim()),
        (Watches::Payments, _) => needs.push(needs::a_line()),
    }
    needs
}
