//! `claimwatch import`: CSV files into the embedded database, all of them or none.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::output::{json, remark, say};
use crate::calendar::Zone;
use crate::import::{ImportFiles, ImportReport, Progress, Stage, import};
use crate::store::{ImportMode, RowCounts, Store};

const FILES: [&str; 4] = ["programs", "claims", "payments", "history"];

/// What `claimwatch import` is asked to do.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("files").required(true).multiple(true).args(FILES))]
pub struct ImportArgs {
    /// CSV file of programs; its header must have program_id
    #[arg(long, value_name = "FILE")]
    pub programs: Option<PathBuf>,
    /// CSV file of claims; its header must have claim_id and status
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// CSV file of payment lines; its header must have payment_id and claim_id
    #[arg(long, value_name = "FILE")]
    pub payments: Option<PathBuf>,
    /// CSV file of the claims' history; its header must have claim_id, at and status
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Zone of instants without an offset, such as Europe/Paris; without it they are rejected
    #[arg(long, value_name = "ZONE", value_parser = Zone::named)]
    pub time_zone: Option<Zone>,
    /// Check everything and say what would change, but store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the counts as JSON
    #[arg(long)]
    pub json: bool,
}

/// Imports the files and says what came of it.
///
/// # Errors
/// Exit code 3 if rows were rejected, 1 if a file cannot be read or the database fails: then nothing was imported. Also
/// 1 if standard output fails.
pub async fn run(args: &ImportArgs, store: &dyn Store) -> Result<(), Failure> {
    let files = ImportFiles {
        programs: args.programs.clone(),
        claims: args.claims.clone(),
        payments: args.payments.clone(),
        history: args.history.clone(),
    };
    let mode = if args.dry_run { ImportMode::DryRun } else { ImportMode::Store };
    let bar = io::stderr().is_terminal().then(progress_bar);
    let mut progress = |progress| {
        if let Some(bar) = &bar {
            show(bar, progress);
        }
    };
    let imported = import(store, &files, args.time_zone.as_ref(), mode, &mut progress).await;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let report = imported.map_err(|error| Failure::failed(error.to_string()))?;
    let complaint = report.complaint();
    if let Some(complaint) = &complaint {
        remark(complaint);
    }
    if args.json {
        json(&report.counts)?;
    } else if complaint.is_none() {
        say(&summary(&files, &report))?;
    }
    if complaint.is_some() { Err(Failure::rejected()) } else { Ok(()) }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent}% {bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    let message = match progress.stage {
        Stage::Checking => "checking",
        Stage::Storing => "storing ",
    };
    if bar.message() != message {
        bar.reset();
        bar.set_message(message);
    }
    bar.set_length(progress.of_bytes);
    bar.set_position(progress.bytes);
}

/// One line for each file that was given.
fn summary(files: &ImportFiles, report: &ImportReport) -> String {
    let counts = &report.counts;
    let lines = [
        ("programs", &files.programs, counts.programs),
        ("claims", &files.claims, counts.claims),
        ("payments", &files.payments, counts.payments),
        ("history", &files.history, counts.history),
    ];
    let given = lines.into_iter().filter(|(_, file, _)| file.is_some());
    let mut lines: Vec<String> = given.map(|(name, _, counts)| line(name, counts)).collect();
    if !counts.stored {
        lines.push("dry run: nothing was stored".into());
    }
    lines.join("\n")
}

fn line(name: &str, counts: RowCounts) -> String {
    let RowCounts { new, changed, same } = counts;
    format!("{name}: {new} new, {changed} changed, {same} unchanged")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::store::ImportCounts;

    #[derive(Parser, Debug)]
    struct Import {
        #[command(flatten)]
        args: ImportArgs,
    }

    fn parse(args: &[&str]) -> Result<ImportArgs, String> {
        let args = [&["import"], args].concat();
        Import::try_parse_from(args).map(|import| import.args).map_err(|error| error.to_string())
    }

    #[test]
    fn an_import_needs_a_file_and_a_zone_that_exists() {
        assert!(parse(&["--history", "history.csv"]).is_ok());
        let usage = parse(&["--dry-run"]).unwrap_err();
        assert!(usage.contains("--programs <FILE>|--claims <FILE>|--payments <FILE>|--history <FILE>"), "{usage}");
        let zone = parse(&["--claims", "claims.csv", "--time-zone", "Europe/Pari"]).unwrap_err();
        assert!(zone.contains("did you mean \"Europe/Paris\""), "{zone}");
    }

    #[test]
    fn the_summary_has_a_line_for_each_file_and_says_if_nothing_was_stored() {
        let files = ImportFiles {
            claims: Some("claims.csv".into()),
            history: Some("history.csv".into()),
            ..ImportFiles::default()
        };
        let claims = RowCounts { new: 3, changed: 1, same: 20 };
        let counts = ImportCounts { claims, stored: true, ..ImportCounts::default() };
        let mut report = ImportReport { counts, ..ImportReport::default() };
        let expected = "claims: 3 new, 1 changed, 20 unchanged\nhistory: 0 new, 0 changed, 0 unchanged";
        assert_eq!(summary(&files, &report), expected);
        report.counts.stored = false;
        assert_eq!(summary(&files, &report), format!("{expected}\ndry run: nothing was stored"));
    }
}
