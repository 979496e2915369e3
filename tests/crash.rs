//! SIGKILL on the real binary, at many points of scans and deliveries: every late clock ends up with exactly one alert, and
//! every alert in a mail to each recipient, whose repeats are the same bytes under the same Message-ID.
//!
//! Each round adds claims, starts the program and kills it after a time that the rounds sweep over the length of an
//! undisturbed run; others kill it at a moment that is seen: a scan that writes, or the mail server having been given a message
//! without having answered. What a round leaves undone the next ones have to make good.

mod it {
    #[expect(dead_code, reason = "made for the tests in tests/it, which use all of it")]
    pub mod smtp_server;
}

#[path = "support/mails.rs"]
mod mails;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use chrono::{DateTime, Days, SecondsFormat, Utc};
use claimwatch::now::TimeSource;
use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{SourceRelations, Store};
use it::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};
use mailparse::MailHeaderMap;
use mails::{Clock, clocks_in};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// Rounds of each sweep.
const ROUNDS: u32 = 20;
/// Claims that each round adds.
const WAVE: u32 = 60;
/// Claims that are there at first, more than a scan records at a time.
const BACKLOG: u32 = 1500;
const RECIPIENTS: [&str; 2] = ["support@example.com", "lead@example.com"];
/// The longest that anything here may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// How a process that was to be killed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Killed,
    /// It was done before.
    Done,
}

/// A database, a mail server, and the clocks that are late.
struct Yard {
    folder: TempDir,
    server: SmtpServer,
    connection: SqliteConnection,
    now: DateTime<Utc>,
    claims: u32,
    late: BTreeSet<Clock>,
    ends: BTreeMap<(&'static str, End), u32>,
}

impl Yard {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("claimwatch.db");
        let store = SqliteStore::open(&path).await.expect("a database");
        store.migrate(&SourceRelations::default()).await.expect("a schema");
        store.close().await;
        let server = SmtpServer::start(Encryption::None).await;
        let configuration = format!(
            "[database]\nurl = \"sqlite:claimwatch.db\"\n[schedule]\nscan = \"* * * * * *\"\n\
             [[escalation.levels]]\nto = {RECIPIENTS:?}\n\
             [mail]\ntransport = \"smtp\"\nfrom = \"claims@example.com\"\ntimeout_seconds = 3\nmax_per_hour = 100000\n\
             [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            server.port()
        );
        std::fs::write(folder.path().join("claimwatch.toml"), configuration).expect("a configuration");
        let connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("a connection");
        let now = TimeSource::system().now();
        let mut yard =
            Self { folder, server, connection, now, claims: 0, late: BTreeSet::new(), ends: BTreeMap::new() };
        yard.sql("INSERT INTO programs (program_id, requires_tax_invoice) VALUES ('P-1', 0), ('P-2', 1)").await;
        yard
    }

    async fn sql(&mut self, statement: &str) -> Vec<Vec<Option<String>>> {
        let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(&mut self.connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{statement}: {error}"));
        let text = |row: &sqlx::sqlite::SqliteRow, n: usize| row.try_get_unchecked(n).expect("text");
        rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect()
    }

    async fn number(&mut self, statement: &str) -> usize {
        let rows = self.sql(statement).await;
        rows[0][0].as_deref().expect("a number").parse().expect("a number")
    }

    /// Whether another process writes at this moment.
    async fn is_written(&mut self) -> bool {
        if sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await.is_err() {
            return true;
        }
        self.sql("ROLLBACK").await;
        false
    }

    /// Adds `count` claims, most of them late by one rule or another.
    async fn add(&mut self, count: u32) {
        let instant = |at: DateTime<Utc>| format!("'{}'", at.to_rfc3339_opts(SecondsFormat::Micros, true));
        let (long_ago, now) = (instant(self.now - Days::new(200)), instant(self.now));
        let (mut claims, mut lines) = (Vec::new(), Vec::new());
        for n in self.claims..self.claims + count {
            let id = format!("C-{n:05}");
            let mut is_late = |rule: &str, line: Option<&str>| {
                self.late.insert((rule.to_owned(), id.clone(), line.map(str::to_owned)));
            };
            let row = |program: &str, status: &str, submitted: &str, disputed: &str, approved: &str, invoice: &str| {
                format!(
                    "('{id}', '{program}', '{status}', {submitted}, {disputed}, {approved}, {invoice}, '10.00', 'EUR')"
                )
            };
            claims.push(match n % 5 {
                0 => {
                    is_late("review", None);
                    row("P-1", "submitted", &long_ago, "NULL", "NULL", "NULL")
                }
                1 => {
                    is_late("dispute", None);
                    row("P-1", "disputed", &long_ago, &long_ago, "NULL", "NULL")
                }
                2 => {
                    for line in ["A", "B"] {
                        let line = format!("{id}-{line}");
                        is_late("payment", Some(&line));
                        lines.push(format!("('{line}', '{id}', '5.00', 'USD')"));
                    }
                    row("P-1", "approved", &long_ago, "NULL", &long_ago, "NULL")
                }
                3 => {
                    is_late("tax_invoice_payment", None);
                    row("P-2", "approved", &long_ago, "NULL", &long_ago, &long_ago)
                }
                _ => row("P-1", "submitted", &now, "NULL", "NULL", "NULL"),
            });
        }
        self.claims += count;
        let columns = "claim_id, program_id, status, submitted_at, disputed_at, approved_at, tax_invoice_approved_at, \
                       amount, currency";
        self.sql(&format!("INSERT INTO claims ({columns}) VALUES {}", claims.join(", "))).await;
        let columns = "payment_id, claim_id, amount, currency";
        self.sql(&format!("INSERT INTO claim_payments ({columns}) VALUES {}", lines.join(", "))).await;
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claimwatch"));
        command.arg("--config").arg(self.folder.path().join("claimwatch.toml")).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("the program starts")
    }

    /// Lets the program finish; how long it took.
    async fn finish(&self, arguments: &[&str]) -> Duration {
        let began = Instant::now();
        let status = timeout(DEADLINE, self.start(arguments).wait()).await.expect("an end in time").expect("a status");
        assert_eq!(status.code(), Some(0), "{arguments:?}");
        began.elapsed()
    }

    /// Starts the program and kills it after `delay`, if it is not done by then.
    async fn kill_after(&self, arguments: &[&str], delay: Duration) -> End {
        let mut child = self.start(arguments);
        match timeout(delay, child.wait()).await {
            Ok(status) => done(arguments, status.expect("a status")),
            Err(_) => kill(child).await,
        }
    }

    fn count(&mut self, what: &'static str, end: End) {
        *self.ends.entry((what, end)).or_default() += 1;
    }
}

fn done(arguments: &[&str], status: ExitStatus) -> End {
    assert_eq!(status.code(), Some(0), "{arguments:?}");
    End::Done
}

async fn kill(mut child: Child) -> End {
    child.start_kill().expect("a process to kill");
    let status = child.wait().await.expect("a status");
    if status.code().is_none() { End::Killed } else { done(&["killed too late"], status) }
}

const SCAN: &[&str] = &["scan"];
const DELIVER: &[&str] = &["outbox", "deliver"];
const RUN: &[&str] = &["run"];

const ALERTS: &str = "SELECT count(*) FROM sla_alerts";
const MESSAGES: &str = "SELECT count(*) FROM outbox_messages";

/// The part of `whole` that round `round` of `rounds` is about.
fn share(whole: Duration, round: u32, rounds: u32) -> Duration {
    whole * (2 * round + 1) / (2 * rounds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_program_is_killed_each_late_clock_has_one_alert_and_each_alert_reaches_everyone() {
    let mut yard = Yard::open().await;
    kill_scans_while_they_write(&mut yard).await;
    sweep_scans(&mut yard).await;
    sweep_deliveries(&mut yard).await;
    kill_deliveries_at_the_server(&mut yard).await;
    sweep_daemons(&mut yard).await;

    yard.finish(SCAN).await;
    let end = Instant::now() + DEADLINE;
    while yard.number("SELECT count(*) FROM outbox WHERE state = 'pending'").await > 0 {
        assert!(Instant::now() < end, "the leases of the dead end");
        yard.finish(DELIVER).await;
        sleep(Duration::from_millis(200)).await;
    }
    check_alerts(&mut yard).await;
    check_mail(&mut yard).await;
    println!("{:#?}", yard.ends);
}

/// Kills scans of a backlog while they write: nothing of them shows.
async fn kill_scans_while_they_write(yard: &mut Yard) {
    yard.add(BACKLOG).await;
    yard.sql("PRAGMA busy_timeout = 0").await;
    for _ in 0..6 {
        yard.add(WAVE).await;
        let before = yard.number(ALERTS).await;
        let mut child = yard.start(SCAN);
        let end = Instant::now() + DEADLINE;
        let mut exited = None;
        while exited.is_none() && !yard.is_written().await {
            assert!(Instant::now() < end, "expected a scan that writes in time");
            exited = child.try_wait().expect("a status");
        }
        let ended = match exited {
            Some(status) => done(SCAN, status),
            None => kill(child).await,
        };
        match ended {
            End::Killed => assert_eq!(yard.number(ALERTS).await, before, "a scan that was killed changed nothing"),
            End::Done => yard.add(BACKLOG).await,
        }
        yard.count("scan that writes", ended);
    }
    yard.sql("PRAGMA busy_timeout = 5000").await;
    assert!(yard.ends.contains_key(&("scan that writes", End::Killed)), "no scan was killed half-way");
}

/// How long a scan and a delivery take that nobody disturbs, of as many claims as a round adds.
async fn undisturbed(yard: &mut Yard) -> (Duration, Duration) {
    yard.finish(SCAN).await;
    yard.finish(DELIVER).await;
    yard.add(WAVE).await;
    (yard.finish(SCAN).await, yard.finish(DELIVER).await)
}

/// Kills scans, and deliveries beside them, after ever longer times.
async fn sweep_scans(yard: &mut Yard) {
    let (scan, delivery) = undisturbed(yard).await;
    for round in 0..ROUNDS {
        yard.add(WAVE).await;
        let (alerts, messages) = (yard.number(ALERTS).await, yard.number(MESSAGES).await);
        let (scan, delivery) = tokio::join!(
            // Beside a delivery it takes longer.
            yard.kill_after(SCAN, share(scan * 3 / 2, round, ROUNDS)),
            yard.kill_after(DELIVER, share(delivery, (round * 7 + 3) % ROUNDS, ROUNDS))
        );
        let raised = yard.number(ALERTS).await > alerts;
        let told = yard.number(MESSAGES).await > messages;
        assert_eq!(raised, told, "a scan's alerts and their message come at once");
        yard.count(if told { "scan after its end" } else { "scan before its end" }, scan);
        yard.count("delivery beside a scan", delivery);
        yard.finish(SCAN).await;
    }
}

/// Kills deliveries of what an undisturbed scan has left, after ever longer times.
async fn sweep_deliveries(yard: &mut Yard) {
    let (_, whole) = undisturbed(yard).await;
    for round in 0..ROUNDS {
        yard.add(WAVE).await;
        yard.finish(SCAN).await;
        let ended = yard.kill_after(DELIVER, share(whole, round, ROUNDS)).await;
        yard.count("delivery", ended);
    }
}

/// Kills deliveries when the server has been asked to take a message, and when it took one and did not say so yet.
async fn kill_deliveries_at_the_server(yard: &mut Yard) {
    for (what, moment, rounds) in [("delivery at DATA", Moment::Data, 2), ("delivery at the dot", Moment::Dot, 5)] {
        for _ in 0..rounds {
            yard.add(WAVE).await;
            yard.finish(SCAN).await;
            let gate = Gate::closed();
            yard.server.once(moment, Act::Wait(gate.clone()));
            let child = yard.start(DELIVER);
            timeout(DEADLINE, gate.reached()).await.expect("a mail in time");
            let ended = kill(child).await;
            assert_eq!(ended, End::Killed);
            yard.count(what, ended);
            gate.open();
        }
    }
}

/// Kills daemons that scan and deliver every second.
async fn sweep_daemons(yard: &mut Yard) {
    const DAEMONS: u32 = 6;
    for round in 0..DAEMONS {
        yard.add(WAVE).await;
        let ended = yard.kill_after(RUN, share(Duration::from_secs(3), round, DAEMONS)).await;
        yard.count("daemon", ended);
    }
}

/// Each late clock has one alert, raised and escalated once.
async fn check_alerts(yard: &mut Yard) {
    let rows = yard.sql("SELECT rule, claim_id, payment_id, state, escalation_level FROM sla_alerts").await;
    let alerts = rows.len();
    let mut clocks = BTreeSet::new();
    for row in rows {
        let [Some(rule), Some(claim), line, Some(state), Some(level)] = &row[..] else { panic!("{row:?}") };
        assert_eq!((state.as_str(), level.as_str()), ("breached", "1"), "{row:?}");
        clocks.insert((rule.clone(), claim.clone(), line.clone()));
    }
    assert_eq!((alerts, &clocks), (yard.late.len(), &yard.late));
    let stories = yard
        .sql(
            "SELECT story, count(*) FROM (SELECT group_concat(seq || ' ' || kind, ', ') AS story FROM \
             (SELECT * FROM sla_alert_events ORDER BY alert_id, seq) GROUP BY alert_id) GROUP BY story",
        )
        .await;
    assert_eq!(stories, [[Some("1 opened, 2 escalated".to_owned()), Some(alerts.to_string())]]);
    assert_eq!(yard.sql("PRAGMA integrity_check").await, [[Some("ok".to_owned())]]);
}

/// Each alert was in a mail to each recipient, and whatever came again was the same.
async fn check_mail(yard: &mut Yard) {
    let received = yard.server.received();
    let mut bytes = BTreeMap::new();
    let mut told: BTreeMap<String, BTreeSet<Clock>> = BTreeMap::new();
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in &received {
        let [to] = &mail.to[..] else { panic!("one envelope a recipient: {:?}", mail.to) };
        let parsed = mailparse::parse_mail(&mail.bytes).expect("a mail");
        let ids = parsed.headers.get_all_values("Message-ID");
        assert_eq!(ids.len(), 1);
        let first = bytes.entry(ids[0].clone()).or_insert(&mail.bytes);
        assert!(*first == &mail.bytes, "{} differs from what came first", ids[0]);
        if messages.entry(to.clone()).or_default().insert(ids[0].clone()) {
            for clock in clocks_in(&parsed) {
                assert!(told.entry(to.clone()).or_default().insert(clock.clone()), "told twice: {clock:?}");
            }
        }
    }
    assert_eq!(told.keys().collect::<BTreeSet<_>>(), RECIPIENTS.map(str::to_owned).iter().collect());
    assert!(told.values().all(|clocks| *clocks == yard.late));
    let states = yard.sql("SELECT DISTINCT state FROM outbox").await;
    assert_eq!(states, [[Some("sent".to_owned())]]);
    let deliveries = yard.number("SELECT count(*) FROM outbox").await;
    let repeats = received.len() - deliveries;
    println!("{} alerts, {deliveries} deliveries, {repeats} repeats", yard.late.len());
    assert!(repeats >= 5, "killed five times between the server's acceptance and its record: {repeats} repeats");
}
