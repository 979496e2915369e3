//! `claimwatch check`.

use std::fs::{self, File};
use std::path::Path;

use clap::Args;

use super::output::{json, say};
use super::{Context, Failure};
use crate::app::{self, App, AppError, Schema};
use crate::check::{self, Check};
use crate::claim::clean_line;
use crate::config::{Affects, DatabaseUrl, Obstacle, Settings};
use crate::store::StoreError;

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &CheckArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let checks = all(settings, context).await;
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
    let mut checks = configuration(&settings);
    checks.extend(settings.warnings.iter().map(|warning| Check::ok("holiday file", warning)));
    // A calendar without the days of a file is not in force.
    if settings.refusal(&[Affects::Deadlines]).is_none() {
        checks.extend(check::calendars(&settings.calendars, &settings.rules, context.time.now()));
    }
    checks.extend(check::rules(&settings.rules, &settings.policy));
    let own: Vec<&str> = settings.mail.templates.own().collect();
    if !own.is_empty() {
        checks.push(Check::ok("templates", format!("of your own, tried on samples: {}", own.join(", "))));
    }
    // What stands in the way as configured has been said.
    if settings.refusal(&[Affects::Delivery]).is_none() {
        match app::transport(&settings) {
            Ok(transport) => checks.push(check::mail(&*transport).await),
            Err(error) => checks.push(Check::wrong("mail", error.to_string(), "see [mail]")),
        }
        for webhook in app::webhooks(&settings).unwrap_or_default() {
            checks.push(check::webhook(&webhook).await);
        }
    }
    if settings.refusal(&[Affects::Store]).is_none() {
        checks.extend(database(settings, context).await);
    }
    checks
}

/// The file, and what it asks for and cannot be had.
fn configuration(settings: &Settings) -> Vec<Check> {
    if settings.obstacles.is_empty() {
        let file = settings.file.as_deref().map_or("built-in defaults".into(), |file| file.display().to_string());
        return vec![Check::ok("configuration", file)];
    }
    let wrong = settings.obstacles.iter().map(|Obstacle { place, detail, .. }| {
        let (found, fix) = detail.rsplit_once("; ").unwrap_or((detail, "change or remove it"));
        Check::wrong("configuration", format!("{place}: {found}"), fix)
    });
    wrong.collect()
}

async fn database(settings: Settings, context: &Context) -> Vec<Check> {
    let url = settings.database.url.to_string();
    let access = match &settings.database.url {
        DatabaseUrl::Sqlite(_) => "see database.url: this user must be able to read and write the file and its folder",
        DatabaseUrl::Postgres { .. } => "see [database], and whether the server is up and lets this user in",
    };
    if let DatabaseUrl::Sqlite(path) = &settings.database.url
        && !path.exists()
    {
        return vec![match can_be_made(path) {
            Ok(()) => Check::ok("database", format!("{url}: not there yet; the first start makes it")),
            Err(why) => Check::wrong("database", format!("{url}: not there yet, and cannot be made: {why}"), access),
        }];
    }
    let app = match App::open(settings, context.time.clone(), Schema::AsItIs).await {
        Ok(app) => app,
        Err(AppError::Store(StoreError::Schema(why))) => return vec![Check::wrong("database", why, "see [database]")],
        Err(error) => return vec![Check::wrong("database", error.to_string(), access)],
    };
    let Settings { rules, calendars, source, .. } = &*app.settings;
    let (verified, now) = (app.store.verify(source).await, app.time.now());
    let mut checks = vec![match &verified {
        Ok(()) => Check::ok("database", format!("{url}: the schema is up to date")),
        Err(StoreError::Schema(why)) => {
            Check::wrong("database", why, "see [source]; if it is right, run `claimwatch migrate`")
        }
        Err(error) => Check::wrong("database", error.to_string(), access),
    }];
    checks.extend(check::preconditions(&*app.store, source, rules, now).await);
    if verified.is_ok() {
        checks.extend(check::store(&*app.store, rules, calendars, now).await);
    }
    app.store.close().await;
    checks
}

/// Whether a file can be made at `path`, folders included; makes nothing that stays.
fn can_be_made(path: &Path) -> Result<(), String> {
    let mut folders =
        path.ancestors().skip(1).map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
    let there = folders.find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let trial = there.join(format!(".claimwatch-check-{}", std::process::id()));
    let made = File::create_new(&trial).and_then(|_| fs::remove_file(&trial));
    made.map_err(|error| format!("{}: {error}", there.display()))
}

pub(super) fn describe(check: &Check) -> String {
    let mark = match (check.ok, &check.fix) {
        (true, None) => "ok   ",
        (true, Some(_)) => "doubt",
        (false, _) => "WRONG",
    };
    let line = format!("{mark}  {:<13}  {}", check.check, clean_line(&check.detail, 1000));
    match &check.fix {
        // A statement to paste is of use as a whole only.
        Some(fix) => format!("{line}\n       {:<13}  → {}", "", clean_line(fix, 5000)),
        None => line,
    }
}
