//! `claimwatch backfill`: the alerts that would have been.

use clap::Args;

use super::Failure;
use super::alerts::utc;
use super::output::{counted, json, remark, say, table};
use crate::answers::instant_or_day;
use crate::app::App;
use crate::backfill::{Backfilled, Request, backfill};
use crate::claim::clean_line;

#[derive(Args, Debug)]
pub struct BackfillArgs {
    /// Of deadlines from this day or instant on: a day of the default calendar, or RFC 3339
    #[arg(long, value_name = "DAY|INSTANT")]
    since: String,
    /// Only say what would be built; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// The longest name of a rule.
const WIDE: usize = 32;

pub async fn run(args: &BackfillArgs, app: &App) -> Result<(), Failure> {
    let plan = app.plan()?;
    let now = app.time.now();
    let since = instant_or_day(&args.since, plan.calendars.default().zone(), false).ok_or_else(|| {
        Failure::usage(format!(
            "--since: found {:?}, expected a day such as 2026-01-01, or an instant with its offset such as \
             2026-01-01T00:00:00+01:00",
            args.since
        ))
    })?;
    if let Some(pruned) = app.store.pruned_before().await?.filter(|pruned| since < *pruned) {
        remark(&format!("alerts that ended before {} were pruned, and are not built again", utc(pruned)));
    }
    let (rules, calendars) = (&plan.rules[..], &plan.calendars);
    let request = Request { since, rules, calendars, now, dry_run: args.dry_run };
    let built = backfill(&*app.store, &request, &|| {}).await?;
    if args.json { json(&built) } else { say(&text(&built)) }
}

fn text(built: &Backfilled) -> String {
    let claims = counted(built.claims, "claim", "claims");
    if built.rules.is_empty() {
        return format!("{claims} looked at; every clock that ended late has its alert");
    }
    let rows = built.rules.iter().map(|(rule, built)| {
        [clean_line(rule, WIDE).into_owned(), built.late.to_string(), built.restarted.to_string()]
    });
    let alerts: u64 = built.rules.values().map(|built| built.late + built.restarted).sum();
    let alerts = counted(alerts, "alert", "alerts");
    let what = if built.dry_run { "to be built; nothing was changed" } else { "built, told to nobody" };
    format!("{claims} looked at; {alerts} {what}\n\n{}", table(["rule", "late", "restarted"], rows))
}
