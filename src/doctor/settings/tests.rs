//! Which settings are shown, held against the document that describes them all.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::*;
use crate::config::{Environment, written};

/// The sheet of a configuration, laid over by `variables`.
fn shown(text: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.toml");
    fs::write(&file, text).expect("a file");
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let written = written(Some(&file), &Environment::from_vars(variables)).expect(text);
    let mut sheet = Sheet::default();
    write(&mut sheet, &written);
    sheet.under("")
}

#[test]
fn every_setting_is_decided_on_and_none_that_there_is_not() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).expect("a document");
    let (mut table, mut settings) = (None, Vec::new());
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            let name = heading.trim_end_matches('`');
            let items = if name.starts_with("[[") { "[]" } else { "" };
            table = Some(format!("{}{items}", name.trim_matches(['[', ']']).replace("NAME", "*")));
        } else if let (Some(table), Some(row)) = (&table, line.strip_prefix("| `")) {
            settings.push(format!("{table}.{}", row.split('`').next().expect("a key")));
        }
    }
    assert!(settings.len() > 80, "{settings:?}");
    settings.retain(|setting| {
        !["escalation.levels", "escalation.routes", "escalation.monthly_reports"].contains(&setting.as_str())
    });
    settings.sort();
    let mut decided: Vec<&str> = SETTINGS.iter().map(|(setting, _)| *setting).collect();
    decided.sort_unstable();
    assert_eq!(settings, decided, "what may be shown of a setting is decided in src/doctor/settings.rs");
}

#[test]
fn a_setting_that_nobody_decided_on_is_masked_with_its_name() {
    let text =
        "new = \"hunter2\"\n[mail]\nnumber = 4711\n[mail.relay]\nkey = [\"hunter2\"]\n[[more.tables]]\nflag = true\n";
    let expected = "\
\"…\" (text of 4 characters).\"…\" (text of 6 characters): […] (list of 1)
mail.\"…\" (text of 6 characters): \"…\" (a number)
mail.\"…\" (text of 5 characters).\"…\" (text of 3 characters): […] (list of 1)
\"…\" (text of 3 characters): \"…\" (text of 7 characters)
";
    let mut lines: Vec<String> = shown(text, &[]).lines().map(str::to_owned).collect();
    let mut expected: Vec<String> = expected.lines().map(str::to_owned).collect();
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn a_value_of_another_kind_than_may_be_shown_is_masked() {
    let text = "\
[schedule]
scan = \"hunter2 * * * * *\"
time_zone = \"Europe/Hunter\"
[rules.review]
target = \"hunter2\"
[escalation]
send_hours = \"08:00-19:0a\"
language = \"hunter2\"
[mail]
max_per_hour = \"hunter2\"
transport = \"hunter2\"
[calendars.ada]
weekend = [\"hunter2\"]
country = \"hunter2\"
";
    let shown = shown(text, &[("CLAIMWATCH__MAIL__TIMEOUT_SECONDS", "hunter2")]);
    assert_eq!(shown.lines().count(), 10, "{shown}");
    assert!(!shown.to_lowercase().contains("hunter") && !shown.contains("19:0a") && !shown.contains("ada"), "{shown}");
}

#[test]
fn numbers_flags_spans_patterns_of_time_zones_and_choices_are_shown() {
    let text = "\
[database]
url = \"postgres://ada:hunter2@db.example.com/claims\"
max_connections = 4
[schedule]
scan = \"0 */5 * * * Mon-Fri\"
[calendars.ada]
time_zone = \"europe/paris\"
weekend = [\"sat\", \"Sunday\"]
country = \"FR\"
holidays = [\"2026-12-24\", { date = \"2026-12-26\", name = \"Ada's day\" }]
[rules.review]
target = \"3 business days\"
enabled = false
[escalation]
send_hours = \"08:00-19:00\"
[[escalation.levels]]
to = [\"ada@example.com\"]
[mail]
transport = \"smtp\"
";
    let expected = "\
calendars.(1).country: FR
calendars.(1).holidays: […] (list of 2)
calendars.(1).time_zone: Europe/Paris
calendars.(1).weekend: [Sat, Sun]
database.max_connections: 4
database.url: \"…\" (set)
escalation.levels[1].to: […] (list of 1)
escalation.send_hours: 08:00-19:00
mail.timeout_seconds: 30 (a variable)
mail.transport: smtp
rules.review.enabled: false
rules.review.target: 3 business days
schedule.scan: 0 */5 * * * Mon-Fri
";
    assert_eq!(shown(text, &[("CLAIMWATCH__MAIL__TIMEOUT_SECONDS", "30")]), expected);
}

#[test]
fn a_key_in_a_message_is_shown_as_far_as_its_names_are_ours() {
    for (key, expected) in [
        ("rules.review.target", "rules.review.target"),
        ("escalation.levels[2].to", "escalation.levels[2].to"),
        ("calendars.default", "calendars.\"…\" (text of 7 characters)"),
        ("calendars.ada.time_zone", "calendars.\"…\" (text of 3 characters).time_zone"),
        ("rules.ada", "rules.\"…\" (text of 3 characters)"),
        ("mail.hunter2", "mail.\"…\" (text of 7 characters)"),
        ("", ""),
    ] {
        assert_eq!(shown_key(key).redacted(super::super::mask::masked), expected);
    }
}
