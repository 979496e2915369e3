//! A whole claimwatch for one test: a real database of its own, a clock that the test sets, the default rules.

mod database;
mod macros;
mod rows;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use claimwatch::alert::{Alert, AlertEvent};
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::escalation::{Level, Policy, Recipients, SendHours};
use claimwatch::now::TimeSource;
use claimwatch::scan::{Diff, Plan, Request, ScanSummary, diff, scan};
use claimwatch::sla::Rule;
use claimwatch::store::{AlertFilter, DeliveryState, OutboxItem, SourceRelations, Store};
use claimwatch::wording::Language;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::postgres::Cluster;
pub use database::{Database, Engine, Session};
pub use macros::{cases, in_a_runtime};
pub use rows::{ClaimRow, claim, quoted};

pub struct World {
    pub folder: TempDir,
    pub store: Arc<dyn Store>,
    pub time: TimeSource,
    pub plan: Plan,
    // After the store: its sessions end before its database does.
    pub database: Database,
}

/// An instant from RFC 3339.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|e| panic!("{text}: {e}")).to_utc()
}

pub fn paris() -> Calendar {
    Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"))
}

/// Rules as they are built in, the French calendar, one level to support.
pub fn plan() -> Plan {
    let support = Level {
        after: None,
        recipients: Recipients::people(vec!["support@example.com".parse().expect("an address")]),
        remind_every: None,
    };
    Plan {
        rules: Rule::built_in(),
        calendars: Calendars::new("fr", [paris()]).expect("calendars"),
        policy: Policy {
            levels: vec![support],
            routes: Vec::new(),
            send_hours: None,
            brake: None,
            all_is_well: Recipients::default(),
            monthly_reports: Vec::new(),
            language: Language::En,
            support_url: None,
            claim_url: None,
        },
        fingerprint: "the first settings".into(),
        deadlines: "the first rules".into(),
    }
}

impl World {
    pub async fn on_sqlite() -> Self {
        Self::on(Engine::Sqlite).await
    }

    pub async fn on_postgres() -> Self {
        Self::on(Engine::Postgres).await
    }

    pub async fn on(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::migrated(engine, &folder).await;
        Self::with(folder, database).await
    }

    /// On PostgreSQL, in a cluster that the test may stop and start; it must outlive the world.
    pub async fn in_cluster(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::with(folder, Database::in_cluster(cluster).await).await
    }

    async fn with(folder: TempDir, database: Database) -> Self {
        let store = database.adapter().await.store();
        Self { folder, store, time: TimeSource::fixed(at("2026-11-23T09:00:00Z")), plan: plan(), database }
    }

    /// Another world in which everything is as it is in this one now.
    pub async fn copy(&mut self) -> Self {
        // PostgreSQL copies a database only while nobody is connected to it.
        if self.engine() == Engine::Postgres {
            self.store.close().await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let database = self.database.copy(&folder).await;
        if self.engine() == Engine::Postgres {
            self.store = self.database.adapter().await.store();
        }
        Self { time: self.time.clone(), plan: self.plan.clone(), ..Self::with(folder, database).await }
    }

    pub fn engine(&self) -> Engine {
        self.database.engine()
    }

    /// Migrates to other sources, as `claimwatch migrate` does beside a daemon that runs.
    pub async fn migrate(&self, sources: &SourceRelations) {
        let store = self.database.adapter().await;
        store.migrate(sources).await.expect("its views");
        store.store().close().await;
    }

    /// What scans by `new` would change, as of an instant.
    pub async fn diff(&self, new: &Plan, instant: &str) -> Diff {
        diff(&*self.store, &self.plan, new, at(instant), 3).await.expect("a comparison")
    }

    /// Runs statements as someone who fills or reads the tables would. Values come as text in one form, that of SQLite.
    pub async fn sql(&self, statements: &str) -> Vec<Vec<String>> {
        self.try_sql(statements).await.unwrap_or_else(|e| panic!("{statements}: {e}"))
    }

    /// As [`World::sql`], where a refusal is expected.
    pub async fn try_sql(&self, statements: &str) -> Result<Vec<Vec<String>>, String> {
        Ok(legible(self.database.rows(statements).await?))
    }

    /// Everything that these tables hold, to see what changed.
    pub async fn tables(&self, names: &[&str]) -> Vec<Vec<String>> {
        let mut tables = Vec::new();
        for name in names {
            let mut rows = self.sql(&format!("SELECT * FROM {name}")).await;
            rows.sort();
            tables.append(&mut rows);
        }
        tables
    }

    pub async fn scan(&self, instant: &str) -> ScanSummary {
        self.scan_with(Request { at: at(instant), since: None, dry_run: false, scheduled_for: None, term: None }).await
    }

    pub async fn scan_with(&self, request: Request) -> ScanSummary {
        self.time.set(request.at);
        scan(&*self.store, &self.plan, &self.time, &request, &CancellationToken::new(), &|| {})
            .await
            .expect("a scan that finishes")
            .expect("a scan that was not made before")
    }

    pub async fn alerts(&self) -> Vec<Alert> {
        self.store.alerts(&AlertFilter::default()).await.expect("alerts")
    }

    /// The only alert there is.
    pub async fn alert(&self) -> Alert {
        let mut alerts = self.alerts().await;
        assert_eq!(alerts.len(), 1, "expected one alert: {alerts:#?}");
        alerts.remove(0)
    }

    pub async fn events(&self, alert: &Alert) -> Vec<AlertEvent> {
        self.store.events(alert.id).await.expect("events")
    }

    /// The kinds of an alert's events, oldest first.
    pub async fn story(&self, alert: &Alert) -> Vec<String> {
        self.events(alert).await.into_iter().map(|event| event.kind).collect()
    }

    /// Open data problems: (claim, kind).
    pub async fn problems(&self) -> Vec<(String, String)> {
        let rows = self
            .sql("SELECT claim_id, kind FROM data_problems WHERE resolved_at IS NULL ORDER BY claim_id, kind")
            .await;
        rows.into_iter().map(|mut row| (row.remove(0), row.remove(0))).collect()
    }

    pub async fn waiting(&self) -> Vec<OutboxItem> {
        self.store.deliveries(Some(DeliveryState::Pending)).await.expect("deliveries")
    }

    pub fn rule(&mut self, name: &str) -> &mut Rule {
        self.plan.rules.iter_mut().find(|rule| rule.name == name).expect("a rule")
    }

    pub fn send_hours(&mut self, opens: &str, closes: &str) {
        let time = |text: &str| text.parse().expect("a time of day");
        self.plan.policy.send_hours = Some(SendHours { opens: time(opens), closes: time(closes) });
    }
}

/// Absent values as a word.
pub fn legible(rows: Vec<Vec<Option<String>>>) -> Vec<Vec<String>> {
    let text = |value: Option<String>| value.unwrap_or_else(|| "null".into());
    rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect()
}
