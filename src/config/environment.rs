//! What the environment says: `CLAIMWATCH__SECTION__KEY=value` sets any value, also over the file's.
//!
//! A list is written as in the file: `CLAIMWATCH__CALENDARS__FR__CLOSURES=["2026-12-24"]`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::{Place, Problem};
use super::tree::{Node, Table, Value, variable};

const PREFIX: &str = "CLAIMWATCH__";

/// The environment, as far as the configuration looks at it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `CLAIMWATCH__…`, by name; the value is none if it is not UTF-8.
    settings: BTreeMap<String, Option<String>>,
    state_directory: Option<PathBuf>,
}

impl Environment {
    /// From variables and their values.
    #[must_use]
    pub fn from_vars(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut settings = BTreeMap::new();
        let mut directories = BTreeMap::new();
        for (name, value) in vars {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with(PREFIX) {
                settings.insert(name, value.into_string().ok());
            } else if ["STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"].contains(&name.as_str()) {
                directories.insert(name, value.to_string_lossy().into_owned());
            }
        }
        let directory = |name: &str| directories.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let systemd = directories.get("STATE_DIRECTORY").and_then(|list| list.split(':').next());
        let systemd = systemd.map(PathBuf::from).filter(|path| path.is_absolute());
        let state_directory = systemd
            .or_else(|| directory("XDG_STATE_HOME").map(|home| home.join("claimwatch")))
            .or_else(|| directory("HOME").map(|home| home.join(".local/state/claimwatch")));
        Self { settings, state_directory }
    }

    /// This process's.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_vars(std::env::vars_os())
    }

    /// Where what is kept lies unless the configuration says otherwise: systemd's state directory, else the user's.
    #[must_use]
    pub fn state_directory(&self) -> &Path {
        self.state_directory.as_deref().unwrap_or(Path::new("/var/lib/claimwatch"))
    }

    /// Lays the settings over `root`.
    pub(super) fn lay_over(&self, root: &mut Table) -> Vec<Problem> {
        let set = |(name, value): (&String, &Option<String>)| {
            let problem = |detail: String| Problem { place: Place::Variable(name.clone()), key: String::new(), detail };
            let path = name.strip_prefix(PREFIX).unwrap_or_default();
            if name.to_uppercase() != *name {
                return Some(problem(format!("found lower-case letters, expected {}", name.to_uppercase())));
            }
            let Some(value) = value else {
                return Some(problem("found bytes that are not UTF-8, expected UTF-8 text".into()));
            };
            let segments: Vec<&str> = path.split("__").collect();
            set(root, &segments, &variable(name, value.clone())).err().map(problem)
        };
        self.settings.iter().filter_map(set).collect()
    }
}

/// Puts `node` at the end of `path`, making the tables on the way.
fn set(table: &mut Table, path: &[&str], node: &Node) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let key = key_for(table, first)?;
    if rest.is_empty() {
        table.insert(key, node.clone());
        return Ok(());
    }
    let made = || Node { value: Value::Table(Table::new()), ..node.clone() };
    match &mut table.entry(key.clone()).or_insert_with(made).value {
        Value::Table(inner) => set(inner, rest, node),
        Value::List(_) => Err(format!("{key} is a list, which only one variable can set as a whole, as TOML")),
        // A single value where a table belongs: whoever reads the table reports that.
        _ => Ok(()),
    }
}

/// The key that a part of a variable's name stands for: one that is there, in any case, with `_` for what no variable's
/// name can hold; else the part in lower case.
fn key_for(table: &Table, part: &str) -> Result<String, String> {
    let plain = part.to_lowercase();
    if table.contains_key(&plain) {
        return Ok(plain);
    }
    let alike: Vec<&String> = table.keys().filter(|key| variable_part(key) == part).collect();
    match alike[..] {
        [] => Ok(plain),
        [key] => Ok(key.clone()),
        [one, other, ..] => Err(format!("stands for both {one:?} and {other:?}; set it in the file")),
    }
}

fn variable_part(key: &str) -> String {
    key.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
