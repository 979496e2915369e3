//! What couriers' hands give back and take at once, in one unit of work: the words that both engines share.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Delivery, DeliveryState, LeasedDelivery, Queue};
use crate::escalation::{Digest, Kind};

/// How a delivery ended in the hands of `holder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub holder: String,
    pub outcome: Delivery,
}

/// Outcomes to be recorded, by delivery.
pub type Outcomes = BTreeMap<Uuid, Ended>;

/// Deliveries to be leased: one for each of `holders`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lot {
    pub queue: Queue,
    /// Only messages about so many alerts at most; `None`: about any number.
    pub most_alerts: Option<u32>,
    pub holders: Vec<String>,
}

/// What came of an exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchanged {
    /// The deliveries whose outcome was recorded: those that their holders still had.
    pub recorded: BTreeSet<Uuid>,
    pub leased: Vec<LeasedDelivery>,
}

impl Lot {
    /// The alerts at which `digest` is looked again as it is leased: all of them, each with whether it is told of anew; `None`:
    /// they are too many for that.
    fn looked_at(&self, digest: &Digest) -> Option<BTreeMap<Uuid, bool>> {
        let few = self.most_alerts.is_some_and(|most| digest.alerts() <= usize::try_from(most).unwrap_or(usize::MAX));
        let reminded = digest.reminded.iter().map(|id| (*id, false));
        few.then(|| reminded.chain(digest.escalated.iter().map(|id| (*id, true))).collect())
    }
}

/// An alert at which is looked again for the delivery with this number.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Look {
    pub number: i32,
    pub alert: Uuid,
    /// Whether the message asks about held alerts.
    pub held: bool,
    /// Whether the message tells of it anew, acknowledged or not.
    pub escalated: bool,
}

/// All looks for `leased`; what is not looked at has none.
pub(super) fn looks(lot: &Lot, leased: &mut [LeasedDelivery]) -> Vec<Look> {
    let mut looks = Vec::new();
    for (number, delivery) in (0..).zip(leased) {
        let alerts = lot.looked_at(&delivery.digest);
        delivery.unsettled = alerts.is_some().then(Vec::new);
        let held = delivery.digest.kind == Kind::Held;
        let look = |(alert, escalated)| Look { number, alert, held, escalated };
        looks.extend(alerts.into_iter().flatten().map(look));
    }
    looks
}

/// An outcome as columns.
#[derive(Debug, Serialize)]
pub(super) struct OutcomeRow<'a> {
    delivery: Uuid,
    holder: &'a str,
    /// How many attempts it was.
    tried: u8,
    state: &'static str,
    again_at: Option<String>,
    sent_at: Option<String>,
    reply: Option<&'a str>,
    error: Option<&'a str>,
    perhaps_delivered: bool,
}

impl<'a> OutcomeRow<'a> {
    /// What came of each of `outcomes` at `now`.
    pub fn all(outcomes: &'a Outcomes, now: DateTime<Utc>) -> Vec<Self> {
        outcomes.iter().map(|(delivery, ended)| Self::of(*delivery, ended, now)).collect()
    }

    fn of(delivery: Uuid, Ended { holder, outcome }: &'a Ended, now: DateTime<Utc>) -> Self {
        let text = |at: DateTime<Utc>| Some(at.to_rfc3339_opts(SecondsFormat::Micros, true));
        let row = Self {
            delivery,
            holder,
            tried: 1,
            state: DeliveryState::Pending.as_str(),
            again_at: None,
            sent_at: None,
            reply: None,
            error: None,
            perhaps_delivered: false,
        };
        match outcome {
            Delivery::Sent { reply } => {
                Self { state: DeliveryState::Sent.as_str(), sent_at: text(now), reply: Some(reply), ..row }
            }
            Delivery::Again { at, error, perhaps_delivered } => {
                Self { again_at: text(*at), error: Some(error), perhaps_delivered: *perhaps_delivered, ..row }
            }
            Delivery::Dead { error, .. } => Self { state: DeliveryState::Dead.as_str(), error: Some(error), ..row },
            Delivery::Released => Self { tried: 0, ..row },
        }
    }
}

/// What is still to be done about recorded outcomes.
#[derive(Debug, Default)]
pub(super) struct Recorded<'a> {
    pub deliveries: BTreeSet<Uuid>,
    /// Taken by a mail server that had refused the address before.
    pub taken: Vec<Uuid>,
    /// Refused by their mail server, with its words.
    pub refused: Vec<(Uuid, &'a str)>,
}

impl<'a> Recorded<'a> {
    /// Notes that the outcome of `delivery` was recorded; `was_refused`: its address was refused before.
    pub fn add(&mut self, outcomes: &'a Outcomes, delivery: Uuid, was_refused: bool) {
        self.deliveries.insert(delivery);
        match outcomes.get(&delivery).map(|ended| &ended.outcome) {
            Some(Delivery::Sent { .. }) if was_refused => self.taken.push(delivery),
            Some(Delivery::Dead { error, refused: true }) => self.refused.push((delivery, error)),
            _ => {}
        }
    }
}

/// What [`OutcomeRow`]s make of their deliveries, each if its holder still has it.
pub(super) const RECORDED: &str = "\
    attempts = outbox.attempts + ended.tried, state = ended.state, \
    next_attempt_at = CASE ended.state WHEN 'pending' THEN coalesce(ended.again_at, outbox.next_attempt_at) END, \
    sent_at = coalesce(ended.sent_at, outbox.sent_at), reply = coalesce(ended.reply, outbox.reply), \
    last_error = coalesce(ended.error, outbox.last_error), \
    perhaps_delivered = outbox.perhaps_delivered OR ended.perhaps_delivered, lease_holder = NULL, leased_until = NULL";

/// Of which of its deliveries that is so.
pub(super) const STILL_HELD: &str =
    "outbox.id = ended.delivery AND outbox.lease_holder = ended.holder AND outbox.state = 'pending'";
