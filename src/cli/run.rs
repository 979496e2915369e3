//! `claimwatch run`: the daemon.

use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::{Context, Failure};
use crate::daemon::{self, DaemonError, Reloads, ServiceManager, Stop, Systemd};
use crate::telemetry;

#[derive(Args, Debug)]
pub struct RunArgs {}

pub async fn run(_args: &RunArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    telemetry::init(&settings.log);
    let (stop, asked) = (Stop::default(), Arc::new(Notify::new()));
    let heard = listen(stop.clone(), Arc::clone(&asked));
    heard.map_err(|error| Failure::failed(format!("signals cannot be heard: {error}")))?;
    let again: Context = context.clone();
    let read = Box::new(move || again.settings().map_err(|failure| failure.message));
    let manager: Arc<dyn ServiceManager> = Arc::new(Systemd);
    let reloads = Reloads { asked, read };
    Ok(daemon::serve(settings, context.time.clone(), context.schema, stop, manager, reloads).await?)
}

/// The first SIGTERM or SIGINT asks to stop, the second insists; SIGHUP asks for the configuration to be read anew.
fn listen(stop: Stop, reload: Arc<Notify>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload.notify_one();
        }
    });
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        for told in [stop.ask, stop.insist] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.cancel();
        }
    });
    Ok(())
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::App(error) => error.into(),
            error => Self::failed(error.to_string()),
        }
    }
}
