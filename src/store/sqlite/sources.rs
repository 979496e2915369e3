//! The views `source_*`: claimwatch's only way to the claims, over whatever relations the configuration names.

use sqlx::AssertSqlSafe;

use super::{SqliteStore, StoreError, schema};
use crate::store::SourceRelations;
use crate::store::relations::{FINGERPRINT, Relation, differs, fingerprint, relations};

pub(super) async fn make_views(store: &SqliteStore, sources: &SourceRelations) -> Result<(), StoreError> {
    let mut transaction = store.begin().await?;
    for Relation { key, view: name, name: relation, columns } in relations(sources) {
        let select = view(relation, &columns);
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

/// # Errors
/// [`StoreError::Schema`] if this version does not work with the schema, or the views are over other relations.
pub(super) async fn verify(store: &SqliteStore, sources: &SourceRelations) -> Result<(), StoreError> {
    schema::verify(store).await?;
    differs(made_over(store).await?.as_deref(), sources)
}
