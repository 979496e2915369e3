//! Sessions of the page, and the key of links.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use uuid::Uuid;

use super::PostgresStore;
use super::unit::{in_unit, query};
use crate::seal::SealKey;
use crate::store::visits::{BEGIN, END, FORGET, LINK_KEY, RECIPIENT, SESSION, TOKEN, read_key};
use crate::store::{Session, StoreError, Token, Visits};

#[async_trait]
impl Visits for PostgresStore {
    async fn begin_session(
        &self,
        digest: &str,
        token: Uuid,
        now: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            query(FORGET).bind(now).execute(&mut **unit).await?;
            query(BEGIN).bind(digest).bind(token).bind(now).bind(ends_at).execute(&mut **unit).await?;
            Ok(())
        })
    }

    async fn session(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Session>, StoreError> {
        in_unit!(self, unit, {
            let Some(row) = query(SESSION).bind(digest).bind(now).fetch_optional(&mut **unit).await? else {
                return Ok(None);
            };
            Ok(Some(Session {
                token: row.try_get("token")?,
                name: row.try_get("name")?,
                may_write: row.try_get("may_write")?,
                ends_at: row.try_get("ends_at")?,
            }))
        })
    }

    async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        in_unit!(self, unit, {
            query(END).bind(digest).execute(&mut **unit).await?;
            Ok(())
        })
    }

    async fn token_with(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Token>, StoreError> {
        in_unit!(self, unit, {
            let row = query(TOKEN).bind(digest).bind(now).fetch_optional(&mut **unit).await?;
            Ok(match row {
                Some(row) => Some(Token { id: row.try_get("id")?, ends_at: row.try_get("ends_at")? }),
                None => None,
            })
        })
    }

    async fn link_key(&self) -> Result<SealKey, StoreError> {
        in_unit!(self, unit, {
            let row = query(LINK_KEY).fetch_optional(&mut **unit).await?;
            read_key(row.map(|row| row.try_get("value")).transpose()?)
        })
    }

    async fn recipient_of(&self, delivery: Uuid) -> Result<Option<String>, StoreError> {
        in_unit!(self, unit, {
            let row = query(RECIPIENT).bind(delivery).fetch_optional(&mut **unit).await?;
            Ok(row.map(|row| row.try_get("recipient")).transpose()?)
        })
    }
}
