//! How the daemon fares: what its loops note as they work, since the process began. Read by what is served over HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::delivery::{DrainReport, Way};

/// What the loops noted.
#[derive(Debug, Default)]
pub struct Vitals {
    noted: Mutex<Noted>,
}

/// All of it as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noted {
    /// Scans that finished.
    pub scans: u64,
    pub failed_scans: u64,
    /// How long the last one that finished took; `None`: none has.
    pub last_scan_took: Option<Duration>,
    /// Deliveries by way out: taken, put off, given up.
    pub deliveries: BTreeMap<Way, [u64; 3]>,
    /// Whether this daemon scans: alone, or as the one that leads.
    pub leads: bool,
    pub reload: Option<Reload>,
}

/// The last time that the configuration was read, or was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    pub at: DateTime<Utc>,
    /// Why the one before stays in force; `None`: it does not.
    pub refused: Option<String>,
}

impl Vitals {
    /// What was noted so far.
    #[must_use]
    pub fn noted(&self) -> Noted {
        self.lock().clone()
    }

    /// A scan finished, after `took`.
    pub fn scanned(&self, took: Duration) {
        let mut noted = self.lock();
        noted.scans += 1;
        noted.last_scan_took = Some(took);
    }

    pub fn scan_failed(&self) {
        self.lock().failed_scans += 1;
    }

    /// These are the ways out: they count from nothing.
    pub fn expects(&self, ways: impl IntoIterator<Item = Way>) {
        let mut noted = self.lock();
        for way in ways {
            noted.deliveries.entry(way).or_default();
        }
    }

    /// A pass over the outbox ended.
    pub fn delivered(&self, report: &DrainReport) {
        let mut noted = self.lock();
        for (way, report) in &report.ways {
            let [sent, again, dead] = noted.deliveries.entry(way.clone()).or_default();
            *sent += report.sent;
            *again += report.again;
            *dead += report.dead;
        }
    }

    /// Whether this daemon scans.
    pub fn stands(&self, leads: bool) {
        self.lock().leads = leads;
    }

    /// The configuration was to be read anew.
    pub fn reloaded(&self, reload: Reload) {
        self.lock().reload = Some(reload);
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
