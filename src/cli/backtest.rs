//! `claimwatch backtest`: what would have been by another configuration.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use super::beside::Beside;
use super::output::{json, say, table};
use super::report::day;
use super::scan::instant;
use super::{Context, Failure, GLOBAL};
use crate::claim::clean_line;
use crate::report::{Backtest, Performance, RecipientCompared, Regime, RuleCompared, backtest};
use crate::scan::Both;

/// The global `--config` is taken for the new configuration here: `config` is that option, under another name.
#[derive(Args, Debug)]
pub struct BacktestArgs {
    /// The new configuration
    #[arg(id = "new", long = "config", value_name = "FILE", help_heading = GLOBAL)]
    new: PathBuf,
    /// The present configuration, whose database is replayed [default: /etc/claimwatch/claimwatch.toml, else
    /// ./claimwatch.toml, else built-in defaults]; `claimwatch --config FILE backtest …` says the same
    #[arg(id = "config", long = "present", value_name = "FILE")]
    present: Option<PathBuf>,
    /// The first day: clocks that started on it or later are replayed
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: NaiveDate,
    /// The last day: clocks that started on it or earlier are replayed
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: NaiveDate,
    /// Until when messages are replayed, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Print the comparison as JSON, with each day and recipient
    #[arg(long)]
    json: bool,
}

/// The longest name in a table.
const WIDE: usize = 48;

pub async fn run(args: &BacktestArgs, context: &Context) -> Result<(), Failure> {
    let days = super::report::days(args.from, args.to)?;
    let beside = Beside::open(args.present.as_deref(), &args.new, context).await?;
    let found = compare(args, &beside, days).await;
    beside.app.store.close().await;
    let found = found?;
    if args.json { json(&found) } else { say(&text(&found)) }
}

async fn compare(
    args: &BacktestArgs,
    Beside { app, new, new_plan }: &Beside,
    days: RangeInclusive<NaiveDate>,
) -> Result<Backtest, Failure> {
    let plan = app.plan()?;
    let regimes = Both {
        present: Regime { plan: &plan, schedule: &app.settings.schedule },
        new: Regime { plan: new_plan, schedule: &new.schedule },
    };
    let now = args.at.unwrap_or_else(|| app.time.now());
    let found = backtest(&mut *app.store.snapshot().await?, days, regimes, now, &|| {}).await;
    found.map_err(|error| Failure::failed(error.to_string()))
}

fn text(found: &Backtest) -> String {
    let at = super::alerts::utc(found.at);
    let mut parts = vec![format!(
        "clocks that started from {} to {}, replayed until {at} by the present and the new configuration; nothing was changed",
        found.from, found.to
    )];
    if found.rules.is_empty() {
        parts.push("no clock started in this time".to_owned());
        return parts.join("\n\n");
    }
    let head = ["rule", "by", "target", "clocks", "met", "late", "% met", "alerts"];
    parts.push(table(head, found.rules.iter().flat_map(rule_rows)));
    if !found.recipients.is_empty() {
        let head = ["recipient", "by", "messages", "alerts told", "most a day", "first", "last"];
        parts.push(table(head, found.recipients.iter().flat_map(recipient_rows)));
    }
    parts.push(
        "alerts: as if a scan had found each at once. Messages: as if nobody had acknowledged, snoozed or silenced anything; \
         what was resolved and daily statements are left out. --json has each day."
            .to_owned(),
    );
    parts.join("\n\n")
}

fn sides<T>(both: &Both<T>) -> [(&'static str, &T); 2] {
    [("present", &both.present), ("new", &both.new)]
}

fn rule_rows(rule: &RuleCompared) -> [[String; 8]; 2] {
    sides(&rule.figures).map(|(by, figures)| {
        let Performance { target, clocks, met, late, percent_met, alerts } = figures;
        [
            clean_line(&rule.rule, WIDE).into_owned(),
            by.to_owned(),
            target.clone().unwrap_or_else(|| "not watched".to_owned()),
            clocks.to_string(),
            met.to_string(),
            late.to_string(),
            percent_met.map_or_else(|| "-".to_owned(), |percent| percent.to_string()),
            alerts.to_string(),
        ]
    })
}

fn recipient_rows(recipient: &RecipientCompared) -> [[String; 7]; 2] {
    let at = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), super::alerts::utc);
    sides(&recipient.load).map(|(by, load)| {
        [
            clean_line(&recipient.recipient, WIDE).into_owned(),
            by.to_owned(),
            load.messages.to_string(),
            load.alerts.to_string(),
            load.most_a_day.to_string(),
            at(load.first_at),
            at(load.last_at),
        ]
    })
}
