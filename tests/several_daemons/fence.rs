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
    assert!(number(url, STANDS).await > 0, "its statement goes on");

    // It may go on, and finds the gate open.
    gate.open().await;
    keeper.release(&one, &wire);
    one.says("this daemon does not lead any more").await;
    if keeper != Keeper::Cut {
        one.says("a scan was given up: another daemon leads by now").await;
    }
    until("its transaction is over", async || number(url, STANDS).await == 0).await;
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
