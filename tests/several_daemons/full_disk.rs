//! A server whose disk is full: that is said, nothing is changed, and what was due is done once there is room again.

use std::process::Stdio;

use crate::fleet::{Daemon, FINISHED, number};
use crate::postgres::{Cluster, Database, Stop, rows_of};
use crate::{QUIET, until};

/// Mounts a small disk where only the server's own user sees it, which takes no rights beyond those over a namespace of
/// one's own, and starts the server there.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=64m,mode=0700 none small && mkdir small/space && \
    exec \"$0\" -D data -l log -w -t 60 -s start";

const CLAIMS: &str = "INSERT INTO programs (program_id) VALUES ('P-1'); \
    INSERT INTO claims (claim_id, program_id, status, submitted_at, amount, currency) \
    SELECT 'C-' || n, 'P-1', 'submitted', now() - interval '200 days', 10, 'EUR' FROM generate_series(1, 100) n";

/// A daemon on a database that is full until `free` is done.
async fn waits_for_room(url: &str, free: &str) {
    let mut daemon = Daemon::new("one", url, "");
    let (code, said) = daemon.run(&["scan"]).await;
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    let line = "claimwatch: the database is not available: the server's disk is full: could not extend file \"";
    assert!(said.starts_with(line) && said.contains("No space left on device"), "{said}");
    daemon.start();
    daemon.says("the server's disk is full: could not extend file").await;
    for table in ["sla_alerts", "sla_alert_events", "outbox", "outbox_messages", "data_problems"] {
        assert_eq!(number(url, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(number(url, FINISHED).await, 0);
    assert!(daemon.runs());

    rows_of(url, free).await.expect("room");
    until("a scan", async || number(url, "SELECT count(*) FROM sla_alerts").await == 100).await;
    daemon.says("the database is available again").await;
    assert_eq!(daemon.said("the database is not available; trying again until it is"), 1, "{}", daemon.log());
    until("both mails", async || number(url, "SELECT count(*) FROM outbox WHERE state = 'sent'").await == 2).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_changes_nothing_and_is_waited_for() {
    let _quiet = QUIET.read().await;
    // Nobody makes room but the test.
    let cluster = Cluster::create(&["autovacuum = off"], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    if let Err(why) = move_to_a_small_disk(&cluster) {
        // Containers often allow no namespaces; what the server says of a full disk is tried in any case, below.
        println!("no disk could be made that is small enough to fill: {why}");
        cluster.start().expect("a server");
        return;
    }
    let place = cluster.folder().join("small/space");
    rows_of(&cluster.url("postgres"), &format!("CREATE TABLESPACE small LOCATION '{}'", place.display()))
        .await
        .expect("a small disk");
    rows_of(&cluster.url("postgres"), "ALTER DATABASE claimwatch SET TABLESPACE small").await.expect("moved");
    let url = database.url();
    rows_of(url, CLAIMS).await.expect("claims");
    rows_of(url, "CREATE TABLE public.filler (page text); ALTER TABLE public.filler ALTER page SET STORAGE PLAIN")
        .await
        .expect("a table");
    fill(url).await;
    waits_for_room(url, "DROP TABLE public.filler").await;
}

/// Fills the disk: at first what is free is refused in part only, since each processor keeps an account of its own.
async fn fill(url: &str) {
    let pages = async |count: u32| {
        let pages = format!("INSERT INTO public.filler SELECT repeat('x', 7000) FROM generate_series(1, {count})");
        rows_of(url, &pages).await.map_err(|error| error.to_string())
    };
    let mut refused = 0;
    while refused < 20 {
        match pages(if refused < 10 { 100_000 } else { 1 }).await {
            Ok(_) => refused = 10,
            Err(full) => {
                assert!(full.contains("No space left on device"), "{full}");
                refused += 1;
            }
        }
    }
}

/// Stops the server, and starts it where a folder of its own is a disk of a few megabytes.
fn move_to_a_small_disk(cluster: &Cluster) -> Result<(), String> {
    cluster.stop(Stop::Fast)?;
    let made = cluster.command("/bin/mkdir").arg("small").status().map_err(|error| error.to_string())?;
    let pg_ctl = cluster.command("pg_ctl").get_program().to_owned();
    let mut command = cluster.command("/usr/bin/env");
    command.args([
        "unshare",
        "--user",
        "--map-current-user",
        "--keep-caps",
        "--mount",
        "/bin/sh",
        "-c",
        ON_A_SMALL_DISK,
    ]);
    let started = command.arg(pg_ctl).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    if made.success() && started.status.success() { Ok(()) } else { Err(said) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_its_disk_is_full_is_quoted_changes_nothing_and_is_waited_for() {
    let _quiet = QUIET.read().await;
    let database = Database::migrated().await;
    let url = database.url();
    rows_of(url, CLAIMS).await.expect("claims");
    // Word for word what a server says that finds no room for another page.
    let full = "CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        RAISE EXCEPTION 'could not extend file \"base/16384/16421\": No space left on device' \
        USING ERRCODE = 'disk_full', HINT = 'Check free disk space.'; END $$; \
        CREATE TRIGGER full_disk BEFORE INSERT ON sla_alerts EXECUTE FUNCTION public.full_disk()";
    rows_of(url, full).await.expect("a trigger");
    waits_for_room(url, "DROP TRIGGER full_disk ON sla_alerts").await;
}
