//! What companies put between a program and their PostgreSQL: a pooler, a certificate authority, passwords, peers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use claimwatch::now::TimeSource;
use claimwatch::scan::{Request, scan};
use claimwatch::store::postgres::PostgresStore;
use claimwatch::store::{LeaseTime, ScanLog, SourceRelations, Store, StoreError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::postgres::{Cluster, SCHEMA, Stop, rows_of};
use crate::smtp_server::trust::Trust;
use crate::world::{at, plan};

/// A server with an empty database `claims`.
async fn server(settings: &[&str], hba: &[&str]) -> Cluster {
    let cluster = Cluster::create_on_tcp(settings, hba).unwrap_or_else(|why| panic!("{why}"));
    rows_of(&cluster.url("postgres"), "CREATE DATABASE claims").await.expect("a database");
    cluster
}

/// PgBouncer in front of a server; ended with this.
struct Bouncer {
    process: Child,
    url: String,
}

impl Bouncer {
    /// Hands out one of two sessions for a transaction at a time.
    async fn before(cluster: &Cluster) -> Self {
        let folder = cluster.folder().display();
        let settings = format!(
            "[databases]\nclaims = host={folder} port={} user=postgres\n[pgbouncer]\nlisten_addr =\n\
             listen_port = 6432\nunix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 2\nmax_client_conn = 100\n",
            cluster.port()
        );
        let path = cluster.configure("pgbouncer.ini", &settings).expect("a configuration");
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists());
        let program = program.expect("PgBouncer is missing: install it (Debian: apt-get install pgbouncer)");
        let mut command = cluster.command(program);
        let process = command.arg("-q").arg(path).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let url = format!("postgres://anyone@/claims?host={folder}&port=6432");
        let bouncer = Self { process: process.expect("PgBouncer starts"), url };
        let end = Instant::now() + Duration::from_secs(30);
        while !cluster.folder().join(".s.PGSQL.6432").exists() {
            assert!(Instant::now() < end, "PgBouncer does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        bouncer
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const LATE: &str = "INSERT INTO claims (claim_id, status, submitted_at) \
    SELECT 'C-' || n, 'submitted', '2026-11-16T10:00:00Z' FROM generate_series(1, 50) n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_daemons_share_two_sessions_of_a_pooler_that_hands_them_out_by_transaction() {
    let cluster = server(&[], &[]).await;
    let bouncer = Bouncer::before(&cluster).await;
    let sources = SourceRelations::default();
    let mut stores = Vec::new();
    for _ in 0..3 {
        let store = PostgresStore::connect(&bouncer.url, None, SCHEMA, 4).await.expect("a connection");
        store.prepare(&sources).await.expect("a schema");
        stores.push(store);
    }
    rows_of(&cluster.url("claims"), LATE).await.expect("claims");
    let hold = chrono::TimeDelta::seconds(30);
    let mut terms = Vec::new();
    for (store, holder) in stores.iter().zip(["one", "two", "three"]) {
        let leases = store.leases().expect("leases");
        terms.push(leases.lead(holder, hold, LeaseTime::Database).await.expect("an answer"));
    }
    assert!(terms[0].is_some() && terms[1..] == [None, None], "one leads: {terms:?}");

    let (plan, now) = (plan(), at("2026-11-23T09:00:00Z"));
    let time = TimeSource::fixed(now);
    for minute in 0..5 {
        let at = now + chrono::TimeDelta::minutes(minute);
        let request = Request { at, since: None, dry_run: false, scheduled_for: None, term: terms[0] };
        let stop = CancellationToken::new();
        let by = |store: usize| scan(&stores[store], &plan, &time, &request, &stop, &|| {});
        let (one, two, three, look) = tokio::join!(by(0), by(1), by(2), stores[1].last_finished_scan());
        look.expect("an answer");
        let opened: u64 = [one, two, three].map(|scan| scan.expect("a scan").expect("its own").opened).iter().sum();
        assert_eq!(opened, if minute == 0 { 50 } else { 0 });
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'claims' AND pid <> pg_backend_pid()";
    let sessions = rows_of(&cluster.url("claims"), sessions).await.expect("a count");
    let sessions: u32 = sessions[0][0].as_deref().expect("a number").parse().expect("a number");
    assert!((1..=2).contains(&sessions), "{sessions} sessions of the server");
    let story = "SELECT count(*) FROM sla_alerts UNION ALL SELECT count(*) FROM outbox";
    let rows = rows_of(&cluster.url("claims"), story).await.expect("counts");
    assert_eq!(rows, [[Some("50".to_owned())], [Some("1".to_owned())]]);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_and_its_name_alone() {
    let (ours, others) = (Trust::new(&["localhost"]), Trust::new(&["localhost"]));
    let cluster = server(&[], &["hostssl all all 127.0.0.1/32 trust"]).await;
    let key = fs::read_to_string(ours.server_file()).expect("a certificate with its key");
    cluster.configure("data/server.pem", &key).expect("a file");
    for statement in [
        "ALTER SYSTEM SET ssl_cert_file = 'server.pem'",
        "ALTER SYSTEM SET ssl_key_file = 'server.pem'",
        "ALTER SYSTEM SET ssl = on",
    ] {
        rows_of(&cluster.url("postgres"), statement).await.expect(statement);
    }
    cluster.stop(Stop::Fast).and_then(|()| cluster.start()).unwrap_or_else(|why| panic!("{why}"));
    let url = |host: &str, ca: &Path| {
        let port = cluster.port();
        format!("postgres://postgres@{host}:{port}/claims?sslmode=verify-full&sslrootcert={}", ca.display())
    };
    let store = PostgresStore::connect(&url("localhost", &ours.ca_file()), None, SCHEMA, 2).await.expect("trusted");
    store.migrate(&SourceRelations::default()).await.expect("a schema");
    let in_tls =
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'claimwatch'";
    assert_eq!(rows_of(&cluster.url("claims"), in_tls).await.expect("an answer"), [[Some("1".to_owned())]]);
    store.close().await;

    for (what, url) in [
        ("another authority", url("localhost", &others.ca_file())),
        ("another name", url("127.0.0.1", &ours.ca_file())),
        ("no TLS", format!("postgres://postgres@127.0.0.1:{}/claims?sslmode=disable", cluster.port())),
    ] {
        let refused = PostgresStore::connect(&url, None, SCHEMA, 2).await.expect_err(what);
        assert!(matches!(refused, StoreError::Unavailable(_) | StoreError::Refused(_)), "{what}: {refused}");
        assert!(refused.to_string().contains("postgres://postgres@"), "{what}: {refused}");
    }
}

/// The program, with nothing in its environment but what is given.
fn claimwatch(folder: &Path, args: &[&str], environment: &[(&str, &Path)], user: Option<(u32, u32)>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claimwatch"));
    command.args(["--config", "claimwatch.toml"]).args(args).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("HOME", folder).envs(environment.iter().copied());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command.output().expect("the program")
}

fn told(output: &Output) -> String {
    format!("{:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stderr))
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    path
}

#[tokio::test]
async fn a_password_is_read_from_a_file_of_ours_or_from_pgpass_and_a_wrong_one_is_said_without_it() {
    let cluster = server(&[], &["host all all 127.0.0.1/32 scram-sha-256"]).await;
    let make = "CREATE ROLE ada LOGIN PASSWORD 'hunter2'; GRANT ALL ON DATABASE claims TO ada";
    rows_of(&cluster.url("postgres"), make).await.expect("a role");
    let url = cluster.url_by_tcp("ada", "claims");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();

    file(folder, "claimwatch.toml", &format!("[database]\nurl = \"{url}\"\npassword_file = \"secret\"\n"));
    file(folder, "secret", "hunter2\n");
    let migrated = claimwatch(folder, &["migrate"], &[], None);
    assert_eq!(migrated.status.code(), Some(0), "{}", told(&migrated));

    file(folder, "secret", "hunter3\n");
    let refused = told(&claimwatch(folder, &["scan"], &[], None));
    assert!(
        refused.starts_with("Some(1)") && refused.contains("password authentication failed for user \"ada\""),
        "{refused}"
    );
    assert!(refused.contains("database.url") && !refused.contains("hunter"), "{refused}");

    file(folder, "claimwatch.toml", &format!("[database]\nurl = \"{url}\"\n"));
    let pgpass = file(folder, "pgpass", &format!("127.0.0.1:{}:claims:ada:hunter2\n", cluster.port()));
    let scanned = claimwatch(folder, &["scan", "--json"], &[("PGPASSFILE", &pgpass)], None);
    assert_eq!(scanned.status.code(), Some(0), "{}", told(&scanned));
    let without = told(&claimwatch(folder, &["scan"], &[], None));
    assert!(without.starts_with("Some(1)") && without.contains("postgres://ada@127.0.0.1"), "{without}");
}

#[tokio::test]
async fn a_peer_is_known_by_its_user_on_the_socket() {
    let cluster = server(&[], &["local claims all peer"]).await;
    let (user, name) = cluster.user();
    rows_of(&cluster.url("postgres"), "CREATE ROLE peer LOGIN").await.expect("a role");
    let superuser = format!("CREATE ROLE \"{name}\" LOGIN SUPERUSER");
    if name != "postgres" {
        rows_of(&cluster.url("postgres"), &superuser).await.expect("a role");
    }
    // Where the other user may look.
    let folder = cluster.folder().to_path_buf();
    let configure = |role: &str| {
        let host = folder.display();
        let text = format!("[database]\nurl = \"postgres://{role}@/claims?host={host}&port={}\"\n", cluster.port());
        cluster.configure("claimwatch.toml", &text).expect("a file");
    };
    configure(&name);
    let migrated = claimwatch(&folder, &["migrate"], &[], user);
    assert_eq!(migrated.status.code(), Some(0), "{}", told(&migrated));
    configure("peer");
    let refused = told(&claimwatch(&folder, &["scan"], &[], user));
    assert!(
        refused.starts_with("Some(1)") && refused.contains("Peer authentication failed for user \"peer\""),
        "{refused}"
    );
}
