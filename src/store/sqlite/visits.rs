//! Sessions of the page, and the key of links.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use uuid::Uuid;

use super::rows::{OwnRow, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::seal::SealKey;
use crate::store::visits::{BEGIN, END, FORGET, LINK_KEY, RECIPIENT, SESSION, TOKEN, read_key};
use crate::store::{Session, Token, Visits};

#[async_trait]
impl Visits for SqliteStore {
    async fn begin_session(
        &self,
        digest: &str,
        token: Uuid,
        now: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut writer = self.begin().await?;
        sqlx::query(FORGET).bind(instant_text(now)).execute(&mut *writer).await?;
        let begun = sqlx::query(BEGIN).bind(digest).bind(token.to_string());
        begun.bind(instant_text(now)).bind(instant_text(ends_at)).execute(&mut *writer).await?;
        writer.commit().await?;
        Ok(())
    }

    async fn session(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(SESSION).bind(digest).bind(instant_text(now)).fetch_optional(&self.readers).await?;
        let Some(row) = row else { return Ok(None) };
        let own = OwnRow { row: &row, table: "sessions", id: "one".into() };
        Ok(Some(Session {
            token: own.parsed("token", |text| Uuid::parse_str(text).ok())?,
            name: row.try_get("name")?,
            may_write: row.try_get("may_write")?,
            ends_at: own.parsed("ends_at", read_instant)?,
        }))
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        sqlx::query(END).bind(digest).execute(&self.writer).await?;
        Ok(())
    }

    async fn token_with(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Token>, StoreError> {
        let row = sqlx::query(TOKEN).bind(digest).bind(instant_text(now)).fetch_optional(&self.readers).await?;
        let Some(row) = row else { return Ok(None) };
        let own = OwnRow { row: &row, table: "tokens", id: "one".into() };
        Ok(Some(Token {
            id: own.parsed("id", |text| Uuid::parse_str(text).ok())?,
            ends_at: own.optional("ends_at", read_instant)?,
        }))
    }

    async fn link_key(&self) -> Result<SealKey, StoreError> {
        read_key(sqlx::query_scalar(LINK_KEY).fetch_optional(&self.readers).await?)
    }

    async fn recipient_of(&self, delivery: Uuid) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(RECIPIENT).bind(delivery.to_string()).fetch_optional(&self.readers).await?)
    }
}
