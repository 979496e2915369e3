//! Beside a company's claims: a server with databases and roles of theirs, where claimwatch moves in as its documents say.

mod backup;
mod checks;
mod mapping;
mod roles;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Desk, Told};
use crate::postgres::{Cluster, rows_of};
use crate::world::legible;

/// `[source]` of the example in `deploy/postgres/example-mapping.sql`.
const MAPPED: &str = "[source]\nclaims = \"sales.cw_claims\"\nprograms = \"sales.cw_programs\"\n\
    payments = \"sales.cw_payments\"\nhistory = \"sales.cw_history\"\n";

/// A cluster with the database `claims`, and a desk whose configuration names it.
struct Company {
    cluster: Cluster,
    desk: Desk,
    /// Of the configuration, beside the database.
    more: &'static str,
}

impl Company {
    async fn new(more: &'static str) -> Self {
        let cluster = Cluster::create(&[], &[]).unwrap_or_else(|why| panic!("{why}"));
        rows_of(&cluster.url("postgres"), "CREATE DATABASE claims").await.expect("a database");
        Self { cluster, desk: Desk::with(""), more }
    }

    /// As an operator brings it up: roles, the schema, and rights on it; `before` prepares what is theirs.
    async fn moved_into(more: &'static str, before: &[&str]) -> Self {
        let company = Self::new(more).await;
        company.script("roles.sql", &[]);
        for script in before {
            company.sql(script).await;
        }
        company.run_as("claimwatch_migrate", &["migrate"]);
        company.script("roles.sql", &[]);
        company
    }

    /// Runs a file of `deploy/postgres` with psql, as the server's superuser.
    #[track_caller]
    fn script(&self, name: &str, variables: &[&str]) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postgres").join(name);
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-f", "-", "-d", &self.cluster.url("claims")]);
        psql.args(variables.iter().flat_map(|variable| ["-v", variable]));
        let output = psql.stdin(Stdio::from(File::open(file).expect(name))).output().expect("psql, in PATH");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn url_of(&self, role: &str) -> String {
        self.cluster.url("claims").replace("user=postgres", &format!("user={role}"))
    }

    /// Runs statements as the server's superuser.
    async fn sql(&self, statements: &str) -> Vec<Vec<String>> {
        self.try_sql("postgres", statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    async fn try_sql(&self, role: &str, statements: &str) -> Result<Vec<Vec<String>>, String> {
        rows_of(&self.url_of(role), statements).await.map(legible).map_err(|error| error.to_string())
    }

    /// Runs claimwatch with this role in its configuration.
    fn run_as(&self, role: &str, args: &[&str]) -> Told {
        self.desk.configure(&format!("[database]\nurl = \"{}\"\n{}", self.url_of(role), self.more));
        self.desk.run(args)
    }

    /// What `claimwatch check` finds wrong: check, detail, fix.
    fn wrong_as(&self, role: &str) -> Vec<[String; 3]> {
        let checks = self.run_as(role, &["check", "--json"]).json();
        let failed = checks.as_array().expect("an array").iter().filter(|check| check["ok"] == false);
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        failed.map(|check| ["check", "detail", "fix"].map(|key| text(&check[key]))).collect()
    }

    /// Everything that claimwatch recorded.
    async fn recorded(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for table in ["sla_alerts", "sla_alert_events", "data_problems", "outbox", "outbox_messages"] {
            all.extend(self.sql(&format!("SELECT * FROM claimwatch.{table} ORDER BY 1, 2, 3")).await);
        }
        all
    }
}

/// The example's tables, views and indexes.
fn example() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postgres/example-mapping.sql");
    fs::read_to_string(file).expect("the example")
}
