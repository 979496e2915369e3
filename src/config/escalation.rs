//! `[escalation]`: levels, routes, sending hours, links.

use chrono::NaiveTime;
use lettre::Address;
use lettre::message::Mailbox;
use rust_decimal::Decimal;

use crate::claim::Currency;
use crate::escalation::{Brake, Glob, Language, Level, MonthlyReport, Policy, Recipients, Route, SendHours};
use crate::sla::Rule;

use super::mail::Way;
use super::read_mailbox;
use super::rules::read_span;
use super::section::{Section, choice, expected, flag, integer, line, one_of, text};
use super::tree::{Node, Value};

/// The support request page of the programs that the domain describes.
const SUPPORT_URL: &str =
    "https://partner.microsoft.com/dashboard/support/incentives/servicerequests?category=incentives";

/// What a list of recipients looks like.
const ADDRESSES: &str = "a list of addresses, as [\"support@example.com\"]";

/// What else the configuration names, and the policy may refer to.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub rules: &'a [Rule],
    pub calendars: &'a [String],
    pub webhooks: &'a [String],
}

/// The policy; without levels, one that writes to this machine's support, if mail stays on this machine.
pub fn read(section: Section<'_>, known: Known<'_>, way: &Way) -> Policy {
    let levels = if let Some(tables) = section.sections("levels") {
        if tables.is_empty() {
            section.report("levels", "found an empty list, expected at least one level");
        }
        read_levels(tables, known)
    } else {
        if !way.stays_here && !section.has("levels") {
            let what = format!("absent, expected at least one level with recipients, as mail goes out by {}", way.name);
            section.report_at(&way.place, "levels", what);
        }
        vec![local_level()]
    };
    let routes = section.sections("routes").unwrap_or_default();
    let routes = routes.into_iter().map(|table| read_route(table, known, levels.len())).collect();
    let brake = read_brake(section.section("brake"));
    let all_is_well = read_all_is_well(section.section("all_is_well"), known);
    let monthly_reports = read_monthly_reports(section.sections("monthly_reports").unwrap_or_default(), known);
    let send_hours = section.read("send_hours", read_hours);
    let language = section.read("language", |node| choice(node, &[("en", Language::En), ("fr", Language::Fr)]));
    let support_url = match section.read("support_url", |node| read_url(node, false)) {
        Some(url) => url,
        None => Some(SUPPORT_URL.to_owned()),
    };
    let claim_url = section.read("claim_url", |node| read_url(node, true)).flatten();
    section.finish();
    Policy {
        levels,
        routes,
        send_hours,
        brake,
        all_is_well,
        monthly_reports,
        language: language.unwrap_or_default(),
        support_url,
        claim_url,
    }
}

/// What stands in for levels that are not configured.
fn local_level() -> Level {
    let to = Mailbox::new(None, Address::new_dangerous("support", "localhost"));
    Level { after: None, recipients: Recipients::people(vec![to]), remind_every: None }
}

fn read_levels(tables: Vec<Section<'_>>, known: Known<'_>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for section in tables {
        let after = section.read("after", read_span);
        let recipients = read_recipients(&section, known);
        let remind_every = section.read("remind_every", read_span);
        if let Some(before) = levels.last() {
            match (before.after, after) {
                (_, None) if !section.has("after") => {
                    section.report("after", "absent, expected how long after the deadline, as \"2 business days\"");
                }
                (Some(before), Some(after)) if before.unit == after.unit && before.count >= after.count => {
                    section.report(
                        "after",
                        format!("found \"{after}\", expected more than the {before} of the level before"),
                    );
                }
                _ => {}
            }
        }
        section.finish();
        levels.push(Level { after, recipients, remind_every });
    }
    levels
}

fn read_brake(section: Section<'_>) -> Option<Brake> {
    let usual = Brake::default();
    let count = |key, usual| {
        let read = section.read(key, |node| integer(node, &(1..=1_000_000_000)));
        read.and_then(|count| u64::try_from(count).ok()).unwrap_or(usual)
    };
    let max_new = count("max_new", usual.max_new);
    let brake = Brake {
        max_new,
        times_usual: count("times_usual", usual.times_usual),
        at_least: count("at_least", usual.at_least.min(max_new)),
    };
    let enabled = section.read("enabled", flag).unwrap_or(true);
    if brake.at_least > brake.max_new {
        section.report(
            "at_least",
            format!("found {}, expected at most the {} of `max_new`", brake.at_least, brake.max_new),
        );
    }
    section.finish();
    enabled.then_some(brake)
}

fn read_all_is_well(section: Section<'_>, known: Known<'_>) -> Recipients {
    let to = section.list("to", ADDRESSES, read_mailbox).unwrap_or_default();
    report_twice(&section, to.iter().map(|to| ("to", to)));
    let webhooks = read_webhooks(&section, known).unwrap_or_default();
    section.finish();
    Recipients { to, cc: Vec::new(), webhooks }
}

fn read_monthly_reports(tables: Vec<Section<'_>>, known: Known<'_>) -> Vec<MonthlyReport> {
    let mut reports: Vec<MonthlyReport> = Vec::new();
    for section in tables {
        let program = section.read("program", |node| line(node, "a program's id, as \"SURFACE-*\"").map(Glob::new));
        let recipients = read_recipients(&section, known);
        let report = MonthlyReport { program, recipients };
        if reports.iter().any(|other| other.thread() == report.thread()) {
            let key = if section.has("program") { "program" } else { "to" };
            section.report(key, "found a second report of the same programs, expected one with all of its recipients");
        }
        section.finish();
        reports.push(report);
    }
    reports
}

fn read_route(section: Section<'_>, known: Known<'_>, levels: usize) -> Route {
    let Known { rules, calendars, .. } = known;
    let rule = section.read("rule", |node| {
        let known = || one_of(&rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>());
        let glob = Glob::new(line(node, &known())?);
        if rules.iter().any(|rule| glob.matches(&rule.name)) { Ok(glob) } else { Err(expected(node, &known())) }
    });
    let program = section.read("program", |node| line(node, "a program's id, as \"SURFACE-*\"").map(Glob::new));
    let level = section.read("level", |node| {
        let last = i64::try_from(levels.max(1)).unwrap_or(i64::MAX);
        integer(node, &(1..=last)).map_err(|detail| format!("{detail}, the number of levels"))
    });
    let paying_entity =
        section.read("paying_entity", |node| line(node, "a paying entity, as \"*Ireland*\"").map(Glob::new));
    let currency = section.read("currency", |node| {
        let what = "a currency of ISO 4217, as \"EUR\"";
        Currency::parse(line(node, what)?).ok_or_else(|| expected(node, what))
    });
    let min_amount = section.read("min_amount", read_amount);
    if min_amount.is_some() && !section.has("currency") {
        section.report("min_amount", "expected `currency` beside it: amounts of different currencies are not compared");
    }
    let calendar = section.read("calendar", |node| {
        let known: Vec<&str> = calendars.iter().map(String::as_str).collect();
        let name = line(node, &one_of(&known))?;
        if known.contains(&name) { Ok(name.to_owned()) } else { Err(expected(node, &one_of(&known))) }
    });
    let recipients = read_recipients(&section, known);
    section.finish();
    let level = level.and_then(|level| u32::try_from(level).ok());
    Route { rule, program, paying_entity, currency, min_amount, level, calendar, recipients }
}

/// An exact amount: text, or a whole number.
fn read_amount(node: &Node) -> Result<Decimal, String> {
    let what = "an amount, as \"10000\" or \"2500.50\"";
    let amount = match &node.value {
        Value::Number { value, .. } => value.map(Decimal::from),
        Value::Text(text) | Value::Variable { text, .. } => Decimal::from_str_exact(text.trim()).ok(),
        _ => None,
    };
    amount.filter(|amount| amount.is_sign_positive()).ok_or_else(|| expected(node, what))
}

/// `to`, which must be there unless `webhooks` are, and `cc`; nobody twice.
fn read_recipients(section: &Section<'_>, known: Known<'_>) -> Recipients {
    let what = ADDRESSES;
    let to = section.list("to", what, read_mailbox);
    let cc = section.list("cc", what, read_mailbox).unwrap_or_default();
    let webhooks = read_webhooks(section, known);
    // A copy is one of something; whether wrong webhooks are enough is not known.
    let is_needed = !cc.is_empty() || webhooks.as_ref().is_some_and(Vec::is_empty);
    match &to {
        None if !section.has("to") && is_needed => section.report("to", format!("absent, expected {what}")),
        Some(to) if to.is_empty() && is_needed => {
            section.report("to", format!("found an empty list, expected {what}"));
        }
        _ => {}
    }
    let to = to.unwrap_or_default();
    report_twice(section, to.iter().map(|to| ("to", to)).chain(cc.iter().map(|cc| ("cc", cc))));
    Recipients { to, cc, webhooks: webhooks.unwrap_or_default() }
}

/// The names of configured webhooks, each once; `None`: something is wrong with them.
fn read_webhooks(section: &Section<'_>, Known { webhooks, .. }: Known<'_>) -> Option<Vec<String>> {
    let what = "a list of webhooks, as [\"tickets\"]";
    let names = section.list("webhooks", what, |node| {
        let name = line(node, "the name of a webhook")?;
        if webhooks.iter().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        let known: Vec<&str> = webhooks.iter().map(String::as_str).collect();
        Err(if known.is_empty() {
            format!("found {name:?}, but there is no webhook: [webhooks.{name}] is missing")
        } else {
            expected(node, &one_of(&known))
        })
    });
    let mut names = if section.has("webhooks") { names? } else { Vec::new() };
    let given = names.len();
    names.sort();
    names.dedup();
    if names.len() < given {
        section.report("webhooks", "found a webhook twice, expected each once");
    }
    Some(names)
}

/// Reports whom these name twice, each with the key under which it stands.
fn report_twice<'m>(section: &Section<'_>, people: impl Iterator<Item = (&'static str, &'m Mailbox)>) {
    let mut seen = Vec::new();
    for (key, mailbox) in people {
        let address = mailbox.email.to_string().to_lowercase();
        if seen.contains(&address) {
            section.report(
                key,
                format!("found {:?} twice, expected each recipient once in `to` and `cc`", mailbox.email.to_string()),
            );
        }
        seen.push(address);
    }
}

fn read_hours(node: &Node) -> Result<SendHours, String> {
    let what = "hours, as \"08:00-19:00\"";
    let (opens, closes) = line(node, what)?.split_once('-').ok_or_else(|| expected(node, what))?;
    let hours = match (read_time(opens), read_time(closes)) {
        (Some(opens), Some(closes)) => SendHours { opens, closes },
        _ => return Err(expected(node, what)),
    };
    if hours.opens < hours.closes {
        Ok(hours)
    } else {
        Err(expected(node, &format!("{what}, that end after they begin")))
    }
}

/// `08:00`; `24:00` is the end of the day.
fn read_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    if text == "24:00" {
        // A leap second is still today: this is the latest time there is.
        return NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999);
    }
    if text.len() == 5 { NaiveTime::parse_from_str(text, "%H:%M").ok() } else { None }
}

/// A web address, as is: a claim's with `{claim_id}` after the host; empty for none.
fn read_url(node: &Node, of_claim: bool) -> Result<Option<String>, String> {
    let what = if of_claim {
        "an address, as \"https://claims.example.com/claims/{claim_id}\""
    } else {
        "an address, as \"https://example.com/support\""
    };
    let url = text(node, what)?;
    if url.is_empty() {
        return Ok(None);
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let valid = rest.is_some_and(|rest| {
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let plain = path.replace("{claim_id}", "");
        !host.is_empty()
            && host.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_:[]".contains(&c))
            && plain.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&c))
            && path.contains("{claim_id}") == of_claim
    });
    if valid { Ok(Some(url.to_owned())) } else { Err(expected(node, what)) }
}
