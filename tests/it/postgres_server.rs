//! The tests' own PostgreSQL: what other tests rely on.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::postgres::{Cluster, Database, Stop, rows_of};

async fn answer(url: &str, statements: &str) -> Vec<Vec<Option<String>>> {
    rows_of(url, statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"))
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[tokio::test]
async fn values_come_in_the_form_in_which_sqlite_has_them() {
    let database = Database::empty().await;
    let told = answer(
        database.url(),
        "SET TimeZone = 'Asia/Kathmandu'; \
         SELECT true, false, NULL, 7, 10.50, 'a b', '2018-06-29 12:00:00+00'::timestamptz, \
         '1999-01-01 00:00:00.25Z'::timestamptz, 'infinity'::timestamptz, '2026-11-23'::date, \
         '00000000-0000-0000-0000-00000000000A'::uuid, '{\"a\": 1}'::jsonb",
    )
    .await;
    let expected = ["2018-06-29T12:00:00.000000Z", "1999-01-01T00:00:00.250000Z", "infinity", "2026-11-23"];
    let numbers = [text("1"), text("0"), None, text("7"), text("10.50"), text("a b")];
    let last = [text("00000000-0000-0000-0000-00000000000a"), text("{\"a\": 1}")];
    assert_eq!(told, [[&numbers[..], &expected.map(text), &last].concat()]);
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own_and_may_copy_it() {
    let (one, other) = (Database::migrated().await, Database::migrated().await);
    answer(one.url(), "INSERT INTO programs (program_id) VALUES ('P-1')").await;
    let copy = one.copy().await;
    answer(one.url(), "DELETE FROM programs").await;
    for (database, programs) in [(&one, "0"), (&other, "0"), (&copy, "1")] {
        assert_eq!(answer(database.url(), "SELECT count(*) FROM programs").await, [[text(programs)]]);
    }
}

#[tokio::test]
async fn a_cluster_is_stopped_started_and_configured_and_keeps_what_was_committed() {
    let hba = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 reject"];
    let cluster = Cluster::create_on_tcp(&["application_name = 'configured'"], &hba).expect("a cluster");
    let url = cluster.url("postgres");
    answer(&url, "CREATE TABLE kept (n int)").await;
    for how in [Stop::Fast, Stop::Immediate] {
        answer(&url, "INSERT INTO kept VALUES (1)").await;
        cluster.stop(how).expect("stopped");
        assert!(rows_of(&url, "SELECT 1").await.is_err());
        cluster.start().expect("started again");
    }
    assert_eq!(answer(&cluster.url_by_tcp("postgres", "postgres"), "SELECT count(*) FROM kept").await, [[text("2")]]);
    let refused = rows_of(&cluster.url_by_tcp("someone", "postgres"), "SELECT 1").await.expect_err("a refusal");
    assert!(refused.to_string().contains("rejects"), "{refused}");
    let said = cluster.command("postgres").args(["-D", "data", "-C", "application_name"]).output().expect("an answer");
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "configured");

    let folder = cluster.folder().to_owned();
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn a_cluster_that_does_not_start_says_why() {
    let why = Cluster::create(&["shared_buffers = much"], &[]).err().expect("a failure");
    assert!(why.contains("invalid value for parameter \"shared_buffers\": \"much\""), "{why}");
}

/// Set where this binary is run by the test below; there it starts a server and waits to be killed.
const VICTIM: &str = "CLAIMWATCH_TEST_VICTIM";

#[test]
fn nothing_is_left_of_the_server_of_tests_that_are_killed() {
    if let Some(place) = std::env::var_os(VICTIM) {
        let cluster = Cluster::create(&[], &[]).expect("a cluster");
        std::fs::write(&place, cluster.folder().to_str().expect("UTF-8")).expect("a word");
        std::thread::park();
    }
    let place = tempfile::NamedTempFile::new().expect("a file");
    let name = "postgres_server::nothing_is_left_of_the_server_of_tests_that_are_killed";
    let mut victim = Command::new(std::env::current_exe().expect("this binary"))
        .args([name, "--exact", "--nocapture"])
        .env(VICTIM, place.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("this binary again");
    let mut folder = String::new();
    until("a server", || {
        folder = std::fs::read_to_string(place.path()).expect("a word");
        !folder.is_empty()
    });
    let file = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid")).expect("a server");
    let server = Path::new("/proc").join(file.lines().next().expect("its number"));
    assert!(server.exists());
    victim.kill().expect("SIGKILL");
    victim.wait().expect("its end");
    until("the end of the server and its folder", || !server.exists() && !Path::new(&folder).exists());
}

/// Looks again and again until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("expected in time: {what}");
}
