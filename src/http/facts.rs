//! What answers are made of: read when asked for, and kept for some seconds, so that many who ask cost no more than one.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::calendar::Calendars;
use crate::check::Check;
use crate::escalation::Policy;
use crate::health::{Watched, is_overdue};
use crate::now::TimeSource;
use crate::report::Forecast;
use crate::schedule::Schedule;
use crate::sla::Rule;
use crate::store::browse::{AlertCount, DailyCount};
use crate::store::{Gauges, RunningByProgram, SourceRelations, Store, StoreError};
use crate::vitals::{Noted, Vitals};

/// How long what our own tables say is kept.
const KEEP: Duration = Duration::from_secs(5);
/// How long what the source says is kept: counting its running clocks costs more.
const KEEP_RUNNING: Duration = Duration::from_mins(1);

/// Where facts come from.
pub struct Facts {
    pub store: Arc<dyn Store>,
    pub sources: SourceRelations,
    pub rules: Vec<Rule>,
    /// Those in force.
    pub calendars: watch::Receiver<Arc<Calendars>>,
    pub policy: Policy,
    pub schedule: Schedule,
    pub time: TimeSource,
    pub vitals: Arc<Vitals>,
    /// Whether each loop of the daemon is at work.
    pub loops: Arc<dyn Fn() -> Vec<Check> + Send + Sync>,
    pub kept: Kept,
}

/// What was read not long ago.
#[derive(Default)]
pub struct Kept {
    counted: Mutex<Option<(Instant, Counted)>>,
    running: Mutex<Option<(Instant, Option<RunningByProgram>)>>,
    readiness: Mutex<Option<(Instant, Vec<Check>)>>,
    pub(super) ahead: watch::Sender<Option<Arc<Forecast>>>,
    alike: Mutex<Option<(Instant, Alike)>>,
    past: Mutex<Option<Past>>,
    today: Mutex<Option<(Instant, Today)>>,
}

/// What opened and was resolved from the first to the last of these days.
type Past = ((NaiveDate, NaiveDate), Vec<DailyCount>);
/// The same of one day, if the database answered.
type Today = (NaiveDate, Result<Vec<DailyCount>, StoreError>);
/// Open alerts by what they have in common.
type Alike = Result<Arc<Vec<AlertCount>>, StoreError>;

/// What our own tables say; `None`: the database does not answer.
pub(super) type Counted = Option<(Gauges, Option<DateTime<Utc>>)>;

/// What metrics are made of.
pub(super) struct Reading {
    pub now: DateTime<Utc>,
    pub noted: Noted,
    pub rules: Vec<Rule>,
    pub calendars: Arc<Calendars>,
    /// Counts, and when the last scan looked that finished.
    pub counted: Counted,
    pub running: Option<RunningByProgram>,
    /// What falls due; `None`: it was not looked for yet.
    pub ahead: Option<Arc<Forecast>>,
    /// Whether scans are late by the schedule.
    pub overdue: bool,
}

impl Facts {
    /// Whether each loop of the daemon is at work.
    pub(super) fn alive(&self) -> Vec<Check> {
        (self.loops)()
    }

    pub(super) async fn readiness(&self) -> Vec<Check> {
        kept(&self.kept.readiness, KEEP, || async {
            let watched =
                Watched { store: &*self.store, sources: &self.sources, schedule: &self.schedule, now: self.time.now() };
            watched.readiness().await
        })
        .await
    }

    pub(super) async fn reading(&self) -> Reading {
        let now = self.time.now();
        let counted = kept(&self.kept.counted, KEEP, || async { self.counted(now).await.ok() }).await;
        let running = || async { self.store.running_by_program(&self.rules, now).await.ok() };
        let running = kept(&self.kept.running, KEEP_RUNNING, running).await;
        let last = counted.as_ref().and_then(|(_, last)| *last);
        Reading {
            now,
            noted: self.vitals.noted(),
            rules: self.rules.clone(),
            calendars: Arc::clone(&self.calendars.borrow()),
            overdue: last.is_none_or(|last| is_overdue(last, &self.schedule, now)),
            counted,
            running,
            ahead: self.ahead(),
        }
    }

    /// What falls due, as it was found last; `None`: it was not looked for yet.
    pub(super) fn ahead(&self) -> Option<Arc<Forecast>> {
        self.kept.ahead.borrow().clone()
    }

    /// Open alerts by what they have in common.
    pub(super) async fn counts(&self) -> Alike {
        kept(&self.kept.alike, KEEP, || async { self.store.count_alerts().await.map(Arc::new) }).await
    }

    /// What opened and was resolved from the first to the last day, which is today's in UTC. What is past stays as it is.
    pub(super) async fn daily(&self, first: NaiveDate, today: NaiveDate) -> Result<Vec<DailyCount>, StoreError> {
        let yesterday = today.pred_opt().unwrap_or(today);
        let mut past = self.kept.past.lock().await;
        let known = past.as_ref().filter(|(days, _)| *days == (first, yesterday)).map(|(_, counted)| counted.clone());
        let mut days = match known {
            Some(counted) => counted,
            None => past.insert(((first, yesterday), self.store.daily(first, yesterday).await?)).1.clone(),
        };
        drop(past);
        let read = || async { (today, self.store.daily(today, today).await) };
        let (day, counted) = kept(&self.kept.today, KEEP_RUNNING, read).await;
        days.extend(if day == today { counted? } else { read().await.1? });
        Ok(days)
    }

    async fn counted(&self, now: DateTime<Utc>) -> Result<(Gauges, Option<DateTime<Utc>>), StoreError> {
        let gauges = self.store.gauges(now).await?;
        Ok((gauges, self.store.last_finished_scan().await?.map(|scan| scan.began_at)))
    }
}

/// What is kept, if it is not older than `for_so_long`; else what `read` gives. Whoever asks meanwhile waits for that.
async fn kept<T: Clone, F: Future<Output = T>>(
    place: &Mutex<Option<(Instant, T)>>,
    for_so_long: Duration,
    read: impl FnOnce() -> F,
) -> T {
    let mut kept = place.lock().await;
    match &*kept {
        Some((at, value)) if at.elapsed() < for_so_long => value.clone(),
        _ => {
            let value = read().await;
            *kept = Some((Instant::now(), value.clone()));
            value
        }
    }
}
