//! A digest becomes a message: headers, text, HTML, CSV, stable Message-ID. No I/O.

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::escalation::{Case, Digest};

/// What every message of this installation has in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub support_url: Option<String>,
    /// A claim's page, with `{claim_id}` in it.
    pub claim_url: Option<String>,
}

/// A message, ready to be handed to a transport as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// With its angle brackets.
    pub message_id: String,
    pub subject: String,
    pub bytes: Vec<u8>,
}

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("a template failed: {0}")]
    Template(String),
    #[error("the message cannot be built: {0}")]
    Message(String),
}

/// Builds one message from its digest and its cases, which are handed over one by one, worst first.
pub struct Composer<'a> {
    _frame: &'a Frame,
}

impl<'a> Composer<'a> {
    /// A message without cases; `id` makes its Message-ID, the same for every retry.
    #[must_use]
    pub fn new(_frame: &'a Frame, _id: Uuid, _digest: &'a Digest, _now: DateTime<Utc>) -> Self {
        todo!()
    }

    /// Adds a case: to the body if it is among the first, to the totals and the attachment in any case.
    ///
    /// # Errors
    /// [`MailError`] if the attachment cannot be written.
    pub fn add(&mut self, _case: Case) -> Result<(), MailError> {
        todo!()
    }

    /// The finished message; `None` if no case was added: then there is nothing to say.
    ///
    /// # Errors
    /// [`MailError`]
    pub fn finish(self) -> Result<Option<Mail>, MailError> {
        todo!()
    }
}
