//! A fingerprint of what decides deadlines and escalation, so that a change of it is noticed.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::calendar::Calendar;
use crate::escalation::{Glob, Policy, Recipients};
use crate::sla::{Rule, Span};

use super::Settings;

impl Settings {
    /// Differs whenever open deadlines or escalations have to be derived anew: by rules, calendars, the zone data or the
    /// escalation policy. The same in every process on every machine; databases, servers, links and logs have no part.
    #[must_use]
    pub fn decision_fingerprint(&self) -> String {
        let mut lines = self.deadline_lines();
        policy_lines(&self.policy, &mut lines);
        fingerprint(&lines)
    }

    /// Differs whenever open deadlines have to be derived anew: by rules, calendars or the zone data, whoever is told.
    #[must_use]
    pub fn deadline_fingerprint(&self) -> String {
        fingerprint(&self.deadline_lines())
    }

    /// What decides deadlines: one fact a line, in a fixed order, every name in quotes.
    fn deadline_lines(&self) -> Vec<String> {
        let mut lines = vec![format!("default calendar {:?}", self.calendars.default().name())];
        lines.extend(self.calendars.iter().map(|calendar| calendar_line(calendar)));
        lines.extend(self.rules.iter().map(rule_line));
        lines
    }
}

fn fingerprint(lines: &[String]) -> String {
    let hash = Sha256::digest(lines.join("\n").as_bytes());
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn calendar_line(calendar: &Calendar) -> String {
    let zone = calendar.zone();
    format!(
        "calendar {:?} zone {:?} data {:?} version {}",
        calendar.name(),
        zone.name(),
        zone.data_version(),
        calendar.version()
    )
}

fn rule_line(rule: &Rule) -> String {
    let statuses: Vec<String> = rule.runs_while.iter().map(|status| format!("{status:?}")).collect();
    format!(
        "rule {:?} {} while {} from {:?} to {:?} watches {:?} invoice {:?} may lack start {} target {} warn {} calendar {:?}",
        rule.name,
        if rule.enabled { "on" } else { "off" },
        statuses.join(","),
        rule.starts_at,
        rule.stops_at,
        rule.watches,
        rule.tax_invoice,
        rule.may_lack_start,
        rule.target,
        span(rule.warn),
        rule.calendar
    )
}

fn policy_lines(policy: &Policy, lines: &mut Vec<String>) {
    let mailboxes = |list: &[lettre::message::Mailbox]| {
        list.iter().map(|mailbox| format!("{:?}", mailbox.to_string())).collect::<Vec<_>>().join(",")
    };
    let recipients = |Recipients { to, cc, webhooks }: &Recipients| {
        format!("to {} cc {} webhooks {webhooks:?}", mailboxes(to), mailboxes(cc))
    };
    lines.extend(policy.levels.iter().map(|level| {
        format!(
            "level after {} remind {} {}",
            span(level.after),
            span(level.remind_every),
            recipients(&level.recipients)
        )
    }));
    let glob = |glob: &Option<Glob>| glob.as_ref().map(Glob::pattern);
    lines.extend(policy.routes.iter().map(|route| {
        format!(
            "route rule {:?} program {:?} entity {:?} currency {:?} from {:?} level {:?} calendar {:?} {}",
            glob(&route.rule),
            glob(&route.program),
            glob(&route.paying_entity),
            route.currency.map(|currency| currency.to_string()),
            route.min_amount.map(|amount| amount.normalize().to_string()),
            route.level,
            route.calendar,
            recipients(&route.recipients)
        )
    }));
    let hours = policy.send_hours.map(|hours| format!("{} to {}", hours.opens, hours.closes));
    lines.push(format!("send hours {}", hours.unwrap_or_else(|| "any".into())));
}

fn span(span: Option<Span>) -> String {
    span.map_or_else(|| "none".into(), |span| span.to_string())
}
