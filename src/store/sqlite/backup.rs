//! A copy of the file while others read and write: whole, checked and on disk before it has its name.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};

use super::{SqliteStore, StoreError};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file and what is wrong with it.
    #[error("{0}")]
    File(String),
}

impl SqliteStore {
    /// Copies the database, as it is at one instant, into the new file `to`, which its owner alone may read. Nobody who
    /// writes waits for it. Returns its size in bytes.
    ///
    /// # Errors
    /// [`BackupError`], also if there is a file of that name; then none is made.
    pub async fn backup(&self, to: &Path) -> Result<u64, BackupError> {
        if to.symlink_metadata().is_ok() {
            return Err(BackupError::File(format!("{}: found a file, expected none of that name", to.display())));
        }
        let part = Part::of(to)?;
        let name = part.path.to_str().ok_or_else(|| cannot(to, &"expected a name in UTF-8"))?;
        let mut reader = self.readers.acquire().await.map_err(StoreError::from)?;
        let made = sqlx::query("VACUUM INTO ?").bind(name).persistent(false).execute(&mut *reader).await;
        made.map_err(StoreError::from)?;
        check(&part.path).await?;
        part.keep(to)
    }
}

/// A file that is gone when it is dropped, unless it was given its name. What one that was killed left is written over.
struct Part {
    path: PathBuf,
    /// Locked, so that nobody else writes over it.
    file: File,
}

impl Part {
    /// An empty file beside `to`.
    fn of(to: &Path) -> Result<Self, BackupError> {
        let mut path = OsString::from(to);
        path.push(".claimwatch-part");
        let path = PathBuf::from(path);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| cannot(&path, &error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(cannot(&path, &"another backup is being written to it")),
            locked => locked.map_err(|error| cannot(&path, &error))?,
        }
        let part = Self { path, file };
        let ready = part.file.set_permissions(Permissions::from_mode(0o600)).and_then(|()| part.file.set_len(0));
        ready.map_err(|error| cannot(&part.path, &error))?;
        Ok(part)
    }

    /// Names it `to`, once it is on disk.
    fn keep(self, to: &Path) -> Result<u64, BackupError> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.path, to));
        let kept = kept.and_then(|()| File::open(folder)?.sync_all()).and_then(|()| self.file.metadata());
        Ok(kept.map_err(|error| cannot(to, &error))?.len())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it has its name, there is none.
        let _ = fs::remove_file(&self.path);
    }
}

/// # Errors
/// [`StoreError::Corrupt`] if the file is damaged, [`StoreError::Schema`] if it is no database of claimwatch's.
async fn check(part: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(part).read_only(true).immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let rows = sqlx::query("PRAGMA quick_check(10)").fetch_all(&mut connection).await?;
    let found: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    if found != ["ok"] {
        return Err(StoreError::Corrupt(format!("the copy is damaged, and so is the database: {}", found.join("; "))));
    }
    let ours = sqlx::query("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(&mut connection).await;
    ours.map_err(|_| StoreError::Schema("it is no claimwatch database".into()))?;
    connection.close().await?;
    Ok(())
}

fn cannot(path: &Path, why: &dyn Display) -> BackupError {
    BackupError::File(format!("{}: {why}", path.display()))
}
