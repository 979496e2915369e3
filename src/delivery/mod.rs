//! Draining the outbox: lease, look again, render once, send, record.
//!
//! At least once, and under one Message-ID: bytes are stored before they are sent, every retry sends those, and a lease
//! ends by itself if its holder does not come back. What one recipient's server says never holds up another's mail.
//! Source: docs/domain.md, "Escalation"; docs/architecture.md, "Decisions".

mod backoff;
mod fingerprint;
mod outage;
mod render;
pub mod transport;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::Address;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::calendar::Calendars;
use crate::mail::Frame;
use crate::now::{TimeSource, fresh_id};
use crate::store::{Delivery, KeptMail, LeaseTime, LeasedDelivery, Store, StoreError, StoredMail};

use backoff::{Tried, follow_up, held_up};
use transport::{Attempt, Transport};

pub use outage::{Outage, without_addresses};
pub use render::RenderError;

/// What a lease has beyond the time that its work may take.
const GRACE: Duration = Duration::from_secs(5);

/// How long after the database was away an outcome is recorded again.
const RECORD_AGAIN: Duration = Duration::from_millis(500);

/// Takes messages from the outbox to a transport.
pub struct Courier {
    store: Arc<dyn Store>,
    /// Those in force.
    calendars: watch::Receiver<Arc<Calendars>>,
    frame: Frame,
    transport: Arc<dyn Transport>,
    time: TimeSource,
    timeout: Duration,
    /// Who leases: a name that no other courier has.
    holder: String,
}

/// What there is to send for a delivery.
enum Outgoing {
    Mail(StoredMail),
    /// Nothing is left to say.
    Nothing,
    /// The delivery is another courier's by now.
    NotHeld,
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
        Self { store, calendars, frame, transport, time, timeout, holder }
    }

    /// Delivers what is due, one delivery after the other, until nothing is or `stop` is cancelled; then the one in hand
    /// is finished first. To be awaited to its end: a delivery that was sent but not recorded is sent again.
    ///
    /// # Errors
    /// [`StoreError`]: the delivery in hand is due again when its lease ends, all others are as they were.
    pub async fn drain(&self, stop: &CancellationToken) -> Result<DrainReport, StoreError> {
        let mut report = DrainReport::default();
        let ended = self.deliver_all(stop, &mut report).await;
        self.transport.rest().await;
        ended.map(|()| report)
    }

    async fn deliver_all(&self, stop: &CancellationToken, report: &mut DrainReport) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            let now = self.time.now();
            let leased = self.store.lease(now, self.ends_by(now), &self.holder, 1, self.hold()).await?;
            let Some(delivery) = leased.into_iter().next() else { break };
            self.handle(delivery, now + self.hold(), stop, report).await?;
        }
        Ok(())
    }

    /// Twice the time that an attempt may take: to render, and to send.
    fn hold(&self) -> TimeDelta {
        TimeDelta::from_std(2 * self.timeout + GRACE).unwrap_or(TimeDelta::MAX)
    }

    /// Several machines share the outbox; a test's clock is nobody else's.
    fn ends_by(&self, now: DateTime<Utc>) -> LeaseTime {
        if self.time.is_fixed() { LeaseTime::At(now) } else { LeaseTime::Database }
    }

    /// Does one delivery, leased until `leased_until`.
    async fn handle(
        &self,
        mut delivery: LeasedDelivery,
        leased_until: DateTime<Utc>,
        stop: &CancellationToken,
        report: &mut DrainReport,
    ) -> Result<(), StoreError> {
        let tried = Tried { delivery: delivery.id, before: delivery.attempts, since: delivery.digest.at };
        let mail = self.mail_of(&mut delivery).await;
        let delivery = &delivery;
        let mail = match mail {
            Ok(Outgoing::Mail(mail)) => mail,
            Ok(Outgoing::Nothing) => {
                report.settled += 1;
                return self.store.settle(delivery.message, &self.holder).await;
            }
            // Rendering took so long that another has it now: that one sends it.
            Ok(Outgoing::NotHeld) => return Ok(()),
            // A row or a template that cannot be read holds up this mail alone; anything else stops the whole pass.
            Err(RenderError::Store(error)) if !matches!(error, StoreError::Corrupt(_)) => return Err(error),
            Err(error) => {
                let error = format!("the mail cannot be written: {error}");
                return self.record(delivery, held_up(&tried, error, self.time.now()), stop, report).await;
            }
        };
        let enough = TimeDelta::from_std(self.timeout).unwrap_or(TimeDelta::MAX);
        if leased_until - self.time.now() < enough {
            // Rendering took long, or the process was stopped: under a fresh lease, the bytes go out at once.
            return self.record(delivery, Delivery::Released, stop, report).await;
        }
        let attempt = self.attempt(&delivery.recipient, &mail).await;
        report.away = match &attempt {
            Attempt::Unreachable { error } | Attempt::Misconfigured { error } => Some(without_addresses(error)),
            _ => None,
        };
        self.record(delivery, follow_up(&tried, attempt, self.time.now()), stop, report).await
    }

    /// The bytes with which `delivery` goes out. What was perhaps delivered goes out as it was. Otherwise the alerts are
    /// looked at again, and the stored bytes serve only if they are still about the same.
    async fn mail_of(&self, delivery: &mut LeasedDelivery) -> Result<Outgoing, RenderError> {
        if let Some(mail) = delivery.mail.take_if(|_| delivery.perhaps_delivered) {
            return Ok(Outgoing::Mail(mail));
        }
        let now = self.time.now();
        let alerts = self.store.unsettled(delivery.message, now).await?;
        if alerts.is_empty() && !delivery.digest.speaks_without_alerts() {
            return Ok(Outgoing::Nothing);
        }
        let about = about(&alerts);
        if let Some(mail) = delivery.mail.take().filter(|_| delivery.about.as_ref() == Some(&about)) {
            return Ok(Outgoing::Mail(mail));
        }
        let Some(mail) = self.render(delivery, &alerts, now).await? else { return Ok(Outgoing::Nothing) };
        let mail = StoredMail { message_id: mail.message_id, subject: mail.subject, bytes: mail.bytes };
        Ok(match self.store.keep_mail(delivery, &self.holder, now, &mail, &about).await? {
            KeptMail::Given => Outgoing::Mail(mail),
            KeptMail::Shared(mail) => Outgoing::Mail(mail),
            KeptMail::NotHeld => Outgoing::NotHeld,
        })
    }

    async fn attempt(&self, recipient: &str, mail: &StoredMail) -> Attempt {
        let to: Address = match recipient.parse() {
            Ok(to) => to,
            Err(error) => {
                return Attempt::Permanent { error: format!("found {recipient:?}, expected an address: {error}") };
            }
        };
        let sent = timeout(self.timeout + GRACE, self.transport.send(&self.frame.from.email, &to, mail)).await;
        sent.unwrap_or_else(|_| Attempt::Unknown { error: "the attempt took too long; perhaps delivered".into() })
    }

    /// Records how `delivery` ended. While the database is away this is tried for as long as an attempt may take: the
    /// mail is gone, and a repeat is what forgetting it would cost.
    async fn record(
        &self,
        delivery: &LeasedDelivery,
        outcome: Delivery,
        stop: &CancellationToken,
        report: &mut DrainReport,
    ) -> Result<(), StoreError> {
        let give_up = Instant::now() + self.timeout;
        let held = loop {
            match self.store.conclude(delivery.id, &self.holder, self.time.now(), &outcome).await {
                Err(StoreError::Unavailable(_) | StoreError::Refused(_))
                    if Instant::now() < give_up && !stop.is_cancelled() =>
                {
                    tokio::select! { () = sleep(RECORD_AGAIN) => {} () = stop.cancelled() => {} }
                }
                concluded => break concluded?,
            }
        };
        if !held && outcome != Delivery::Released {
            tracing::warn!(delivery = %delivery.id, "the lease of a mail ended before its attempt: it may arrive twice");
        }
        report.count(delivery, &outcome);
        Ok(())
    }
}

/// What a mail about `alerts` is about: the same for the same alerts.
fn about(alerts: &[Uuid]) -> String {
    format!("{} alerts, {:016x}", alerts.len(), fingerprint::of_parts(alerts.iter().map(Uuid::as_bytes)))
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
            Delivery::Dead { error } => {
                let error = without_addresses(error);
                tracing::error!(%delivery, mail = %message, error, "a mail was given up; `outbox retry` sends it again");
                self.dead += 1;
                self.last_error = Some(error);
            }
            Delivery::Released => {}
        }
    }
}
