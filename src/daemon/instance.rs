//! One daemon per database file: a lock beside it that ends with the process, however that ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::DaemonError;

/// The right to work on a database file, held until dropped.
#[derive(Debug)]
pub struct Instance {
    database: PathBuf,
    /// Device and inode of the file that was opened.
    identity: (u64, u64),
    _lock: File,
}

/// Whether the database is still the file that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Same,
    /// No file of that name.
    Missing,
    /// Another file of that name: what we wrote would go into the old one, which nobody sees.
    Replaced,
}

impl Instance {
    /// Takes `<database>.lock`, beside the file itself and not beside a link to it, and writes our process id into it.
    ///
    /// # Errors
    /// [`DaemonError::Another`] if another process has it; [`DaemonError::Lock`] if it cannot be made.
    pub fn claim(database: &Path) -> Result<Self, DaemonError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| DaemonError::Lock { path, error }
        };
        let database = database.canonicalize().map_err(failed(database))?;
        let identity = identity_of(&database).map_err(failed(&database))?;
        let mut name = OsString::from(&database);
        name.push(".lock");
        let path = PathBuf::from(name);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut lock = opened.map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut found = String::new();
                let pid = match lock.read_to_string(&mut found).map(|_| found.trim().parse::<u32>()) {
                    Ok(Ok(pid)) => pid.to_string(),
                    _ => "unknown".to_owned(),
                };
                return Err(DaemonError::Another { pid, path: database });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed(&path))?;
        Ok(Self { database, identity, _lock: lock })
    }

    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    pub(super) fn presence(&self) -> Presence {
        match identity_of(&self.database) {
            Ok(identity) if identity == self.identity => Presence::Same,
            Ok(_) => Presence::Replaced,
            Err(_) => Presence::Missing,
        }
    }
}

fn identity_of(file: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = std::fs::metadata(file)?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_refused_by_name_until_the_first_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("c.db");
        std::fs::write(&database, "").expect("a file");
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&database, &link).expect("a link");
        let first = Instance::claim(&database).expect("nobody else");
        let refused = Instance::claim(&link).expect_err("it is taken").to_string();
        let pid = std::process::id();
        assert!(refused.starts_with(&format!("another claimwatch (pid {pid}) runs on this database: ")), "{refused}");
        drop(first);
        Instance::claim(&link).expect("it is free again");
    }

    #[test]
    fn a_file_that_is_moved_away_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, elsewhere) = (folder.path().join("c.db"), folder.path().join("d.db"));
        std::fs::write(&database, "").expect("a file");
        let instance = Instance::claim(&database).expect("nobody else");
        assert_eq!(instance.presence(), Presence::Same);
        std::fs::rename(&database, &elsewhere).expect("moved");
        assert_eq!(instance.presence(), Presence::Missing);
        std::fs::write(&database, "").expect("another file");
        assert_eq!(instance.presence(), Presence::Replaced);
        std::fs::rename(&elsewhere, &database).expect("moved back");
        assert_eq!(instance.presence(), Presence::Same);
    }
}
