//! `claimwatch alerts prune`: alerts that are resolved, and what belongs to them, deleted once they are old.

use std::io::{self, IsTerminal};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::utc;
use crate::answers::instant_or_day;
use crate::app::App;
use crate::cli::Failure;
use crate::cli::output::{counted, json, remark, say};
use crate::cli::person::confirmed;
use crate::retention::{PruneError, prune};
use crate::store::Pruned;

#[derive(Args, Debug)]
pub struct PruneArgs {
    /// Delete what ended before this day began in the default calendar's zone, or before this instant; never what is open
    #[arg(long, value_name = "DATE")]
    before: String,
    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; needed where there is no terminal to ask on
    #[arg(long)]
    yes: bool,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
}

/// The counts as `--json` has them.
#[derive(Serialize)]
struct Report {
    before: DateTime<Utc>,
    dry_run: bool,
    #[serde(flatten)]
    pruned: Pruned,
}

pub async fn run(args: &PruneArgs, app: &App) -> Result<(), Failure> {
    let before = instant(&args.before, app)?;
    let must_ask = !args.dry_run && !args.yes;
    if must_ask && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage(
            "there is no terminal to ask on: expected --yes, or --dry-run to see what would go",
        ));
    }
    if must_ask {
        let found = pruned(app, before, true).await?;
        if found == (Pruned { kept: found.kept, ..Pruned::default() }) {
            return report(args, before, found);
        }
        remark(&format!("before {}: {}", utc(before), describe(&found)));
        if !confirmed("Delete this? It cannot be undone.")? {
            return Err(Failure::failed("nothing was deleted"));
        }
    }
    report(args, before, pruned(app, before, args.dry_run).await?)
}

/// A day's first instant, or an instant.
fn instant(text: &str, app: &App) -> Result<DateTime<Utc>, Failure> {
    instant_or_day(text, app.settings.calendars.default().zone(), false).ok_or_else(|| {
        Failure::usage(format!(
            "--before: found {text:?}, expected a day such as 2025-01-31, or an instant with its offset"
        ))
    })
}

async fn pruned(app: &App, before: DateTime<Utc>, dry_run: bool) -> Result<Pruned, Failure> {
    let mut done = Pruned::default();
    let mut so_far = |pruned: &Pruned| done = *pruned;
    let ended = prune(&*app.store, &app.settings.rules, before, app.time.now(), dry_run, &mut so_far).await;
    ended.map_err(|error| match error {
        PruneError::Store(error) if !dry_run && done != Pruned::default() => {
            Failure::failed(format!("{error}; until then: {}", describe(&done)))
        }
        PruneError::TooLate { .. } => Failure::usage(format!("--before: {error}")),
        PruneError::Store(_) | PruneError::NoScan => Failure::failed(error.to_string()),
    })
}

fn report(args: &PruneArgs, before: DateTime<Utc>, pruned: Pruned) -> Result<(), Failure> {
    if args.json {
        return json(&Report { before, dry_run: args.dry_run, pruned });
    }
    if args.dry_run {
        say(&format!("dry run: nothing was deleted; before {}: {}", utc(before), describe(&pruned)))
    } else {
        say(&format!("deleted what ended before {}: {}", utc(before), describe(&pruned)))
    }
}

/// The counts for a person.
fn describe(pruned: &Pruned) -> String {
    let mut parts = vec![
        format!("{} with {}", counted(pruned.alerts, "alert", "alerts"), counted(pruned.events, "event", "events")),
        format!(
            "{} with {}",
            counted(pruned.messages, "message", "messages"),
            counted(pruned.deliveries, "delivery", "deliveries")
        ),
        counted(pruned.data_problems, "data problem", "data problems"),
        counted(pruned.scans, "scan", "scans"),
    ];
    if pruned.kept > 0 {
        parts.push(format!("{} kept, whose clock may come up again", counted(pruned.kept, "alert", "alerts")));
    }
    parts.join(", ")
}
