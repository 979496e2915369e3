//! Which deliveries one courier's hand takes.

use crate::escalation::webhook_recipient;

/// Some of the outbox's recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queue {
    /// This webhook alone.
    Webhook(String),
    /// All but these webhooks: people, and webhooks that are no longer configured.
    AllBut(Vec<String>),
}

impl Default for Queue {
    /// Everyone.
    fn default() -> Self {
        Self::AllBut(Vec::new())
    }
}

impl Queue {
    /// The one recipient whose deliveries it has; `None`: several.
    pub(super) fn only(&self) -> Option<String> {
        match self {
            Self::Webhook(name) => Some(webhook_recipient(name)),
            Self::AllBut(_) => None,
        }
    }

    /// The recipients whose deliveries it has not.
    pub(super) fn left_out(&self) -> Vec<String> {
        match self {
            Self::Webhook(_) => Vec::new(),
            Self::AllBut(names) => names.iter().map(|name| webhook_recipient(name)).collect(),
        }
    }
}

/// What delivery `o` of message `m` goes out with: its own, else what it shares with others. A webhook shares nothing with mail.
pub(super) const OWN_OR_SHARED: &str = "\
    CASE WHEN o.recipient LIKE 'webhook:%' THEN CAST (o.id AS TEXT) ELSE m.message_id END AS message_id, \
    CASE WHEN o.recipient LIKE 'webhook:%' THEN o.own_subject ELSE coalesce(o.own_subject, m.subject) END AS subject, \
    CASE WHEN o.recipient LIKE 'webhook:%' THEN o.own_bytes ELSE coalesce(o.own_bytes, m.bytes) END AS bytes, \
    CASE WHEN o.recipient LIKE 'webhook:%' THEN o.own_about ELSE coalesce(o.own_about, m.about) END AS about";
