//! Addresses that their mail server refuses.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::StoreError;
use super::rows::{OwnRow, instant_text, read_instant};
use crate::store::change::json_text;
use crate::store::recipients;
use crate::store::recipients::{DISABLED, DUE_AGAIN, DisabledAddress, ENABLED, GIVEN_UP, REFUSALS, REFUSED};

/// Counts a refusal of a delivery's recipient; one too many disables it.
pub(super) async fn refused(
    writer: &mut SqliteConnection,
    delivery: Uuid,
    now: DateTime<Utc>,
    words: &str,
) -> Result<(), StoreError> {
    let counted = sqlx::query(REFUSED).bind(delivery.to_string()).bind(instant_text(now)).bind(words).bind(REFUSALS);
    counted.execute(&mut *writer).await?;
    give_up(writer).await
}

/// Messages were taken for the recipients of `deliveries`: what was refused before is forgotten.
pub(super) async fn taken(writer: &mut SqliteConnection, deliveries: &[Uuid]) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let sql = AssertSqlSafe(recipients::taken("IN (SELECT value FROM json_each(?1))"));
    sqlx::query(sql).bind(json_text(deliveries)?).execute(&mut *writer).await?;
    Ok(())
}

/// Gives up what waits for disabled addresses.
pub(super) async fn give_up(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(GIVEN_UP).execute(&mut *writer).await?;
    Ok(())
}

/// Makes an address right again; `None`: it was not disabled. Returns how many deliveries are due again.
pub(super) async fn enable(
    writer: &mut SqliteConnection,
    address: &str,
    now: DateTime<Utc>,
) -> Result<Option<u64>, StoreError> {
    if sqlx::query(ENABLED).bind(address).execute(&mut *writer).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let due = sqlx::query(DUE_AGAIN).bind(address).bind(instant_text(now)).execute(&mut *writer).await?;
    Ok(Some(due.rows_affected()))
}

pub(super) async fn disabled(reader: &mut SqliteConnection) -> Result<Vec<DisabledAddress>, StoreError> {
    let rows = sqlx::query(DISABLED).fetch_all(&mut *reader).await?;
    let read = |row| {
        let own = OwnRow { row, table: "recipients", id: row.try_get("address")? };
        Ok(DisabledAddress {
            address: own.id.clone(),
            disabled_at: own.parsed("disabled_at", read_instant)?,
            words: row.try_get("words")?,
            told_at: own.optional("told_at", read_instant)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Notes that it is told of `addresses`; says whether it had not been.
pub(super) async fn note_told(
    writer: &mut SqliteConnection,
    now: DateTime<Utc>,
    addresses: &[&str],
) -> Result<bool, StoreError> {
    let told = sqlx::query(
        "UPDATE recipients SET told_at = ?2 WHERE disabled_at IS NOT NULL AND told_at IS NULL \
         AND address IN (SELECT value FROM json_each(?1))",
    );
    let told = told.bind(json_text(addresses)?).bind(instant_text(now)).execute(&mut *writer).await?;
    Ok(told.rows_affected() > 0)
}
