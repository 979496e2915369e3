//! `claimwatch doctor`: what whoever is to help needs to know, in one text without secrets and personal data.
//!
//! Everything on the sheet is a [`Redactable`] and masked as it is written: what nobody called public is not shown. Nothing that
//! is looked at changes, and nothing that is amiss (no configuration, no database, a schema of another version) ends the look.

mod database;
mod file;
mod machine;
mod mask;
mod settings;
mod sheet;

use std::path::Path;
use std::time::Duration;

use chrono::SecondsFormat;
use tokio::time::timeout;

use crate::app::{App, AppError, Schema};
use crate::check::{self, Check};
use crate::claim::Redactable;
use crate::config::{self, Affects, ConfigError, DatabaseUrl, Environment, Obstacle, Place, Settings};
use crate::delivery::transport::TransportSettings;
use crate::now::TimeSource;
use sheet::Sheet;

pub use file::{must_be_free, write_new};

/// The longest that a mail server or a webhook may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that opening the database, and what scans find in it, may take.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// Looks at everything, by the configuration that the command line `named` and `environment`.
pub async fn report(named: Option<&Path>, environment: &Environment, time: &TimeSource) -> String {
    let mut sheet = Sheet::default();
    machine::program(&mut sheet);
    machine::machine(&mut sheet).await;
    machine::clock(&mut sheet, time.now()).await;
    configuration(&mut sheet, named, environment);
    match config::load(named, environment) {
        Ok(settings) => by_settings(&mut sheet, hasty(settings), time).await,
        Err(error) => by_what_is_right(&mut sheet, &error, named, environment, time).await,
    }
    let now = time.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    sheet.under(&format!(
        "claimwatch doctor, {now}\nWhat may be secret or personal is masked: \"…\" (text of 23 characters). Look at all of it before you send it.\n"
    ))
}

/// Where the configuration is, and what is set.
fn configuration(sheet: &mut Sheet, named: Option<&Path>, environment: &Environment) {
    sheet.section("Configuration");
    match config::find(named) {
        Some(file) => match config::USUAL.into_iter().find(|usual| file == Path::new(usual)) {
            Some(usual) => sheet.line("file", usual),
            None => sheet.line("file", file.display().to_string()),
        },
        None => sheet.line("file", "none"),
    }
    match config::written(named, environment) {
        Ok(written) => settings::write(sheet, &written),
        Err(_) => sheet.line("settings", "not known, see the checks"),
    }
}

/// What is wrong with a configuration.
fn problems(sheet: &mut Sheet, error: &ConfigError) {
    for problem in error.problems() {
        let place = match &problem.place {
            Place::File => "the file".into(),
            Place::Line { line, column } => Redactable::from("line ").public(line).and(", column ").public(column),
            Place::Variable(name) => Redactable::from("variable ").private(name),
        };
        let comma = if problem.key.is_empty() { "" } else { ", " };
        let place = Redactable::from("WRONG at ").then(place).and(comma).then(settings::shown_key(&problem.key));
        sheet.line(place, problem.detail.clone());
    }
}

/// The checks and the database, by a configuration that can be used.
async fn by_settings(sheet: &mut Sheet, settings: Settings, time: &TimeSource) {
    for Obstacle { place, detail, .. } in &settings.obstacles {
        let key = place.rsplit(": ").next().unwrap_or_default();
        sheet.line(Redactable::from("cannot be had, ").then(settings::shown_key(key)), detail.clone());
    }
    let checks = check::settings(&settings, time.now()).await;
    let opened = open(settings, time).await;
    sheet.section("Checks");
    checks.iter().for_each(|check| line(sheet, check));
    match &opened {
        Ok(app) => match timeout(LONG_PATIENCE, check::database(app)).await {
            Ok(checks) => checks.iter().for_each(|check| line(sheet, check)),
            Err(_) => sheet.line("database", database::silence(LONG_PATIENCE)),
        },
        Err(Closed::Cannot(url, error)) => line(sheet, &check::cannot_be_opened(url, error)),
        // The configuration's own checks say why.
        Err(_) => {}
    }
    database_section(sheet, opened, time).await;
}

/// What is wrong with the configuration, and the database, if its own settings are right.
async fn by_what_is_right(
    sheet: &mut Sheet,
    error: &ConfigError,
    named: Option<&Path>,
    environment: &Environment,
    time: &TimeSource,
) {
    sheet.section("Checks");
    sheet.line("configuration", "WRONG; nothing else can be checked");
    problems(sheet, error);
    match config::load_tables(named, environment, &["database", "source"]) {
        Ok(settings) => {
            let opened = open(settings, time).await;
            database_section(sheet, opened, time).await;
        }
        Err(_) => {
            sheet.section("Database");
            sheet.line("not known", "its settings are wrong");
        }
    }
}

/// Why a database was not opened.
enum Closed {
    /// Its settings cannot be had.
    NotTried,
    Cannot(DatabaseUrl, AppError),
    Silent,
}

/// Opens the database to look at it.
async fn open(settings: Settings, time: &TimeSource) -> Result<App, Closed> {
    if settings.refusal(&[Affects::Store]).is_some() {
        return Err(Closed::NotTried);
    }
    let url = settings.database.url.clone();
    match timeout(LONG_PATIENCE, App::open(settings, time.clone(), Schema::ReadOnly)).await {
        Ok(opened) => opened.map_err(|error| Closed::Cannot(url, error)),
        Err(_) => Err(Closed::Silent),
    }
}

async fn database_section(sheet: &mut Sheet, opened: Result<App, Closed>, time: &TimeSource) {
    sheet.section("Database");
    match opened {
        Ok(app) => {
            database::write(sheet, &*app.store, time).await;
            // A statement that is still under way ends with the process.
            let _ = timeout(database::PATIENCE, app.store.close()).await;
        }
        Err(Closed::NotTried) => sheet.line("not known", "a setting of [database] cannot be had, see above"),
        Err(Closed::Cannot(url, error)) => {
            sheet.line(
                "engine",
                match url {
                    DatabaseUrl::Sqlite(_) => "SQLite",
                    DatabaseUrl::Postgres { .. } => "PostgreSQL",
                },
            );
            sheet.line("does not open", error.to_string());
        }
        Err(Closed::Silent) => sheet.line("does not open", database::silence(LONG_PATIENCE)),
    }
}

fn line(sheet: &mut Sheet, check: &Check) {
    let mark = match (check.ok, &check.fix) {
        (true, None) => "ok, ",
        (true, Some(_)) => "doubtful, ",
        (false, _) => "WRONG, ",
    };
    let found = Redactable::from(mark).then(check.detail.clone());
    sheet.line(
        check.check,
        match &check.fix {
            Some(fix) => found.and(" → ").then(fix.clone()),
            None => found,
        },
    );
}

/// The same with less patience for other sides.
fn hasty(mut settings: Settings) -> Settings {
    settings.mail.timeout = settings.mail.timeout.min(PATIENCE);
    match &mut settings.mail.transport {
        TransportSettings::Smtp(smtp) => smtp.timeout = smtp.timeout.min(PATIENCE),
        TransportSettings::Sendmail(sendmail) => sendmail.timeout = sendmail.timeout.min(PATIENCE),
        TransportSettings::File(_) => {}
    }
    settings
}
