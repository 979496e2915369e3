//! The schema: its migrations, and whether this version works with it.

use sqlx::Row;
use sqlx::migrate::{MigrateError, Migrator};

use super::{SqliteStore, StoreError};
use crate::store::versions::{Versions, WORKS_WITH};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Applies the migrations that the schema lacks, if it is not newer.
///
/// # Errors
/// [`StoreError::Schema`] if it is of a newer claimwatch that this version does not work with.
pub(super) async fn update(store: &SqliteStore) -> Result<(), StoreError> {
    if versions(store).await.is_ok_and(Versions::is_expanded) {
        return Ok(());
    }
    MIGRATIONS.run(&store.writer).await.map_err(|error| match error {
        MigrateError::Execute(error) => StoreError::from(error),
        other => StoreError::Schema(format!("{}: the schema does not fit: {other}", store.path().display())),
    })
}

/// # Errors
/// [`StoreError::Schema`] if this version does not work with the schema.
pub(super) async fn verify(store: &SqliteStore) -> Result<(), StoreError> {
    fits(store, versions(store).await?.refusal())
}

/// # Errors
/// [`StoreError::Schema`] if the schema has anything that this version does not know.
pub(super) async fn verify_all_is_known(store: &SqliteStore) -> Result<(), StoreError> {
    fits(store, versions(store).await?.difference())
}

fn fits(store: &SqliteStore, refusal: Option<String>) -> Result<(), StoreError> {
    refusal.map_or(Ok(()), |why| Err(StoreError::Schema(format!("{}: {why}", store.path().display()))))
}

async fn versions(store: &SqliteStore) -> Result<Versions, StoreError> {
    let applied = sqlx::query("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(&store.readers);
    let applied = applied.await.map_err(|error| match StoreError::from(error) {
        away @ StoreError::Unavailable(_) => away,
        _ => {
            let place = store.path().display();
            StoreError::Schema(format!("{place}: not a claimwatch database yet; run `claimwatch migrate`"))
        }
    })?;
    // A schema from before versions were kept has no such table.
    let works_with = sqlx::query_scalar(WORKS_WITH).fetch_optional(&store.readers).await.ok().flatten();
    let ours = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    Ok(Versions { applied: applied.try_get::<Option<i64>, _>(0)?.unwrap_or(0), works_with, ours })
}
