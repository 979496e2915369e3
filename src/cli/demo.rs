//! `claimwatch demo`: the whole path on sample claims, in a folder of its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::output::{say, table};
use super::{Failure, scan::describe};
use crate::alert::{Alert, State};
use crate::app::{App, Schema};
use crate::calendar::Calendar;
use crate::claim::clean_line;
use crate::config::{self, Environment, Settings};
use crate::now::TimeSource;
use crate::samples::sample_claims;
use crate::scan::{Request, ScanSummary, scan};
use crate::sla::business_days_between;
use crate::store::{AlertFilter, DeliveryState, ImportMode};
use crate::wording::{Language, Words};

#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The folder to make the demonstration in; made if it is not there, made anew if it is an earlier demonstration
    #[arg(long, value_name = "FOLDER", default_value = "claimwatch-demo")]
    dir: PathBuf,
}

/// The configuration of the demonstration, a file that its reader may go on with.
const CONFIGURATION: &str = include_str!("demo.toml");
/// The first line of that file: how an earlier demonstration is known.
const MARK: &str = "# Made by `claimwatch demo`";
const CONFIGURATION_FILE: &str = "claimwatch.toml";
const DATABASE_FILES: [&str; 4] = ["claimwatch.db", "claimwatch.db-wal", "claimwatch.db-shm", "claimwatch.db.lock"];
const MAIL_FOLDER: &str = "mail";
const WATCHED_FOR: TimeDelta = TimeDelta::days(7);

pub async fn run(args: &DemoArgs, time: TimeSource) -> Result<(), Failure> {
    let dir = &args.dir;
    clear(dir)?;
    let file = dir.join(CONFIGURATION_FILE);
    fs::write(&file, CONFIGURATION).map_err(|error| cannot(&file, &error))?;
    let settings = config::load(Some(&file), &Environment::from_vars([]))?;
    let app = App::open(settings, time, Schema::Prepare).await?;

    let now = app.time.now();
    let [usual, other] = calendars(&app.settings)?;
    let rows = sample_claims(now, usual, other);
    let counts = app.store.import(&mut rows.into_iter().map(Some), ImportMode::Store).await?;
    // As if the watch had begun a week ago: what was late then is inherited, the rest is news.
    let mut summary = None;
    for at in [now - WATCHED_FOR, now] {
        let request = Request { at, since: None, dry_run: false, scheduled_for: None, term: None };
        summary = scan(&*app.store, &app.plan()?, &app.time, &request, &CancellationToken::new(), &|| {}).await?;
    }
    app.courier()?.drain(&CancellationToken::new()).await?;

    let mut text = vec![format!(
        "{} sample claims of {} programs, with {} payment lines, scanned at {}:",
        counts.claims.new,
        counts.programs.new,
        counts.payments.new,
        Words::new(Language::En).instant_in_zone(now, usual.zone())
    )];
    text.extend(summary.as_ref().map(describe));
    text.extend(report(&app, summary.as_ref()).await?);
    text.push(next_steps(dir, &app).await?);
    app.store.close().await;
    say(&text.join("\n\n"))
}

/// Makes `dir` ready: made, or rid of an earlier demonstration. Whatever else is there is left alone, and refused.
fn clear(dir: &Path) -> Result<(), Failure> {
    let file = dir.join(CONFIGURATION_FILE);
    let found = fs::read_to_string(&file).unwrap_or_default();
    let is_demo = found.starts_with(MARK);
    if is_demo && found != CONFIGURATION {
        return Err(Failure::usage(format!(
            "--dir: {} is no longer as the demonstration made it; name another folder, or remove the file",
            file.display()
        )));
    }
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(cannot(dir, &error)),
    };
    if !is_demo && !is_empty {
        let dir = dir.display();
        return Err(Failure::usage(format!(
            "--dir: {dir} holds something else than a demonstration; name another folder"
        )));
    }
    let mails = fs::read_dir(dir.join(MAIL_FOLDER)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mails = mails.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    for path in DATABASE_FILES.iter().map(|name| dir.join(name)).chain(mails) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot(&path, &error)),
            _ => {}
        }
    }
    fs::create_dir_all(dir).map_err(|error| cannot(dir, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

fn calendars(settings: &Settings) -> Result<[&Calendar; 2], Failure> {
    let usual = settings.calendars.default();
    let other = settings.calendars.iter().find(|calendar| calendar.name() != usual.name());
    let other = other.ok_or_else(|| Failure::failed("the demonstration's configuration lacks its second calendar"))?;
    Ok([usual, other])
}

/// What is late and why, what is at risk, what cannot be watched, what was mailed.
async fn report(app: &App, summary: Option<&ScanSummary>) -> Result<Vec<String>, Failure> {
    let alerts = app.store.alerts(&AlertFilter { open: true, ..AlertFilter::default() }).await?;
    let in_state = |state| alerts.iter().filter(move |alert| alert.state == state);
    let mut parts = vec![format!(
        "What is late, and why:\n{}",
        table(["rule", "claim", "late by", "amount", "because"], in_state(State::Breached).map(|a| late_row(a, app)))
    )];
    let at_risk: Vec<String> =
        in_state(State::AtRisk).map(|alert| format!("{} ({})", alert.claim_id, alert.rule)).collect();
    parts.push(format!("At risk: {}", at_risk.join(", ")));
    if summary.is_some_and(|summary| summary.data_problems > 0) {
        let names: Vec<&str> = app.settings.calendars.names().collect();
        let problems = app.store.snapshot().await?.data_problems(&app.settings.rules, &names).await?;
        let lines: Vec<String> =
            problems.iter().map(|problem| format!("  {}: {}", problem.claim_id, problem.detail)).collect();
        parts.push(format!("Data problems:\n{}", lines.join("\n")));
    }
    let sent = app.store.deliveries(Some(DeliveryState::Sent)).await?;
    let lines: Vec<String> = sent
        .iter()
        .map(|item| format!("  to {}: {}", item.recipient, item.subject.as_deref().unwrap_or_default()))
        .collect();
    parts.push(format!("Mails:\n{}", lines.join("\n")));
    Ok(parts)
}

fn late_row(alert: &Alert, app: &App) -> [String; 5] {
    let words = Words::new(Language::En);
    let calendars = &app.settings.calendars;
    let calendar = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default());
    let late = business_days_between(calendar, alert.due_at, app.time.now());
    let explained = words.explanation(&alert.rule, &alert.explanation, calendar.zone());
    let skipped = if explained.skipped.is_empty() { String::new() } else { format!("; skipped {}", explained.skipped) };
    [
        alert.rule.clone(),
        clean_line(&alert.claim_id, 40).into_owned(),
        words.business_days(late),
        alert.amount.zip(alert.currency).map(|(amount, currency)| words.amount(amount, currency)).unwrap_or_default(),
        format!(
            "started {}, {} to {}{skipped}",
            words.short_day_of(alert.clock_started_at, calendar.zone()),
            alert.explanation.target,
            explained.due
        ),
    ]
}

async fn next_steps(dir: &Path, app: &App) -> Result<String, Failure> {
    let worst = app.store.alerts(&AlertFilter { state: Some(State::Breached), ..AlertFilter::default() }).await?;
    let claim = worst.first().map_or_else(|| "CLAIM".into(), |alert| clean_line(&alert.claim_id, 40));
    let config = dir.join(CONFIGURATION_FILE);
    let mail = dir.join(MAIL_FOLDER);
    let program = std::env::args().next().unwrap_or_else(|| "claimwatch".into());
    let command = [&program, "--config", &config.to_string_lossy()];
    let command = command.map(for_shell).join(" ");
    Ok(format!(
        "Where everything is:\n  mails          {}/*.eml\n  database       {}\n  configuration  {}\n\n\
         What to try next:\n  {command} alerts list --state open\n  \
         {command} alerts show {claim}\n  \
         {command} deadline --rule review --start 2026-11-21T10:00:00+01:00\n  \
         {command} run",
        mail.display(),
        dir.join(DATABASE_FILES[0]).display(),
        config.display()
    ))
}

/// A word of a command line, to be pasted into a shell.
fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
