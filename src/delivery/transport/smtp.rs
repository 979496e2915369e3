//! SMTP: one envelope per recipient, every step bounded, and delivered only if the server says 250.
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Attempt, SmtpSettings, Tls, Transport};
use crate::store::StoredMail;
use dialogue::{Dialogue, masked};
use reply::Step;
use session::{Failure, Limits, Session};

const CLIENT_FAILED: &str = "the SMTP client failed on what the server said";
const TOO_LONG: &str = "the attempt took too long";

/// How much later than its steps' own limit an attempt is cut off, so that what they found is told.
const SLACK: Duration = Duration::from_secs(1);

/// Sends through one mail server.
pub struct SmtpTransport {
    settings: SmtpSettings,
    /// The name that we greet with: this machine's.
    hello: ClientId,
    /// The connection of the message before, if all went well with it.
    kept: Mutex<Option<Session>>,
    /// Whether the attempt under way has got to the message itself.
    handing_over: AtomicBool,
}

impl SmtpTransport {
    /// Connects with the first message.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, hello: ClientId::default(), kept: Mutex::new(None), handing_over: AtomicBool::new(false) }
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
        self.handing_over.store(false, Ordering::Release);
        let bytes = wire::as_lines(&mail.bytes);
        if let Some(session) = self.take().await {
            match self.deliver(session, from, to, &bytes, &limits).await {
                // A server may hang up on a connection that was quiet for a while: that says nothing about this message.
                Err(Failure { step: Step::Mail, attempt: Attempt::Transient { .. }, .. }) => {}
                ended => return ended.unwrap_or_else(|failure| failure.attempt),
            }
        }
        self.attempt_anew(from, to, &bytes, &limits, &Dialogue::default()).await
    }

    /// Sends one message over a new connection.
    async fn attempt_anew(
        &self,
        from: &Address,
        to: &Address,
        bytes: &[u8],
        limits: &Limits,
        dialogue: &Dialogue,
    ) -> Attempt {
        match Session::open(&self.settings, &self.hello, limits, dialogue).await {
            Ok(session) => {
                let ended = self.deliver(session, from, to, bytes, limits).await;
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
    ) -> Result<Attempt, Failure> {
        match session.deliver(from, to, bytes, limits, &self.handing_over).await {
            Ok(reply) => {
                *self.kept.lock().await = Some(session);
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

    async fn take(&self) -> Option<Session> {
        self.kept.lock().await.take()
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
        self.handing_over.store(false, Ordering::Release);
        let bytes = wire::as_lines(&mail.bytes);
        let attempt = self.within_limit(self.attempt_anew(from, to, &bytes, &limits, &dialogue)).await;
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
        if let Some(session) = self.take().await {
            session.quit(&Limits::starting_now(self.settings.timeout)).await;
        }
    }

    fn is_handing_over(&self) -> bool {
        self.handing_over.load(Ordering::Acquire)
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
