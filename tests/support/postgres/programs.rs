//! Where the machine keeps PostgreSQL, and as whom it may be run.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What to say where there is no PostgreSQL.
const MISSING: &str = "these tests need PostgreSQL 14 or newer and found no `initdb`, neither in PATH nor in \
    /usr/lib/postgresql/*/bin or /usr/pgsql-*/bin: install it (Debian: apt-get install postgresql), or set \
    CLAIMWATCH_TEST_POSTGRES to the URL of a server on which databases may be created";

/// The longest path that a socket may have, less the name that PostgreSQL gives it.
const LONGEST_FOLDER: usize = 107 - "/.s.PGSQL.65535".len();

/// The folder that holds `initdb`, `pg_ctl`, `postgres` and `pg_basebackup` of the newest version.
pub fn binaries() -> Result<PathBuf, String> {
    let programs = ["initdb", "pg_ctl", "postgres", "pg_basebackup"];
    let complete = |folder: &PathBuf| programs.iter().all(|name| folder.join(name).is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.extend(versions("/usr/lib/postgresql", ""));
    folders.extend(versions("/usr", "pgsql-"));
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    folders.extend(told.and_then(|told| String::from_utf8(told.stdout).ok()).map(|text| text.trim().into()));
    folders.into_iter().find(complete).ok_or_else(|| MISSING.to_owned())
}

/// The `bin` of each version below a folder, the newest first.
fn versions(folder: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |name: &str| name.strip_prefix(prefix)?.parse::<f64>().ok();
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path().join("bin")))).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Whoever runs a server: ourselves, or someone else if we are root, as whom PostgreSQL refuses to run.
#[derive(Clone, Copy)]
pub struct Owner {
    /// Number and group of someone else.
    other: Option<(u32, u32)>,
}

impl Owner {
    /// A folder that is theirs, and they.
    pub fn with_folder() -> Result<(Self, TempDir), String> {
        let make = |within: &Path| tempfile::Builder::new().prefix("cw-pg-").tempdir_in(within);
        let cannot = |error: std::io::Error| format!("no folder for PostgreSQL: {error}");
        let mut folder = make(&std::env::temp_dir()).map_err(cannot)?;
        let root = fs::metadata(folder.path()).map_err(cannot)?.uid() == 0;
        // Someone else may be unable to look into root's folder for temporary files, and in a long one no socket fits.
        if root || folder.path().as_os_str().len() > LONGEST_FOLDER {
            folder = make(Path::new("/tmp")).map_err(cannot)?;
        }
        if !root {
            return Ok((Self { other: None }, folder));
        }
        let other = ["postgres", "nobody"].into_iter().find_map(user).ok_or("root, and no other user to run as")?;
        std::os::unix::fs::chown(folder.path(), Some(other.0), Some(other.1)).map_err(cannot)?;
        Ok((Self { other: Some(other) }, folder))
    }

    /// Number and group of someone else; `None`: ourselves.
    pub fn other(self) -> Option<(u32, u32)> {
        self.other
    }

    /// Their name.
    pub fn name(self) -> String {
        let number =
            self.other.map_or_else(|| fs::metadata("/proc/self").map_or(0, |ours| ours.uid()), |(user, _)| user);
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let is_they = |line: &&str| line.split(':').nth(2) == Some(&number.to_string());
        users.lines().find(is_they).and_then(|line| line.split(':').next()).unwrap_or("nobody").to_owned()
    }

    /// A program, to be run as they in their folder: ours may be closed to them.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("LC_ALL", "C").env("TZ", "UTC");
        // What the caller's environment says of a server is not about this one.
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGDATA", "PGOPTIONS", "PGPASSFILE", "PGSERVICE"] {
            command.env_remove(name);
        }
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// Writes a file that is theirs alone.
    pub fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        self.other.map_or(Ok(()), |(user, group)| std::os::unix::fs::chown(path, Some(user), Some(group)))
    }
}

/// A user's number and group.
fn user(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}
