//! `claimwatch check`.

use clap::Args;

use super::output::{json, say};
use super::{Context, Failure};
use crate::app::{App, Schema};
use crate::check::{self, Check};
use crate::claim::clean_line;
use crate::config::{Affects, Settings};

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let checks = all(context.settings()?, context).await;
    if args.json {
        json(&checks)?;
    } else {
        let lines: Vec<String> = checks.iter().map(describe).collect();
        say(&lines.join("\n"))?;
    }
    match checks.iter().filter(|check| !check.ok).count() {
        0 => Ok(()),
        wrong => Err(Failure::failed(format!("of {} checks, {wrong} failed", checks.len()))),
    }
}

async fn all(settings: Settings, context: &Context) -> Vec<Check> {
    let mut checks = check::settings(&settings, context.time.now()).await;
    // What stands in the way as configured has been said.
    if settings.refusal(&[Affects::Store]).is_some() {
        return checks;
    }
    let url = settings.database.url.clone();
    match App::open(settings, context.time.clone(), Schema::AsItIs).await {
        Ok(app) => {
            checks.extend(check::database(&app).await);
            app.store.close().await;
        }
        Err(error) => checks.push(check::cannot_be_opened(&url, &error)),
    }
    checks
}

pub(super) fn describe(check: &Check) -> String {
    let mark = match (check.ok, &check.fix) {
        (true, None) => "ok   ",
        (true, Some(_)) => "doubt",
        (false, _) => "WRONG",
    };
    let line = format!("{mark}  {:<13}  {}", check.check, clean_line(&check.detail.to_string(), 1000));
    match &check.fix {
        // A statement to paste is of use as a whole only.
        Some(fix) => format!("{line}\n       {:<13}  → {}", "", clean_line(&fix.to_string(), 5000)),
        None => line,
    }
}
