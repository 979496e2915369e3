//! Tokens ↔ rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresStore;
use super::unit::{in_unit, made, query};
use crate::store::{StoreError, StoredToken, Tokens};

const COLUMNS: &str = "id, name, scope, digest, created_at, expires_at, revoked_at";

#[async_trait]
impl Tokens for PostgresStore {
    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError> {
        in_unit!(self, unit, {
            let added = query(
                "INSERT INTO tokens (id, name, scope, digest, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(&token.id)
            .bind(&token.name)
            .bind(token.scope.as_str())
            .bind(token.digest.to_vec())
            .bind(token.created_at)
            .bind(token.expires_at)
            .execute(&mut **unit)
            .await?;
            Ok(added.rows_affected() == 1)
        })
    }

    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        in_unit!(self, unit, {
            let sql = format!("SELECT {COLUMNS} FROM tokens ORDER BY created_at DESC, id");
            made(sql).fetch_all(&mut **unit).await?.iter().map(read).collect()
        })
    }

    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        in_unit!(self, unit, {
            let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = $1");
            made(sql).bind(id).fetch_optional(&mut **unit).await?.as_ref().map(read).transpose()
        })
    }

    async fn revoke_token(&self, id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        in_unit!(self, unit, {
            let revoked = query("UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL");
            Ok(revoked.bind(now).bind(id).execute(&mut **unit).await?.rows_affected() == 1)
        })
    }
}

fn read(row: &PgRow) -> Result<StoredToken, StoreError> {
    let (id, scope): (String, String) = (row.try_get("id")?, row.try_get("scope")?);
    let wrong = |column: &str| StoreError::Corrupt(format!("tokens, id {id}: {column} cannot be read"));
    let digest: Vec<u8> = row.try_get("digest")?;
    Ok(StoredToken {
        name: row.try_get("name")?,
        scope: scope.parse().map_err(|()| wrong("scope"))?,
        digest: digest.try_into().map_err(|_| wrong("digest"))?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        id,
    })
}
