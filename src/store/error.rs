//! What can go wrong with a database, in terms of what the caller can do about it.

use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// A unit of work that failed; nothing of it happened unless it says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, busy or full: the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The server does not let us in: until a person changes that, here or there, the same call fails again.
    #[error("the database does not let us in: {0}")]
    Refused(String),
    /// Others changed the same rows meanwhile, and this call gave way: repeated, it may succeed at once.
    #[error("gave way to another session: {0}")]
    Conflict(String),
    /// Another daemon leads by now: what this one began in its term cannot be finished.
    #[error("another daemon leads by now")]
    Deposed,
    /// The database lacks what we rely on: a table, a column, a migration.
    #[error("{0}")]
    Schema(String),
    /// A value in our own tables cannot be read; names the table and row.
    #[error("{0}")]
    Corrupt(String),
    /// Any other failure, in the database's words.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                if let Some(error) = error.try_downcast_ref::<SqliteError>() {
                    super::sqlite::meaning(error)
                } else if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    super::postgres::meaning(error)
                } else {
                    Self::Failed(error.message().to_owned())
                }
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
