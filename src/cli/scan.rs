//! `claimwatch scan`.

use chrono::{DateTime, Utc};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::output::{json, remark, say, table};
use crate::app::App;
use crate::now::TimeSource;
use crate::scan::{Request, ScanSummary, scan};

#[derive(Args, Debug)]
pub struct ScanArgs {
    /// The instant to look at, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Look back to this instant for clocks that breached and stopped unseen [default: the last finished scan]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// Only say what a scan would find; change nothing
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    json: bool,
}

/// Reads an instant from the command line.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| crate::now::to_micros(at.to_utc()))
        .map_err(|_| format!("found {text:?}, expected an instant with its offset such as 2026-11-23T10:00:00+01:00"))
}

pub async fn run(args: &ScanArgs, app: &App) -> Result<(), Failure> {
    let plan = app.plan()?;
    let now = app.time.now();
    let at = args.at.unwrap_or(now);
    if args.since.is_some_and(|since| since > at) {
        return Err(Failure::usage("--since: expected an instant that is not after the scan's own"));
    }
    if !args.dry_run && args.at.is_some() {
        let last = app.store.last_finished_scan().await?.map(|scan| scan.began_at);
        if let Some(last) = last.filter(|last| *last > at) {
            return Err(Failure::usage(format!(
                "--at: found {at:?}, which is before the last scan at {last:?}; a scan never goes back in time: \
                 expected a later instant, or --dry-run"
            )));
        }
        if at > now {
            remark("this scan looks at the future and records what it finds; --dry-run would only say it");
        }
    }
    let request = Request { at, since: args.since, dry_run: args.dry_run, scheduled_for: None };
    let time = if args.at.is_some() { TimeSource::fixed(at) } else { app.time.clone() };
    let summary = scan(&*app.store, &plan, &time, &request, &CancellationToken::new(), &|| {}).await?;
    let summary = summary.ok_or_else(|| Failure::failed("this scan was made already"))?;
    if args.json { json(&summary) } else { say(&describe(&summary)) }
}

/// The summary for a person.
#[must_use]
pub fn describe(summary: &ScanSummary) -> String {
    let rules = table(
        ["rule", "running", "at risk", "breached"],
        summary.rules.iter().map(|(name, counts)| {
            [name.clone(), counts.running.to_string(), counts.at_risk.to_string(), counts.breached.to_string()]
        }),
    );
    let resolved = summary.resolved;
    let would = if summary.dry_run { "dry run, nothing was changed; it would be: " } else { "" };
    format!(
        "{rules}\n\n{would}{} breached, {} at risk; resolved: {} met, {} late, {} restarted, {} withdrawn; \
         {} messages; {} data problems ({} ms)",
        summary.opened,
        summary.warned,
        resolved.met,
        resolved.late,
        resolved.restarted,
        resolved.withdrawn,
        summary.messages,
        summary.data_problems,
        summary.elapsed_ms
    )
}
