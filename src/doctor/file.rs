//! A new file, for its owner alone: all of it or none, and never in place of another.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

/// Whether there is nothing of the name `path`.
///
/// # Errors
/// What there is, with its name.
pub fn must_be_free(path: &Path) -> Result<(), String> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(taken(path)),
        Err(error) => Err(cannot(path, &error)),
    }
}

/// Makes the file `path` of `text`.
///
/// # Errors
/// What is wrong, with the file's name; then there is no such file, or it is another's.
pub fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || {
        let mut file = Builder::new().prefix(".claimwatch-doctor-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => taken(path),
        _ => cannot(path, &error),
    })
}

fn taken(path: &Path) -> String {
    format!("{}: found a file, expected none of that name", path.display())
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("{}: the file cannot be made: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_whole_its_owners_and_never_in_place_of_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.txt");
        write_new(&path, "one").expect("a new file");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        let refused = write_new(&path, "two").expect_err("it is there");
        assert_eq!(refused, format!("{}: found a file, expected none of that name", path.display()));
        assert_eq!(fs::read_to_string(&path).expect("the file"), "one");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no part is left");
        let nowhere = folder.path().join("no/report.txt");
        assert!(write_new(&nowhere, "three").expect_err("no folder").starts_with(&nowhere.display().to_string()));
    }
}
