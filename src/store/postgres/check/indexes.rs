//! Which tables a scan reads as a whole, and the index that is missing.
//!
//! The server is asked how it would carry out each statement of a scan if it avoided reading whole tables wherever it can:
//! where it reads one all the same, no index serves. Small tables need none.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::needs::Need;
use super::plan::{self, By};
use super::tables::{Table, Tables, is_whole};
use super::{derive, statements};
use crate::sla::Rule;
use crate::store::postgres::PostgresStore;
use crate::store::postgres::pass::SETTINGS;
use crate::store::postgres::search::Search;
use crate::store::postgres::sources::{self, quoted};
use crate::store::postgres::unit::{Isolation, Unit, query};
use crate::store::relations::relations;
use crate::store::{Finding, SourceRelations, StoreError};

/// As a scan plans, but for reading whole tables; expressions are shown in one form.
const PLANNING: &str = "; SET LOCAL enable_seqscan TO off; SET LOCAL TimeZone TO 'UTC'; SET LOCAL DateStyle TO 'ISO'";

const VIEWS: &str = "see docs/postgresql.md for what a view may compute";

/// Statements that are named for one table.
const SHOWN: usize = 3;

struct Looking<'a> {
    store: &'a PostgresStore,
    unit: Unit,
    tables: Tables,
    /// Before the first migration: the views as a part of each statement.
    with: String,
    /// By view: the relation below it, and whether that is a table.
    below: BTreeMap<&'static str, (&'a str, bool)>,
    /// The tables that lack an index, each with what makes it.
    lacking: BTreeMap<String, Option<Lacking>>,
    findings: Vec<Finding>,
}

struct Lacking {
    table: Table,
    view: &'static str,
    fix: String,
    finds: Vec<String>,
}

pub(super) async fn findings(
    store: &PostgresStore,
    configured: &SourceRelations,
    rules: &[Rule],
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, StoreError> {
    let mut unit = store.begin(Isolation::Snapshot).await?;
    unit.simple(format!("{SETTINGS}{PLANNING}")).await?;
    let migrated = sources::relation(&mut unit, "sla_alerts").await?.is_some();
    let (with, below) = scope(&mut unit, configured, migrated).await?;
    let mut looking =
        Looking { store, unit, tables: Tables::default(), with, below, lacking: BTreeMap::new(), findings: Vec::new() };
    let mut whole: BTreeMap<(String, String), (Table, Vec<String>)> = BTreeMap::new();
    for statement in statements::all(rules, now)? {
        let mut explained = Vec::new();
        for need in &statement.needs {
            if let Some(lacking) = looking.lacks(need).await? {
                add(&mut lacking.finds, &statement.finds);
                explained.push(lacking.table.clone());
            }
        }
        if !migrated {
            continue;
        }
        let plan = statement.search.plan(&mut looking.unit).await?;
        for step in plan::steps(&plan).into_iter().filter(|step| !matches!(step.by, By::Indexes(_))) {
            let table = looking.tables.of(&mut looking.unit, &step).await?;
            if table.is_large() && !explained.contains(&table) && is_whole(&mut looking.unit, &step).await? {
                let key = (format!("{}.{}", table.schema, table.name), plan::unqualified(&step.filter, &step.alias));
                add(&mut whole.entry(key).or_insert((table, Vec::new())).1, &statement.finds);
            }
        }
    }
    looking.conclude(whole).await
}

/// What stands in for the views before there are any, and what is below each.
async fn scope<'a>(
    unit: &mut Unit,
    configured: &'a SourceRelations,
    migrated: bool,
) -> Result<(String, BTreeMap<&'static str, (&'a str, bool)>), StoreError> {
    let (mut with, mut below) = (Vec::new(), BTreeMap::new());
    for relation in relations(configured) {
        let found = match relation.name {
            Some(name) => sources::relation(unit, name).await?.map(|oid| (name, oid)),
            None => None,
        };
        let select = match found {
            Some((name, oid)) => {
                let kind =
                    query("SELECT relkind IN ('r', 'p', 'f') AS is_table FROM pg_class WHERE oid = $1").bind(oid);
                below.insert(relation.view, (name, kind.fetch_one(&mut **unit).await?.try_get("is_table")?));
                format!("SELECT {} FROM {}", relation.columns.join(", "), quoted(name))
            }
            None => sources::select(&crate::store::relations::Relation { name: None, ..relation }),
        };
        with.push(format!("{} AS NOT MATERIALIZED ({select})", relation.view));
    }
    Ok((if migrated { String::new() } else { format!("WITH {} ", with.join(", ")) }, below))
}

impl Looking<'_> {
    /// What is known of `need`, looked at once: `None`: there is such an index, or the table is small.
    async fn lacks(&mut self, need: &Need) -> Result<Option<&mut Lacking>, StoreError> {
        if !self.lacking.contains_key(&need.index) {
            let lacking = self.look(need).await?;
            self.lacking.insert(need.index.clone(), lacking);
        }
        Ok(self.lacking.get_mut(&need.index).and_then(Option::as_mut))
    }

    async fn look(&mut self, need: &Need) -> Result<Option<Lacking>, StoreError> {
        let Some((_, direct)) = self.below.get(need.view).copied() else { return Ok(None) };
        let plan = Search::new(format!("{}{}", self.with, need.probe())).plan(&mut self.unit).await?;
        for step in plan::steps(&plan) {
            let table = self.tables.of(&mut self.unit, &step).await?;
            if table.is_large() && is_whole(&mut self.unit, &step).await? {
                let fix = match &table.server {
                    // An index there would serve nobody: the rows are fetched, and looked at here.
                    Some(server) => {
                        format!("server {server} is not asked for {}, which is decided here", need.condition())
                    }
                    None => {
                        let about = ((need, self.with.as_str()), (&table, direct));
                        derive::statement(self.store, &mut self.unit, &mut self.tables, about.0, about.1)
                            .await?
                            .unwrap_or_else(|why| format!("{why}; {VIEWS}"))
                    }
                };
                return Ok(Some(Lacking { table, view: need.view, fix, finds: Vec::new() }));
            }
        }
        Ok(None)
    }

    async fn conclude(
        mut self,
        whole: BTreeMap<(String, String), (Table, Vec<String>)>,
    ) -> Result<Vec<Finding>, StoreError> {
        self.unit.rollback().await?;
        for lacking in std::mem::take(&mut self.lacking).into_values().flatten() {
            let (name, direct) = self.below.get(lacking.view).copied().unwrap_or((lacking.view, true));
            let through = if direct { String::new() } else { format!(", through {name}") };
            let detail = read_whole(&lacking.table, &lacking.finds, &through);
            self.findings.push(Finding::unmet("indexes", detail, lacking.fix));
        }
        for ((_, filter), (table, finds)) in whole {
            let by = if filter.is_empty() { String::new() } else { format!(", by {filter}") };
            let fix = match &table.server {
                // Without it the other server's indexes are unknown here, and a join fetches everything.
                Some(server) => format!(
                    "ANALYZE {}.{}, or ALTER SERVER {server} OPTIONS (ADD use_remote_estimate 'true')",
                    table.schema, table.name
                ),
                None => format!("an index of that table for this condition, or another view; {VIEWS}"),
            };
            self.findings.push(Finding::unmet("indexes", read_whole(&table, &finds, &by), fix));
        }
        if self.findings.is_empty() {
            self.findings.push(Finding::met("indexes", "no statement of a scan reads a large table as a whole"));
        }
        Ok(self.findings)
    }
}

fn read_whole(table: &Table, finds: &[String], more: &str) -> String {
    let mut shown: Vec<String> = finds.iter().take(SHOWN).cloned().collect();
    if finds.len() > SHOWN {
        shown.push(format!("{} more", finds.len() - SHOWN));
    }
    let rows = if table.server.is_some() { String::new() } else { format!(" ({:.0} rows)", table.rows) };
    format!("{}.{}{rows} is read as a whole{more}, for {}", table.schema, table.name, shown.join(", "))
}

fn add(finds: &mut Vec<String>, one: &str) {
    if !finds.iter().any(|other| other == one) {
        finds.push(one.to_owned());
    }
}
