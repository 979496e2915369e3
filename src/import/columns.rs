//! The columns that each file may have, and what a file's header says of them.
//!
//! Source: docs/contract.md, "Input relations" and "Values": columns in any order; an unknown one is an error that names it.

use super::record::{Record, quoted};

/// A kind of row, each in its own file. In the order in which they are imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    Programs,
    Claims,
    Payments,
    History,
}

const PROGRAMS: &[&str] = &["program_id", "name", "calendar", "requires_tax_invoice", "payment_currency"];
const CLAIMS: &[&str] = &[
    "claim_id",
    "program_id",
    "partner_name",
    "title",
    "status",
    "submitted_at",
    "reviewed_at",
    "disputed_at",
    "dispute_resolved_at",
    "approved_at",
    "tax_invoice_approved_at",
    "paid_at",
    "amount",
    "currency",
    "updated_at",
];
const PAYMENTS: &[&str] = &["payment_id", "claim_id", "paying_entity", "amount", "currency", "paid_at"];
const HISTORY: &[&str] = &["claim_id", "at", "status", "note"];

impl Relation {
    /// Its columns, in the contract's order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Programs => PROGRAMS,
            Self::Claims => CLAIMS,
            Self::Payments => PAYMENTS,
            Self::History => HISTORY,
        }
    }

    /// The columns without which a row says nothing.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Programs => &["program_id"],
            Self::Claims => &["claim_id", "status"],
            Self::Payments => &["payment_id", "claim_id"],
            Self::History => &["claim_id", "at", "status"],
        }
    }

    /// Whose row it is: what the first column, the id, is of.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Programs => "program",
            Self::Claims | Self::History => "claim",
            Self::Payments => "payment",
        }
    }

    /// What its file is called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Programs => "programs",
            Self::Claims => "claims",
            Self::Payments => "payments",
            Self::History => "history",
        }
    }
}

/// Where each column of a relation stands in a file.
#[derive(Debug)]
pub struct Header {
    /// By the relation's columns: the field; `None` if the file lacks it.
    fields: Vec<Option<usize>>,
    /// By the file's fields: the column's name.
    names: Vec<&'static str>,
}

/// What is wrong with a header: found, expected.
pub type HeaderProblem = (String, String);

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(relation: Relation, record: &Record) -> Result<Self, Vec<HeaderProblem>> {
        let columns = relation.columns();
        let mut header = Self { fields: vec![None; columns.len()], names: Vec::with_capacity(record.field_count()) };
        let mut problems = Vec::new();
        let mut misspelt = Vec::new();
        if let Some(separator) = other_separator(record) {
            return Err(vec![(format!("columns separated by {separator}"), "commas".into())]);
        }
        for field in 0..record.field_count() {
            let name = record.get(field);
            match columns.iter().position(|column| *column == name) {
                None => {
                    let meant = nearest(relation, name);
                    problems.push(unknown_column(relation, name, meant));
                    misspelt.extend(meant);
                }
                Some(column) if header.fields[column].is_some() => {
                    problems.push((format!("the column {} twice", quoted(name)), "each column once".into()));
                }
                Some(column) => {
                    header.fields[column] = Some(field);
                    header.names.push(columns[column]);
                }
            }
        }
        for name in relation.required() {
            if header.field(relation, name).is_none() && !misspelt.contains(name) {
                problems.push((format!("no column \"{name}\""), format!("it in the header of {}", relation.plural())));
            }
        }
        if problems.is_empty() { Ok(header) } else { Err(problems) }
    }

    /// The field of the relation's `column`, by its name; `None` if the file lacks it.
    pub fn field(&self, relation: Relation, column: &str) -> Option<usize> {
        let at = relation.columns().iter().position(|name| *name == column)?;
        self.fields[at]
    }

    /// The name of the file's column at `field`.
    pub fn name(&self, field: usize) -> Option<&'static str> {
        self.names.get(field).copied()
    }

    /// How many columns the file has.
    pub fn len(&self) -> usize {
        self.names.len()
    }
}

fn unknown_column(relation: Relation, name: &str, meant: Option<&str>) -> HeaderProblem {
    let found = if name.is_empty() { "a column without a name".into() } else { format!("the column {}", quoted(name)) };
    let expected =
        meant.map_or_else(|| format!("one of {}", relation.columns().join(", ")), |column| format!("\"{column}\""));
    (found, expected)
}

/// The column that is most like `name`, if one is like it.
fn nearest(relation: Relation, name: &str) -> Option<&'static str> {
    let name: String = name.trim().to_lowercase().chars().take(80).collect();
    let likeness = |column: &str| strsim::normalized_damerau_levenshtein(&name, column);
    let nearest = relation.columns().iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|column| likeness(column) > 0.6)
}

/// What separates the columns, if it plainly is no comma.
fn other_separator(record: &Record) -> Option<&'static str> {
    let only = record.get(0);
    match () {
        () if record.field_count() > 1 => None,
        () if only.contains(';') => Some("semicolons"),
        () if only.contains('\t') => Some("tabs"),
        () => None,
    }
}
