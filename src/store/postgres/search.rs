//! Searches that come in pages: a cursor of the pass's transaction, so that each search is planned and begun once.

use std::collections::VecDeque;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Postgres, Row, Type};

use super::unit::made;
use crate::store::StoreError;

/// A statement with the values for its parameters, in their order.
pub(super) struct Search {
    sql: String,
    arguments: PgArguments,
}

impl Search {
    pub fn new(sql: String) -> Self {
        Self { sql, arguments: PgArguments::default() }
    }

    /// Adds the next parameter's value.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it cannot be sent.
    pub fn bind<'t, T: Encode<'t, Postgres> + Type<Postgres> + 't>(mut self, value: T) -> Result<Self, StoreError> {
        self.arguments.add(value).map_err(|error| StoreError::Failed(format!("a value cannot be sent: {error}")))?;
        Ok(self)
    }

    /// All of its rows, for one that finds few.
    pub async fn rows(self, connection: &mut PgConnection) -> Result<Vec<PgRow>, StoreError> {
        let Self { sql, arguments } = self;
        Ok(sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(false).fetch_all(connection).await?)
    }

    /// How the server would find them, as `EXPLAIN (FORMAT JSON)` says it; nothing is looked for.
    pub async fn plan(self, connection: &mut PgConnection) -> Result<serde_json::Value, StoreError> {
        let Self { sql, arguments } = self;
        let explain = AssertSqlSafe(format!("EXPLAIN (VERBOSE, FORMAT JSON) {sql}"));
        let row = sqlx::query_with(explain, arguments).persistent(false).fetch_one(connection).await?;
        Ok(row.try_get(0)?)
    }
}

/// The search that is under way: what is left of its statements, and whether the cursor is open on one.
#[derive(Default)]
pub(super) struct Searching {
    left: VecDeque<Search>,
    open: bool,
}

impl Searching {
    /// Begins a search through all of `searches`, one after the other, in place of the one before.
    pub async fn begin(&mut self, connection: &mut PgConnection, searches: Vec<Search>) -> Result<(), StoreError> {
        self.left = searches.into();
        self.close(connection).await
    }

    /// The next up to `limit` rows; none: the search is over.
    pub async fn next(&mut self, connection: &mut PgConnection, limit: u32) -> Result<Vec<PgRow>, StoreError> {
        loop {
            if !self.open {
                let Some(Search { sql, arguments }) = self.left.pop_front() else { return Ok(Vec::new()) };
                let declare = AssertSqlSafe(format!("DECLARE search NO SCROLL CURSOR FOR {sql}"));
                sqlx::query_with(declare, arguments).persistent(false).execute(&mut *connection).await?;
                self.open = true;
            }
            let rows = made(format!("FETCH {limit} FROM search")).fetch_all(&mut *connection).await?;
            if !rows.is_empty() {
                return Ok(rows);
            }
            self.close(connection).await?;
        }
    }

    async fn close(&mut self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if std::mem::take(&mut self.open) {
            made("CLOSE search".into()).execute(connection).await?;
        }
        Ok(())
    }
}
