//! Where a world's claims and alerts are: a file of SQLite or a database of PostgreSQL, each the test's own, asked in the
//! same words and answering in one form.

use std::path::PathBuf;
use std::sync::Arc;

use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{Preconditions as _, SourceRelations, Store, StoreError};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::postgres::{self, PostgresStore, SCHEMA};

/// Sessions that a world's store has on PostgreSQL at most.
const SESSIONS: u32 = 4;

/// What keeps the claims and the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// What an instant column takes, and no one can read as an instant of the contract. SQLite keeps any text;
    /// PostgreSQL refuses what is no day, and knows instants that are none and years that have no form here.
    pub fn unreadable_instants(self) -> [&'static str; 4] {
        match self {
            Self::Sqlite => {
                ["next Tuesday", "2026-02-30T10:00:00.000000Z", "2026-11-02 10:00:00", "2026-11-02T10:00:00+01:00"]
            }
            Self::Postgres => ["infinity", "-infinity", "10000-01-01T00:00:00Z", "290000-01-01T00:00:00Z"],
        }
    }

    /// The same of amounts.
    pub fn unreadable_amount(self) -> &'static str {
        match self {
            Self::Sqlite => "12,50",
            Self::Postgres => "NaN",
        }
    }
}

/// One test's database.
pub enum Database {
    Sqlite(PathBuf),
    /// With a session that is kept: to begin one costs more than most statements.
    Postgres(postgres::Database, Mutex<Option<Session>>),
}

impl Database {
    /// One without a schema yet; SQLite's in `folder`.
    pub async fn empty(engine: Engine, folder: &TempDir) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(folder.path().join("claimwatch.db")),
            Engine::Postgres => Self::of(postgres::Database::empty().await),
        }
    }

    /// One with its schema and nothing in it.
    pub async fn migrated(engine: Engine, folder: &TempDir) -> Self {
        match engine {
            Engine::Sqlite => {
                let database = Self::empty(engine, folder).await;
                database.adapter().await.migrate(&SourceRelations::default()).await.expect("a schema");
                database
            }
            Engine::Postgres => Self::of(postgres::Database::migrated().await),
        }
    }

    /// One in which everything is as it is in this one, to which nobody but this may be connected.
    pub async fn copy(&self, folder: &TempDir) -> Self {
        match self {
            Self::Sqlite(_) => {
                let path = folder.path().join("claimwatch.db");
                self.rows(&format!("VACUUM INTO '{}'", path.display())).await.expect("a copy");
                Self::Sqlite(path)
            }
            Self::Postgres(database, kept) => {
                if let Some(session) = kept.lock().await.take() {
                    session.close().await;
                }
                Self::of(database.copy().await)
            }
        }
    }

    /// One with its schema in a cluster that the test may stop and start.
    pub async fn in_cluster(cluster: &postgres::Cluster) -> Self {
        Self::of(postgres::Database::in_cluster(cluster).await)
    }

    fn of(database: postgres::Database) -> Self {
        Self::Postgres(database, Mutex::default())
    }

    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(..) => Engine::Postgres,
        }
    }

    /// As `[database] url` names it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(database, _) => database.url().to_owned(),
        }
    }

    /// An adapter of one's own.
    pub async fn adapter(&self) -> Adapter {
        match self {
            Self::Sqlite(path) => Adapter::Sqlite(SqliteStore::open(path).await.expect("a database")),
            Self::Postgres(database, _) => {
                let store = PostgresStore::connect(database.url(), None, SCHEMA, SESSIONS).await;
                Adapter::Postgres(Box::new(store.expect("a database")))
            }
        }
    }

    /// A session of one's own, as a dashboard has it.
    pub async fn session(&self) -> Session {
        match self {
            Self::Sqlite(path) => {
                let connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await;
                Session::Sqlite(connection.expect("a connection"))
            }
            Self::Postgres(database, _) => {
                Session::Postgres(postgres::connect(database.url(), SCHEMA).await.expect("a session"))
            }
        }
    }

    /// Runs statements in a session of nobody else.
    pub async fn rows(&self, statements: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        match self {
            Self::Sqlite(_) => {
                let mut session = self.session().await;
                let answer = session.rows(statements).await;
                session.close().await;
                answer
            }
            Self::Postgres(_, kept) => {
                let mut kept = kept.lock().await;
                // The server may have been restarted meanwhile.
                let alive = match kept.as_mut() {
                    Some(session) => session.rows("SELECT 1").await.is_ok(),
                    None => false,
                };
                if !alive {
                    *kept = Some(self.session().await);
                }
                kept.as_mut().expect("a session").rows(statements).await
            }
        }
    }
}

/// A session of someone who fills or reads the tables.
pub enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Session {
    /// Runs statements; values come as text in the form in which SQLite has them.
    pub async fn rows(&mut self, statements: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let rows = match self {
            Self::Sqlite(session) => {
                let text = |row: &SqliteRow, n| row.try_get_unchecked::<Option<String>, _>(n).expect("text");
                let rows = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).fetch_all(session).await;
                rows.map(|rows| rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect())
            }
            Self::Postgres(session) => postgres::rows(session, statements).await,
        };
        rows.map_err(|error| error.to_string())
    }

    pub async fn close(self) {
        match self {
            Self::Sqlite(session) => session.close().await.expect("closed"),
            Self::Postgres(session) => session.close().await.expect("closed"),
        }
    }
}

/// One of the store's adapters, with what they have beside the store's traits.
pub enum Adapter {
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

impl Adapter {
    pub async fn migrate(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.migrate(sources).await,
            Self::Postgres(store) => store.migrate(sources).await,
        }
    }

    pub async fn prepare(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.prepare(sources).await,
            Self::Postgres(store) => store.prepare(sources).await,
        }
    }

    pub async fn verify(&self, sources: &SourceRelations) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.verify(sources).await,
            Self::Postgres(store) => store.verify(sources).await,
        }
    }

    pub fn store(self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store),
            Self::Postgres(store) => Arc::new(*store),
        }
    }
}
