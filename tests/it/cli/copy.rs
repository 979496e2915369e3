//! `claimwatch copy`.

use std::fs::{self, File};

use serde_json::{Value, json};

use super::{DATABASE, Desk};
use crate::world::{Database, Engine, claim};

const NOW: &str = "2024-06-10T09:00:00Z";
const MAILS: &str = "[[escalation.levels]]\nto = [\"support@example.com\"]\n\
    [mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"mails\"\n";

/// Two reviews are late, and a mail about them waits.
async fn desk() -> Desk {
    let desk = Desk::with_database(MAILS).await;
    for id in ["C-1", "C-2"] {
        desk.put(claim(id, "submitted").on("submitted_at", "2024-06-03T10:00:00Z")).await;
    }
    desk.run(&["scan", "--at", NOW]).done();
    desk
}

/// A desk beside this one that works on another database.
fn moved(desk: &Desk, url: &str) {
    desk.configure(&format!("[database]\nurl = \"{url}\"\n{MAILS}"));
}

#[tokio::test]
async fn a_database_moves_to_a_server_and_back_and_work_goes_on() {
    let desk = desk().await;
    let alerts = desk.alerts(&[]);
    let server = Database::empty(Engine::Postgres, &desk.folder).await;
    let url = server.url();
    let url = url.as_str();

    let told = desk.run(&["copy", "--from", "sqlite:claims.db", "--to", url]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.complains(&[
        " rows copied from sqlite:claims.db to postgres://",
        ", and verified there. Set [database] url to it",
    ]);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines.len(), 17, "{}", told.out);
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["table", "rows", "checksum"]);
    let claims: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!((claims[0], claims[1], claims[2].len()), ("claims", "2", 16));

    let back = desk.run(&["copy", "--from", url, "--to", "sqlite:back/claims.db", "--json"]);
    let report = back.done().json();
    assert_eq!(report["to"], "sqlite:back/claims.db");
    let table = |name: &str| -> Value {
        let tables = report["tables"].as_array().expect("tables");
        tables.iter().find(|table| table["table"] == name).expect("a table").clone()
    };
    assert!(table("claims")["checksum"].as_str().expect("a checksum").starts_with(claims[2]));
    assert_eq!([table("sla_alerts")["rows"].clone(), table("outbox")["rows"].clone()], [json!(2), json!(1)]);

    for url in [url, "sqlite:back/claims.db"] {
        moved(&desk, url);
        assert_eq!(desk.alerts(&[]), alerts);
        let scan = desk.run(&["scan", "--at", NOW, "--json"]).done().json();
        assert_eq!((&scan["opened"], &scan["messages"]), (&json!(0), &json!(0)));
        desk.run(&["outbox", "deliver"]).done().says(&["1 sent"]);
    }
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused_and_the_source_left_as_it_is() {
    let desk = desk().await;
    let before = desk.everything().await;
    let to = ["--to", "sqlite:new.db"];
    let copy = |from: &str, to: &str| desk.run(&["copy", "--from", from, "--to", to]);
    copy("sqlite:none.db", "sqlite:new.db").refused(1, &["sqlite:none.db: there is no database yet"]);
    assert!(!desk.path("new.db").exists() && !desk.path("none.db").exists());
    copy("sqlite:claims.db", "sqlite:claims.db").refused(2, &["--to: found the database of --from, sqlite:claims.db"]);
    std::os::unix::fs::symlink(desk.path("claims.db"), desk.path("link.db")).expect("a link");
    copy("sqlite:claims.db", "sqlite:link.db").refused(2, &["--to: found the database of --from"]);
    desk.run(&["--no-migrate", "copy", "--from", "sqlite:claims.db", to[0], to[1]])
        .refused(1, &["new.db: there is no database yet; run `claimwatch migrate`"]);
    desk.run(&["copy", "--from", "sqlite:claims.db"]).refused(2, &["--to <URL>"]);

    copy("sqlite:claims.db", "sqlite:new.db");
    let filled =
        "nothing was copied from sqlite:claims.db to sqlite:new.db: the target: found rows in programs (1), claims (2)";
    copy("sqlite:claims.db", "sqlite:new.db").refused(1, &[filled, "expected an empty database"]);
    assert_eq!(desk.everything().await, before);

    desk.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'new', 1, x'00', 0)").await;
    copy("sqlite:claims.db", "sqlite:other.db")
        .refused(1, &["the source: claims.db: the schema is at version 99, newer than this claimwatch knows"]);
}

#[tokio::test]
async fn a_daemon_on_either_file_holds_the_copy_up() {
    let desk = desk().await;
    desk.run(&["copy", "--from", "sqlite:claims.db", "--to", "sqlite:new.db"]);
    for (locked, from, to) in [("claims.db", "claims.db", "other.db"), ("new.db", "claims.db", "new.db")] {
        let lock = File::create(desk.path(&format!("{locked}.lock"))).expect("a file");
        fs::write(desk.path(&format!("{locked}.lock")), "4711\n").expect("written");
        lock.lock().expect("as the daemon has it");
        let told = desk.run(&["copy", "--from", &format!("sqlite:{from}"), "--to", &format!("sqlite:{to}")]);
        let file = desk.path(locked).canonicalize().expect("a file");
        told.refused(1, &[&format!("another claimwatch (pid 4711) runs on this database: {}", file.display())]);
    }
    assert!(!desk.path("other.db").exists());
}

/// Whatever is wrong with an address, or with what it leads to.
#[tokio::test]
async fn no_password_of_an_address_is_ever_shown() {
    let desk = desk().await;
    for (url, code, words) in [
        ("postgres://ada:hunter2@db.example.com:port/claims", 2, "found an address that cannot be used"),
        (
            "mysql://ada:hunter2@db.example.com/claims",
            2,
            "found \"mysql\", expected \"sqlite:\" and a path, or \"postgres://…\"",
        ),
        ("hunter2", 2, "found no kind of database, expected"),
        ("postgres://ada:hunter2@127.0.0.1:1/claims", 1, "postgres://ada@127.0.0.1:1/claims: "),
    ] {
        // What does not answer is waited for.
        let both = if code == 2 { 2 } else { 1 };
        for (from, to) in [(url, "sqlite:new.db"), ("sqlite:claims.db", url)].into_iter().take(both) {
            let told = desk.run(&["copy", "--from", from, "--to", to]).refused(code, &[words]);
            assert!(!told.err.contains("hunter2"), "{}", told.err);
            let option = if from == url { "--from: " } else { "--to: " };
            assert!(code == 1 || told.err.contains(option), "{}", told.err);
        }
    }
}

#[tokio::test]
async fn the_configured_password_is_that_of_the_configured_address_alone() {
    let desk = desk().await;
    let server = Database::empty(Engine::Postgres, &desk.folder).await;
    desk.configure(&format!("[database]\nurl = \"{}\"\npassword_file = \"none\"\n", server.url()));
    let to_server = ["copy", "--from", "sqlite:claims.db", "--to", &server.url()];
    desk.run(&to_server).refused(2, &["claimwatch.toml:3:17: database.password_file"]);
    desk.run(&["copy", "--from", "sqlite:claims.db", "--to", "sqlite:new.db", "--json"]).done();
    desk.configure(DATABASE);
    desk.run(&[&to_server[..], &["--json"]].concat()).done();
}
