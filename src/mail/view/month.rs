//! How a month went: met and late by rule, and the worst.

use serde::Serialize;

use crate::claim::{Money, clean_line};
use crate::escalation::{MonthFigures, RuleOfMonth, WorstOfMonth, claim_link};
use crate::wording::Words;

use super::{MAX_ID, RuleView};

/// The worst of a month, a line each.
#[derive(Debug, Serialize)]
pub(super) struct MonthView {
    worst: Vec<WorstView>,
}

#[derive(Debug, Serialize)]
struct WorstView {
    claim: String,
    link: Option<String>,
    what: String,
}

impl MonthView {
    pub(super) fn new(words: Words, month: &MonthFigures, claim_url: Option<&str>) -> Self {
        let worst = month.worst.iter().map(|worst| WorstView {
            claim: clean_line(&worst.claim_id, MAX_ID).into_owned(),
            link: claim_link(claim_url, &worst.claim_id),
            what: what(words, worst),
        });
        Self { worst: worst.collect() }
    }
}

fn what(words: Words, worst: &WorstOfMonth) -> String {
    let parts = [
        Some(words.rule(&worst.rule)),
        Some(words.business_days_late(worst.business_days_late)),
        worst.is_open.then(|| words.say("month-still-open", [])),
        worst.partner_name.as_deref().map(|name| clean_line(name, MAX_ID).into_owned()),
        worst.money.map(|money| words.money(money)),
    ];
    words.commas(&parts.into_iter().flatten().collect::<Vec<_>>())
}

/// Met and late of each rule.
pub(super) fn by_rule(words: Words, month: &MonthFigures) -> Vec<RuleView> {
    let rule = |rule: &RuleOfMonth| RuleView {
        what: words.rule(&rule.rule),
        figures: figures(words, rule),
        is_late: rule.late > 0,
    };
    month.rules.iter().map(rule).collect()
}

fn figures(words: Words, rule: &RuleOfMonth) -> String {
    let Some(percent) = rule.percent_met else {
        return words.say("month-nothing-ended", [("count", rule.clocks.into())]);
    };
    let args = [
        ("percent", words.decimal(percent).into()),
        ("met", rule.met.into()),
        ("judged", (rule.met + rule.late).into()),
        ("late", rule.late.into()),
    ];
    let said = words.say("month-of-rule", args);
    let money: Vec<String> = rule.late_money.iter().map(|money: &Money| words.money(*money)).collect();
    if money.is_empty() {
        said
    } else {
        words.say("month-with-money", [("figures", said.into()), ("money", words.commas(&money).into())])
    }
}

/// How many were met of how many that were met or late, whatever their rule.
pub(super) fn in_all(month: &MonthFigures) -> (u64, u64) {
    let met: u64 = month.rules.iter().map(|rule| rule.met).sum();
    (met, met + month.rules.iter().map(|rule| rule.late).sum::<u64>())
}
