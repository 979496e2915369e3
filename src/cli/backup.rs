//! `claimwatch backup`: the database as it is now, in a file of its own.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::{json, say};
use super::{Context, Failure, must_be_there};
use crate::config::DatabaseUrl;
use crate::store::Store as _;
use crate::store::sqlite::SqliteStore;

#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The file to make; there must be none of that name
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    from: String,
    to: String,
    bytes: u64,
}

/// Makes the backup.
///
/// # Errors
/// Exit code 2 if the database is a server's, 1 if it cannot be made: then there is no such file.
pub async fn run(args: &BackupArgs, context: &Context) -> Result<(), Failure> {
    let database = context.settings()?.database;
    let (url, schema) = (database.url, database.schema);
    let DatabaseUrl::Sqlite(path) = &url else {
        return Err(Failure::usage(format!(
            "{url}: found a server's database, expected a file; `pg_dump --format=custom --schema={schema}` makes its backup"
        )));
    };
    must_be_there(&url)?;
    let store = SqliteStore::open(path).await?;
    let made = store.backup(&args.to).await;
    store.close().await;
    let to = args.to.display().to_string();
    let bytes = made.map_err(|error| Failure::failed(format!("{url}: no backup was made: {error}")))?;
    if args.json {
        return json(&Report { from: url.to_string(), to, bytes });
    }
    say(&format!("{to}: {bytes} bytes, checked"))
}
