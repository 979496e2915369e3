//! The rights that statements need: of whoever runs on our tables and views, and of our views' owner on what is below.

use sqlx::Row;
use sqlx::postgres::types::Oid;

use super::pasted;
use crate::store::postgres::unit::{Isolation, Unit, query};
use crate::store::postgres::{PostgresStore, sources};
use crate::store::relations::relations;
use crate::store::{Finding, SourceRelations, StoreError};

/// What the daemon's statements do to each relation of our schema. `deploy/postgres/roles.sql` grants the same.
const NEEDED: [(&str, &[&str]); 19] = [
    ("_sqlx_migrations", &["SELECT"]),
    ("settings", &["SELECT"]),
    ("source_claims", &["SELECT"]),
    ("source_programs", &["SELECT"]),
    ("source_payments", &["SELECT"]),
    ("source_history", &["SELECT"]),
    ("sla_alerts", &["SELECT", "INSERT", "UPDATE"]),
    ("sla_alert_events", &["SELECT", "INSERT"]),
    ("data_problems", &["SELECT", "INSERT", "UPDATE"]),
    ("alert_escalations", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("outbox_messages", &["SELECT", "INSERT", "UPDATE"]),
    ("outbox", &["SELECT", "INSERT", "UPDATE"]),
    ("threads", &["SELECT", "INSERT", "UPDATE"]),
    ("recipients", &["SELECT", "INSERT", "UPDATE"]),
    ("silences", &["SELECT", "INSERT", "UPDATE"]),
    ("sessions", &["SELECT", "INSERT", "DELETE"]),
    ("scans", &["SELECT", "INSERT", "UPDATE"]),
    ("leases", &["SELECT", "INSERT", "UPDATE"]),
    ("terms", &["SELECT", "INSERT", "UPDATE"]),
];

const ROLES: &str = "deploy/postgres/roles.sql grants all that is needed";

pub(super) async fn findings(store: &PostgresStore, configured: &SourceRelations) -> Result<Vec<Finding>, StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let role: String =
        query("SELECT quote_ident(current_user) AS role").fetch_one(&mut *unit).await?.try_get("role")?;
    let mut findings = Vec::new();
    if sources::relation(&mut unit, "sla_alerts").await?.is_some() {
        ours(&mut unit, (&store.schema, &pasted(&store.schema)), &role, &mut findings).await?;
        below(&mut unit, configured, &mut findings).await?;
    } else {
        to_migrate(&mut unit, &store.schema, &role, &mut findings).await?;
        sources_of(&mut unit, configured, &role, &mut findings).await?;
    }
    unit.commit().await?;
    if findings.is_empty() {
        findings.push(Finding::met("rights", format!("{role} has those that it needs")));
    }
    Ok(findings)
}

/// What the connected role lacks in our schema.
async fn ours(
    unit: &mut Unit,
    (name, schema): (&str, &str),
    role: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let may_use = query("SELECT has_schema_privilege(oid, 'USAGE') AS may FROM pg_namespace WHERE nspname = $1");
    if !may_use.bind(name).fetch_one(&mut **unit).await?.try_get::<bool, _>("may")? {
        let grant = format!("GRANT USAGE ON SCHEMA {schema} TO {role}");
        findings.push(missing(format!("{role} may not use schema {schema}"), &grant));
    }
    for (name, rights) in NEEDED {
        let Some(relation) = sources::relation(unit, name).await? else { continue };
        let mut lacking = Vec::new();
        for right in rights {
            if !may(unit, None, relation, right).await? {
                lacking.push(*right);
            }
        }
        if !lacking.is_empty() {
            let grant = format!("GRANT {} ON {schema}.{name} TO {role}", lacking.join(", "));
            findings.push(missing(format!("{role} lacks {} on {schema}.{name}", lacking.join(", ")), &grant));
        }
    }
    Ok(())
}

/// What the owner of our views lacks on the relations below them: a view checks its owner's rights.
async fn below(unit: &mut Unit, configured: &SourceRelations, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    for relation in relations(configured) {
        let Some(name) = relation.name else { continue };
        let Some(view) = sources::relation(unit, relation.view).await? else { continue };
        let Some(source) = sources::relation(unit, name).await? else { continue };
        let row =
            query("SELECT relowner, quote_ident(pg_get_userbyid(relowner)) AS owner FROM pg_class WHERE oid = $1");
        let row = row.bind(view).fetch_one(&mut **unit).await?;
        let (owner, named): (Oid, String) = (row.try_get("relowner")?, row.try_get("owner")?);
        if !may(unit, Some(owner), source, "SELECT").await? {
            findings.push(unread(&named, name, &format!(", the owner of {},", relation.view)));
        }
    }
    Ok(())
}

/// What the connected role lacks to make our schema.
async fn to_migrate(unit: &mut Unit, schema: &str, role: &str, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let row = query(
        "SELECT has_database_privilege(current_database(), 'CREATE') AS may, quote_ident(current_database()) AS database, \
         (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1) AS may_in_schema, \
         (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = $1) AS owner",
    );
    let row = row.bind(schema).fetch_one(&mut **unit).await?;
    let (may, database): (bool, String) = (row.try_get("may")?, row.try_get("database")?);
    let may_in_schema: Option<bool> = row.try_get("may_in_schema")?;
    if let (Some(false), Some(owner)) = (may_in_schema, row.try_get::<Option<String>, _>("owner")?) {
        let what = format!("{role} may not make tables in schema {schema}");
        findings.push(Finding::unmet(
            "rights",
            what,
            format!("run `claimwatch migrate` as {owner}, whose schema it is"),
        ));
    } else if may_in_schema.is_none() && !may {
        let grant = format!("GRANT CREATE ON DATABASE {database} TO {role}");
        findings.push(missing(format!("{role} may not make schema {schema}"), &grant));
    }
    Ok(())
}

/// What the connected role lacks on the sources, to make views over them.
async fn sources_of(
    unit: &mut Unit,
    configured: &SourceRelations,
    role: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    for name in relations(configured).iter().filter_map(|relation| relation.name) {
        let Some(source) = sources::relation(unit, name).await? else { continue };
        let row = query(
            "SELECT n.nspname::text AS schema, has_schema_privilege(n.oid, 'USAGE') AS may \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1",
        );
        let row = row.bind(source).fetch_one(&mut **unit).await?;
        if !row.try_get::<bool, _>("may")? {
            let schema = pasted(row.try_get("schema")?);
            let grant = format!("GRANT USAGE ON SCHEMA {schema} TO {role}");
            let finding = Finding::unmet("rights", format!("{role} may not use schema {schema}"), grant);
            // Several relations are in one schema.
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        if !may(unit, None, source, "SELECT").await? {
            findings.push(unread(role, name, ""));
        }
    }
    Ok(())
}

/// What only the sources' owner can grant.
fn unread(role: &str, name: &str, why: &str) -> Finding {
    Finding::unmet(
        "rights",
        format!("{role}{why} may not read {name}"),
        format!("GRANT SELECT ON {} TO {role}", pasted(name)),
    )
}

fn missing(what: String, grant: &str) -> Finding {
    Finding::unmet("rights", what, format!("{grant}; {ROLES}"))
}

/// Whether a role (`None`: the connected one) has a right on a relation.
async fn may(unit: &mut Unit, role: Option<Oid>, relation: Oid, right: &str) -> Result<bool, StoreError> {
    let row = query("SELECT has_table_privilege(coalesce($1, current_user::regrole::oid), $2, $3) AS may");
    let row = row.bind(role).bind(relation).bind(right).fetch_one(&mut **unit).await?;
    Ok(row.try_get("may")?)
}
