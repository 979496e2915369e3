//! `claimwatch run`: the daemon.

use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Context, Failure};
use crate::daemon::{self, DaemonError, ServiceManager, Stop, Systemd};
use crate::telemetry;

#[derive(Args, Debug)]
pub struct RunArgs {}

pub async fn run(_args: &RunArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    telemetry::init(&settings.log);
    let stop = Stop::default();
    listen(stop.clone()).map_err(|error| Failure::failed(format!("signals cannot be heard: {error}")))?;
    let manager: Arc<dyn ServiceManager> = Arc::new(Systemd);
    let opened = daemon::open(settings, context.time.clone(), context.schema, &stop, &manager).await?;
    if let Some(app) = opened {
        daemon::run(app, stop, manager).await?;
    }
    Ok(())
}

/// The first SIGTERM or SIGINT asks to stop, the second insists.
fn listen(stop: Stop) -> std::io::Result<()> {
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
