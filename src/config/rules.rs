//! `[rules.NAME]`: targets and warnings of the built-in rules.

use crate::sla::{Counting, Roll, Rule, Span, Unit};

use super::section::{Section, choice, flag, line, one_of};
use super::tree::Node;

/// The built-in rules, as configured.
pub fn read(section: &Section<'_>, calendars: &[String]) -> Vec<Rule> {
    let mut rules = Rule::built_in();
    for (name, table) in section.named() {
        if let Some(rule) = rules.iter_mut().find(|rule| rule.name == name) {
            configure(rule, table, calendars);
        } else {
            let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            section.report_at(section.key_place(name), name, format!("no such rule, expected {}", one_of(&known)));
        }
    }
    rules
}

fn configure(rule: &mut Rule, section: Section<'_>, calendars: &[String]) {
    if let Some(span) = section.read("target", read_span) {
        rule.target.span = span;
    }
    let countings = [("end_of_day", Counting::EndOfDay), ("elapsed", Counting::Elapsed)];
    if let Some(counting) = section.read("counting", |node| choice(node, &countings)) {
        rule.target.counting = counting;
    }
    let rolls = [("none", Roll::None), ("next_business_day", Roll::NextBusinessDay)];
    if let Some(roll) = section.read("roll", |node| choice(node, &rolls)) {
        rule.target.roll = roll;
    }
    if let Some(enabled) = section.read("enabled", flag) {
        rule.enabled = enabled;
    }
    rule.warn = section.read("warn", read_span);
    rule.calendar = section.read("calendar", |node| line(node, "the name of a calendar")).map(str::to_owned);
    contradictions(rule, &section, calendars);
    section.finish();
}

fn contradictions(rule: &Rule, section: &Section<'_>, calendars: &[String]) {
    let target = rule.target.span;
    if rule.target.roll == Roll::NextBusinessDay && target.unit == Unit::BusinessDays {
        section.report(
            "roll",
            format!(
                "found \"next_business_day\", but the target of {target} ends on a business day anyway; leave it out"
            ),
        );
    }
    if let Some(warn) = rule.warn
        && warn.unit == target.unit
        && warn.count >= target.count
    {
        section.report("warn", format!("found \"{warn}\", expected less than the target of {target}"));
    }
    if let Some(calendar) = &rule.calendar
        && !calendars.contains(calendar)
    {
        let known: Vec<&str> = calendars.iter().map(String::as_str).collect();
        section.report("calendar", format!("found {calendar:?}, expected {}", one_of(&known)));
    }
}

/// A number of days or business days.
pub fn read_span(node: &Node) -> Result<Span, String> {
    line(node, "a text, as \"2 business days\"")?.parse().map_err(|error: crate::sla::TargetError| error.to_string())
}
