//! What can go wrong with a database, in terms of what the caller can do about it.

/// A unit of work that failed; nothing of it happened unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, busy or full: the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
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
