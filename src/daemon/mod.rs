//! The daemon: what starts and stops in which order.
//!
//! Two loops work side by side, one scanning on schedule, one delivering; neither ends but when told to. Starting: the
//! database is ours alone (a file) or a lease says who scans (a server), then systemd hears READY and the loops begin.
//! Stopping: a first signal asks (the scan stops after its batch, the mail in hand is finished), a second one or half a
//! minute insists; nothing is lost either way, since what was not recorded is done again. The scan loop itself rests until the
//! schedule's next instant: a scheduler that only wakes it would cost more than all else of an idle daemon.
//! Source: docs/architecture.md.

mod database;
mod deliveries;
mod instance;
mod leader;
mod plans;
mod pulse;
mod reload;
mod reports;
mod scans;
mod start;
mod trouble;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::{App, AppError};
use crate::calendar::Calendars;
use crate::check::{self, Check};
use crate::config::{DatabaseUrl, Settings};
use crate::delivery::Courier;
use crate::http::{Facts, HttpError, Kept, Server};
use crate::scan::{Request, scan};
use crate::vitals::Vitals;

use database::Database;
use deliveries::{DeliveryLoop, may_be_left};
use leader::Leader;
use plans::Plans;
use pulse::{Pulse, Work};
use reports::ReportLoop;
use scans::ScanLoop;

pub use instance::Instance;
pub use pulse::{News, ServiceManager, Systemd};
pub use reload::{Reloads, serve};
pub use start::open;

/// How long the work in hand may take once asked to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a mail that was not handed over yet may still take then: giving it up costs nothing but its turn.
const PATIENCE_WITH_MAIL: Duration = Duration::from_secs(3);
/// How long giving up the lease may take.
const PATIENCE_WITH_LEASE: Duration = Duration::from_secs(3);
/// How long closing the database may take: it only folds the write-ahead log into the file.
const PATIENCE_WITH_DATABASE: Duration = Duration::from_secs(1);
/// How much sooner a step that gets no answer is given up than the watchdog would miss it.
const GRACE: Duration = Duration::from_secs(20);

/// How a daemon is told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Finish what is in hand, begin nothing more.
    pub ask: CancellationToken,
    /// At once.
    pub insist: CancellationToken,
    /// It ends so that another configuration takes its place.
    pub reload: CancellationToken,
}

/// What is around a daemon, whatever its configuration.
pub struct Surroundings {
    pub manager: Arc<dyn ServiceManager>,
    pub vitals: Arc<Vitals>,
    /// `None`: nothing is served.
    pub http: Option<Arc<Server>>,
}

impl Surroundings {
    /// Watched over by `manager`; nothing is served.
    #[must_use]
    pub fn quiet(manager: Arc<dyn ServiceManager>) -> Self {
        Self { manager, vitals: Arc::default(), http: None }
    }
}

/// Why a daemon did not start, or ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("another claimwatch (pid {pid}) runs on this database: {}", .path.display())]
    Another { pid: String, path: PathBuf },
    #[error("{}: the lock that keeps a second claimwatch away cannot be had: {error}", .path.display())]
    Lock { path: PathBuf, error: std::io::Error },
    #[error("{}: found another file than at the start, expected the same database; start again to work on it", .0.display())]
    Replaced(PathBuf),
    #[error("stopped with work in hand: it is done again after the next start")]
    Insisted,
    #[error("the {0} loop ended unexpectedly: {1}")]
    Broken(&'static str, JoinError),
}

/// Runs until `stop`.
///
/// # Errors
/// [`DaemonError`]; a database or a mail server that goes away later is none.
pub async fn run(app: App, stop: Stop, around: Surroundings) -> Result<(), DaemonError> {
    let Surroundings { manager, vitals, http } = around;
    let plans = Arc::new(Plans::new(&app.settings)?);
    let instance = claim(&app)?;
    say_what_cannot_be_had(&app);

    let pulse = Arc::new(Pulse::new(Arc::clone(&manager), app.settings.mail.timeout));
    let beat = Arc::clone(&pulse);
    let calendars = plans.calendars();
    let courier = app.courier_by(calendars.clone())?;
    vitals.expects(courier.ways());
    let courier = Arc::new(courier.with_sign_of_life(move || beat.beat(Work::Deliveries)));
    let database = Arc::new(Database::new(instance, app.time.clone()));
    let (woken, scanned) = (Arc::new(Notify::new()), Arc::new(Notify::new()));

    let (reported, told) = (Arc::clone(&plans), Arc::clone(&scanned));
    let (store, time, asked) = (Arc::clone(&app.store), app.time.clone(), stop.ask.clone());
    let beat = Arc::clone(&pulse);
    let scans_end = CancellationToken::new();
    let (leadership, leader) = Leader::of(&app.store, &app.time, &database, &scans_end, &woken);
    let scans = ScanLoop {
        leadership,
        schedule: app.settings.schedule.clone(),
        time: app.time.clone(),
        database: Arc::clone(&database),
        pulse: Arc::clone(&pulse),
        vitals: Arc::clone(&vitals),
        manager: Arc::clone(&manager),
        woken,
        scanned: Arc::clone(&scanned),
        stop: stop.ask.clone(),
        longest_step: pulse::LONGEST_SCAN_STEP - GRACE,
        work: move |request: Request| {
            let (store, plans, time, asked) = (Arc::clone(&store), Arc::clone(&plans), time.clone(), asked.clone());
            let beat = Arc::clone(&beat);
            async move {
                let plan = plans.present();
                scan(&*store, &plan, &time, &request, &asked, &|| beat.beat(Work::Scans)).await
            }
        },
    };
    let deliveries = DeliveryLoop {
        courier: Arc::clone(&courier),
        store: Arc::clone(&app.store),
        time: app.time.clone(),
        database,
        pulse: Arc::clone(&pulse),
        vitals: Arc::clone(&vitals),
        scanned,
        stop: stop.ask.clone(),
        longest_step: app.settings.mail.timeout + pulse::BESIDE_AN_ATTEMPT - GRACE,
    };
    let reports = ReportLoop::of(&app, reported, scans.leadership.clone(), told, stop.ask.clone());
    scans.recall(&*app.store).await;
    say_that_it_is_ready(&app, &courier);
    manager.tell(News::Ready);
    let _serving = http.map(|server| {
        let facts = facts(&app, calendars, pulse, vitals);
        let stop = stop.insist.clone();
        AbortOnDropHandle::new(tokio::spawn(async move { server.serve(facts, stop).await }))
    });
    let _reporting = AbortOnDropHandle::new(tokio::spawn(reports.run()));
    let leading = leader.map(|leader| AbortOnDropHandle::new(tokio::spawn(leader.run())));
    let scanning = async move {
        // However it ends, another daemon may scan from then on, while the mail in hand is finished here.
        let _end = scans_end.drop_guard();
        scans.run().await
    };
    let ended = work(scanning, deliveries.run(), &courier, &stop, &*manager).await;
    if let Some(leading) = leading
        && timeout(PATIENCE_WITH_LEASE, leading).await.is_err()
    {
        tracing::debug!("the lease was not given up in time: it ends by itself");
    }
    if ended.is_ok() && timeout(PATIENCE_WITH_DATABASE, app.store.close()).await.is_err() {
        tracing::debug!("the database was not closed in order");
    }
    ended
}

fn say_that_it_is_ready(app: &App, courier: &Courier) {
    tracing::info!(
        database = %app.settings.database.url,
        schedule = app.settings.schedule.cron,
        zone = app.settings.schedule.time_zone.name(),
        mail = courier.describe(),
        "claimwatch is ready"
    );
}

/// What is served over HTTP is made of this.
fn facts(app: &App, calendars: watch::Receiver<Arc<Calendars>>, pulse: Arc<Pulse>, vitals: Arc<Vitals>) -> Facts {
    let Settings { source, rules, policy, schedule, .. } = &*app.settings;
    Facts {
        store: Arc::clone(&app.store),
        sources: source.clone(),
        rules: rules.clone(),
        calendars,
        policy: policy.clone(),
        schedule: schedule.clone(),
        time: app.time.clone(),
        vitals,
        loops: Arc::new(move || pulse.checks()),
        kept: Kept::default(),
    }
}

/// Works until told to stop or until a loop cannot go on; then sees to it that both come to an end.
async fn work(
    scans: impl Future<Output = Result<(), DaemonError>> + Send + 'static,
    deliveries: impl Future<Output = Result<(), DaemonError>> + Send + 'static,
    courier: &Courier,
    stop: &Stop,
    manager: &dyn ServiceManager,
) -> Result<(), DaemonError> {
    let mut scans = AbortOnDropHandle::new(tokio::spawn(scans));
    let mut deliveries = AbortOnDropHandle::new(tokio::spawn(deliveries));
    let (mut scans_end, mut deliveries_end) = (None, None);
    tokio::select! {
        () = stop.ask.cancelled() => {}
        () = stop.insist.cancelled() => {}
        ended = &mut scans => scans_end = Some(flat("scan", ended)),
        ended = &mut deliveries => deliveries_end = Some(flat("delivery", ended)),
    }
    stop.ask.cancel();
    if stop.reload.is_cancelled() {
        tracing::info!("what is in hand is finished under the configuration before");
    } else {
        manager.tell(News::Stopping);
        tracing::info!("stopping: what is in hand is finished");
    }
    let finished = async {
        let (scans_end, deliveries_end) = tokio::join!(
            async {
                if let Some(ended) = scans_end {
                    return ended;
                }
                flat("scan", (&mut scans).await)
            },
            async {
                if let Some(ended) = deliveries_end {
                    return ended;
                }
                tokio::select! {
                    ended = &mut deliveries => flat("delivery", ended),
                    () = may_be_left(courier, PATIENCE_WITH_MAIL) => {
                        tracing::warn!("a mail was left: its server does not answer; it is sent after the next start");
                        Ok(())
                    }
                }
            },
        );
        scans_end.and(deliveries_end)
    };
    tokio::select! {
        ended = finished => ended,
        () = stop.insist.cancelled() => Err(DaemonError::Insisted),
        () = sleep(PATIENCE) => Err(DaemonError::Insisted),
    }
}

fn flat(name: &'static str, ended: Result<Result<(), DaemonError>, JoinError>) -> Result<(), DaemonError> {
    ended.unwrap_or_else(|error| Err(DaemonError::Broken(name, error)))
}

/// A file is ours alone; a server is shared.
fn claim(app: &App) -> Result<Option<Instance>, DaemonError> {
    match &app.settings.database.url {
        DatabaseUrl::Sqlite(path) => Instance::claim(path).map(Some),
        DatabaseUrl::Postgres { .. } => Ok(None),
    }
}

/// What the settings ask for and this start goes without.
fn say_what_cannot_be_had(app: &App) {
    for obstacle in &app.settings.obstacles {
        tracing::warn!(place = obstacle.place, detail = obstacle.detail, "a setting cannot be had");
    }
    for warning in &app.settings.warnings {
        tracing::warn!(warning, "in a holiday file");
    }
    let calendars = check::calendars(&app.settings.calendars, &app.settings.rules, app.time.now());
    for Check { detail, fix, .. } in calendars.iter().filter(|check| !check.ok) {
        let fix = fix.as_ref().map(ToString::to_string);
        tracing::warn!(detail = detail.to_string(), fix, "a calendar does not reach far enough");
    }
}
