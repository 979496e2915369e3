//! Which of several daemons scans.
//!
//! The database is authoritative: a daemon leads while it holds the lease, whose end the database's clock judges, and each
//! change of the leader begins a new term, without which no scan can finish. What is known here only saves work: a daemon
//! that cannot renew stops scanning when its lease must have ended, and one that does not notice (it was stopped, or cut
//! off) fails to commit. All daemons deliver; deliveries have leases of their own.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::pulse::Work;
use crate::now::{TimeSource, fresh_id};
use crate::store::{LeaseTime, Store, StoreError, Term};

/// How long a lease lasts that is not renewed: the longest that nobody scans after a daemon died.
const HOLD: Duration = Duration::from_secs(8);
/// How often the lease is renewed, or asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long giving it up may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether this daemon may scan.
#[derive(Clone, Debug)]
pub(super) enum Leadership {
    /// No other daemon can be there.
    Alone,
    Shared(watch::Receiver<Standing>),
}

/// Where this daemon stands among others, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The database has not said, or not lately enough.
    Unknown,
    Leads(Term),
    /// Another one leads.
    Follows,
}

/// What a daemon may do about scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mandate {
    /// Make them, in a term if there are terms.
    Scan(Option<Term>),
    /// Leave them to the one that leads.
    Follow,
    /// Wait until it is known who leads.
    Wait,
}

impl Leadership {
    pub fn mandate(&self) -> Mandate {
        match self {
            Self::Alone => Mandate::Scan(None),
            Self::Shared(standing) => match *standing.borrow() {
                Standing::Leads(term) => Mandate::Scan(Some(term)),
                Standing::Follows => Mandate::Follow,
                Standing::Unknown => Mandate::Wait,
            },
        }
    }

    /// Returns once another daemon leads: what was begun in `term` can only be given up, locks and all.
    pub async fn lost(&self, term: Option<Term>) {
        let over = |now: &Standing| match now {
            Standing::Leads(now) => Some(*now) != term,
            Standing::Follows => true,
            Standing::Unknown => false,
        };
        let is_lost = match self {
            Self::Alone => false,
            Self::Shared(standing) => standing.clone().wait_for(over).await.is_ok(),
        };
        if !is_lost {
            pending::<()>().await;
        }
    }
}

/// What renews the lease until it is told to stop, and then gives it up.
pub(super) struct Leader {
    store: Arc<dyn Store>,
    holder: String,
    standing: watch::Sender<Standing>,
    database: Arc<Database>,
    scanned: CancellationToken,
    /// Told that this daemon leads by now.
    woken: Arc<Notify>,
}

impl Leader {
    /// Leadership of a database, with what sees to it until no more scans are made (`scanned`); `None`: nothing has to.
    pub fn of(
        store: &Arc<dyn Store>,
        time: &TimeSource,
        database: &Arc<Database>,
        scanned: &CancellationToken,
        woken: &Arc<Notify>,
    ) -> (Leadership, Option<Self>) {
        if store.leases().is_none() {
            return (Leadership::Alone, None);
        }
        let (standing, known) = watch::channel(Standing::Unknown);
        let (store, holder, database) = (Arc::clone(store), holder(time), Arc::clone(database));
        let leader = Self { store, holder, standing, database, scanned: scanned.clone(), woken: Arc::clone(woken) };
        (Leadership::Shared(known), Some(leader))
    }

    /// Leads whenever no other daemon does; in the end it lets another one lead at once.
    pub async fn run(self) {
        let Some(leases) = self.store.leases() else { return };
        let mut ends = Instant::now();
        while !self.scanned.is_cancelled() {
            let asked = Instant::now();
            // A server that does not answer at all: whoever leads stops in time, and a new connection is tried.
            let patience = if self.term().is_some() { ends } else { asked + HOLD };
            match timeout_at(patience, leases.lead(&self.holder, to_delta(HOLD), LeaseTime::Database)).await {
                Ok(Ok(term)) => {
                    ends = asked + HOLD;
                    self.stand(term.map_or(Standing::Follows, Standing::Leads));
                }
                Ok(Err(StoreError::Unavailable(why))) => self.fails(ends, &why),
                Ok(Err(error)) => self.fails(ends, &error.to_string()),
                Err(_) => self.fails(ends, "it does not answer"),
            }
            tokio::select! {
                biased;
                () = self.scanned.cancelled() => {}
                () = sleep(ASK_EVERY) => {}
            }
        }
        if let Some(term) = self.term()
            && !matches!(timeout(PATIENCE, leases.resign(term)).await, Ok(Ok(())))
        {
            tracing::debug!("the lease was not given up: it ends by itself");
        }
    }

    /// Without an answer: once the last one is too old, nobody scans here, and that is said.
    fn fails(&self, ends: Instant, why: &str) {
        tracing::debug!(error = why, "the lease could not be asked for");
        if Instant::now() >= ends {
            self.stand(Standing::Unknown);
            self.database.away(Work::Scans, why);
        }
    }

    fn term(&self) -> Option<Term> {
        match *self.standing.borrow() {
            Standing::Leads(term) => Some(term),
            Standing::Follows | Standing::Unknown => None,
        }
    }

    fn stand(&self, now: Standing) {
        let before = self.standing.send_replace(now);
        if before != now {
            self.woken.notify_one();
        }
        match (before, now) {
            (Standing::Leads(before), Standing::Leads(now)) if before == now => {}
            (_, Standing::Leads(Term(number))) => tracing::info!(term = number, "this daemon leads: it scans"),
            (Standing::Leads(_), Standing::Follows) => {
                tracing::warn!("this daemon does not lead any more: it delivers, another one scans");
            }
            (Standing::Leads(_), Standing::Unknown) => {
                tracing::warn!("this daemon does not lead any more: it could not renew its lease in time");
            }
            (Standing::Unknown, Standing::Follows) => tracing::info!("another daemon leads: this one delivers"),
            _ => {}
        }
    }
}

fn to_delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// A name that no other daemon has, and that tells a person which one it is.
fn holder(time: &TimeSource) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} pid {} {}", host.trim(), std::process::id(), fresh_id(time.now()))
}
