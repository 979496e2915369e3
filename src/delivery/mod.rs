//! Draining the outbox: lease, look again, render once, send, record.
//!
//! At least once, and under one Message-ID: bytes are stored before they are sent, every retry sends those, and a lease
//! ends by itself if its holder does not come back. What one recipient's server says never holds up another's mail.
//! Source: docs/domain.md, "Escalation"; docs/architecture.md, "Decisions".

mod backoff;
mod fingerprint;
mod hand;
mod outage;
mod recorder;
mod render;
pub mod transport;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::{Mutex as Desk, Notify, OnceCell, watch};
use tokio_util::sync::CancellationToken;

use crate::calendar::Calendars;
use crate::escalation::{webhook_of, webhook_recipient};
use crate::mail::Frame;
use crate::now::{TimeSource, fresh_id};
use crate::seal::{AnswerLinks, SealKey};
use crate::store::{Delivery, LeaseTime, LeasedDelivery, Queue, Store, StoreError};

use hand::Hand;
use recorder::Recorder;
use transport::Transport;
use webhook::Webhook;

pub use outage::{Outage, Service, without_addresses};
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
    webhooks: Vec<Webhook>,
    /// Called as an attempt begins, and as it ends.
    sign_of_life: Arc<dyn Fn() + Send + Sync>,
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
    recorder: Recorder,
    /// Where people reach the page from outside; `None`: mails have no links to answer by.
    answers_at: Option<String>,
    link_key: OnceCell<SealKey>,
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
    /// The same by way out, of those that had something to deliver.
    pub ways: BTreeMap<Way, WayReport>,
}

/// What one pass did by one way out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WayReport {
    pub sent: u64,
    pub again: u64,
    pub dead: u64,
    /// How the other side was found last.
    pub reach: Reach,
}

/// How the other side of a way out was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    #[default]
    Untried,
    There,
    /// Nothing gets out there, and why: it is away, or does not let us in.
    Away(String),
}

/// A way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Mail,
    /// The webhook of this name.
    Webhook(String),
}

impl Way {
    /// By which messages reach `recipient`.
    #[must_use]
    pub fn to(recipient: &str) -> Self {
        webhook_of(recipient).map_or(Self::Mail, |name| Self::Webhook(name.to_owned()))
    }

    /// Its name in metrics: `mail`, `webhook:tickets`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Mail => "mail".to_owned(),
            Self::Webhook(name) => webhook_recipient(name),
        }
    }
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
        Self {
            store,
            calendars,
            frame,
            transport,
            webhooks: Vec::new(),
            sign_of_life: Arc::new(|| {}),
            time,
            timeout,
            most_an_hour: MOST_AN_HOUR,
            holder,
            in_hand,
            put_down,
            desk,
            recorder: Recorder::default(),
            answers_at: None,
            link_key: OnceCell::new(),
        }
    }

    /// The same, which sends an address `most` messages at most within an hour; what is more goes along with later ones.
    #[must_use]
    pub fn with_most_an_hour(mut self, most: u32) -> Self {
        self.most_an_hour = most;
        self
    }

    /// The same, whose mails say where under `base`, the page's address from outside, each case is answered.
    #[must_use]
    pub fn with_answers_at(mut self, base: Option<String>) -> Self {
        self.answers_at = base;
        self
    }

    /// The same, which also posts to `webhooks`.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Vec<Webhook>) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// The same, which calls `sign_of_life` as an attempt begins, and as it ends.
    #[must_use]
    pub fn with_sign_of_life(mut self, sign_of_life: impl Fn() + Send + Sync + 'static) -> Self {
        self.sign_of_life = Arc::new(sign_of_life);
        self
    }

    /// Delivers what is due, as many mails at once as the transport has sessions and beside them one message a webhook, so
    /// that none waits for another's silence, until nothing is due or `stop` is cancelled; then what is in hand is finished
    /// first. To be awaited to its end: a delivery that was sent but not recorded is sent again.
    ///
    /// # Errors
    /// [`StoreError`]: the deliveries in hand are due again when their leases end, all others are as they were.
    pub async fn drain(&self, stop: &CancellationToken) -> Result<DrainReport, StoreError> {
        let now = self.time.now();
        // A look that finds nothing due writes nothing.
        if self.store.next_delivery().await?.is_none_or(|next| next > now) {
            return Ok(DrainReport::default());
        }
        self.store.ration(now, self.most_an_hour).await?;
        let (report, halt) = (Mutex::default(), stop.child_token());
        let ended = join_all(self.hands(&report, stop, &halt).into_iter().map(Hand::deliver)).await;
        self.transport.rest().await;
        ended.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ways out that it has.
    pub fn ways(&self) -> impl Iterator<Item = Way> {
        let webhooks = self.webhooks.iter().map(|webhook| Way::Webhook(webhook.name().to_owned()));
        std::iter::once(Way::Mail).chain(webhooks)
    }

    /// Where messages go, for people: the way out for mail, then the webhooks.
    #[must_use]
    pub fn describe(&self) -> String {
        let webhooks = self.webhooks.iter().map(|webhook| format!("webhook {}", webhook.describe()));
        std::iter::once(self.transport.describe()).chain(webhooks).collect::<Vec<_>>().join(", ")
    }

    /// As many as the transport has sessions, and one for each webhook.
    fn hands<'a>(
        &'a self,
        report: &'a Mutex<DrainReport>,
        stop: &'a CancellationToken,
        halt: &'a CancellationToken,
    ) -> Vec<Hand<'a>> {
        let names: Vec<String> = self.webhooks.iter().map(|webhook| webhook.name().to_owned()).collect();
        let mail = std::iter::repeat_n(Queue::AllBut(names.clone()), self.transport.sessions());
        let queues = mail.chain(names.into_iter().map(Queue::Webhook));
        queues.enumerate().map(|(number, queue)| Hand::new(self, (number, queue), report, stop, halt)).collect()
    }

    /// Whether everything in hand may be given up without a mail arriving twice: none of it was handed over yet. A webhook
    /// knows a repeat by its id.
    #[must_use]
    pub fn may_be_left(&self) -> bool {
        // In this order: what is in hand becomes less and less once a stop was asked for.
        let in_hand = self.in_hand.load(Ordering::Acquire);
        let posts = self.webhooks.iter().filter(|webhook| webhook.is_busy()).count();
        in_hand > 0 && self.transport.harmless() + posts >= in_hand
    }

    /// What makes the links of mails; `None`: they have none. The key is read once.
    async fn answer_links(&self) -> Result<Option<AnswerLinks>, StoreError> {
        let Some(base) = &self.answers_at else { return Ok(None) };
        let key = self.link_key.get_or_try_init(|| self.store.link_key()).await?.clone();
        Ok(Some(AnswerLinks { base: base.clone(), key }))
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
    /// Why nothing gets out by `way`, if that was so in the end.
    #[must_use]
    pub fn away(&self, way: &Way) -> Option<&str> {
        match &self.ways.get(way)?.reach {
            Reach::Away(why) => Some(why),
            Reach::Untried | Reach::There => None,
        }
    }

    fn count(&mut self, delivery: &LeasedDelivery, outcome: &Delivery) {
        let way = self.ways.entry(Way::to(&delivery.recipient)).or_default();
        let (delivery, message) = (delivery.id, delivery.message);
        match outcome {
            Delivery::Sent { .. } => {
                self.sent += 1;
                way.sent += 1;
                tracing::info!(%delivery, mail = %message, "a message was handed on");
            }
            Delivery::Again { at, error, .. } => {
                let error = without_addresses(error);
                tracing::debug!(%delivery, mail = %message, %at, error, "a message was not handed on and is tried again");
                self.again += 1;
                way.again += 1;
                self.last_error = Some(error);
            }
            Delivery::Dead { error, .. } => {
                let error = without_addresses(error);
                tracing::error!(%delivery, mail = %message, error, "a message was given up; `outbox retry` sends it again");
                self.dead += 1;
                way.dead += 1;
                self.last_error = Some(error);
            }
            Delivery::Released => {}
        }
    }
}
