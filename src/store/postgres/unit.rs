//! A unit of work: one transaction on one connection, settings included.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor, Postgres};

use super::{PostgresStore, connect};
use crate::store::StoreError;

/// How often a unit begins anew when it has to give way.
pub(super) const ATTEMPTS: u32 = 5;

/// What a unit sees of what others do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All of it is as of one instant.
    Snapshot,
}

/// A transaction that is under way. Dropped before its end, it is undone by closing the connection, which works in
/// whatever state a cancelled statement left it.
#[derive(Debug)]
pub(super) struct Unit {
    connection: PoolConnection<Postgres>,
    ended: bool,
}

impl Unit {
    pub async fn begin(store: &PostgresStore, isolation: Isolation) -> Result<Self, StoreError> {
        let connection = match store.pool.acquire().await {
            Ok(connection) => connection,
            Err(sqlx::Error::PoolTimedOut) => return Err(connect::reason(&store.options).await),
            Err(error) => return Err(connect::refused(&store.options, error)),
        };
        let mut unit = Self { connection, ended: false };
        unit.simple(settings(store, isolation)).await?;
        Ok(unit)
    }

    /// Makes everything happen.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.commit_after("").await
    }

    /// Carries out `guard`, a statement that fails if nothing is to happen, and commits: without a moment in between in
    /// which the server would wait for us.
    pub async fn commit_after(mut self, guard: &str) -> Result<(), StoreError> {
        self.simple(format!("{guard}COMMIT")).await?;
        self.ended = true;
        Ok(())
    }

    /// Undoes everything.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        self.simple("ROLLBACK".into()).await?;
        self.ended = true;
        Ok(())
    }

    /// Ends with `outcome`: commits what succeeded, and undoes the rest.
    pub async fn end<T>(self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match outcome {
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                // Where that fails the connection is closed, which undoes it too.
                let _ = self.rollback().await;
                Err(error)
            }
        }
    }

    /// Carries out statements that take no values, in one trip.
    pub async fn simple(&mut self, statements: String) -> Result<(), StoreError> {
        self.connection.execute(AssertSqlSafe(statements)).await?;
        Ok(())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Unit {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Unit {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// A statement that is prepared without a name: those with one would outlive a transaction.
pub(super) fn query<'q>(sql: impl sqlx::SqlSafeStr) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(sql).persistent(false)
}

/// As [`query`], a text made from names of ours alone.
pub(super) fn made<'q>(sql: String) -> Query<'q, Postgres, PgArguments> {
    query(AssertSqlSafe(sql))
}

/// Does `$work` in a unit of work called `$unit`, anew if it has to give way to another session.
macro_rules! in_unit {
    ($store:expr, $unit:ident, $work:expr) => {{
        let mut attempt = 1;
        loop {
            let mut unit = $store.begin($crate::store::postgres::unit::Isolation::ReadCommitted).await?;
            let outcome = async {
                let $unit = &mut unit;
                $work
            }
            .await;
            match unit.end(outcome).await {
                Err($crate::store::StoreError::Conflict(_)) if attempt < $crate::store::postgres::unit::ATTEMPTS => {
                    attempt += 1;
                }
                ended => break ended,
            }
        }
    }};
}
pub(super) use in_unit;

/// The statements that begin a transaction. What the operator has limited stays limited; where nothing is limited, no
/// statement and no lock takes longer than the watchdog would wait, and a daemon that was stopped in the middle of a
/// transaction holds up nobody for long.
fn settings(store: &PostgresStore, isolation: Isolation) -> String {
    let level = match isolation {
        Isolation::ReadCommitted => "READ COMMITTED",
        Isolation::Snapshot => "REPEATABLE READ",
    };
    let access = if store.read_only { " READ ONLY" } else { "" };
    format!(
        "BEGIN ISOLATION LEVEL {level}{access}; SET LOCAL search_path TO \"{}\"; SET LOCAL jit TO off; \
         SET LOCAL idle_in_transaction_session_timeout TO '5s'; SET LOCAL tcp_user_timeout TO '10s'; \
         SET LOCAL synchronous_commit TO on; \
         SELECT set_config(name, value, true) FROM (VALUES ('statement_timeout', '240s'), ('lock_timeout', '10s')) \
         AS ours (name, value) WHERE current_setting(name) = '0'",
        store.schema.replace('"', "\"\"")
    )
}
