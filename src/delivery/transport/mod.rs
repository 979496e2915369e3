//! Ways out: SMTP, the `sendmail` program, `.eml` files. Each hands one stored message to one recipient and says how that
//! ended; what follows from it is decided in [`super::backoff`].
//!
//! Source: docs/domain.md, "Escalation" (at least once, the same bytes each time).

mod file;
mod sendmail;
mod smtp;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;

use crate::claim::clean_line;
use crate::store::StoredMail;

pub use file::FileTransport;
pub use sendmail::SendmailTransport;
pub use smtp::SmtpTransport;

/// Hands messages on, one recipient each.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands `mail` on for `to` alone, with `from` as the envelope's sender. Returns within the transport's
    /// own timeout, or a second later.
    async fn send(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt;

    /// The same over a connection of its own, with what was said on it, a harmless line each, without secrets and without
    /// the message itself; nothing where nothing is said.
    async fn send_aloud(&self, from: &Address, to: &Address, mail: &StoredMail) -> (Attempt, Vec<String>) {
        (self.send(from, to, mail).await, Vec::new())
    }

    /// Nothing more to send for now: lets go of what was kept for the next message.
    async fn rest(&self) {}

    /// Reaches the other side and asks whether it would take messages, without handing one over.
    async fn probe(&self) -> Attempt;

    /// How many messages it hands on at once, each with its own time limit.
    fn sessions(&self) -> usize {
        1
    }

    /// How many attempts are under way that cannot have handed their message over: giving them up costs nothing. The answer
    /// to any other is worth waiting for, since giving that up may make its message arrive twice.
    fn harmless(&self) -> usize {
        0
    }

    /// Where messages go, for people: `smtp://mail.example.com:587 (STARTTLS)`. Never has a secret in it.
    fn describe(&self) -> String;
}

/// How one attempt to hand a message on ended. The words are the server's, as one harmless line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The other side took it and answers for it from now on.
    Accepted { reply: String },
    /// Not now: the other side is away, silent or busy, whatever the message.
    Unreachable { error: String },
    /// Not now: what was said about this message was put off (4xx), or cut short.
    Transient { error: String },
    /// Not now and hardly soon: the mailbox is full.
    Full { error: String },
    /// Refused for good (5xx), perhaps for what it says.
    Permanent { error: String },
    /// Refused for good, since there is no such recipient: so would be any other message.
    Refused { error: String },
    /// Something here has to be put right first (password, certificate, program): no word about this message yet.
    Misconfigured { error: String },
    /// The connection was lost after the message was handed over and before the answer: perhaps delivered.
    Unknown { error: String },
}

impl Attempt {
    /// What the other side said, or what was found of it.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Accepted { reply: words }
            | Self::Unreachable { error: words }
            | Self::Transient { error: words }
            | Self::Full { error: words }
            | Self::Permanent { error: words }
            | Self::Refused { error: words }
            | Self::Misconfigured { error: words }
            | Self::Unknown { error: words } => words,
        }
    }

    /// The same in other words.
    fn map_words(mut self, other: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Accepted { reply: words }
            | Self::Unreachable { error: words }
            | Self::Transient { error: words }
            | Self::Full { error: words }
            | Self::Permanent { error: words }
            | Self::Refused { error: words }
            | Self::Misconfigured { error: words }
            | Self::Unknown { error: words } => *words = other(words),
        }
        self
    }
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
    /// How many messages go out at once, each over a connection of its own.
    pub max_connections: usize,
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

/// What the other side said, as one harmless line.
pub(super) fn words(said: &str) -> Cow<'_, str> {
    const LONGEST: usize = 500;
    clean_line(said.trim(), LONGEST)
}

/// `address` as every server understands it: a domain beyond ASCII in its ASCII form (RFC 5890).
fn with_ascii_domain(address: &Address) -> Address {
    let domain = address.domain();
    let ascii = if domain.is_ascii() { None } else { idna::domain_to_ascii(domain).ok() };
    ascii.and_then(|ascii| Address::new(address.user(), ascii).ok()).unwrap_or_else(|| address.clone())
}

/// The first enhanced status code in `said`, such as 5.1.1: class, subject, detail (RFC 3463).
fn enhanced_status(said: &str) -> Option<(u16, u16, u16)> {
    let fits = |token: &str| {
        let mut numbers = token.trim_matches(|c: char| !c.is_ascii_digit()).split('.').map(|digits| {
            (digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
        });
        let status = (numbers.next()??, numbers.next()??, numbers.next()??);
        (matches!(status.0, 2 | 4 | 5) && numbers.next().is_none()).then_some(status)
    };
    said.split_whitespace().find_map(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_status_is_found_among_other_words_and_an_ip_address_is_none() {
        assert_eq!(enhanced_status("5.1.1 no such user"), Some((5, 1, 1)));
        assert_eq!(enhanced_status("host 5.9.1.2 said: 550 (4.2.2) full"), Some((4, 2, 2)));
        assert_eq!(enhanced_status("550 no such user, port 465, 3.2.1, 5.1234.1, 5..1"), None);
    }

    #[test]
    fn a_domain_beyond_ascii_is_sent_in_its_ascii_form() {
        let sent = |address: &str| with_ascii_domain(&address.parse().expect("an address")).to_string();
        assert_eq!(sent("jan@żółw.pl"), "jan@xn--w-uga1v8h.pl");
        assert_eq!(sent("jan@example.com"), "jan@example.com");
    }

    #[test]
    fn a_password_does_not_show() {
        let credentials = Some(("claimwatch".to_owned(), Secret::new("hunter2".into())));
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
