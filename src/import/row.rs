//! A record becomes a row to import; everything that is wrong with it is told, not only the first thing.

use chrono::{DateTime, Utc};

use crate::calendar::Zone;
use crate::claim::{Claim, HistoryEntry, Moment, Moments, Payment, Program, clean_line};
use crate::store::ImportRow;

use super::columns::{Header, Relation};
use super::record::{Record, quoted};
use super::rejection::Rejection;
use super::value::{self, Expected};

/// The longest text that a field may have.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// One record with what is needed to read it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub relation: Relation,
    pub header: &'a Header,
    pub record: &'a Record,
    /// The file as it is named in messages.
    pub file: &'a str,
    /// The zone of instants without an offset.
    pub zone: Option<&'a Zone>,
}

impl<'a> Row<'a> {
    /// The row; what is wrong with it is added to `wrong`.
    pub fn read(self, wrong: &mut Vec<Rejection>) -> Option<ImportRow> {
        let mut reader = Reader { row: self, wrong };
        match self.relation {
            Relation::Programs => reader.program(),
            Relation::Claims => reader.claim(),
            Relation::Payments => reader.payment(),
            Relation::History => reader.history(),
        }
    }

    /// The text of `column`; empty if the file lacks it.
    pub fn text(&self, column: &str) -> &'a str {
        self.header.field(self.relation, column).map_or("", |field| self.record.get(field))
    }

    /// The row's id: a program's, claim's or payment's own, of a history entry its claim's.
    pub fn id(&self) -> &'a str {
        self.text(self.relation.columns()[0])
    }

    /// What is wrong if the record has not as many fields as the header.
    pub fn ragged(&self) -> Option<Rejection> {
        let (found, expected) = (self.record.field_count(), self.header.len());
        (found != expected).then(|| Rejection {
            file: self.file.to_owned(),
            line: self.record.line(),
            column: None,
            subject: None,
            found: if found == 1 { "1 field".into() } else { format!("{found} fields") },
            expected: format!("{expected}, as in the header"),
        })
    }

    /// What is wrong if line `first` has the same id.
    pub fn repeated(&self, first: u64) -> Rejection {
        let found = format!("{}, which line {first} has too", quoted(self.id()));
        self.rejection(self.relation.columns()[0], found, format!("each {} once", self.relation.subject()))
    }

    /// What is wrong if no claim has the id to which it refers.
    pub fn unknown_claim(&self) -> Rejection {
        self.rejection("claim_id", quoted(self.text("claim_id")), "a claim in the claims file or in the database")
    }

    fn rejection(&self, column: &'static str, found: String, expected: impl Into<String>) -> Rejection {
        let id = clean_line(self.id(), 80);
        let of_itself = column == self.relation.columns()[0] || id.trim().is_empty();
        Rejection {
            file: self.file.to_owned(),
            line: self.record.line(),
            column: Some(column.to_owned()),
            subject: (!of_itself).then(|| format!("{} {id}", self.relation.subject())),
            found,
            expected: expected.into(),
        }
    }
}

struct Reader<'a, 'w> {
    row: Row<'a>,
    wrong: &'w mut Vec<Rejection>,
}

impl Reader<'_, '_> {
    fn program(&mut self) -> Option<ImportRow> {
        let program_id = self.key("program_id", "a program's id");
        let program = Program {
            name: self.text("name"),
            calendar: self.text("calendar"),
            requires_tax_invoice: self.value("requires_tax_invoice", value::flag).unwrap_or(false),
            payment_currency: self.value("payment_currency", value::currency),
            program_id: program_id?,
        };
        Some(ImportRow::Program(program))
    }

    fn claim(&mut self) -> Option<ImportRow> {
        let claim_id = self.key("claim_id", "a claim's id");
        let mut moments = Moments::default();
        for moment in Moment::ALL {
            moments.set(moment, self.instant(moment.column()));
        }
        let status = self.required("status", value::status);
        let claim = Claim {
            program_id: self.text("program_id"),
            partner_name: self.text("partner_name"),
            title: self.text("title"),
            moments,
            amount: self.value("amount", value::amount),
            currency: self.value("currency", value::currency),
            status_text: status?.as_str().to_owned(),
            claim_id: claim_id?,
        };
        Some(ImportRow::Claim(claim))
    }

    fn payment(&mut self) -> Option<ImportRow> {
        let payment_id = self.key("payment_id", "a payment's id");
        let claim_id = self.key("claim_id", "a claim's id");
        let payment = Payment {
            paying_entity: self.text("paying_entity"),
            amount: self.value("amount", value::amount),
            currency: self.value("currency", value::currency),
            paid_at: self.instant("paid_at"),
            payment_id: payment_id?,
            claim_id: claim_id?,
        };
        Some(ImportRow::Payment(payment))
    }

    fn history(&mut self) -> Option<ImportRow> {
        let claim_id = self.key("claim_id", "a claim's id");
        let zone = self.row.zone;
        let at = self.required("at", |text| value::instant(text, zone));
        let status = self.required("status", value::status);
        let entry = HistoryEntry {
            note: self.text("note"),
            at: Some(at?),
            status: Some(status?.as_str().to_owned()),
            claim_id: claim_id?,
        };
        Some(ImportRow::History(entry))
    }

    fn key(&mut self, column: &'static str, expected: &str) -> Option<String> {
        if self.row.text(column).trim().is_empty() {
            self.reject(column, expected.to_owned().into());
            return None;
        }
        self.text(column)
    }

    fn text(&mut self, column: &'static str) -> Option<String> {
        let text = self.row.text(column);
        let problem = if text.len() > MAX_TEXT_BYTES {
            Some((format!("{} bytes", text.len()), format!("at most {MAX_TEXT_BYTES}")))
        } else if text.contains('\0') {
            Some((format!("a NUL character in {}", quoted(text)), "text without".to_owned()))
        } else {
            None
        };
        if let Some((found, expected)) = problem {
            self.wrong.push(self.row.rejection(column, found, expected));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn instant(&mut self, column: &'static str) -> Option<DateTime<Utc>> {
        let zone = self.row.zone;
        self.value(column, |text| value::instant(text, zone))
    }

    fn value<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, Expected>) -> Option<T> {
        let text = self.row.text(column);
        if text.is_empty() { None } else { self.required(column, read) }
    }

    fn required<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, Expected>) -> Option<T> {
        match read(self.row.text(column)) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.reject(column, expected);
                None
            }
        }
    }

    fn reject(&mut self, column: &'static str, expected: Expected) {
        let text = self.row.text(column);
        let found = if text.is_empty() { "an empty field".to_owned() } else { quoted(text) };
        self.wrong.push(self.row.rejection(column, found, expected));
    }
}
