//! Tokens ↔ rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

use super::rows::{OwnRow, instant_text, read_instant};
use super::{SqliteStore, StoreError};
use crate::store::{StoredToken, Tokens};

const COLUMNS: &str = "id, name, scope, digest, created_at, expires_at, revoked_at";

#[async_trait]
impl Tokens for SqliteStore {
    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError> {
        let mut writer = self.begin().await?;
        let added = sqlx::query(
            "INSERT INTO tokens (id, name, scope, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(&token.id)
        .bind(&token.name)
        .bind(token.scope.as_str())
        .bind(token.digest.to_vec())
        .bind(instant_text(token.created_at))
        .bind(instant_text(token.expires_at))
        .execute(&mut *writer)
        .await?;
        writer.commit().await?;
        Ok(added.rows_affected() == 1)
    }

    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tokens ORDER BY created_at DESC, id");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *self.readers.acquire().await?).await?;
        rows.iter().map(read).collect()
    }

    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = ?");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(id.to_owned());
        row.fetch_optional(&mut *self.readers.acquire().await?).await?.as_ref().map(read).transpose()
    }

    async fn revoke_token(&self, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut writer = self.begin().await?;
        let revoked = sqlx::query("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL");
        let revoked = revoked.bind(instant_text(now)).bind(id.to_owned()).execute(&mut *writer).await?;
        writer.commit().await?;
        Ok(revoked.rows_affected() == 1)
    }
}

fn read(row: &SqliteRow) -> Result<StoredToken, StoreError> {
    let own = OwnRow { row, table: "tokens", id: row.try_get("id")? };
    let digest: Vec<u8> = row.try_get("digest")?;
    Ok(StoredToken {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        scope: own.parsed("scope", |text| text.parse().ok())?,
        digest: digest.try_into().map_err(|_| StoreError::Corrupt(format!("tokens, id {}: no digest", own.id)))?,
        created_at: own.parsed("created_at", read_instant)?,
        expires_at: own.parsed("expires_at", read_instant)?,
        revoked_at: own.optional("revoked_at", read_instant)?,
    })
}
