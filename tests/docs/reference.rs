//! The reference documents against what the program says of itself: settings, columns.

use std::collections::BTreeMap;
use std::process::Command;

use claimwatch::store::SourceRelations;
use claimwatch::store::sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{document, folder, program, root};

#[test]
fn configuration_md_is_what_the_program_says_of_its_settings() {
    let said = Command::new(program()).args(["settings", "--format", "markdown"]).output().expect("the program");
    let said = String::from_utf8(said.stdout).expect("text");
    let path = root().join("docs/configuration.md");
    let is_up_to_date = document("configuration.md").text == said;
    if !is_up_to_date && std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return std::fs::write(path, said).expect("written");
    }
    assert!(
        is_up_to_date,
        "docs/configuration.md is out of date: claimwatch settings --format markdown > docs/configuration.md"
    );
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
                let left_out =
                    ["resolution", "stopped_at", "resolved_at", "backfilled_at", "next_escalation_at", "explanation"];
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
