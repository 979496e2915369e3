//! `claimwatch copy`: everything from one database into another.

use std::io::{self, IsTerminal};
use std::path::Path;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::output::{counted, json, remark, say, table};
use super::{Context, Failure, must_be_there};
use crate::app::{self, Schema};
use crate::config::DatabaseUrl;
use crate::daemon::Instance;
use crate::store::Store;
use crate::transfer::{Copied, CopyError, Progress, copy};

/// How much of a checksum a table shows.
const SHOWN: usize = 16;

/// What is said below the options.
pub const HELP: &str = "\
Claims, alerts, events, the outbox, silences and the record of scans: all of it as it is at one instant, or nothing. The \
target's schema is made, or brought up to date; its tables must be empty. Each table is read back before anything is \
committed, and its rows and checksum are held against the source's.

Stop the daemon first: while one works on either database, or a mail is in hand, nothing is copied. Afterwards set \
[database] url to the target, and start no daemon on the source again: what waits in the outbox would be sent twice.";

#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The database to read, as [database] url has it: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database to fill, of either kind; a file is made if it is not there
    #[arg(long, value_name = "URL")]
    to: String,
    /// Print tables, rows and checksums as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    from: String,
    to: String,
    tables: &'a [Copied],
}

/// Copies, and says what.
///
/// # Errors
/// Exit code 2 if an address cannot be used, 1 if nothing was copied for any other reason.
pub async fn run(args: &CopyArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let (from, to) = (address("--from", &args.from)?, address("--to", &args.to)?);
    if same(&from, &to) {
        return Err(Failure::usage(format!("--to: found the database of --from, {from}, expected another one")));
    }
    must_be_there(&from)?;
    let (shown_from, shown_to) = (from.to_string(), to.to_string());

    let source = app::open_by_address(&settings, from.clone(), Schema::AsItIs).await?;
    let _source_alone = alone(&from)?;
    let target = app::open_by_address(&settings, to.clone(), context.schema).await?;
    let _target_alone = alone(&to)?;
    let copied = copy_visibly(&*source, &*target, context).await;
    source.close().await;
    target.close().await;
    let copied = copied
        .map_err(|error| Failure::failed(format!("nothing was copied from {shown_from} to {shown_to}: {error}")))?;

    if args.json {
        return json(&Report { from: shown_from, to: shown_to, tables: &copied });
    }
    let row = |copied: &Copied| {
        let checksum = copied.checksum.chars().take(SHOWN).collect();
        [copied.table.to_owned(), copied.rows.to_string(), checksum]
    };
    say(&table(["table", "rows", "checksum"], copied.iter().map(row)))?;
    let rows = counted(copied.iter().map(|copied| copied.rows).sum::<u64>(), "row", "rows");
    remark(&format!(
        "{rows} copied from {shown_from} to {shown_to}, and verified there. Set [database] url to it, and start no daemon on \
         the old one again."
    ));
    Ok(())
}

async fn copy_visibly(source: &dyn Store, target: &dyn Store, context: &Context) -> Result<Vec<Copied>, CopyError> {
    let spinner = io::stderr().is_terminal().then(ProgressBar::new_spinner);
    if let (Some(spinner), Ok(style)) = (&spinner, ProgressStyle::with_template("{spinner} {msg} {elapsed}")) {
        spinner.set_style(style);
    }
    let mut so_far = |Progress { table, rows, verifying }| {
        if let Some(spinner) = &spinner {
            spinner.set_message(format!("{} {table}: {rows} rows", if verifying { "verifying" } else { "copying" }));
            spinner.tick();
        }
    };
    let copied = copy(source, target, context.time.now(), &mut so_far).await;
    if let Some(spinner) = &spinner {
        spinner.finish_and_clear();
    }
    copied
}

/// An address of the command line, relative to where the command runs. What is wrong with it is said without it.
fn address(option: &str, url: &str) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::read(url, |path| path.into()).map_err(|why| Failure::usage(format!("{option}: {why}")))
}

fn same(one: &DatabaseUrl, other: &DatabaseUrl) -> bool {
    let file = |path: &Path| path.canonicalize().ok();
    match (one, other) {
        (DatabaseUrl::Sqlite(one), DatabaseUrl::Sqlite(other)) => {
            one == other || file(one).is_some_and(|one| Some(one) == file(other))
        }
        (DatabaseUrl::Postgres { shown: one, .. }, DatabaseUrl::Postgres { shown: other, .. }) => one == other,
        _ => false,
    }
}

/// Keeps daemons off a file, as long as what is returned is held; a server has leases for that.
fn alone(url: &DatabaseUrl) -> Result<Option<Instance>, Failure> {
    match url {
        DatabaseUrl::Sqlite(path) => Ok(Some(Instance::claim(path)?)),
        DatabaseUrl::Postgres { .. } => Ok(None),
    }
}
