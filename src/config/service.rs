//! `[database]`, `[source]`, `[schedule]`, `[http]` and `[log]`: what the service works with.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use percent_encoding::percent_decode_str;

use crate::calendar::Zone;
use crate::delivery::transport::Secret;
use crate::schedule::Schedule;
use crate::store::SourceRelations;
use crate::store::postgres::PostgresStore;

use super::secret::read_secret;
use super::section::{Section, choice, expected, integer, line, text};
use super::tree::{Node, Value};
use super::{Affects, read_zone};

/// Where claimwatch keeps what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    pub url: DatabaseUrl,
    /// For PostgreSQL, in place of one in the address.
    pub password: Option<Secret>,
    /// For PostgreSQL: where claimwatch's own tables are.
    pub schema: String,
    pub max_connections: u32,
}

/// A database. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres {
        /// The whole address; it may hold a password.
        url: String,
        /// What of it may be shown.
        shown: String,
    },
}

/// What is served over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    pub listen: SocketAddr,
    pub token: Option<Secret>,
    /// Where people reach the page, without a slash at its end; `None`: mails have no links to answer by.
    pub external_url: Option<String>,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    pub format: LogFormat,
    pub level: LogLevel,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For the journal under systemd, text on a terminal, else JSON.
    #[default]
    Auto,
    Journald,
    Json,
    Text,
}

/// The least important lines that are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

pub fn database(section: Section<'_>, state_directory: &Path) -> DatabaseSettings {
    let url = section.read("url", |node| read_url(node, &section));
    let password = read_secret(&section, "password", "password_file", Affects::Store);
    let schema = section.read("schema", |node| {
        let name = line(node, SCHEMA)?;
        if is_identifier(name) && !name.starts_with("pg_") { Ok(name.to_owned()) } else { Err(expected(node, SCHEMA)) }
    });
    let max_connections = section.read("max_connections", |node| integer(node, &(1..=100)));
    section.finish();
    DatabaseSettings {
        url: url.unwrap_or_else(|| DatabaseUrl::Sqlite(state_directory.join("claimwatch.db"))),
        password,
        schema: schema.unwrap_or_else(|| "claimwatch".into()),
        max_connections: max_connections.and_then(|most| u32::try_from(most).ok()).unwrap_or(8),
    }
}

fn read_url(node: &Node, section: &Section<'_>) -> Result<DatabaseUrl, String> {
    match &node.value {
        Value::Text(url) | Value::Variable { text: url, .. } => DatabaseUrl::read(url, |path| section.resolve(path)),
        _ => Err(format!("found {}, {URL}", node.kind())),
    }
}

const URL: &str = "expected \"sqlite:\" and a path, or \"postgres://…\"";

impl DatabaseUrl {
    /// Reads an address; `resolve` says where a path leads.
    ///
    /// # Errors
    /// What was found and what was expected; never the address, which may hold a password.
    pub fn read(url: &str, resolve: impl FnOnce(&str) -> PathBuf) -> Result<Self, String> {
        if url.chars().any(char::is_control) {
            return Err(format!("found control characters, {URL}"));
        }
        match url.split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                let shown = PostgresStore::place(url).map_err(|why| {
                    format!(
                        "found an address that cannot be used ({why}), expected postgres://user@host/database?option=value"
                    )
                })?;
                Ok(Self::Postgres { url: url.to_owned(), shown })
            }
            Some(("sqlite", rest)) => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.contains(['?', '#']) {
                    return Err(
                        "found \"?\" or \"#\" in the path, expected none: a SQLite database has no options here".into(),
                    );
                }
                let path =
                    percent_decode_str(path).decode_utf8().map_err(|_| "found a path that is not UTF-8".to_owned())?;
                if path.is_empty() || path == ":memory:" || path.ends_with('/') {
                    return Err("found no file, expected \"sqlite:\" and the path of a file".into());
                }
                Ok(Self::Sqlite(resolve(&path)))
            }
            Some((scheme, _)) if scheme.len() <= 20 => Err(format!("found {scheme:?}, {URL}")),
            _ => Err(format!("found no kind of database, {URL}")),
        }
    }
}

pub fn source(section: Section<'_>) -> SourceRelations {
    let needed = |key, default: &str| section.read(key, read_relation).unwrap_or_else(|| default.to_owned());
    let optional = |key, default: &str| {
        let read = |node| if text(node, RELATION)?.is_empty() { Ok(None) } else { read_relation(node).map(Some) };
        section.read(key, read).unwrap_or_else(|| Some(default.to_owned()))
    };
    let names = SourceRelations {
        claims: needed("claims", "claims"),
        programs: needed("programs", "programs"),
        payments: optional("payments", "claim_payments"),
        history: optional("history", "claim_history"),
    };
    section.finish();
    names
}

const SCHEMA: &str = "the name of a schema, as \"claimwatch\"";
const RELATION: &str = "the name of a table or view, with or without its schema, as \"sales.claims\"";

fn read_relation(node: &Node) -> Result<String, String> {
    let name = line(node, RELATION)?;
    let valid = name.split('.').count() <= 2 && name.split('.').all(is_identifier);
    if valid { Ok(name.to_owned()) } else { Err(expected(node, RELATION)) }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.bytes();
    name.len() <= 63
        && letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// Every five minutes in the default calendar's zone, unless configured. `None` with a reported problem.
pub fn schedule(section: Section<'_>, default_zone: Option<Zone>) -> Option<Schedule> {
    const DEFAULT: &str = "0 */5 * * * *";
    let scan = section.read("scan", |node| {
        let cron = line(node, CRON)?;
        read_cron(cron).map(|pattern| (cron.to_owned(), pattern)).map_err(|why| match why {
            NoCron::Never => format!("found {cron:?}, which never comes"),
            NoCron::Wrong(CronError::InvalidPattern(_)) => expected(node, CRON),
            NoCron::Wrong(error) => format!("{} ({error})", expected(node, CRON)),
        })
    });
    let zone = section.read("time_zone", read_zone).or(default_zone);
    let default = || read_cron(DEFAULT).map_err(|_| section.report("scan", "the default is no schedule")).ok();
    let scan = scan.or_else(|| default().map(|pattern| (DEFAULT.to_owned(), pattern)));
    section.finish();
    let (cron, pattern) = scan?;
    Some(Schedule { cron, pattern, time_zone: zone? })
}

const CRON: &str = "six fields: second, minute, hour, day of the month, month, day of the week";

/// Why a text is no schedule.
enum NoCron {
    Wrong(CronError),
    Never,
}

fn read_cron(text: &str) -> Result<Cron, NoCron> {
    let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build();
    let pattern = parser.parse(text).map_err(NoCron::Wrong)?;
    match pattern.find_next_occurrence(&DateTime::UNIX_EPOCH, false) {
        Ok(_) => Ok(pattern),
        Err(_) => Err(NoCron::Never),
    }
}

pub fn http(section: Section<'_>) -> Option<HttpSettings> {
    let what = "an address and a port, as \"127.0.0.1:9464\"";
    let listen = section.read("listen", |node| line(node, what)?.parse().map_err(|_| expected(node, what)));
    let token = read_secret(&section, "token", "token_file", Affects::Http);
    let external_url = section.read("external_url", read_external_url);
    let key = if section.has("token_file") { "token_file" } else { "token" };
    let settings = listen.map(|listen: SocketAddr| HttpSettings { listen, token, external_url });
    if section.has(key) && !section.has("listen") {
        section.report(key, "found a token, but nothing is served; expected listen = \"…\" beside it");
    }
    section.finish();
    settings
}

/// An address without what would not do before a path.
fn read_external_url(node: &Node) -> Result<String, String> {
    const WHAT: &str = "an address without a query, as \"https://claims.example.com\"";
    let url = line(node, WHAT)?.trim_end_matches('/');
    let parsed = reqwest::Url::parse(url).map_err(|_| expected(node, WHAT))?;
    let fits = matches!(parsed.scheme(), "https" | "http")
        && parsed.has_host()
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none()
        && url.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}'".contains(&c));
    if fits { Ok(url.to_owned()) } else { Err(expected(node, WHAT)) }
}

pub fn log(section: Section<'_>) -> LogSettings {
    let formats = [
        ("auto", LogFormat::Auto),
        ("journald", LogFormat::Journald),
        ("json", LogFormat::Json),
        ("text", LogFormat::Text),
    ];
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let format = section.read("format", |node| choice(node, &formats)).unwrap_or_default();
    let level = section.read("level", |node| choice(node, &levels)).unwrap_or_default();
    section.finish();
    LogSettings { format, level }
}
