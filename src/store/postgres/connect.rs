//! Connections: how they are made, and why one cannot be had.

use std::borrow::Cow;
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
/// Why the address cannot be used, without the address, which may hold a password.
pub(super) fn options(url: &str, password: Option<&str>) -> Result<PgConnectOptions, String> {
    let options = PgConnectOptions::from_str(&with_host(url)).map_err(|error| error.to_string())?;
    let options =
        if options.get_application_name().is_none() { options.application_name(APPLICATION) } else { options };
    let options = match password {
        Some(password) => options.password(password),
        None => options,
    };
    // Nothing is prepared by name, and statements are not logged: they are fixed texts.
    // A setting of the session that PgBouncer refuses; no column here is a float.
    let options = options.extra_float_digits(None);
    Ok(options.statement_cache_capacity(0).disable_statement_logging())
}

/// libpq reads `postgres://user@/database?host=/run/postgresql`, where the parser of addresses wants a host.
fn with_host(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.ends_with('@') { format!("{scheme}://{authority}localhost{path}").into() } else { url.into() }
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
        Ok(Err(error)) => refused(options, error),
        Err(_) => StoreError::Unavailable(format!("{place}: no answer in {} seconds", PROBE_TIMEOUT.as_secs())),
    }
}

/// What a connection failed with, and where. What nobody foresaw may be mended on the other side.
pub(super) fn refused(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let place = place(options);
    match StoreError::from(error) {
        StoreError::Unavailable(why) | StoreError::Failed(why) => StoreError::Unavailable(format!("{place}: {why}")),
        StoreError::Schema(why) => StoreError::Schema(format!("{place}: {why}")),
        StoreError::Refused(why) => StoreError::Refused(format!("{place}: {why}")),
        other => other,
    }
}

/// Server and database, without any secret.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let host =
        options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("postgres://{}@{host}:{}/{database}", options.get_username(), options.get_port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password_and_may_name_a_socket_alone() {
        let shown = |url: &str| place(&options(url, None).expect("an address"));
        assert_eq!(
            shown("postgres://claimwatch@/claims?host=/run/postgresql"),
            "postgres://claimwatch@/run/postgresql:5432/claims"
        );
        assert_eq!(
            shown("postgresql://ada:hunter2@db.example.com:6432/claims"),
            "postgres://ada@db.example.com:6432/claims"
        );
        let wrong = options("postgres://ada:hunter2@db:port/claims", None).expect_err("no port");
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }
}
