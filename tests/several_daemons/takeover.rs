//! Another daemon takes over: soon after the leader was killed, at once after it was stopped in good order.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::fleet::{Daemon, FINISHED, by_smtp, lead, led, number, of};
use crate::it::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};
use crate::postgres::{Database, rows_of};
use crate::{DEADLINE, QUIET, until};

/// One review that is long late.
const LATE: &str = "INSERT INTO programs (program_id) VALUES ('P-1'); INSERT INTO claims (claim_id, program_id, status, \
    submitted_at, amount, currency) VALUES ('C-1', 'P-1', 'submitted', now() - interval '200 days', 10, 'EUR')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_daemon_scans_within_15_seconds_of_the_leaders_death_and_at_once_after_its_stop() {
    let _quiet = QUIET.read().await;
    let database = Database::migrated().await;
    let url = database.url();
    let mut daemons = ["one", "two", "three"].map(|name| Daemon::new(name, url, ""));
    daemons.iter_mut().for_each(Daemon::start);
    let first = led(url, None).await;

    let began = Instant::now();
    of(&mut daemons, &first).kill().await;
    let second = led(url, Some(&first)).await;
    let after_a_death = began.elapsed();
    assert!(after_a_death < Duration::from_secs(15), "{after_a_death:?}");

    let began = Instant::now();
    let stopping = of(&mut daemons, &second);
    stopping.signal("TERM");
    let third = led(url, Some(&second)).await;
    let after_a_stop = began.elapsed();
    assert!(after_a_stop < Duration::from_secs(3), "{after_a_stop:?}");
    assert_eq!(of(&mut daemons, &second).end().await.code(), Some(0));
    of(&mut daemons, &third).stop().await;
    assert_eq!(lead(url).await, None, "nobody is left");
    println!("another daemon scanned {after_a_death:.1?} after a SIGKILL, {after_a_stop:.1?} after a SIGTERM");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_stops_with_a_mail_in_hand_lets_another_scan_at_once_and_finishes_it() {
    let _quiet = QUIET.read().await;
    let database = Database::migrated().await;
    let url = database.url();
    let server = SmtpServer::start(Encryption::None).await;
    let gate = Gate::closed();
    server.once(Moment::Dot, Act::Wait(gate.clone()));
    let mail = by_smtp(server.port()).replace("timeout_seconds = 3", "timeout_seconds = 60");
    let (mut one, mut two) = (Daemon::new("one", url, &mail), Daemon::new("two", url, ""));
    rows_of(url, LATE).await.expect("a claim");
    one.start();
    timeout(DEADLINE, gate.reached()).await.expect("a mail in hand");
    let first = lead(url).await.expect("it leads");
    two.start();
    two.says("another daemon leads: this one delivers").await;

    let began = Instant::now();
    one.signal("TERM");
    led(url, Some(&first)).await;
    let taken_over = began.elapsed();
    assert!(taken_over < Duration::from_secs(3), "{taken_over:?}");
    assert!(one.runs(), "its mail is in hand");
    gate.open();
    assert_eq!(one.end().await.code(), Some(0), "{}", one.log());
    until("both mails", async || number(url, "SELECT count(*) FROM outbox WHERE state = 'sent'").await == 2).await;
    two.stop().await;
    println!("another daemon scanned {taken_over:.1?} after a SIGTERM with a mail in hand");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daemons_that_start_at_once_on_an_empty_database_make_its_schema_once() {
    let _quiet = QUIET.read().await;
    let database = Database::empty().await;
    let url = database.url();
    let mut daemons = ["one", "two", "three"].map(|name| Daemon::new(name, url, ""));
    daemons.iter_mut().for_each(Daemon::start);
    for daemon in &daemons {
        daemon.says("claimwatch is ready").await;
    }
    until("a scan", async || number(url, FINISHED).await > 0).await;
    assert_eq!(number(url, "SELECT count(*) - count(DISTINCT version) FROM _sqlx_migrations").await, 0);
    for daemon in &mut daemons {
        daemon.stop().await;
        assert_eq!((daemon.said("\"ERROR\""), daemon.said("\"WARN\"")), (0, 0), "{}", daemon.log());
    }
}
