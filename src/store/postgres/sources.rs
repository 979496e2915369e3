//! The views `source_*`: claimwatch's only way to the claims, over whatever relations the configuration names.

use sqlx::Row;
use sqlx::postgres::types::Oid;

use super::unit::{Isolation, Unit, in_unit, query};
use super::{PostgresStore, schema};
use crate::store::relations::{FINGERPRINT, Relation, differs, fingerprint, relations};
use crate::store::{SourceRelations, StoreError};

/// Makes the views over `sources`; unless `anew`, only where there are none. Several daemons may try at once.
///
/// # Errors
/// [`StoreError::Schema`] if a relation or column is missing or of another type, or, unless `anew`, if the views are over
/// other relations.
pub(super) async fn make_views(store: &PostgresStore, sources: &SourceRelations, anew: bool) -> Result<(), StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    schema::change_alone(&mut unit, &store.schema).await?;
    if !anew && let Some(known) = known(&mut unit).await? {
        unit.commit().await?;
        return differs(Some(&known), sources);
    }
    for relation in relations(sources) {
        if let Some(name) = relation.name {
            refuse_other_columns(&mut unit, &relation, name).await?;
        }
        let view = relation.view;
        // Dropped rather than replaced: its columns may have had other types.
        unit.simple(format!("DROP VIEW IF EXISTS {view}; CREATE VIEW {view} AS {}", select(&relation))).await?;
        take_back_writing(&mut unit, view).await?;
    }
    query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(FINGERPRINT)
        .bind(fingerprint(sources))
        .execute(&mut *unit)
        .await?;
    unit.commit().await
}

/// A view over one table can be written through, and default privileges may have granted that: its owner alone keeps it.
async fn take_back_writing(unit: &mut Unit, view: &str) -> Result<(), StoreError> {
    let rows = query(
        "SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role \
         FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass($1) AND a.grantee <> c.relowner \
         AND a.privilege_type <> 'SELECT'",
    )
    .bind(view)
    .fetch_all(&mut **unit)
    .await?;
    for row in &rows {
        let role: String = row.try_get("role")?;
        unit.simple(format!("REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {view} FROM {role}"))
            .await?;
    }
    Ok(())
}

/// # Errors
/// [`StoreError::Schema`] with every column that is missing or of a type that we cannot read.
async fn refuse_other_columns(unit: &mut Unit, relation: &Relation<'_>, name: &str) -> Result<(), StoreError> {
    let found = columns(unit, name).await?;
    let wrong = wrong_columns(relation, found.as_deref());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(StoreError::Schema(format!("[source]: {}: {name:?}: {}", relation.key, wrong.join("; "))))
}

/// The columns of a relation, each with its type; `None`: there is no relation of that name.
///
/// Asked of the catalogs, which everybody may read: whoever lacks a right on its schema learns of its columns all the same.
pub(super) async fn columns(unit: &mut Unit, name: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let Some(oid) = relation(unit, name).await? else { return Ok(None) };
    let rows = query(
        "SELECT a.attname::text AS name, coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text AS type \
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .bind(oid)
    .fetch_all(&mut **unit)
    .await?;
    Ok(Some(
        rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("type")?))).collect::<Result<_, sqlx::Error>>()?,
    ))
}

/// The relation of that name, of our own schema if it names none.
pub(super) async fn relation(unit: &mut Unit, name: &str) -> Result<Option<Oid>, StoreError> {
    let (schema, name) = name.split_once('.').map_or((None, name), |(schema, name)| (Some(schema), name));
    let row = query(
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = coalesce($1, trim(current_setting('search_path'), '\"')) AND c.relname = $2 \
         AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
    )
    .bind(schema)
    .bind(name)
    .fetch_optional(&mut **unit)
    .await?;
    Ok(row.map(|row| row.try_get("oid")).transpose()?)
}

/// What keeps a relation from being read, a line each.
pub(super) fn wrong_columns(relation: &Relation<'_>, found: Option<&[(String, String)]>) -> Vec<String> {
    let Some(found) = found else {
        return vec![
            "found no such table or view, expected one; a relation of another schema is named with it, as \"public.claims\""
                .into(),
        ];
    };
    let wrong = |column: &&str| {
        let expected = expected_type(column);
        match found.iter().find(|(name, _)| name == column) {
            None => Some(format!("column {column} is missing, expected {}", expected.join(" or "))),
            Some((_, kind)) if expected.contains(&kind.as_str()) => None,
            Some((_, kind)) => Some(format!("column {column}: found {kind}, expected {}", expected.join(" or "))),
        }
    };
    relation.columns.iter().filter_map(wrong).collect()
}

/// The types that a column may have: those that our statements read, and whose indexes they use.
fn expected_type(column: &str) -> &'static [&'static str] {
    match column {
        "at" => &["timestamp with time zone"],
        "amount" => &["numeric"],
        "requires_tax_invoice" => &["boolean"],
        instant if instant.ends_with("_at") => &["timestamp with time zone"],
        _ => &["text", "character varying"],
    }
}

pub(super) fn select(relation: &Relation<'_>) -> String {
    match relation.name {
        Some(name) => format!("SELECT {} FROM {}", relation.columns.join(", "), quoted(name)),
        None => {
            let nulls: Vec<String> = relation
                .columns
                .iter()
                .map(|column| format!("NULL::{} AS {column}", expected_type(column)[0]))
                .collect();
            format!("SELECT {} WHERE false", nulls.join(", "))
        }
    }
}

/// A name of the configuration, each part quoted.
pub(super) fn quoted(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(|part| format!("\"{part}\"")).collect();
    parts.join(".")
}

/// The relations that the views were last made over; `None`: never.
pub(super) async fn made_over(store: &PostgresStore) -> Result<Option<String>, StoreError> {
    in_unit!(store, unit, known(unit).await)
}

async fn known(unit: &mut Unit) -> Result<Option<String>, StoreError> {
    let row = query("SELECT value FROM settings WHERE name = $1").bind(FINGERPRINT).fetch_optional(&mut **unit).await?;
    Ok(row.map(|row| row.try_get("value")).transpose()?)
}

/// # Errors
/// [`StoreError::Schema`] if the views are over other relations.
pub(super) async fn verify(store: &PostgresStore, sources: &SourceRelations) -> Result<(), StoreError> {
    differs(made_over(store).await?.as_deref(), sources)
}
