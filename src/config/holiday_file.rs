//! Reading a holiday file: all of it as it was at one moment, or not at all.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::calendar::ics::MAX_BYTES;

/// The longest file, in bytes.
const LONGEST: u64 = MAX_BYTES as u64;
/// How often a file that changes while it is read is read again.
const ATTEMPTS: u32 = 3;

/// What tells one content of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of the file now.
    ///
    /// # Errors
    /// As `stat`.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The file's bytes.
///
/// # Errors
/// Why they cannot be had, and what was expected.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    for _ in 0..ATTEMPTS {
        let metadata = std::fs::metadata(path).map_err(cannot)?;
        if !metadata.is_file() {
            return Err("found no ordinary file, expected an .ics file".into());
        }
        let mut file = File::open(path).map_err(cannot)?;
        let before = Stamp::from(&file.metadata().map_err(cannot)?);
        if before.bytes > LONGEST {
            return Err(format!("found {} bytes, expected at most {LONGEST}", before.bytes));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
        // A file that is written anew in its place is another one by name, one that is written over by its time.
        if Stamp::of(path).is_ok_and(|after| after == before) && bytes.len() as u64 == before.bytes {
            return Ok(bytes);
        }
    }
    Err(format!(
        "it changed while it was read, {ATTEMPTS} times, expected a file that is written before it is put in place"
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_at_one_moment_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("closures.ics");
        let (long, short) = ("a".repeat(300_000), "b".repeat(200_000));
        fs::write(&path, &long).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for text in [&short, &long].into_iter().cycle() {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    fs::write(&path, text).unwrap();
                }
            });
            for _ in 0..200 {
                match read(&path) {
                    Ok(bytes) => assert!(bytes == long.as_bytes() || bytes == short.as_bytes(), "half of a file"),
                    Err(why) => assert!(why.starts_with("it changed while it was read"), "{why}"),
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(read(&path).is_ok());
    }

    #[test]
    fn what_is_no_file_or_too_long_is_said_to_be_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("closures.ics");
        assert_eq!(read(&path), Err("no such file".into()));
        assert_eq!(read(directory.path()), Err("found no ordinary file, expected an .ics file".into()));
        File::create(&path).unwrap().set_len(20 << 20).unwrap();
        assert_eq!(read(&path), Err("found 20971520 bytes, expected at most 4194304".into()));
        assert!(Stamp::of(&path).unwrap() != Stamp::of(directory.path()).unwrap());
    }
}
