//! Waiting for a database server that is not there yet: a machine that boots, a server that is restarted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::app::{App, AppError, Schema};
use crate::config::{DatabaseUrl, Settings};
use crate::delivery::{Outage, Service};
use crate::now::TimeSource;
use crate::store::StoreError;

use super::pulse::{News, ServiceManager};
use super::trouble::Trouble;
use super::{DaemonError, Stop};

/// The longest time between two attempts.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// What the service manager grants beyond the next attempt.
const GRACE: Duration = Duration::from_secs(60);

/// Opens the database that `settings` name, as soon as its server is there; says once that it is not. `None`: told to stop
/// before.
///
/// # Errors
/// [`DaemonError::App`] if waiting does not help.
pub async fn open(
    settings: Settings,
    time: TimeSource,
    schema: Schema,
    stop: &Stop,
    manager: &Arc<dyn ServiceManager>,
) -> Result<Option<App>, DaemonError> {
    let (mut server, mut trouble) = (Outage::of(Service::Database), Trouble::default());
    let patient = matches!(settings.database.url, DatabaseUrl::Postgres { .. });
    loop {
        let opening = App::open(settings.clone(), time.clone(), schema);
        // A server that does not answer must not hold up a stop; what was begun on it is undone.
        let opened = tokio::select! {
            biased;
            () = stop.ask.cancelled(), if patient => return Ok(None),
            opened = opening => opened,
        };
        match opened {
            Ok(app) => {
                server.back(time.now());
                return Ok(Some(app));
            }
            Err(AppError::Store(StoreError::Unavailable(why) | StoreError::Conflict(why))) if patient => {
                if server.away(time.now(), &why) {
                    manager.tell(News::Status(&format!("waiting for the database: {why}")));
                }
            }
            Err(error) => return Err(error.into()),
        }
        trouble.failed(Instant::now());
        let rest = trouble.wait(Instant::now()).min(LONGEST_REST);
        manager.tell(News::Wait(rest + GRACE));
        tokio::select! {
            biased;
            () = stop.ask.cancelled() => return Ok(None),
            () = sleep(rest) => {}
        }
    }
}
