//! `claimwatch alerts`: look at them, answer them.

mod answers;
mod prune;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use uuid::Uuid;

pub use answers::no_instant;

use super::Failure;
use super::output::{json, remark, say, table};
use crate::alert::{Alert, AlertEvent, State};
use crate::app::App;
use crate::claim::clean_line;
use crate::config::Affects;
use crate::sla::business_days_between;
use crate::store::AlertFilter;
use crate::wording::{Language, Words};

#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// List alerts, the oldest deadline first
    List(ListArgs),
    /// Show one alert, or those of one claim, with the reason for the deadline and every event
    Show {
        /// An alert's id, or a claim's
        id: String,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Take alerts on, with a promise: no reminders until then; a promise that is not kept goes one level up at once
    Ack(answers::AckArgs),
    /// Take an acknowledgement back
    Unack(answers::Which),
    /// Keep quiet about alerts for a while: neither reminders nor further levels
    Snooze(answers::SnoozeArgs),
    /// Speak of snoozed alerts again
    Unsnooze(answers::Which),
    /// Say that all held alerts are right: they are told of like any other
    Release(answers::HeldArgs),
    /// Say that all held alerts are wrong: they are withdrawn
    Discard(answers::HeldArgs),
    /// Delete alerts that were resolved before a date, with their events, messages and what else is over
    Prune(prune::PruneArgs),
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only alerts in this state; `open` stands for at-risk and breached ones, `held` for breached ones of which nothing is
    /// told until someone says that they are right
    #[arg(long, value_enum)]
    state: Option<StateArg>,
    /// Only alerts of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Only alerts of this program, by its id
    #[arg(long, value_name = "ID")]
    program: Option<String>,
    /// Only alerts of this claim, by its id
    #[arg(long, value_name = "ID")]
    claim: Option<String>,
    /// Print a JSON array, each alert with the columns of sla_alerts
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum StateArg {
    Open,
    AtRisk,
    Breached,
    Held,
    Resolved,
}

/// The longest text of a claim in a table.
const WIDE: usize = 32;

pub async fn run(command: AlertsCommand, app: &App) -> Result<(), Failure> {
    match command {
        AlertsCommand::List(args) => list(args, app).await,
        AlertsCommand::Show { id, json } => show(&id, json, app).await,
        AlertsCommand::Ack(args) => answers::ack(&args, app).await,
        AlertsCommand::Unack(which) => answers::unack(&which, app).await,
        AlertsCommand::Snooze(args) => answers::snooze(&args, app).await,
        AlertsCommand::Unsnooze(which) => answers::unsnooze(&which, app).await,
        AlertsCommand::Release(args) => answers::release(&args, app).await,
        AlertsCommand::Discard(args) => answers::discard(&args, app).await,
        AlertsCommand::Prune(args) => prune::run(&args, app).await,
    }
}

async fn list(args: ListArgs, app: &App) -> Result<(), Failure> {
    known_rule(args.rule.as_deref(), app)?;
    let filter = AlertFilter {
        id: None,
        open: matches!(args.state, Some(StateArg::Open)),
        held: matches!(args.state, Some(StateArg::Held)),
        state: args.state.and_then(|state| match state {
            StateArg::Open | StateArg::Held => None,
            StateArg::AtRisk => Some(State::AtRisk),
            StateArg::Breached => Some(State::Breached),
            StateArg::Resolved => Some(State::Resolved),
        }),
        rule: args.rule,
        program: args.program,
        claim: args.claim,
    };
    let alerts = app.store.alerts(&filter).await?;
    if args.json {
        return json(&alerts);
    }
    if alerts.is_empty() {
        remark("no alerts");
        return Ok(());
    }
    say(&alert_table(&alerts, app))
}

/// Whether `--rule`, where it is given, names a rule that there is.
pub fn known_rule(rule: Option<&str>, app: &App) -> Result<(), Failure> {
    let known: Vec<&str> = app.settings.rules.iter().map(|rule| rule.name.as_str()).collect();
    match rule.filter(|rule| !known.contains(rule)) {
        None => Ok(()),
        Some(rule) => Err(Failure::usage(format!("--rule: found {rule:?}, expected one of {}", known.join(", ")))),
    }
}

/// Alerts as a table for a terminal.
#[must_use]
pub fn alert_table(alerts: &[Alert], app: &App) -> String {
    let words = Words::new(Language::En);
    let row = |alert: &Alert| {
        let clean = |text: &str| clean_line(text, WIDE).into_owned();
        let owed = match (alert.amount, alert.currency) {
            (Some(amount), Some(currency)) => words.amount(amount, currency),
            _ => String::new(),
        };
        [
            clean(&alert.rule),
            clean(&alert.claim_id),
            alert.payment_id.as_deref().map(clean).unwrap_or_default(),
            state_text(alert),
            lateness(alert, app),
            owed,
            alert.partner_name.as_deref().map(clean).unwrap_or_default(),
            alert.id.to_string(),
        ]
    };
    table(["rule", "claim", "payment", "state", "deadline", "amount", "partner", "alert"], alerts.iter().map(row))
}

fn state_text(alert: &Alert) -> String {
    match alert.resolution {
        Some(resolution) => format!("resolved ({})", resolution.as_str()),
        None if alert.held_since.is_some() => "held".to_owned(),
        None => alert.state.as_str().replace('_', " "),
    }
}

/// The deadline's local day, and how late it is by now while the alert is open.
fn lateness(alert: &Alert, app: &App) -> String {
    let calendars = &app.settings.calendars;
    let calendar = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default());
    // A deadline at the end of a day is the next one's first instant.
    let last_instant = alert.due_at - chrono::TimeDelta::microseconds(1);
    let day = calendar.zone().local_date(last_instant);
    match alert.state {
        // Nothing is counted by half a calendar.
        State::Breached if app.settings.refusal(&[Affects::Deadlines]).is_none() => {
            let late = business_days_between(calendar, alert.due_at, app.time.now());
            format!("{day}, {}", Words::new(Language::En).business_days_late(late))
        }
        _ => day.to_string(),
    }
}

async fn show(id: &str, as_json: bool, app: &App) -> Result<(), Failure> {
    let filter = match Uuid::parse_str(id) {
        Ok(id) => AlertFilter { id: Some(id), ..AlertFilter::default() },
        Err(_) => AlertFilter { claim: Some(id.to_owned()), ..AlertFilter::default() },
    };
    let alerts = app.store.alerts(&filter).await?;
    if alerts.is_empty() {
        let shown = clean_line(id, 200);
        return Err(Failure::failed(format!("no alert has the id {shown:?}, and no claim with that id has an alert")));
    }
    let mut shown = Vec::with_capacity(alerts.len());
    for alert in alerts {
        let events = app.store.events(alert.id).await?;
        shown.push((alert, events));
    }
    if as_json {
        let values: Vec<_> = shown.iter().map(|(alert, events)| Shown { alert, events }).collect();
        return json(&values);
    }
    let texts: Vec<String> = shown.iter().map(|(alert, events)| describe(alert, events, app)).collect();
    say(&texts.join("\n\n"))
}

/// An alert in the output of `alerts show --json`: the columns of `sla_alerts`, and its events.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    alert: &'a Alert,
    events: &'a [AlertEvent],
}

fn describe(alert: &Alert, events: &[AlertEvent], app: &App) -> String {
    let words = Words::new(Language::En);
    let zone = app.settings.calendars.get(&alert.calendar).map(|calendar| calendar.zone());
    let clean = |text: &str| clean_line(text, 200).into_owned();
    let explained = words.explanation(&alert.rule, &alert.explanation, zone);
    let mut lines = vec![
        format!("{} of claim {}: {}", clean(&alert.rule), clean(&alert.claim_id), state_text(alert)),
        format!("  alert     {}", alert.id),
    ];
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name:<9} {value}"));
        }
    };
    line("payment", alert.payment_id.as_deref().map(clean));
    line("entity", alert.paying_entity.as_deref().map(clean));
    line("program", alert.program_id.as_deref().map(clean));
    line("partner", alert.partner_name.as_deref().map(clean));
    line("amount", alert.amount.zip(alert.currency).map(|(amount, currency)| words.amount(amount, currency)));
    line("deadline", Some(lateness(alert, app)));
    line("stopped", alert.stopped_at.map(|at| words.instant(at, zone)));
    line("because", Some(explained.sentence));
    // The sentence gives many weekend days as their number.
    let skipped = words.every_skipped_day(&alert.explanation);
    line("skipped", (skipped != explained.skipped).then_some(skipped));
    line("calendar", Some(explained.calendar));
    line("versions", Some(explained.versions));
    line("level", Some(alert.escalation_level.to_string()));
    line("taken on", alert.acknowledged_by.as_deref().map(|who| taken_on(who, alert)));
    line("note", alert.note.as_deref().map(clean));
    line("snoozed", alert.snoozed_until.map(|until| format!("until {}", utc(until))));
    line("held", alert.held_since.map(|since| format!("since {}: see `alerts release` and `discard`", utc(since))));
    line("inherited", alert.inherited_at.map(|at| format!("at {}: levels are counted from then", utc(at))));
    line("built", alert.backfilled_at.map(|at| format!("later, at {}: nobody was told", utc(at))));
    lines.push("  events".into());
    lines.extend(events.iter().map(|event| {
        let detail = clean_line(&event.detail.to_string(), 300).into_owned();
        format!("    {}  {:<12} {} {detail}", utc(event.at), event.kind, clean(&event.actor))
    }));
    lines.join("\n")
}

fn taken_on(who: &str, alert: &Alert) -> String {
    let promise = alert.acknowledged_until.map(|until| format!(", promised before {}", utc(until)));
    format!("by {}{}", clean_line(who, 200), promise.unwrap_or_default())
}

/// An instant for a terminal's table: UTC, to the second.
#[must_use]
pub fn utc(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}
