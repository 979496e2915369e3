//! Draining the outbox: lease, look again, render once, send, record.
//!
//! At least once, and under one Message-ID: bytes are stored before they are sent, every retry sends those, and a lease
//! ends by itself if its holder does not come back. What one recipient's server says never holds up another's mail.
//! Source: docs/domain.md, "Escalation"; docs/architecture.md, "Decisions".

mod backoff;
mod fingerprint;
mod hand;
mod outage;
mod render;
pub mod transport;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::{Mutex as Desk, Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::calendar::Calendars;
use crate::mail::Frame;
use crate::now::{TimeSource, fresh_id};
use crate::store::{Delivery, LeaseTime, LeasedDelivery, Store, StoreError};

use hand::Hand;
use transport::Transport;

pub use outage::{Outage, without_addresses};
pub use render::RenderError;

/// What a lease has beyond the time that its work may take.
const GRACE: Duration = Duration::from_secs(5);

/// So many messages one address gets within an hour, unless configured otherwise: seldom as many as there are scans.
pub const MOST_AN_HOUR: u32 = 30;

/// Takes messages from the outbox to a transport.
pub struct Courier {
    store: Arc<dyn Store>,
    /// Those in force.
    calendars: watch::Receiver<Arc<Calendars>>,
    frame: Frame,
    transport: Arc<dyn Transport>,
    time: TimeSource,
    timeout: Duration,
    /// So many messages one address gets within an hour.
    most_an_hour: u32,
    /// Who leases: a name that no other courier has.
    holder: String,
    /// How many deliveries are in hand, from before the lease until after the record.
    in_hand: AtomicUsize,
    /// Tells that nothing is in hand any more.
    put_down: Notify,
    /// Where a delivery about very many alerts is prepared: one at a time, since it takes memory.
    desk: Desk<()>,
}

/// What one pass over the outbox did, counted in deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DrainReport {
    pub sent: u64,
    /// To be tried again later.
    pub again: u64,
    /// Given up.
    pub dead: u64,
    /// Not sent, since nothing was left to say.
    pub settled: u64,
    /// The last failure, without e-mail addresses.
    pub last_error: Option<String>,
    /// Why no mail gets out at all, if that was so in the end: the mail server is away, or does not let us in.
    pub away: Option<String>,
}

impl Courier {
    /// A courier whose attempts take `timeout` at most; it leases for twice as long, so that rendering has as much.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        calendars: watch::Receiver<Arc<Calendars>>,
        frame: Frame,
        transport: Arc<dyn Transport>,
        time: TimeSource,
        timeout: Duration,
    ) -> Self {
        let holder = fresh_id(time.now()).to_string();
        let (in_hand, put_down, desk) = (AtomicUsize::new(0), Notify::new(), Desk::default());
        let most_an_hour = MOST_AN_HOUR;
        Self { store, calendars, frame, transport, time, timeout, most_an_hour, holder, in_hand, put_down, desk }
    }

    /// The same, which sends an address `most` messages at most within an hour; what is more goes along with later ones.
    #[must_use]
    pub fn with_most_an_hour(mut self, most: u32) -> Self {
        self.most_an_hour = most;
        self
    }

    /// Delivers what is due, as many deliveries at once as the transport has sessions, until nothing is or `stop` is
    /// cancelled; then what is in hand is finished first. To be awaited to its end: a delivery that was sent but not recorded
    /// is sent again.
    ///
    /// # Errors
    /// [`StoreError`]: the deliveries in hand are due again when their leases end, all others are as they were.
    pub async fn drain(&self, stop: &CancellationToken) -> Result<DrainReport, StoreError> {
        self.store.ration(self.time.now(), self.most_an_hour).await?;
        let (report, halt) = (Mutex::default(), stop.child_token());
        let hands = (0..self.transport.sessions()).map(|number| Hand::new(self, number, &report, stop, &halt));
        let ended = join_all(hands.map(Hand::deliver)).await;
        self.transport.rest().await;
        ended.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether everything in hand may be given up without a mail arriving twice: none of it was handed over yet.
    #[must_use]
    pub fn may_be_left(&self) -> bool {
        // In this order: what is in hand becomes less and less once a stop was asked for.
        let in_hand = self.in_hand.load(Ordering::Acquire);
        in_hand > 0 && self.transport.harmless() >= in_hand
    }

    /// Twice the time that an attempt may take: to render, and to send.
    fn hold(&self) -> TimeDelta {
        TimeDelta::from_std(2 * self.timeout + GRACE).unwrap_or(TimeDelta::MAX)
    }

    /// Several machines share the outbox; a test's clock is nobody else's.
    fn ends_by(&self, now: DateTime<Utc>) -> LeaseTime {
        if self.time.is_fixed() { LeaseTime::At(now) } else { LeaseTime::Database }
    }
}

impl DrainReport {
    fn count(&mut self, delivery: &LeasedDelivery, outcome: &Delivery) {
        let (delivery, message) = (delivery.id, delivery.message);
        match outcome {
            Delivery::Sent { .. } => {
                self.sent += 1;
                tracing::info!(%delivery, mail = %message, "a mail was handed on");
            }
            Delivery::Again { at, error, .. } => {
                let error = without_addresses(error);
                tracing::debug!(%delivery, mail = %message, %at, error, "a mail was not handed on and is tried again");
                self.again += 1;
                self.last_error = Some(error);
            }
            Delivery::Dead { error, .. } => {
                let error = without_addresses(error);
                tracing::error!(%delivery, mail = %message, error, "a mail was given up; `outbox retry` sends it again");
                self.dead += 1;
                self.last_error = Some(error);
            }
            Delivery::Released => {}
        }
    }
}
