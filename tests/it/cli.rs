//! The real program at an operator's desk: what is typed, what comes out on which stream, and with which exit code.

mod alerts;
mod answers;
mod backfill;
mod backtest;
mod backup;
mod calendar;
mod check;
mod company;
mod copy;
mod database;
mod deadline;
mod demo;
mod diff;
mod doctor;
mod explain;
mod forecast;
mod hostile;
mod import;
mod log;
mod mail;
mod outbox;
mod postgres;
mod preview;
mod prune;
mod report;
mod routes;
mod scan;
mod settings;
mod status;
mod token;
mod usage;
mod webhook;
mod zone_data;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{ClaimRow, Database, legible};

/// The database of every desk, beside its configuration.
const DATABASE: &str = "[database]\nurl = \"sqlite:claims.db\"\n";

/// A folder of one's own with a configuration, and an environment without anything else.
struct Desk {
    folder: TempDir,
}

/// What a command told.
#[derive(Debug)]
struct Told {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    /// With `more` in the configuration than where the database is.
    fn with(more: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        desk.configure(&format!("{DATABASE}{more}"));
        desk
    }

    /// With a database and program P-1 in it.
    async fn with_database(more: &str) -> Self {
        let desk = Self::with(more);
        desk.migrate();
        desk.sql("INSERT INTO programs (program_id) VALUES ('P-1')").await;
        desk
    }

    #[track_caller]
    fn migrate(&self) {
        let told = self.run(&["migrate"]);
        let words = "sqlite:claims.db: the schema is up to date\n";
        assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "", words));
    }

    fn configure(&self, text: &str) {
        self.file("claimwatch.toml", text);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        self.command_with("claimwatch.toml", args)
    }

    fn command_with(&self, configuration: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claimwatch"));
        command.args(["--config", configuration]).args(args).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.path("home")).stdin(Stdio::null());
        for name in ["PATH", "TZDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
    }

    fn run(&self, args: &[&str]) -> Told {
        Told::by(&mut self.command(args))
    }

    /// Runs it with `input` on standard input.
    fn feed(&self, args: &[&str], input: impl AsRef<[u8]>) -> Told {
        let input = File::open(self.file("input", input)).expect("the input");
        Told::by(self.command(args).stdin(input))
    }

    /// Runs a statement on the database as someone else would.
    async fn sql(&self, statement: &str) -> Vec<Vec<String>> {
        let rows = Database::Sqlite(self.path("claims.db")).rows(statement).await;
        legible(rows.unwrap_or_else(|error| panic!("{statement}: {error}")))
    }

    async fn put(&self, claim: ClaimRow) {
        self.sql(&claim.statement()).await;
    }

    /// Every row of every table, to see that nothing changed.
    async fn everything(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for table in self.sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").await.concat() {
            let columns = self.sql(&format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')")).await;
            let columns = columns.concat().join(", ");
            for row in self.sql(&format!("SELECT {columns} FROM {table} ORDER BY {columns}")).await {
                rows.push([vec![table.clone()], row].concat());
            }
        }
        rows
    }

    /// The alerts as `alerts list --json` has them, with these filters.
    fn alerts(&self, filters: &[&str]) -> Vec<Value> {
        let value = self.run(&[&["alerts", "list", "--json"], filters].concat()).done().json();
        value.as_array().expect("an array").clone()
    }
}

impl Told {
    fn by(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit code, not a signal");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// It did what was asked, and complained of nothing.
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self
    }

    /// It refused with this code, said so in these words among others, and gave no data.
    #[track_caller]
    fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        self.complains(words)
    }

    #[track_caller]
    fn complains(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.err.contains(words), "{words:?} is not in {}", self.err);
        }
        self
    }

    #[track_caller]
    fn says(&self, words: &[&str]) {
        for words in words {
            assert!(self.out.contains(words), "{words:?} is not in {}", self.out);
        }
    }

    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "one line when no terminal: {}", self.out);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// The values of `key` in each object.
fn each(objects: &[Value], key: &str) -> Vec<Value> {
    objects.iter().map(|object| object[key].clone()).collect()
}

/// Names and bytes of all files below a folder.
fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push((path.clone(), fs::read(path).expect("a file")));
        }
    }
    files.sort();
    files
}
