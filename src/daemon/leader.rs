//! Which of several daemons scans.
//!
//! The database is authoritative: a daemon leads while it holds the lease, whose end the database's clock judges, and each
//! change of the leader begins a new term, without which no scan can finish. What is known here only saves work: a daemon
//! that cannot renew stops scanning when its lease must have ended, and one that does not notice (it was stopped, or cut
//! off) fails to commit. All daemons deliver; deliveries have leases of their own.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::now::{TimeSource, fresh_id};
use crate::store::{LeaseTime, Store, Term};

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
    /// The term, while this one leads.
    Shared(watch::Receiver<Option<Term>>),
}

/// May scan, in a term if there are terms.
pub(super) type Mandate = Option<Term>;

impl Leadership {
    /// `None`: another daemon scans.
    pub fn mandate(&self) -> Option<Mandate> {
        match self {
            Self::Alone => Some(None),
            Self::Shared(term) => term.borrow().map(Some),
        }
    }
}

/// What renews the lease until it is told to stop, and then gives it up.
pub(super) struct Leader {
    store: Arc<dyn Store>,
    holder: String,
    term: watch::Sender<Option<Term>>,
    scanned: CancellationToken,
}

impl Leader {
    /// Leadership of a database, with what sees to it until no more scans are made (`scanned`); `None`: nothing has to.
    pub fn of(store: &Arc<dyn Store>, time: &TimeSource, scanned: &CancellationToken) -> (Leadership, Option<Self>) {
        if store.leases().is_none() {
            return (Leadership::Alone, None);
        }
        let (term, led) = watch::channel(None);
        let leader = Self { store: Arc::clone(store), holder: holder(time), term, scanned: scanned.clone() };
        (Leadership::Shared(led), Some(leader))
    }

    /// Leads whenever no other daemon does; in the end it lets another one lead at once.
    pub async fn run(self) {
        let Some(leases) = self.store.leases() else { return };
        let (mut ends, mut known) = (Instant::now(), false);
        while !self.scanned.is_cancelled() {
            let asked = Instant::now();
            // A server that does not answer at all: whoever leads stops in time, and a new connection is tried.
            let patience = if self.leads() { ends } else { asked + HOLD };
            match timeout_at(patience, leases.lead(&self.holder, to_delta(HOLD), LeaseTime::Database)).await {
                Ok(Ok(term)) => {
                    ends = asked + HOLD;
                    self.say(term, !known);
                    known = true;
                }
                // The database's absence is told by those who work on it.
                failed => {
                    let error = failed.map_or_else(|late| late.to_string(), |said| format!("{:?}", said.err()));
                    tracing::debug!(error, "the lease could not be asked for");
                    if Instant::now() >= ends {
                        self.say(None, false);
                    }
                }
            }
            tokio::select! {
                biased;
                () = self.scanned.cancelled() => {}
                () = sleep(ASK_EVERY) => {}
            }
        }
        let term = self.term.send_replace(None);
        if let Some(term) = term
            && !matches!(timeout(PATIENCE, leases.resign(term)).await, Ok(Ok(())))
        {
            tracing::debug!("the lease was not given up: it ends by itself");
        }
    }

    fn leads(&self) -> bool {
        self.term.borrow().is_some()
    }

    fn say(&self, term: Option<Term>, first: bool) {
        let before = self.term.send_replace(term);
        match (before.is_some(), term) {
            (false, Some(Term(number))) => tracing::info!(term = number, "this daemon leads: it scans"),
            (true, None) => tracing::warn!("this daemon does not lead any more: it delivers, another one scans"),
            (false, None) if first => tracing::info!("another daemon leads: this one delivers"),
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
