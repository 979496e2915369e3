//! The daemon under one configuration after the other: a new one is taken whole, or the one before stays in force.
//!
//! What can be wrong with a new one is found out before anything is stopped. Then the work in hand is finished under the one
//! before and goes on under the new one, in the same process: what is listened on stays so, and counters go on.
//! Source: docs/operate.md, "Reloading".

use std::sync::Arc;

use tokio::sync::Notify;

use crate::app::{self, AppError, Schema};
use crate::config::{Affects, Settings, changes};
use crate::delivery::without_addresses;
use crate::http::Server;
use crate::now::TimeSource;
use crate::vitals::{Reload, Vitals};

use super::{DaemonError, News, ServiceManager, Stop, Surroundings, open, run};

/// What the configuration is read from, and who says that it is to be read anew.
pub struct Reloads {
    /// Told when it is.
    pub asked: Arc<Notify>,
    /// Reads it; what is wrong, a line each.
    pub read: Box<dyn Fn() -> Result<Settings, String> + Send + Sync>,
}

/// Runs until `stop`, under `settings` and whatever takes their place.
///
/// # Errors
/// [`DaemonError`]
pub async fn serve(
    mut settings: Settings,
    time: TimeSource,
    schema: Schema,
    stop: Stop,
    manager: Arc<dyn ServiceManager>,
    reloads: Reloads,
) -> Result<(), DaemonError> {
    let vitals = Arc::new(Vitals::default());
    vitals.reloaded(Reload { at: time.now(), refused: None });
    let mut http = listen(&settings).await?;
    loop {
        let Some(app) = open(settings.clone(), time.clone(), schema, &stop, &manager).await? else { return Ok(()) };
        let around = Surroundings { manager: Arc::clone(&manager), vitals: Arc::clone(&vitals), http: http.clone() };
        let this = Stop { ask: stop.ask.child_token(), insist: stop.insist.child_token(), ..Stop::default() };
        let running = run(app, this.clone(), around);
        tokio::pin!(running);
        let (next, server) = loop {
            tokio::select! {
                ended = &mut running => return ended,
                () = reloads.asked.notified() => {}
            }
            manager.tell(News::Reloading);
            let prepared = prepare(&settings, http.as_ref(), &reloads).await;
            let refused = prepared.as_ref().err().cloned();
            vitals.reloaded(Reload { at: time.now(), refused: refused.clone() });
            match prepared {
                Ok(prepared) => break prepared,
                Err(why) => {
                    for why in why.lines() {
                        tracing::error!(why, "the configuration was not reloaded; the one before stays in force");
                    }
                    manager.tell(News::Status("the configuration is wrong: the one before stays in force"));
                    manager.tell(News::Ready);
                }
            }
        };
        say_what_changes(&settings, &next);
        this.reload.cancel();
        this.ask.cancel();
        match running.await {
            Ok(()) => {}
            // What was in hand is done again.
            Err(DaemonError::Insisted) if !stop.insist.is_cancelled() => {
                tracing::warn!("work was left half-way for the new configuration: it is done again");
            }
            Err(error) => return Err(error),
        }
        if stop.ask.is_cancelled() {
            return Ok(());
        }
        (settings, http) = (next, server);
    }
}

async fn listen(settings: &Settings) -> Result<Option<Arc<Server>>, DaemonError> {
    // Without a token that cannot be read, others could read what it is to keep from them.
    if let Some(lines) = settings.refusal(&[Affects::Http]) {
        return Err(AppError::Settings(lines).into());
    }
    match &settings.http {
        Some(http) => Ok(Some(Arc::new(Server::bind(http).await?))),
        None => Ok(None),
    }
}

/// The new configuration and what is listened on by it, if it can take the place of `current`.
async fn prepare(
    current: &Settings,
    http: Option<&Arc<Server>>,
    reloads: &Reloads,
) -> Result<(Settings, Option<Arc<Server>>), String> {
    let next = (reloads.read)()?;
    let fixed = changes(current, &next).into_iter().filter(|change| change.needs_restart());
    let fixed: Vec<String> = fixed.map(|change| format!("{}: only a restart changes it", change.key)).collect();
    if !fixed.is_empty() {
        return Err(fixed.join("\n"));
    }
    let all = [Affects::Deadlines, Affects::Store, Affects::Delivery, Affects::Http, Affects::Looks];
    if let Some(lines) = next.refusal(&all) {
        return Err(lines);
    }
    app::plan(&next).and_then(|_| app::transport(&next)).map_err(|error| error.to_string())?;
    let server = match (&next.http, http) {
        (None, _) => None,
        (Some(wanted), Some(server)) if server.settings().listen == wanted.listen => {
            Some(Arc::new(server.with_settings(wanted)))
        }
        (Some(wanted), _) => Some(Arc::new(Server::bind(wanted).await.map_err(|error| error.to_string())?)),
    };
    Ok((next, server))
}

fn say_what_changes(current: &Settings, next: &Settings) {
    let changes = changes(current, next);
    for change in &changes {
        tracing::info!(setting = change.key, change = without_addresses(&change.text), "a setting changes");
    }
    tracing::info!(changes = changes.len(), "the configuration was reloaded");
}
