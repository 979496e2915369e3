//! The schema: its migrations, and whether this version works with it.

use sqlx::Row;
use sqlx::migrate::{MigrateError, Migrator};

use super::{SqliteStore, StoreError};
use crate::store::versions::{Versions, WORKS_WITH};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Applies the migrations that the schema lacks; one that is newer and was only expanded is left as it is.
///
/// # Errors
/// [`StoreError::Schema`] if it is of a newer claimwatch that this version does not work with.
pub(super) async fn update(store: &SqliteStore) -> Result<(), StoreError> {
    match MIGRATIONS.run(&store.writer).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) if versions(store).await?.is_expanded() => Ok(()),
        Err(MigrateError::Execute(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Schema(format!("{}: the schema does not fit: {other}", store.path().display()))),
    }
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
    let applied = applied.try_get::<Option<i64>, _>(0)?.unwrap_or(0);
    let ours = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let works_with = match applied > ours {
        true => sqlx::query_scalar(WORKS_WITH).fetch_optional(&store.readers).await?,
        false => None,
    };
    Ok(Versions { applied, works_with, ours })
}
