//! Whether someone took an alert on, how soon, and whether what was promised was kept.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::alert::{Alert, AlertEvent};

use super::distribution::{Distribution, Quantiles};

/// What became of promises to be done before an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Promises {
    pub kept: u64,
    pub broken: u64,
    /// Their time is not over.
    pub open: u64,
}

/// How soon alerts were taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Acknowledgements {
    pub count: u64,
    /// Minutes from the breach's detection to the first acknowledgement; 0 if that came before.
    pub minutes: Quantiles,
}

/// What the events of alerts tell of those who answered them.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    promises: Promises,
    minutes: Distribution,
}

impl Answered {
    /// Counts the answers to `alert`, whose clock ended at `ended`, as far as is known; `events` are its
    /// acknowledgements and what ended them, oldest first.
    pub fn add(&mut self, alert: &Alert, events: &[&AlertEvent], ended: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let mut first = true;
        for (place, event) in events.iter().enumerate().filter(|(_, event)| event.kind == "acknowledged") {
            if std::mem::take(&mut first) {
                let waited = (event.at - alert.detected_at).num_minutes().max(0);
                self.minutes.add(u32::try_from(waited).unwrap_or(u32::MAX));
            }
            let Some(until) = event.detail["until"].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok()) else {
                continue;
            };
            match events.get(place + 1) {
                Some(next) if is_broken(next) => self.promises.broken += 1,
                // Replaced or taken back: nothing is promised any more.
                Some(_) => {}
                None if ended.is_some_and(|ended| ended <= until) => self.promises.kept += 1,
                None if now < until => self.promises.open += 1,
                None => self.promises.broken += 1,
            }
        }
    }

    pub fn promises(&self) -> Promises {
        self.promises
    }

    pub fn acknowledgements(&self) -> Option<Acknowledgements> {
        Some(Acknowledgements { count: self.minutes.count(), minutes: self.minutes.quantiles()? })
    }
}

/// Whether the scan found that the promise was not kept: an acknowledgement that ended with the instant it was given for.
fn is_broken(event: &AlertEvent) -> bool {
    event.kind == "unacknowledged" && event.detail.get("until").is_some()
}
