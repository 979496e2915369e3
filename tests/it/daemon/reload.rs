//! Another configuration under a running daemon: taken whole, or not at all.

use std::path::PathBuf;

use claimwatch::config::load;
use claimwatch::daemon::{Reloads, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;

/// A daemon whose configuration is a file.
struct Reloading {
    running: Running,
    asked: Arc<Notify>,
    folder: TempDir,
    text: String,
}

impl Reloading {
    fn path(&self) -> PathBuf {
        self.folder.path().join("claimwatch.toml")
    }

    async fn start(world: &World, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = folder.path().join("outbox");
        let text = format!(
            "[database]\nurl = \"{}\"\n[schedule]\nscan = \"{HOURLY}\"\ntime_zone = \"UTC\"\n\
             [mail.file]\ndirectory = \"{}\"\n[[escalation.levels]]\nto = [\"support@example.com\"]\n{more}\n",
            world.database.url(),
            outbox.display()
        );
        let path = folder.path().join("claimwatch.toml");
        std::fs::write(&path, &text).expect("a configuration");
        let (stop, heard, asked) = (Stop::default(), Arc::new(Heard::default()), Arc::new(Notify::new()));
        let read = move || load(Some(&path), &Environment::default()).map_err(|error| error.to_string());
        let settings = read().expect("settings");
        let reloads = Reloads { asked: Arc::clone(&asked), read: Box::new(read) };
        let manager = Arc::clone(&heard) as Arc<dyn ServiceManager>;
        let task = tokio::spawn(serve(settings, world.time.clone(), Schema::Prepare, stop.clone(), manager, reloads));
        let this = Self { running: Running { stop, heard, task }, asked, folder, text };
        this.ready(1).await;
        this
    }

    async fn ready(&self, times: usize) {
        until("readiness", async || self.running.heard.count("Ready") >= times).await;
    }

    /// Writes the configuration with `old` replaced, and asks for it.
    async fn reload(&mut self, old: &str, new: &str) {
        let before = self.running.heard.count("Ready");
        assert!(self.text.contains(old), "{old} in {}", self.text);
        self.text = self.text.replace(old, new);
        std::fs::write(self.path(), &self.text).expect("a configuration");
        self.asked.notify_one();
        self.ready(before + 1).await;
    }
}

async fn recipients(world: &World) -> Vec<String> {
    let sent = world.store.deliveries(Some(DeliveryState::Sent)).await.expect("deliveries");
    sent.into_iter().map(|item| item.recipient).collect()
}

async fn page(port: u16, path: &str) -> Option<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

on_every_engine! {
    async fn what_changes_is_said_and_decides_from_then_on(world in World) {
        let (log, _guard) = Log::keep();
        late(&world).await;
        world.time.set(at("2026-11-23T09:17:00Z"));
        let mut daemon = Reloading::start(&world, "").await;
        until("a mail to support", async || recipients(&world).await == ["support@example.com"]).await;

        daemon.reload("support@example.com", "lead@example.com").await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.time.set(at("2026-11-23T10:00:01Z"));
        until("a mail to the lead", async || recipients(&world).await.contains(&"lead@example.com".to_owned())).await;

        let news = daemon.running.heard.news();
        assert!(news.contains(&"Reloading".to_owned()) && !news.contains(&"Stopping".to_owned()), "{news:?}");
        daemon.running.stopped().await.expect("a clean stop");
        let lines = log.text();
        assert!(lines.contains("a setting changes") && lines.contains("escalation.levels[1].to"), "{lines}");
        assert!(!lines.contains("lead@example.com"), "no address: {lines}");
    }

    async fn a_wrong_one_changes_nothing_and_is_said_with_its_place(world in World) {
        let (log, _guard) = Log::keep();
        late(&world).await;
        world.time.set(at("2026-11-23T09:17:00Z"));
        let port = free_port();
        let mut daemon = Reloading::start(&world, &format!("[http]\nlisten = \"127.0.0.1:{port}\"")).await;
        until("a mail to support", async || recipients(&world).await == ["support@example.com"]).await;
        let metrics = page(port, "/metrics").await.expect("metrics");
        assert!(metrics.contains("claimwatch_config_reload_successful 1\n"), "{metrics}");

        daemon.reload("to = [\"support@example.com\"]", "to = [\"lead@example.com\"]\nremind_evry = \"1 day\"").await;
        let metrics = page(port, "/metrics").await.expect("metrics");
        assert!(metrics.contains("claimwatch_config_reload_successful 0\n"), "{metrics}");
        assert!(metrics.contains("claimwatch_scans_total{result=\"finished\"} 1\n"), "{metrics}");
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.time.set(at("2026-11-23T10:00:01Z"));
        until("the second mail", async || recipients(&world).await.len() == 2).await;
        assert_eq!(recipients(&world).await, ["support@example.com"; 2]);
        assert!(log.text().contains("escalation.levels[1].remind_evry"), "{}", log.text());

        daemon.reload("remind_evry", "remind_every").await;
        let metrics = page(port, "/metrics").await.expect("metrics");
        assert!(metrics.contains("claimwatch_config_reload_successful 1\n"), "{metrics}");
        assert!(metrics.contains("claimwatch_scans_total{result=\"finished\"} 2\n"), "counters go on: {metrics}");
        daemon.running.stopped().await.expect("a clean stop");
    }

    async fn what_it_is_built_on_stays_until_a_restart(world in World) {
        let (log, _guard) = Log::keep();
        let mut daemon = Reloading::start(&world, "[source]\nhistory = \"claim_history\"").await;
        daemon.reload("\"claim_history\"", "\"\"").await;
        assert!(log.text().contains("source.history: only a restart changes it"), "{}", log.text());
        daemon.running.stopped().await.expect("a clean stop");
    }
}

#[tokio::test]
async fn what_is_listened_on_moves_and_an_address_that_cannot_be_had_is_refused() {
    let world = World::on_sqlite().await;
    let (one, two, taken) = (free_port(), free_port(), std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let taken_port = taken.local_addr().expect("an address").port();
    let mut daemon = Reloading::start(&world, &format!("[http]\nlisten = \"127.0.0.1:{one}\"")).await;
    assert!(page(one, "/healthz").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    daemon.reload(&format!(":{one}"), &format!(":{two}")).await;
    assert!(page(two, "/healthz").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    assert!(page(one, "/healthz").await.is_none());
    daemon.reload(&format!(":{two}"), &format!(":{taken_port}")).await;
    assert!(page(two, "/healthz").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")));
    daemon
        .reload(
            &format!("listen = \"127.0.0.1:{taken_port}\""),
            &format!("listen = \"127.0.0.1:{two}\"\ntoken = \"sesame\""),
        )
        .await;
    assert!(page(two, "/healthz").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 401")));
    daemon.running.stopped().await.expect("a clean stop");
}

#[tokio::test]
async fn a_mail_in_hand_is_finished_first() {
    let world = World::on_sqlite().await;
    late(&world).await;
    world.time.set(at("2026-11-23T09:17:00Z"));
    let server = SmtpServer::start(Encryption::None).await;
    let gate = Gate::closed();
    server.once(Moment::Dot, Act::Wait(gate.clone()));
    let smtp = mail_by_smtp(server.settings().port);
    let daemon = Reloading::start(&world, &format!("remind_every = \"9 business days\"\n{smtp}")).await;
    gate.reached().await;
    let opens = async {
        until("the reload waits", async || daemon.running.heard.count("Reloading") >= 1).await;
        gate.open();
    };
    std::fs::write(daemon.path(), daemon.text.replace("9 business", "8 business")).expect("a configuration");
    daemon.asked.notify_one();
    opens.await;
    daemon.ready(2).await;
    assert_eq!((server.received().len(), recipients(&world).await.len()), (1, 1), "it is sent once, and recorded");
    daemon.running.stopped().await.expect("a clean stop");
}
