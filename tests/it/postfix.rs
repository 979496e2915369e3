//! From the outbox through a real Postfix into mailboxes: what arrives, and what it refuses, puts off or is not there for.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use claimwatch::delivery::transport::{SmtpSettings, SmtpTransport, Tls};
use claimwatch::delivery::{Courier, Way};
use claimwatch::store::DeliveryState;
use mailparse::MailHeaderMap;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::delivery::{drain, frame, text_of};
use crate::on_sqlite;
use crate::smtp_server::Trust;
use crate::world::{World, claim};

const NEEDED: &str = "this test needs Postfix, and to be root or allowed to `sudo -n` (Debian: apt-get install postfix, \
                      answering \"No configuration\")";

/// More than any mail here has.
const ROOM: u32 = 10_000_000;

/// A Postfix's folder and port, whether it runs or not.
struct Postfix {
    folder: TempDir,
    trust: Trust,
    port: u16,
    process: Option<Child>,
}

impl Postfix {
    /// With mailboxes for `people` at example.com.
    fn new(people: &[&str]) -> Self {
        let (folder, trust) = (tempfile::tempdir().expect("a folder"), Trust::new(&["localhost"]));
        std::fs::copy(trust.server_file(), folder.path().join("server.pem")).expect("its certificate");
        std::fs::write(folder.path().join("mailboxes.txt"), people.join("\n") + "\n").expect("its mailboxes");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("the port that was bound").port();
        Self { folder, trust, port, process: None }
    }

    /// Starts it: it takes `limit` bytes a message, and puts `deferred` off.
    fn start(&mut self, limit: u32, deferred: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp/postfix.sh");
        let id = Command::new("id").arg("-u").output().expect("id");
        let mut command = if id.stdout.trim_ascii() == b"0" { Command::new("sh") } else { Command::new("sudo") };
        if command.get_program() == "sudo" {
            command.args(["-n", "sh"]);
        }
        command.arg(script).arg(self.folder.path()).args([&self.port.to_string(), &limit.to_string(), deferred]);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let process = self.process.insert(process.expect(NEEDED));
        let mut word = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut word).expect("a line");
        assert_eq!(word, "ready\n", "{NEEDED}");
    }

    /// Stops it; its queue and mailboxes stay.
    fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.stdin.take().expect("its input").write_all(b"keep\n").expect("that it listens");
        assert!(process.wait().expect("its end").success());
    }

    fn courier(&self, world: &World) -> Courier {
        let settings = SmtpSettings {
            host: "localhost".into(),
            port: self.port,
            tls: Tls::StartTls,
            credentials: None,
            ca_file: Some(self.trust.ca_file()),
            max_connections: 4,
            timeout: Duration::from_secs(30),
        };
        let calendars = tokio::sync::watch::Sender::new(Arc::new(world.plan.calendars.clone())).subscribe();
        let (timeout, transport) = (settings.timeout, Arc::new(SmtpTransport::new(settings)));
        Courier::new(Arc::clone(&world.store), calendars, frame(), transport, world.time.clone(), timeout)
    }

    /// What is in someone's mailbox.
    fn mailbox(&self, who: &str) -> Vec<Vec<u8>> {
        let Ok(mails) = std::fs::read_dir(self.folder.path().join("mail").join(who).join("new")) else { return vec![] };
        mails.map(|mail| std::fs::read(mail.expect("an entry").path()).expect("a mail")).collect()
    }

    /// The only mail in someone's mailbox, once it is there.
    async fn only_mail(&self, who: &str) -> Vec<u8> {
        for _ in 0..600 {
            if let Some(mail) = self.mailbox(who).pop() {
                assert_eq!(self.mailbox(who).len(), 1, "one copy for {who}");
                return mail;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("expected a mail for {who}; Postfix says:\n{log}");
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The end of its input ends it.
            drop(process.stdin.take());
            let _ = process.wait();
        }
    }
}

/// A late review, and a message about it to `people`.
async fn told(world: &mut World, people: &[&str]) {
    let to = people.iter().map(|who| format!("{who}@example.com").parse().expect("a mailbox"));
    world.plan.policy.levels[0].recipients.to = to.collect();
    world.program("P-1", None, false).await;
    world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
    assert_eq!(world.scan("2026-11-23T09:00:00Z").await.messages, 1);
}

on_sqlite! {
    async fn a_real_postfix_gets_each_mail_into_its_mailbox_once_whatever_it_says_of_others(mut world in World) {
        let mut postfix = Postfix::new(&["support", "lead", "finance"]);
        postfix.start(ROOM, "finance@example.com");
        told(&mut world, &["nobody", "finance", "support", "lead"]).await;
        let courier = postfix.courier(&world);
        let report = drain(&courier).await;
        assert_eq!((report.sent, report.dead, report.again), (2, 1, 1), "{report:?}");
        let dead = world.store.deliveries(Some(DeliveryState::Dead)).await.expect("deliveries");
        let refused = dead[0].last_error.as_deref().expect("a refusal");
        assert!(refused.starts_with("RCPT TO: 550 5.1.1 <nobody@example.com>"), "{refused}");
        let put_off = world.waiting().await[0].last_error.clone().expect("why");
        assert!(put_off.starts_with("RCPT TO: 450 ") && put_off.contains("come back later"), "{put_off}");
        let (support, lead) = (postfix.only_mail("support").await, postfix.only_mail("lead").await);

        postfix.stop();
        world.time.advance(TimeDelta::minutes(2));
        let report = drain(&courier).await;
        assert_eq!((report.sent, report.again), (0, 1));
        assert!(report.away(&Way::Mail).is_some_and(|why| why.contains("Connection refused")));

        postfix.start(ROOM, "nobody-is@example.com");
        world.time.advance(TimeDelta::minutes(10));
        let report = drain(&courier).await;
        assert_eq!((report.sent, report.away(&Way::Mail)), (1, None));
        let finance = postfix.only_mail("finance").await;

        let id = &world.store.deliveries(Some(DeliveryState::Sent)).await.expect("deliveries")[0].message_id;
        for (who, mail) in [("support", support), ("lead", lead), ("finance", finance)] {
            let headers = mailparse::parse_headers(&mail).expect("headers").0;
            assert_eq!(headers.get_all_values("Message-ID").first(), id.as_ref(), "{who}");
            assert_eq!(headers.get_all_values("Message-ID").len(), 1, "{who}");
            assert_eq!(headers.get_first_value("Delivered-To"), Some(format!("{who}@example.com")));
            assert_eq!(headers.get_first_value("X-Claimwatch-Kind").as_deref(), Some("inherited"));
            assert!(headers.get_first_value("Received").is_some_and(|how| how.contains("ESMTPS")), "encrypted");
            assert!(headers.get_first_value("To").is_some_and(|to| to.contains("lead@example.com")));
            assert!(text_of(&mail).contains("C-1"), "{who}");
            assert_eq!(postfix.mailbox(who).len(), 1, "{who}");
        }
    }

    async fn what_is_larger_than_a_real_postfix_takes_is_a_dead_letter_with_its_words(mut world in World) {
        let mut postfix = Postfix::new(&["support"]);
        postfix.start(2_000, "nobody-is@example.com");
        told(&mut world, &["support"]).await;
        let report = drain(&postfix.courier(&world)).await;
        assert_eq!((report.dead, report.sent, report.again), (1, 0, 0), "{report:?}");
        assert!(report.last_error.is_some_and(|error| error.contains("552 5.3.4 ")));
        assert_eq!(postfix.mailbox("support"), Vec::<Vec<u8>>::new());
    }
}
