//! What the service manager hears of us, above all that the work goes on.
//!
//! The watchdog has no timer of its own: it is fed by a loop that does something, and only while the other one does too
//! and neither panicked. Each loop may be silent for as long as its longest step can take; one that is silent for longer
//! hangs, and the service manager ends us. Source: docs/architecture.md.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::check::Check;
use crate::store::StoreError;

/// The watchdog is fed once in this time at most.
const BETWEEN_FEEDS: Duration = Duration::from_secs(1);
/// The longest step of a scan is a few statements: on SQLite each waits 40 seconds at most for a database that others keep
/// busy, on a server each takes four minutes at most.
pub(super) const LONGEST_SCAN_STEP: Duration = Duration::from_mins(5);
/// What a delivery does beside the attempt itself: waking, leasing, rendering, recording.
pub(super) const BESIDE_AN_ATTEMPT: Duration = Duration::from_mins(2);

/// What the service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// The database is up to date and the schedule runs.
    Ready,
    /// How things are, for people.
    Status(&'a str),
    /// The start takes longer: it goes on within this time.
    Wait(Duration),
    /// The work goes on.
    Alive,
    Stopping,
    /// The configuration is read anew; `Ready` ends it.
    Reloading,
}

/// Who watches over the process.
pub trait ServiceManager: Send + Sync {
    fn tell(&self, news: News<'_>);
}

/// systemd, if it started us; otherwise nobody hears it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Systemd;

impl ServiceManager for Systemd {
    fn tell(&self, news: News<'_>) {
        let state = match news {
            News::Ready => NotifyState::Ready,
            News::Status(text) => NotifyState::Status(text),
            News::Wait(time) => NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)),
            News::Alive => NotifyState::Watchdog,
            News::Stopping => NotifyState::Stopping,
            News::Reloading => NotifyState::Reloading,
        };
        // systemd tells by the time which request a reload answers.
        let since = if news == News::Reloading { NotifyState::monotonic_usec_now().ok() } else { None };
        let states: Vec<NotifyState<'_>> = std::iter::once(state).chain(since).collect();
        if let Err(error) = sd_notify::notify(&states) {
            tracing::debug!(%error, "systemd does not listen");
        }
    }
}

/// The two kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Scans,
    Deliveries,
}

/// Whether both loops are at work.
pub(super) struct Pulse {
    manager: Arc<dyn ServiceManager>,
    state: Mutex<State>,
}

struct State {
    loops: [Sign; 2],
    last_fed: Option<Instant>,
}

/// A loop's last sign of life.
struct Sign {
    last: Instant,
    longest_silence: Duration,
    panicked: bool,
}

impl Pulse {
    /// Both loops begin now; `mail_timeout` is the longest that one attempt to deliver may take.
    pub fn new(manager: Arc<dyn ServiceManager>, mail_timeout: Duration) -> Self {
        let sign = |longest_silence| Sign { last: Instant::now(), longest_silence, panicked: false };
        let loops = [sign(LONGEST_SCAN_STEP), sign(mail_timeout.saturating_add(BESIDE_AN_ATTEMPT))];
        Self { manager, state: Mutex::new(State { loops, last_fed: None }) }
    }

    /// `work` got a step further.
    pub fn beat(&self, work: Work) {
        self.beat_at(Instant::now(), work);
    }

    fn beat_at(&self, now: Instant, work: Work) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.loops[work as usize].last = now;
        let well = state.loops.iter().all(|sign| !sign.panicked && now - sign.last <= sign.longest_silence);
        if well && state.last_fed.is_none_or(|fed| now - fed >= BETWEEN_FEEDS) {
            state.last_fed = Some(now);
            drop(state);
            self.manager.tell(News::Alive);
        }
    }

    /// Whether each loop is at work.
    pub fn checks(&self) -> Vec<Check> {
        let (state, now) = (self.state.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let check = |(name, sign): (&'static str, &Sign)| {
            let silence = now - sign.last;
            if sign.panicked {
                Check::wrong(name, "it panicked and has not succeeded since", "see the log")
            } else if silence > sign.longest_silence {
                let silence = format!("no sign of life for {} seconds", silence.as_secs());
                Check::wrong(name, silence, "the watchdog ends the process; see the log")
            } else {
                Check::ok(name, "at work")
            }
        };
        ["scans", "deliveries"].into_iter().zip(&state.loops).map(check).collect()
    }

    /// Waits for `task`, which does `work`. One that gives no sign of life for `limit` is ended, if all it does is wait: a
    /// connection that carries nothing any more looks like a database that thinks. One that hangs in itself does not end,
    /// and the watchdog sees to it.
    ///
    /// # Errors
    /// [`JoinError`] if it panicked.
    pub async fn outlast<T, E: From<StoreError>>(
        &self,
        work: Work,
        limit: Duration,
        mut task: AbortOnDropHandle<Result<T, E>>,
    ) -> Result<Result<T, E>, JoinError> {
        tokio::select! {
            ended = &mut task => return ended,
            () = self.is_silent(work, limit) => task.abort(),
        }
        let why = format!("no answer in {} seconds", limit.as_secs());
        match task.await {
            Err(ended) if ended.is_cancelled() => Ok(Err(StoreError::Unavailable(why).into())),
            ended => ended,
        }
    }

    async fn is_silent(&self, work: Work, limit: Duration) {
        loop {
            let last = self.state.lock().unwrap_or_else(PoisonError::into_inner).loops[work as usize].last;
            if last + limit <= Instant::now() {
                return;
            }
            sleep_until(last + limit).await;
        }
    }

    /// `work` panicked: until it succeeds, the watchdog is not fed.
    pub fn panicked(&self, work: Work) {
        self.set_panicked(work, true);
    }

    /// `work` came to a good end.
    pub fn succeeded(&self, work: Work) {
        self.set_panicked(work, false);
    }

    fn set_panicked(&self, work: Work, panicked: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.loops[work as usize].panicked = panicked;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Feeds(AtomicU32);

    impl ServiceManager for Feeds {
        fn tell(&self, news: News<'_>) {
            assert_eq!(news, News::Alive);
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn pulse() -> (Arc<Feeds>, Pulse, Instant) {
        let feeds = Arc::new(Feeds::default());
        (Arc::clone(&feeds), Pulse::new(feeds, 60 * SECOND), Instant::now())
    }

    #[test]
    fn the_watchdog_is_fed_by_work_once_a_second_at_most() {
        let (feeds, pulse, start) = pulse();
        for tenths in 0..30 {
            pulse.beat_at(start + tenths * SECOND / 10, Work::Scans);
        }
        assert_eq!(feeds.0.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_loop_that_hangs_starves_the_watchdog_however_busy_the_other_one_is() {
        for (busy, hanging, silence) in [(Work::Scans, Work::Deliveries, 180), (Work::Deliveries, Work::Scans, 300)] {
            let (feeds, pulse, start) = pulse();
            pulse.beat_at(start + SECOND, hanging);
            for seconds in 2..1000 {
                pulse.beat_at(start + seconds * SECOND, busy);
            }
            assert_eq!(feeds.0.load(Ordering::Relaxed), silence + 1);
            pulse.beat_at(start + 1000 * SECOND, hanging);
            assert_eq!(feeds.0.load(Ordering::Relaxed), silence + 2, "it goes on again");
        }
    }

    #[test]
    fn a_panic_starves_the_watchdog_until_that_work_succeeds() {
        let (feeds, pulse, start) = pulse();
        pulse.panicked(Work::Scans);
        for (seconds, work) in [(0, Work::Scans), (2, Work::Deliveries), (4, Work::Scans)] {
            pulse.succeeded(Work::Deliveries);
            pulse.beat_at(start + seconds * SECOND, work);
        }
        assert_eq!(feeds.0.load(Ordering::Relaxed), 0);
        pulse.succeeded(Work::Scans);
        pulse.beat_at(start + 6 * SECOND, Work::Deliveries);
        assert_eq!(feeds.0.load(Ordering::Relaxed), 1);
    }
}
