//! Whom a message is for: people by mail, systems by webhook.

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// What stands before a webhook's name where recipients are written as text: in the outbox, and among those that are refused.
const WEBHOOK: &str = "webhook:";

/// Whom a message is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    /// The names of webhooks: chat and ticket systems.
    #[serde(default)]
    pub webhooks: Vec<String>,
}

impl Recipients {
    /// These people, and nobody else.
    #[must_use]
    pub fn people(to: Vec<Mailbox>) -> Self {
        Self { to, ..Self::default() }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.is_empty() && self.cc.is_empty() && self.webhooks.is_empty()
    }

    /// Each as the outbox names it: an address, or a webhook as [`webhook_recipient`].
    #[must_use]
    pub fn in_outbox(&self) -> Vec<String> {
        let people = self.to.iter().chain(&self.cc).map(|mailbox| mailbox.email.to_string());
        people.chain(self.webhooks.iter().map(|name| webhook_recipient(name))).collect()
    }

    /// As people read it: `support@example.com, webhook:tickets; Cc lead@example.com`.
    #[must_use]
    pub fn listed(&self) -> String {
        let to = addresses(&self.to).into_iter().chain(self.webhooks.iter().map(|name| webhook_recipient(name)));
        let to = to.collect::<Vec<_>>().join(", ");
        if self.cc.is_empty() { to } else { format!("{to}; Cc {}", addresses(&self.cc).join(", ")) }
    }
}

/// The addresses of `people`, without their names.
#[must_use]
pub fn addresses(people: &[Mailbox]) -> Vec<String> {
    people.iter().map(|mailbox| mailbox.email.to_string()).collect()
}

/// The webhook `name` as a recipient: `webhook:tickets`.
#[must_use]
pub fn webhook_recipient(name: &str) -> String {
    format!("{WEBHOOK}{name}")
}

/// The webhook that `recipient` names; `None`: it is an address.
#[must_use]
pub fn webhook_of(recipient: &str) -> Option<&str> {
    recipient.strip_prefix(WEBHOOK)
}
