//! Who may act from the page: sessions, and what the links of mails are sealed with. Statements that both engines share word
//! for word.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use crate::seal::SealKey;

/// The key of links, which the first migration made: never shown.
pub(super) const LINK_KEY: &str = "SELECT value FROM settings WHERE name = 'link_key'";

/// A session with the secret of the digest `$1`, if neither it nor its token is over at `$2`.
pub(super) const SESSION: &str = "SELECT s.token, s.ends_at, t.name, t.scope = 'write' AS may_write FROM sessions s \
     JOIN tokens t ON t.id = s.token WHERE s.digest = $1 AND s.ends_at > $2 AND t.revoked_at IS NULL \
     AND (t.ends_at IS NULL OR t.ends_at > $2)";

/// The token of the digest `$1`, if it is not over at `$2`.
pub(super) const TOKEN: &str = "SELECT id, ends_at FROM tokens WHERE digest = $1 AND revoked_at IS NULL \
     AND (ends_at IS NULL OR ends_at > $2)";

/// Begins a session with the secret of the digest `$1`, by the token `$2`, at `$3` until `$4`.
pub(super) const BEGIN: &str = "INSERT INTO sessions (digest, token, began_at, ends_at) VALUES ($1, $2, $3, $4)";

/// Forgets the sessions that are over at `$1`.
pub(super) const FORGET: &str = "DELETE FROM sessions WHERE ends_at <= $1";

/// Ends the session with the secret of the digest `$1`.
pub(super) const END: &str = "DELETE FROM sessions WHERE digest = $1";

/// Who gets the delivery `$1`.
pub(super) const RECIPIENT: &str = "SELECT recipient FROM outbox WHERE id = $1";

/// # Errors
/// [`StoreError::Corrupt`] if that is no key.
pub(super) fn read_key(text: Option<String>) -> Result<SealKey, StoreError> {
    let key = text.as_deref().and_then(SealKey::parse);
    key.ok_or_else(|| StoreError::Corrupt("settings, link_key: expected 64 hexadecimal digits".into()))
}

/// Somebody who is signed in: with a token, and for no longer than that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub token: Uuid,
    /// The token's name: in it is recorded what is done.
    pub name: String,
    pub may_write: bool,
    pub ends_at: DateTime<Utc>,
}

/// A token that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: Uuid,
    pub ends_at: Option<DateTime<Utc>>,
}

/// Sessions of the page, and the key of links.
#[async_trait]
pub trait Visits: Send + Sync {
    /// Begins a session until `ends_at` for whoever has the secret of this `digest`, with the token `token`. Those that are
    /// over are forgotten.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn begin_session(
        &self,
        digest: &str,
        token: Uuid,
        now: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// The session of whoever has the secret of this `digest`; `None`: there is none, or it or its token is over by `now`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn session(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Session>, StoreError>;

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn end_session(&self, digest: &str) -> Result<(), StoreError>;

    /// The token of this digest; `None`: there is none, or it is over.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn token_with(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Token>, StoreError>;

    /// What the links of mails are sealed with, the same for everyone who works with this database.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn link_key(&self) -> Result<SealKey, StoreError>;

    /// Who gets the delivery of that id; `None`: there is none any more.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn recipient_of(&self, delivery: Uuid) -> Result<Option<String>, StoreError>;
}
