//! `claimwatch scan`.

use chrono::{DateTime, Utc};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::alerts::utc;
use super::output::{json, remark, say, table};
use crate::alert::Opening;
use crate::answers;
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
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Reads an instant from the command line.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let wrong = || format!("found {text:?}, expected an instant with its offset such as 2026-11-23T10:00:00+01:00");
    answers::instant(text).ok_or_else(wrong)
}

pub async fn run(args: &ScanArgs, app: &App) -> Result<(), Failure> {
    let plan = app.plan()?;
    app.settings.warnings.iter().for_each(|warning| remark(warning));
    let now = app.time.now();
    let at = args.at.unwrap_or(now);
    if let Some(since) = args.since.filter(|since| *since > at) {
        return Err(Failure::usage(format!(
            "--since: found {since:?}, expected an instant that is not after the scan's own, {at:?}"
        )));
    }
    if !args.dry_run && args.at.is_some() {
        // What is recorded is told to people: nobody is told today of what may be late tomorrow.
        if at > now {
            return Err(Failure::usage(format!(
                "--at: found {at:?}, which is in the future; expected an instant that is not after now, or --dry-run"
            )));
        }
        let last = app.store.finished_scan_until(now).await?.map(|scan| scan.began_at);
        if let Some(last) = last.filter(|last| *last > at) {
            return Err(Failure::usage(format!(
                "--at: found {at:?}, which is before the last scan at {last:?}; a scan never goes back in time: \
                 expected a later instant, or --dry-run"
            )));
        }
    }
    if let (Some(since), Some(pruned)) = (args.since, app.store.pruned_before().await?)
        && since < pruned
    {
        remark(&format!("alerts of before {} were pruned: the look-back goes no further", utc(pruned)));
    }
    let request = Request { at, since: args.since, dry_run: args.dry_run, scheduled_for: None, term: None };
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
    let mut lines = vec![rules, String::new()];
    if summary.dry_run {
        lines.push(format!("dry run: nothing was changed; a scan at {} would find", utc(summary.at)));
    }
    let mut line = |name: &str, value: String| lines.push(format!("{name:<13}  {value}"));
    let new = some(&[(summary.opened, "breached"), (summary.warned, "at risk")]);
    line(
        "new",
        match summary.opening {
            Opening::Inherited if summary.opened > 0 => format!("{new}; late before anyone watched: inherited"),
            Opening::Held => format!("{new}; too many to be believed: held, see `claimwatch alerts list --state held`"),
            Opening::Usual | Opening::Inherited | Opening::Backfilled => new,
        },
    );
    let resolutions = [
        (resolved.met, "met"),
        (resolved.late, "late"),
        (resolved.restarted, "restarted"),
        (resolved.withdrawn, "withdrawn"),
    ];
    line("resolved", some(&resolutions));
    line("messages", some(&[(summary.messages, "to deliver")]));
    line(
        "data problems",
        match summary.data_problems {
            0 => "none".into(),
            found => format!("{found}, see `claimwatch check` and table data_problems"),
        },
    );
    line("took", format!("{} ms", summary.elapsed_ms));
    lines.join("\n")
}

/// What there is any of: `3 met, 1 late`.
#[must_use]
pub fn some(counts: &[(u64, &str)]) -> String {
    let some: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if some.is_empty() { "none".into() } else { some.join(", ") }
}
