//! Which file is the configuration, and reading it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::tree::Lines;
use super::tree::{self, Table};
use super::{Environment, Place, Problem, Settings};

/// Where the file is looked for, in this order.
pub const USUAL: [&str; 2] = ["/etc/claimwatch/claimwatch.toml", "claimwatch.toml"];
/// The longest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// The configuration file: the one that the command line names, else the first of the usual ones that is there.
/// `None`: none is; the embedded default serves. A file that is there but cannot be read is found too: reading it then
/// says why, and no other serves in its place.
#[must_use]
pub fn find(named: Option<&Path>) -> Option<PathBuf> {
    find_among(named, &USUAL.map(Path::new))
}

fn find_among(named: Option<&Path>, usual: &[&Path]) -> Option<PathBuf> {
    let is_there = |path: &&&Path| match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    };
    named.or_else(|| usual.iter().find(is_there).copied()).map(Path::to_owned)
}

/// The configuration, from the file that [`find`] finds and from `environment`.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with everything that is wrong in it.
pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Settings, ConfigError> {
    match find(named) {
        Some(file) => Settings::parse(Some(&file), &read(&file)?, environment),
        None => Settings::parse(None, "", environment),
    }
}

/// What the file and the environment say, before any of it is checked. Secrets are among it.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read or is not TOML.
pub fn written(named: Option<&Path>, environment: &Environment) -> Result<Table, ConfigError> {
    let file = find(named);
    let text = file.as_deref().map_or_else(|| Ok(String::new()), read)?;
    let mut tree = tree::parse(&text).map_err(|problems| ConfigError::new(file.as_deref(), problems))?;
    // What is wrong with a variable is for `load` to say.
    environment.lay_over(&mut tree);
    Ok(tree)
}

/// As [`load`], as if nothing but `tables` were configured: where something else is wrong.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with what is wrong in these tables.
pub fn load_tables(named: Option<&Path>, environment: &Environment, tables: &[&str]) -> Result<Settings, ConfigError> {
    let mut tree = written(named, environment)?;
    tree.retain(|key, _| tables.contains(&key.as_str()));
    Settings::of_tree(find(named).as_deref(), &tree, Vec::new(), environment.state_directory())
}

fn read(file: &Path) -> Result<String, ConfigError> {
    let cannot = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "no such file".to_owned(),
            io::ErrorKind::IsADirectory => "found a directory, expected a file".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        ConfigError::of_file(file, why)
    };
    let mut bytes = Vec::new();
    File::open(file).and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err(ConfigError::of_file(file, "found more than 1 MiB, expected a configuration file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default());
        let problem = Problem {
            place: place_of_end(&text),
            key: String::new(),
            detail: "found bytes that are not UTF-8, expected UTF-8 text".into(),
        };
        ConfigError::new(Some(file), vec![problem])
    })
}

fn place_of_end(text: &str) -> Place {
    Lines::of(text).place(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_named_serves_else_the_first_usual_one_that_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["first.toml", "second.toml"].map(|name| directory.path().join(name));
        let found = |named| find_among(named, &[&first, &second]);
        assert_eq!(found(None), None);
        assert_eq!(found(Some(Path::new("missing.toml"))), Some("missing.toml".into()));
        fs::write(&second, "").unwrap();
        assert_eq!(found(None), Some(second.clone()));
        std::os::unix::fs::symlink("nowhere", &first).unwrap();
        assert_eq!(
            found(None),
            Some(first.clone()),
            "a link that leads nowhere is an error, not a reason to use another file"
        );
    }
}
