//! A whole claimwatch for one test: a real database in a folder of its own, a clock that the test sets, the default rules.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use claimwatch::alert::{Alert, AlertEvent};
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::escalation::{Level, Policy, SendHours};
use claimwatch::now::TimeSource;
use claimwatch::scan::{Diff, Plan, Request, ScanSummary, diff, scan};
use claimwatch::sla::Rule;
use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{AlertFilter, DeliveryState, OutboxItem, SourceRelations, Store};
use claimwatch::wording::Language;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Writes each test once and runs it on every engine; a failure reads `scan::sqlite::a_late_review_raises_one_alert`.
#[macro_export]
macro_rules! on_every_engine {
    ($($(#[$meta:meta])* async fn $name:ident($world:pat_param in World) $body:block)*) => {
        $($(#[$meta])* async fn $name($world: $crate::world::World) $body)*

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::world::World::on_sqlite().await).await;
            })*
        }
    };
}

pub struct World {
    pub folder: TempDir,
    pub store: Arc<dyn Store>,
    pub time: TimeSource,
    pub plan: Plan,
    database: String,
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
        to: vec!["support@example.com".parse().expect("an address")],
        cc: Vec::new(),
        remind_every: None,
    };
    Plan {
        rules: Rule::built_in(),
        calendars: Calendars::new("fr", [paris()]).expect("calendars"),
        policy: Policy {
            levels: vec![support],
            routes: Vec::new(),
            send_hours: None,
            language: Language::En,
            support_url: None,
            claim_url: None,
        },
        fingerprint: "the first settings".into(),
    }
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("claimwatch.db");
        let store = SqliteStore::open(&path).await.expect("a database");
        store.migrate(&SourceRelations::default()).await.expect("a schema");
        let database = format!("sqlite://{}", path.display());
        let time = TimeSource::fixed(at("2026-11-23T09:00:00Z"));
        Self { folder, store: Arc::new(store), time, plan: plan(), database }
    }

    /// Another world in which everything is as it is in this one now.
    pub async fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("claimwatch.db");
        self.sql(&format!("VACUUM INTO '{}'", path.display())).await;
        let store = SqliteStore::open(&path).await.expect("a database");
        let database = format!("sqlite://{}", path.display());
        Self { folder, store: Arc::new(store), time: self.time.clone(), plan: self.plan.clone(), database }
    }

    /// What scans by `new` would change, as of an instant.
    pub async fn diff(&self, new: &Plan, instant: &str) -> Diff {
        diff(&*self.store, &self.plan, new, at(instant), 3).await.expect("a comparison")
    }

    /// A connection of one's own, as a dashboard has it.
    pub async fn connection(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.database).await.expect("a connection")
    }

    /// Runs a statement as someone who fills or reads the tables would; values come as text.
    pub async fn sql(&self, statement: &str) -> Vec<Vec<String>> {
        self.try_sql(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"))
    }

    /// As [`World::sql`], where a refusal is expected.
    pub async fn try_sql(&self, statement: &str) -> Result<Vec<Vec<String>>, String> {
        sql_on(self.connection().await, statement).await
    }

    /// Puts a claim into the database, in place of the one with its id.
    pub async fn put(&self, claim: ClaimRow) {
        self.sql(&claim.statement()).await;
    }

    pub async fn program(&self, id: &str, calendar: Option<&str>, requires_tax_invoice: bool) {
        let calendar = calendar.map_or("NULL".into(), quoted);
        let needs = i32::from(requires_tax_invoice);
        self.sql(&format!(
            "INSERT OR REPLACE INTO programs (program_id, calendar, requires_tax_invoice) VALUES ({}, {calendar}, {needs})",
            quoted(id)
        ))
        .await;
    }

    pub async fn line(&self, id: &str, claim: &str, amount: &str, currency: &str, paid_at: Option<&str>) {
        let paid_at = paid_at.map_or("NULL".into(), |text| quoted(stored(text)));
        self.sql(&format!(
            "INSERT OR REPLACE INTO claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at) \
             VALUES ({}, {}, 'Entity {id}', '{amount}', '{currency}', {paid_at})",
            quoted(id),
            quoted(claim)
        ))
        .await;
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

/// Runs a statement on a connection and closes it; values come as text.
pub async fn sql_on(mut connection: SqliteConnection, statement: &str) -> Result<Vec<Vec<String>>, String> {
    let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(&mut connection).await;
    connection.close().await.expect("closed");
    let text = |row: &sqlx::sqlite::SqliteRow, n| {
        row.try_get_unchecked::<Option<String>, _>(n).expect("text").unwrap_or_else(|| "null".into())
    };
    let rows = rows.map_err(|error| error.to_string())?;
    Ok(rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect())
}

/// A claim as someone would insert it.
#[derive(Clone, Debug)]
pub struct ClaimRow(Vec<(&'static str, String)>);

/// A claim of program P-1 in `status`.
pub fn claim(id: &str, status: &str) -> ClaimRow {
    ClaimRow(vec![
        ("claim_id", id.into()),
        ("status", status.into()),
        ("program_id", "P-1".into()),
        ("partner_name", "Contoso".into()),
        ("amount", "100.00".into()),
        ("currency", "EUR".into()),
    ])
}

impl ClaimRow {
    /// The statement that puts it into the database, in place of the one with its id.
    pub fn statement(&self) -> String {
        let columns: Vec<_> = self.0.iter().map(|(column, _)| *column).collect();
        let values: Vec<_> = self.0.iter().map(|(_, value)| quoted(value)).collect();
        format!("INSERT OR REPLACE INTO claims ({}) VALUES ({})", columns.join(", "), values.join(", "))
    }

    /// Sets an instant column, in the contract's form.
    pub fn on(self, column: &'static str, instant: &str) -> Self {
        let stored = stored(instant);
        self.with(column, &stored)
    }

    /// Sets any column, as it is.
    pub fn with(mut self, column: &'static str, value: &str) -> Self {
        self.0.retain(|(other, _)| *other != column);
        self.0.push((column, value.into()));
        self
    }
}

fn stored(instant: &str) -> String {
    at(instant).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

pub fn quoted(text: impl AsRef<str>) -> String {
    let hex: String = text.as_ref().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("CAST(x'{hex}' AS TEXT)")
}
