//! What is served over HTTP: the page, the API, metrics and health.
//!
//! Nobody can hold up the daemon's work from here: connections, requests and the time of an answer are bounded, what an answer
//! costs is paid once for all who ask within seconds, and a panic ends one connection. Source: docs/monitoring.md, docs/api.md.

mod access;
mod ahead;
mod api;
mod facts;
mod metrics;
mod page;
mod problem;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::check::Check;
use crate::config::HttpSettings;
use crate::delivery::transport::Secret;

use problem::Problem;

pub use api::document;
pub use facts::{Facts, Kept};

/// So many connections at once.
const CONNECTIONS: usize = 64;
/// The most that is read of a request's head; more ends the connection.
const MOST_HEAD: usize = 64 * 1024;
/// The longest address, and the most that all headers are together, in bytes.
const MOST_ADDRESS: usize = 8 * 1024;
const MOST_HEADERS: usize = 16 * 1024;
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
    /// Of `http.token_file`.
    token: Option<Secret>,
    /// Whether nobody but this machine can ask.
    is_local: bool,
    /// Where people reach the page.
    external_url: Option<String>,
    /// Whose turn it is to read.
    turns: Semaphore,
}

impl Shared {
    /// What stands before every path of the page.
    fn base(&self) -> &'static str {
        ""
    }

    /// Whether browsers come over TLS.
    fn is_secure(&self) -> bool {
        self.external_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether `origin` is the page's own, as it is reached from outside.
    fn is_own_origin(&self, origin: &str) -> bool {
        let own = self.external_url.as_ref().and_then(|url| {
            let (scheme, rest) = url.split_once("://")?;
            Some(format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()))
        });
        own.is_some_and(|own| own.eq_ignore_ascii_case(origin))
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
        let HttpSettings { listen, token, external_url } = self.settings.clone();
        let (is_local, turns) = (listen.ip().is_loopback(), Semaphore::new(readers()));
        let shared = Arc::new(Shared { facts, token, is_local, external_url, turns });
        let looking = Arc::clone(&shared);
        let _ahead = AbortOnDropHandle::new(tokio::spawn(async move { ahead::keep(&looking.facts).await }));
        let router = router(&shared);
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
                    .max_buf_size(MOST_HEAD)
                    .serve_connection(TokioIo::new(socket), service);
                // Whoever breaks off has no use for a word about it.
                let _ = timeout(CONNECTION, connection).await;
                drop(place);
            });
        }
    }
}

/// Every address that there is.
fn router(shared: &Arc<Shared>) -> axum::Router {
    axum::Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .merge(api::router().merge(page::router()).layer(middleware::from_fn_with_state(Arc::clone(shared), in_turn)))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), admit))
        .with_state(Arc::clone(shared))
}

/// So many may read at once: half of the processors, so that scans and deliveries have the others, and connections.
fn readers() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1))
}

/// Lets whoever reads wait for their turn. Whoever writes has a body to send, and may be slow: they hold up no one.
async fn in_turn(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let _turn = if reads { shared.turns.acquire().await.ok() } else { None };
    next.run(request).await
}

/// Lets in who may ask, and answers in time.
async fn admit(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let is_api = api::is_of(request.uri().path());
    let told = |problem: Problem| if is_api { problem.into_response() } else { problem.into_text() };
    let mut response = if let Some(problem) = oversized(&request) {
        told(problem)
    } else {
        let answer = async {
            match access::of_request(&shared, request.headers()).await {
                Ok(access) => {
                    request.extensions_mut().insert(access);
                    next.run(request).await
                }
                // A browser sends its cookie along with whatever any site has it ask for: no cookie opens the API.
                Err(denied) if is_api => told(Problem::from(&denied)),
                Err(_) if page::admits(&shared, request.uri().path(), request.headers()).await => {
                    next.run(request).await
                }
                Err(denied) => page::door(&shared, &request).unwrap_or_else(|| told(Problem::from(&denied))),
            }
        };
        timeout(ANSWER, answer).await.unwrap_or_else(|_| told(Problem::late()))
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What is too much of a request, if anything is.
fn oversized(request: &Request) -> Option<Problem> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if address > MOST_ADDRESS {
        let detail = format!("the address has {address} bytes, expected at most {MOST_ADDRESS}");
        return Some(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let detail = || format!("the headers have {headers} bytes, expected at most {MOST_HEADERS}");
    (headers > MOST_HEADERS).then(|| Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail()))
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
