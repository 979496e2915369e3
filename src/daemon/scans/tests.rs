use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use croner::parser::{CronParser, Seconds};

use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::calendar::Zone;
use crate::daemon::instance::Instance;

const LONG: Duration = Duration::from_secs(60);

/// Each piece of news, as text.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl ServiceManager for Heard {
    fn tell(&self, news: News<'_>) {
        self.0.lock().expect("news").push(format!("{news:?}"));
    }
}

/// Wakes the loop until `is_so`; what it does in between is up to it.
async fn wake_until(woken: &Notify, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "expected in time");
        woken.notify_one();
        sleep(Duration::from_millis(5)).await;
    }
}

/// A loop of its own for each test, in which scans do `work` when it is woken.
struct Stage {
    heard: Arc<Heard>,
    pulse: Arc<Pulse>,
    woken: Arc<Notify>,
    stop: CancellationToken,
    attempts: Arc<AtomicUsize>,
    running: JoinHandle<Result<(), DaemonError>>,
    _folder: TempDir,
}

impl Stage {
    /// `work` is given the number of the attempt, from 0.
    fn of<F>(longest_step: Duration, work: impl Fn(usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Option<ScanSummary>, ScanError>> + Send + 'static,
    {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("c.db");
        std::fs::write(&database, "").expect("a file");
        let time = TimeSource::fixed("2026-11-23T09:00:30Z".parse().expect("an instant"));
        let heard = Arc::new(Heard::default());
        let manager = Arc::clone(&heard) as Arc<dyn ServiceManager>;
        let pulse = Arc::new(Pulse::new(Arc::clone(&manager), Duration::from_secs(60)));
        let (woken, stop, attempts) =
            (Arc::new(Notify::new()), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let attempted = Arc::clone(&attempts);
        let scans = ScanLoop {
            leadership: Leadership::Alone,
            schedule: Schedule {
                cron: "0 0 * * * *".into(),
                pattern: CronParser::builder()
                    .seconds(Seconds::Required)
                    .build()
                    .parse("0 0 * * * *")
                    .expect("a pattern"),
                time_zone: Zone::named("UTC").expect("a zone"),
            },
            vitals: Arc::default(),
            time: time.clone(),
            database: Arc::new(Database::new(Some(Instance::claim(&database).expect("nobody else")), time)),
            pulse: Arc::clone(&pulse),
            manager,
            woken: Arc::clone(&woken),
            scanned: Arc::new(Notify::new()),
            stop: stop.clone(),
            longest_step,
            work: move |request: Request| {
                assert_eq!(request.scheduled_for, "2026-11-23T09:00:00Z".parse().ok());
                work(attempted.fetch_add(1, Ordering::SeqCst))
            },
        };
        Self { heard, pulse, woken, stop, attempts, running: tokio::spawn(scans.run()), _folder: folder }
    }

    async fn attempt(&self, number: usize) {
        wake_until(&self.woken, || self.attempts.load(Ordering::SeqCst) == number).await;
    }

    fn feeds(&self) -> usize {
        self.heard.0.lock().expect("news").iter().filter(|news| *news == "Alive").count()
    }

    async fn end(self) {
        self.stop.cancel();
        self.running.await.expect("no panic of the loop").expect("a clean end");
    }
}

#[tokio::test]
async fn a_scan_that_panics_withholds_the_watchdog_and_is_tried_again() {
    let stage = Stage::of(LONG, |attempt| async move {
        assert!(attempt >= 2, "attempt {attempt} ends here");
        Ok(None)
    });
    stage.attempt(1).await;
    let fed = stage.feeds();
    assert!(fed <= 1, "it is fed once a second at most");
    stage.attempt(2).await;
    stage.pulse.beat(Work::Deliveries);
    assert_eq!(stage.feeds(), fed, "withheld, although both loops go on");
    wake_until(&stage.woken, || stage.feeds() > fed).await;
    let attempts = stage.attempts.load(Ordering::SeqCst);
    assert_eq!(attempts, 3, "the scan that succeeded came before the watchdog was fed again");
    stage.end().await;
}

#[tokio::test]
async fn a_scan_that_gets_no_answer_any_more_is_given_up_and_tried_again() {
    let stage =
        Stage::of(
            Duration::from_millis(50),
            |attempt| async move { if attempt == 0 { pending().await } else { Ok(None) } },
        );
    stage.attempt(2).await;
    stage.end().await;
}
