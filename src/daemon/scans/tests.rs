use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use croner::parser::{CronParser, Seconds};

use super::*;
use crate::calendar::Zone;
use crate::daemon::instance::Instance;

/// Each piece of news, as text.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl ServiceManager for Heard {
    fn tell(&self, news: News<'_>) {
        self.0.lock().expect("news").push(format!("{news:?}"));
    }
}

/// Ticks until `is_so`; what the loop does in between is up to it.
async fn tick_until(ticks: &Notify, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "expected in time");
        ticks.notify_one();
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_scan_that_panics_withholds_the_watchdog_and_is_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("c.db");
    std::fs::write(&database, "").expect("a file");
    let time = TimeSource::fixed("2026-11-23T09:00:30Z".parse().expect("an instant"));
    let heard = Arc::new(Heard::default());
    let manager = Arc::clone(&heard) as Arc<dyn ServiceManager>;
    let pulse = Arc::new(Pulse::new(Arc::clone(&manager), Duration::from_secs(60)));
    let (ticks, stop, attempts) = (Arc::new(Notify::new()), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let (attempted, beat) = (Arc::clone(&attempts), Arc::clone(&pulse));
    let scans = ScanLoop {
        leadership: Leadership::Alone,
        schedule: ScheduleSettings {
            cron: "0 0 * * * *".into(),
            pattern: CronParser::builder().seconds(Seconds::Required).build().parse("0 0 * * * *").expect("a pattern"),
            time_zone: Zone::named("UTC").expect("a zone"),
        },
        time: time.clone(),
        database: Arc::new(Database::new(Some(Instance::claim(&database).expect("nobody else")), time)),
        pulse: Arc::clone(&pulse),
        manager,
        ticks: Arc::clone(&ticks),
        scanned: Arc::new(Notify::new()),
        stop: stop.clone(),
        work: move |request: Request| {
            assert_eq!(request.scheduled_for, "2026-11-23T09:00:00Z".parse().ok());
            let (attempt, beat) = (attempted.fetch_add(1, Ordering::SeqCst), Arc::clone(&beat));
            async move {
                beat.beat(Work::Scans);
                assert!(attempt >= 2, "attempt {attempt} ends here");
                Ok(None)
            }
        },
    };
    let feeds = || heard.0.lock().expect("news").len();
    let running = tokio::spawn(scans.run());
    tick_until(&ticks, || attempts.load(Ordering::SeqCst) == 1).await;
    let fed = feeds();
    assert!(fed <= 1, "it is fed once a second at most");
    tick_until(&ticks, || attempts.load(Ordering::SeqCst) == 2).await;
    pulse.beat(Work::Deliveries);
    assert_eq!(feeds(), fed, "withheld, although both loops go on");
    tick_until(&ticks, || feeds() > fed).await;
    assert_eq!(attempts.load(Ordering::SeqCst), 3, "the scan that succeeded came before the watchdog was fed again");
    stop.cancel();
    running.await.expect("no panic of the loop").expect("a clean end");
}
