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
use super::recorder::Request;
use super::transport::Attempt;
use super::{Courier, DrainReport, GRACE, Reach, RenderError, Way, fingerprint, without_addresses};
use crate::escalation::webhook_of;
use crate::store::{Delivery, KeptMail, LeasedDelivery, Queue, StoreError, StoredMail};

/// How long after the database was away an outcome is recorded again.
const RECORD_AGAIN: Duration = Duration::from_millis(500);

/// While others have something in hand, it is looked so often whether something else became due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A delivery about more alerts than this is prepared while no other such is, since it takes memory; it is taken once nothing
/// smaller is due.
const MANY_ALERTS: usize = 1_000;

/// What there is to send for a delivery.
enum Outgoing {
    Mail(StoredMail),
    /// Nothing is left to say.
    Nothing,
    /// The delivery is another courier's by now.
    NotHeld,
}

/// A delivery that was taken in hand, and until when.
struct Taken {
    delivery: LeasedDelivery,
    mail: Result<Outgoing, RenderError>,
    leased_until: DateTime<Utc>,
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
            let delivered = self.deliver_what_is_due().await;
            let put_down = self.courier.put_down.notified();
            match delivered {
                Ok(()) if self.courier.in_hand.load(Ordering::Acquire) == 0 => break,
                Ok(()) => {
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

    /// Does one delivery after the other, until none is due: what became of one is recorded as the next is taken.
    async fn deliver_what_is_due(&self) -> Result<(), StoreError> {
        let _in_hand = InHand::of(self.courier);
        let mut taken = self.take(None).await?;
        while let Some(Taken { delivery, mail, leased_until }) = taken {
            let outcome = self.handle(&delivery, mail, leased_until).await?;
            taken = self.take(outcome.map(|outcome| (delivery, outcome))).await?;
        }
        Ok(())
    }

    /// Records how what was in hand `ended`, and takes the next delivery that is due, with what there is to send for it.
    async fn take(&self, ended: Option<(LeasedDelivery, Delivery)>) -> Result<Option<Taken>, StoreError> {
        let few = u32::try_from(MANY_ALERTS).ok();
        if let Some((delivery, leased_until)) = self.exchange(ended, few).await? {
            return Ok(Some(self.prepare(delivery, leased_until).await));
        }
        let _desk = self.courier.desk.lock().await;
        let Some((delivery, leased_until)) = self.exchange(None, None).await? else { return Ok(None) };
        Ok(Some(self.prepare(delivery, leased_until).await))
    }

    async fn prepare(&self, mut delivery: LeasedDelivery, leased_until: DateTime<Utc>) -> Taken {
        let mail = self.mail_of(&mut delivery).await;
        Taken { delivery, mail, leased_until }
    }

    /// Records how what was in hand `ended`, and leases a delivery that is due, about `most_alerts` at most, unless nothing more
    /// is to be taken; with until when it is leased. While the database is away an outcome is handed in for as long as an
    /// attempt may take: the mail is gone, and a repeat is what forgetting it would cost.
    async fn exchange(
        &self,
        ended: Option<(LeasedDelivery, Delivery)>,
        most_alerts: Option<u32>,
    ) -> Result<Option<(LeasedDelivery, DateTime<Utc>)>, StoreError> {
        let courier = self.courier;
        let give_up = Instant::now() + courier.timeout;
        let outcome = ended.as_ref().map(|(delivery, outcome)| (delivery.id, outcome.clone()));
        let (answer, leased_until) = loop {
            let wanted = (!self.halt.is_cancelled()).then(|| (self.queue.clone(), most_alerts));
            if outcome.is_none() && wanted.is_none() {
                return Ok(None);
            }
            let leased_until = courier.time.now() + courier.hold();
            let request = Request { holder: self.holder.clone(), ended: outcome.clone(), wanted };
            match courier.recorder.hand_in(courier, request).await {
                Err(StoreError::Unavailable(_) | StoreError::Refused(_))
                    if outcome.is_some() && Instant::now() < give_up && !self.stop.is_cancelled() =>
                {
                    tokio::select! { () = sleep(RECORD_AGAIN) => {} () = self.stop.cancelled() => {} }
                }
                answered => break (answered?, leased_until),
            }
        };
        if let Some((delivery, outcome)) = ended {
            if !answer.recorded && outcome != Delivery::Released {
                tracing::warn!(delivery = %delivery.id, "the lease of a mail ended before its attempt: it may arrive twice");
            }
            self.reported(|report| report.count(&delivery, &outcome));
        }
        Ok(answer.leased.map(|delivery| (delivery, leased_until)))
    }

    /// Sends `delivery`, leased until `leased_until`, with `mail`; how it ended, if that is still to be recorded.
    async fn handle(
        &self,
        delivery: &LeasedDelivery,
        mail: Result<Outgoing, RenderError>,
        leased_until: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError> {
        let courier = self.courier;
        let tried = Tried { delivery: delivery.id, before: delivery.attempts, since: delivery.digest.at };
        let mail = match mail {
            Ok(Outgoing::Mail(mail)) => mail,
            Ok(Outgoing::Nothing) => {
                courier.store.settle(delivery.message, &self.holder).await?;
                self.reported(|report| report.settled += 1);
                return Ok(None);
            }
            // Rendering took so long that another has it now: that one sends it.
            Ok(Outgoing::NotHeld) => return Ok(None),
            // A row or a template that cannot be read holds up this mail alone; anything else stops the whole pass.
            Err(RenderError::Store(error)) if !matches!(error, StoreError::Corrupt(_)) => return Err(error),
            Err(error) => {
                let error = format!("the mail cannot be written: {error}");
                return Ok(Some(held_up(&tried, error, courier.time.now())));
            }
        };
        let enough = TimeDelta::from_std(courier.timeout).unwrap_or(TimeDelta::MAX);
        if leased_until - courier.time.now() < enough {
            // Rendering took long, or the process was stopped: under a fresh lease, the bytes go out at once.
            return Ok(Some(Delivery::Released));
        }
        (courier.sign_of_life)();
        let attempt = self.attempt(delivery, &mail).await;
        (courier.sign_of_life)();
        let reach = match &attempt {
            Attempt::Unreachable { error } | Attempt::Misconfigured { error } => Reach::Away(without_addresses(error)),
            _ => Reach::There,
        };
        self.reported(|report| report.ways.entry(Way::to(&delivery.recipient)).or_default().reach = reach);
        Ok(Some(follow_up(&tried, attempt, courier.time.now())))
    }

    /// The bytes with which `delivery` goes out. What was perhaps delivered goes out as it was. Otherwise the alerts are
    /// looked at again, and the stored bytes serve only if they are still about the same.
    async fn mail_of(&self, delivery: &mut LeasedDelivery) -> Result<Outgoing, RenderError> {
        if let Some(mail) = delivery.mail.take_if(|_| delivery.perhaps_delivered) {
            return Ok(Outgoing::Mail(mail));
        }
        let courier = self.courier;
        let now = courier.time.now();
        let alerts = match delivery.unsettled.take() {
            Some(alerts) => alerts,
            None => courier.store.unsettled(delivery.id, now).await?,
        };
        if alerts.is_empty() && !delivery.digest.speaks_without_alerts() {
            return Ok(Outgoing::Nothing);
        }
        let own = courier.answers_at.is_some().then_some(delivery.id);
        let about = about(&delivery.recipient, &alerts, own);
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

    fn reported(&self, change: impl FnOnce(&mut DrainReport)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a message to `recipient` about `alerts` is about: the same for the same alerts, and never for both mail and webhooks,
/// nor for two deliveries if it is one's `own`, since its links are for one recipient.
fn about(recipient: &str, alerts: &[Uuid], own: Option<Uuid>) -> String {
    let is_webhook = webhook_of(recipient).is_some();
    let form = if is_webhook { "webhook, " } else { "" };
    let own = own.filter(|_| !is_webhook).map(|delivery| format!(", for {delivery}")).unwrap_or_default();
    format!("{form}{} alerts, {:016x}{own}", alerts.len(), fingerprint::of_parts(alerts.iter().map(Uuid::as_bytes)))
}
