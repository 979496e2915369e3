//! `claimwatch backup`, and what is made of a backup.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Desk;
use crate::world::{Database, claim, legible};

/// A daemon that scans every second, and ends with its test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const BUSY: &str = "[schedule]\nscan = \"* * * * * *\"\n[[escalation.levels]]\nto = [\"support@example.com\"]\n\
    [mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"mails\"\n";

async fn answer(desk: &Desk, file: &str, question: &str) -> String {
    let rows = Database::Sqlite(desk.path(file)).rows(question).await.unwrap_or_else(|why| panic!("{question}: {why}"));
    legible(rows).concat().concat()
}

/// Names of files in the desk's folder.
fn files(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(desk.folder.path()).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_made_while_a_daemon_works_is_of_one_instant_and_can_be_gone_on_with() {
    let desk = Desk::with_database(BUSY).await;
    let daemon = Daemon(desk.command(&["run"]).stderr(Stdio::null()).spawn().expect("the daemon"));
    let done = Arc::new(AtomicBool::new(false));
    // Late claims, always two at once.
    let mut session = Database::Sqlite(desk.path("claims.db")).session().await;
    let stop = Arc::clone(&done);
    let fills = tokio::spawn(async move {
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            let two = ["a", "b"].map(|half| claim(&format!("C-{n}-{half}"), "submitted"));
            let two = two.map(|claim| claim.on("submitted_at", "2024-06-03T10:00:00Z").statement());
            session.rows(&format!("BEGIN IMMEDIATE; {}; {}; COMMIT", two[0], two[1])).await.expect("stored");
            n += 1;
        }
        n
    });
    let mut alerts = vec![0];
    while alerts.len() < 4 {
        let file = format!("backup-{}.db", alerts.len());
        let made = desk.run(&["backup", "--to", &file]).done();
        let bytes = fs::metadata(desk.path(&file)).expect("the backup").len();
        assert_eq!(made.out, format!("{file}: {bytes} bytes, checked\n"));
        let whole = answer(&desk, &file, "PRAGMA integrity_check").await;
        let halves = answer(&desk, &file, "SELECT count(*) % 2 FROM claims").await;
        // A scan commits its alerts, their events, what it tells of them and its own record at once.
        let unrecorded = answer(
            &desk,
            &file,
            "SELECT (SELECT count(*) FROM sla_alerts) - (SELECT coalesce(sum(opened), 0) FROM scans)",
        )
        .await;
        let silent = answer(
            &desk,
            &file,
            "SELECT count(*) FROM sla_alerts a WHERE NOT EXISTS \
            (SELECT 1 FROM sla_alert_events e WHERE e.alert_id = a.id AND e.kind = 'opened')",
        )
        .await;
        assert_eq!([whole.as_str(), &halves, &unrecorded, &silent], ["ok", "0", "0", "0"], "{file}");
        let found: usize = answer(&desk, &file, "SELECT count(*) FROM sla_alerts").await.parse().expect("a number");
        assert!(found >= alerts[alerts.len() - 1]);
        if found > alerts[alerts.len() - 1] {
            alerts.push(found);
        } else {
            fs::remove_file(desk.path(&file)).expect("another one is made");
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(fills.await.expect("claims") > 0);
    drop(daemon);

    // As docs/operate.md has it.
    fs::copy(desk.path("backup-3.db"), desk.path("claims.db")).expect("put in place");
    for rest in ["claims.db-wal", "claims.db-shm"] {
        let _ = fs::remove_file(desk.path(rest));
    }
    assert_eq!(desk.alerts(&[]).len(), alerts[3]);
    desk.run(&["scan"]).done();
    let late: usize = desk.sql("SELECT count(*) FROM claims").await.concat().concat().parse().expect("a number");
    assert_eq!(desk.alerts(&[]).len(), late, "what the backup lacks is found again");
    assert_eq!(desk.run(&["scan", "--json"]).done().json()["opened"], 0);
}

#[tokio::test]
async fn a_backup_takes_no_other_files_name_and_is_its_owners_alone() {
    let desk = Desk::with_database("").await;
    desk.put(claim("C-1", "submitted")).await;
    let report = desk.run(&["backup", "--to", "b.db", "--json"]).done().json();
    assert_eq!((report["from"].as_str(), report["to"].as_str()), (Some("sqlite:claims.db"), Some("b.db")));
    assert_eq!(fs::metadata(desk.path("b.db")).expect("the backup").permissions().mode() & 0o777, 0o600);
    assert_eq!(answer(&desk, "b.db", "SELECT claim_id FROM claims").await, "C-1");

    let before = fs::read(desk.path("b.db")).expect("the backup");
    desk.put(claim("C-2", "submitted")).await;
    let taken = "sqlite:claims.db: no backup was made: b.db: found a file, expected none of that name";
    desk.run(&["backup", "--to", "b.db"]).refused(1, &[taken]);
    assert_eq!(fs::read(desk.path("b.db")).expect("the backup"), before);
    desk.run(&["backup", "--to", "none/b.db"]).refused(1, &["none/b.db.claimwatch-part: No such file or directory"]);
    desk.run(&["backup"]).refused(2, &["--to <FILE>"]);

    // Of one that was killed, and of one that is being made.
    let part = File::create(desk.path("c.db.claimwatch-part")).expect("a file");
    fs::write(desk.path("c.db.claimwatch-part"), "a half").expect("written");
    part.lock().expect("as the other one has it");
    desk.run(&["backup", "--to", "c.db"]).refused(1, &["c.db.claimwatch-part: another backup is being written to it"]);
    part.unlock().expect("its end");
    desk.run(&["backup", "--to", "c.db"]).done();
    assert_eq!(answer(&desk, "c.db", "SELECT count(*) FROM claims").await, "2");
    assert!(!files(&desk).iter().any(|name| name.contains("part")), "{:?}", files(&desk));

    let fresh = Desk::with("");
    fresh.run(&["backup", "--to", "b.db"]).refused(1, &["sqlite:claims.db: there is no database yet"]);
    fresh.file("claims.db", "");
    fresh.run(&["backup", "--to", "b.db"]).refused(1, &["no backup was made: it is no claimwatch database"]);
    assert!(!files(&fresh).iter().any(|name| name.starts_with("b.db")), "{:?}", files(&fresh));
}
