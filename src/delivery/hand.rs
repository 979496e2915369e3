//! One pair of hands of a courier: takes one delivery after the other, while others take others.
//!
//! Each leases under a name of its own, so that what one has in hand nobody else settles, renders or records, not even
//! another of the same courier whose clock jumped.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lettre::Address;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backoff::{Tried, follow_up, held_up};
use super::transport::Attempt;
use super::{Courier, DrainReport, GRACE, Reach, RenderError, Way, fingerprint, without_addresses};
use crate::escalation::webhook_of;
use crate::store::{Delivery, KeptMail, LeasedDelivery, Queue, StoreError, StoredMail};

/// How long after the database was away an outcome is recorded again.
const RECORD_AGAIN: Duration = Duration::from_millis(500);

/// While others have something in hand, it is looked so often whether something else became due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A delivery about more alerts than this is prepared while no other is.
const MANY_ALERTS: usize = 1_000;

/// What there is to send for a delivery.
enum Outgoing {
    Mail(StoredMail),
    /// Nothing is left to say.
    Nothing,
    /// The delivery is another courier's by now.
    NotHeld,
}

/// One of those who deliver at once.
pub(super) struct Hand<'a> {
    courier: &'a Courier,
    /// Who leases: a name that nobody else has.
    holder: String,
    /// Whose deliveries it takes.
    queue: Queue,
    report: &'a Mutex<DrainReport>,
    stop: &'a CancellationToken,
    /// Nothing more is taken in hand.
    halt: &'a CancellationToken,
}

/// Something in hand, or about to be.
struct InHand<'a>(&'a Courier);

impl<'a> InHand<'a> {
    fn of(courier: &'a Courier) -> Self {
        courier.in_hand.fetch_add(1, Ordering::AcqRel);
        Self(courier)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if self.0.in_hand.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.put_down.notify_waiters();
        }
    }
}

impl<'a> Hand<'a> {
    pub fn new(
        courier: &'a Courier,
        (number, queue): (usize, Queue),
        report: &'a Mutex<DrainReport>,
        stop: &'a CancellationToken,
        halt: &'a CancellationToken,
    ) -> Self {
        Self { courier, holder: format!("{}/{number}", courier.holder), queue, report, stop, halt }
    }

    /// Delivers until nothing is due and nobody has anything in hand: meanwhile something may become due, and is not to
    /// wait for a server that is silent to another.
    pub async fn deliver(self) -> Result<(), StoreError> {
        while !self.halt.is_cancelled() {
            let delivered = self.deliver_one().await;
            let put_down = self.courier.put_down.notified();
            match delivered {
                Ok(true) => {}
                Ok(false) if self.courier.in_hand.load(Ordering::Acquire) == 0 => break,
                Ok(false) => {
                    tokio::select! {
                        () = put_down => break,
                        () = self.halt.cancelled() => break,
                        () = sleep(LOOK_AGAIN) => {}
                    }
                }
                Err(error) => {
                    self.halt.cancel();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Does one delivery, if one is due.
    async fn deliver_one(&self) -> Result<bool, StoreError> {
        let courier = self.courier;
        let _in_hand = InHand::of(courier);
        let desk = courier.desk.lock().await;
        if self.halt.is_cancelled() {
            return Ok(false);
        }
        let (now, hold) = (courier.time.now(), courier.hold());
        let leased = courier.store.lease_of(&self.queue, now, courier.ends_by(now), &self.holder, 1, hold).await?;
        let Some(mut delivery) = leased.into_iter().next() else { return Ok(false) };
        let digest = &delivery.digest;
        let desk = (digest.escalated.len() + digest.reminded.len() > MANY_ALERTS).then_some(desk);
        let mail = self.mail_of(&mut delivery).await;
        drop(desk);
        self.handle(&delivery, mail, now + hold).await?;
        Ok(true)
    }

    /// Sends `delivery`, leased until `leased_until`, with `mail`.
    async fn handle(
        &self,
        delivery: &LeasedDelivery,
        mail: Result<Outgoing, RenderError>,
        leased_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let courier = self.courier;
        let tried = Tried { delivery: delivery.id, before: delivery.attempts, since: delivery.digest.at };
        let mail = match mail {
            Ok(Outgoing::Mail(mail)) => mail,
            Ok(Outgoing::Nothing) => {
                courier.store.settle(delivery.message, &self.holder).await?;
                self.reported(|report| report.settled += 1);
                return Ok(());
            }
            // Rendering took so long that another has it now: that one sends it.
            Ok(Outgoing::NotHeld) => return Ok(()),
            // A row or a template that cannot be read holds up this mail alone; anything else stops the whole pass.
            Err(RenderError::Store(error)) if !matches!(error, StoreError::Corrupt(_)) => return Err(error),
            Err(error) => {
                let error = format!("the mail cannot be written: {error}");
                return self.record(delivery, held_up(&tried, error, courier.time.now())).await;
            }
        };
        let enough = TimeDelta::from_std(courier.timeout).unwrap_or(TimeDelta::MAX);
        if leased_until - courier.time.now() < enough {
            // Rendering took long, or the process was stopped: under a fresh lease, the bytes go out at once.
            return self.record(delivery, Delivery::Released).await;
        }
        (courier.sign_of_life)();
        let attempt = self.attempt(delivery, &mail).await;
        (courier.sign_of_life)();
        let reach = match &attempt {
            Attempt::Unreachable { error } | Attempt::Misconfigured { error } => Reach::Away(without_addresses(error)),
            _ => Reach::There,
        };
        self.reported(|report| report.ways.entry(Way::to(&delivery.recipient)).or_default().reach = reach);
        self.record(delivery, follow_up(&tried, attempt, courier.time.now())).await
    }

    /// The bytes with which `delivery` goes out. What was perhaps delivered goes out as it was. Otherwise the alerts are
    /// looked at again, and the stored bytes serve only if they are still about the same.
    async fn mail_of(&self, delivery: &mut LeasedDelivery) -> Result<Outgoing, RenderError> {
        if let Some(mail) = delivery.mail.take_if(|_| delivery.perhaps_delivered) {
            return Ok(Outgoing::Mail(mail));
        }
        let courier = self.courier;
        let now = courier.time.now();
        let alerts = courier.store.unsettled(delivery.id, now).await?;
        if alerts.is_empty() && !delivery.digest.speaks_without_alerts() {
            return Ok(Outgoing::Nothing);
        }
        let about = about(&delivery.recipient, &alerts);
        if let Some(mail) = delivery.mail.take().filter(|_| delivery.about.as_ref() == Some(&about)) {
            return Ok(Outgoing::Mail(mail));
        }
        let Some(mail) = courier.render(delivery, &alerts, now).await? else { return Ok(Outgoing::Nothing) };
        Ok(match courier.store.keep_mail(delivery, &self.holder, now, &mail, &about).await? {
            KeptMail::Given => Outgoing::Mail(mail),
            KeptMail::Shared(mail) => Outgoing::Mail(mail),
            KeptMail::NotHeld => Outgoing::NotHeld,
        })
    }

    async fn attempt(&self, delivery: &LeasedDelivery, mail: &StoredMail) -> Attempt {
        let limit = self.courier.timeout + GRACE;
        let sent = match webhook_of(&delivery.recipient) {
            Some(name) => timeout(limit, self.post(name, delivery.id, mail)).await,
            None => timeout(limit, self.send(&delivery.recipient, mail)).await,
        };
        sent.unwrap_or_else(|_| Attempt::Unknown { error: "the attempt took too long; perhaps delivered".into() })
    }

    async fn send(&self, recipient: &str, mail: &StoredMail) -> Attempt {
        let courier = self.courier;
        match recipient.parse::<Address>() {
            Ok(to) => courier.transport.send(&courier.frame.from.email, &to, mail).await,
            Err(error) => Attempt::Permanent { error: format!("found {recipient:?}, expected an address: {error}") },
        }
    }

    async fn post(&self, name: &str, delivery: Uuid, mail: &StoredMail) -> Attempt {
        let courier = self.courier;
        match courier.webhooks.iter().find(|webhook| webhook.name() == name) {
            Some(webhook) => webhook.post(delivery, &mail.bytes, courier.time.now()).await,
            None => Attempt::Misconfigured { error: format!("there is no webhook {name:?} in the configuration") },
        }
    }

    /// Records how `delivery` ended. While the database is away this is tried for as long as an attempt may take: the
    /// mail is gone, and a repeat is what forgetting it would cost.
    async fn record(&self, delivery: &LeasedDelivery, outcome: Delivery) -> Result<(), StoreError> {
        let courier = self.courier;
        let give_up = Instant::now() + courier.timeout;
        let held = loop {
            match courier.store.conclude(delivery.id, &self.holder, courier.time.now(), &outcome).await {
                Err(StoreError::Unavailable(_) | StoreError::Refused(_))
                    if Instant::now() < give_up && !self.stop.is_cancelled() =>
                {
                    tokio::select! { () = sleep(RECORD_AGAIN) => {} () = self.stop.cancelled() => {} }
                }
                concluded => break concluded?,
            }
        };
        if !held && outcome != Delivery::Released {
            tracing::warn!(delivery = %delivery.id, "the lease of a mail ended before its attempt: it may arrive twice");
        }
        self.reported(|report| report.count(delivery, &outcome));
        Ok(())
    }

    fn reported(&self, change: impl FnOnce(&mut DrainReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a message to `recipient` about `alerts` is about: the same for the same alerts, and never for both mail and webhooks.
fn about(recipient: &str, alerts: &[Uuid]) -> String {
    let form = if webhook_of(recipient).is_some() { "webhook, " } else { "" };
    format!("{form}{} alerts, {:016x}", alerts.len(), fingerprint::of_parts(alerts.iter().map(Uuid::as_bytes)))
}
