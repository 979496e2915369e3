//! The server that a test binary's tests share, and the thread that makes and drops their databases.

use std::str::FromStr;

use claimwatch::store::{SourceRelations, Store, StoreError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::cluster::Cluster;
use super::session::rows_of;
use super::{PostgresStore, SCHEMA};

/// Names a server to use in place of one from the machine's binaries.
const VARIABLE: &str = "CLAIMWATCH_TEST_POSTGRES";

/// What a server of our own is given besides: no one but the tests may ever be connected to a database that is copied.
const SETTINGS: &[&str] = &["autovacuum = off", "wal_level = minimal", "max_wal_senders = 0"];

/// One test's database; dropped with this, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
    /// `None` in a cluster of a test's own: it goes with that.
    maker: Option<UnboundedSender<Order>>,
}

impl Database {
    /// A migrated database in a cluster of the test's own, which must outlive it.
    ///
    /// # Panics
    /// With what the server said.
    pub async fn in_cluster(cluster: &Cluster) -> Self {
        let name = "claimwatch".to_owned();
        rows_of(&cluster.url("postgres"), "CREATE DATABASE claimwatch").await.expect("a database");
        let url = cluster.url(&name);
        migrate(&url).await.unwrap_or_else(|why| panic!("{why}"));
        Self { url, name, maker: None }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Without the thread the process is about to end, and the next run finds what is left.
        if let Some(maker) = &self.maker {
            let _ = maker.send(Order::Drop(std::mem::take(&mut self.name)));
        }
    }
}

/// What a new database is a copy of.
pub enum Like {
    /// Of one that was migrated and is empty.
    Migrated,
    Nothing,
    /// Of that one.
    Other(String),
}

enum Order {
    Create(Like, oneshot::Sender<Result<String, String>>),
    Drop(String),
}

pub struct Server {
    url: String,
    maker: UnboundedSender<Order>,
    /// Ends with the process.
    _cluster: Option<Cluster>,
}

impl Server {
    /// # Errors
    /// Why there is none.
    pub fn start() -> Result<Self, String> {
        let (cluster, url) = match std::env::var(VARIABLE) {
            Ok(url) => (None, url),
            Err(_) => {
                let cluster = Cluster::create(SETTINGS, &[])?;
                let url = cluster.url("postgres");
                (Some(cluster), url)
            }
        };
        let (maker, orders) = unbounded_channel();
        let (started, start) = std::sync::mpsc::channel();
        let server = url.clone();
        std::thread::Builder::new()
            .name("test databases".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    match Maker::start(&server).await {
                        Err(error) => drop(started.send(Err(error))),
                        Ok(maker) => {
                            drop(started.send(Ok(())));
                            maker.serve(orders).await;
                        }
                    }
                });
            })
            .map_err(|error| error.to_string())?;
        start.recv().map_err(|_| "the thread that makes test databases has died".to_owned())??;
        Ok(Self { url, maker, _cluster: cluster })
    }

    /// # Errors
    /// What the server said.
    pub async fn create(&self, like: Like) -> Result<Database, String> {
        let (reply, answer) = oneshot::channel();
        self.maker.send(Order::Create(like, reply)).map_err(|_| "the thread that makes test databases has died")?;
        let name = answer.await.map_err(|_| "the thread that makes test databases has died")??;
        Ok(Database { url: with_database(&self.url, &name), name, maker: Some(self.maker.clone()) })
    }
}

/// Makes databases, one after the other.
struct Maker {
    session: PgConnection,
    /// What the names of this run's databases begin with.
    run: String,
    made: u32,
    strategy: &'static str,
    stock: Option<String>,
}

impl Maker {
    async fn start(server: &str) -> Result<Self, String> {
        let failed = |what: &'static str| {
            move |error: sqlx::Error| format!("{VARIABLE} or a server of our own: {what}: {error}")
        };
        let options = PgConnectOptions::from_str(server).map_err(failed("its URL"))?;
        let mut session = options.connect().await.map_err(failed("no session"))?;
        let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
            .fetch_one(&mut session)
            .await
            .map_err(failed("its version"))?;
        // The other strategy is made for servers whose checkpoints cost more than an unsynced one of a few pages.
        let strategy = if version >= 150_000 { "STRATEGY file_copy" } else { "" };
        let run = claim_a_number(&mut session).await.map_err(failed("the databases of other runs"))?;
        let mut maker = Self { session, run, made: 0, strategy, stock: None };
        maker.make_template(server).await?;
        Ok(maker)
    }

    async fn make_template(&mut self, server: &str) -> Result<(), String> {
        let template = self.template();
        self.run(&format!("CREATE DATABASE {template}")).await?;
        let url = with_database(server, &template);
        migrate(&url).await?;
        // What a first session reads of the catalogs is kept in a file, which is copied too.
        rows_of(&url, "SELECT 1").await.map_err(|error| error.to_string())?;
        Ok(())
    }

    fn template(&self) -> String {
        format!("{}_template", self.run)
    }

    async fn serve(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            // Those who wait come first.
            let order = match orders.try_recv() {
                Ok(order) => Some(order),
                Err(_) => {
                    if self.stock.is_none() {
                        self.stock = self.copy_of(&self.template()).await.ok();
                    }
                    orders.recv().await
                }
            };
            match order {
                None => return,
                Some(Order::Drop(name)) => {
                    drop(self.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await)
                }
                Some(Order::Create(like, reply)) => drop(reply.send(self.create(like).await)),
            }
        }
    }

    async fn create(&mut self, like: Like) -> Result<String, String> {
        match (like, self.stock.take()) {
            (Like::Migrated, Some(name)) => Ok(name),
            (Like::Migrated, None) => self.copy_of(&self.template()).await,
            (like, stock) => {
                self.stock = stock;
                let other = if let Like::Other(name) = like { name } else { "template1".to_owned() };
                self.copy_of(&other).await
            }
        }
    }

    async fn copy_of(&mut self, other: &str) -> Result<String, String> {
        self.made += 1;
        let name = format!("{}_{}", self.run, self.made);
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {other} {}", self.strategy)).await?;
        Ok(name)
    }

    async fn run(&mut self, statement: &str) -> Result<(), String> {
        let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.session).await;
        done.map(drop).map_err(|error| format!("{statement}: {error}"))
    }
}

async fn migrate(url: &str) -> Result<(), String> {
    let wrong = |error: StoreError| format!("the schema of the tests' databases: {error}");
    let store = PostgresStore::connect(url, None, SCHEMA, 2).await.map_err(wrong)?;
    store.migrate(&SourceRelations::default()).await.map_err(wrong)?;
    store.close().await;
    Ok(())
}

/// A number that no other run on this server has, held by a lock as long as the session lasts; the databases of runs
/// that do not hold theirs any more are dropped.
async fn claim_a_number(session: &mut PgConnection) -> Result<String, sqlx::Error> {
    const LOCKS: i32 = 0x636c_6169;
    let left: Vec<String> = sqlx::query_scalar(
        r"SELECT datname FROM pg_database WHERE datname ~ '^claimwatch_test_\d{1,9}_'
        AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::oid
            AND objid = split_part(datname, '_', 3)::oid)",
    )
    .bind(LOCKS)
    .fetch_all(&mut *session)
    .await?;
    for name in left {
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *session).await?;
    }
    loop {
        let number: i32 =
            sqlx::query_scalar("SELECT floor(random() * 999999999)::int").fetch_one(&mut *session).await?;
        let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)").bind(LOCKS).bind(number);
        if query.fetch_one(&mut *session).await? {
            return Ok(format!("claimwatch_test_{number}"));
        }
    }
}

/// The URL of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (before, query) =
        rest.split_once('?').map_or((rest, String::new()), |(before, query)| (before, format!("?{query}")));
    let authority = before.split_once('/').map_or(before, |(authority, _)| authority);
    format!("{scheme}://{authority}/{name}{query}")
}
