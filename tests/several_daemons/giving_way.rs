//! Who has to give way to another session begins anew, and nobody hears of it but the server.

use sqlx::postgres::PgConnection;

use crate::fleet::{Daemon, number};
use crate::gate::{Gate, OVER_THE_VIEW, SOURCE, STANDS};
use crate::postgres::{Cluster, Database, connect, rows, rows_of};
use crate::{QUIET, until};

/// A server on which scans wait long enough for a deadlock to be made before they look for one.
const SETTINGS: &[&str] = &["deadlock_timeout = '4s'", "log_min_error_statement = panic"];

/// A world with an alert of a review and one of a dispute, both of which were settled since.
async fn settled(cluster: &Cluster) -> (Database, Daemon) {
    let database = Database::in_cluster(cluster).await;
    rows_of(database.url(), SOURCE).await.expect("a source");
    let dispute = "INSERT INTO claims (claim_id, program_id, status, disputed_at, amount, currency) \
        VALUES ('C-2', 'P-1', 'disputed', now() - interval '200 days', 10, 'EUR')";
    rows_of(database.url(), dispute).await.expect("a claim");
    let daemon = Daemon::new("one", database.url(), "").with(OVER_THE_VIEW);
    for command in [&["migrate"][..], &["scan"]] {
        let (code, said) = daemon.run(command).await;
        assert_eq!(code, Some(0), "{said}");
    }
    let settle = "UPDATE claims SET status = 'rejected', reviewed_at = now(), dispute_resolved_at = now()";
    rows_of(database.url(), settle).await.expect("settled claims");
    (database, daemon)
}

/// Scans beside what `meanwhile` does; it succeeds, and both alerts are resolved.
async fn scan_beside(database: &Database, daemon: &Daemon, meanwhile: impl Future<Output = ()>) {
    let ((code, said), ()) = tokio::join!(daemon.run(&["scan", "--json"]), meanwhile);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"late\": 2") || said.contains("\"late\":2"), "{said}");
    let events = "SELECT count(*) FROM sla_alert_events WHERE kind = 'resolved'";
    assert_eq!(number(database.url(), events).await, 2, "once each");
    assert_eq!(number(database.url(), "SELECT count(*) FROM scans WHERE error IS NOT NULL").await, 0);
}

async fn done(session: &mut PgConnection, statements: &str) {
    rows(session, statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_whose_alert_someone_else_changed_meanwhile_begins_anew() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(SETTINGS, &[]).expect("a server");
    let (database, daemon) = settled(&cluster).await;
    let url = database.url();
    let gate = Gate::close(url).await;
    scan_beside(&database, &daemon, async {
        until("a scan that stands at the gate", async || number(url, STANDS).await > 0).await;
        rows_of(url, "UPDATE sla_alerts SET note = 'seen'").await.expect("a note");
        gate.open().await;
    })
    .await;
    assert_eq!(number(url, "SELECT count(*) FROM sla_alerts WHERE note = 'seen' AND state = 'resolved'").await, 2);
    let log = cluster.log();
    assert_eq!(log.matches("could not serialize access due to concurrent update").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_is_ended_by_a_deadlock_begins_anew() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(SETTINGS, &[]).expect("a server");
    let (database, daemon) = settled(&cluster).await;
    let url = database.url();
    let mut other = connect(url, "claimwatch").await.expect("a session");
    done(
        &mut other,
        "BEGIN; SET LOCAL deadlock_timeout = '1h'; SELECT FROM sla_alerts WHERE rule = 'dispute' FOR UPDATE",
    )
    .await;
    scan_beside(&database, &daemon, async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one' AND wait_event_type = 'Lock'";
        until("a scan that has the review, and waits for the dispute", async || number(url, waits).await > 0).await;
        done(&mut other, "UPDATE sla_alerts SET note = 'mine' WHERE rule = 'review'").await;
        done(&mut other, "ROLLBACK").await;
    })
    .await;
    let log = cluster.log();
    assert_eq!(log.matches("ERROR:  deadlock detected").count(), 1, "{log}");
}
