//! Who is signed in: a cookie with a secret, of which the database knows the digest.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use serde::Serialize;

use super::super::super::Shared;
use crate::claim::clean_line;
use crate::seal::{Purpose, SealKey};

/// The longest that somebody is signed in.
pub(super) const LASTS: TimeDelta = TimeDelta::hours(12);

/// Somebody who is signed in.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Visitor {
    /// In whose name is recorded what is done.
    pub name: String,
    /// Whether the token allows to change anything.
    pub may_act: bool,
    /// What every form of this session carries.
    pub seal: String,
    #[serde(skip)]
    secret: SealKey,
}

impl Visitor {
    /// Whether a form carries what the forms of this session do.
    pub fn knows(&self, seal: &str) -> bool {
        self.secret.holds(Purpose::Form, b"", seal)
    }

    /// What vouches for receipts of this session.
    pub fn key(&self) -> &SealKey {
        &self.secret
    }
}

/// Whoever sent `headers`; `None`: nobody who is signed in, as far as can be known now.
pub(in super::super) async fn visitor(shared: &Shared, headers: &HeaderMap) -> Option<Visitor> {
    let secret = secret(headers, &cookie_name(shared))?;
    let session = shared.facts.store.session(&secret.digest(), shared.facts.time.now()).await;
    let session = session.inspect_err(|error| tracing::debug!(%error, "a session cannot be looked up")).ok()??;
    let name = clean_line(&session.name, crate::answers::MAX_NAME).into_owned();
    Some(Visitor { name, may_act: session.may_write, seal: secret.seal(Purpose::Form, b""), secret })
}

/// The secret in the cookie of that name.
pub(super) fn secret(headers: &HeaderMap, name: &str) -> Option<SealKey> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| SealKey::parse(value))
}

/// The cookie's name. A browser takes one that begins so only over TLS, and for the whole host alone with `__Host-`.
/// Source: RFC 6265bis, section 4.1.3.
pub(super) fn cookie_name(shared: &Shared) -> String {
    let prefix = match (shared.is_secure(), shared.base().is_empty()) {
        (true, true) => "__Host-",
        (true, false) => "__Secure-",
        (false, _) => "",
    };
    format!("{prefix}claimwatch")
}

/// What gives the browser the cookie for `seconds`, or with none takes it away.
pub(super) fn cookie(shared: &Shared, secret: Option<&SealKey>, seconds: i64) -> Option<HeaderValue> {
    let secure = if shared.is_secure() { "; Secure" } else { "" };
    let path = if shared.base().is_empty() { "/" } else { shared.base() };
    let value = secret.map(SealKey::to_text).unwrap_or_default();
    let name = cookie_name(shared);
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
