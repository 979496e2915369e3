//! What a database answers, as text in one form, whichever engine it is.

use std::str::FromStr;

use chrono::DateTime;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, TypeInfo, ValueRef};

/// A session of someone who fills or reads the tables: instants in UTC, names found in `schema` first.
///
/// # Errors
/// What the server said.
pub async fn connect(url: &str, schema: &str) -> Result<PgConnection, sqlx::Error> {
    let path = format!("{schema},public");
    let options = PgConnectOptions::from_str(url)?.options([("search_path", path.as_str()), ("TimeZone", "UTC")]);
    options.connect().await
}

/// Runs statements, and gives the rows that they return.
///
/// # Errors
/// What the server said.
pub async fn rows(session: &mut PgConnection, statements: &str) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
    // Without parameters the server answers in text, which is what is asked for, and takes several statements at once.
    let rows = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).fetch_all(session).await?;
    rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect()
}

/// As [`rows`], in a session of its own.
///
/// # Errors
/// What the server said.
pub async fn rows_of(url: &str, statements: &str) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
    let mut session = connect(url, "claimwatch").await?;
    let answer = rows(&mut session, statements).await;
    session.close().await?;
    answer
}

/// As SQLite has it by the contract: `2018-06-29T12:00:00.000000Z`, 0 and 1; all else is what PostgreSQL says.
fn text(row: &PgRow, n: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(n)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    let text = value.as_str().map_err(sqlx::Error::Decode)?;
    Ok(Some(match (kind.as_str(), text) {
        ("BOOL", "t") => "1".to_owned(),
        ("BOOL", _) => "0".to_owned(),
        ("TIMESTAMPTZ", _) => instant(text).unwrap_or_else(|| text.to_owned()),
        _ => text.to_owned(),
    }))
}

/// `None`: one that the contract has no form for, such as `infinity`.
fn instant(text: &str) -> Option<String> {
    let at = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok()?;
    Some(at.to_utc().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}
