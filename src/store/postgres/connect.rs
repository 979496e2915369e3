//! Connections: how they are made, and why one cannot be had.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};
use tokio::time::timeout;

use crate::store::StoreError;

/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long finding out why there is none may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server shows of us in `pg_stat_activity`.
const APPLICATION: &str = "claimwatch";

/// What `url` says, and what we need beside it.
///
/// # Errors
/// [`StoreError::Schema`] without the address, which may hold a password.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| {
        StoreError::Schema(format!("database.url: {error}; expected postgres://user@host/database?option=value"))
    })?;
    let options =
        if options.get_application_name().is_none() { options.application_name(APPLICATION) } else { options };
    // Statements are logged by what they are for, not by their text.
    Ok(options.statement_cache_capacity(0).disable_statement_logging())
}

/// Connections that are made when they are needed.
pub(super) fn pool(options: &PgConnectOptions, max_connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone())
}

/// Why no connection could be had: the pool itself only says that it waited.
pub(super) async fn reason(options: &PgConnectOptions) -> StoreError {
    let place = place(options);
    match timeout(PROBE_TIMEOUT, PgConnection::connect_with(options)).await {
        Ok(Ok(connection)) => {
            let _ = connection.close().await;
            StoreError::Unavailable(format!("{place}: every connection is in use; see database.max_connections"))
        }
        Ok(Err(error)) => at(&place, error.into()),
        Err(_) => StoreError::Unavailable(format!("{place}: no answer in {} seconds", PROBE_TIMEOUT.as_secs())),
    }
}

/// The error with where it was met.
fn at(place: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{place}: {why}")),
        StoreError::Schema(why) => StoreError::Schema(format!("{place}: {why}")),
        StoreError::Failed(why) => StoreError::Unavailable(format!("{place}: {why}")),
        other => other,
    }
}

/// Server and database, without any secret.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let host =
        options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("PostgreSQL at {host}:{}, database {database:?}, user {:?}", options.get_port(), options.get_username())
}
