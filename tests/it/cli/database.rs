//! The database as it is found: missing, foreign, of another configuration; `claimwatch migrate`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{DATABASE, Desk, Told};

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let desk = Desk::with("");
    desk.migrate();
    let before = desk.everything().await;
    desk.migrate();
    assert_eq!(desk.everything().await, before);
    desk.run(&["--no-migrate", "scan"]).done();
}

#[test]
fn looking_makes_no_database() {
    let desk = Desk::with("");
    for args in [&["alerts", "list"][..], &["alerts", "show", "C-1"], &["outbox", "list"], &["outbox", "deliver"]] {
        desk.run(args).refused(1, &["sqlite:claims.db: there is no database yet; `claimwatch migrate`"]);
    }
    desk.run(&["--no-migrate", "scan"]).refused(1, &["claims.db: there is no database yet; run `claimwatch migrate`"]);
    assert!(!desk.path("claims.db").exists());
    desk.run(&["check"]).done();
    assert!(!desk.path("claims.db").exists());
}

#[test]
fn a_database_in_a_missing_folder_is_made_for_its_owner_alone() {
    let desk = Desk::with("");
    desk.configure("[database]\nurl = \"sqlite:state/deep/claims.db\"\n");
    desk.run(&["check"]).done();
    assert!(!desk.path("state").exists());
    desk.run(&["scan"]).done();
    let mode = fs::metadata(desk.path("state/deep")).expect("the folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn without_migration_a_file_that_is_no_claimwatch_database_is_refused_and_left_alone() {
    let desk = Desk::with("");
    desk.file("claims.db", "");
    desk.run(&["--no-migrate", "scan"])
        .refused(1, &["claims.db: not a claimwatch database yet; run `claimwatch migrate`"]);
    assert_eq!(desk.sql("SELECT count(*) FROM sqlite_schema").await, [["0"]]);
    desk.run(&["scan"]).done();
    desk.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'new', 1, x'00', 0)").await;
    for args in [&["scan"][..], &["--no-migrate", "scan"], &["migrate"]] {
        desk.run(args).refused(1, &["claims.db: the schema"]);
    }
}

#[test]
fn a_path_that_is_no_database_is_named_and_left_as_it_is() {
    let desk = Desk::with("");
    let text =
        "not a database, but a text that is longer than the header of one would be, which matters here, as it does";
    desk.file("claims.db", text);
    for args in [&["scan"][..], &["alerts", "list"], &["migrate"], &["outbox", "list"]] {
        let told = desk.run(args).refused(1, &["claimwatch: claims.db: file is not a database"]);
        assert_eq!(told.err.lines().count(), 1, "{}", told.err);
    }
    assert_eq!(fs::read_to_string(desk.path("claims.db")).expect("the file"), text);
    fs::remove_file(desk.path("claims.db")).expect("removed");
    fs::create_dir(desk.path("claims.db")).expect("a folder");
    desk.run(&["scan"]).refused(1, &["the database is not available: claims.db: found a directory, expected a file"]);
    desk.configure("[database]\nurl = \"sqlite:claims.db/x/../../claimwatch.toml/claims.db\"\n");
    desk.run(&["scan"]).refused(1, &["the folder cannot be made"]);
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_refused_with_its_name() {
    let desk = Desk::with_database("").await;
    desk.run(&["scan"]).done();
    let readable =
        |name: &str, mode| fs::set_permissions(desk.path(name), Permissions::from_mode(mode)).expect("a mode");
    readable("claims.db", 0o444);
    // Root may write to any file: then it is tried as nobody, with a program that nobody may run.
    let is_root = fs::OpenOptions::new().append(true).open(desk.path("claims.db")).is_ok();
    readable(".", if is_root { 0o755 } else { 0o700 });
    // By another process: a file that this one has open for writing cannot be run while some other test forks.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_claimwatch")).arg(desk.path("claimwatch")).status();
    assert!(copied.expect("cp").success());
    readable("claimwatch", 0o755);
    let run = |args: &[&str]| {
        let mut command = desk.command(args);
        let mut copy = Command::new(desk.path("claimwatch"));
        copy.args(command.get_args()).current_dir(desk.path(".")).env_clear().env("HOME", desk.path("home"));
        Told::by(if is_root { copy.uid(65534).gid(65534) } else { &mut command })
    };
    for args in [&["scan"][..], &["migrate"], &["import", "--claims", "claimwatch.toml"]] {
        run(args).refused(1, &["the database is not available: claims.db: attempt to write a readonly database"]);
    }
    let told = run(&["check"]);
    assert_eq!(told.code, 1);
    told.says(&["WRONG  database", "see database.url"]);
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named_with_what_it_must_have() {
    let desk = Desk::with("[source]\nclaims = \"my_claims\"\n");
    for args in [&["migrate"][..], &["scan"]] {
        desk.run(args).refused(
            1,
            &["[source]: claims: found \"my_claims\" (no such table: main.my_claims), expected a table or view with the columns \
               claim_id, program_id, partner_name, title, status, amount, currency, submitted_at, reviewed_at"],
        );
    }
    desk.sql("CREATE TABLE my_claims (claim_id TEXT, status TEXT)").await;
    desk.run(&["migrate"]).refused(1, &["found \"my_claims\" (no such column: program_id)"]);
    desk.sql("DROP TABLE my_claims").await;
    desk.sql("CREATE VIEW my_claims AS SELECT * FROM claims").await;
    desk.migrate();
    desk.run(&["scan"]).done();
}

#[tokio::test]
async fn a_changed_source_is_refused_by_every_command_until_it_is_migrated() {
    let desk = Desk::with_database("").await;
    desk.sql("CREATE VIEW my_claims AS SELECT * FROM claims").await;
    desk.configure(&format!("{DATABASE}[source]\nclaims = \"my_claims\"\n"));
    let before = desk.everything().await;
    for args in [
        &["scan"][..],
        &["scan", "--dry-run"],
        &["alerts", "list"],
        &["outbox", "deliver"],
        &["--no-migrate", "scan"],
        &["run"],
    ] {
        desk.run(args).refused(
            1,
            &[
                "[source] differs from what the database was made over: found claims = \"my_claims\"",
                "expected claims = \"claims\"",
                "run `claimwatch migrate`",
            ],
        );
    }
    assert_eq!(desk.everything().await, before);
    let told = desk.run(&["check"]);
    assert_eq!(told.code, 1);
    told.says(&["WRONG  database", "[source] differs"]);
    desk.migrate();
    desk.run(&["scan"]).done();
}

#[test]
fn a_server_that_does_not_answer_is_named_in_one_clear_line_that_keeps_the_secret() {
    let desk = Desk::with("");
    desk.configure("[database]\nurl = \"postgres://me:secret@127.0.0.1:1/claims\"\n");
    for args in [&["scan"][..], &["alerts", "list"], &["migrate"], &["import", "--claims", "claims.csv"]] {
        let told = desk
            .run(args)
            .refused(1, &["the database is not available: postgres://me@127.0.0.1:1/claims: ", "Connection refused"]);
        assert!(told.err.lines().count() == 1 && !told.err.contains("secret"), "{}", told.err);
    }
    desk.configure("[database]\nurl = \"postgres://me:secret@db:port/claims\"\n");
    let told =
        desk.run(&["scan"]).refused(2, &["claimwatch.toml:2:7: database.url: found an address that cannot be used"]);
    assert!(!told.err.contains("secret"), "{}", told.err);
}
