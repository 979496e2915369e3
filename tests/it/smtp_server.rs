//! A mail server over real sockets: EHLO, STARTTLS or TLS from the first byte, AUTH PLAIN and LOGIN, one or more
//! messages a connection. It keeps what it was given, and misbehaves exactly where a test says so.

mod conversation;
pub mod trust;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claimwatch::delivery::transport::{Secret, SmtpSettings, Tls, TransportSettings};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use conversation::Conversation;
pub use trust::{Flaw, Trust};

/// How the server encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    None,
    StartTls,
    Implicit,
}

/// Where in a conversation the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The final dot has arrived.
    Dot,
    Rset,
    Quit,
}

/// What the server does at a moment instead of what it should.
#[derive(Clone, Debug)]
pub enum Act {
    /// Says this, as it stands: one or more replies, without the last line's end.
    Say(&'static str),
    /// Says nothing until the client hangs up.
    Silence,
    /// Hangs up instead of answering.
    HangUp,
    /// Answers as it should, then hangs up.
    AnswerAndHangUp,
    /// Resets the connection (RST) instead of answering.
    Reset,
    /// Answers as it should, then resets the connection.
    AnswerAndReset,
    /// Answers as it should, a byte a second.
    Trickle,
    /// Answers as it should after a while.
    Late(Duration),
    /// Shows a certificate that is not to be trusted; at STARTTLS.
    Certificate(Flaw),
    /// Waits until the gate is opened, then answers as it should.
    Wait(Gate),
}

/// Holds the server at a moment until the test opens it.
#[derive(Clone, Debug)]
pub struct Gate {
    reached: Arc<Semaphore>,
    opened: Arc<Semaphore>,
}

impl Gate {
    pub fn closed() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), opened: Arc::new(Semaphore::new(0)) }
    }

    /// Returns once the server stands before the gate.
    pub async fn reached(&self) {
        self.reached.acquire().await.expect("a gate is never taken away").forget();
    }

    pub fn open(&self) {
        self.opened.add_permits(1);
    }

    pub async fn pass(&self) {
        self.reached.add_permits(1);
        self.opened.acquire().await.expect("a gate is never taken away").forget();
    }
}

/// A message that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub bytes: Vec<u8>,
    pub encrypted: bool,
    /// Who the client proved to be.
    pub user: Option<String>,
    /// The number of the connection, from 0.
    pub connection: usize,
}

/// What the server is and was told; shared with its conversations.
struct Shared {
    encryption: Encryption,
    trust: Trust,
    login: Option<(String, String)>,
    mechanisms: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What to do at which moment, whose line has this in it, and how often (`None`: always).
    faults: Vec<(Moment, String, Act, Option<u32>)>,
    received: Vec<Received>,
    commands: Vec<(usize, String)>,
    connections: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do now instead of what is right, if anything.
    fn fault(&self, moment: Moment, line: &str) -> Option<Act> {
        let mut state = self.state();
        let fits = |fault: &(Moment, String, Act, Option<u32>)| {
            fault.0 == moment && fault.3 != Some(0) && line.contains(fault.1.as_str())
        };
        let (_, _, act, times) = state.faults.iter_mut().find(|fault| fits(fault))?;
        if let Some(times) = times {
            *times -= 1;
        }
        Some(act.clone())
    }
}

/// A running server; it ends when dropped, and fails the test if a fault that it was told never came to pass.
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl SmtpServer {
    /// A server that takes everything.
    pub async fn start(encryption: Encryption) -> Self {
        Self::start_with(encryption, None, "PLAIN LOGIN").await
    }

    /// A server that takes mail from `user` with `password` only, who proves it by one of `mechanisms`.
    pub async fn with_login(encryption: Encryption, user: &str, password: &str, mechanisms: &'static str) -> Self {
        Self::start_with(encryption, Some((user.into(), password.into())), mechanisms).await
    }

    async fn start_with(encryption: Encryption, login: Option<(String, String)>, mechanisms: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port that was bound");
        let trust = Trust::new(&["localhost"]);
        let shared = Arc::new(Shared { encryption, trust, login, mechanisms, state: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// Does `act` at `moment`, once.
    pub fn once(&self, moment: Moment, act: Act) {
        self.told(moment, "", act, Some(1));
    }

    /// Does `act` whenever at `moment` the client's line has `text` in it.
    pub fn whenever(&self, moment: Moment, text: &str, act: Act) {
        self.told(moment, text, act, None);
    }

    fn told(&self, moment: Moment, text: &str, act: Act, times: Option<u32>) {
        self.shared.state().faults.push((moment, text.into(), act, times));
    }

    /// How a client reaches the server: named `localhost`, trusting its authority, encrypted as the server is, with the
    /// right login.
    pub fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".into(),
            port: self.port(),
            tls: match self.shared.encryption {
                Encryption::None => Tls::None,
                Encryption::StartTls => Tls::StartTls,
                Encryption::Implicit => Tls::Implicit,
            },
            credentials: self.shared.login.clone().map(|(user, password)| (user, Secret::new(password))),
            ca_file: Some(self.ca_file()),
            max_connections: 1,
            timeout: Duration::from_secs(30),
        }
    }

    pub fn transport_settings(&self) -> TransportSettings {
        TransportSettings::Smtp(self.settings())
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of the authority that vouches for the server (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.shared.trust.ca_file()
    }

    /// The messages that it took, in order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The commands that it was given, in order, without secrets: `MAIL FROM:<a@b.c>`.
    pub fn commands(&self) -> Vec<String> {
        self.shared.state().commands.iter().map(|(_, command)| command.clone()).collect()
    }

    /// What it was told to do a number of times, and has not done so often yet.
    pub fn faults_ahead(&self) -> Vec<String> {
        let state = self.shared.state();
        let ahead = state.faults.iter().filter(|fault| fault.3.is_some_and(|times| times > 0));
        ahead.map(|fault| format!("{fault:?}")).collect()
    }

    /// Never does what it was told to do a number of times and has not done so often yet; what that was.
    pub fn forget_what_is_ahead(&self) -> Vec<(Moment, Act)> {
        let mut state = self.shared.state();
        let ahead = state.faults.extract_if(.., |fault| fault.3.is_some()).collect::<Vec<_>>();
        ahead.into_iter().filter(|fault| fault.3 != Some(0)).map(|(moment, _, act, _)| (moment, act)).collect()
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
        let unused = self.faults_ahead();
        if !std::thread::panicking() {
            assert!(unused.is_empty(), "the mail server never came to {unused:?}");
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut conversations = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let number = {
            let mut state = shared.state();
            state.connections += 1;
            state.connections - 1
        };
        socket.set_nodelay(true).expect("a socket without delay");
        let shared = Arc::clone(&shared);
        conversations.spawn(async move {
            // A client that hangs up early is an error here, and the point of some tests.
            let _ = Conversation::new(shared, number).hold(socket).await;
        });
    }
}
