//! A scan over a million claims: 40,000 running clocks, 13,600 of them late.
//!
//! `first` raises the 13,600 alerts on a fresh copy of the database, `nothing new` scans again. `bare SQL` is the least
//! that any program has to read: late clocks without an alert, counted in one hand-written statement. Peak memory of the
//! process is printed at the end. `CLAIMS=10000000` takes another size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::escalation::{Level, Policy, Recipients};
use claimwatch::now::{Stopwatch, TimeSource};
use claimwatch::scan::{Plan, Request, ScanSummary, scan};
use claimwatch::sla::{Rule, cutoff};
use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{SourceRelations, Store as _};
use claimwatch::wording::Language;
use criterion::{Criterion, criterion_group, criterion_main};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The status as the indexes have it.
const STATUS_KEY: &str = "lower(replace(replace(replace(c.status, ' ', ''), '-', ''), '_', ''))";

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().expect("an instant")
}

fn plan() -> Plan {
    let calendar = Calendar::new("fr", Zone::named("Europe/Paris").expect("a zone"));
    let support = Level {
        after: None,
        recipients: Recipients::people(vec!["support@example.com".parse().expect("an address")]),
        remind_every: None,
    };
    Plan {
        rules: Rule::built_in(),
        calendars: Calendars::new("fr", [calendar]).expect("calendars"),
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
        fingerprint: "bench".into(),
        deadlines: "bench".into(),
    }
}

fn claims() -> u64 {
    std::env::var("CLAIMS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

/// The statement that fills `claims`: of each hundred, four have a running clock, and 34 % of those are late.
fn fill(plan: &Plan, claims: u64) -> String {
    let calendar = plan.calendars.default();
    let text = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let cut: Vec<_> = plan.rules.iter().map(|rule| cutoff(&rule.target, None, calendar, now())).collect();
    let (review, dispute, payment) = (text(cut[0]), text(cut[1]), text(cut[2]));
    let earlier = text(now() - TimeDelta::days(365));
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {claims}),
         kinds AS (SELECT i, i % 2500 AS u FROM n),
         starts AS (SELECT i, CASE WHEN u < 22 THEN 'rl' WHEN u < 28 THEN 'dl' WHEN u < 34 THEN 'pl' WHEN u < 54 THEN 'r'
                WHEN u < 60 THEN 'd' WHEN u < 100 THEN 'p' WHEN u < 1800 THEN 'paid' WHEN u < 2200 THEN 'rejected'
                ELSE 'editing' END AS kind, i * 48271 % 86400 AS s FROM kinds),
         rows AS (SELECT i, kind, strftime('%Y-%m-%dT%H:%M:%S.000000Z', CASE kind
                WHEN 'rl' THEN unixepoch('{review}') - 1 - s * 30 WHEN 'dl' THEN unixepoch('{dispute}') - 1 - s * 60
                WHEN 'pl' THEN unixepoch('{payment}') - 1 - s * 120 WHEN 'r' THEN unixepoch('{review}') + s * 2
                WHEN 'd' THEN unixepoch('{dispute}') + s * 5 WHEN 'p' THEN unixepoch('{payment}') + s * 60
                ELSE unixepoch('{earlier}') - s * 900 END, 'unixepoch') AS at FROM starts)
         INSERT INTO claims (claim_id, program_id, partner_name, title, status, submitted_at, reviewed_at, disputed_at,
                approved_at, paid_at, amount, currency, updated_at)
         SELECT printf('CLM-%09d', i), printf('PRG-%04d', i % 200), 'Partner ' || (i % 5000), 'Campaign ' || (i % 97),
                CASE kind WHEN 'rl' THEN 'submitted' WHEN 'r' THEN 'under_review' WHEN 'dl' THEN 'disputed'
                    WHEN 'd' THEN 'disputed' WHEN 'editing' THEN 'editing' WHEN 'rejected' THEN 'rejected' ELSE 'approved' END,
                at, CASE WHEN kind IN ('paid', 'rejected') THEN at END, CASE WHEN kind IN ('d', 'dl') THEN at END,
                CASE WHEN kind IN ('p', 'pl', 'paid') THEN at END, CASE kind WHEN 'paid' THEN at END,
                printf('%d.%02d', i % 9000 + 10, i % 100), CASE i % 3 WHEN 0 THEN 'EUR' WHEN 1 THEN 'USD' ELSE 'GBP' END, at
         FROM rows"
    )
}

async fn database(folder: &Path, plan: &Plan) -> PathBuf {
    let path = folder.join("claims.db");
    let store = SqliteStore::open(&path).await.expect("a database");
    store.migrate(&SourceRelations::default()).await.expect("a schema");
    store.close().await;
    let mut connection = connect(&path).await;
    let programs = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) \
                    INSERT INTO programs (program_id) SELECT printf('PRG-%04d', i) FROM n";
    for statement in [programs, &fill(plan, claims()), "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect(statement);
    }
    connection.close().await.expect("closed");
    path
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.expect("a connection")
}

async fn scan_once(path: &Path, plan: &Plan) -> (ScanSummary, Duration) {
    let store = SqliteStore::open(path).await.expect("a database");
    let request = Request { at: now(), since: None, dry_run: false, scheduled_for: None, term: None };
    let watch = Stopwatch::start();
    let time = TimeSource::fixed(now());
    let summary = scan(&store, plan, &time, &request, &CancellationToken::new(), &|| {}).await.expect("a scan");
    let elapsed = watch.elapsed();
    store.close().await;
    (summary.expect("a scan that was not made before"), elapsed)
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or_else(|| "unknown".into(), |line| line["VmHWM:".len()..].trim().to_owned())
}

fn scans(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let plan = plan();
    let folder = tempfile::tempdir().expect("a folder");
    let empty = runtime.block_on(database(folder.path(), &plan));
    let copy = |name: &str| {
        let to = folder.path().join(name);
        for left in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{left}", to.display()));
        }
        std::fs::copy(&empty, &to).expect("a copy");
        to
    };
    let scanned = copy("scanned.db");
    let (first, _) = runtime.block_on(scan_once(&scanned, &plan));
    assert_eq!(first.opened, claims() * 34 / 2500, "late clocks");
    println!(
        "{} claims, {} alerts; peak memory after filling and a first scan: {}",
        claims(),
        first.opened,
        peak_memory()
    );

    let mut group = criterion.benchmark_group("scan");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("bare SQL: late clocks without an alert", |bencher| {
        let calendar = plan.calendars.default();
        let cut: Vec<String> = plan
            .rules
            .iter()
            .map(|rule| cutoff(&rule.target, None, calendar, now()).format("%Y-%m-%dT%H:%M:%SZ").to_string())
            .collect();
        let one = |rule: &str, start: &str, running: &str, cut: &str| {
            format!(
                "SELECT count(*) AS n FROM source_claims c WHERE {running} AND {start} < '{cut}' AND NOT EXISTS (SELECT 1 \
                 FROM sla_alerts a WHERE a.claim_id = c.claim_id AND a.rule = '{rule}' AND a.payment_id IS NULL \
                 AND a.clock_started_at = c.{start})"
            )
        };
        let statement = format!(
            "SELECT sum(n) FROM ({} UNION ALL {} UNION ALL {})",
            one("review", "submitted_at", &format!("{STATUS_KEY} IN ('submitted', 'underreview')"), &cut[0]),
            one("dispute", "disputed_at", &format!("{STATUS_KEY} IN ('disputed')"), &cut[1]),
            one(
                "payment",
                "approved_at",
                &format!(
                    "{STATUS_KEY} IN ('approved') AND (paid_at IS NULL OR rtrim(paid_at, 'Z.0') < rtrim(approved_at, 'Z.0') \
                     OR paid_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z' \
                     OR date(paid_at) IS NOT substr(paid_at, 1, 10) OR paid_at GLOB '* *')"
                ),
                &cut[2]
            )
        );
        let mut connection = runtime.block_on(connect(&scanned));
        bencher.iter(|| {
            let found: i64 = runtime
                .block_on(sqlx::query_scalar(AssertSqlSafe(statement.clone())).fetch_one(&mut connection))
                .expect("a count");
            assert_eq!(found, 0);
        });
    });
    group.bench_function("nothing new", |bencher| {
        bencher.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    let (summary, elapsed) = runtime.block_on(scan_once(&scanned, &plan));
                    assert_eq!(summary.opened, 0);
                    elapsed
                })
                .sum()
        });
    });
    group.bench_function("first: every late clock raised", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| runtime.block_on(scan_once(&copy("fresh.db"), &plan)).1).sum());
    });
    group.finish();
    println!("peak memory of the whole run: {}", peak_memory());
}

criterion_group!(benches, scans);
criterion_main!(benches);
