//! The daemon itself, in-process: its own loops, schedule and lock, on a clock that the test sets.

mod database;
mod log;
mod reload;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use claimwatch::app::{App, Schema};
use claimwatch::calendar::{Calendars, Days, Origin};
use claimwatch::config::{Environment, Settings};
use claimwatch::daemon::{self, DaemonError, News, ServiceManager, Stop, Surroundings};
use claimwatch::store::DeliveryState;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::subscriber::DefaultGuard;

use crate::on_every_engine;
use crate::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};
use crate::world::{World, at, claim, paris};

/// The longest that anything here may take; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(30);
const HOURLY: &str = "0 0 * * * *";

/// What a service manager hears.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl ServiceManager for Heard {
    fn tell(&self, news: News<'_>) {
        self.0.lock().expect("news").push(format!("{news:?}"));
    }
}

impl Heard {
    fn news(&self) -> Vec<String> {
        self.0.lock().expect("news").clone()
    }

    fn count(&self, start: &str) -> usize {
        self.news().iter().filter(|news| news.starts_with(start)).count()
    }
}

/// What is logged on this thread, where a test's daemon has all its tasks.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lines").write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Kept as long as the guard lives.
    fn keep() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("lines")).into_owned()
    }

    fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }
}

/// A running daemon.
struct Running {
    stop: Stop,
    heard: Arc<Heard>,
    task: JoinHandle<Result<(), DaemonError>>,
}

impl Running {
    async fn ended(self) -> Result<(), DaemonError> {
        timeout(DEADLINE, self.task).await.expect("an end in time").expect("no panic")
    }

    async fn stopped(self) -> Result<(), DaemonError> {
        self.stop.ask.cancel();
        self.ended().await
    }
}

/// Files in the world's folder.
fn mail_as_files(world: &World) -> String {
    format!("[mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"{}\"", world.folder.path().join("mail").display())
}

/// A setting by which it is known which mail is in hand.
const ONE_AT_A_TIME: &str = "max_connections = 1";

fn mail_by_smtp(port: u16) -> String {
    format!(
        "[mail]\ntransport = \"smtp\"\nfrom = \"claims@example.com\"\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n{ONE_AT_A_TIME}"
    )
}

async fn start(world: &World, cron: &str, mail: &str) -> Running {
    run(world, settings(world, cron, mail)).await
}

fn settings(world: &World, cron: &str, mail: &str) -> Settings {
    let text = format!(
        "[database]\nurl = \"{}\"\n[schedule]\nscan = \"{cron}\"\ntime_zone = \"UTC\"\n\
         [[escalation.levels]]\nto = [\"support@example.com\", \"lead@example.com\"]\n{mail}\n",
        world.database.url()
    );
    Settings::parse(None, &text, &Environment::default()).expect("settings")
}

async fn run(world: &World, settings: Settings) -> Running {
    let app = App::open(settings, world.time.clone(), Schema::Prepare).await.expect("a database");
    let (stop, heard) = (Stop::default(), Arc::new(Heard::default()));
    let task = tokio::spawn(daemon::run(
        app,
        stop.clone(),
        Surroundings::quiet(Arc::clone(&heard) as Arc<dyn ServiceManager>),
    ));
    Running { stop, heard, task }
}

/// Looks again and again until `is_so`.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so().await {
        assert!(Instant::now() < end, "expected in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn scans(world: &World) -> Vec<String> {
    let rows = world.sql("SELECT scheduled_for FROM scans WHERE finished_at IS NOT NULL ORDER BY id").await;
    rows.into_iter().flatten().collect()
}

async fn in_state(world: &World, state: DeliveryState) -> usize {
    world.store.deliveries(Some(state)).await.expect("deliveries").len()
}

/// With one late review.
async fn late(world: &World) {
    world.program("P-1", None, false).await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
}

fn holidays(path: &std::path::Path, days: &[&str]) {
    let events = days.iter().map(|day| format!("BEGIN:VEVENT\nDTSTART;VALUE=DATE:{day}\nSUMMARY:Closed\nEND:VEVENT\n"));
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{}END:VCALENDAR\n", events.collect::<String>());
    std::fs::write(path, text).expect("a holiday file");
}

on_every_engine! {
    async fn the_first_start_scans_at_once_and_its_mail_goes_out(world in World) {
        late(&world).await;
        world.time.set(at("2026-11-23T09:17:00Z"));
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
        assert_eq!(scans(&world).await, ["2026-11-23T09:00:00.000000Z"]);
        let heard = Arc::clone(&daemon.heard);
        daemon.stopped().await.expect("a clean stop");
        let news = heard.news();
        assert_eq!(news[..2], ["Status(\"no scan yet\")", "Ready"]);
        assert_eq!(news.last().map(String::as_str), Some("Stopping"));
        assert!(news.iter().any(|news| news == "Status(\"last scan 2026-11-23T09:17:00Z: 1 clocks running, 1 breached\")"));
    }

    async fn a_scan_runs_when_its_time_comes_and_missed_ones_are_made_up_once(world in World) {
        late(&world).await;
        world.time.set(at("2026-11-23T09:00:30Z"));
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("the first scan", async || scans(&world).await.len() == 1).await;
        world.time.set(at("2026-11-23T10:00:00Z"));
        until("the second scan", async || scans(&world).await.len() == 2).await;
        daemon.stopped().await.expect("a clean stop");

        world.time.set(at("2026-11-23T14:20:00Z"));
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("a scan for those that were missed", async || scans(&world).await.len() == 3).await;
        let before = daemon.heard.count("Alive");
        until("ticks without a scan", async || daemon.heard.count("Alive") >= before + 3).await;
        let expected = ["2026-11-23T09:00:00.000000Z", "2026-11-23T10:00:00.000000Z", "2026-11-23T14:00:00.000000Z"];
        assert_eq!(scans(&world).await, expected);

        daemon.stopped().await.expect("a clean stop");
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("ticks without a scan", async || daemon.heard.count("Alive") >= 3).await;
        assert_eq!(scans(&world).await, expected, "a restart does not repeat what was served");
        daemon.stopped().await.expect("a clean stop");
    }

    async fn a_calendar_that_ends_before_the_clocks_of_today_is_warned_about_at_the_start(world in World) {
        const WARNING: &str = "a calendar does not reach far enough";
        for (end, warnings) in [("2026-12-31", 1), ("2027-12-31", 0)] {
            let mut settings = settings(&world, HOURLY, &mail_as_files(&world));
            let known = Days {
                coverage: Some("2010-01-01".parse().expect("a date")..=end.parse().expect("a date")),
                ..Days::none(Origin::Country("FR".into()))
            };
            settings.calendars = Calendars::new("fr", [paris().with_days(known)]).expect("calendars");
            let (log, _guard) = Log::keep();
            let daemon = run(&world, settings).await;
            until("readiness", async || daemon.heard.count("Ready") == 1).await;
            daemon.stopped().await.expect("a clean stop");
            assert_eq!(log.count(WARNING), warnings, "{}", log.text());
            let named =
                ["WARN", "fr: FR goes from 2010-01-01 to 2026-12-31", "payment until 2027-01-25", "install a newer"];
            let said = log.text();
            let line = said.lines().find(|line| line.contains(WARNING)).unwrap_or_default();
            assert!(warnings == 0 || named.iter().all(|words| line.contains(words)), "{line}");
        }
    }

    async fn a_stop_finishes_the_mail_in_hand_and_leaves_nothing_leased(world in World) {
        late(&world).await;
        let server = SmtpServer::start(Encryption::None).await;
        let gate = Gate::closed();
        server.once(Moment::Dot, Act::Wait(gate.clone()));
        let daemon = start(&world, HOURLY, &mail_by_smtp(server.port())).await;
        gate.reached().await;
        daemon.stop.ask.cancel();
        until("a stop that waits", async || daemon.heard.count("Stopping") == 1).await;
        // Longer than it would wait for a server that has not been given the message yet.
        sleep(Duration::from_secs(4)).await;
        gate.open();
        daemon.ended().await.expect("a clean stop");
        assert_eq!(in_state(&world, DeliveryState::Sent).await, 1);
        let waiting = world.waiting().await;
        assert_eq!(waiting.iter().map(|item| item.leased_until).collect::<Vec<_>>(), [None]);
        assert_eq!(server.received().len(), 1);
    }

    async fn a_mail_server_that_hangs_before_the_message_holds_up_a_stop_for_seconds_only(world in World) {
        late(&world).await;
        let server = SmtpServer::start(Encryption::None).await;
        server.whenever(Moment::Rcpt, "", Act::Silence);
        let mail = mail_by_smtp(server.port()).replace(ONE_AT_A_TIME, "");
        let daemon = start(&world, HOURLY, &mail).await;
        let rcpts = || server.commands().iter().filter(|command| command.starts_with("RCPT")).count();
        until("two attempts", async || rcpts() == 2).await;
        let asked = Instant::now();
        daemon.stopped().await.expect("a clean stop");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        let waiting = world.waiting().await;
        assert_eq!((waiting.len(), waiting.iter().filter(|item| item.leased_until.is_some()).count()), (2, 2));
        assert!(waiting.iter().all(|item| item.attempts == 0));
    }

    async fn a_second_signal_does_not_wait_and_nothing_is_lost(world in World) {
        late(&world).await;
        let server = SmtpServer::start(Encryption::None).await;
        let gate = Gate::closed();
        server.once(Moment::Dot, Act::Wait(gate.clone()));
        let daemon = start(&world, HOURLY, &mail_by_smtp(server.port())).await;
        gate.reached().await;
        daemon.stop.ask.cancel();
        daemon.stop.insist.cancel();
        let error = daemon.ended().await.expect_err("work was in hand");
        assert!(matches!(error, DaemonError::Insisted), "{error}");
        assert_eq!(world.waiting().await.len(), 2);

        world.time.advance(TimeDelta::minutes(3));
        let daemon = start(&world, HOURLY, &mail_by_smtp(server.port())).await;
        until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
        daemon.stopped().await.expect("a clean stop");
        let received = server.received();
        assert_eq!(received.len(), 3);
        assert!(received.iter().all(|mail| mail.bytes == received[0].bytes));
    }

    async fn a_mail_server_that_is_away_is_said_once_and_so_is_its_return_without_any_address(world in World) {
        late(&world).await;
        let server = SmtpServer::start(Encryption::None).await;
        for _ in 0..6 {
            server.once(Moment::Greeting, Act::Say("421 4.3.2 not now, ask postmaster@example.com"));
        }
        let (log, _guard) = Log::keep();
        let daemon = start(&world, HOURLY, &mail_by_smtp(server.port())).await;
        for hours in 1..=3 {
            until("an attempt of each mail", async || world.waiting().await.iter().all(|item| item.attempts == hours))
                .await;
            until("a word about it", async || log.count("the mail server is not available; trying") > 0).await;
            world.time.advance(TimeDelta::hours(1));
        }
        until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
        until("its return", async || log.count("the mail server is available again") == 1).await;
        daemon.stopped().await.expect("a clean stop");
        assert_eq!(
            (log.count("the mail server is not available; trying"), log.count("the mail server is available again")),
            (1, 1)
        );
        assert_eq!(log.count("@example.com"), 0, "{}", log.text());
    }

    async fn a_holiday_file_that_changes_decides_from_the_next_scan_on_and_a_broken_one_changes_nothing(world in World) {
        let (log, _guard) = Log::keep();
        late(&world).await;
        let file = world.folder.path().join("closures.ics");
        holidays(&file, &["20261201"]);
        world.time.set(at("2026-11-23T09:00:30Z"));
        let extra = format!("[calendars.office]\nics = [\"{}\"]\n{}", file.display(), mail_as_files(&world));
        let daemon = start(&world, HOURLY, &extra).await;
        until("the first scan", async || scans(&world).await.len() == 1).await;
        assert_eq!(world.alert().await.due_at, at("2026-11-19T00:00:00Z"));

        holidays(&file, &["20261117", "20261201"]);
        world.time.set(at("2026-11-23T10:00:00Z"));
        until("a scan by the new file", async || scans(&world).await.len() == 2).await;
        assert_eq!(world.alert().await.due_at, at("2026-11-20T00:00:00Z"));

        std::fs::write(&file, "<html>moved</html>").expect("a broken file");
        for (hour, count) in [(11, 3), (12, 4)] {
            world.time.set(at(&format!("2026-11-23T{hour}:00:00Z")));
            until("a scan by the calendar before", async || scans(&world).await.len() == count).await;
        }
        assert_eq!(world.alert().await.due_at, at("2026-11-20T00:00:00Z"));

        holidays(&file, &["20261201"]);
        world.time.set(at("2026-11-23T13:00:00Z"));
        until("a scan without the day that was removed", async || scans(&world).await.len() == 5).await;
        assert_eq!(world.alert().await.due_at, at("2026-11-19T00:00:00Z"));
        assert_eq!(world.story(&world.alert().await).await, ["opened", "escalated", "moved", "moved"]);
        daemon.stopped().await.expect("a clean stop");
        assert_eq!(log.count("a calendar changed: open deadlines are derived again"), 2);
        assert_eq!(log.count("a calendar cannot be made anew; the one before stays in force"), 1, "{}", log.text());
        assert_eq!(log.count("the calendars can be made anew"), 1);
    }
}
