//! The command line: what is asked, and how an answer or a failure leaves the process. One file a command.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 done, but some input was rejected. Source: docs/contract.md, "Exit codes".

mod alerts;
mod backfill;
mod backtest;
mod backup;
mod beside;
mod calendar;
mod check;
mod copy;
mod deadline;
mod demo;
mod diff;
mod doctor;
mod explain;
mod forecast;
mod import;
mod mail;
mod openapi;
mod outbox;
mod output;
mod packaging;
mod person;
mod report;
mod routes;
mod run;
mod scan;
mod settings;
mod silence;
mod status;
mod token;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::{App, AppError, Schema};
use crate::calendar::zone_data_version;
use crate::config::{self, ConfigError, DatabaseUrl, Environment, Settings};
use crate::now::TimeSource;
use crate::scan::ScanError;
use crate::store::StoreError;

/// The heading of what every command takes, in its help.
const GLOBAL: &str = "Global options";

/// Watches co-op incentive claims: finds every review, dispute and payment that is past its deadline, keeps one alert for
/// each, and escalates by mail.
#[derive(Debug, Parser)]
#[command(name = "claimwatch")]
struct Cli {
    /// The configuration [default: /etc/claimwatch/claimwatch.toml, else ./claimwatch.toml, else built-in defaults]
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    config: Option<PathBuf>,
    /// Leave the database's schema as it is; fail if it does not fit
    #[arg(long, global = true, help_heading = GLOBAL)]
    no_migrate: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: sample claims in a fresh database, one scan, the escalation mails as files
    Demo(demo::DemoArgs),
    /// Run the daemon: scan on schedule, deliver mail
    Run(run::RunArgs),
    #[command(flatten)]
    Database(DatabaseCommand),
    /// See what would be mailed, and whether it would arrive
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Say when something is due, and why, day by day
    Deadline(deadline::DeadlineArgs),
    /// Say what another configuration would change: deadlines, alerts, messages; write nothing
    Diff(diff::DiffArgs),
    /// Say what would have been by another configuration: deadlines met, alerts, messages; write nothing
    Backtest(backtest::BacktestArgs),
    /// Look at calendars and their days
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    /// Say what can be configured: each setting with its default, what it does, and when to change it
    Settings(settings::SettingsArgs),
    /// Check everything that a start needs: configuration, database, calendars, mail
    Check(check::CheckArgs),
    /// Say whether the work is done: the database answers, scans go on, messages get out; fail if not
    Status(status::StatusArgs),
    /// Gather what whoever is to help needs to know in one file, without secrets and personal data
    Doctor(doctor::DoctorArgs),
    /// Bring the database's schema up to date, and its views over the relations that [source] names
    Migrate,
    /// Write the SQLite database, as it is now, to a new file, while the daemon works
    Backup(backup::BackupArgs),
    /// Copy everything into another database, SQLite or PostgreSQL, and verify it there
    #[command(after_help = copy::HELP)]
    Copy(copy::CopyArgs),
    /// Print the OpenAPI document of the API that the daemon serves
    Openapi,
    /// Print what completes this program's command lines in a shell
    Completions(packaging::CompletionsArgs),
    /// Write the manual: one page a command
    Man(packaging::ManArgs),
}

/// Commands that do one thing on an open database, and end.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Scan once and say what was found
    Scan(scan::ScanArgs),
    /// Look at alerts
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// Explain each of a claim's clocks anew, past ones too, and say where an alert's stored explanation differs
    Explain(explain::ExplainArgs),
    /// Take claims from CSV files into the embedded database: all of them, or none if anything is wrong
    Import(import::ImportArgs),
    /// Look at messages on their way out, and send them again
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Build the alerts that would have been from claims and their history, marked, and told to nobody
    Backfill(backfill::BackfillArgs),
    /// Say how we did: deadlines met and late by rule, month, program, paying entity and partner
    Report(report::ReportArgs),
    /// Say what falls due on the coming days, and how much of it will be late on current form
    Forecast(forecast::ForecastArgs),
    /// Look at who is told of what
    #[command(subcommand)]
    Routes(routes::RoutesCommand),
    /// Keep messages about alerts that match back for a while
    #[command(subcommand)]
    Silence(silence::SilenceCommand),
    /// Say who may ask over HTTP, what for, and until when
    #[command(subcommand)]
    Token(token::TokenCommand),
}

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The work failed: exit code 1.
    fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// Wrong usage or configuration: exit code 2.
    fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// Done, but some input was rejected, which was said already: exit code 3.
    fn rejected() -> Self {
        Self { code: 3, message: String::new() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Settings(_) => Self::usage(error.to_string()),
            AppError::Store(_) | AppError::Folder(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::failed(error.to_string())
    }
}

/// What the whole command line asks for, beside the command itself.
#[derive(Clone)]
struct Context {
    config: Option<PathBuf>,
    schema: Schema,
    time: TimeSource,
}

impl Context {
    fn settings(&self) -> Result<Settings, Failure> {
        load(self.config.as_deref())
    }
}

fn load(named: Option<&Path>) -> Result<Settings, Failure> {
    Ok(config::load(named, &Environment::of_process())?)
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let version = format!("{} with zone data {}", env!("CARGO_PKG_VERSION"), zone_data_version());
    let matches = Cli::command().version(version).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("the runtime does not start: {error}"));
            return ExitCode::from(1);
        }
    };
    let done = runtime.block_on(dispatch(cli));
    // A look-up of a mail server's name cannot be interrupted; it must not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                output::complain(&message);
            }
            ExitCode::from(code)
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let schema = if cli.no_migrate { Schema::Verify } else { Schema::Prepare };
    let context = Context { config: cli.config, schema, time: TimeSource::system() };
    match cli.command {
        Command::Demo(args) => demo::run(&args, context.time).await,
        Command::Run(args) => run::run(&args, &context).await,
        Command::Deadline(args) => deadline::run(&args, &context.settings()?),
        Command::Diff(args) => diff::run(&args, &context).await,
        Command::Backtest(args) => backtest::run(&args, &context).await,
        Command::Calendar(command) => calendar::run(command, &context),
        Command::Settings(args) => settings::run(&args),
        Command::Check(args) => check::run(&args, &context).await,
        Command::Status(args) => status::run(&args, &context).await,
        Command::Doctor(args) => doctor::run(&args, &context).await,
        Command::Migrate => {
            let app = App::open(context.settings()?, context.time, Schema::Migrate).await?;
            app.store.close().await;
            output::remark(&format!("{}: the schema is up to date", app.settings.database.url));
            Ok(())
        }
        Command::Backup(args) => backup::run(&args, &context).await,
        Command::Copy(args) => copy::run(&args, &context).await,
        Command::Openapi => openapi::run(),
        Command::Completions(args) => packaging::completions(&args, Cli::command()),
        Command::Man(args) => packaging::man(&args, Cli::command().version(env!("CARGO_PKG_VERSION"))),
        Command::Mail(command) => mail::run(command, &context).await,
        Command::Database(command) => {
            let looks = !matches!(command, DatabaseCommand::Scan(_) | DatabaseCommand::Import(_));
            let app = open(&context, looks).await?;
            let done = on_database(command, &app).await;
            app.store.close().await;
            done
        }
    }
}

/// Opens the database; one for a command that only `looks` at it must be there, and is left as it is if it is a server's.
async fn open(context: &Context, looks: bool) -> Result<App, Failure> {
    let settings = context.settings()?;
    let mut schema = context.schema;
    if looks {
        must_be_there(&settings.database.url)?;
        if matches!(settings.database.url, DatabaseUrl::Postgres { .. }) {
            schema = Schema::Verify;
        }
    }
    Ok(App::open(settings, context.time.clone(), schema).await?)
}

/// For commands that look at what others wrote: an empty database, made by mistake, would say that all is well.
fn must_be_there(url: &DatabaseUrl) -> Result<(), Failure> {
    match url {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(Failure::failed(format!(
            "{url}: there is no database yet; `claimwatch migrate`, `import`, `scan` and `run` make it"
        ))),
        _ => Ok(()),
    }
}

async fn on_database(command: DatabaseCommand, app: &App) -> Result<(), Failure> {
    match command {
        DatabaseCommand::Scan(args) => scan::run(&args, app).await,
        DatabaseCommand::Alerts(command) => alerts::run(command, app).await,
        DatabaseCommand::Explain(args) => explain::run(&args, app).await,
        DatabaseCommand::Outbox(command) => outbox::run(command, app).await,
        DatabaseCommand::Backfill(args) => backfill::run(&args, app).await,
        DatabaseCommand::Forecast(args) => forecast::run(&args, app).await,
        DatabaseCommand::Report(args) => report::run(&args, app).await,
        DatabaseCommand::Routes(command) => routes::run(command, app).await,
        DatabaseCommand::Silence(command) => silence::run(command, app).await,
        DatabaseCommand::Token(command) => token::run(command, app).await,
        DatabaseCommand::Import(args) => import::run(&args, &*app.store).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }
}
