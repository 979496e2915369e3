//! Who asks: from what a request carries to what its bearer may do, in whose name and until when.
//!
//! The token of `http.token_file` may read. Tokens of `claimwatch token` may do what their scope says. Who carries none may read
//! where only this machine can ask and no `http.token_file` is configured, and nothing elsewhere. Source: docs/api.md.

use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Shared;
use crate::store::{Scope, StoreError, TokenText};

/// What someone may do who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// In whose name; `None`: nobody in particular, who only looks.
    pub who: Option<String>,
    pub scope: Scope,
    /// Until when; `None`: as long as the configuration says so.
    pub until: Option<DateTime<Utc>>,
}

/// Why someone is not let in.
#[derive(Debug)]
pub(super) enum Denied {
    /// There is no token.
    Nobody,
    /// The token is none, was revoked or is over: which of them is nobody's business.
    Unknown,
    /// Whether it is one cannot be looked up.
    Away,
}

impl Denied {
    fn of(error: StoreError) -> Self {
        tracing::debug!(%error, "a token cannot be looked up");
        Self::Away
    }
}

impl Access {
    fn reader() -> Self {
        Self { who: None, scope: Scope::Read, until: None }
    }
}

/// What whoever sent `headers` may do.
///
/// # Errors
/// [`Denied`]
pub(super) async fn of_request(shared: &Shared, headers: &HeaderMap) -> Result<Access, Denied> {
    let given = headers.get(header::AUTHORIZATION).map(|value| {
        let (scheme, given) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| given.trim().to_owned())
    });
    match given {
        Some(Some(token)) => of_token(shared, &token).await,
        Some(None) => Err(Denied::Unknown),
        None if shared.token.is_none() && shared.is_local => Ok(Access::reader()),
        None => Err(Denied::Nobody),
    }
}

/// What whoever carries `token` may do.
///
/// # Errors
/// [`Denied`]
pub(super) async fn of_token(shared: &Shared, token: &str) -> Result<Access, Denied> {
    // Digests are compared: how long that takes says nothing of the token.
    let is = |known: &str| bool::from(Sha256::digest(token).ct_eq(&Sha256::digest(known)));
    if shared.token.as_ref().is_some_and(|known| is(known.expose())) {
        return Ok(Access::reader());
    }
    let given = TokenText::parse(token).ok_or(Denied::Unknown)?;
    let stored = shared.facts.store.token(given.id()).await.map_err(Denied::of)?.ok_or(Denied::Unknown)?;
    if !given.is(&stored) || !stored.is_valid(shared.facts.time.now()) {
        return Err(Denied::Unknown);
    }
    Ok(Access { who: Some(stored.name), scope: stored.scope, until: Some(stored.expires_at) })
}
