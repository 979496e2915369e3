//! The file as a tree of values that know their places; what the environment says is laid over it.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

use super::error::{Place, Problem, quoted, show_line};

/// The entries of a table by key.
pub type Table = BTreeMap<String, Node>;

/// A value, and where its key and itself stand.
#[derive(Clone, Debug)]
pub struct Node {
    pub key_place: Place,
    pub place: Place,
    pub value: Value,
}

/// What a key may be set to.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    /// As written; `value` is none for a fraction, or a number beyond all bounds.
    Number {
        written: String,
        value: Option<i64>,
    },
    Flag(bool),
    /// A date, a time or both, as written.
    Moment(String),
    List(Vec<Node>),
    Table(Table),
    /// A variable's text, which can be read as any of the above but a table; `list` if it is a TOML array.
    Variable {
        text: String,
        list: Option<Vec<Node>>,
    },
}

impl Node {
    /// What a message calls the value: the text in quotes, the number, or `a list`.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) | Value::Variable { text, .. } => quoted(text),
            Value::Number { written, .. } | Value::Moment(written) => written.chars().take(40).collect(),
            Value::Flag(flag) => flag.to_string(),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }

    /// What a message calls a value that it must not repeat.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) | Value::Variable { .. } => "a text",
            Value::Number { .. } => "a number",
            Value::Flag(_) => "true or false",
            Value::Moment(_) => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Reads the file's text; every breach of TOML's rules is a problem.
pub fn parse(text: &str) -> Result<Table, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(root.get_ref(), &|span| lines.place(span.start)));
    }
    let problem = |error: &toml::de::Error| {
        // Only a key is repeated: any other text could be part of a secret.
        let key = error.span().filter(|_| error.message() == "duplicate key").and_then(|span| text.get(span));
        Problem {
            place: error.span().map_or(Place::File, |span| lines.place(span.start)),
            key: String::new(),
            detail: format!(
                "not TOML: {}{}",
                error.message(),
                key.map(|key| format!(" {}", show_line(key))).unwrap_or_default()
            ),
        }
    };
    Err(errors.iter().map(problem).collect())
}

/// The value of an environment variable.
pub fn variable(name: &str, text: String) -> Node {
    let place = Place::Variable(name.into());
    let list = match DeValue::parse(text.trim()) {
        Ok(value) => value.get_ref().as_array().map(|array| list(array, &|_| place.clone())),
        Err(_) => None,
    };
    Node { key_place: place.clone(), place, value: Value::Variable { text, list } }
}

fn table(entries: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Table {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let node =
            Node { key_place: place(key.span()), place: place(value.span()), value: convert(value.get_ref(), place) };
        (String::from(std::borrow::Cow::as_ref(key.get_ref())), node)
    };
    entries.iter().map(entry).collect()
}

fn list(items: &DeArray<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Vec<Node> {
    let item = |item: &toml::Spanned<DeValue<'_>>| {
        let at = place(item.span());
        Node { key_place: at.clone(), place: at, value: convert(item.get_ref(), place) }
    };
    items.iter().map(item).collect()
}

fn convert(value: &DeValue<'_>, place: &dyn Fn(Range<usize>) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(number) => Value::Number {
            written: number.to_string(),
            value: i64::from_str_radix(number.as_str(), number.radix()).ok(),
        },
        DeValue::Float(number) => Value::Number { written: number.to_string(), value: None },
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(items) => Value::List(list(items, place)),
        DeValue::Table(entries) => Value::Table(table(entries, place)),
    }
}

/// Where the lines of a text begin.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The line and column of a byte.
    pub fn place(&self, byte: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or_default();
        Place::Line { line, column: before.chars().count() + 1 }
    }
}
