//! Reads the entries of one table: each key is asked for once, and what nobody asked for is an unknown key.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::claim::clean_line;

use super::error::{Place, Problem, show_line, show_place};
use super::tree::{Node, Table, Value};
use super::{Affects, Obstacle};

static NOTHING: Table = Table::new();

/// The longest text, in characters.
const LONGEST_TEXT: usize = 2_000;

/// Below this likeness (0 to 1) a key is no misspelling of another.
const ALIKE: f64 = 0.6;

/// What reading a configuration brings to light.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The file, for places; `None`: there is none.
    pub file: Option<&'a Path>,
    pub problems: RefCell<Vec<Problem>>,
    pub obstacles: RefCell<Vec<Obstacle>>,
}

/// One table of the configuration. A table that is not there has no entries.
pub struct Section<'a> {
    findings: &'a Findings<'a>,
    /// Its key with its tables: `rules.review`; empty for the whole file.
    path: String,
    place: Place,
    entries: &'a Table,
    /// Whether it is a table at all; if not, nothing more is said about it.
    sound: bool,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The whole configuration.
    pub fn root(entries: &'a Table, findings: &'a Findings<'a>) -> Self {
        Self::new(findings, String::new(), Place::File, entries)
    }

    fn new(findings: &'a Findings<'a>, path: String, place: Place, entries: &'a Table) -> Self {
        Self { findings, path, place, entries, sound: true, asked: RefCell::default() }
    }

    fn of_node(&self, path: String, node: &'a Node) -> Self {
        if let Value::Table(entries) = &node.value {
            return Self::new(self.findings, path, node.place.clone(), entries);
        }
        self.add(&node.place, path.clone(), expected(node, "a table of settings"));
        Self { sound: false, ..Self::new(self.findings, path, node.place.clone(), &NOTHING) }
    }

    fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { show_line(key) } else { format!("{}.{}", self.path, show_line(key)) }
    }

    fn add(&self, place: &Place, key: String, detail: impl Into<String>) {
        if self.sound {
            self.findings.problems.borrow_mut().push(Problem { place: place.clone(), key, detail: detail.into() });
        }
    }

    /// Whether `key` is set.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where `key` is set, else where its table is.
    pub fn place(&self, key: &str) -> &Place {
        self.entries.get(key).map_or(&self.place, |node| &node.place)
    }

    /// Reports what is wrong with `key`.
    pub fn report(&self, key: &str, detail: impl Into<String>) {
        self.report_at(self.place(key), key, detail);
    }

    /// Reports what is wrong with `key`, which another setting at `place` gives away.
    pub fn report_at(&self, place: &Place, key: &str, detail: impl Into<String>) {
        self.add(place, self.path_of(key), detail);
    }

    /// Notes that `key` asks for something that cannot be had.
    pub fn obstacle(&self, affects: Affects, key: &str, detail: impl Into<String>) {
        self.obstacle_at(affects, self.shown_place(key, self.place(key)), detail);
    }

    /// Notes that what stands at `place` cannot be had.
    pub fn obstacle_at(&self, affects: Affects, place: String, detail: impl Into<String>) {
        self.findings.obstacles.borrow_mut().push(Obstacle { affects, place, detail: detail.into() });
    }

    /// Where a value of `key` stands, and what it is of: `claimwatch.toml:26:8: calendars.fr.ics`.
    pub fn shown_place(&self, key: &str, place: &Place) -> String {
        format!("{}: {}", show_place(self.findings.file, place), self.path_of(key))
    }

    /// A path, which is relative to the file.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.findings.file.and_then(Path::parent).map_or_else(|| path.into(), |directory| directory.join(path))
    }

    /// The value of `key` as `read` reads it; what it cannot read is reported. `None`: absent or wrong.
    pub fn read<T>(&self, key: &'static str, read: impl FnOnce(&'a Node) -> Result<T, String>) -> Option<T> {
        let node = self.node(key)?;
        read(node).map_err(|detail| self.add(&node.place, self.path_of(key), detail)).ok()
    }

    /// The items of the list `key` as `read` reads them; what it cannot read is reported. `None`: absent, no list, or an
    /// item is wrong.
    pub fn list<T>(
        &self,
        key: &'static str,
        what: &str,
        read: impl Fn(&'a Node) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.items(key, what)?.iter().zip(1..);
        let item = |(item, number): (&'a Node, usize)| {
            let wrong = |detail| self.add(&item.place, format!("{}[{number}]", self.path_of(key)), detail);
            read(item).map_err(wrong).ok()
        };
        let read: Vec<Option<T>> = items.map(item).collect();
        read.into_iter().collect()
    }

    fn items(&self, key: &'static str, what: &str) -> Option<&'a [Node]> {
        self.read(key, |node| match &node.value {
            Value::List(items) | Value::Variable { list: Some(items), .. } => Ok(&items[..]),
            _ => Err(expected(node, what)),
        })
    }

    /// The table `key`.
    pub fn section(&self, key: &'static str) -> Self {
        match self.node(key) {
            Some(node) => self.of_node(self.path_of(key), node),
            None => Self::new(self.findings, self.path_of(key), self.place.clone(), &NOTHING),
        }
    }

    /// The tables of the list `key`, numbered from 1 in messages. `None`: absent or no list.
    pub fn sections(&self, key: &'static str) -> Option<Vec<Self>> {
        let items = self.items(key, &format!("a list of tables: [[{}]]", self.path_of(key)))?.iter().zip(1..);
        let item = |(node, number): (&'a Node, usize)| self.of_node(format!("{}[{number}]", self.path_of(key)), node);
        Some(items.map(item).collect())
    }

    /// The tables whose keys are names of the user's choice: all that was not asked for.
    pub fn named(&self) -> Vec<(&'a str, Self)> {
        let own = self.entries.iter().filter(|(key, _)| !self.asked.borrow().contains(&key.as_str()));
        own.map(|(key, node)| (key.as_str(), self.of_node(self.path_of(key), node))).collect()
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for (key, node) in self.entries.iter().filter(|(key, _)| !asked.contains(&key.as_str())) {
            self.add(&node.key_place, self.path_of(key), format!("unknown key; {}", instead(key, &asked)));
        }
    }

    /// Where the key of this table's entry `key` stands.
    pub fn key_place(&self, key: &str) -> &Place {
        self.entries.get(key).map_or(&self.place, |node| &node.key_place)
    }
}

/// What was meant by `found`, or all that it could be.
pub fn instead(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(best) => format!("did you mean {best:?}?"),
        None => format!("expected {}", one_of(known)),
    }
}

/// What `found` is a misspelling of.
pub fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&found.to_lowercase(), known);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|best| likeness(best) >= ALIKE)
}

/// `one of "a", "b"`.
pub fn one_of(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
}

/// `found …, expected …`.
pub fn expected(node: &Node, what: &str) -> String {
    format!("found {}, expected {what}", node.shown())
}

/// The text of a value, which may be empty.
pub fn text<'a>(node: &'a Node, what: &str) -> Result<&'a str, String> {
    match &node.value {
        Value::Text(text) | Value::Variable { text, .. } if clean_line(text, LONGEST_TEXT) == text.as_str() => Ok(text),
        Value::Text(_) | Value::Variable { .. } => {
            Err(format!("{}, of at most {LONGEST_TEXT} characters without control characters", expected(node, what)))
        }
        _ => Err(expected(node, what)),
    }
}

/// The text of a value, which is not empty.
pub fn line<'a>(node: &'a Node, what: &str) -> Result<&'a str, String> {
    text(node, what).and_then(|text| if text.trim().is_empty() { Err(expected(node, what)) } else { Ok(text) })
}

/// A whole number within `range`.
pub fn integer(node: &Node, range: &RangeInclusive<i64>) -> Result<i64, String> {
    let value = match &node.value {
        Value::Number { value, .. } => *value,
        Value::Variable { text, .. } => text.parse().ok(),
        _ => None,
    };
    let what = || format!("a number from {} to {}", range.start(), range.end());
    value.filter(|value| range.contains(value)).ok_or_else(|| expected(node, &what()))
}

/// `true` or `false`.
pub fn flag(node: &Node) -> Result<bool, String> {
    match &node.value {
        Value::Flag(flag) => Ok(*flag),
        Value::Variable { text, .. } => text.parse().map_err(|_| expected(node, "true or false")),
        _ => Err(expected(node, "true or false")),
    }
}

/// One of the values that have names.
pub fn choice<T: Copy>(node: &Node, choices: &[(&str, T)]) -> Result<T, String> {
    let what = || one_of(&choices.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let chosen = text(node, &what())?;
    choices.iter().find(|(name, _)| *name == chosen).map(|(_, value)| *value).ok_or_else(|| expected(node, &what()))
}
