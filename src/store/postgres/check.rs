//! What the database lacks of what scans need: a server that takes changes, columns and their types, rights, indexes.
//!
//! Looks and changes nothing, also before the first `migrate`, as whoever will run or migrate. Each part is a unit of its
//! own: what one cannot find out says so, and hides no other.

mod derive;
mod indexes;
mod needs;
mod plan;
mod rights;
mod statements;
mod tables;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::unit::{Isolation, query};
use super::{PostgresStore, sources};
use crate::claim::Redactable;
use crate::sla::Rule;
use crate::store::relations::relations;
use crate::store::{Finding, SourceRelations, StoreError};

/// The whole of it, the most basic first. What rests on what is missing is not looked at.
pub(super) async fn findings(
    store: &PostgresStore,
    sources: &SourceRelations,
    rules: &[Rule],
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = or_why("server", server(store).await.map(|finding| vec![finding]));
    let mut basis = or_why("sources", columns(store, sources).await);
    basis.extend(or_why("rights", rights::findings(store, sources).await));
    let may_be_read = basis.iter().all(|finding| finding.fix.is_none());
    findings.append(&mut basis);
    if may_be_read {
        findings.extend(or_why("indexes", indexes::findings(store, sources, rules, now).await));
    }
    findings
}

fn or_why(check: &'static str, found: Result<Vec<Finding>, StoreError>) -> Vec<Finding> {
    found.unwrap_or_else(|error| vec![Finding::unmet(check, error.to_string(), "see [source] and the database")])
}

/// Whether the server takes changes. Its version was looked at as we connected.
async fn server(store: &PostgresStore) -> Result<Finding, StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let row = query(
        "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby, \
         current_setting('default_transaction_read_only') = 'on' AS read_only, quote_ident(current_user) AS role",
    )
    .fetch_one(&mut *unit)
    .await?;
    unit.commit().await?;
    let (version, role): (String, String) = (row.try_get("version")?, row.try_get("role")?);
    let version = Redactable::from("PostgreSQL ").public(version);
    Ok(if row.try_get("standby")? {
        Finding::unmet(
            "server",
            version.and(": a standby, which takes no changes"),
            "name the primary in database.url; a standby is for dashboards",
        )
    } else if row.try_get("read_only")? {
        Finding::unmet(
            "server",
            version.and(": default_transaction_read_only is on, and nothing can be written"),
            format!("ALTER ROLE {role} SET default_transaction_read_only TO off"),
        )
    } else {
        Finding::met("server", version)
    })
}

/// Whether the relations of `[source]` have the columns that are read.
async fn columns(store: &PostgresStore, configured: &SourceRelations) -> Result<Vec<Finding>, StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let migrated = sources::relation(&mut unit, "sla_alerts").await?.is_some();
    let (mut findings, mut names) = (Vec::new(), Vec::new());
    for relation in relations(configured) {
        let Some(name) = relation.name else { continue };
        // Before the first migration those of our own are not there yet.
        if !migrated && !name.contains('.') && sources::columns(&mut unit, name).await?.is_none() && is_ours(name) {
            names.push(format!("{name} (made by `claimwatch migrate`)"));
            continue;
        }
        let found = sources::columns(&mut unit, name).await?;
        for wrong in sources::wrong_columns(&relation, found.as_deref()) {
            findings.push(Finding::unmet(
                "sources",
                Redactable::from("[source] ").public(relation.key).and(": ").private(format!("{name}: {wrong}")),
                "see docs/input.md for the columns and docs/postgresql.md for views; then `claimwatch migrate`",
            ));
        }
        if migrated && sources::relation(&mut unit, relation.view).await?.is_none() {
            findings.push(Finding::unmet(
                "sources",
                format!("{} is gone, as when {name} below it is dropped with CASCADE", relation.view),
                "run `claimwatch migrate`",
            ));
        }
        names.push(name.to_owned());
    }
    unit.commit().await?;
    if findings.is_empty() {
        findings.push(Finding::met("sources", names.join(", ")));
    }
    Ok(findings)
}

/// Whether a migration makes a relation of this name.
fn is_ours(name: &str) -> bool {
    relations(&SourceRelations::default()).iter().any(|relation| relation.name == Some(name))
}

/// A name, with its schema or without, as it is to be pasted: in quotes where it needs them.
fn pasted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    if name.chars().all(plain) { name.to_owned() } else { sources::quoted(name) }
}
