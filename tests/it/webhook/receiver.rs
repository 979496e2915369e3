//! A receiver of webhooks over real sockets: HTTP/1.1, with TLS or without, a request or more a connection. It keeps what it was
//! given, and misbehaves exactly where a test says so.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claimwatch::delivery::transport::Secret;
use claimwatch::delivery::webhook::{SigningKey, WebhookSettings};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::smtp_server::Gate;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Answers with this status line's end and body: `204 No Content`, ``.
    Say(&'static str, String),
    /// Points elsewhere.
    Redirect(String),
    /// Says nothing until the client hangs up.
    Silence,
    /// Hangs up once it has the whole request.
    HangUp,
    /// Answers 200, and then bytes without an end.
    Endless,
    /// Waits until the gate is opened, then answers 204.
    Wait(Gate),
}

/// A request that arrived whole.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// By name in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

#[derive(Default)]
struct State {
    next: VecDeque<Answer>,
    always: Option<Answer>,
    received: Vec<Request>,
}

/// Listens until it is dropped.
pub struct Receiver {
    address: SocketAddr,
    tls: bool,
    state: Arc<Mutex<State>>,
    _task: AbortOnDropHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// With TLS from the first byte, under the name `localhost`.
    pub async fn with_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor)).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (state, tls) = (Arc::new(Mutex::<State>::default()), acceptor.is_some());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (state, acceptor) = (Arc::clone(&shared), acceptor.clone());
                connections.spawn(async move {
                    match acceptor {
                        None => converse(socket, &state).await,
                        Some(acceptor) => match acceptor.accept(socket).await {
                            Ok(socket) => converse(socket, &state).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, tls, state, _task: AbortOnDropHandle::new(task) }
    }

    pub fn url(&self) -> String {
        match self.tls {
            true => format!("https://localhost:{}/hook?key=private", self.address.port()),
            false => format!("http://{}/hook?key=private", self.address),
        }
    }

    pub fn settings(&self, name: &str) -> WebhookSettings {
        let key = SigningKey::parse(&Secret::new(SECRET.into())).expect("a key");
        let url = self.url().parse().expect("an address");
        WebhookSettings { name: name.into(), url, keys: vec![key], ca_file: None }
    }

    /// Does `answer` with the next request; several are done in their order.
    pub fn once(&self, answer: Answer) {
        self.state().next.push_back(answer);
    }

    /// Does `answer` with every request for which nothing else is to be done.
    pub fn whenever(&self, answer: Answer) {
        self.state().always = Some(answer);
    }

    pub fn received(&self) -> Vec<Request> {
        self.state().received.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the requests of one connection until it ends; `None`: it broke off.
async fn converse(socket: impl AsyncRead + AsyncWrite + Unpin, state: &Mutex<State>) -> Option<()> {
    let mut socket = BufReader::new(socket);
    loop {
        let request = read(&mut socket).await?;
        let answer = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.received.push(request);
            state.next.pop_front().or_else(|| state.always.clone())
        };
        match answer.unwrap_or_else(|| Answer::Say("204 No Content", String::new())) {
            Answer::Say(status, body) => {
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                socket.write_all((head + &body).as_bytes()).await.ok()?;
            }
            Answer::Redirect(to) => {
                let head = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
                socket.write_all(head.as_bytes()).await.ok()?;
            }
            Answer::Silence => {
                let mut rest = Vec::new();
                socket.read_to_end(&mut rest).await.ok()?;
            }
            Answer::HangUp => return None,
            Answer::Endless => {
                socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok()?;
                let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
                loop {
                    socket.write_all(chunk.as_bytes()).await.ok()?;
                }
            }
            Answer::Wait(gate) => {
                gate.pass().await;
                socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.ok()?;
            }
        }
        socket.flush().await.ok()?;
    }
}

async fn read(socket: &mut BufReader<impl AsyncRead + Unpin>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let pair = |line: String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.filter_map(pair).collect();
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some(Request { method, path, headers, body })
}
