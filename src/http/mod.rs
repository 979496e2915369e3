//! What is served over HTTP, read only: the page, metrics and health.
//!
//! Nobody can hold up the daemon's work from here: connections, headers and the time of an answer are bounded, what an answer
//! costs is paid once for all who ask within seconds, and a panic ends one connection. Source: docs/monitoring.md.

mod ahead;
mod facts;
mod metrics;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::check::Check;
use crate::config::HttpSettings;
use crate::delivery::transport::Secret;
use crate::store::{StoreError, Token};

pub use facts::{Facts, Kept};

/// So many connections at once.
const CONNECTIONS: usize = 64;
/// The longest that a request's head may take to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// The longest that an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest that a connection lasts.
const CONNECTION: Duration = Duration::from_secs(300);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("http.listen: {listen}: {error}")]
pub struct HttpError {
    listen: SocketAddr,
    error: std::io::Error,
}

/// An address that is listened on.
pub struct Server {
    listener: Arc<TcpListener>,
    settings: HttpSettings,
}

/// What handlers share.
struct Shared {
    facts: Facts,
    token: Option<Secret>,
}

impl Shared {
    /// What stands before every path of the page.
    fn base(&self) -> &'static str {
        ""
    }

    /// Whether browsers come over TLS.
    fn is_secure(&self) -> bool {
        false
    }

    /// Whether `origin` is the page's own, as it is reached from outside.
    fn is_own_origin(&self, _origin: &str) -> bool {
        false
    }

    /// The token of this text; `None`: it is none, or over.
    async fn token_of(&self, text: &str, now: DateTime<Utc>) -> Result<Option<Token>, StoreError> {
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
        self.facts.store.token_with(&digest, now).await
    }
}

/// A body that says what is wrong, if anything is.
#[derive(Serialize)]
struct Health {
    ok: bool,
    checks: Vec<Check>,
}

impl Server {
    /// Listens; requests are answered by [`Server::serve`].
    ///
    /// # Errors
    /// [`HttpError`]
    pub async fn bind(settings: &HttpSettings) -> Result<Self, HttpError> {
        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener.map_err(|error| HttpError { listen: settings.listen, error })?;
        Ok(Self { listener: Arc::new(listener), settings: settings.clone() })
    }

    #[must_use]
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// The same address with other settings beside it.
    #[must_use]
    pub fn with_settings(&self, settings: &HttpSettings) -> Self {
        Self { listener: Arc::clone(&self.listener), settings: settings.clone() }
    }

    /// The address, with the port that the system chose if it was asked to.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until `stop`; what is being answered then is cut off.
    pub async fn serve(&self, facts: Facts, stop: CancellationToken) {
        let shared = Arc::new(Shared { facts, token: self.settings.token.clone() });
        let looking = Arc::clone(&shared);
        let _ahead = AbortOnDropHandle::new(tokio::spawn(async move { ahead::keep(&looking.facts).await }));
        let router = axum::Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .merge(page::router())
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
            .with_state(shared);
        let (places, mut connections) = (Arc::new(Semaphore::new(CONNECTIONS)), JoinSet::new());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((socket, _)) = accepted else {
                // No descriptor is free, most likely: it will be.
                sleep(Duration::from_millis(200)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let service = TowerToHyperService::new(router.clone());
            connections.spawn(async move {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .max_buf_size(16 * 1024)
                    .serve_connection(TokioIo::new(socket), service);
                // Whoever breaks off has no use for a word about it.
                let _ = timeout(CONNECTION, connection).await;
                drop(place);
            });
        }
    }
}

/// Lets in who may ask, and answers in time.
async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if let Some(token) = &shared.token
        && !is_allowed(request.headers(), token)
        && !page::is_open(request.uri().path())
        && !page::knows(&shared, request.headers()).await
    {
        if let Some(door) = page::door(&shared, &request) {
            return door;
        }
        let ask = [(header::WWW_AUTHENTICATE, "Bearer realm=\"claimwatch\"")];
        return (StatusCode::UNAUTHORIZED, ask, "expected the token of http.token_file\n").into_response();
    }
    let answer = timeout(ANSWER, next.run(request)).await;
    let mut response =
        answer.unwrap_or_else(|_| (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response());
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Whether a request carries `token`. Digests are compared: how long that takes says nothing of the token.
fn is_allowed(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| Sha256::digest(given.trim()) == Sha256::digest(token.expose()))
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let reading = shared.facts.reading().await;
    match metrics::text(&reading) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    health(shared.facts.alive())
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    health(shared.facts.readiness().await)
}

fn health(checks: Vec<Check>) -> Response {
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&Health { ok, checks }).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body + "\n").into_response()
}
