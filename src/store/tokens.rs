//! Tokens: who may ask over HTTP, what for, and until when. The token itself is never kept: its digest is.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::StoreError;

/// What whoever carries a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Read,
    /// Read, and answer alerts.
    Write,
}

impl Scope {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Read, Self::Write].into_iter().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// A token as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StoredToken {
    /// The part of the token that is no secret.
    pub id: String,
    /// In whose name its bearer acts.
    pub name: String,
    pub scope: Scope,
    /// Of the whole token, by SHA-256.
    #[serde(skip)]
    pub digest: [u8; 32],
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl StoredToken {
    /// Whether its bearer is let in at `now`.
    #[must_use]
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredToken({} {:?})", self.id, self.name)
    }
}

/// A token as its bearer has it: `cw_`, its id, `_`, and 256 bits that nobody can guess. Never shown by a formatter.
pub struct TokenText {
    text: String,
    id: usize,
}

const PREFIX: &str = "cw_";
/// How long an id is: 40 bits in base 32.
const ID: usize = 8;
/// How long what follows it is: 256 bits in base 64.
const SECRET: usize = 43;

impl TokenText {
    /// A token made of bytes that nobody can guess: the first five are its id, which is no secret.
    #[must_use]
    pub fn of(bytes: &[u8; 37]) -> Self {
        let (id, secret) = bytes.split_at(5);
        let id = BASE32_NOPAD.encode(id).to_ascii_lowercase();
        Self { text: format!("{PREFIX}{id}_{}", BASE64URL_NOPAD.encode(secret)), id: id.len() }
    }

    /// Reads what someone carries; `None`: that is no token of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let id_fits = id.len() == ID && id.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let secret_fits =
            secret.len() == SECRET && secret.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
        (id_fits && secret_fits).then(|| Self { text: text.to_owned(), id: ID })
    }

    /// The part that is no secret, by which it is looked up.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.text[PREFIX.len()..PREFIX.len() + self.id]
    }

    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    /// Whether `stored` was made of this one. How long that takes says nothing of either.
    #[must_use]
    pub fn is(&self, stored: &StoredToken) -> bool {
        self.digest().ct_eq(&stored.digest).into()
    }

    /// The whole of it, for whoever is to have it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// Keeps tokens.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Adds a token; `false`: one that was not revoked has its name or its id already.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is recorded.
    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError>;

    /// Every token that there is or was, the latest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError>;

    /// The token of that id, whether it is valid or not.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError>;

    /// Revokes the token of that id, for good; `false`: there is none, or it was revoked before.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn revoke_token(&self, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made_and_nothing_else_is_one() {
        let made = TokenText::of(&[7; 37]);
        let read = TokenText::parse(made.expose()).expect("a token");
        assert_eq!((read.id(), read.digest()), (made.id(), made.digest()));
        assert!(made.expose().starts_with("cw_a4dqobyh_"), "{}", made.expose());
        for wrong in
            ["", "cw_", "cw__", "cw_a4dqobyh_", "Bearer", "cw_é_é", &made.expose()[1..], &format!("{}x", made.expose())]
        {
            assert!(TokenText::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
