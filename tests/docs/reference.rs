//! The reference documents against what the program says of itself: every setting, every column.

use std::collections::BTreeMap;
use std::path::Path;

use claimwatch::config::{Environment, Settings};
use claimwatch::store::SourceRelations;
use claimwatch::store::sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{document, folder, root};

/// The keys that the table `heading` of the configuration knows: it lists them where it is given one that is unlike any.
fn known_keys(heading: &str) -> Vec<String> {
    const UNLIKE_ANY: &str = "zzzzzzzzzzzzzzzz";
    let heading = heading
        .replace("calendars.NAME", "calendars.a")
        .replace("rules.NAME", "rules.review")
        .replace("webhooks.NAME", "webhooks.a");
    let text = format!("{heading}\n{UNLIKE_ANY} = 1\n");
    let refused = Settings::parse(Some(Path::new("c.toml")), &text, &Environment::from_vars([])).expect_err(&text);
    let refused = refused.to_string();
    let line = refused.lines().find(|line| line.contains(UNLIKE_ANY)).unwrap_or_else(|| panic!("{refused}"));
    let (_, expected) = line.split_once("expected ").unwrap_or_else(|| panic!("{line}"));
    let mut keys: Vec<String> = expected.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    keys.sort();
    keys
}

#[test]
fn every_setting_is_described_and_none_that_there_is_not() {
    let configuration = document("configuration.md");
    let headings = configuration.text.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    let mut tables = 0;
    for heading in headings.clone().filter(|heading| *heading != "[calendars]") {
        let mut described = configuration.first_column(&format!("`{heading}`"));
        described.sort();
        let is_table = |key: &String| {
            let table = format!("[{}.{key}]", heading.trim_matches(['[', ']']));
            headings.clone().any(|heading| heading == table)
        };
        let mut known = known_keys(heading);
        known.retain(|key| !is_table(key));
        assert_eq!(described, known, "{heading}");
        tables += 1;
    }
    assert_eq!(tables, 17, "tables of settings: {:?}", headings.collect::<Vec<_>>());
    // Names of calendars are the user's: only the one other key can be told.
    assert_eq!(configuration.first_column("`[calendars]`"), ["default"]);
    for name in known_keys("") {
        let is_its = |heading: &str| heading.trim_matches(['[', ']']).split('.').next() == Some(&name);
        assert!(headings.clone().any(is_its), "[{name}]");
    }
}

/// Columns by table or view of a fresh database: name, type, whether it may be null.
async fn columns() -> BTreeMap<String, Vec<[String; 3]>> {
    let folder = folder();
    let path = folder.path().join("claimwatch.db");
    let store = SqliteStore::open(&path).await.expect("a database");
    store.migrate(&SourceRelations::default()).await.expect("a schema");
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.expect("connected");
    let sql = "SELECT m.name AS relation, c.name, c.type, c.\"notnull\" OR c.pk > 0 AS needed FROM sqlite_master m, pragma_table_info(m.name) c \
               WHERE m.type IN ('table', 'view') AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' \
               AND m.name NOT LIKE 'source\\_%' ESCAPE '\\' ORDER BY m.name, c.cid";
    let mut relations: BTreeMap<String, Vec<[String; 3]>> = BTreeMap::new();
    for row in sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.expect("columns") {
        let null = if row.get::<bool, _>("needed") { "no" } else { "yes" };
        let column = [format!("`{}`", row.get::<String, _>("name")), row.get("type"), null.to_owned()];
        relations.entry(row.get("relation")).or_default().push(column);
    }
    relations
}

#[tokio::test]
async fn every_column_is_described_with_its_type_and_whether_it_may_be_null() {
    let (alerts, input) = (document("alerts.md"), document("input.md"));
    for (relation, columns) in columns().await {
        let title = format!("`{relation}`");
        let names: Vec<&str> = columns.iter().map(|[name, ..]| name.trim_matches('`')).collect();
        match relation.as_str() {
            "programs" | "claims" | "claim_payments" | "claim_history" => {
                assert_eq!(input.first_column(&title), names, "{relation}");
            }
            // Views have no types and no constraints of their own.
            "sla_daily" => assert_eq!(alerts.first_column(&title), names),
            "sla_open_alerts" => {
                let left_out = ["resolution", "stopped_at", "resolved_at", "next_escalation_at", "explanation"];
                let mut described = alerts.first_column("`sla_alerts`");
                described.retain(|name| !left_out.contains(&name.as_str()));
                described.extend(alerts.first_column(&title));
                described.sort();
                let mut names = names;
                names.sort_unstable();
                assert_eq!(described, names);
            }
            _ => {
                let rows = alerts.rows(&title);
                let described: Vec<Vec<String>> = rows.into_iter().filter(|row| row.len() == 4).collect();
                let described: Vec<&[String]> = described.iter().map(|row| &row[..3]).collect();
                let columns: Vec<&[String]> = columns.iter().map(<[String; 3]>::as_slice).collect();
                assert_eq!(described[..columns.len().min(described.len())], columns, "{relation}");
            }
        }
    }
}

#[test]
fn every_column_of_the_attachment_is_described() {
    let attachment =
        std::fs::read_to_string(root().join("tests/data/mail/escalation/en/claims.csv")).expect("a snapshot");
    let header = attachment.trim_start_matches('\u{feff}').lines().next().expect("a header");
    assert_eq!(document("mail.md").first_column("`claims.csv`"), header.split(',').collect::<Vec<_>>());
}

#[test]
fn every_import_column_that_is_needed_is_marked() {
    let input = document("input.md");
    for (title, needed) in [
        ("`programs`", &["program_id"][..]),
        ("`claims`", &["claim_id", "status"]),
        ("`claim_payments`", &["payment_id", "claim_id"]),
        ("`claim_history`", &["claim_id", "at", "status"]),
    ] {
        let rows = input.rows(title);
        let marked = rows.iter().filter(|row| row.get(2).is_some_and(|cell| cell == "yes"));
        let marked: Vec<&str> = marked.map(|row| row[0].trim_matches('`')).collect();
        assert_eq!(marked, needed, "{title}");
    }
}
