//! Reading a holiday file: all of it as it was at one moment, or not at all.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
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
    read_steady(path, || {})
}

/// The bytes, once they are the same twice, and of the same file; `between` is called between one look and the next.
fn read_steady(path: &Path, mut between: impl FnMut()) -> Result<Vec<u8>, String> {
    let mut last = look(path)?;
    for _ in 0..ATTEMPTS {
        between();
        let next = look(path)?;
        // A stamp alone would not do: a file system's clock may stand still for milliseconds.
        if next == last {
            return Ok(next.1);
        }
        last = next;
    }
    Err(format!(
        "it changed while it was read, {ATTEMPTS} times, expected a file that is written before it is put in place"
    ))
}

fn look(path: &Path) -> Result<(Stamp, Vec<u8>), String> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    // Asked before it is opened: opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(cannot)?.is_file() {
        return Err("found no ordinary file, expected an .ics file".into());
    }
    let file = File::open(path).map_err(cannot)?;
    let stamp = Stamp::from(&file.metadata().map_err(cannot)?);
    let mut bytes = Vec::new();
    if stamp.bytes <= LONGEST {
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    let found = stamp.bytes.max(bytes.len() as u64);
    if found > LONGEST {
        return Err(format!("found {found} bytes, expected at most {LONGEST}"));
    }
    Ok((stamp, bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_again_until_it_is_steady() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("closures.ics");
        fs::write(&path, "first").unwrap();
        let (mut changes, replacement) = (0, directory.path().join("next"));
        let read = read_steady(&path, || {
            changes += 1;
            match changes {
                1 => fs::write(&path, "other").unwrap(),
                2 => {
                    fs::write(&replacement, "other").unwrap();
                    fs::rename(&replacement, &path).unwrap();
                }
                _ => {}
            }
        });
        assert_eq!((read, changes), (Ok(b"other".to_vec()), 3), "the same bytes in another file are looked at again");
    }

    #[test]
    fn a_file_that_never_stands_still_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("closures.ics");
        fs::write(&path, "0").unwrap();
        let mut changes = 0;
        let read = read_steady(&path, || {
            changes += 1;
            fs::write(&path, changes.to_string()).unwrap();
        });
        let why = "it changed while it was read, 3 times, expected a file that is written before it is put in place";
        assert_eq!(read, Err(why.into()));
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
