//! `claimwatch report`: how we did.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use clap::Args;

use super::Failure;
use super::output::{json, raw, say, table, written};
use super::scan::instant;
use crate::app::{App, frame};
use crate::claim::{Totals, clean_line};
use crate::mail::Composer;
use crate::now::fresh_id;
use crate::report::{
    Dimension, Figures, Outcome, Question, Report, RuleReport, Worst, csv, html, minutes, monthly_digest, report,
};
use crate::scan::Plan;
use crate::wording::{Language, Words};

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The first day: deadlines that end on it or later count [default: the first day of last month]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,
    /// The last day: deadlines that end on it or earlier count [default: the last day of last month, or of that of --from
    /// if it is later]
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<NaiveDate>,
    /// As if it were then: what happened later is not known yet, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// Only this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Print a JSON object
    #[arg(long, group = "form")]
    json: bool,
    /// Print CSV, every group of clocks a row
    #[arg(long, group = "form")]
    csv: bool,
    /// Print one self-contained HTML page, with pictures
    #[arg(long, group = "form")]
    html: bool,
    /// Print the message that monthly reports send, as it would go out to those who get the first of them
    #[arg(long, group = "form", conflicts_with = "rule")]
    eml: bool,
}

/// So many programs, entities or partners are in a table for a terminal, those with the most late clocks.
const GROUPS: usize = 10;
/// The longest name in a table.
const WIDE: usize = 32;

/// Reads a day from the command line.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| format!("found {text:?}, expected a day such as 2026-11-01"))
}

pub async fn run(args: &ReportArgs, app: &App) -> Result<(), Failure> {
    super::alerts::known_rule(args.rule.as_deref(), app)?;
    let plan = app.plan()?;
    let now = args.at.unwrap_or_else(|| app.time.now());
    let days = period(args, plan.calendars.default().zone().local_date(now))?;
    if args.eml {
        return message(app, &plan, days, now).await;
    }
    let rules: Vec<_> =
        plan.rules.into_iter().filter(|rule| args.rule.as_ref().is_none_or(|name| rule.name == *name)).collect();
    let question = Question { days, rules: &rules, calendars: &plan.calendars, now };
    let report = report(&mut *app.store.snapshot().await?, &question, &|| {}).await?;
    if args.json {
        json(&report)
    } else if args.csv {
        raw(&csv(&report).map_err(|error| Failure::failed(format!("CSV: {error}")))?)
    } else if args.html {
        raw(&html(&report).map_err(|error| Failure::failed(error.to_string()))?)
    } else {
        say(&text(&report))
    }
}

/// The message about `days`, as it would go out.
async fn message(app: &App, plan: &Plan, days: RangeInclusive<NaiveDate>, now: DateTime<Utc>) -> Result<(), Failure> {
    let by_mail = plan.policy.monthly_reports.iter().find(|wanted| !wanted.recipients.to.is_empty()).cloned();
    let none = "--eml: found no [[escalation.monthly_reports]] with `to`, expected one to show";
    let wanted = by_mail.ok_or_else(|| Failure::usage(none.to_owned()))?;
    let digest = monthly_digest(&mut *app.store.snapshot().await?, plan, &wanted, days, now).await;
    let digest = digest.map_err(|error| Failure::failed(error.to_string()))?;
    let frame = frame(&app.settings);
    let mail = Composer::new(&frame, fresh_id(now), &digest, now).finish();
    let mail = mail.map_err(|error| Failure::failed(error.to_string()))?;
    written(std::io::Write::write_all(&mut std::io::stdout().lock(), &mail.map(|mail| mail.bytes).unwrap_or_default()))
}

/// The days that are asked about, seen from `today`.
fn period(args: &ReportArgs, today: NaiveDate) -> Result<RangeInclusive<NaiveDate>, Failure> {
    let out_of_range = || Failure::usage("--from: found a day outside the years 1 to 9999");
    let this_month = today.with_day(1).unwrap_or(today);
    let from = match args.from {
        Some(from) => from,
        None => args.to.unwrap_or(this_month - Months::new(1)).with_day(1).ok_or_else(out_of_range)?,
    };
    let to = match args.to {
        Some(to) => to,
        None => {
            let month = from.with_day(1).unwrap_or(from).max(this_month - Months::new(1));
            month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).ok_or_else(out_of_range)?
        }
    };
    days(from, to)
}

/// The days from `--from` to `--to`.
pub fn days(from: NaiveDate, to: NaiveDate) -> Result<RangeInclusive<NaiveDate>, Failure> {
    if from > to {
        return Err(Failure::usage(format!("--to: found {to}, expected a day that is not before --from, {from}")));
    }
    Ok(from..=to)
}

fn text(report: &Report) -> String {
    let words = Words::new(Language::En);
    let at = super::alerts::utc(report.at);
    let head =
        format!("deadlines from {} to {}, as of {at}: {} claims looked at", report.from, report.to, report.claims);
    let mut parts = vec![head];
    if report.rules.is_empty() {
        parts.push("no clock had its deadline in this time".to_owned());
    }
    parts.extend(report.rules.iter().map(|rule| rule_text(words, rule)));
    if !report.worst.is_empty() {
        parts.push(worst_table(words, &report.worst));
    }
    parts.join("\n\n")
}

fn rule_text(words: Words, rule: &RuleReport) -> String {
    let mut rows = vec![row("all", "", &rule.total)];
    let mut left_out = 0;
    for dimension in Dimension::ALL {
        let Some((groups, more)) = rule.groups(dimension, GROUPS) else { continue };
        left_out += more;
        let by = dimension.as_str().replace('_', " ");
        rows.extend(groups.iter().map(|group| row(&by, group.name.as_deref().unwrap_or("(none)"), &group.figures)));
    }
    let head = ["by", "", "clocks", "met", "late", "of them open", "open", "others", "% met", "median", "90th", "95th"];
    let mut lines = vec![format!("{}: {}", clean_line(&rule.rule, WIDE), rule.target), table(head, rows)];
    if left_out > 0 {
        lines.push(format!("{left_out} more groups, with fewer late clocks, are in --csv, --json"));
    }
    lines.extend(sums(words, "late, done since", &rule.total.done_late));
    lines.extend(sums(words, "late, still to be done", &rule.total.overdue_money));
    let promises = rule.total.promises;
    if promises.kept + promises.broken + promises.open > 0 {
        let (kept, broken, open) = (promises.kept, promises.broken, promises.open);
        lines.push(format!("promises: {kept} kept, {broken} broken, {open} open"));
    }
    if let Some(taken) = rule.total.acknowledgements {
        lines.push(format!(
            "taken on: {}, after {} in the median, {} at the 90th percentile",
            taken.count,
            minutes(taken.minutes.median),
            minutes(taken.minutes.p90)
        ));
    }
    lines.join("\n")
}

fn row(by: &str, name: &str, figures: &Figures) -> [String; 12] {
    let days = figures.business_days;
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    [
        by.to_owned(),
        clean_line(name, WIDE).into_owned(),
        figures.clocks.to_string(),
        figures.met.to_string(),
        figures.late.to_string(),
        figures.overdue.to_string(),
        figures.open.to_string(),
        (figures.restarted + figures.withdrawn + figures.unknown).to_string(),
        or_dash(figures.percent_met.map(|percent| percent.to_string())),
        or_dash(days.map(|days| days.median.to_string())),
        or_dash(days.map(|days| days.p90.to_string())),
        or_dash(days.map(|days| days.p95.to_string())),
    ]
}

fn sums(words: Words, what: &str, totals: &Totals) -> Option<String> {
    let sums: Vec<String> = totals.iter().map(|sum| words.money(sum)).collect();
    (!sums.is_empty()).then(|| format!("{what}: {}", sums.join(", ")))
}

fn worst_table(words: Words, worst: &[Worst]) -> String {
    let row = |one: &Worst| {
        let clean = |text: &str| clean_line(text, WIDE).into_owned();
        [
            words.business_days(one.business_days_late),
            clean(&one.rule),
            clean(&one.claim_id),
            one.payment_id.as_deref().map(clean).unwrap_or_default(),
            one.due_on.to_string(),
            match (one.outcome, one.stopped_at) {
                (Outcome::Overdue, _) => "open".to_owned(),
                (_, Some(at)) => at.date_naive().to_string(),
                (_, None) => "not known".to_owned(),
            },
            one.amount.zip(one.currency).map(|(amount, currency)| words.amount(amount, currency)).unwrap_or_default(),
            one.partner_name.as_deref().map(clean).unwrap_or_default(),
        ]
    };
    table(["late by", "rule", "claim", "payment", "deadline", "done", "amount", "partner"], worst.iter().map(row))
}
