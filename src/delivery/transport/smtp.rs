//! SMTP: one envelope per recipient, every step bounded, and delivered only if the server says 250; several at once, over a
//! connection each.
//!
//! lettre speaks the protocol; this keeps what it does not: time limits (its own cover the connect alone), what each reply
//! means for the message, and a connection that is used again only after it did everything right. There is no pool, since
//! a command that is given up half-way shifts all replies after it. Sources: RFC 5321, RFC 3207, RFC 4954.

mod dialogue;
mod reply;
mod session;
mod wire;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lettre::Address;
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use super::{Attempt, SmtpSettings, Tls, Transport};
use crate::store::StoredMail;
use dialogue::{Dialogue, masked};
use reply::Step;
use session::{Failure, Harmless, Limits, Session};

const CLIENT_FAILED: &str = "the SMTP client failed on what the server said";
const TOO_LONG: &str = "the attempt took too long";

/// How much later than its steps' own limit an attempt is cut off, so that what they found is told.
const SLACK: Duration = Duration::from_secs(1);

/// Sends through one mail server.
pub struct SmtpTransport {
    settings: SmtpSettings,
    /// The name that we greet with: this machine's.
    hello: ClientId,
    /// The connections of messages before, of those with which all went well.
    kept: Mutex<Vec<Session>>,
    /// How many attempts are under way that have not got to the message itself.
    harmless: AtomicUsize,
}

impl SmtpTransport {
    /// Connects with the first message.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, hello: ClientId::default(), kept: Mutex::default(), harmless: AtomicUsize::new(0) }
    }

    /// Connects, encrypts and authenticates, no more.
    async fn greet(&self) -> Attempt {
        let limits = Limits::starting_now(self.settings.timeout);
        match Session::open(&self.settings, &self.hello, &limits, &Dialogue::default()).await {
            Ok(session) => {
                session.quit(&limits).await;
                Attempt::Accepted { reply: "ready to take mail".into() }
            }
            Err(attempt) => attempt,
        }
    }

    async fn attempt(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt {
        let limits = Limits::starting_now(self.settings.timeout);
        let mut harmless = Harmless::begin(&self.harmless);
        let bytes = wire::as_lines(&mail.bytes);
        if let Some(session) = self.take() {
            match self.deliver(session, from, to, &bytes, &limits, &mut harmless).await {
                // A server may hang up on a connection that was quiet for a while: that says nothing about this message.
                Err(Failure { step: Step::Mail, attempt: Attempt::Transient { .. }, .. }) => {}
                ended => return ended.unwrap_or_else(|failure| failure.attempt),
            }
        }
        self.attempt_anew(from, to, &bytes, &limits, &Dialogue::default(), &mut harmless).await
    }

    /// Sends one message over a new connection.
    async fn attempt_anew(
        &self,
        from: &Address,
        to: &Address,
        bytes: &[u8],
        limits: &Limits,
        dialogue: &Dialogue,
        harmless: &mut Harmless<'_>,
    ) -> Attempt {
        match Session::open(&self.settings, &self.hello, limits, dialogue).await {
            Ok(session) => {
                let ended = self.deliver(session, from, to, bytes, limits, harmless).await;
                ended.unwrap_or_else(|failure| failure.attempt)
            }
            Err(attempt) => attempt,
        }
    }

    /// What comes of `attempt`, which keeps to its steps' own limit; this one is for whatever they should overlook.
    async fn within_limit(&self, attempt: impl Future<Output = Attempt>) -> Attempt {
        let unknown = |what: &str| Attempt::Unknown { error: format!("{what}; perhaps delivered") };
        match timeout(self.settings.timeout + SLACK, without_panic(attempt)).await {
            Ok(attempt) => attempt.unwrap_or_else(|| unknown(CLIENT_FAILED)),
            Err(_) => unknown(TOO_LONG),
        }
    }

    /// Sends one message over `session`, which is kept for the next one only if the server took it.
    async fn deliver(
        &self,
        mut session: Session,
        from: &Address,
        to: &Address,
        bytes: &[u8],
        limits: &Limits,
        harmless: &mut Harmless<'_>,
    ) -> Result<Attempt, Failure> {
        match session.deliver(from, to, bytes, limits, harmless).await {
            Ok(reply) => {
                self.kept().push(session);
                Ok(Attempt::Accepted { reply })
            }
            Err(failure) => {
                if failure.answered {
                    session.quit(limits).await;
                }
                Err(failure)
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Session>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Session> {
        self.kept().pop()
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt {
        self.within_limit(self.attempt(from, to, mail)).await
    }

    async fn send_aloud(&self, from: &Address, to: &Address, mail: &StoredMail) -> (Attempt, Vec<String>) {
        let credentials = self.settings.credentials.as_ref();
        let (dialogue, limits) = (Dialogue::kept(credentials.cloned()), Limits::starting_now(self.settings.timeout));
        let mut harmless = Harmless::begin(&self.harmless);
        let bytes = wire::as_lines(&mail.bytes);
        let attempt = self.attempt_anew(from, to, &bytes, &limits, &dialogue, &mut harmless);
        let attempt = self.within_limit(attempt).await;
        self.rest().await;
        (attempt.map_words(|said| masked(said, credentials)), dialogue.lines())
    }

    async fn probe(&self) -> Attempt {
        let failed = |error: &str| Attempt::Unreachable { error: error.into() };
        match timeout(self.settings.timeout + SLACK, without_panic(self.greet())).await {
            Ok(attempt) => attempt.unwrap_or_else(|| failed(CLIENT_FAILED)),
            Err(_) => failed(TOO_LONG),
        }
    }

    async fn rest(&self) {
        let (kept, limits) = (std::mem::take(&mut *self.kept()), Limits::starting_now(self.settings.timeout));
        join_all(kept.into_iter().map(|session| session.quit(&limits))).await;
    }

    fn sessions(&self) -> usize {
        self.settings.max_connections.max(1)
    }

    fn harmless(&self) -> usize {
        self.harmless.load(Ordering::Acquire)
    }

    fn describe(&self) -> String {
        let SmtpSettings { host, port, .. } = &self.settings;
        match self.settings.tls {
            Tls::Implicit => format!("smtps://{host}:{port}"),
            Tls::StartTls => format!("smtp://{host}:{port} (STARTTLS)"),
            Tls::None => format!("smtp://{host}:{port} (not encrypted)"),
        }
    }
}

/// What `future` gives; `None` if it panics: lettre does on some replies (a blank line in the answer to EHLO).
async fn without_panic<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
