//! Who is signed in: a cookie with a secret, of which the database knows the digest.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::super::super::Shared;
use crate::answers;
use crate::claim::clean_line;
use crate::seal::{Purpose, SealKey};
use crate::store::{SignedInBy, StoreError, TokenText};

/// The longest that somebody is signed in.
pub(super) const LASTS: TimeDelta = TimeDelta::hours(12);

/// How whoever signed in with the token of the configuration is called: it only lets look.
const CONFIGURED: &str = "http.token_file";

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
    let name = match &session.by {
        SignedInBy::Token(_) => clean_line(&session.name, answers::MAX_NAME).into_owned(),
        // Whoever signed in with another one than that of now is signed in no more.
        SignedInBy::Configured(digest) => (configured(shared)? == *digest).then(|| CONFIGURED.to_owned())?,
    };
    Some(Visitor { name, may_act: session.may_write, seal: secret.seal(Purpose::Form, b""), secret })
}

/// With what whoever knows `token` signs in, and until when at most; `None`: it is none, or over.
///
/// # Errors
/// [`StoreError`]
pub(super) async fn token(
    shared: &Shared,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Option<(SignedInBy, DateTime<Utc>)>, StoreError> {
    let digest = digest(token);
    if configured(shared).is_some_and(|known| known == digest) {
        return Ok(Some((SignedInBy::Configured(digest), now + LASTS)));
    }
    let Some(given) = TokenText::parse(token) else { return Ok(None) };
    let stored = shared.facts.store.token(given.id()).await?;
    let stored = stored.filter(|stored| given.is(stored) && stored.is_valid(now));
    Ok(stored.map(|stored| (SignedInBy::Token(stored.id), stored.expires_at.min(now + LASTS))))
}

/// The digest of the token of `http.token_file`, if there is one.
fn configured(shared: &Shared) -> Option<String> {
    shared.token.as_ref().map(|token| digest(token.expose()))
}

/// Digests are compared: how long that takes says nothing of the token.
fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token))
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
