//! All that a start needs, one after the other: the configuration with the ways out that it names, then the database.

use std::fs::{self, File};
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Check;
use crate::app::{self, App, AppError};
use crate::claim::Redactable;
use crate::config::{Affects, DatabaseUrl, Obstacle, Settings};
use crate::store::StoreError;

/// The configuration, and whether what it names is there: everything but the database.
pub async fn settings(settings: &Settings, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = configuration(settings);
    checks.extend(settings.warnings.iter().map(|warning| Check::ok("holiday file", warning.clone())));
    // A calendar without the days of a file is not in force.
    if settings.refusal(&[Affects::Deadlines]).is_none() {
        checks.extend(super::calendars(&settings.calendars, &settings.rules, now));
    }
    checks.extend(super::rules(&settings.rules, &settings.policy));
    let own: Vec<&str> = settings.mail.templates.own().collect();
    if !own.is_empty() {
        checks.push(Check::ok("templates", Redactable::from("of your own, tried on samples: ").public(own.join(", "))));
    }
    // What stands in the way as configured has been said.
    if settings.refusal(&[Affects::Delivery]).is_none() {
        match app::transport(settings) {
            Ok(transport) => checks.push(super::mail(&*transport).await),
            Err(error) => checks.push(Check::wrong("mail", error.to_string(), "see [mail]")),
        }
        for webhook in app::webhooks(settings).unwrap_or_default() {
            checks.push(super::webhook(&webhook).await);
        }
    }
    checks
}

/// The file, and what it asks for and cannot be had.
fn configuration(settings: &Settings) -> Vec<Check> {
    if settings.obstacles.is_empty() {
        let defaults = || Redactable::from("built-in defaults");
        let file = settings.file.as_deref().map_or_else(defaults, |file| file.display().to_string().into());
        return vec![Check::ok("configuration", file)];
    }
    let wrong = settings.obstacles.iter().map(|Obstacle { place, detail, .. }| {
        let (found, fix) = match detail.rsplit_once("; ") {
            Some((found, fix)) => (found, Redactable::from(fix.to_owned())),
            None => (detail.as_str(), "change or remove it".into()),
        };
        Check::wrong("configuration", format!("{place}: {found}"), fix)
    });
    wrong.collect()
}

/// The database of `app`, which was opened as it is: its schema, and what scans need of it and find in it.
pub async fn database(app: &App) -> Vec<Check> {
    let Settings { rules, calendars, source, database, http, .. } = &*app.settings;
    let (verified, now) = (app.store.verify(source).await, app.time.now());
    let mut checks = vec![match &verified {
        Ok(()) => Check::ok("database", Redactable::default().private(&database.url).and(": the schema is up to date")),
        Err(StoreError::Schema(why)) => {
            Check::wrong("database", why.clone(), "see [source]; if it is right, run `claimwatch migrate`")
        }
        Err(error) => Check::wrong("database", error.to_string(), access(&database.url)),
    }];
    checks.extend(super::preconditions(&*app.store, source, rules, now).await);
    if verified.is_ok() {
        checks.extend(super::store(&*app.store, rules, calendars, now).await);
        checks.extend(super::served(&*app.store, http.as_ref(), now).await);
    }
    checks
}

/// The database at `url`, which could not be opened: one that is not there yet is no fault, if it can be made.
#[must_use]
pub fn cannot_be_opened(url: &DatabaseUrl, error: &AppError) -> Check {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.exists()
    {
        let place = Redactable::default().private(url);
        return match can_be_made(path) {
            Ok(()) => Check::ok("database", place.and(": not there yet; the first start makes it")),
            Err(why) => {
                Check::wrong("database", place.and(": not there yet, and cannot be made: ").private(why), access(url))
            }
        };
    }
    match error {
        AppError::Store(StoreError::Schema(why)) => Check::wrong("database", why.clone(), "see [database]"),
        error => Check::wrong("database", error.to_string(), access(url)),
    }
}

fn access(url: &DatabaseUrl) -> &'static str {
    match url {
        DatabaseUrl::Sqlite(_) => "see database.url: this user must be able to read and write the file and its folder",
        DatabaseUrl::Postgres { .. } => "see [database], and whether the server is up and lets this user in",
    }
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
