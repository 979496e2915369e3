//! What time it is, and fresh ids: the one place that asks the machine for either.
//!
//! Everything else is handed a [`TimeSource`] or a plain `now`, so that tests set the time and decisions repeat.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Tells the present instant: the system's, or one that a test or `--at` sets. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct TimeSource {
    fixed: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl TimeSource {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { fixed: None }
    }

    /// A clock that stands at `at` until it is set.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self { fixed: Some(Arc::new(Mutex::new(at))) }
    }

    /// Whether it stands until it is set: then nobody else's clock goes with it.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The present instant, to the microsecond, as the database keeps it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
        let at = match &self.fixed {
            Some(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
            None => Utc::now(),
        };
        to_micros(at)
    }

    /// Sets a fixed clock; a system clock is left alone.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Some(fixed) = &self.fixed {
            *fixed.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// Moves a fixed clock forward by `by`; a system clock is left alone.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }
}

/// `at` without what the database would not keep (it stores microseconds).
#[must_use]
pub fn to_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// A fresh id (UUIDv7) that sorts by `now`, so that rows written together lie together.
#[must_use]
pub fn fresh_id(now: DateTime<Utc>) -> Uuid {
    static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    Uuid::new_v7(Timestamp::from_unix(&ORDER, seconds, now.timestamp_subsec_nanos()))
}

/// A secret that nobody guesses: 256 bits of the system's.
///
/// # Panics
/// If the system has none to give: nothing is to go on with a secret that can be guessed.
#[must_use]
pub fn fresh_secret() -> [u8; 32] {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("random numbers of the system");
    secret
}

/// Measures how long something takes, for people to read; nothing is decided by it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
