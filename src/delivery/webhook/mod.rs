//! Webhooks: one stored message as JSON to one address over HTTP(S), signed, and taken only if the answer is 2xx.
//!
//! A repeat carries the same `webhook-id`, by which a receiver knows it. Nothing is followed: an answer that points elsewhere
//! is a setting to put right. Sources: Standard Webhooks 1.0.0; docs/webhook.md.

mod signature;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::transport::{Attempt, words};

pub use signature::SigningKey;

/// So much of an answer is read, for its words.
const MOST_READ: usize = 16 * 1024;

/// A way out beside mail.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// As levels and routes name it.
    pub name: String,
    /// Who knows it may write there: only its host is ever shown.
    pub url: Url,
    /// Those that sign: the present one, and one that it takes the place of.
    pub keys: Vec<SigningKey>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("name", &self.name)
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

impl WebhookSettings {
    /// What of the address may be shown.
    fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// Posts messages to one address.
pub struct Webhook {
    settings: WebhookSettings,
    /// The longest that one attempt may take.
    timeout: Duration,
    /// Made with the first message: certificates are files.
    client: OnceCell<Client>,
    /// How many attempts are under way.
    under_way: AtomicUsize,
}

impl Webhook {
    /// Connects with the first message; an attempt takes `timeout` at most.
    #[must_use]
    pub fn new(settings: WebhookSettings, timeout: Duration) -> Self {
        Self { settings, timeout, client: OnceCell::new(), under_way: AtomicUsize::new(0) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where messages go, for people: `tickets (https://tickets.example.com)`. Never has a secret in it.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} ({})", self.settings.name, self.settings.origin())
    }

    /// Posts `body` as message `id` at `now`.
    pub async fn post(&self, id: Uuid, body: &[u8], now: DateTime<Utc>) -> Attempt {
        let id = id.to_string();
        let signatures: Vec<String> = self.settings.keys.iter().map(|key| key.sign(&id, now, body)).collect();
        let request = |request: RequestBuilder| {
            request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .header("webhook-id", id.clone())
                .header("webhook-timestamp", now.timestamp())
                .header("webhook-signature", signatures.join(" "))
                .body(body.to_vec())
        };
        let _under_way = UnderWay::begin(&self.under_way);
        match self.ask(Method::POST, request).await {
            Ok((status, said)) => judge(status, &said),
            Err(attempt) => attempt,
        }
    }

    /// Whether a message is being posted.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
    }

    /// Reaches the other side without handing anything over: whatever it answers, it is there.
    pub async fn probe(&self) -> Attempt {
        match self.ask(Method::HEAD, |request| request).await {
            Ok((status, _)) => Attempt::Accepted { reply: format!("it answers (HEAD: {})", status.as_u16()) },
            Err(attempt) => attempt,
        }
    }

    /// What is answered to a request, and the beginning of its words.
    async fn ask(
        &self,
        method: Method,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<(StatusCode, String), Attempt> {
        let client = self.client.get_or_try_init(|| async { client(&self.settings) }).await;
        let client = client.map_err(|error| Attempt::Misconfigured { error })?;
        let request = client.request(method, self.settings.url.clone()).timeout(self.timeout);
        let response = complete(request).send().await.map_err(|error| lost(&error, self.timeout))?;
        let status = response.status();
        // The status alone decides; words that do not come change nothing.
        Ok((status, said(response).await))
    }
}

/// An attempt that is under way, counted until it ends or is given up.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether `url` stays on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// What an answer means for the message.
fn judge(status: StatusCode, said: &str) -> Attempt {
    let code = status.as_u16();
    let error = if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") };
    match code {
        200..=299 => Attempt::Accepted { reply: error },
        // Answers that point elsewhere, or ask who we are: to be put right here.
        300..=399 | 401 | 402 | 403 | 405 | 407 => Attempt::Misconfigured { error },
        408 | 421 | 425 | 429 | 500.. => Attempt::Transient { error },
        404 | 410 => Attempt::Refused { error },
        _ => Attempt::Permanent { error },
    }
}

/// What an answer that did not come means: without a connection nothing was handed over.
fn lost(error: &reqwest::Error, timeout: Duration) -> Attempt {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        causes.push(next.to_string());
        cause = next.source();
    }
    // The client's own name for what went wrong says nothing.
    causes.retain(|cause| !cause.starts_with("client error ("));
    let what =
        if error.is_timeout() { format!("no answer within {} s", timeout.as_secs_f64()) } else { causes.join(": ") };
    let what = words(&what).into_owned();
    if is_about_certificates(error) || error.is_builder() {
        Attempt::Misconfigured { error: what }
    } else if error.is_connect() {
        Attempt::Unreachable { error: what }
    } else {
        Attempt::Unknown { error: format!("{what}; perhaps delivered") }
    }
}

fn is_about_certificates(error: &(dyn Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    // What an I/O error wraps is not its source, but that one's source is.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let wrapped = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static));
    wrapped.or_else(|| error.source()).is_some_and(is_about_certificates)
}

/// The beginning of an answer's body, as one harmless line.
async fn said(mut response: Response) -> String {
    let mut read: Vec<u8> = Vec::new();
    while read.len() < MOST_READ {
        match response.chunk().await {
            Ok(Some(chunk)) => read.extend(chunk.iter().take(MOST_READ - read.len())),
            Ok(None) | Err(_) => break,
        }
    }
    words(&String::from_utf8_lossy(&read)).into_owned()
}

fn client(settings: &WebhookSettings) -> Result<Client, String> {
    let provider = rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(settings)?)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("claimwatch/", env!("CARGO_PKG_VERSION")))
        .pool_max_idle_per_host(1)
        .build()
        .map_err(|error| error.to_string())
}

fn roots(settings: &WebhookSettings) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = &settings.ca_file {
        let cannot = |error: &dyn fmt::Display| format!("ca_file {}: {error}", file.display());
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| cannot(&error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| cannot(&error))?;
            roots.add(certificate).map_err(|error| cannot(&error))?;
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: u16) -> &'static str {
        match judge(StatusCode::from_u16(code).expect("a status"), "") {
            Attempt::Accepted { .. } => "taken",
            Attempt::Misconfigured { .. } => "ours to put right",
            Attempt::Transient { .. } => "later",
            Attempt::Refused { .. } => "no such recipient",
            Attempt::Permanent { .. } => "refused",
            Attempt::Full { .. } | Attempt::Unreachable { .. } | Attempt::Unknown { .. } => "else",
        }
    }

    #[test]
    fn what_each_answer_means() {
        let all = [200, 202, 204, 301, 302, 307, 400, 401, 403, 404, 408, 410, 413, 422, 425, 429, 500, 502, 503, 504];
        let found: Vec<(u16, &str)> = all.into_iter().map(|code| (code, kind(code))).collect();
        let expected = [
            (200, "taken"),
            (202, "taken"),
            (204, "taken"),
            (301, "ours to put right"),
            (302, "ours to put right"),
            (307, "ours to put right"),
            (400, "refused"),
            (401, "ours to put right"),
            (403, "ours to put right"),
            (404, "no such recipient"),
            (408, "later"),
            (410, "no such recipient"),
            (413, "refused"),
            (422, "refused"),
            (425, "later"),
            (429, "later"),
            (500, "later"),
            (502, "later"),
            (503, "later"),
            (504, "later"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn where_it_goes_is_shown_without_what_gives_access() {
        let url = Url::parse("https://hooks.example.com:8443/services/T0/secret?token=x").expect("an address");
        let settings = WebhookSettings { name: "chat".into(), url, keys: Vec::new(), ca_file: None };
        assert!(!format!("{settings:?}").contains("secret"));
        assert_eq!(Webhook::new(settings, Duration::from_secs(1)).describe(), "chat (https://hooks.example.com:8443)");
    }
}
