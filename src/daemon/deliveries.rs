//! The delivery loop: drains the outbox after each scan, when a delivery becomes due, and every half a minute, since other
//! processes put mail there too (`claimwatch scan`, `claimwatch outbox retry`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::delivery::{Courier, DrainReport, Outage, Reach, Way, WayReport};
use crate::now::TimeSource;
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;

use super::DaemonError;
use super::database::Database;
use super::pulse::{Pulse, Work};
use super::trouble::{Trouble, words_of_panic};

/// The longest that the outbox is not looked at.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// The shortest.
const SHORTEST_REST: Duration = Duration::from_secs(1);

pub(super) struct DeliveryLoop {
    pub courier: Arc<Courier>,
    pub store: Arc<dyn Store>,
    pub time: TimeSource,
    pub database: Arc<Database>,
    pub pulse: Arc<Pulse>,
    pub vitals: Arc<Vitals>,
    /// Tells that a scan may have left mail.
    pub scanned: Arc<Notify>,
    pub stop: CancellationToken,
    /// The longest that one step of a delivery may take.
    pub longest_step: Duration,
}

impl DeliveryLoop {
    /// Delivers until told to stop.
    ///
    /// # Errors
    /// [`DaemonError::Replaced`]
    pub async fn run(self) -> Result<(), DaemonError> {
        let (mut trouble, mut panics) = (Trouble::default(), 0_u64);
        let mut outages = BTreeMap::new();
        let mut rest = Duration::ZERO;
        while self.is_woken(trouble.wait(Instant::now()).max(rest).min(LONGEST_REST)).await {
            self.pulse.beat(Work::Deliveries);
            rest = Duration::ZERO;
            if trouble.wait(Instant::now()) > Duration::ZERO {
                continue;
            }
            if let Err(error) = self.database.is_there()? {
                self.fails(&mut trouble, &error);
                continue;
            }
            let (courier, store, stop) = (Arc::clone(&self.courier), Arc::clone(&self.store), self.stop.clone());
            let drained = tokio::spawn(async move {
                let report = courier.drain(&stop).await?;
                Ok::<_, StoreError>((report, store.next_delivery().await?))
            });
            let drained = AbortOnDropHandle::new(drained);
            match self.pulse.outlast(Work::Deliveries, self.longest_step, drained).await {
                Ok(Ok((report, next))) => {
                    self.succeeds(&mut trouble, &mut outages, &report);
                    let until = next.and_then(|next| (next - self.time.now()).to_std().ok()).unwrap_or_default();
                    rest = if next.is_some() { until.clamp(SHORTEST_REST, LONGEST_REST) } else { LONGEST_REST };
                }
                Ok(Err(error)) => self.fails(&mut trouble, &error),
                Err(panic) => {
                    panics += 1;
                    let words = words_of_panic(panic);
                    trouble.failed(Instant::now());
                    trouble.is_news(&words);
                    self.pulse.panicked(Work::Deliveries);
                    tracing::error!(panics, words, "a delivery panicked; the watchdog is withheld");
                }
            }
        }
        Ok(())
    }

    /// Waits for a scan, or for `rest`; `false`: it is time to stop.
    async fn is_woken(&self, rest: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = self.scanned.notified() => true,
            () = sleep(rest) => true,
        }
    }

    fn succeeds(&self, trouble: &mut Trouble, outages: &mut BTreeMap<Way, Outage>, report: &DrainReport) {
        self.database.back(Work::Deliveries);
        self.pulse.succeeded(Work::Deliveries);
        if trouble.over() {
            tracing::info!("deliveries succeed again");
        }
        let DrainReport { sent, again, dead, settled, .. } = report;
        self.vitals.delivered(report);
        for (way, WayReport { reach, .. }) in &report.ways {
            let outage = outages.entry(way.clone()).or_insert_with(|| Outage::of(way.into()));
            match reach {
                Reach::Away(why) => {
                    outage.away(self.time.now(), why);
                }
                Reach::There => {
                    outage.back(self.time.now());
                }
                Reach::Untried => {}
            }
        }
        if sent + dead + settled > 0 {
            tracing::info!(sent, again, dead, settled, "the outbox was drained");
        }
    }

    fn fails(&self, trouble: &mut Trouble, error: &StoreError) {
        trouble.failed(Instant::now());
        let why = error.to_string();
        match error {
            StoreError::Unavailable(why) => self.database.away(Work::Deliveries, why),
            _ if trouble.is_news(&why) => tracing::error!(error = why, "deliveries fail; they are tried again"),
            _ => {}
        }
    }
}

/// Returns once `patience` has passed and what `courier` has in hand may be given up without a mail arriving twice.
pub(super) async fn may_be_left(courier: &Courier, patience: Duration) {
    const LOOK_AGAIN: Duration = Duration::from_millis(50);
    sleep(patience).await;
    while !courier.may_be_left() {
        sleep(LOOK_AGAIN).await;
    }
}
