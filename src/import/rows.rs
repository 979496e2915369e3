//! The rows of all files, one after the other, in the order in which they refer to each other.
//!
//! Files are read record by record; what is kept are the ids that they had so far, and the first rejections.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::Path;

use crate::calendar::Zone;
use crate::claim::clean_line;
use crate::store::ImportRow;

use super::columns::{Header, Relation};
use super::keys::Keys;
use super::record::{Malformed, Record, Records};
use super::rejection::{Rejection, Rejections};
use super::row::Row;
use super::{ImportError, Stage};

/// How often progress is told: after so many records.
const PROGRESS_EVERY: u64 = 1000;

const BUFFER_BYTES: usize = 1 << 16;

/// An open file of one relation; it can be read more than once.
#[derive(Debug)]
pub struct Input {
    pub relation: Relation,
    /// Its name in messages.
    pub name: String,
    pub bytes: u64,
    file: File,
}

impl Input {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ImportError::Open`]
    pub fn open(relation: Relation, path: &Path) -> Result<Self, ImportError> {
        let name = clean_line(&path.to_string_lossy(), 200).into_owned();
        let refuse = |found: String| ImportError::Open { file: name.clone(), found };
        let file = File::open(path).map_err(|error| refuse(describe(&error)))?;
        let metadata = file.metadata().map_err(|error| refuse(describe(&error)))?;
        if metadata.is_dir() {
            return Err(refuse("a directory".into()));
        }
        if !metadata.is_file() {
            return Err(refuse("a pipe or device, which cannot be read twice".into()));
        }
        Ok(Self { relation, bytes: metadata.len(), file, name })
    }
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "a file that may not be read".into(),
        _ => error.to_string(),
    }
}

/// Where a payment or an entry of the history refers to a claim that its file lacks.
#[derive(Debug)]
pub struct Reference {
    input: usize,
    pub claim_id: String,
    rejection: Rejection,
}

/// The rows of `inputs` in order; `None` for one that was refused.
pub struct Rows<'a> {
    inputs: &'a [Input],
    /// The next one of `inputs`.
    next: usize,
    table: Option<Table<'a>>,
    record: Record,
    zone: Option<&'a Zone>,
    claims: Keys,
    /// Whether `claims` has all claims of their file, so that what is missing there can be told.
    has_all_claims: bool,
    /// Claims that the database has.
    known: Keys,
    /// References that are still to be looked up in the database; `None`: `known` has all that it has.
    pending: Option<Vec<Reference>>,
    rejections: Rejections,
    failure: Option<ImportError>,
    /// Bytes of the files before the present one, and records since progress was told.
    bytes_done: u64,
    records: u64,
    stage: Stage,
    progress: &'a mut (dyn FnMut(Stage, u64) + Send),
}

/// The file that is being read.
struct Table<'a> {
    input: usize,
    records: Records<BufReader<&'a File>>,
    header: Header,
    keys: Keys,
}

/// What a pass over the files found.
pub struct Outcome {
    pub rejections: Rejections,
    pub known: Keys,
}

impl<'a> Rows<'a> {
    /// A first pass: refers to the database what no file answers, see [`Rows::pending`].
    pub fn to_check(
        inputs: &'a [Input],
        zone: Option<&'a Zone>,
        progress: &'a mut (dyn FnMut(Stage, u64) + Send),
    ) -> Self {
        Self {
            inputs,
            next: 0,
            table: None,
            record: Record::default(),
            zone,
            claims: Keys::default(),
            has_all_claims: true,
            known: Keys::default(),
            pending: Some(Vec::new()),
            rejections: Rejections::default(),
            failure: None,
            bytes_done: 0,
            records: 0,
            stage: Stage::Checking,
            progress,
        }
    }

    /// A second pass, when it is known which other claims the database has.
    pub fn to_store(
        inputs: &'a [Input],
        zone: Option<&'a Zone>,
        known: Keys,
        progress: &'a mut (dyn FnMut(Stage, u64) + Send),
    ) -> Self {
        Self { known, pending: None, stage: Stage::Storing, ..Self::to_check(inputs, zone, progress) }
    }

    /// References to claims that no file has: does the database?
    pub fn pending(&mut self) -> &mut Vec<Reference> {
        self.pending.get_or_insert_default()
    }

    /// Notes the answer to a reference.
    pub fn resolve(&mut self, reference: Reference, is_known: bool) {
        if is_known {
            self.known.insert(&reference.claim_id, 0);
        } else {
            self.rejections.add(reference.input, reference.rejection);
        }
    }

    /// What the pass found.
    ///
    /// # Errors
    /// [`ImportError::Read`] if a file could not be read to its end.
    pub fn finish(self) -> Result<Outcome, ImportError> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(Outcome { rejections: self.rejections, known: self.known }),
        }
    }

    /// Begins the next file; `None` if there is none, otherwise whether its header is right.
    fn begin(&mut self) -> io::Result<Option<bool>> {
        let Some(input) = self.inputs.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        let mut file = &input.file;
        file.rewind()?;
        let mut records = Records::new(BufReader::with_capacity(BUFFER_BYTES, file));
        let (line, problems) = match records.read(&mut self.record)? {
            Ok(true) => match Header::read(input.relation, &self.record) {
                Ok(header) => {
                    self.table = Some(Table { input: index, records, header, keys: Keys::default() });
                    return Ok(Some(true));
                }
                Err(problems) => (self.record.line(), problems),
            },
            Ok(false) => {
                let columns = input.relation.columns().join(",");
                (1, vec![("an empty file".to_owned(), format!("a header such as {columns}"))])
            }
            Err(malformed) => (malformed.line, vec![(malformed.found, malformed.expected.to_owned())]),
        };
        for (found, expected) in problems {
            let file = input.name.clone();
            self.rejections.add(index, Rejection { file, line, column: None, subject: None, found, expected });
        }
        self.has_all_claims &= input.relation != Relation::Claims;
        self.bytes_done += input.bytes;
        Ok(Some(false))
    }

    /// The next row; `None` when there is none.
    fn advance(&mut self) -> io::Result<Option<Option<ImportRow>>> {
        loop {
            let Some(table) = &mut self.table else {
                match self.begin()? {
                    Some(true) => continue,
                    Some(false) => return Ok(Some(None)),
                    None => return Ok(None),
                }
            };
            let read = table.records.read(&mut self.record)?;
            self.records += 1;
            if self.records.is_multiple_of(PROGRESS_EVERY) {
                (self.progress)(self.stage, self.bytes_done + table.records.bytes_read());
            }
            match read {
                Ok(true) => return Ok(Some(self.read_row())),
                Ok(false) => {
                    self.bytes_done += table.records.bytes_read();
                    self.table = None;
                }
                Err(malformed) => {
                    self.refuse_record(malformed);
                    return Ok(Some(None));
                }
            }
        }
    }

    fn refuse_record(&mut self, malformed: Malformed) {
        let Some(table) = &self.table else { return };
        let input = &self.inputs[table.input];
        let more = if malformed.ends_file { "; the rest of the file was not read" } else { "" };
        let rejection = Rejection {
            file: input.name.clone(),
            line: malformed.line,
            column: table.header.name(malformed.field).map(str::to_owned),
            subject: None,
            found: malformed.found,
            expected: format!("{}{more}", malformed.expected),
        };
        self.rejections.add(table.input, rejection);
        self.has_all_claims &= input.relation != Relation::Claims;
        if malformed.ends_file {
            self.bytes_done += input.bytes;
            self.table = None;
        }
    }

    fn read_row(&mut self) -> Option<ImportRow> {
        let table = self.table.as_mut()?;
        let (index, input) = (table.input, &self.inputs[table.input]);
        let relation = input.relation;
        let row = Row { relation, header: &table.header, record: &self.record, file: &input.name, zone: self.zone };
        if let Some(ragged) = row.ragged() {
            self.rejections.add(index, ragged);
            self.has_all_claims &= relation != Relation::Claims;
            return None;
        }
        let mut wrong = Vec::new();
        let read = row.read(&mut wrong);
        let keys = if relation == Relation::Claims { &mut self.claims } else { &mut table.keys };
        if row.id().is_empty() {
            self.has_all_claims &= relation != Relation::Claims;
        } else if relation != Relation::History
            && let Some(first) = keys.insert(row.id(), self.record.line())
        {
            wrong.push(row.repeated(first));
        }
        let refers = self.has_all_claims && matches!(relation, Relation::Payments | Relation::History);
        let claim_id = if refers { row.text("claim_id") } else { "" };
        if !claim_id.is_empty() && !self.claims.contains(claim_id) && !self.known.contains(claim_id) {
            let rejection = row.unknown_claim();
            match &mut self.pending {
                Some(pending) => pending.push(Reference { input: index, claim_id: claim_id.to_owned(), rejection }),
                None => wrong.push(rejection),
            }
        }
        let is_right = wrong.is_empty();
        for rejection in wrong {
            self.rejections.add(index, rejection);
        }
        read.filter(|_| is_right)
    }
}

impl Iterator for Rows<'_> {
    type Item = Option<ImportRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failure.is_some() {
            return None;
        }
        self.advance().unwrap_or_else(|error| {
            let at = self.next.saturating_sub(1);
            let file = self.inputs.get(at).map_or_else(String::new, |input| input.name.clone());
            self.failure = Some(ImportError::Read { file, reason: error.to_string() });
            Some(None)
        })
    }
}
