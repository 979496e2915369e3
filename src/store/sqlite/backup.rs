//! A copy of the file while others read and write: whole, checked and on disk before it has its name.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};

use super::{SqliteStore, StoreError};

impl SqliteStore {
    /// Copies the database, as it is at one instant, into the new file `to`, which its owner alone may read. Nobody who
    /// writes waits for it. Returns its size in bytes.
    ///
    /// # Errors
    /// [`StoreError`], also if there is a file of that name; then none is made.
    pub async fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        if to.symlink_metadata().is_ok() {
            return Err(StoreError::Failed(format!("{}: found a file, expected none of that name", to.display())));
        }
        let part = Part::of(to)?;
        let name = part.0.to_str().ok_or_else(|| StoreError::Failed(format!("{}: expected UTF-8", to.display())))?;
        let mut reader = self.readers.acquire().await?;
        sqlx::query("VACUUM INTO ?").bind(name).persistent(false).execute(&mut *reader).await?;
        drop(reader);
        check(&part.0).await?;
        part.keep(to).map_err(|error| cannot(to, &error))
    }
}

/// A file that is gone when it is dropped, unless it is kept.
struct Part(PathBuf);

impl Part {
    /// An empty file beside `to`.
    fn of(to: &Path) -> Result<Self, StoreError> {
        let mut name = OsString::from(to);
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        made.map(|_| Self(part.clone())).map_err(|error| cannot(&part, &error))
    }

    /// Names it `to`, once it is on disk.
    fn keep(self, to: &Path) -> io::Result<u64> {
        let file = File::open(&self.0)?;
        file.sync_all()?;
        fs::rename(&self.0, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it has its name, there is none.
        let _ = fs::remove_file(&self.0);
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

fn cannot(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}
