//! A PostgreSQL server of one's own: a folder with a cluster and a socket in it, gone when whoever started it is.
//!
//! A destructor does not run when a process is killed, so the end is not left to one. A watcher, a small shell process
//! in a process group of its own, waits for the end of a pipe whose other end nobody but this process holds: however the
//! process ends, the pipe does too; the watcher then stops the server and removes the folder. `PR_SET_PDEATHSIG` would
//! not do: it goes by the *thread* that started the child, and a test's thread ends with its test.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::programs::{Owner, binaries};

/// Ends the server and removes the folder as often as needed: one that was just starting may write once more.
const WATCH: &str = r#"trap '' HUP INT TERM
read -r _
while [ -e "$1" ]; do
    "$0" -D "$1/data" -m immediate -s stop
    rm -rf "$1"
done"#;

/// What every server here is given. Nothing survives a power cut, nor needs to.
const SETTINGS: &str = "
    fsync = off
    full_page_writes = off
    shared_buffers = 16MB
    max_connections = 200
    max_wal_size = 4GB
    log_line_prefix = '%m [%p] %q%u@%d %a '
";

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Sessions are cut off, and everything is written.
    Fast,
    /// As by a crash: the next start recovers.
    Immediate,
}

pub struct Cluster {
    folder: PathBuf,
    binaries: PathBuf,
    owner: Owner,
    /// Also the number of its TCP port, if it has one.
    port: u16,
    watcher: Mutex<Child>,
}

impl Cluster {
    /// A cluster whose server runs and is reached by its socket, with `settings` in addition to those of all, and `hba`
    /// before the line by which everyone is trusted.
    ///
    /// # Errors
    /// What is missing on this machine, or what the server said when it did not start.
    pub fn create(settings: &[&str], hba: &[&str]) -> Result<Self, String> {
        let cluster = Self::prepare(5432, settings, hba)?;
        cluster.start()?;
        Ok(cluster)
    }

    /// As [`Cluster::create`], listening on a port of 127.0.0.1 too.
    ///
    /// # Errors
    /// As [`Cluster::create`].
    pub fn create_on_tcp(settings: &[&str], hba: &[&str]) -> Result<Self, String> {
        let mut tries = 0;
        loop {
            // Free when asked; if someone takes it in between, the server does not start, and another one is asked for.
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
            let port = free.map_err(|error| format!("no free port: {error}"))?.port();
            let settings = [&["listen_addresses = '127.0.0.1'"], settings].concat();
            let cluster = Self::prepare(port, &settings, hba)?;
            match cluster.start() {
                Err(said) if said.contains("Address already in use") && tries < 5 => tries += 1,
                started => return started.map(|()| cluster),
            }
        }
    }

    /// A standby of `primary`, which streams what is committed there, with `settings` in addition to those of all. The
    /// primary must let in `replication` (a line of its `hba`).
    ///
    /// # Errors
    /// As [`Cluster::create`].
    pub fn standby_of(primary: &Self, settings: &[&str]) -> Result<Self, String> {
        let cluster = Self::empty(primary.port)?;
        let (folder, port) = (primary.folder.display().to_string(), primary.port.to_string());
        let mut backup = cluster.command("pg_basebackup");
        backup.args(["-D", "data", "-h", &folder, "-p", &port, "-U", "postgres", "-R", "-X", "stream", "-c", "fast"]);
        succeed(&mut backup)?;
        cluster.configure_all(settings, &[])?;
        cluster.start()?;
        Ok(cluster)
    }

    fn prepare(port: u16, settings: &[&str], hba: &[&str]) -> Result<Self, String> {
        let cluster = Self::empty(port)?;
        cluster.init()?;
        cluster.configure_all(settings, hba)?;
        Ok(cluster)
    }

    /// A folder, and who removes it.
    fn empty(port: u16) -> Result<Self, String> {
        let binaries = binaries()?;
        let (owner, folder) = Owner::with_folder()?;
        let watcher = owner
            .command("/bin/sh", Path::new("/"))
            .args(["-c", WATCH])
            .arg(binaries.join("pg_ctl"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("/bin/sh: {error}"))?;
        Ok(Self { folder: folder.keep(), binaries, owner, port, watcher: Mutex::new(watcher) })
    }

    fn configure_all(&self, settings: &[&str], hba: &[&str]) -> Result<(), String> {
        // The last line of a setting is the one that counts.
        let socket = format!("listen_addresses = ''\nunix_socket_directories = '{}'", self.folder.display());
        let port = format!("port = {}", self.port);
        let settings = [&[SETTINGS, &socket, &port], settings].concat();
        let settings = settings.iter().map(|line| format!("{line}\n")).collect::<String>();
        self.configure("data/postgresql.conf", &settings)?;
        self.configure("data/pg_hba.conf", &[hba, &["local all all trust\n"]].concat().join("\n"))?;
        Ok(())
    }

    /// A collation that is not the order of bytes, since a company's database has one too; what relies on that order
    /// must say so.
    fn init(&self) -> Result<(), String> {
        let mut command = self.command("initdb");
        command.args(["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]);
        let help = self.command("initdb").arg("--help").output().map(|output| output.stdout).unwrap_or_default();
        if String::from_utf8_lossy(&help).contains("--icu-locale") {
            command.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"]);
        }
        succeed(&mut command)
    }

    /// Writes a file below the cluster's folder that only its server's user can read, as keys must be.
    ///
    /// # Errors
    /// What the file system said.
    pub fn configure(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.folder.join(name);
        self.owner.write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Starts the server, and waits until it accepts sessions.
    ///
    /// # Errors
    /// What the server said.
    pub fn start(&self) -> Result<(), String> {
        let started =
            succeed(self.command("pg_ctl").args(["-D", "data", "-l", "log", "-w", "-t", "60", "-s", "start"]));
        started.map_err(|error| format!("{error}\n{}", self.log()))
    }

    /// Stops the server, and waits until it is gone.
    ///
    /// # Errors
    /// What the server said.
    pub fn stop(&self, how: Stop) -> Result<(), String> {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        let stopped = succeed(self.command("pg_ctl").args(["-D", "data", "-m", mode, "-w", "-t", "60", "-s", "stop"]));
        stopped.map_err(|error| format!("{error}\n{}", self.log()))
    }

    /// Everything that the server said so far.
    pub fn log(&self) -> String {
        std::fs::read(self.folder.join("log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// A database of it as its superuser reaches it, by the socket.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={}&user=postgres", self.folder.display(), self.port)
    }

    /// A database of it by TCP, for one with a port ([`Cluster::create_on_tcp`]).
    pub fn url_by_tcp(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// One of PostgreSQL's programs, as the server's user in the cluster's folder, where `data` is.
    pub fn command(&self, program: &str) -> Command {
        self.owner.command(self.binaries.join(program), &self.folder)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// As whom the server runs: number and group, if that is somebody else, and name.
    pub fn user(&self) -> (Option<(u32, u32)>, String) {
        (self.owner.other(), self.owner.name())
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Cluster {
    /// As at the end of the process, but waited for.
    fn drop(&mut self) {
        let mut watcher = self.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(watcher.stdin.take());
        let _ = watcher.wait();
    }
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{program}: {}\n{}", output.status, String::from_utf8_lossy(&said)))
}
