//! A daemon that stood in the middle of a scan while another one began to lead: it cannot commit anything.
//!
//! The source's view lets one daemon alone see a late claim, and has it stand at a gate, inside a statement, while it
//! reads it: an alert of that claim could come from that daemon's scan only.

use crate::fleet::{Daemon, FINISHED, lead, led, number};
use crate::gate::{Gate, OVER_THE_VIEW, SOURCE, STANDS};
use crate::postgres::{Cluster, Database, rows_of};
use crate::wire::{State, Wire};
use crate::{QUIET, until};

/// How a daemon is kept from the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeper {
    /// SIGSTOP.
    Stopped,
    /// A wire that carries nothing.
    Frozen,
    /// No wire.
    Cut,
}

impl Keeper {
    fn keep(self, daemon: &Daemon, wire: &Wire) {
        match self {
            Self::Stopped => daemon.signal("STOP"),
            Self::Frozen => wire.set(State::Frozen),
            Self::Cut => wire.set(State::Cut),
        }
    }

    fn release(self, daemon: &Daemon, wire: &Wire) {
        match self {
            Self::Stopped => daemon.signal("CONT"),
            Self::Frozen | Self::Cut => wire.set(State::Carries),
        }
    }
}

async fn cannot_commit_once_another_leads(keeper: Keeper) {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(&[], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    let url = database.url();
    rows_of(url, SOURCE).await.expect("a source");
    let wire = Wire::to(cluster.folder()).await;
    let mut one = Daemon::new("one", &wire.url(database.name()), "").with(OVER_THE_VIEW);
    let mut others = ["two", "three"].map(|name| Daemon::new(name, url, "").with(OVER_THE_VIEW));
    let (code, said) = one.run(&["migrate"]).await;
    assert_eq!(code, Some(0), "{said}");

    let gate = Gate::close(url).await;
    one.start();
    until("it stands in the middle of a scan", async || number(url, STANDS).await > 0).await;
    let first = lead(url).await.expect("it leads");
    others.iter_mut().for_each(Daemon::start);
    for other in &others {
        other.says("another daemon leads: this one delivers").await;
    }
    keeper.keep(&one, &wire);
    let second = led(url, Some(&first)).await;
    until("what it left under way is ended", async || number(url, STANDS).await == 0).await;

    // It may go on, and would find the gate open.
    gate.open().await;
    keeper.release(&one, &wire);
    one.says("this daemon does not lead any more").await;
    if keeper != Keeper::Cut {
        one.says("a scan was given up: another daemon leads by now").await;
    }
    let scans = number(url, FINISHED).await;
    until("the other one scans on", async || number(url, FINISHED).await > scans + 1).await;
    assert_eq!(number(url, "SELECT count(*) FROM sla_alerts").await, 0);
    assert_eq!(number(url, "SELECT count(*) FROM outbox").await, 0);
    assert_eq!(number(url, "SELECT count(*) FROM scans WHERE error IS NOT NULL").await, 0);
    assert_eq!(lead(url).await.expect("one leads"), second);
    assert!(one.runs(), "{}", one.log());

    // As a follower it takes its turn, and only then the alert is raised that it could not raise before.
    for other in &mut others {
        other.stop().await;
    }
    until("its own scan", async || number(url, "SELECT count(*) FROM sla_alerts").await == 1).await;
    assert_eq!(lead(url).await.expect("it leads").pid, one.pid());
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_was_stopped_in_the_middle_of_a_scan_cannot_commit_once_another_leads() {
    cannot_commit_once_another_leads(Keeper::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_whose_connections_carry_nothing_any_more_cannot_commit_once_another_leads() {
    cannot_commit_once_another_leads(Keeper::Frozen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_whose_connections_were_cut_cannot_commit_once_another_leads() {
    cannot_commit_once_another_leads(Keeper::Cut).await;
}

/// So many and so long that no socket takes a page of them at once; a scan stands when it fetches an early one.
const LONG_CLAIMS: &str = "
    CREATE OR REPLACE VIEW public.theirs AS SELECT * FROM claims
    WHERE CASE current_setting('application_name') WHEN 'one'
        THEN claim_id <> 'L-0100' OR current_query() NOT LIKE 'FETCH%' OR public.stand() ELSE false END;
    INSERT INTO claims (claim_id, program_id, partner_name, status, submitted_at, amount, currency)
    SELECT 'L-' || lpad(n::text, 4, '0'), 'P-1', repeat('x', 2000), 'submitted', now() - interval '200 days', 10, 'EUR'
    FROM generate_series(1, 2000) n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_waits_for_a_daemon_to_read_is_freed_of_it_once_another_leads() {
    let _quiet = QUIET.read().await;
    let cluster = Cluster::create(&[], &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    let url = database.url();
    rows_of(url, &format!("{SOURCE}; {LONG_CLAIMS}")).await.expect("a source");
    let wire = Wire::to(cluster.folder()).await;
    let mut one = Daemon::new("one", &wire.url(database.name()), "").with(OVER_THE_VIEW);
    let mut two = Daemon::new("two", url, "").with(OVER_THE_VIEW);
    let (code, said) = one.run(&["migrate"]).await;
    assert_eq!(code, Some(0), "{said}");
    let gate = Gate::close(url).await;
    one.start();
    until("it stands in the middle of a scan", async || number(url, STANDS).await > 0).await;
    let first = lead(url).await.expect("it leads");
    two.start();
    two.says("another daemon leads: this one delivers").await;

    wire.set(State::Frozen);
    gate.open().await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one' AND wait_event = 'ClientWrite'";
    until("the server waits for it to read", async || number(url, waits).await > 0).await;
    led(url, Some(&first)).await;
    until("the server waits no more", async || number(url, waits).await == 0).await;
    assert_eq!(number(url, STANDS).await, 0);
    wire.set(State::Carries);
    one.says("this daemon does not lead any more").await;
    assert_eq!(number(url, "SELECT count(*) FROM sla_alerts").await, 0);
    one.stop().await;
    two.stop().await;
}
