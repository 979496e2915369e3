//! The wiring: settings become a store, a plan and a way out for mail, the same for every command and every test.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use crate::calendar::Calendars;
use crate::config::{Affects, DatabaseSettings, DatabaseUrl, Settings};
use crate::delivery::Courier;
use crate::delivery::transport::{self, Secret, Transport};
use crate::delivery::webhook::Webhook;
use crate::mail::Frame;
use crate::now::TimeSource;
use crate::scan::Plan;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Preconditions as _, SourceRelations, Store, StoreError};

/// Everything that a command works with.
#[derive(Clone)]
pub struct App {
    pub settings: Arc<Settings>,
    pub time: TimeSource,
    pub store: Arc<dyn Store>,
}

/// Why there is nothing to work with.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The settings ask for something that cannot be had; one line each.
    #[error("{0}")]
    Settings(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Folder(String),
}

/// What opening a database does to its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Brings it up to date; the views stay over the relations that they were made over, or it is an error.
    Prepare,
    /// Brings it up to date and makes the views anew over the configured relations: `claimwatch migrate`.
    Migrate,
    /// Leaves it alone; one that does not fit is an error.
    Verify,
    /// Leaves it alone, whatever it is: `claimwatch check` says what.
    AsItIs,
    /// The same, and nothing in the database can change: `claimwatch doctor`.
    ReadOnly,
}

impl App {
    /// Opens the database that `settings` name.
    ///
    /// # Errors
    /// [`AppError`]
    pub async fn open(settings: Settings, time: TimeSource, schema: Schema) -> Result<Self, AppError> {
        refuse(&settings, &[Affects::Store])?;
        let store = open(&settings.database, &settings.source, schema).await?;
        Ok(Self { settings: Arc::new(settings), time, store })
    }

    /// What scans decide by.
    ///
    /// # Errors
    /// [`AppError::Settings`] if a calendar cannot be had as configured: no deadline is guessed.
    pub fn plan(&self) -> Result<Plan, AppError> {
        plan(&self.settings)
    }

    /// What takes messages out of the outbox and hands them on.
    ///
    /// # Errors
    /// [`AppError::Settings`] if a way out or a calendar cannot be had as configured: mails say how late things are.
    pub fn courier(&self) -> Result<Courier, AppError> {
        refuse(&self.settings, &[Affects::Deadlines])?;
        let calendars = watch::Sender::new(Arc::new(self.settings.calendars.clone()));
        self.courier_by(calendars.subscribe())
    }

    /// As [`App::courier`], by calendars of the caller's.
    ///
    /// # Errors
    /// [`AppError::Settings`] if a way out cannot be had as configured.
    pub fn courier_by(&self, calendars: watch::Receiver<Arc<Calendars>>) -> Result<Courier, AppError> {
        let settings = &self.settings;
        let transport = transport(settings)?.into();
        let (store, time) = (Arc::clone(&self.store), self.time.clone());
        let courier = Courier::new(store, calendars, frame(settings), transport, time, settings.mail.timeout);
        let page = settings.http.as_ref().and_then(|http| http.external_url.clone());
        let courier = courier.with_most_an_hour(settings.mail.most_an_hour).with_answers_at(page);
        Ok(courier.with_webhooks(webhooks(settings)?))
    }
}

/// Opens another database than the configured one, or that one by the same address: only then has it the configured
/// password. Its tables are in the configured schema, its views over the configured sources.
///
/// # Errors
/// [`AppError`]
pub async fn open_by_address(
    settings: &Settings,
    url: DatabaseUrl,
    schema: Schema,
) -> Result<Arc<dyn Store>, AppError> {
    let password = match url == settings.database.url {
        true => {
            refuse(settings, &[Affects::Store])?;
            settings.database.password.clone()
        }
        false => None,
    };
    open(&DatabaseSettings { url, password, ..settings.database.clone() }, &settings.source, schema).await
}

/// What scans decide by, from settings alone.
///
/// # Errors
/// [`AppError::Settings`] if a calendar cannot be had as configured.
pub fn plan(settings: &Settings) -> Result<Plan, AppError> {
    refuse(settings, &[Affects::Deadlines])?;
    Ok(Plan {
        rules: settings.rules.clone(),
        calendars: settings.calendars.clone(),
        policy: settings.policy.clone(),
        fingerprint: settings.decision_fingerprint(),
        deadlines: settings.deadline_fingerprint(),
    })
}

/// What every message has in common.
#[must_use]
pub fn frame(settings: &Settings) -> Frame {
    let Settings { mail, policy, .. } = settings;
    Frame {
        from: mail.from.clone(),
        reply_to: mail.reply_to.clone(),
        support_url: policy.support_url.clone(),
        claim_url: policy.claim_url.clone(),
        templates: mail.templates.clone(),
    }
}

/// The configured way out for mail.
///
/// # Errors
/// [`AppError::Settings`] if it cannot be had as configured.
pub fn transport(settings: &Settings) -> Result<Box<dyn Transport>, AppError> {
    refuse(settings, &[Affects::Delivery])?;
    Ok(transport::connect(&settings.mail.transport))
}

/// The configured webhooks.
///
/// # Errors
/// [`AppError::Settings`] if one cannot be had as configured.
pub fn webhooks(settings: &Settings) -> Result<Vec<Webhook>, AppError> {
    refuse(settings, &[Affects::Delivery])?;
    Ok(settings.webhooks.iter().map(|webhook| Webhook::new(webhook.clone(), settings.mail.timeout)).collect())
}

fn refuse(settings: &Settings, needs: &[Affects]) -> Result<(), AppError> {
    settings.refusal(needs).map_or(Ok(()), |lines| Err(AppError::Settings(lines)))
}

async fn open(
    database: &DatabaseSettings,
    sources: &SourceRelations,
    schema: Schema,
) -> Result<Arc<dyn Store>, AppError> {
    Ok(match &database.url {
        DatabaseUrl::Sqlite(path) => Arc::new(open_sqlite(path, sources, schema).await?),
        DatabaseUrl::Postgres { url, .. } => Arc::new(open_postgres(url, database, sources, schema).await?),
    })
}

async fn open_sqlite(path: &Path, sources: &SourceRelations, schema: Schema) -> Result<SqliteStore, AppError> {
    if !matches!(schema, Schema::Prepare | Schema::Migrate) && !path.exists() {
        let place = path.display();
        return Err(StoreError::Schema(format!("{place}: there is no database yet; run `claimwatch migrate`")).into());
    }
    if schema == Schema::ReadOnly {
        return Ok(SqliteStore::open_read_only(path).await?);
    }
    make_parent(path)?;
    let store = SqliteStore::open(path).await?;
    match schema {
        Schema::Prepare => store.prepare(sources).await?,
        Schema::Migrate => store.migrate(sources).await?,
        Schema::Verify => store.verify(sources).await?,
        Schema::AsItIs | Schema::ReadOnly => {}
    }
    Ok(store)
}

async fn open_postgres(
    url: &str,
    database: &DatabaseSettings,
    sources: &SourceRelations,
    schema: Schema,
) -> Result<PostgresStore, AppError> {
    let DatabaseSettings { password, schema: ours, max_connections, .. } = database;
    let password = password.as_ref().map(Secret::expose);
    let store = PostgresStore::connect(url, password, ours, *max_connections).await?;
    match schema {
        Schema::Prepare => store.prepare(sources).await?,
        Schema::Migrate => store.migrate(sources).await?,
        Schema::Verify => store.verify(sources).await?,
        Schema::AsItIs => {}
        Schema::ReadOnly => return Ok(store.read_only()),
    }
    Ok(store)
}

/// Makes the folder of the database, readable by its owner alone: claims hold people's money.
fn make_parent(path: &Path) -> Result<(), AppError> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(|error| AppError::Folder(format!("{}: the folder cannot be made: {error}", parent.display())))
}
