//! The reference against what reading a configuration does.

use std::path::Path;

use super::*;
use crate::config::{ConfigError, Environment, Settings};
use crate::sla::Rule;

/// What no setting takes.
const ALIEN: &str = "1979-05-27T07:32:00Z";

/// A configuration in which every setting of a table makes a difference.
struct Context {
    before: &'static str,
    heading: &'static str,
    /// What the table has, beside the setting that is looked at.
    beside: Vec<(&'static str, &'static str)>,
    after: &'static str,
}

const CALENDAR: &str = "[calendars.fr]\n";
const SENDER: &str = "from = \"a@example.com\"\n[[escalation.levels]]\nto = [\"a@example.com\"]\n";
const SECRET: &str = r#""whsec_YSBrZXkgdGhhdCBub3RoaW5nIGVsc2UgaGFz""#;

impl Context {
    fn of(table: &Table) -> Self {
        let alone = |heading| Self { before: "", heading, beside: Vec::new(), after: "" };
        match table.heading {
            "[calendars]" => Self { after: CALENDAR, ..alone("[calendars]") },
            "[calendars.NAME]" => alone("[calendars.a]"),
            "[rules.NAME]" => Self { before: CALENDAR, ..alone("[rules.tax_invoice_payment]") },
            "[[escalation.levels]]" => Self {
                after: WEBHOOK,
                beside: vec![("to", r#"["support@example.com"]"#)],
                ..alone("[[escalation.levels]]")
            },
            "[[escalation.routes]]" => Self {
                before: CALENDAR,
                beside: vec![("to", r#"["support@example.com"]"#)],
                after: WEBHOOK,
                ..alone("[[escalation.routes]]")
            },
            "[[escalation.monthly_reports]]" => Self {
                beside: vec![("to", r#"["support@example.com"]"#)],
                after: WEBHOOK,
                ..alone("[[escalation.monthly_reports]]")
            },
            "[escalation.all_is_well]" => Self { after: WEBHOOK, ..alone("[escalation.all_is_well]") },
            "[mail.smtp]" => Self {
                before: "[mail]\ntransport = \"smtp\"\nfrom = \"a@example.com\"\n[[escalation.levels]]\nto = [\"a@example.com\"]\n",
                beside: vec![("host", r#""localhost""#)],
                ..alone("[mail.smtp]")
            },
            "[mail.sendmail]" => Self {
                before: "[mail]\ntransport = \"sendmail\"\nfrom = \"a@example.com\"\n[[escalation.levels]]\nto = [\"a@example.com\"]\n",
                ..alone("[mail.sendmail]")
            },
            "[webhooks.NAME]" => Self {
                beside: vec![("url", r#""https://example.com/hook""#), ("secret", SECRET)],
                ..alone("[webhooks.a]")
            },
            heading => alone(heading),
        }
    }

    /// The same, with what `key` needs beside it and without what it takes the place of.
    fn for_key(mut self, key: &'static str) -> Self {
        let needs: &[(&str, &str)] = match (self.heading, key) {
            ("[calendars.a]", "subdivision") => &[("country", r#""DE""#)],
            ("[[escalation.routes]]", "min_amount") => &[("currency", r#""EUR""#)],
            ("[mail]", "transport") => {
                self.after = SENDER;
                &[]
            }
            ("[mail.smtp]", "username") => &[("password", r#""a""#)],
            ("[mail.smtp]", "password" | "password_file") => &[("username", r#""a""#)],
            ("[http]", "token" | "token_file" | "external_url") => &[("listen", r#""127.0.0.1:1""#)],
            _ => &[],
        };
        self.beside.extend_from_slice(needs);
        self.beside.retain(|(other, _)| *other != key && key.strip_suffix("_file") != Some(other));
        self
    }

    /// A configuration of `table` that lacks `key`, and is right all the same if it may: with a key that a file takes the place of,
    /// without a user name where there is no password.
    fn without(table: &Table, key: &'static str) -> String {
        let context = Self::of(table);
        let as_it_is = match table.heading {
            "[mail.smtp]" => ["username", "password", "password_file"].contains(&key),
            "[webhooks.NAME]" => ["url_file", "secret_file"].contains(&key),
            _ => false,
        };
        if as_it_is { context } else { context.for_key(key) }.text(key, None)
    }

    fn text(&self, key: &str, value: Option<&str>) -> String {
        let beside: String = self.beside.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let line = value.map(|value| format!("{key} = {value}\n")).unwrap_or_default();
        format!("{}{}\n{line}{beside}{}", self.before, self.heading, self.after)
    }
}

const WEBHOOK: &str =
    "[webhooks.tickets]\nurl = \"https://example.com\"\nsecret = \"whsec_YSBrZXkgdGhhdCBub3RoaW5nIGVsc2UgaGFz\"\n";

fn parse(text: &str) -> Result<Settings, ConfigError> {
    Settings::parse(Some(Path::new("/etc/c.toml")), text, &Environment::from_vars([]))
}

/// All that settings do: everything but how they were written.
fn meaning(settings: &Settings) -> String {
    let Settings { database, source, schedule, calendars, rules, policy, mail, webhooks, http, log, obstacles, .. } =
        settings;
    let hidden: Vec<_> = webhooks.iter().map(|webhook| (webhook.keys.len(), &webhook.ca_file)).collect();
    let obstacles: Vec<&String> = obstacles.iter().map(|obstacle| &obstacle.detail).collect();
    format!(
        "{database:?}{source:?}{schedule:?}{calendars:?}{rules:?}{policy:?}{mail:?}{webhooks:?}{hidden:?}{http:?}{log:?}{obstacles:?}"
    )
}

#[test]
fn the_keys_are_those_that_reading_asks_for() {
    const UNLIKE_ANY: &str = "zzzzzzzzzzzzzzzz";
    let keys_of = |text: &str| {
        let refused = parse(text).expect_err(text).to_string();
        let line = refused.lines().find(|line| line.contains(UNLIKE_ANY)).expect(text).to_owned();
        let (_, expected) = line.split_once("expected ").expect(text);
        let mut keys: Vec<String> = expected.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        keys.sort();
        keys
    };
    let heads: Vec<&str> = tables().map(Table::name).collect();
    // Names of calendars are the user's: an unknown key is one.
    for table in tables().filter(|table| table.heading != "[calendars]") {
        let mut asked = keys_of(&Context::of(table).text(UNLIKE_ANY, Some("1")));
        asked.retain(|key| {
            let inner = format!("{}.{key}", table.name());
            !heads.contains(&inner.as_str()) || table.settings.iter().any(|setting| setting.key == key)
        });
        let mut described: Vec<&str> = table.settings.iter().map(|setting| setting.key).collect();
        described.sort_unstable();
        assert_eq!(described, asked, "{}", table.heading);
    }
    for first in keys_of(&format!("[{UNLIKE_ANY}]\n")) {
        assert!(heads.iter().any(|head| head.split('.').next() == Some(&first)), "[{first}]");
    }
}

#[test]
fn without_a_key_its_default_holds() {
    for (table, setting) in all() {
        let key = setting.key;
        let context = Context::of(table).for_key(key);
        let without = parse(&Context::without(table, key));
        let value = match &setting.default {
            Fallback::Value(value) | Fallback::Depends { usually: value, .. } => value,
            Fallback::Unset(_) => {
                without.unwrap_or_else(|error| panic!("{} {key} is not needed: {error}", table.heading));
                continue;
            }
            Fallback::Required(_) => {
                let refused = without.expect_err(key).to_string();
                assert!(refused.contains(&format!(".{key}: absent")), "{refused}");
                continue;
            }
        };
        let without = without.unwrap_or_else(|error| panic!("{} {key}: {error}", table.heading));
        let text = context.text(key, Some(value));
        let with = parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        assert_eq!(meaning(&with), meaning(&without), "{} {key} = {value}", table.heading);
    }
}

/// Where the example says the same as leaving the key out, since it only allows what another setting asks for.
const NO_DIFFERENCE: [(&str, &str); 2] = [("[mail.smtp]", "allow_plaintext"), ("[webhooks.NAME]", "allow_plaintext")];

#[test]
fn examples_are_taken_and_make_a_difference() {
    for (table, setting) in all() {
        let key = setting.key;
        let mut context = Context::of(table).for_key(key);
        if table.heading == "[calendars]" {
            context.after = "[calendars.fr]\n[calendars.il]\n";
        }
        let text = context.text(key, Some(setting.example));
        let with = parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        if let Ok(without) = parse(&Context::without(table, key)) {
            let differs = meaning(&with) != meaning(&without);
            assert_eq!(differs, !NO_DIFFERENCE.contains(&(table.heading, key)), "{} {key}", table.heading);
        }
    }
}

/// Whose values hang on what else is configured.
const BY_OTHERS: [(&str, &str); 4] = [
    ("[rules.NAME]", "calendar"),
    ("[[escalation.routes]]", "rule"),
    ("[[escalation.routes]]", "level"),
    ("[[escalation.routes]]", "calendar"),
];

#[test]
fn what_a_setting_takes_is_what_reading_expects() {
    for (table, setting) in all().filter(|(table, setting)| !BY_OTHERS.contains(&(table.heading, setting.key))) {
        let text = Context::of(table).for_key(setting.key).text(setting.key, Some(ALIEN));
        let refused = parse(&text).expect_err(&text).to_string();
        let takes = setting.takes.replace('`', "");
        assert!(refused.lines().any(|line| line.ends_with(&format!("expected {takes}"))), "{takes}:\n{refused}");
    }
}

#[test]
fn targets_are_those_of_the_built_in_rules() {
    let words: Vec<String> =
        Rule::built_in().iter().map(|rule| format!("`{}` {}", rule.name, rule.target.span)).collect();
    let (_, target) = all().find(|(_, setting)| setting.key == "target").expect("a target");
    assert_eq!(target.default.shown(), words.join(", "));
}

#[test]
fn ports_are_those_of_the_ways_to_encrypt() {
    let (table, port) =
        all().find(|(table, setting)| (table.heading, setting.key) == ("[mail.smtp]", "port")).expect("a port");
    for (tls, usual) in [("starttls", 587), ("implicit", 465), ("none", 25)] {
        let with = |key, value: &str| {
            let mut context = Context::of(table);
            context.after = match tls {
                "implicit" => "tls = \"implicit\"\n",
                "none" => "tls = \"none\"\n",
                _ => "tls = \"starttls\"\n",
            };
            meaning(&parse(&context.text(key, Some(value))).expect(tls))
        };
        assert_eq!(with("max_connections", "4"), with("port", &usual.to_string()));
        assert!(port.default.shown().contains(&format!("{usual} for `\"{tls}\"`")), "{tls}");
    }
}

#[test]
fn each_setting_is_described_by_words_without_marks_that_would_show() {
    for (table, setting) in all() {
        let Setting { key, takes, effect, change, .. } = setting;
        for text in [takes, effect, change, &setting.default.shown().as_str()] {
            assert!(text.len() > 3 || text.starts_with('`'), "{} {key}: {text:?}", table.heading);
            let outside: String = plain(text).split('`').step_by(2).collect();
            assert!(!outside.contains(['*', '_', '<', '|', '\n']), "{} {key}: {text:?}", table.heading);
            assert!(
                !text.contains('|') && !text.ends_with('.') && text.matches('`').count() % 2 == 0,
                "{key}: {text:?}"
            );
        }
    }
}

#[test]
fn links_leave_their_text() {
    assert_eq!(plain("see [one](a.md#b), [`two`](c.md); `[x]` (y)"), "see one, `two`; `[x]` (y)");
    assert_eq!(plain("none, `a](b)`"), "none, `a](b)`");
}
