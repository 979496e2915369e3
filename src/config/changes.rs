//! What differs between two configurations, for people: keys with what they were and are; of secrets only that they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Settings;
use super::tree::{Node, Table, Value};

/// Keys whose values are never shown.
const SECRET: [&str; 6] = ["password", "secret", "previous_secret", "token", "url", "username"];

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `escalation.levels[1].to`, `calendars.fr`.
    pub key: String,
    /// `"30" → "60"`, `absent → true`; `it changed`, where that may not be shown.
    pub text: String,
}

impl Change {
    /// Whether it is of what a running daemon is built on.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        ["database.", "source.", "log."].iter().any(|table| self.key.starts_with(table))
    }
}

/// Settings as written, by their whole keys. Secrets are among them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Written(BTreeMap<String, String>);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Written {
    /// Those of `root`.
    pub(super) fn of(root: &Table) -> Self {
        let mut written = BTreeMap::new();
        gather(root, "", &mut written);
        Self(written)
    }
}

fn gather(table: &Table, at: &str, written: &mut BTreeMap<String, String>) {
    for (key, node) in table {
        let key = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        gather_node(node, &key, written);
    }
}

fn gather_node(node: &Node, key: &str, written: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Table(table) => gather(table, key, written),
        Value::List(nodes) if nodes.iter().any(|node| matches!(node.value, Value::Table(_))) => {
            for (number, node) in (1..).zip(nodes) {
                gather_node(node, &format!("{key}[{number}]"), written);
            }
        }
        Value::List(nodes) => {
            let shown: Vec<String> = nodes.iter().map(Node::shown).collect();
            written.insert(key.to_owned(), format!("[{}]", shown.join(", ")));
        }
        _ => drop(written.insert(key.to_owned(), node.shown())),
    }
}

/// What differs between `before` and `after`: keys, and what the files that they name hold.
#[must_use]
pub fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let (old, new) = (&before.written.0, &after.written.0);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let mut changes: Vec<Change> = changed
        .map(|key| {
            let name = key.rsplit('.').next().unwrap_or(key);
            let shown = |value: Option<&String>| value.cloned().unwrap_or_else(|| "absent".to_owned());
            let text = if SECRET.contains(&name) {
                "it changed".to_owned()
            } else {
                format!("{} → {}", shown(old.get(key)), shown(new.get(key)))
            };
            Change { key: key.clone(), text }
        })
        .collect();
    let mut files = |key: &str, differs: bool, text: &str| {
        let known = changes.iter().any(|change| change.key == key || change.key.starts_with(&format!("{key}.")));
        if differs && !known {
            changes.push(Change { key: key.to_owned(), text: text.to_owned() });
        }
    };
    let secret = "a file that it names holds another secret";
    files("database.password_file", before.database.password != after.database.password, secret);
    files("mail", before.mail.transport != after.mail.transport, secret);
    files("mail.templates", before.mail.templates != after.mail.templates, "templates changed");
    for webhook in &after.webhooks {
        let known = before.webhooks.iter().find(|known| known.name == webhook.name);
        files(&format!("webhooks.{}", webhook.name), known.is_some_and(|known| known != webhook), secret);
    }
    files("http", before.http != after.http, secret);
    for calendar in after.calendars.iter() {
        let known = before.calendars.get(calendar.name());
        let differs = known.is_some_and(|known| known.version() != calendar.version());
        files(&format!("calendars.{}", calendar.name()), differs, "its days changed");
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Environment;

    fn settings(text: &str) -> Settings {
        Settings::parse(Some(Path::new("c.toml")), text, &Environment::from_vars([])).expect(text)
    }

    fn between(before: &str, after: &str) -> Vec<(String, String)> {
        changes(&settings(before), &settings(after)).into_iter().map(|change| (change.key, change.text)).collect()
    }

    #[test]
    fn keys_are_named_with_what_they_were_and_are() {
        let before = "[mail]\nmax_per_hour = 30\n[[escalation.levels]]\nto = [\"a@example.com\"]\n";
        let after = "[mail]\nmax_per_hour = 60\n[[escalation.levels]]\nto = [\"a@example.com\", \"b@example.com\"]\n\
                     [escalation]\nlanguage = \"fr\"\n";
        let expected = [
            ("escalation.language", "absent → \"fr\""),
            ("escalation.levels[1].to", "[\"a@example.com\"] → [\"a@example.com\", \"b@example.com\"]"),
            ("mail.max_per_hour", "30 → 60"),
        ];
        assert_eq!(between(before, after), expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
        assert_eq!(between(before, before), []);
    }

    #[test]
    fn of_secrets_only_that_they_changed() {
        let with = |password: &str| {
            format!(
                "[mail]\ntransport = \"smtp\"\nfrom = \"a@example.com\"\n[mail.smtp]\nhost = \"mail.example.com\"\n\
                 username = \"a\"\npassword = \"{password}\"\n[[escalation.levels]]\nto = [\"a@example.com\"]\n"
            )
        };
        let found = between(&with("swordfish"), &with("mackerel"));
        assert_eq!(found, [("mail.smtp.password".to_owned(), "it changed".to_owned())]);
    }

    #[test]
    fn what_a_daemon_is_built_on_needs_a_restart() {
        let changed = |key: &str| Change { key: key.into(), text: String::new() }.needs_restart();
        assert!(changed("database.url") && changed("source.claims") && changed("log.level"));
        assert!(!changed("mail.smtp.host") && !changed("http.listen") && !changed("escalation.levels[1].to"));
    }
}
