//! The tests' own PostgreSQL: one server a test binary, a database of its own for each test.
//!
//! The server is started by whoever needs it first, from the machine's binaries, or it is the one that
//! `CLAIMWATCH_TEST_POSTGRES` names. A thread of its own makes the databases as copies of one that was migrated once, has
//! one in stock, and drops them again: so a test's start waits for no copy, and a destructor needs no runtime.

mod cluster;
mod programs;
mod server;
mod session;

use std::sync::OnceLock;

pub use claimwatch::store::postgres::PostgresStore;
pub use cluster::{Cluster, Stop};
pub use server::Database;
pub use session::{connect, rows, rows_of};

use server::{Like, Server};

/// claimwatch's own schema in these databases.
pub const SCHEMA: &str = "claimwatch";

impl Database {
    /// A database that was migrated and is empty.
    ///
    /// # Panics
    /// Without a server: each test that needs one says what is missing, and none passes without it.
    pub async fn migrated() -> Self {
        server().create(Like::Migrated).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// A database with nothing in it, not even a schema.
    ///
    /// # Panics
    /// As [`Database::migrated`].
    pub async fn empty() -> Self {
        server().create(Like::Nothing).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// A copy of this one, to which nobody may be connected.
    ///
    /// # Panics
    /// If somebody is.
    pub async fn copy(&self) -> Self {
        server().create(Like::Other(self.name().to_owned())).await.unwrap_or_else(|why| panic!("{why}"))
    }
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref().unwrap_or_else(|why| panic!("{why}"))
}
