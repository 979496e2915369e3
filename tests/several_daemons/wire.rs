//! The wire between a daemon and the server, which a test may freeze or cut.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Carries,
    /// Nothing arrives any more, and neither side can tell: a network that swallows everything.
    Frozen,
    /// Every connection is closed, and a new one at once too.
    Cut,
}

/// A port of this machine behind which a server's socket is.
pub struct Wire {
    port: u16,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// A wire to the server whose socket is in `folder`.
    pub async fn to(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the port that was bound").port();
        let state = Arc::new(watch::Sender::new(State::Carries));
        let accepting = tokio::spawn(accept(listener, folder.join(".s.PGSQL.5432"), Arc::clone(&state)));
        Self { port, state, accepting }
    }

    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// The URL of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.send_replace(State::Cut);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, state) = (socket.clone(), state.subscribe());
        tokio::spawn(async move { carry(client, &socket, state).await });
    }
}

async fn carry(client: TcpStream, socket: &Path, mut state: watch::Receiver<State>) {
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(server) = UnixStream::connect(socket).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, state.clone()) => {}
        () = pump(from_server, to_client, state.clone()) => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}

/// Carries bytes one way, while the wire carries any.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<State>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if state.wait_for(|state| *state != State::Frozen).await.is_err() || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}
