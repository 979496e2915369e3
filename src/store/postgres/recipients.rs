//! Addresses that their mail server refuses.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::unit::{made, query};
use crate::store::StoreError;
use crate::store::recipients;
use crate::store::recipients::{DISABLED, DUE_AGAIN, DisabledAddress, ENABLED, GIVEN_UP, REFUSALS, REFUSED};

/// Counts a refusal of a delivery's recipient; one too many disables it.
pub(super) async fn refused(
    connection: &mut PgConnection,
    delivery: Uuid,
    now: DateTime<Utc>,
    words: &str,
) -> Result<(), StoreError> {
    query(REFUSED).bind(delivery).bind(now).bind(words).bind(REFUSALS).execute(&mut *connection).await?;
    give_up(connection).await
}

/// Messages were taken for the recipients of `deliveries`: what was refused before is forgotten.
pub(super) async fn taken(connection: &mut PgConnection, deliveries: &[Uuid]) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    made(recipients::taken("= ANY ($1)")).bind(deliveries).execute(connection).await?;
    Ok(())
}

/// Gives up what waits for disabled addresses.
pub(super) async fn give_up(connection: &mut PgConnection) -> Result<(), StoreError> {
    query(GIVEN_UP).execute(connection).await?;
    Ok(())
}

/// Makes an address right again; `None`: it was not disabled. Returns how many deliveries are due again.
pub(super) async fn enable(
    connection: &mut PgConnection,
    address: &str,
    now: DateTime<Utc>,
) -> Result<Option<u64>, StoreError> {
    if query(ENABLED).bind(address).execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(None);
    }
    Ok(Some(query(DUE_AGAIN).bind(address).bind(now).execute(connection).await?.rows_affected()))
}

pub(super) async fn disabled(connection: &mut PgConnection) -> Result<Vec<DisabledAddress>, StoreError> {
    let rows = query(DISABLED).fetch_all(connection).await?;
    let read = |row: &PgRow| {
        Ok(DisabledAddress {
            address: row.try_get("address")?,
            disabled_at: row.try_get("disabled_at")?,
            words: row.try_get("words")?,
            told_at: row.try_get("told_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Notes that it is told of `addresses`; says whether it had not been.
pub(super) async fn note_told(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    addresses: &[&str],
) -> Result<bool, StoreError> {
    let told = query(
        "UPDATE recipients SET told_at = $2 WHERE disabled_at IS NOT NULL AND told_at IS NULL AND address = ANY ($1)",
    );
    Ok(told.bind(addresses).bind(now).execute(connection).await?.rows_affected() > 0)
}
