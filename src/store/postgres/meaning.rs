//! What PostgreSQL's errors mean, in terms of what the caller can do. Source: PostgreSQL's manual, appendix A.

use sqlx::postgres::PgDatabaseError;

use crate::claim::clean_line;
use crate::store::StoreError;

/// What an error of the server means.
pub(in crate::store) fn meaning(error: &PgDatabaseError) -> StoreError {
    let code = error.code();
    let words = clean_line(error.message(), 500).into_owned();
    match code {
        // Serialization failure, deadlock.
        "40001" | "40P01" => StoreError::Conflict(words),
        // Undefined table, column, schema, function: what others own may have lost it.
        "42P01" | "42703" | "3F000" | "42883" => StoreError::Schema(format!(
            "{words}; if it is ours, run `claimwatch migrate`; if it is a source's, see [source] and `claimwatch check`"
        )),
        "3D000" => StoreError::Schema(format!("{words}; create it, or see database.url")),
        "42501" => StoreError::Schema(format!("{words}; see deploy/postgres/roles.sql for the rights that are needed")),
        "25006" => StoreError::Unavailable(format!(
            "{words}: the server is a standby, or is set read-only; database.url must name the primary"
        )),
        "28P01" | "28000" => {
            StoreError::Refused(format!("{words}; see database.url, database.password_file, .pgpass and pg_hba.conf"))
        }
        "57014" => StoreError::Unavailable(format!(
            "{words}; a missing index makes a scan read whole tables: see `claimwatch check`"
        )),
        "55P03" => StoreError::Unavailable(format!("{words}: another session holds what this one needs")),
        "53100" => StoreError::Unavailable(format!("the server's disk is full: {words}")),
        "53300" => StoreError::Unavailable(format!("{words}; see max_connections of the server")),
        _ => match code.get(..2) {
            // Connection, resources, an operator who intervened, the system.
            Some("08" | "53" | "57" | "58" | "25") => StoreError::Unavailable(words),
            Some("XX") => StoreError::Corrupt(words),
            _ => StoreError::Failed(format!("{words} (SQLSTATE {code})")),
        },
    }
}

/// Whether a row was refused because its key is there already.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("23505"))
}
