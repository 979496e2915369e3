//! Daemons as their operator sees them: a configuration each, a process each, a log each.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command as Shell, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::postgres::rows_of;
use crate::{DEADLINE, until};

pub const RECIPIENTS: [&str; 2] = ["support@example.com", "lead@example.com"];

/// Mail by a server on this machine that is given a few seconds.
pub fn by_smtp(port: u16) -> String {
    format!(
        "[mail]\ntransport = \"smtp\"\nfrom = \"claims@example.com\"\ntimeout_seconds = 3\nmax_per_hour = 100000\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    )
}

/// One daemon, which may be killed, stopped and started again.
pub struct Daemon {
    pub name: String,
    folder: TempDir,
    environment: Vec<(&'static str, PathBuf)>,
    child: Option<Child>,
}

impl Daemon {
    /// A daemon that is not started yet; to the server it is called `name`. Without `mail` it writes files.
    pub fn new(name: &str, url: &str, mail: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mail = if mail.is_empty() {
            format!("[mail]\ntransport = \"file\"\n[mail.file]\ndirectory = \"{}/mail\"\n", folder.path().display())
        } else {
            mail.to_owned()
        };
        let separator = if url.contains('?') { '&' } else { '?' };
        let configuration = format!(
            "[database]\nurl = \"{url}{separator}application_name={name}\"\n[schedule]\nscan = \"* * * * * *\"\n\
             [[escalation.levels]]\nto = {RECIPIENTS:?}\n{mail}"
        );
        fs::write(folder.path().join("claimwatch.toml"), configuration).expect("a configuration");
        Self { name: name.to_owned(), folder, environment: Vec::new(), child: None }
    }

    /// As [`Daemon::new`], with more of a configuration.
    pub fn with(self, more: &str) -> Self {
        let path = self.folder.path().join("claimwatch.toml");
        let before = fs::read_to_string(&path).expect("a configuration");
        fs::write(path, format!("{before}{more}")).expect("a configuration");
        self
    }

    pub fn environment(mut self, name: &'static str, value: &Path) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Starts it; what it says is added to its log.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).expect("a log");
        self.child = Some(self.command(&["run"]).stderr(log).stdout(Stdio::null()).spawn().expect("a process"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claimwatch"));
        command.arg("--config").arg(self.folder.path().join("claimwatch.toml")).args(arguments);
        command.current_dir(self.folder.path()).kill_on_drop(true);
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command by the same configuration; its exit code and what it said.
    pub async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = timeout(DEADLINE, self.command(arguments).output()).await.expect("an end in time");
        let output = output.expect("a process");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("a process")
    }

    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().expect("a status").is_none())
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, signal: &str) {
        let words = format!("kill -s {signal} {}", self.pid());
        let sent = Shell::new("/bin/sh").args(["-c", &words]).status().expect("a shell");
        assert!(sent.success(), "{words}: {}", self.name);
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("a process");
        timeout(DEADLINE, child.wait()).await.expect("an end in time").expect("a status")
    }

    pub async fn kill(&mut self) {
        self.signal("KILL");
        self.end().await;
    }

    pub async fn stop(&mut self) {
        self.signal("TERM");
        let status = self.end().await;
        assert_eq!(status.code(), Some(0), "{}: {}", self.name, self.log());
    }

    /// All that it said, in all its lives.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How often it said `words`.
    pub fn said(&self, words: &str) -> usize {
        self.log().matches(words).count()
    }

    pub async fn says(&self, words: &str) {
        let end = Instant::now() + DEADLINE;
        while self.said(words) == 0 {
            assert!(Instant::now() < end, "expected of {} in time: {words:?}\n{}", self.name, self.log());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Who leads, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    pub term: i64,
    pub pid: u32,
}

/// `None`: nobody ever did, or the lease has ended, or the server is away.
pub async fn lead(url: &str) -> Option<Lead> {
    let rows = rows_of(url, "SELECT fence, holder FROM leases WHERE ends_at > clock_timestamp()").await.ok()?;
    let [Some(term), Some(holder)] = &rows.first()?[..] else { panic!("{rows:?}") };
    let pid = holder.split_once(" pid ").and_then(|(_, rest)| rest.split(' ').next()).expect("a holder");
    Some(Lead { term: term.parse().expect("a number"), pid: pid.parse().expect("a number") })
}

/// A number that the database answers with.
pub async fn number(url: &str, statement: &str) -> i64 {
    let rows = rows_of(url, statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    rows[0][0].as_deref().expect("a number").parse().expect("a number")
}

pub const FINISHED: &str = "SELECT count(*) FROM scans WHERE finished_at IS NOT NULL";

/// Waits until one leads and a scan has finished since; who leads.
pub async fn led(url: &str, but: Option<&Lead>) -> Lead {
    let mut leads = None;
    until("another daemon leads", async || {
        leads = lead(url).await.filter(|now| but.is_none_or(|before| now.term > before.term));
        leads.is_some()
    })
    .await;
    let before = number(url, FINISHED).await;
    until("it scans", async || number(url, FINISHED).await > before).await;
    leads.expect("one leads")
}

/// The one of `daemons` whose process it is.
pub fn of<'d>(daemons: &'d mut [Daemon], lead: &Lead) -> &'d mut Daemon {
    let known: Vec<_> = daemons.iter().map(|daemon| daemon.child.as_ref().and_then(Child::id)).collect();
    let at = known.iter().position(|pid| *pid == Some(lead.pid));
    &mut daemons[at.unwrap_or_else(|| panic!("{lead:?} is none of {known:?}"))]
}
