//! Disorder: daemons killed and stopped, sessions ended, the server restarted, the mail server gone in mid-message.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::{JoinHandle, block_in_place};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::claims::Claims;
use crate::fleet::{Daemon, FINISHED, by_smtp, lead, number};
use crate::it::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};
use crate::postgres::{Cluster, Database, Stop, rows_of};
use crate::verdict::{self, Verdict};
use crate::{DEADLINE, QUIET, until};

/// How long disorder lasts where nothing else is asked for.
const SHORT: Duration = Duration::from_secs(28);
/// Longer than a lease lasts, in milliseconds.
const LONGER_THAN_A_LEASE: (u32, u32) = (8_500, 11_000);
/// A server whose sessions and restarts a test may look at: when each transaction was committed is part of the verdict.
const SETTINGS: &[&str] = &["track_commit_timestamp = on"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Kill,
    KillTheLeader,
    StopLongerThanALease,
    StopTheLeaderLongerThanALease,
    EndSessions,
    RestartFast,
    RestartImmediate,
    MailServerHangsUp,
    MailServerRefuses,
    MailServerIsSilent,
    KillAtTheDot,
    RestartAtTheDot,
    RetryAll,
}

const EVENTS: [Event; 13] = [
    Event::Kill,
    Event::KillTheLeader,
    Event::StopLongerThanALease,
    Event::StopTheLeaderLongerThanALease,
    Event::EndSessions,
    Event::RestartFast,
    Event::RestartImmediate,
    Event::MailServerHangsUp,
    Event::MailServerRefuses,
    Event::MailServerIsSilent,
    Event::KillAtTheDot,
    Event::RestartAtTheDot,
    Event::RetryAll,
];

/// Three daemons, their server, their mail server, and what happens to them.
struct Yard {
    url: String,
    cluster: Cluster,
    mail: SmtpServer,
    daemons: Vec<Daemon>,
    /// Until when each daemon is stopped, if it is.
    stopped: Vec<Option<Instant>>,
    chance: Chance,
    happened: BTreeMap<Event, u32>,
}

/// How long disorder lasts.
fn length() -> Duration {
    let minutes = std::env::var("CLAIMWATCH_CHAOS_MINUTES").ok();
    minutes.map_or(SHORT, |minutes| Duration::from_secs_f64(60.0 * minutes.parse::<f64>().expect("minutes")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_three_daemons_each_late_clock_has_one_alert_and_each_alert_reaches_everyone() {
    let _alone = QUIET.write().await;
    let mut chance = Chance::new();
    let cluster = Cluster::create(SETTINGS, &[]).expect("a server");
    let database = Database::in_cluster(&cluster).await;
    let url = database.url().to_owned();
    rows_of(&url, verdict::WITNESSES).await.expect("witnesses of scans and terms");
    let mail = SmtpServer::start(Encryption::None).await;
    let mut daemons = ["one", "two", "three"].map(|name| Daemon::new(name, &url, &by_smtp(mail.port())));
    let stop = CancellationToken::new();
    let work = tokio::spawn(Claims::new(&url, chance.split()).await.go_on(stop.clone()));
    daemons.iter_mut().for_each(Daemon::start);
    let (daemons, stopped) = (Vec::from(daemons), vec![None; 3]);
    let mut yard = Yard { url, cluster, mail, daemons, stopped, chance, happened: BTreeMap::new() };

    yard.disorder(Instant::now() + length()).await;
    let late = yard.calm_down(&stop, work).await;
    let happened = std::mem::take(&mut yard.happened);
    let verdict = Verdict { url: &yard.url, late: &late.late, received: yard.mail.received() }.reach().await;
    println!("{happened:?}\n{verdict}");
}

impl Yard {
    /// Everything once, in any order, then anything, until `end`.
    async fn disorder(&mut self, end: Instant) {
        until("a first scan", async || number(&self.url, FINISHED).await > 0).await;
        let mut first = EVENTS;
        self.chance.shuffle(&mut first);
        let mut first = first.into_iter();
        loop {
            let event = match first.next() {
                Some(event) => event,
                None if Instant::now() >= end => return,
                None => self.chance.one_of(&EVENTS),
            };
            self.happens(event).await;
            *self.happened.entry(event).or_default() += 1;
            let rest = self.chance.milliseconds(50, 1_500);
            sleep(rest).await;
            self.look_after_daemons();
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Kill => {
                let any = self.any();
                self.kill(any).await;
            }
            Event::KillTheLeader => {
                let leader = self.leader().await;
                self.kill(leader).await;
            }
            Event::StopLongerThanALease => {
                let any = self.any();
                self.stop(any);
            }
            Event::StopTheLeaderLongerThanALease => {
                let leader = self.leader().await;
                self.stop(leader);
            }
            Event::EndSessions => self.end_sessions().await,
            Event::RestartFast => self.restart(Stop::Fast),
            Event::RestartImmediate => self.restart(Stop::Immediate),
            Event::MailServerHangsUp => {
                let moment = self.chance.one_of(&[Moment::Mail, Moment::Rcpt, Moment::Data, Moment::Dot]);
                self.mail.once(moment, Act::HangUp);
            }
            Event::MailServerRefuses => self.mail.once(Moment::Dot, Act::Say("451 4.3.0 not now")),
            Event::MailServerIsSilent => self.mail.once(Moment::Dot, Act::Silence),
            Event::KillAtTheDot => {
                let gate = self.mail_in_hand().await;
                // Whoever has it in hand, all of them die.
                for any in 0..self.daemons.len() {
                    self.kill(any).await;
                }
                gate.open();
            }
            Event::RestartAtTheDot => {
                let gate = self.mail_in_hand().await;
                self.restart(Stop::Immediate);
                gate.open();
            }
            Event::RetryAll => self.retry_all().await,
        }
    }

    fn any(&mut self) -> usize {
        self.chance.one_of(&[0, 1, 2])
    }

    /// The one that leads, or any if none does.
    async fn leader(&mut self) -> usize {
        let leader = lead(&self.url).await.map(|lead| lead.pid);
        let found = self.daemons.iter().position(|daemon| Some(daemon.pid()) == leader);
        found.unwrap_or_else(|| self.any())
    }

    async fn kill(&mut self, at: usize) {
        self.daemons[at].kill().await;
        self.stopped[at] = None;
        self.daemons[at].start();
    }

    fn stop(&mut self, at: usize) {
        let (least, most) = LONGER_THAN_A_LEASE;
        self.daemons[at].signal("STOP");
        self.stopped[at] = Some(Instant::now() + self.chance.milliseconds(least, most));
    }

    /// Lets those go on that were stopped for long enough. None ends by itself, whatever happens.
    fn look_after_daemons(&mut self) {
        for (daemon, stopped) in self.daemons.iter_mut().zip(&mut self.stopped) {
            if stopped.is_some_and(|until| until <= Instant::now()) {
                daemon.signal("CONT");
                *stopped = None;
            }
            assert!(daemon.runs(), "{} ended: {}", daemon.name, daemon.log());
        }
    }

    async fn end_sessions(&mut self) {
        let some = self.chance.number(1, 4);
        let statement = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ('one', 'two', 'three') \
             ORDER BY random() LIMIT {some}"
        );
        rows_of(&self.url, &statement).await.expect("ended sessions");
    }

    fn restart(&self, how: Stop) {
        block_in_place(|| {
            self.cluster.stop(how).expect("a server that stops");
            self.cluster.start().expect("a server that starts");
        });
    }

    /// Waits until the mail server was given a message, and has not answered.
    async fn mail_in_hand(&mut self) -> Gate {
        let gate = Gate::closed();
        self.mail.once(Moment::Dot, Act::Wait(gate.clone()));
        let end = Instant::now() + DEADLINE;
        while timeout(Duration::from_millis(500), gate.reached()).await.is_err() {
            assert!(Instant::now() < end, "expected a mail in time");
            self.look_after_daemons();
        }
        gate
    }

    async fn retry_all(&self) {
        let (code, said) = self.daemons[0].run(&["outbox", "retry", "--all"]).await;
        assert_eq!(code, Some(0), "{said}");
    }

    /// Lets everything run to its end, and stops the daemons in good order.
    async fn calm_down(&mut self, stop: &CancellationToken, work: JoinHandle<Claims>) -> Claims {
        for until in self.stopped.iter_mut().flatten() {
            *until = Instant::now();
        }
        self.look_after_daemons();
        // Further mails, on which the mail server may do what it was told to.
        until("the mail server has done its worst", async || {
            self.retry_all().await;
            self.mail.faults_ahead().is_empty()
        })
        .await;
        stop.cancel();
        let claims = work.await.expect("no panic");
        let alerts = i64::try_from(claims.late.len()).expect("not that many");
        until("the last alert", async || number(&self.url, "SELECT count(*) FROM sla_alerts").await == alerts).await;
        let scans = number(&self.url, FINISHED).await;
        until("two scans more", async || number(&self.url, FINISHED).await >= scans + 2).await;
        until("the last mail", async || {
            self.retry_all().await;
            number(&self.url, "SELECT count(*) FROM outbox WHERE state IN ('pending', 'dead')").await == 0
        })
        .await;
        self.look_after_daemons();
        for daemon in &mut self.daemons {
            daemon.stop().await;
            assert_eq!(daemon.said("panicked"), 0, "{}", daemon.log());
        }
        self.tell_what_they_said();
        claims
    }

    /// What the daemons said, and how often, without figures.
    fn tell_what_they_said(&self) {
        let mut said: BTreeMap<String, u32> = BTreeMap::new();
        for line in self.daemons.iter().flat_map(|daemon| daemon.log().lines().map(str::to_owned).collect::<Vec<_>>()) {
            let line: serde_json::Value = serde_json::from_str(&line).expect("a line of a log");
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let error: String = text("error").chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
            *said.entry(format!("{:5} {} {error}", text("level"), text("message"))).or_default() += 1;
        }
        for (what, often) in said {
            println!("{often:6} {what}");
        }
    }
}
