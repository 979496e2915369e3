//! Dashboards on a standby: a real one that streams, and never shows half a scan.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::Connection;

use crate::postgres::{Cluster, SCHEMA, connect, rows, rows_of};
use crate::world::{ClaimRow, World, claim};

/// Scans of which each opens some alerts and resolves those of the one before.
const SCANS: usize = 8;
const CLAIMS: usize = 200;

/// What does not add up in what one statement sees: scans whose alerts or events are there in part, and views that
/// contradict the tables.
const HALVES: &str = "SELECT (SELECT count(*) FROM scans s \
        FULL JOIN (SELECT detected_at, count(*) AS n FROM sla_alerts GROUP BY 1) a ON a.detected_at = s.began_at \
        WHERE coalesce(s.opened, 0) <> coalesce(a.n, 0)), \
    (SELECT count(*) FROM scans s FULL JOIN (SELECT at, count(*) FILTER (WHERE kind = 'opened') AS opened, \
        count(*) FILTER (WHERE kind = 'resolved') AS resolved FROM sla_alert_events GROUP BY 1) e ON e.at = s.began_at \
        WHERE (coalesce(s.opened, 0), coalesce(s.met + s.late, 0)) <> (coalesce(e.opened, 0), coalesce(e.resolved, 0))), \
    (SELECT count(*) FROM sla_open_alerts) - (SELECT coalesce(sum(opened - met - late), 0) FROM scans), \
    (SELECT coalesce(sum(opened - resolved), 0) FROM sla_daily) - (SELECT count(*) FROM sla_open_alerts), \
    (SELECT count(*) FROM scans)";

fn batch(n: usize, status: &str, reviewed_at: Option<&str>) -> Vec<ClaimRow> {
    let row = |k: usize| {
        let row = claim(&format!("C-{n}-{k}"), status).on("submitted_at", "2024-11-16T10:00:00Z");
        reviewed_at.map_or(row.clone(), |at| row.on("reviewed_at", at))
    };
    (0..CLAIMS).map(row).collect()
}

/// Opens and resolves alerts, scan by scan.
async fn scans(world: &World) {
    for n in 0..SCANS {
        let instant = format!("2024-11-23T{:02}:00:00Z", 9 + n);
        world.put_all(batch(n, "submitted", None)).await;
        if n > 0 {
            let done = format!("2024-11-23T{:02}:30:00Z", 8 + n);
            world
                .sql(&format!(
                    "UPDATE claims SET status = 'rejected', reviewed_at = '{done}' WHERE claim_id LIKE 'C-{}-%'",
                    n - 1
                ))
                .await;
        }
        let summary = world.scan(&instant).await;
        let before = if n > 0 { CLAIMS as u64 } else { 0 };
        assert_eq!((summary.opened, summary.resolved.late), (CLAIMS as u64, before));
    }
}

/// A primary with a schema, and its standby.
async fn pair() -> (Cluster, Cluster, World) {
    let primary = Cluster::create(&[], &["local replication all trust"]).expect("a server");
    let world = World::in_cluster(&primary).await;
    world.program("P-1", None, false).await;
    let standby = Cluster::standby_of(&primary, &["hot_standby_feedback = on"]).expect("a standby");
    (primary, standby, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashboards_on_a_standby_never_see_half_a_scan() {
    let (_primary, standby, world) = pair().await;
    let url = standby.url("claimwatch");
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (url, done) = (url.clone(), Arc::clone(&done));
        async move {
            let mut session = connect(&url, SCHEMA).await.expect("a session");
            let mut seen = Vec::new();
            loop {
                // Asked before: what it then sees, it sees after the last scan.
                let last = done.load(Ordering::Relaxed);
                let row = rows(&mut session, HALVES).await.expect("an answer").remove(0);
                let row: Vec<i64> = row.into_iter().map(|n| n.expect("a number").parse().expect("a number")).collect();
                assert_eq!(row[..4], [0, 0, 0, 0], "of {} scans", row[4]);
                seen.push(row[4]);
                if last && row[4] == SCANS as i64 {
                    break;
                }
            }
            session.close().await.expect("closed");
            seen
        }
    });
    scans(&world).await;
    done.store(true, Ordering::Relaxed);
    let seen =
        tokio::time::timeout(Duration::from_secs(60), reader).await.expect("it catches up").expect("whole scans");
    assert!(seen.is_sorted(), "{seen:?}");
    let mut states = seen.clone();
    states.dedup();
    println!("{} looks, {} states of {SCANS} scans", seen.len(), states.len());
    assert!(states.len() > 2, "it looked while scans were made: {seen:?}");
    let alerts = rows_of(&url, "SELECT count(*) FROM sla_alerts").await.expect("an answer");
    assert_eq!(alerts, [[Some((SCANS * CLAIMS).to_string())]]);
}

/// The program with the standby in its configuration.
fn program(folder: &std::path::Path, standby: &Cluster, args: &[&str]) -> Command {
    let text = format!("[database]\nurl = \"{}\"\n", standby.url("claimwatch"));
    std::fs::write(folder.join("claimwatch.toml"), text).expect("a configuration");
    let mut command = Command::new(env!("CARGO_BIN_EXE_claimwatch"));
    command.args(["--config", "claimwatch.toml"]).args(args).current_dir(folder).env("HOME", folder);
    command.stdin(Stdio::null());
    command
}

#[tokio::test]
async fn a_standby_is_looked_at_and_says_what_it_is_when_asked_to_change_anything() {
    let (_primary, standby, world) = pair().await;
    world.put_all(batch(0, "submitted", None)).await;
    world.scan("2024-11-23T09:00:00Z").await;
    let url = standby.url("claimwatch");
    let replayed = async || {
        let alerts = rows_of(&url, "SELECT count(*) FROM sla_alerts").await.expect("an answer");
        alerts == [[Some(CLAIMS.to_string())]]
    };
    for _ in 0..600 {
        if replayed().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let run = |args: &[&str]| program(world.folder.path(), &standby, args).output().expect("the program");
    let said = |output: &Output| String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    for args in [
        &["--no-migrate", "alerts", "list", "--json"][..],
        &["alerts", "list", "--claim", "C-0-7"],
        &["alerts", "show", "C-0-7"],
        &["explain", "C-0-7"],
        &["outbox", "list"],
        &["scan", "--dry-run", "--json"],
        &["alerts", "prune", "--before", "2024-11-01", "--dry-run"],
    ] {
        let output = run(args);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
    }
    for args in [&["scan"][..], &["outbox", "retry", "--all"], &["outbox", "deliver"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", said(&output));
        let words = "the server is a standby, or is set read-only; database.url must name the primary";
        assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
    }
    let mut daemon = program(world.folder.path(), &standby, &["run"]).stderr(Stdio::piped()).spawn().expect("a daemon");
    let stderr = BufReader::new(daemon.stderr.take().expect("a pipe"));
    let (said, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    let says = |words: &str| {
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(60)) {
            if line.contains(words) {
                return true;
            }
        }
        false
    };
    let told = says("the server is a standby");
    let promoted = standby.command("pg_ctl").args(["-D", "data", "-w", "promote"]).output().expect("pg_ctl");
    assert!(promoted.status.success(), "{promoted:?}");
    let scanned = says("a scan finished");
    daemon.kill().expect("killed");
    daemon.wait().expect("its end");
    assert!(told && scanned, "it says what the server is ({told}), and scans as soon as it can ({scanned})");
}
