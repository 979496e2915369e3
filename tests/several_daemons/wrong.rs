//! What is wrong with the database is said in one clear line that names it; what passes is waited for.

use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::{Daemon, FINISHED, number};
use crate::gate::{Gate, OVER_THE_VIEW, SOURCE, STANDS};
use crate::heard::Ear;
use crate::postgres::{Cluster, Database, Stop, rows_of};
use crate::wire::{State, Wire};
use crate::{QUIET, until};

const AWAY: &str = "the database is not available; trying again until it is";
const BACK: &str = "the database is available again";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_at_the_start_is_waited_for_which_is_said_once_and_told_to_systemd() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(&[], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    cluster.stop(Stop::Fast).expect("stopped");
    let ear = Ear::open();
    let mut daemon = Daemon::new("one", database.url(), "").environment("NOTIFY_SOCKET", &ear.socket());
    daemon.start();
    until("three attempts", async || ear.count("EXTEND_TIMEOUT_USEC=") >= 3).await;
    let news = ear.news();
    let waiting = "STATUS=waiting for the database: postgres://postgres@";
    assert!(news[0].starts_with(waiting), "{news:?}");
    assert!(news[1..].iter().all(|news| news.starts_with("EXTEND_TIMEOUT_USEC=6")), "a minute and more: {news:?}");
    assert_eq!(daemon.log().lines().count(), 1, "{}", daemon.log());
    assert_eq!(daemon.said(AWAY), 1);

    cluster.start().expect("started");
    daemon.says("claimwatch is ready").await;
    until("a scan", async || ear.count("STATUS=last scan") > 0 && number(database.url(), FINISHED).await > 0).await;
    assert_eq!((daemon.said(AWAY), daemon.said(BACK)), (1, 1), "{}", daemon.log());
    let news = ear.news();
    let (scan, ready) = ("STATUS=no scan yet", "READY=1");
    let told: Vec<_> = news.iter().filter(|news| !news.starts_with("EXTEND")).take(2).collect();
    assert_eq!(told, [scan, ready]);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_waits_for_its_server_stops_at_once() {
    let _quiet = QUIET.read().await;
    // One socket that is not there; one port that takes connections, and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("the port").port();
    let ear = Ear::open();
    for (url, waits) in [
        ("postgres:///claims?host=/nowhere&user=me".to_owned(), "EXTEND_TIMEOUT_USEC="),
        (format!("postgres://me@127.0.0.1:{port}/claims"), ""),
    ] {
        let mut daemon = Daemon::new("one", &url, "").environment("NOTIFY_SOCKET", &ear.socket());
        daemon.start();
        if waits.is_empty() {
            silent.accept().await.expect("a connection");
        } else {
            until("it waits", async || ear.count(waits) > 0).await;
        }
        let asked = Instant::now();
        daemon.stop().await;
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}: {}", asked.elapsed(), daemon.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_whose_server_went_away_or_does_not_answer_is_alive_and_goes_on_when_it_is_back() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(&[], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    let (wire, ear) = (Wire::to(cluster.folder()).await, Ear::open());
    let mut daemon = Daemon::new("one", &wire.url(database.name()), "").environment("NOTIFY_SOCKET", &ear.socket());
    daemon.start();
    for (times, state) in [(1, State::Cut), (2, State::Frozen)] {
        let scans = number(database.url(), FINISHED).await;
        until("a scan", async || number(database.url(), FINISHED).await > scans).await;
        wire.set(state);
        until("it is said", async || daemon.said(AWAY) == times).await;
        let before = ear.count("WATCHDOG=1");
        until("signs of life without a server", async || ear.count("WATCHDOG=1") >= before + 4).await;
        wire.set(State::Carries);
        until("it is back", async || daemon.said(BACK) == times).await;
    }
    assert_eq!(daemon.said(AWAY), 2, "{}", daemon.log());
    assert!(daemon.runs());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waiting_does_not_mend_ends_the_start_with_one_line_that_names_it() {
    let _quiet = QUIET.read().await;
    let hba = ["host all watcher 127.0.0.1/32 scram-sha-256", "host all postgres 127.0.0.1/32 trust"];
    let cluster = Cluster::create_on_tcp(&["password_encryption = 'scram-sha-256'"], &hba).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    rows_of(database.url(), "CREATE ROLE watcher LOGIN PASSWORD 'right'").await.expect("a role");
    let ours = cluster.url_by_tcp("postgres", "claimwatch");
    let place = |user: &str| cluster.url_by_tcp(user, "").trim_end_matches('/').to_owned();
    let (watcher, postgres) = (place("watcher"), place("postgres"));
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (99, 'of tomorrow', true, '', 0)";
    rows_of(database.url(), newer).await.expect("a newer schema");
    let cases = [
        (
            cluster.url_by_tcp("watcher:hunter2", "claimwatch"),
            format!(
                "claimwatch: the database does not let us in: {watcher}/claimwatch: password authentication failed for \
                 user \"watcher\"; see database.url, database.password_file, .pgpass and pg_hba.conf\n"
            ),
        ),
        (
            cluster.url_by_tcp("stranger", "claimwatch"),
            format!(
                "claimwatch: the database does not let us in: {}/claimwatch: no pg_hba.conf entry",
                place("stranger")
            ),
        ),
        (
            cluster.url_by_tcp("postgres", "nowhere"),
            format!(
                "claimwatch: {postgres}/nowhere: database \"nowhere\" does not exist; create it, or see database.url\n"
            ),
        ),
        (
            ours,
            format!(
                "claimwatch: {postgres}/claimwatch: the schema is at version 99, newer than this claimwatch knows (1); \
                 upgrade claimwatch\n"
            ),
        ),
    ];
    for (url, line) in cases {
        let daemon = Daemon::new("one", &url, "");
        for command in [&["run"][..], &["scan"], &["migrate"]] {
            let (code, said) = daemon.run(command).await;
            assert_eq!((code, said.lines().count()), (Some(1), 1), "{command:?}: {said}");
            assert!(said.starts_with(&line), "{command:?}: {said}, expected {line}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operators_statement_timeout_fails_a_scan_by_its_name_and_the_next_one_succeeds() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(&[], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    let url = database.url();
    rows_of(url, SOURCE).await.expect("a source");
    let mut daemon = Daemon::new("one", url, "").with(OVER_THE_VIEW);
    let (code, said) = daemon.run(&["migrate"]).await;
    assert_eq!(code, Some(0), "{said}");
    let gate = Gate::close(url).await;
    rows_of(url, "ALTER ROLE postgres SET statement_timeout = '400ms'").await.expect("a limit");
    daemon.start();
    let failures = "SELECT count(*) FROM scans WHERE error LIKE '%canceling statement due to statement timeout%'";
    until("a scan that fails", async || number(url, failures).await > 0).await;
    daemon.says("canceling statement due to statement timeout; a missing index makes a scan read whole tables").await;
    for table in ["sla_alerts", "sla_alert_events", "outbox", "data_problems"] {
        assert_eq!(number(url, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(number(url, FINISHED).await, 0);
    gate.open().await;
    until("a scan that succeeds", async || number(url, "SELECT count(*) FROM sla_alerts").await == 1).await;
    daemon.says(BACK).await;
    assert_eq!((daemon.said(AWAY), daemon.said(BACK)), (1, 1), "{}", daemon.log());
    assert_eq!(number(url, STANDS).await, 0);
    daemon.stop().await;
}
