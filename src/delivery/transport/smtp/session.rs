//! One connection to a mail server: opened, encrypted, authenticated; then one message after the other.

use std::fmt::Display;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::super::{Attempt, Secret, SmtpSettings, Tls, with_ascii_domain, words};
use super::dialogue::Dialogue;
use super::reply::{Step, judge_error, judge_silence, judge_unexpected, text_of};
use super::wire::{Encrypted, LineByLine, in_one_piece};

/// The longest that a goodbye may take: nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);

/// How we may prove who we are, the preferred first.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

/// When an attempt, and each of its steps, has taken too long.
pub(super) struct Limits {
    end: Instant,
    step: Duration,
}

impl Limits {
    /// An attempt that begins now and takes `timeout` at most; a step before the message half of it.
    pub fn starting_now(timeout: Duration) -> Self {
        Self { end: Instant::now() + timeout, step: timeout / 2 }
    }

    /// The answer to `step`, unless it takes too long.
    async fn within<T>(&self, step: Step, answer: impl Future<Output = T>) -> Result<T, Attempt> {
        let began = Instant::now();
        let until = if step == Step::Message { self.end } else { self.end.min(began + self.step) };
        timeout_at(until, answer).await.map_err(|_| judge_silence(step, began.elapsed()))
    }
}

/// An attempt that has not got to the message itself, counted until it does or ends.
pub(super) struct Harmless<'a>(Option<&'a AtomicUsize>);

impl<'a> Harmless<'a> {
    pub fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Some(count))
    }

    fn is_over(&mut self) {
        if let Some(count) = self.0.take() {
            count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Harmless<'_> {
    fn drop(&mut self) {
        self.is_over();
    }
}

/// How a message was not delivered.
pub(super) struct Failure {
    pub step: Step,
    pub attempt: Attempt,
    /// Whether the server said so itself, in order: then it is told goodbye.
    pub answered: bool,
}

/// A connection that is ready for a message.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    dialogue: Dialogue,
}

impl Session {
    /// Connects, encrypts as `settings` say and never less, and authenticates.
    pub async fn open(
        settings: &SmtpSettings,
        hello: &ClientId,
        limits: &Limits,
        dialogue: &Dialogue,
    ) -> Result<Self, Attempt> {
        let tls = match settings.tls {
            Tls::None => None,
            Tls::Implicit | Tls::StartTls => Some(trust(settings).await?),
        };
        let socket = dial(settings, limits).await?;
        if let Ok(address) = socket.peer_addr() {
            dialogue.noted(format!("connected to {address}"));
        }
        let mut session = match (settings.tls, tls) {
            (Tls::Implicit, Some(tls)) => {
                let stream = answer(limits, dialogue, Step::Tls, Encrypted::over(socket, tls)).await?;
                dialogue.noted("encrypted from here on");
                Self::greet(Box::new(stream), hello, limits, dialogue).await?
            }
            (Tls::StartTls, Some(tls)) => {
                let mut session = Self::greet(Box::new(LineByLine(socket)), hello, limits, dialogue).await?;
                if !session.connection.can_starttls() {
                    return Err(misconfigured("STARTTLS: the server does not offer it; nothing was sent"));
                }
                dialogue.said("STARTTLS");
                answer(limits, dialogue, Step::StartTls, session.connection.starttls(tls, hello)).await?;
                dialogue.noted("encrypted from here on");
                session.ask_again(hello, limits).await?;
                session
            }
            _ => Self::greet(Box::new(socket), hello, limits, dialogue).await?,
        };
        if let Some((user, password)) = &settings.credentials {
            session.authenticate(user, password, limits).await?;
        }
        Ok(session)
    }

    /// Hears the server's greeting and what it offers.
    async fn greet(
        stream: Box<dyn AsyncTokioStream>,
        hello: &ClientId,
        limits: &Limits,
        dialogue: &Dialogue,
    ) -> Result<Self, Attempt> {
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, hello);
        let connection = answer(limits, dialogue, Step::Greeting, greeted).await?;
        dialogue.noted("greeted");
        let mut session = Self { connection, dialogue: dialogue.clone() };
        session.ask_again(hello, limits).await?;
        Ok(session)
    }

    /// Asks once more what the server offers, if the dialogue is kept: lettre keeps the answer to its own EHLO to itself.
    async fn ask_again(&mut self, hello: &ClientId, limits: &Limits) -> Result<(), Attempt> {
        if !self.dialogue.is_kept() {
            return Ok(());
        }
        let ehlo = Ehlo::new(hello.clone());
        self.dialogue.said(&ehlo);
        let response = answer(limits, &self.dialogue, Step::Greeting, self.connection.command(ehlo)).await?;
        self.dialogue.replied(&response);
        Ok(())
    }

    async fn authenticate(&mut self, user: &str, password: &Secret, limits: &Limits) -> Result<(), Attempt> {
        if self.connection.server_info().get_auth_mechanism(MECHANISMS).is_none() {
            return Err(misconfigured("AUTH: the server offers neither PLAIN nor LOGIN; nothing was sent"));
        }
        let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
        self.dialogue.said("AUTH ***");
        let response =
            answer(limits, &self.dialogue, Step::Auth, self.connection.auth(MECHANISMS, &credentials)).await?;
        self.dialogue.replied(&response);
        if response.has_code(235) { Ok(()) } else { Err(judge_unexpected(Step::Auth, &response)) }
    }

    /// Sends one message to one recipient; the server's words if it took it (250, and nothing else). It is
    /// `harmless` until the message itself goes out.
    pub async fn deliver(
        &mut self,
        from: &Address,
        to: &Address,
        bytes: &[u8],
        limits: &Limits,
        harmless: &mut Harmless<'_>,
    ) -> Result<String, Failure> {
        let (from, to) = (with_ascii_domain(from), with_ascii_domain(to));
        let parameters = self.parameters(&from, &to, bytes)?;
        self.command(Step::Mail, Mail::new(Some(from), parameters), &[250], limits).await?;
        self.command(Step::Rcpt, Rcpt::new(to, Vec::new()), &[250, 251], limits).await?;
        self.command(Step::Data, Data, &[354], limits).await?;
        harmless.is_over();
        self.dialogue.noted(format!("the message follows, {} bytes", bytes.len()));
        match in_one_piece(bytes) {
            Some(piece) => expect(Step::Message, &[250], limits, &self.dialogue, self.connection.command(piece)).await,
            None => expect(Step::Message, &[250], limits, &self.dialogue, self.connection.message(bytes)).await,
        }
    }

    /// What MAIL has to announce.
    fn parameters(&self, from: &Address, to: &Address, bytes: &[u8]) -> Result<Vec<MailParameter>, Failure> {
        let server = self.connection.server_info();
        let mut parameters = Vec::new();
        let mut announce = |needed: bool, extension: Extension, parameter: MailParameter, what: &str| {
            if needed && !server.supports_feature(extension) {
                let attempt = misconfigured(&format!("{}: the server does not take {what}", Step::Mail));
                return Err(Failure { step: Step::Mail, attempt, answered: true });
            }
            if needed {
                parameters.push(parameter);
            }
            Ok(())
        };
        let utf8 = [from, to].iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii());
        announce(utf8, Extension::SmtpUtfEight, MailParameter::SmtpUtfEight, "this address (SMTPUTF8)")?;
        let eight_bit = MailParameter::Body(MailBodyParameter::EightBitMime);
        announce(!bytes.is_ascii(), Extension::EightBitMime, eight_bit, "8-bit text (8BITMIME)")?;
        Ok(parameters)
    }

    async fn command(
        &mut self,
        step: Step,
        command: impl Display,
        expected: &[u16],
        limits: &Limits,
    ) -> Result<(), Failure> {
        self.dialogue.said(&command);
        expect(step, expected, limits, &self.dialogue, self.connection.command(command)).await.map(drop)
    }

    /// Says goodbye and hangs up.
    pub async fn quit(mut self, limits: &Limits) {
        let limit = GOODBYE.min(limits.end.saturating_duration_since(Instant::now()));
        self.dialogue.said(Quit);
        if let Ok(Ok(response)) = timeout(limit, self.connection.command(Quit)).await {
            self.dialogue.replied(&response);
        }
    }
}

/// The server's words, if it replies with a code that is `expected` at `step`: lettre lets every 2xx and 3xx pass.
async fn expect(
    step: Step,
    expected: &[u16],
    limits: &Limits,
    dialogue: &Dialogue,
    reply: impl Future<Output = Result<lettre::transport::smtp::response::Response, Error>>,
) -> Result<String, Failure> {
    let response = match limits.within(step, reply).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            dialogue.refused(&error);
            return Err(Failure { step, attempt: judge_error(step, &error), answered: error.status().is_some() });
        }
        Err(attempt) => return Err(Failure { step, attempt, answered: false }),
    };
    dialogue.replied(&response);
    if expected.iter().any(|code| response.has_code(*code)) {
        return Ok(text_of(&response));
    }
    Err(Failure { step, attempt: judge_unexpected(step, &response), answered: false })
}

/// The outcome of `step`, or what follows from its failure.
async fn answer<T>(
    limits: &Limits,
    dialogue: &Dialogue,
    step: Step,
    step_taken: impl Future<Output = Result<T, Error>>,
) -> Result<T, Attempt> {
    limits.within(step, step_taken).await?.map_err(|error| {
        dialogue.refused(&error);
        judge_error(step, &error)
    })
}

fn misconfigured(error: &str) -> Attempt {
    Attempt::Misconfigured { error: words(error).into_owned() }
}

/// A socket to the server, at the first of its addresses that answers.
async fn dial(settings: &SmtpSettings, limits: &Limits) -> Result<TcpStream, Attempt> {
    let SmtpSettings { host, port, .. } = settings;
    let away = |error: &dyn Display| Attempt::Unreachable {
        error: words(&format!("{} to {host}:{port}: {error}", Step::Connect)).into_owned(),
    };
    let found = limits.within(Step::Connect, lookup_host((host.as_str(), *port))).await?;
    let addresses: Vec<_> = found.map_err(|error| away(&error))?.collect();
    let share = limits.step / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = away(&"the name has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                socket.set_nodelay(true).map_err(|error| away(&error))?;
                return Ok(socket);
            }
            Ok(Err(error)) => last = away(&error),
            Err(_) => last = judge_silence(Step::Connect, share),
        }
    }
    Err(last)
}

/// Whom we trust: the system's certificates and those of `ca_file`, read anew for each connection.
async fn trust(settings: &SmtpSettings) -> Result<TlsParameters, Attempt> {
    let (host, ca_file) = (settings.host.clone(), settings.ca_file.clone());
    let built = tokio::task::spawn_blocking(move || {
        let mut tls = TlsParameters::builder(host);
        if let Some(file) = ca_file {
            tls = tls.add_root_certificate(certificates(&file)?);
        }
        tls.build().map_err(|error| format!("TLS: {error}"))
    });
    let built = built.await.unwrap_or_else(|error| Err(format!("TLS: {error}")));
    built.map_err(|error| misconfigured(&error))
}

fn certificates(file: &Path) -> Result<Certificate, String> {
    let place = file.display();
    let pem = std::fs::read(file).map_err(|error| format!("{place}: {error}"))?;
    if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Err(format!("{place}: found no certificate, expected PEM (-----BEGIN CERTIFICATE-----)"));
    }
    Certificate::from_pem(&pem).map_err(|error| format!("{place}: {error}"))
}
