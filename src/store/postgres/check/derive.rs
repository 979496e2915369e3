//! The statement that makes a missing index on whatever table is below a view: its columns and condition as that table
//! has them, which is for the server to say.

use serde_json::Value;
use sqlx::Row;

use super::needs::Need;
use super::pasted;
use super::plan::{self, Step};
use super::tables::{Table, Tables};
use crate::store::StoreError;
use crate::store::postgres::PostgresStore;
use crate::store::postgres::search::Search;
use crate::store::postgres::unit::{Isolation, Unit, query};

/// Has every row read, so that the plan shows the whole condition.
const READ_ALL: &str = "SAVEPOINT derive; SET LOCAL enable_seqscan TO on; SET LOCAL enable_indexscan TO off; \
    SET LOCAL enable_indexonlyscan TO off; SET LOCAL enable_bitmapscan TO off";

/// What an index has to have.
struct Index {
    columns: Vec<String>,
    predicate: Option<String>,
}

/// The statements to paste that make the index `need` on `table`, of which `direct` says that its columns are ours; `Err`:
/// why there is none.
pub(super) async fn statement(
    store: &PostgresStore,
    unit: &mut Unit,
    tables: &mut Tables,
    (need, with): (&Need, &str),
    (table, direct): (&Table, bool),
) -> Result<Result<String, String>, StoreError> {
    let index = if direct {
        let alias = need.alias.to_string();
        let predicate = need.predicate.as_ref().map(|predicate| plan::unqualified(predicate, &alias));
        Index { columns: need.columns.iter().map(|column| (*column).to_owned()).collect(), predicate }
    } else {
        unit.simple(READ_ALL.into()).await?;
        let plan = Search::new(format!("{with}{}", need.rows())).plan(unit).await?;
        unit.simple("ROLLBACK TO SAVEPOINT derive".into()).await?;
        let mut of_table = None;
        for step in plan::steps(&plan) {
            if of_table.is_none() && tables.of(unit, &step).await? == *table {
                of_table = Some(step);
            }
        }
        match of_table.as_ref().and_then(|step| by_plan(&plan, step, need)) {
            Some(index) => index,
            None => return Ok(Err(format!("what the view computes is not of {} alone", name(table)))),
        }
    };
    if !direct && let Some(why) = refusal(store, table, &index).await? {
        return Ok(Err(format!("the view's expressions cannot be indexed ({why}): {}", on(&index))));
    }
    Ok(Ok(text(store, need, table, &index)))
}

/// The index as the plan's step has its expressions; `None`: they are of other tables too.
fn by_plan(plan: &Value, step: &Step, need: &Need) -> Option<Index> {
    let output = if plan::is_appended(plan) { step.output.clone() } else { plan::output(plan) };
    let others: Vec<String> = plan::steps(plan)
        .iter()
        .filter(|other| other.relation != step.relation)
        .map(|other| other.alias.clone())
        .collect();
    let own = |expression: &String| {
        let is_own = others.iter().all(|other| plan::unqualified(expression, other) == *expression);
        (is_own && !expression.contains("SubPlan")).then(|| plan::unqualified(expression, &step.alias))
    };
    let columns: Vec<String> = output.iter().map(own).collect::<Option<_>>()?;
    let predicate = if step.filter.is_empty() { None } else { Some(own(&step.filter)?) };
    // A view may have a condition of its own, but never lose ours.
    (columns.len() == need.columns.len() && (predicate.is_some() || need.predicate.is_none()))
        .then(|| Index { columns: columns.into_iter().map(in_parentheses).collect(), predicate })
}

/// An expression as an index takes it: anything but a column in parentheses.
fn in_parentheses(expression: String) -> String {
    let is_column = expression.chars().all(|c| c.is_alphanumeric() || c == '_')
        || (expression.starts_with('"') && expression[1..].find('"') == Some(expression.len() - 2));
    if is_column || is_enclosed(&expression) { expression } else { format!("({expression})") }
}

/// Whether the parenthesis at its beginning ends at its end.
fn is_enclosed(expression: &str) -> bool {
    let (mut depth, mut in_text) = (0_i32, false);
    for (at, c) in expression.char_indices() {
        match c {
            '\'' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        if depth == 0 && !in_text {
            return at > 0 && at + c.len_utf8() == expression.len();
        }
    }
    false
}

fn on(Index { columns, predicate }: &Index) -> String {
    let rows = predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
    format!("({}){rows}", columns.join(", "))
}

fn name(table: &Table) -> String {
    pasted(&format!("{}.{}", table.schema, table.name))
}

fn text(store: &PostgresStore, need: &Need, table: &Table, index: &Index) -> String {
    let (at, on) = (name(table), on(index));
    let named = if table.schema == store.schema { need.index.clone() } else { format!("claimwatch_{}", need.index) };
    // What an expression's values are like is known only once they were looked at.
    let look = if index.columns.iter().any(|column| column.starts_with('(')) {
        format!("; ANALYZE {at}")
    } else {
        String::new()
    };
    if table.is_partitioned {
        format!(
            "CREATE INDEX {named} ON {at} {on}{look}; writers wait meanwhile, unless each partition has its own first"
        )
    } else {
        format!("CREATE INDEX CONCURRENTLY {named} ON {at} {on}{look}")
    }
}

/// Why the server would refuse the index, tried on an empty temporary table with the same columns that is gone at once;
/// `None`: it would not, or it cannot be tried.
async fn refusal(store: &PostgresStore, table: &Table, index: &Index) -> Result<Option<String>, StoreError> {
    let mut unit = store.begin(Isolation::ReadCommitted).await?;
    let row = query(
        "SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ') AS columns, \
         coalesce(array_agg(format('(%I)::text', a.attname)) FILTER (WHERE t.typtype = 'e'), '{}') AS enums \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid \
         WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND strpos($3, a.attname) > 0",
    );
    let on = on(index);
    let row = row.bind(&table.schema).bind(&table.name).bind(&on).fetch_one(&mut *unit).await?;
    let (columns, enums): (Option<String>, Vec<String>) = (row.try_get("columns")?, row.try_get("enums")?);
    // Types may be in a schema that is not ours to use; what is most often wrong shows all the same.
    if enums.iter().any(|cast| on.contains(cast.as_str())) {
        unit.rollback().await?;
        return Ok(Some("the cast of an enum to text is not IMMUTABLE".into()));
    }
    let made = format!("CREATE TEMPORARY TABLE trial ({}) ON COMMIT DROP", columns.unwrap_or_default());
    let tried = match unit.simple(made).await {
        Ok(()) => unit.simple(format!("CREATE INDEX ON pg_temp.trial {on}")).await,
        Err(_) => Ok(()),
    };
    unit.rollback().await?;
    let why = tried.err().map(|error| error.to_string());
    Ok(why.filter(|why| why.contains("IMMUTABLE")))
}
