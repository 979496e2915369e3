//! What a scan reads: every statement goes through the index that was made for it, and none reads a whole table.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::SqliteStore;
use super::claims::{self, PageKey};
use crate::alert::{self, NewAlert, Opening, Resolution, State, Transition};
use crate::calendar::{Calendar, Calendars, Zone};
use crate::claim::{DataProblem, ProblemKind};
use crate::now::fresh_id;
use crate::sla::Rule;
use crate::store::{Cutoffs, Page, Raised, ScanLog as _, Side, SourceRelations, Starts, Store, Told};

/// The statements that sqlx says were carried out, in their order.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Statements {
    fn record_str(&mut self, field: &Field, value: &str) {
        let statement = value.trim();
        let asks =
            !["", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK"].contains(&statement.split(' ').next().unwrap_or_default());
        if field.name() == "db.statement" && asks && !statement.ends_with("sqlite_schema") {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(statement.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// A database that says what it was asked.
struct Watched {
    _folder: TempDir,
    store: SqliteStore,
    statements: Statements,
}

impl Watched {
    async fn open() -> Self {
        let statements = Statements::default();
        let layer = statements.clone().with_filter(Targets::new().with_target("sqlx::query", Level::DEBUG));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).expect("the only one");
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("claimwatch.db")).await.expect("a database");
        store.migrate(&SourceRelations::default()).await.expect("a schema");
        let watched = Self { _folder: folder, store, statements };
        watched.asked();
        watched
    }

    /// The statements since this was asked last.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.statements.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How each of the statements since the last time finds its rows: those that look into a table at all.
    async fn plans(&self) -> Vec<Vec<String>> {
        let mut plans = Vec::new();
        for statement in self.asked() {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(explain).fetch_all(&self.store.readers).await.expect(&statement);
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            for step in &plan {
                let table = step.strip_prefix("SCAN ").filter(|table| !table.contains(" INDEX "));
                let made = |rows: &str| {
                    rows.contains("VALUES CLAUSE") || rows == "CONSTANT ROW" || rows.starts_with("(subquery-")
                };
                let rows_of_ours = table.is_none_or(made);
                assert!(rows_of_ours, "{step}: {statement}");
            }
            plans.push(plan);
        }
        self.asked();
        plans
    }

    /// The first index of ours that each of these statements uses.
    async fn indexes(&self) -> Vec<String> {
        let name = |step: &String| {
            let index = step.split_once(" INDEX ")?.1.split(' ').next()?;
            (!index.starts_with("sqlite_autoindex")).then(|| index.to_owned())
        };
        let plans = self.plans().await;
        plans.iter().map(|plan| plan.iter().find_map(name).unwrap_or_else(|| panic!("no index: {plan:?}"))).collect()
    }
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T09:00:00Z").expect("an instant").to_utc()
}

/// Where the running clocks of a rule are: claims, lines that were never paid, lines whose payment is left over.
fn running(rule: &Rule) -> Vec<String> {
    let claims = format!("claims_{}_clock", rule.name);
    let lines = ["claim_payments_unpaid", "claim_payments_paid"].map(str::to_owned);
    if rule.name.contains("payment") { [claims].into_iter().chain(lines).collect() } else { vec![claims] }
}

/// How a plan says that an index is read on that side of a start alone.
fn side_of(side: Side) -> char {
    if side == Side::Before { '<' } else { '>' }
}

#[tokio::test]
async fn every_statement_of_a_scan_goes_through_its_index() {
    let watched = Watched::open().await;
    let mut pass = watched.store.pass(None).await.expect("a pass");
    let rules = Rule::built_in();
    for rule in &rules {
        late(&watched, rule).await;
        for side in [Side::Before, Side::From] {
            let starts = Starts { side, default: None, by_calendar: [("fr".into(), Some(now()))].into() };
            pass.running_clocks(rule, &starts, Page::First, 500).await.expect("clocks");
            let plans = watched.plans().await;
            let range = format!("claims_{}_clock ({}{}?", rule.name, rule.starts_at.column(), side_of(side));
            assert!(plans[0].iter().any(|step| step.contains(&range)), "{range}: {plans:?}");
            pass.running_clocks(rule, &starts, Page::First, 500).await.expect("clocks");
            assert_eq!(watched.indexes().await, running(rule), "{side:?} {}", rule.name);
        }
        pass.stopped_clocks(rule, now(), now(), Page::First, 500).await.expect("clocks");
        let stopped = match rule.name.as_str() {
            "review" => vec!["claims_reviewed"],
            "dispute" => vec!["claims_dispute_resolved"],
            _ => vec!["claims_paid", "claim_payments_paid"],
        };
        assert_eq!(watched.indexes().await, stopped, "stopped {}", rule.name);
        pass.running(rule, now()).await.expect("a count");
        assert_eq!(watched.indexes().await, running(rule), "running {}", rule.name);
        for all in [false, true] {
            pass.open_alerts(rule, ("fr", "fr"), all, Page::First, 500).await.expect("alerts");
            assert_eq!(watched.indexes().await, ["sla_alerts_open"], "open {}", rule.name);
        }
        pass.standing(&rule.name, &["C-1", "C-2"]).await.expect("alerts");
        let plans = watched.plans().await.concat();
        for index in
            ["sla_alerts_claim_clock (claim_id=? AND rule=?", "sla_alerts_payment_clock (claim_id=? AND rule=?"]
        {
            assert!(plans.iter().any(|step| step.contains(index)), "standing {}: {plans:?}", rule.name);
        }
    }

    pass.data_problems(&rules, &["fr"]).await.expect("problems");
    let looks = |rule: &Rule| if rule.may_lack_start { 1 } else { 2 };
    let by_rule = rules.iter().flat_map(|rule| running(rule).into_iter().flat_map(|index| vec![index; looks(rule)]));
    let others = ["claims_unknown_status", "claims_unreadable", "claim_payments_unreadable"].map(str::to_owned);
    assert_eq!(watched.indexes().await, by_rule.chain(others).collect::<Vec<_>>());
    drop(pass);
    record(&watched, &rules[0]).await;
}

/// Late clocks, from the beginning and from the places that pages end in.
async fn late(watched: &Watched, rule: &Rule) {
    let mut reader = watched.store.readers.acquire().await.expect("a connection");
    for at_risk in [false, true] {
        let cutoffs = Cutoffs { default: now(), by_calendar: [("fr".into(), now())].into(), at_risk };
        for part in 0..=running(rule).len() {
            let after = part.checked_sub(1).map(|part| {
                let text = String::new;
                PageKey { part, at: text(), claim_id: text(), payment_id: text() }
            });
            claims::unalerted(&mut reader, rule, &cutoffs, after.as_ref(), 500).await.expect("clocks");
            assert_eq!(watched.indexes().await, running(rule)[part.saturating_sub(1)..], "late {}", rule.name);
        }
    }
}

/// What is recorded about one late claim, from at risk to resolved and open again.
async fn record(watched: &Watched, rule: &Rule) {
    let store = &watched.store;
    let claim =
        "INSERT INTO claims (claim_id, status, submitted_at) VALUES ('C-1', 'submitted', '2026-11-16T10:00:00Z')";
    sqlx::query(claim).execute(&store.writer).await.expect("a claim");
    let calendar = Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"));
    let calendars = Calendars::new("fr", [calendar]).expect("calendars");
    let cutoffs = Cutoffs { default: now(), by_calendar: [].into(), at_risk: false };
    let mut pass = store.pass(None).await.expect("a pass");
    let clock = pass.unalerted_clocks(rule, &cutoffs, Page::First, 1).await.expect("clocks").remove(0);
    let context = alert::Context { rule, calendars: &calendars, now: now() };
    let raised = alert::judge_running(&context, &clock).expect("a deadline").expect("a late claim");
    let Transition::Raise { alert: late, .. } = raised.clone() else { panic!("{raised:?}") };
    let line = NewAlert { payment_id: Some("L-1".into()), ..late.clone() };
    let told = vec![Told { level: 1, message: fresh_id(now()) }];
    let new = |alert: &NewAlert| Raised {
        id: fresh_id(now()),
        alert: alert.clone(),
        state: State::AtRisk,
        opening: Opening::Usual,
        detected_at: now(),
        ended: None,
        told: told.clone(),
        silenced: None,
        next_escalation_at: None,
    };
    pass.raise(now(), &[new(&late), new(&line)]).await.expect("alerts");
    let breached = |alert: &NewAlert| Transition::Raise { alert: alert.clone(), state: State::Breached };
    pass.record(now(), Opening::Usual, &[breached(&late), breached(&line)]).await.expect("alerts");
    let known = pass.pending_escalations(now(), true, Page::First, 1).await.expect("alerts").remove(0);
    let moved = Transition::Move {
        alert_id: known.alert_id,
        alert: NewAlert { due_at: now(), ..late.clone() },
        state: State::AtRisk,
        cause: "the deadline moved".into(),
    };
    let gone = Transition::Resolve {
        alert_id: known.alert_id,
        resolution: Resolution::Withdrawn,
        stopped_at: None,
        claim_status: None,
        cause: "the claim is gone".into(),
    };
    pass.record(now(), Opening::Usual, &[moved, gone]).await.expect("changes");
    pass.record(now(), Opening::Usual, &[breached(&late)]).await.expect("an alert that opens again");
    let problem = DataProblem { claim_id: "C-1".into(), kind: ProblemKind::Unreadable, detail: String::new() };
    pass.record_problems(now(), &[problem]).await.expect("problems");
    pass.schedule_escalations(&[(known.alert_id, Some(now()))]).await.expect("scheduled");
    pass.pending_escalations(now(), false, Page::First, 1).await.expect("alerts");
    pass.pending_escalations(now(), false, Page::Next, 1).await.expect("alerts");
    pass.open_counts().await.expect("counts");
    pass.silences(now()).await.expect("silences");
    pass.settled(1, now(), 1).await.expect("settled alerts");
    pass.held().await.expect("held alerts");
    store.usual_openings(now()).await.expect("openings");
    assert!(watched.plans().await.len() > 20, "each was looked at");
}
