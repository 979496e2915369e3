//! Ways out: SMTP, the `sendmail` program, `.eml` files. Each hands one stored message to one recipient and says how that
//! ended; what follows from it is decided in [`super::backoff`].
//!
//! Source: DOMAIN.md, "Escalation" (at least once, the same bytes each time).

mod file;
mod sendmail;
mod smtp;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;

use crate::store::StoredMail;

pub use file::FileTransport;
pub use sendmail::SendmailTransport;
pub use smtp::SmtpTransport;

/// Hands messages on, one recipient each.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands `mail` on for `to` alone, with `from` as the envelope's sender. Returns within the transport's own timeout.
    async fn send(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt;

    /// Nothing more to send for now: lets go of what was kept for the next message.
    async fn rest(&self) {}

    /// Where messages go, for people: `smtp://mail.example.com:587 (STARTTLS)`. Never has a secret in it.
    fn describe(&self) -> String;
}

/// How one attempt to hand a message on ended. The words are the server's, as one harmless line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The other side took it and answers for it from now on.
    Accepted { reply: String },
    /// Not now: the server is away, busy, or says so (4xx).
    Transient { error: String },
    /// Not now and hardly soon: the mailbox is full.
    Full { error: String },
    /// Refused for good (5xx): this message, or this recipient.
    Permanent { error: String },
    /// Something here has to be put right first (password, certificate, program): no word about this message yet.
    Misconfigured { error: String },
    /// The connection was lost after the message was handed over and before the answer: perhaps delivered.
    Unknown { error: String },
}

/// Which way out, and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportSettings {
    Smtp(SmtpSettings),
    Sendmail(SendmailSettings),
    File(FileSettings),
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpSettings {
    /// A host name, or an IP address; its certificate must be for it.
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// User name and password; `None`: no authentication.
    pub credentials: Option<(String, Secret)>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest that one attempt may take; each step before the message gets half of it at most.
    pub timeout: Duration,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (port 465).
    Implicit,
    /// After STARTTLS (port 587), without which nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

/// The `sendmail` program of the machine's own mail system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendmailSettings {
    pub program: PathBuf,
    /// The longest that it may take; then it is killed.
    pub timeout: Duration,
}

/// A directory that gets one `.eml` file per message and recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSettings {
    /// Made if it is not there.
    pub directory: PathBuf,
}

/// A password: shown nowhere, not even by [`fmt::Debug`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The transport for `settings`; nothing is opened before the first message.
#[must_use]
pub fn connect(settings: &TransportSettings) -> Box<dyn Transport> {
    match settings {
        TransportSettings::Smtp(smtp) => Box::new(SmtpTransport::new(smtp.clone())),
        TransportSettings::Sendmail(sendmail) => Box::new(SendmailTransport::new(sendmail.clone())),
        TransportSettings::File(file) => Box::new(FileTransport::new(file.clone())),
    }
}
