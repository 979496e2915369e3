//! The schema: its migrations, and whether this version works with it.

use sqlx::Row;
use sqlx::migrate::Migrator;

use super::unit::{Isolation, Unit, query};
use super::{PostgresStore, connect};
use crate::store::StoreError;
use crate::store::versions::{Versions, WORKS_WITH};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The oldest server that will do, as `server_version_num` has it.
const OLDEST_SERVER: i32 = 140_000;

/// # Errors
/// [`StoreError::Schema`] if the server is too old.
pub(super) async fn refuse_old_servers(mut unit: Unit) -> Result<(), StoreError> {
    let row = query(
        "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version",
    )
    .fetch_one(&mut *unit)
    .await?;
    let (number, version): (i32, String) = (row.try_get("number")?, row.try_get("version")?);
    unit.commit().await?;
    if number < OLDEST_SERVER {
        return Err(StoreError::Schema(format!("found PostgreSQL {version}, expected 14 or newer")));
    }
    Ok(())
}

/// Makes the schema, if it is not there, and applies the migrations that it lacks, all in one transaction: several daemons
/// may try at once.
pub(super) async fn update(store: &PostgresStore) -> Result<(), StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let there: bool = query("SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS there")
        .bind(&store.schema)
        .fetch_one(&mut *unit)
        .await?
        .try_get("there")?;
    change_alone(&mut unit, &store.schema).await?;
    if !there {
        unit.simple(format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", store.schema.replace('"', "\"\""))).await?;
    }
    unit.simple(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, \
         installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, \
         execution_time bigint NOT NULL)"
            .into(),
    )
    .await?;
    let rows = query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version").fetch_all(&mut *unit).await?;
    let applied: Vec<(i64, Vec<u8>)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()?;
    let newest = applied.iter().map(|(version, _)| *version).max().unwrap_or(0);
    if newest > newest_known() {
        let versions = versions(&mut unit, newest).await?;
        unit.commit().await?;
        return fits(store, versions.refusal());
    }
    for migration in MIGRATIONS.iter() {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((_, checksum)) if *checksum == *migration.checksum => {}
            Some((version, _)) => {
                return Err(StoreError::Schema(format!(
                    "{}: migration {version} was applied by another claimwatch and has another text",
                    connect::place(&store.options)
                )));
            }
            None => {
                unit.simple(migration.sql.as_str().to_owned()).await?;
                query(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES ($1, $2, true, $3, 0)",
                )
                .bind(migration.version)
                .bind(&*migration.description)
                .bind(&*migration.checksum)
                .execute(&mut *unit)
                .await?;
            }
        }
    }
    unit.commit().await
}

/// Whether we may make tables in the schema, or the schema itself.
pub(super) async fn may_be_changed(store: &PostgresStore) -> Result<bool, StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let row = query(
        "SELECT coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1), \
         has_database_privilege(current_database(), 'CREATE')) AS may",
    )
    .bind(&store.schema)
    .fetch_one(&mut *unit)
    .await?;
    unit.commit().await?;
    Ok(row.try_get("may")?)
}

/// Waits until nobody else changes the schema; nobody does until the transaction ends, so that it works through PgBouncer.
pub(super) async fn change_alone(unit: &mut Unit, schema: &str) -> Result<(), StoreError> {
    query("SELECT pg_advisory_xact_lock(hashtext('claimwatch migrate'), hashtext($1))")
        .bind(schema)
        .fetch_one(&mut **unit)
        .await?;
    Ok(())
}

/// # Errors
/// [`StoreError::Schema`] if this version does not work with the schema.
pub(super) async fn verify(store: &PostgresStore) -> Result<(), StoreError> {
    fits(store, found(store).await?.refusal())
}

/// # Errors
/// [`StoreError::Schema`] if the schema has anything that this version does not know.
pub(super) async fn verify_all_is_known(store: &PostgresStore) -> Result<(), StoreError> {
    fits(store, found(store).await?.difference())
}

fn fits(store: &PostgresStore, refusal: Option<String>) -> Result<(), StoreError> {
    refusal.map_or(Ok(()), |why| Err(StoreError::Schema(format!("{}: {why}", connect::place(&store.options)))))
}

/// What schema there is.
async fn found(store: &PostgresStore) -> Result<Versions, StoreError> {
    let place = connect::place(&store.options);
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let (may_use, there): (bool, bool) = {
        let row = query(
            "SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1), true) \
             AS may_use, to_regclass('_sqlx_migrations') IS NOT NULL AS there",
        );
        let row = row.bind(&store.schema).fetch_one(&mut *unit).await?;
        (row.try_get("may_use")?, row.try_get("there")?)
    };
    if !may_use {
        return Err(StoreError::Schema(format!(
            "{place}: permission denied for schema {}; see deploy/postgres/roles.sql for the rights that are needed",
            store.schema
        )));
    }
    if !there {
        return Err(StoreError::Schema(format!(
            "{place}: no claimwatch tables in schema {:?} yet; run `claimwatch migrate`",
            store.schema
        )));
    }
    let row = query("SELECT coalesce(max(version), 0) AS version FROM _sqlx_migrations WHERE success")
        .fetch_one(&mut *unit)
        .await?;
    let versions = versions(&mut unit, row.try_get("version")?).await?;
    unit.commit().await?;
    Ok(versions)
}

async fn versions(unit: &mut Unit, applied: i64) -> Result<Versions, StoreError> {
    let ours = newest_known();
    let row = if applied > ours { query(WORKS_WITH).fetch_optional(&mut **unit).await? } else { None };
    Ok(Versions { applied, works_with: row.map(|row| row.try_get(0)).transpose()?, ours })
}

/// The version that this claimwatch brings the schema to.
fn newest_known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}
