//! The messages of one scan as they gather, batch by batch.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::now::fresh_id;

use super::{Digest, Kind, Message};

/// One message a level, route and kind, each with the id by which the outbox will know it.
#[derive(Debug, Default)]
pub struct Outgoing(BTreeMap<Place, (Uuid, Message)>);

type Place = (u32, Option<usize>, Kind);

fn place_of(digest: &Digest) -> Place {
    (digest.level, digest.route, digest.kind)
}

impl Outgoing {
    /// The id of the message that `digest` becomes part of.
    pub fn id_of(&mut self, digest: &Digest, now: DateTime<Utc>) -> Uuid {
        let place = self.0.entry(place_of(digest));
        place.or_insert_with(|| (fresh_id(now), Message { digest: emptied(digest), alerts: Vec::new() })).0
    }

    /// Adds what is to be told and recorded of alerts that the database has.
    pub fn add(&mut self, message: Message, now: DateTime<Utc>) {
        self.id_of(&message.digest, now);
        let Some((_, whole)) = self.0.get_mut(&place_of(&message.digest)) else { return };
        whole.digest.escalated.extend(message.digest.escalated);
        whole.digest.reminded.extend(message.digest.reminded);
        whole.digest.silenced.extend(message.digest.silenced);
        whole.digest.broken.extend(message.digest.broken);
        whole.alerts.extend(message.alerts);
    }

    /// Adds what is told of those alerts of `message` that were `raised`, whose escalation is recorded already.
    pub fn add_raised(&mut self, mut message: Message, raised: &HashSet<Uuid>, now: DateTime<Utc>) {
        message.alerts.clear();
        message.digest.escalated.retain(|id| raised.contains(id));
        self.add(message, now);
    }

    /// The messages with something to say, level 1 first.
    pub fn into_messages(self) -> impl Iterator<Item = (Uuid, Message)> {
        self.0.into_values().filter(|(_, message)| message.digest.alerts() > 0)
    }
}

fn emptied(digest: &Digest) -> Digest {
    Digest {
        escalated: Vec::new(),
        reminded: Vec::new(),
        silenced: BTreeMap::new(),
        broken: Vec::new(),
        ..digest.clone()
    }
}
