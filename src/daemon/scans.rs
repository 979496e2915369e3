//! The scan loop: it rests until the schedule's next instant, and scans when one is due that was not served.
//!
//! One scan at a time: an instant that comes up meanwhile is served by the next scan. Which instants were served the
//! database knows (a scan's `scheduled_for` is unique), so that neither a restart nor a clock that is set back repeats one.
//! The first start ever finds an instant that nobody served, and scans at once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::alert::Opening;
use crate::now::TimeSource;
use crate::scan::{Request, ScanError, ScanSummary};
use crate::schedule::Schedule;
use crate::store::{ScanLog, StoreError};
use crate::vitals::Vitals;

use super::DaemonError;
use super::database::Database;
use super::leader::{Leadership, Mandate};
use super::pulse::{News, Pulse, ServiceManager, Work};
use super::trouble::{Trouble, words_of_panic};

/// The longest that the clock is not looked at: it may have been set, or the machine have slept. Each look also feeds the
/// watchdog.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// How far ahead the schedule is asked, in seconds: reading its pattern costs more than all else of a look.
const AHEAD: u32 = 60;
/// How often a clock is looked at that only tests set.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(super) struct ScanLoop<W> {
    pub leadership: Leadership,
    pub schedule: Schedule,
    pub time: TimeSource,
    pub database: Arc<Database>,
    pub pulse: Arc<Pulse>,
    pub vitals: Arc<Vitals>,
    pub manager: Arc<dyn ServiceManager>,
    /// Tells that there may be something to do before the schedule says so: this daemon leads by now.
    pub woken: Arc<Notify>,
    /// Told after each scan: there may be mail.
    pub scanned: Arc<Notify>,
    pub stop: CancellationToken,
    /// The longest that one step of a scan may take.
    pub longest_step: Duration,
    /// Scans once.
    pub work: W,
}

/// What the schedule said: from one instant until before another, `due` is its latest instant.
struct Seen {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    due: Option<DateTime<Utc>>,
}

impl<W, F> ScanLoop<W>
where
    W: Fn(Request) -> F,
    F: Future<Output = Result<Option<ScanSummary>, ScanError>> + Send + 'static,
{
    /// Scans on schedule until told to stop.
    ///
    /// # Errors
    /// [`DaemonError::Replaced`]
    pub async fn run(self) -> Result<(), DaemonError> {
        let (mut trouble, mut served, mut panics) = (Trouble::default(), None, 0_u64);
        let (mut follows, mut seen) = (false, None);
        let mut rest = Duration::ZERO;
        while self.rests(rest).await {
            self.pulse.beat(Work::Scans);
            let now = self.time.now();
            let patience = trouble.wait(Instant::now());
            let due = self.look(&mut seen, now);
            rest = self.until_next(seen.as_ref(), now);
            if patience > Duration::ZERO {
                rest = rest.min(patience);
            }
            let Mandate::Scan(term) = self.mandate(&mut follows) else {
                if follows {
                    // Whatever kept this one from scanning is the leader's trouble now.
                    trouble = Trouble::default();
                }
                continue;
            };
            let Some(due) = due.filter(|due| Some(*due) != served) else { continue };
            if patience > Duration::ZERO {
                continue;
            }
            rest = Duration::ZERO;
            if let Err(error) = self.database.is_there()? {
                self.fails(&mut trouble, &error.into());
                continue;
            }
            let request = Request { at: now, since: None, dry_run: false, scheduled_for: Some(due), term };
            match self.scan(request).await {
                Ok(Ok(summary)) => {
                    served = Some(due);
                    self.succeeds(&mut trouble, due, summary.as_ref());
                }
                Ok(Err(ScanError::Stopped)) => {}
                // The scan is the new leader's to make.
                Ok(Err(ScanError::Store(StoreError::Deposed))) => {
                    tracing::warn!("a scan was given up: another daemon leads by now");
                }
                Ok(Err(error)) => self.fails(&mut trouble, &error),
                Err(panic) => {
                    panics += 1;
                    let words = words_of_panic(panic);
                    trouble.failed(Instant::now());
                    trouble.is_news(&words);
                    self.vitals.scan_failed();
                    self.pulse.panicked(Work::Scans);
                    tracing::error!(panics, words, "a scan panicked; the watchdog is withheld");
                }
            }
        }
        Ok(())
    }

    /// Scans once; a scan of a term that is over is given up.
    async fn scan(&self, request: Request) -> Result<Result<Option<ScanSummary>, ScanError>, JoinError> {
        let term = request.term;
        let scan = AbortOnDropHandle::new(tokio::spawn((self.work)(request)));
        tokio::select! {
            ended = self.pulse.outlast(Work::Scans, self.longest_step, scan) => ended,
            () = self.leadership.lost(term) => Ok(Err(StoreError::Deposed.into())),
        }
    }

    /// What this daemon may do about scans. As a follower it has none in hand, and knows that the database is there.
    fn mandate(&self, follows: &mut bool) -> Mandate {
        let mandate = self.leadership.mandate();
        self.vitals.stands(mandate != Mandate::Follow && mandate != Mandate::Wait);
        let followed = std::mem::replace(follows, mandate == Mandate::Follow);
        if *follows {
            self.pulse.succeeded(Work::Scans);
            self.database.back(Work::Scans);
            if !followed {
                self.manager.tell(News::Status("another daemon leads and scans: this one delivers"));
            }
        }
        mandate
    }

    /// The latest instant of the schedule at `now`; as `seen` before, while that holds.
    fn look(&self, seen: &mut Option<Seen>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if let Some(seen) = seen.as_ref().filter(|seen| (seen.from..seen.until).contains(&now)) {
            return seen.due;
        }
        let due = self.schedule.latest_due(now);
        // Patterns have seconds, and an instant of the schedule is a whole one; none comes before another that is due.
        let second = |number: u32| now.trunc_subsecs(0) + TimeDelta::seconds(number.into());
        let (mut quiet, mut until) = (0, AHEAD);
        if self.schedule.latest_due(second(AHEAD)) != due {
            while until - quiet > 1 {
                let middle = quiet.midpoint(until);
                if self.schedule.latest_due(second(middle)) == due { quiet = middle } else { until = middle }
            }
        }
        *seen = Some(Seen { from: now, until: second(until), due });
        due
    }

    /// How long until the schedule is to be asked again, if that comes before the clock is to be looked at.
    fn until_next(&self, seen: Option<&Seen>, now: DateTime<Utc>) -> Duration {
        if self.time.is_fixed() {
            return LOOK_AGAIN;
        }
        let until = seen.and_then(|seen| (seen.until - now).to_std().ok());
        until.unwrap_or_default().min(LONGEST_REST)
    }

    /// Waits for `rest`, or until woken; `false`: it is time to stop.
    async fn rests(&self, rest: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = self.woken.notified() => true,
            () = sleep(rest) => true,
        }
    }

    /// Tells which scan was the last before this start, if the database says so.
    pub async fn recall(&self, log: &dyn ScanLog) {
        // One that went away again is found away by the first scan.
        let Ok(last) = log.last_finished_scan().await else { return };
        let status = last.map_or_else(|| "no scan yet".to_owned(), |scan| format!("last scan {}", text(scan.began_at)));
        self.manager.tell(News::Status(&status));
    }

    fn succeeds(&self, trouble: &mut Trouble, due: DateTime<Utc>, summary: Option<&ScanSummary>) {
        self.database.back(Work::Scans);
        self.pulse.succeeded(Work::Scans);
        if trouble.over() {
            tracing::info!("scans succeed again");
        }
        // `None`: the instant was served before this start.
        let Some(summary) = summary else { return };
        self.vitals.scanned(Duration::from_millis(summary.elapsed_ms));
        self.scanned.notify_one();
        let breached: u64 = summary.rules.values().map(|counts| counts.breached).sum();
        let running: u64 = summary.rules.values().map(|counts| counts.running).sum();
        tracing::info!(
            scheduled_for = %text(due),
            opened = summary.opened,
            warned = summary.warned,
            met = summary.resolved.met,
            late = summary.resolved.late,
            restarted = summary.resolved.restarted,
            withdrawn = summary.resolved.withdrawn,
            messages = summary.messages,
            data_problems = summary.data_problems,
            running,
            breached,
            elapsed_ms = summary.elapsed_ms,
            opening = summary.opening.as_str(),
            "a scan finished"
        );
        if summary.opening == Opening::Held {
            tracing::warn!(
                held = summary.opened,
                "a scan found implausibly many new alerts: they are held until `alerts release` or `alerts discard`"
            );
        }
        let status = format!("last scan {}: {running} clocks running, {breached} breached", text(summary.at));
        self.manager.tell(News::Status(&status));
    }

    fn fails(&self, trouble: &mut Trouble, error: &ScanError) {
        self.vitals.scan_failed();
        trouble.failed(Instant::now());
        let why = error.to_string();
        match error {
            ScanError::Store(StoreError::Unavailable(why)) => self.database.away(Work::Scans, why),
            _ if trouble.is_news(&why) => tracing::error!(error = why, "a scan failed; it is tried again"),
            _ => {}
        }
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
