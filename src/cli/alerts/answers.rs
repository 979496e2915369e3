//! `claimwatch alerts ack`, `unack`, `snooze`, `unsnooze`, `release` and `discard`: what people answer.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::utc;
use crate::alert::{Alert, Answer, State};
use crate::answers::{self, Given, MAX_NOTE, instant_or_day};
use crate::app::App;
use crate::claim::clean_line;
use crate::cli::Failure;
use crate::cli::output::{counted, json, say};
use crate::cli::person::{By, line};
use crate::store::AlertFilter;

#[derive(Args, Debug)]
pub struct Which {
    /// Ids of alerts, or of claims: then every open alert of that claim
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    by: By,
    /// Print a JSON array of the alerts as they are now
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub struct AckArgs {
    #[command(flatten)]
    which: Which,
    /// The promise: done by the end of this day in the alert's calendar, or before this instant
    #[arg(long, value_name = "DATE")]
    until: String,
    /// What is being done about it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Args, Debug)]
pub struct SnoozeArgs {
    #[command(flatten)]
    which: Which,
    /// Quiet until this instant, or until this day begins in the alert's calendar
    #[arg(long, value_name = "TIME")]
    until: String,
}

#[derive(Args, Debug)]
pub struct HeldArgs {
    #[command(flatten)]
    by: By,
    /// Print the count as JSON
    #[arg(long)]
    json: bool,
}

/// What became of held alerts, as `--json` has it.
#[derive(Serialize)]
struct Judged {
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discarded: Option<u64>,
}

pub async fn ack(args: &AckArgs, app: &App) -> Result<(), Failure> {
    let note = args.note.as_deref().map(|note| line("--note", note, MAX_NOTE)).transpose()?;
    let answer = |alert: &Alert| {
        let until = until(&args.until, alert, app, true)?;
        Ok(Answer::Acknowledge { until, note: note.clone() })
    };
    give(&args.which, app, answer).await
}

pub async fn unack(which: &Which, app: &App) -> Result<(), Failure> {
    give(which, app, |_| Ok(Answer::Unacknowledge)).await
}

pub async fn snooze(args: &SnoozeArgs, app: &App) -> Result<(), Failure> {
    let answer = |alert: &Alert| Ok(Answer::Snooze { until: until(&args.until, alert, app, false)? });
    give(&args.which, app, answer).await
}

pub async fn unsnooze(which: &Which, app: &App) -> Result<(), Failure> {
    give(which, app, |_| Ok(Answer::Unsnooze)).await
}

pub async fn release(args: &HeldArgs, app: &App) -> Result<(), Failure> {
    let count = app.store.release_held(app.time.now(), args.by.name()?).await?;
    if args.json {
        return json(&Judged { released: Some(count), discarded: None });
    }
    say(&match count {
        0 => "no alert is held".to_owned(),
        _ => format!("released {}: the next scan tells of them", counted(count, "alert", "alerts")),
    })
}

pub async fn discard(args: &HeldArgs, app: &App) -> Result<(), Failure> {
    let count = app.store.discard_held(app.time.now(), args.by.name()?).await?;
    if args.json {
        return json(&Judged { released: None, discarded: Some(count) });
    }
    say(&match count {
        0 => "no alert is held".to_owned(),
        _ => format!(
            "discarded {}: withdrawn; what is still late then, the next scan looks at anew",
            counted(count, "alert", "alerts")
        ),
    })
}

/// An instant, or a day of the alert's calendar: its first instant, or with `to_its_end` the one after its last.
fn until(text: &str, alert: &Alert, app: &App, to_its_end: bool) -> Result<DateTime<Utc>, Failure> {
    let zone = answers::zone_of(alert, &app.settings.calendars);
    instant_or_day(text, zone, to_its_end).ok_or_else(|| Failure::usage(no_instant(text)))
}

/// What is wrong with an `--until` that says neither a day nor an instant.
pub fn no_instant(text: &str) -> String {
    format!(
        "--until: found {text:?}, expected a day such as 2026-12-01, or an instant with its offset such as \
         2026-12-01T09:00:00+01:00"
    )
}

/// Gives every alert that is asked for its answer, or none of them if one of them refuses it.
async fn give(which: &Which, app: &App, answer: impl Fn(&Alert) -> Result<Answer, Failure>) -> Result<(), Failure> {
    let (now, by) = (app.time.now(), which.by.name()?);
    let mut meant = Vec::new();
    for id in &which.ids {
        meant.extend(asked(id, app).await?);
    }
    let Given { answers, refused } = answers::sort(meant, now, answer)?;
    if !refused.is_empty() {
        let refusals: Vec<_> = refused.iter().map(|(alert, why)| format!("{}: {why}", name(alert))).collect();
        return Err(Failure::failed(format!("nothing was recorded: {}", refusals.join("; "))));
    }
    let answered = app.store.answer(now, by, &answers).await?;
    let lost = answers.len() - answered.len();
    let alerts = app.store.alerts_by_id(&answered).await?;
    if which.json {
        json(&alerts)?;
    } else {
        let lines: Vec<String> =
            alerts.iter().map(|alert| format!("{}: {}", name(alert), standing(alert, now))).collect();
        say(&lines.join("\n"))?;
    }
    if lost > 0 {
        let lost = counted(lost, "alert was", "alerts were");
        return Err(Failure::failed(format!("{lost} resolved in the meantime, and not answered")));
    }
    Ok(())
}

/// The alert of that id, or the open ones of the claim of that id.
async fn asked(id: &str, app: &App) -> Result<Vec<Alert>, Failure> {
    let by_id = Uuid::parse_str(id).ok();
    let filter = match by_id {
        Some(id) => AlertFilter { id: Some(id), ..AlertFilter::default() },
        None => AlertFilter { claim: Some(id.to_owned()), open: true, ..AlertFilter::default() },
    };
    let alerts = app.store.alerts(&filter).await?;
    if alerts.is_empty() {
        let shown = clean_line(id, 200);
        return Err(Failure::failed(format!(
            "nothing was recorded: no alert has the id {shown:?}, and no claim with that id has an open alert"
        )));
    }
    Ok(alerts)
}

fn name(alert: &Alert) -> String {
    format!("{} of claim {} ({})", clean_line(&alert.rule, 60), clean_line(&alert.claim_id, 60), alert.id)
}

/// How an alert stands now that it was answered.
fn standing(alert: &Alert, now: DateTime<Utc>) -> String {
    let mut said = Vec::new();
    if let Some(who) = &alert.acknowledged_by {
        let until = alert.acknowledged_until.map(|until| format!(", who promises it before {}", utc(until)));
        said.push(format!("acknowledged by {}{}", clean_line(who, 60), until.unwrap_or_default()));
    }
    said.extend(alert.snoozed_until.filter(|until| *until > now).map(|until| format!("quiet until {}", utc(until))));
    if said.is_empty() {
        said.push(if alert.state == State::AtRisk { "at risk" } else { "breached" }.to_owned());
    }
    said.join(", ")
}
