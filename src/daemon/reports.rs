//! The loop that sends each month's report: beside the scans, which it never holds up, and only where this daemon leads.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::leader::{Leadership, Mandate};
use super::plans::Plans;
use super::trouble::words_of_panic;
use crate::app::App;
use crate::now::TimeSource;
use crate::report::send_due;
use crate::store::{Store, StoreError};

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_mins(1);

pub(super) struct ReportLoop {
    leadership: Leadership,
    plans: Arc<Plans>,
    store: Arc<dyn Store>,
    time: TimeSource,
    /// Told that there may be mail.
    scanned: Arc<Notify>,
    stop: CancellationToken,
}

impl ReportLoop {
    /// The loop of `app`'s daemon.
    pub fn of(
        app: &App,
        plans: Arc<Plans>,
        leadership: Leadership,
        scanned: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        Self { leadership, plans, store: Arc::clone(&app.store), time: app.time.clone(), scanned, stop }
    }

    /// Sends reports when they are due until told to stop; one that fails is tried again.
    pub async fn run(self) {
        loop {
            if let Mandate::Scan(term) = self.leadership.mandate() {
                let (store, plan, now) = (Arc::clone(&self.store), self.plans.present(), self.time.now());
                let sending = async move {
                    if plan.policy.monthly_reports.is_empty() {
                        Ok(0)
                    } else {
                        send_due(&*store, &plan, now, term).await
                    }
                };
                match tokio::spawn(sending).await {
                    Ok(Ok(0)) => {}
                    Ok(Ok(reports)) => {
                        tracing::info!(reports, "the month's reports are on their way");
                        self.scanned.notify_one();
                    }
                    Ok(Err(crate::report::MonthlyError::Store(StoreError::Deposed))) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "a month's report cannot be sent; it is tried again"),
                    Err(panic) => {
                        tracing::error!(words = words_of_panic(panic), "a month's report panicked; it is tried again");
                    }
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(LOOK) => {}
            }
        }
    }
}
