//! `claimwatch doctor`: one file to attach to a ticket, of use and without secrets and personal data.

mod hostile;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use tokio::time::Instant;

use super::postgres::On;
use super::{Desk, Told};
use crate::world::{Engine, claim};

const MORE: &str = "[[escalation.levels]]\nto = [\"support@example.com\"]\n\
    [mail]\ntransport = \"file\"\nmax_per_hour = 12\n[mail.file]\ndirectory = \"mails\"\n";

/// The report, on standard output.
#[track_caller]
fn report(desk: &Desk) -> String {
    let Told { code, out, err } = desk.run(&["doctor", "--output", "-"]);
    assert_eq!((code, err.lines().count()), (0, 1), "{out}{err}");
    assert!(err.contains("Look at all of it before you send it"), "{err}");
    out
}

#[track_caller]
fn says(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(report.contains(line), "{line:?} is not in {report}");
    }
}

/// Every row of the tables that a look could touch.
async fn rows(on: &On) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in ["claims", "sla_alerts", "sla_alert_events", "outbox", "scans", "settings", "_sqlx_migrations"] {
        let found = on.sql(&format!("SELECT count(*) FROM {table}")).await;
        rows.push([vec![table.to_owned()], found.concat()].concat());
    }
    rows.extend(on.sql("SELECT id, state, attempts, lease_holder FROM outbox").await);
    rows
}

async fn a_report_says_what_is_there_and_changes_nothing(engine: Engine) {
    let on = On::engine(engine, MORE).await;
    on.run(&["migrate"]);
    on.sql("INSERT INTO programs (program_id) VALUES ('P-1')").await;
    on.sql(&claim("C-1", "submitted").on("submitted_at", "2024-06-03T10:00:00Z").statement()).await;
    on.sql(&claim("C-2", "disputed").statement()).await;
    on.run(&["scan"]).done();
    on.sql(
        "UPDATE outbox SET state = 'dead', next_attempt_at = NULL, \
         last_error = 'RCPT TO: 550 5.1.1 nobody of that name'; \
         INSERT INTO scans (began_at, settings, deadlines, error) VALUES \
         ('2024-01-01T00:00:00.000000Z', '', '', 'the database is not available: database is locked'); \
         DROP INDEX claims_reviewed",
    )
    .await;
    let before = rows(&on).await;
    let report = report(&on);
    assert_eq!(rows(&on).await, before);
    let name = match engine {
        Engine::Sqlite => "engine: SQLite 3.",
        Engine::Postgres => "engine: PostgreSQL 1",
    };
    says(
        &report,
        &[
            concat!("claimwatch: ", env!("CARGO_PKG_VERSION"), "\n"),
            "zone data: 20",
            "holiday data: holidays 0.",
            "architecture: ",
            "processors: ",
            "bytes: ",
            "now: 20",
            "mail.max_per_hour: 12\n",
            "mail.transport: file\n",
            "escalation.levels[1].to: […] (list of 1)\n",
            "rules: ok, review 2 business days, dispute 5 business days",
            "claims: WRONG, 1 data problem: ",
            "outbox: WRONG, given up: 1 → see `claimwatch outbox list`",
            name,
            "migration 1: as this claimwatch has it, applied 20",
            "claims: 2 rows; indexes: claims_review_clock, ",
            "; MISSING: claims_reviewed\n",
            "sla_alert_events: 2 rows; indexes: sla_alert_events_changes\n",
            ": by hand; finished after ",
            ", opened 1, messages 1, data_problems 1",
            "2024-01-01T00:00:00Z: by hand; FAILED: \"…\" (text of 49 characters, with: the database is not available, database is locked)",
            "dead: 1\n",
            "dead, by mail, with: RCPT TO, 550, 5.1.1: 1\n",
            "open alerts, review, breached: 1\n",
            "data problems, missing_start: 1\n",
        ],
    );
}

async fn a_database_that_is_not_migrated_or_newer_is_looked_at_and_left_as_it_is(engine: Engine) {
    let on = On::engine(engine, MORE).await;
    if engine == Engine::Sqlite {
        on.file("claims.db", "");
    }
    let found = report(&on);
    says(&found, &["database: WRONG, ", "claims: not there\n"]);
    if engine == Engine::Sqlite {
        assert_eq!(fs::metadata(on.path("claims.db")).expect("the file").len(), 0);
    } else {
        assert_eq!(on.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'claimwatch'").await, [["0"]]);
    }
    on.run(&["migrate"]);
    on.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'new', true, '', 0)")
        .await;
    let before = rows(&on).await;
    let found = report(&on);
    says(
        &found,
        &[
            "migration 1: as this",
            "migration 99: UNKNOWN to this claimwatch",
            "newer than this claimwatch knows",
            "claims: 0 rows",
        ],
    );
    assert_eq!(rows(&on).await, before);
}

/// Each of them on SQLite and on PostgreSQL.
macro_rules! on_each {
    ($($name:ident),*) => {
        mod sqlite { $(#[tokio::test] async fn $name() { super::$name(super::Engine::Sqlite).await })* }
        mod postgres { $(#[tokio::test] async fn $name() { super::$name(super::Engine::Postgres).await })* }
    };
}
on_each!(
    a_report_says_what_is_there_and_changes_nothing,
    a_database_that_is_not_migrated_or_newer_is_looked_at_and_left_as_it_is
);

#[tokio::test]
async fn the_file_is_its_owners_has_a_name_of_its_own_and_is_said() {
    let desk = Desk::with_database(MORE).await;
    let told = desk.run(&["doctor"]);
    assert_eq!(told.code, 0, "{told:?}");
    told.says(&["claimwatch-doctor-20", ".txt\n"]);
    let path = desk.path(told.out.trim());
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).expect("the file");
    assert!(text.starts_with("claimwatch doctor, 20") && text.ends_with('\n'), "{text}");
    told.complains(&["Look at all of it before you send it"]);
}

#[test]
fn a_file_that_is_there_is_named_and_left_as_it_is_and_one_that_cannot_be_made_is_none() {
    let desk = Desk::with(MORE);
    desk.file("mine.txt", "mine");
    symlink("nowhere", desk.path("link.txt")).expect("a link");
    for name in ["mine.txt", "link.txt"] {
        let words = format!("{name}: found a file, expected none of that name");
        desk.run(&["doctor", "--output", name]).refused(1, &[&words]);
    }
    assert_eq!(fs::read_to_string(desk.path("mine.txt")).expect("the file"), "mine");
    assert!(!desk.path("nowhere").exists());
    // Not even root makes files there.
    for name in ["/proc/report.txt", "no-folder/report.txt", "mine.txt/report.txt"] {
        desk.run(&["doctor", "--output", name]).refused(1, &[&format!("{name}: the file cannot be made: ")]);
    }
    let entries = fs::read_dir(desk.folder.path()).expect("a folder");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["claimwatch.toml", "link.txt", "mails", "mine.txt"]);
}

#[test]
fn without_a_database_it_says_why_there_is_none() {
    let desk = Desk::with(MORE);
    says(
        &report(&desk),
        &["not there yet; the first start makes it", "does not open: ", "with: there is no database yet"],
    );
    assert!(!desk.path("claims.db").exists());
    desk.configure(&format!("[database]\nurl = \"postgres://ada:hunter2@127.0.0.1:1/adas\"\n{MORE}"));
    let found = report(&desk);
    says(
        &found,
        &["engine: PostgreSQL\n", "does not open: ", "with: the database is not available, Connection refused"],
    );
    assert!(!found.contains("ada") && !found.contains("hunter2") && !found.contains("127.0.0.1"), "{found}");
    desk.configure(&format!("[database]\nurl = \"postgres://ada@127.0.0.1:1/adas\"\npassword_file = \"gone\"\n{MORE}"));
    says(
        &report(&desk),
        &["cannot be had, database.password_file: ", "not known: a setting of [database] cannot be had"],
    );
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for_long() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("a port").port();
    let desk = Desk::with("");
    desk.configure(&format!(
        "[database]\nurl = \"postgres://ada@127.0.0.1:{port}/adas\"\n\
         [[escalation.levels]]\nto = [\"ada@example.com\"]\n[mail]\ntransport = \"smtp\"\nfrom = \"ada@example.com\"\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    ));
    let began = Instant::now();
    let found = report(&desk);
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    says(&found, &["mail: WRONG, ", "greeting, no answer within", "does not open: ", "no answer in"]);
}

#[tokio::test]
async fn a_wrong_configuration_is_told_and_the_database_is_looked_at_all_the_same() {
    let desk = Desk::with_database("").await;
    desk.configure("[database]\nurl = \"sqlite:claims.db\"\n[mail]\nmax_per_hour = \"often\"\nsmpt = 1\n");
    says(
        &report(&desk),
        &[
            "configuration: WRONG; nothing else can be checked\n",
            "WRONG at line 4, column 16, mail.max_per_hour: ",
            ", with: expected a number)\n",
            "WRONG at line 5, column 1, mail.\"…\" (text of 4 characters): ",
            "unknown key",
            "programs: 1 rows\n",
        ],
    );
    desk.configure("[database]\nurl = \"sqlite:claims.db\n");
    says(
        &report(&desk),
        &[
            "settings: not known, see the checks\n",
            "WRONG at line 2, ",
            "not TOML",
            "not known: its settings are wrong\n",
        ],
    );
    let told = desk.command_with("gone.toml", &["doctor", "--output", "-"]).output().expect("the program starts");
    says(&String::from_utf8(told.stdout).expect("text"), &["WRONG at the file: ", "no such file"]);
}
