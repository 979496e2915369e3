//! The tables that plans name: how many rows they have, what they are part of, which of their indexes are partial.

use std::collections::HashMap;

use sqlx::Row;

use super::plan::{By, Step};
use crate::store::StoreError;
use crate::store::postgres::unit::{Unit, query};

/// Rows from which on it matters that all of them are read: fewer are read as quickly as an index is.
const MANY: f64 = 5000.0;

/// A table, or the partitioned one that it is a part of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub schema: String,
    pub name: String,
    /// The server's estimate, of all parts.
    pub rows: f64,
    pub is_partitioned: bool,
    /// Where the rows are, if they are not here.
    pub server: Option<String>,
}

impl Table {
    pub fn is_large(&self) -> bool {
        self.rows > MANY
    }
}

/// What was asked about tables so far.
#[derive(Default)]
pub(super) struct Tables(HashMap<(String, String), Table>);

impl Tables {
    /// The table that a step reads.
    pub async fn of(&mut self, unit: &mut Unit, step: &Step) -> Result<Table, StoreError> {
        let key = (step.schema.clone(), step.relation.clone());
        if let Some(table) = self.0.get(&key) {
            return Ok(table.clone());
        }
        // What was never analyzed is judged by its size, and what is on another server taken for large.
        let row = query(
            "SELECT n.nspname::text AS schema, whole.relname::text AS name, whole.relkind = 'p' AS is_partitioned, \
             (SELECT sum(CASE WHEN leaf.reltuples >= 0 THEN leaf.reltuples WHEN leaf.relkind = 'f' THEN 1e9 \
             ELSE pg_relation_size(leaf.oid) / 100 END)::float8 FROM pg_class leaf WHERE leaf.oid = whole.oid \
             OR leaf.oid IN (SELECT relid FROM pg_partition_tree(whole.oid) WHERE isleaf)) AS rows, \
             (SELECT s.srvname::text FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver \
             WHERE f.ftrelid = part.oid) AS server \
             FROM pg_class part JOIN pg_class whole ON whole.oid = coalesce(pg_partition_root(part.oid), part.oid) \
             JOIN pg_namespace n ON n.oid = whole.relnamespace \
             WHERE part.relname = $2 AND part.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
        );
        let row = row.bind(&key.0).bind(&key.1).fetch_one(&mut **unit).await?;
        let table = Table {
            schema: row.try_get("schema")?,
            name: row.try_get("name")?,
            rows: row.try_get::<Option<f64>, _>("rows")?.unwrap_or_default(),
            is_partitioned: row.try_get("is_partitioned")?,
            server: row.try_get("server")?,
        };
        self.0.insert(key, table.clone());
        Ok(table)
    }
}

/// Whether a step reads its table as a whole, or as good as that: by an index that has all rows, of which nothing is asked
/// or one side of a range, while a condition on each row decides.
pub(super) async fn is_whole(unit: &mut Unit, step: &Step) -> Result<bool, StoreError> {
    match &step.by {
        By::Whole => Ok(true),
        By::Server(asked) => Ok(!asked.contains(" WHERE ")),
        By::Other => Ok(false),
        By::Indexes(indexes) => {
            for (index, condition) in indexes {
                if is_narrow(condition, &step.filter) || is_partial(unit, &step.schema, index).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

fn is_narrow(condition: &str, filter: &str) -> bool {
    let is_between = condition.contains(" > ") || condition.contains(" >= ");
    let is_between = is_between && (condition.contains(" < ") || condition.contains(" <= "));
    condition.contains(" = ") || is_between || (!condition.is_empty() && filter.is_empty())
}

async fn is_partial(unit: &mut Unit, schema: &str, index: &str) -> Result<bool, StoreError> {
    let row = query(
        "SELECT coalesce(bool_or(i.indpred IS NOT NULL), false) AS partial FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = $2",
    );
    Ok(row.bind(schema).bind(index).fetch_one(&mut **unit).await?.try_get("partial")?)
}
