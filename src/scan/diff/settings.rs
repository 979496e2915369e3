//! The settings that decide something, as text, and which of them differ.

use std::collections::{BTreeMap, BTreeSet};

use lettre::message::Mailbox;

use chrono::Weekday;

use crate::calendar::Calendar;
use crate::escalation::{Glob, Policy, Recipients};
use crate::scan::Plan;
use crate::sla::{Rule, Span};

use super::{Both, SettingDiff};

type Facts = BTreeMap<String, String>;

pub(super) fn differing(present: &Plan, new: &Plan) -> Vec<SettingDiff> {
    let (before, after) = (facts(present), facts(new));
    let settings: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = settings.into_iter().filter(|setting| before.get(*setting) != after.get(*setting));
    let diff = |setting: &String| SettingDiff {
        setting: setting.clone(),
        values: Both { present: before.get(setting).cloned(), new: after.get(setting).cloned() },
    };
    differs.map(diff).collect()
}

fn facts(plan: &Plan) -> Facts {
    let mut facts = Facts::new();
    for rule in &plan.rules {
        rule_facts(rule, &mut facts);
    }
    facts.insert("calendars.default".into(), plan.calendars.default().name().into());
    for calendar in plan.calendars.iter() {
        facts.insert(format!("calendars.{}", calendar.name()), calendar_text(calendar));
    }
    policy_facts(&plan.policy, &mut facts);
    facts
}

fn rule_facts(rule: &Rule, facts: &mut Facts) {
    let mut fact = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(format!("rules.{}.{key}", rule.name), value);
        }
    };
    fact("enabled", Some(rule.enabled.to_string()));
    fact("target", Some(rule.target.to_string()));
    fact("warn", rule.warn.map(|warn| warn.to_string()));
    fact("calendar", rule.calendar.clone());
}

fn calendar_text(calendar: &Calendar) -> String {
    let (holidays, worked) = (calendar.holidays().count(), calendar.working_days().count());
    let zone = calendar.zone();
    let days = calendar.weekends().last().map(|(_, off)| off.iter(Weekday::Mon).map(|day| day.to_string()).collect());
    let weekend = days.map_or_else(String::new, |days: Vec<String>| days.join(" "));
    let ends = calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end()));
    let until = ends.min().map_or_else(|| "ever".into(), |until| until.to_string());
    format!(
        "{} ({}), weekend: {weekend}, holidays: {holidays}, extra working days: {worked}, known until {until}, version {}",
        zone.name(),
        zone.data_version(),
        calendar.version()
    )
}

fn policy_facts(policy: &Policy, facts: &mut Facts) {
    let after = |span: Option<Span>| span.map_or("at the deadline".into(), |span| format!("after {span}"));
    for (number, level) in (1..).zip(&policy.levels) {
        let again = level.remind_every.map_or(String::new(), |every| format!(", again every {every}"));
        let text = format!("{}{again}, {}", after(level.after), recipients(&level.recipients));
        facts.insert(format!("escalation.levels[{number}]"), text);
    }
    for (number, route) in (1..).zip(&policy.routes) {
        let glob = |what: &str, glob: &Option<Glob>| glob.as_ref().map(|glob| format!("{what} {:?}", glob.pattern()));
        let level = route.level.map(|level| format!("level {level}"));
        let conditions = [
            glob("rule", &route.rule),
            glob("program", &route.program),
            glob("paying entity", &route.paying_entity),
            level,
            Some(recipients(&route.recipients)),
        ];
        let text = conditions.into_iter().flatten().collect::<Vec<_>>().join(", ");
        facts.insert(format!("escalation.routes[{number}]"), text);
    }
    if let Some(hours) = policy.send_hours {
        facts.insert("escalation.send_hours".into(), format!("{} to {}", hours.opens, hours.closes));
    }
}

fn recipients(Recipients { to, cc, webhooks }: &Recipients) -> String {
    let list = |list: &[Mailbox]| list.iter().map(|mailbox| mailbox.to_string()).collect::<Vec<_>>().join(", ");
    let listed = [("to", list(to)), ("cc", list(cc)), ("webhook", webhooks.join(", "))];
    let listed = listed.into_iter().filter(|(_, list)| !list.is_empty()).map(|(what, list)| format!("{what} {list}"));
    listed.collect::<Vec<_>>().join(", ")
}
