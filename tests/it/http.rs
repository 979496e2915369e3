//! What is served over HTTP: metrics that say what the database holds, health that says what is wrong, to whoever may ask.
//! 2026-11-23 is a Monday.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use claimwatch::check::Check;
use claimwatch::config::HttpSettings;
use claimwatch::delivery::transport::Secret;
use claimwatch::delivery::{DrainReport, Way, WayReport};
use claimwatch::http::{Facts, Kept, Server};
use claimwatch::schedule::Schedule;
use claimwatch::store::SourceRelations;
use claimwatch::vitals::Vitals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::on_every_engine;
use crate::world::{World, at, claim};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Served {
    pub address: SocketAddr,
    vitals: Arc<Vitals>,
    _task: AbortOnDropHandle<()>,
}

fn schedule(cron: &str) -> Schedule {
    let settings = claimwatch::config::Settings::parse(
        None,
        &format!("[schedule]\nscan = \"{cron}\"\n"),
        &claimwatch::config::Environment::from_vars([]),
    );
    settings.expect("a pattern").schedule
}

pub async fn serve(world: &World, token: Option<&str>) -> Served {
    serve_with(world, token, vec![Check::ok("scans", "at work")]).await
}

/// The same, reached by people at `external_url`.
pub async fn serve_at(world: &World, external_url: &str) -> Served {
    serve_as(world, None, Some(external_url.to_owned()), vec![Check::ok("scans", "at work")]).await
}

async fn serve_with(world: &World, token: Option<&str>, loops: Vec<Check>) -> Served {
    serve_as(world, token, None, loops).await
}

async fn serve_as(world: &World, token: Option<&str>, external_url: Option<String>, loops: Vec<Check>) -> Served {
    let token = token.map(|token| Secret::new(token.into()));
    let settings = HttpSettings { listen: "127.0.0.1:0".parse().expect("an address"), token, external_url };
    let server = Server::bind(&settings).await;
    let server = server.expect("a free port");
    let (address, vitals) = (server.address().expect("an address"), Arc::new(Vitals::default()));
    let facts = Facts {
        store: Arc::clone(&world.store),
        sources: SourceRelations::default(),
        rules: world.plan.rules.clone(),
        calendars: tokio::sync::watch::Sender::new(Arc::new(world.plan.calendars.clone())).subscribe(),
        policy: world.plan.policy.clone(),
        schedule: schedule("0 0 * * * *"),
        time: world.time.clone(),
        vitals: Arc::clone(&vitals),
        loops: Arc::new(move || loops.clone()),
        kept: Kept::default(),
    };
    let task = tokio::spawn(async move { server.serve(facts, CancellationToken::new()).await });
    Served { address, vitals, _task: AbortOnDropHandle::new(task) }
}

/// The status and the body that answer `request`.
pub async fn ask(served: &Served, request: &str) -> (u16, String) {
    let (head, body) = exchange(served, request).await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, body)
}

/// The head and the body that answer `request`.
pub async fn exchange(served: &Served, request: &str) -> (String, String) {
    let mut socket = TcpStream::connect(served.address).await.expect("a connection");
    socket.write_all(request.as_bytes()).await.expect("a request");
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await.expect("an answer in time").expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

pub async fn get(served: &Served, path: &str) -> (u16, String) {
    ask(served, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await
}

async fn metrics(served: &Served) -> Vec<String> {
    let (status, body) = get(served, "/metrics").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn json(body: &str) -> serde_json::Value {
    serde_json::from_str(body).expect("JSON")
}

on_every_engine! {
    async fn an_empty_database_gives_zeros_not_nothing(world in World) {
        let served = serve(&world, None).await;
        served.vitals.expects([Way::Mail]);
        let metrics = metrics(&served).await;
        for line in [
            "claimwatch_database_up 1",
            "claimwatch_clocks_running{rule=\"review\",program=\"\"} 0",
            "claimwatch_alerts_breached{rule=\"payment\",program=\"\"} 0",
            "claimwatch_alerts_held{rule=\"dispute\",program=\"\"} 0",
            "claimwatch_oldest_overdue_business_days{rule=\"review\"} 0",
            "claimwatch_outbox_deliveries{state=\"due\"} 0",
            "claimwatch_outbox_oldest_age_seconds 0.0",
            "claimwatch_deliveries_total{transport=\"mail\",result=\"sent\"} 0",
            "claimwatch_data_problems{kind=\"unknown_status\"} 0",
            "claimwatch_scans_total{result=\"failed\"} 0",
            "claimwatch_scan_overdue 1",
        ] {
            assert!(metrics.contains(&line.to_owned()), "{line} in {metrics:#?}");
        }
    }

    async fn metrics_say_what_runs_what_is_late_and_what_waits(world in World) {
        world.program("SURFACE", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00+01:00").with("program_id", "SURFACE")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-18T10:00:00+01:00")).await;
        world.put(claim("C-3", "submitted").on("submitted_at", "2026-11-23T08:00:00+01:00")).await;
        world.put(claim("C-4", "mislaid")).await;
        world.scan("2026-11-23T09:00:00+01:00").await;
        let alert = world.alerts().await.into_iter().find(|alert| alert.claim_id == "C-2").expect("an alert");
        world.sql(&format!("UPDATE sla_alerts SET acknowledged_at = detected_at WHERE id = '{}'", alert.id)).await;
        world.time.set(at("2026-11-23T09:30:00+01:00"));
        let served = serve(&world, None).await;
        served.vitals.scanned(Duration::from_millis(250));
        served.vitals.stands(true);
        let ways = [(Way::Webhook("tickets".into()), WayReport { sent: 3, dead: 1, ..WayReport::default() })];
        served.vitals.delivered(&DrainReport { ways: ways.into(), ..DrainReport::default() });
        let metrics = metrics(&served).await;
        for line in [
            "claimwatch_clocks_running{rule=\"review\",program=\"SURFACE\"} 1",
            "claimwatch_clocks_running{rule=\"review\",program=\"P-1\"} 2",
            "claimwatch_alerts_breached{rule=\"review\",program=\"SURFACE\"} 1",
            "claimwatch_alerts_breached{rule=\"review\",program=\"P-1\"} 1",
            "claimwatch_alerts_acknowledged{rule=\"review\",program=\"P-1\"} 1",
            "claimwatch_oldest_overdue_business_days{rule=\"review\"} 2",
            "claimwatch_outbox_deliveries{state=\"waiting\"} 1",
            "claimwatch_outbox_deliveries{state=\"due\"} 1",
            "claimwatch_outbox_oldest_age_seconds 1800.0",
            "claimwatch_deliveries_total{transport=\"webhook:tickets\",result=\"sent\"} 3",
            "claimwatch_deliveries_total{transport=\"webhook:tickets\",result=\"dead\"} 1",
            "claimwatch_data_problems{kind=\"unknown_status\"} 1",
            "claimwatch_leader 1",
            "claimwatch_scan_duration_seconds 0.25",
            "claimwatch_last_scan_timestamp_seconds 1795420800.0",
            "claimwatch_scan_overdue 0",
        ] {
            assert!(metrics.contains(&line.to_owned()), "{line} in {metrics:#?}");
        }
    }

    async fn it_is_ready_while_scans_go_on(world in World) {
        let unready = get(&serve(&world, None).await, "/readyz").await;
        assert_eq!((unready.0, &json(&unready.1)["checks"][2]["detail"]), (503, &"none yet".into()));
        world.scan("2026-11-23T09:00:00Z").await;
        for (now, status) in [("2026-11-23T09:59:59Z", 200), ("2026-11-23T10:59:59Z", 200), ("2026-11-23T11:00:00Z", 503)] {
            world.time.set(at(now));
            let (found, body) = get(&serve(&world, None).await, "/readyz").await;
            assert_eq!((found, json(&body)["ok"].as_bool()), (status, Some(status == 200)), "{now}: {body}");
        }
    }

    async fn without_its_schema_or_its_database_it_says_so(world in World) {
        world.scan("2026-11-23T09:00:00Z").await;
        let served = serve(&world, None).await;
        world.store.close().await;
        let (status, body) = get(&served, "/readyz").await;
        let body = json(&body);
        assert_eq!((status, &body["checks"][0]["check"], &body["checks"][0]["ok"]), (503, &"database".into(), &false.into()));
        let metrics = metrics(&served).await;
        assert!(metrics.contains(&"claimwatch_database_up 0".to_owned()));
        assert!(!metrics.iter().any(|line| line.starts_with("claimwatch_alerts_")), "nothing is made up: {metrics:#?}");
        assert_eq!(get(&served, "/healthz").await.0, 200, "the process itself works");
    }
}

#[tokio::test]
async fn a_loop_that_hangs_is_unhealthy() {
    let world = World::on_sqlite().await;
    let loops = vec![
        Check::ok("scans", "at work"),
        Check::wrong("deliveries", "no sign of life for 300 seconds", "see the log"),
    ];
    let (status, body) = get(&serve_with(&world, None, loops).await, "/healthz").await;
    assert_eq!((status, &json(&body)["checks"][1]["detail"]), (503, &"no sign of life for 300 seconds".into()));
}

#[tokio::test]
async fn with_a_token_only_who_has_it_is_answered() {
    let world = World::on_sqlite().await;
    let served = serve(&world, Some("open sesame")).await;
    let with = |header: &str| format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n");
    for wrong in
        ["", "Authorization: Bearer sesame\r\n", "Authorization: Basic open sesame\r\n", "Authorization: Bearer\r\n"]
    {
        assert_eq!(ask(&served, &with(wrong)).await.0, 401, "{wrong:?}");
    }
    assert_eq!(ask(&served, &with("Authorization: bearer open sesame\r\n")).await.0, 200);
}

#[tokio::test]
async fn nothing_is_changed_and_nothing_else_is_there() {
    let world = World::on_sqlite().await;
    let served = serve(&world, None).await;
    let post = "POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(ask(&served, post).await.0, 405);
    assert_eq!(get(&served, "/nothing").await.0, 404);
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert!(matches!(ask_roughly(&served, &long).await, 0 | 400..=499));
    assert!(matches!(ask_roughly(&served, "nonsense\r\n\r\n").await, 0 | 400));
    assert_eq!(get(&served, "/healthz").await.0, 200);
}

/// As [`ask`], of a server that may hang up in the middle.
async fn ask_roughly(served: &Served, request: &str) -> u16 {
    let mut socket = TcpStream::connect(served.address).await.expect("a connection");
    let _ = socket.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an end in time");
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn those_who_say_nothing_hold_up_no_one() {
    let world = World::on_sqlite().await;
    let served = serve(&world, None).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(served.address).await.expect("a connection"));
    }
    assert_eq!(get(&served, "/healthz").await.0, 200);
    drop(silent);
    assert_eq!(get(&served, "/healthz").await.0, 200);
}
