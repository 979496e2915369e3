//! The configuration as it is written: which keys are set, and those values that cannot be secret or personal.
//!
//! By allow-list: a key that [`SETTINGS`] does not name is masked with its value, until someone says here what it is.

use croner::parser::{CronParser, Seconds, Year};

use super::sheet::Sheet;
use crate::calendar::{Zone, country_days};
use crate::claim::Redactable;
use crate::config::{self, Node, Table, Value};
use crate::sla::{Rule, Span};

/// What of a setting's value may be shown.
#[derive(Clone, Copy)]
enum Shown {
    /// That there is one.
    Set,
    /// That there is one, and how long it is.
    Length,
    /// How many a list has.
    Count,
    Number,
    Flag,
    Span,
    Cron,
    Hours,
    Zone,
    Country,
    Weekdays,
    OneOf(&'static [&'static str]),
}

use Shown::{Count, Country, Cron, Flag, Hours, Length, Number, OneOf, Set, Weekdays};

/// Every setting; `*` is a name of the operator's choice, `[]` an item of a list.
const SETTINGS: &[(&str, Shown)] = &[
    ("database.url", Set),
    ("database.password", Set),
    ("database.password_file", Length),
    ("database.schema", Length),
    ("database.max_connections", Number),
    ("source.claims", Length),
    ("source.programs", Length),
    ("source.payments", Length),
    ("source.history", Length),
    ("schedule.scan", Cron),
    ("schedule.time_zone", Shown::Zone),
    ("calendars.default", Length),
    ("calendars.*.time_zone", Shown::Zone),
    ("calendars.*.weekend", Weekdays),
    ("calendars.*.holidays", Count),
    ("calendars.*.closures", Count),
    ("calendars.*.working_days", Count),
    ("calendars.*.country", Country),
    ("calendars.*.subdivision", Length),
    ("calendars.*.ics", Count),
    ("rules.*.target", Shown::Span),
    ("rules.*.counting", OneOf(&["end_of_day", "elapsed"])),
    ("rules.*.roll", OneOf(&["none", "next_business_day"])),
    ("rules.*.warn", Shown::Span),
    ("rules.*.calendar", Length),
    ("rules.*.enabled", Flag),
    ("escalation.send_hours", Hours),
    ("escalation.language", OneOf(&["en", "fr"])),
    ("escalation.support_url", Set),
    ("escalation.claim_url", Set),
    ("escalation.levels[].after", Shown::Span),
    ("escalation.levels[].to", Count),
    ("escalation.levels[].cc", Count),
    ("escalation.levels[].webhooks", Count),
    ("escalation.levels[].remind_every", Shown::Span),
    ("escalation.routes[].rule", Length),
    ("escalation.routes[].program", Length),
    ("escalation.routes[].paying_entity", Length),
    ("escalation.routes[].currency", Length),
    ("escalation.routes[].min_amount", Length),
    ("escalation.routes[].level", Number),
    ("escalation.routes[].calendar", Length),
    ("escalation.routes[].to", Count),
    ("escalation.routes[].cc", Count),
    ("escalation.routes[].webhooks", Count),
    ("escalation.brake.enabled", Flag),
    ("escalation.brake.max_new", Number),
    ("escalation.brake.times_usual", Number),
    ("escalation.brake.at_least", Number),
    ("escalation.all_is_well.to", Count),
    ("escalation.all_is_well.webhooks", Count),
    ("escalation.monthly_reports[].program", Length),
    ("escalation.monthly_reports[].to", Count),
    ("escalation.monthly_reports[].cc", Count),
    ("escalation.monthly_reports[].webhooks", Count),
    ("mail.transport", OneOf(&["file", "smtp", "sendmail"])),
    ("mail.from", Length),
    ("mail.reply_to", Length),
    ("mail.max_per_hour", Number),
    ("mail.templates", Length),
    ("mail.timeout_seconds", Number),
    ("mail.smtp.host", Length),
    ("mail.smtp.port", Number),
    ("mail.smtp.tls", OneOf(&["starttls", "implicit", "none"])),
    ("mail.smtp.allow_plaintext", Flag),
    ("mail.smtp.ca_file", Length),
    ("mail.smtp.max_connections", Number),
    ("mail.smtp.username", Set),
    ("mail.smtp.password", Set),
    ("mail.smtp.password_file", Length),
    ("mail.sendmail.program", Length),
    ("mail.file.directory", Length),
    ("webhooks.*.url", Set),
    ("webhooks.*.url_file", Length),
    ("webhooks.*.allow_plaintext", Flag),
    ("webhooks.*.secret", Set),
    ("webhooks.*.secret_file", Length),
    ("webhooks.*.previous_secret", Set),
    ("webhooks.*.previous_secret_file", Length),
    ("webhooks.*.ca_file", Length),
    ("http.listen", Length),
    ("http.external_url", Length),
    ("http.token", Set),
    ("http.token_file", Length),
    ("log.format", OneOf(&["auto", "journald", "json", "text"])),
    ("log.level", OneOf(&["error", "warn", "info", "debug", "trace"])),
];

/// Writes the settings of `root` onto `sheet`, a line each.
pub fn write(sheet: &mut Sheet, root: &Table) {
    let mut lines = Vec::new();
    gather(root, &Place::default(), &mut lines);
    if lines.is_empty() {
        sheet.line("settings", "none: the built-in defaults");
    }
    for (key, value) in lines {
        sheet.line(key, value);
    }
}

/// A key as messages have it, `rules.review.target`, as far as it may be shown.
#[must_use]
pub fn shown_key(key: &str) -> Redactable {
    let mut place = Place::default();
    for part in key.split('.').filter(|part| !part.is_empty()) {
        let (name, item) = part.split_once('[').unwrap_or((part, ""));
        let is_rule = place.pattern == "rules" && is_rule(name);
        place = match item.trim_end_matches(']').parse() {
            Ok(number) => place.entry(name, None).item(number),
            Err(_) if is_rule => place.entry(name, Some(0)),
            Err(_) if place.has_chosen_names() => {
                Place { pattern: format!("{}.*", place.pattern), shown: place.shown.and(".").private(name) }
            }
            Err(_) => place.entry(name, None),
        };
    }
    place.shown
}

/// Where a value stands.
#[derive(Default)]
struct Place {
    /// As [`SETTINGS`] has it.
    pattern: String,
    shown: Redactable,
}

impl Place {
    /// The entry `key`; `chosen` is the number among its like of one whose name is the operator's choice.
    fn entry(&self, key: &str, chosen: Option<usize>) -> Self {
        let dot = if self.pattern.is_empty() { "" } else { "." };
        let pattern = format!("{}{dot}{}", self.pattern, if chosen.is_some() { "*" } else { key });
        let shown = self.shown.clone().and(dot);
        let shown = match chosen {
            Some(_) if self.pattern == "rules" && is_rule(key) => shown.public(key),
            Some(number) => shown.public(format!("({number})")),
            None if is_known(&pattern) => shown.public(key),
            None => shown.private(key),
        };
        Self { pattern, shown }
    }

    /// Whether its tables have names of the operator's choice.
    fn has_chosen_names(&self) -> bool {
        matches!(self.pattern.as_str(), "calendars" | "rules" | "webhooks")
    }

    fn item(&self, number: usize) -> Self {
        Self { pattern: format!("{}[]", self.pattern), shown: self.shown.clone().public(format!("[{number}]")) }
    }
}

/// Whether `pattern` is a setting, or a table with any.
fn is_known(pattern: &str) -> bool {
    let rest = |setting: &'static str| setting.strip_prefix(pattern);
    let within = |setting| rest(setting).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    SETTINGS.iter().any(|(setting, _)| within(setting))
}

fn is_rule(name: &str) -> bool {
    Rule::built_in().iter().any(|rule| rule.name == name)
}

fn gather(table: &Table, place: &Place, lines: &mut Vec<(Redactable, Redactable)>) {
    for ((key, node), number) in table.iter().zip(1..) {
        let is_chosen = place.has_chosen_names() && matches!(node.value, Value::Table(_));
        let place = place.entry(key, is_chosen.then_some(number));
        let items_are_tables = is_known(&format!("{}[]", place.pattern));
        match &node.value {
            Value::Table(table) => gather(table, &place, lines),
            Value::List(items) if items_are_tables => {
                for (node, number) in items.iter().zip(1..) {
                    let place = place.item(number);
                    match &node.value {
                        Value::Table(table) => gather(table, &place, lines),
                        _ => lines.push((place.shown, masked(node))),
                    }
                }
            }
            _ => {
                let from = if matches!(node.place, config::Place::Variable(_)) { " (a variable)" } else { "" };
                lines.push((place.shown.clone(), value(&place.pattern, node).and(from)));
            }
        }
    }
}

/// The value of the setting `pattern`, as far as it is of the kind that may be shown.
fn value(pattern: &str, node: &Node) -> Redactable {
    let setting = SETTINGS.iter().find(|(setting, _)| *setting == pattern);
    let public = |text: Option<String>| text.map(Redactable::known);
    let shown = setting.and_then(|(_, shown)| match shown {
        Set => Some("\"…\" (set)".into()),
        Length => None,
        Count => public(items(node).map(|items| format!("[…] (list of {})", items.len()))),
        Number => public(number(node).map(|number| number.to_string())),
        Flag => public(flag(node).map(|flag| flag.to_string())),
        Shown::Span => public(text(node).and_then(|text| Some(text.parse::<Span>().ok()?.to_string()))),
        Cron => public(text(node).filter(|text| is_cron(text)).map(str::to_owned)),
        Hours => public(text(node).filter(|text| is_hours(text)).map(str::to_owned)),
        Shown::Zone => public(text(node).and_then(|text| Some(Zone::named(text).ok()?.name().to_owned()))),
        Country => public(text(node).filter(|text| country_days(text, None).is_ok()).map(str::to_owned)),
        Weekdays => public(weekdays(node)),
        OneOf(names) => public(text(node).filter(|text| names.contains(text)).map(str::to_owned)),
    });
    shown.unwrap_or_else(|| masked(node))
}

/// A value of which only its kind is shown.
fn masked(node: &Node) -> Redactable {
    match &node.value {
        Value::Text(text) | Value::Variable { text, .. } => text.clone().into(),
        Value::List(items) => Redactable::from("[…] (list of ").public(items.len()).and(")"),
        _ => Redactable::from("\"…\" (").and(node.kind()).and(")"),
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) | Value::Variable { text, .. } => Some(text),
        _ => None,
    }
}

fn number(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Number { value, .. } => *value,
        Value::Variable { text, .. } => text.parse().ok(),
        _ => None,
    }
}

fn flag(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Flag(flag) => Some(*flag),
        Value::Variable { text, .. } => text.parse().ok(),
        _ => None,
    }
}

fn items(node: &Node) -> Option<&[Node]> {
    match &node.value {
        Value::List(items) | Value::Variable { list: Some(items), .. } => Some(items),
        _ => None,
    }
}

fn is_cron(text: &str) -> bool {
    CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build().parse(text).is_ok()
}

/// `08:00-19:00`
fn is_hours(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "00:00-00:00"
}

fn weekdays(node: &Node) -> Option<String> {
    let day = |node: &Node| Some(text(node)?.parse::<chrono::Weekday>().ok()?.to_string());
    let days: Option<Vec<String>> = items(node)?.iter().map(day).collect();
    Some(format!("[{}]", days?.join(", ")))
}

#[cfg(test)]
mod tests;
