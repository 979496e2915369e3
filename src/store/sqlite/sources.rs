//! The views `source_*`: claimwatch's only way to the claims, over whatever relations the configuration names.

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Row};

use super::{SqliteStore, StoreError};
use crate::claim::Moment;
use crate::store::SourceRelations;

/// The names as they are kept in the database, to tell a changed configuration.
fn fingerprint(sources: &SourceRelations) -> String {
    let SourceRelations { claims, programs, payments, history } = sources;
    let or_none = |name: &Option<String>| name.clone().unwrap_or_default();
    let (payments, history) = (or_none(payments), or_none(history));
    format!("claims = {claims:?}, programs = {programs:?}, payments = {payments:?}, history = {history:?}")
}

const PROGRAM_COLUMNS: [&str; 5] = ["program_id", "name", "calendar", "requires_tax_invoice", "payment_currency"];
const PAYMENT_COLUMNS: [&str; 6] = ["payment_id", "claim_id", "paying_entity", "amount", "currency", "paid_at"];
const HISTORY_COLUMNS: [&str; 4] = ["claim_id", "at", "status", "note"];
const FINGERPRINT: &str = "source";

fn claim_columns() -> Vec<&'static str> {
    let before = ["claim_id", "program_id", "partner_name", "title", "status"];
    let instants = Moment::ALL.map(Moment::column);
    before.into_iter().chain(instants).chain(["amount", "currency"]).collect()
}

pub(super) async fn make_views(store: &SqliteStore, sources: &SourceRelations) -> Result<(), StoreError> {
    let views = [
        ("claims", Some(sources.claims.as_str()), &claim_columns()[..]),
        ("programs", Some(&sources.programs), &PROGRAM_COLUMNS),
        ("payments", sources.payments.as_deref(), &PAYMENT_COLUMNS),
        ("history", sources.history.as_deref(), &HISTORY_COLUMNS),
    ];
    let mut transaction = store.begin().await?;
    for (key, relation, columns) in views {
        let name = format!("source_{key}");
        let select = view(relation, columns);
        sqlx::query(AssertSqlSafe(format!("DROP VIEW IF EXISTS {name}"))).execute(&mut *transaction).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE VIEW {name} AS {select}"))).execute(&mut *transaction).await?;
        // A view is only looked into when it is read.
        let looked = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {name} LIMIT 0")));
        looked.fetch_optional(&mut *transaction).await.map_err(|error| {
            let why = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            StoreError::Schema(format!(
                "[source]: {key}: found {:?} ({why}), expected a table or view with the columns {}",
                relation.unwrap_or_default(),
                columns.join(", ")
            ))
        })?;
    }
    sqlx::query(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(FINGERPRINT)
    .bind(fingerprint(sources))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

fn view(relation: Option<&str>, columns: &[&str]) -> String {
    match relation {
        Some(relation) => {
            let quoted: Vec<String> = relation.split('.').map(|part| format!("\"{part}\"")).collect();
            format!("SELECT {} FROM {}", columns.join(", "), quoted.join("."))
        }
        None => {
            let nulls: Vec<String> = columns.iter().map(|column| format!("NULL AS {column}")).collect();
            format!("SELECT {} WHERE false", nulls.join(", "))
        }
    }
}

/// The relations that the views were last made over; `None`: never.
pub(super) async fn made_over(store: &SqliteStore) -> Result<Option<String>, StoreError> {
    let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?").bind(FINGERPRINT);
    Ok(value.fetch_optional(&store.readers).await?)
}

pub(super) async fn verify(
    store: &SqliteStore,
    sources: &SourceRelations,
    migrations: &Migrator,
) -> Result<(), StoreError> {
    let place = store.path().display();
    let applied = sqlx::query("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(&store.readers)
        .await
        .map_err(|_| StoreError::Schema(format!("{place}: not a claimwatch database yet; run `claimwatch migrate`")))?
        .try_get::<Option<i64>, _>(0)?
        .unwrap_or(0);
    let ours = migrations.iter().map(|migration| migration.version).max().unwrap_or(0);
    match applied.cmp(&ours) {
        std::cmp::Ordering::Less => {
            return Err(StoreError::Schema(format!(
                "{place}: the schema is at version {applied}, this claimwatch needs {ours}; run `claimwatch migrate`"
            )));
        }
        std::cmp::Ordering::Greater => {
            return Err(StoreError::Schema(format!(
                "{place}: the schema is at version {applied}, newer than this claimwatch knows ({ours}); upgrade claimwatch"
            )));
        }
        std::cmp::Ordering::Equal => {}
    }
    let configured = fingerprint(sources);
    match made_over(store).await? {
        Some(found) if found == configured => Ok(()),
        found => Err(StoreError::Schema(format!(
            "[source] differs from what the database was made over: found {configured}, expected {}; \
             if the new one is right, run `claimwatch migrate`",
            found.as_deref().unwrap_or("nothing yet")
        ))),
    }
}
