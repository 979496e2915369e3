//! The database as both loops see it: still the file that was opened, and away or back, said once for both.

use std::sync::{Mutex, PoisonError};

use crate::delivery::{Outage, Service};
use crate::now::TimeSource;
use crate::store::StoreError;

use super::DaemonError;
use super::instance::{Instance, Presence};
use super::pulse::Work;

pub(super) struct Database {
    /// `None`: no file of ours, but a server's.
    instance: Option<Instance>,
    time: TimeSource,
    state: Mutex<State>,
}

struct State {
    outage: Outage,
    /// Which loops found it away when they last asked.
    missed_by: [bool; 2],
}

impl Database {
    pub fn new(instance: Option<Instance>, time: TimeSource) -> Self {
        let state = State { outage: Outage::of(Service::Database), missed_by: [false; 2] };
        Self { instance, time, state: Mutex::new(state) }
    }

    /// Whether work on it makes sense now: on a file that was moved away SQLite would go on unseen.
    ///
    /// # Errors
    /// [`DaemonError::Replaced`] if there is another file in its place.
    pub fn is_there(&self) -> Result<Result<(), StoreError>, DaemonError> {
        let Some(instance) = &self.instance else { return Ok(Ok(())) };
        let path = instance.database();
        match instance.presence() {
            Presence::Same => Ok(Ok(())),
            Presence::Missing => Ok(Err(StoreError::Unavailable(format!("{}: no such file", path.display())))),
            Presence::Replaced => Err(DaemonError::Replaced(path.to_owned())),
        }
    }

    /// `work` found it away; logged if that is new to both loops.
    pub fn away(&self, work: Work, why: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missed_by[work as usize] = true;
        state.outage.away(self.time.now(), why);
    }

    /// `work` found it there; logged, with how long it was away, once both do.
    pub fn back(&self, work: Work) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missed_by[work as usize] = false;
        if state.missed_by == [false; 2] {
            state.outage.back(self.time.now());
        }
    }
}
