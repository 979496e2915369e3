//! CSV files become claims in the database: all of them, or none with everything that is wrong, by file and line.
//!
//! The files are read twice: first to check every row, then, if all are right, inside one transaction of the store. A
//! wrong file thus never holds the database's lock. Source: docs/contract.md, "Values" and "Input relations".

mod columns;
mod keys;
mod record;
mod rejection;
mod row;
mod rows;
mod value;

use std::collections::HashSet;
use std::path::PathBuf;

use crate::calendar::Zone;
use crate::store::{ImportCounts, ImportMode, Store, StoreError};

use columns::Relation;
use rejection::Rejections;
use rows::{Input, Rows};

pub use record::{Malformed, Record, Records};
pub use rejection::{MOST_KEPT, Rejection};

/// How many references to claims are looked up in the database at once.
const LOOKUP_BATCH: usize = 500;

/// After how many rows other tasks get their turn.
const YIELD_EVERY: u32 = 1000;

/// The files to import, each if it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportFiles {
    pub programs: Option<PathBuf>,
    pub claims: Option<PathBuf>,
    pub payments: Option<PathBuf>,
    pub history: Option<PathBuf>,
}

/// What is being done with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Checking,
    Storing,
}

/// How far an import is: bytes read of all there are, once for each stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stage: Stage,
    pub bytes: u64,
    pub of_bytes: u64,
}

/// What came of an import. If anything was rejected, nothing was stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub counts: ImportCounts,
    /// The first [`MOST_KEPT`], by file and line.
    pub rejections: Vec<Rejection>,
    pub rejected_total: u64,
}

/// Why files could not be imported at all; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{file}: found {found}, expected a CSV file; nothing imported")]
    Open { file: String, found: String },
    #[error("{file}: cannot be read to its end ({reason}); nothing imported")]
    Read { file: String, reason: String },
    #[error("{0}; nothing imported")]
    Store(#[from] StoreError),
}

impl ImportReport {
    /// Every rejection on a line of its own, how many more there are, and the consequence; `None` if there are none.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        if self.rejected_total == 0 {
            return None;
        }
        let mut lines: Vec<String> = self.rejections.iter().map(ToString::to_string).collect();
        let more = self.rejected_total.saturating_sub(lines.len() as u64);
        if more > 0 {
            lines.push(format!("and {} more", grouped(more)));
        }
        Some(lines.join("\n") + "; nothing imported")
    }

    fn rejecting(rejections: Rejections) -> Self {
        Self { counts: ImportCounts::default(), rejected_total: rejections.total(), rejections: rejections.into_kept() }
    }
}

/// Imports `files` into `store`: checks every row, and stores all of them if all are right. Instants without an offset
/// are local times of `time_zone`; without one they are rejected.
///
/// # Errors
/// [`ImportError`]; then nothing was imported. Wrong rows are no error but in the report.
pub async fn import(
    store: &dyn Store,
    files: &ImportFiles,
    time_zone: Option<&Zone>,
    mode: ImportMode,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let inputs = open(files)?;
    let of_bytes = inputs.iter().map(|input| input.bytes).sum();
    let mut tell = |stage, bytes| progress(Progress { stage, bytes, of_bytes });
    let checked = check(store, Rows::to_check(&inputs, time_zone, &mut tell)).await?;
    if checked.rejections.total() > 0 {
        return Ok(ImportReport::rejecting(checked.rejections));
    }
    let mut rows = Rows::to_store(&inputs, time_zone, checked.known, &mut tell);
    let counts = store.import(&mut rows, mode).await?;
    // Only a file that changed since it was checked is rejected now; the store then stored nothing.
    let rejections = rows.finish()?.rejections;
    if rejections.total() > 0 {
        return Ok(ImportReport::rejecting(rejections));
    }
    Ok(ImportReport { counts, ..ImportReport::default() })
}

async fn check(store: &dyn Store, mut rows: Rows<'_>) -> Result<rows::Outcome, ImportError> {
    let mut since_yield = 0;
    loop {
        let more = rows.next().is_some();
        if rows.pending().len() >= LOOKUP_BATCH || !more {
            let pending = std::mem::take(rows.pending());
            let claim_ids: HashSet<&str> = pending.iter().map(|reference| reference.claim_id.as_str()).collect();
            let claim_ids: Vec<String> = claim_ids.into_iter().map(str::to_owned).collect();
            let known = if claim_ids.is_empty() { HashSet::new() } else { store.known_claims(&claim_ids).await? };
            for reference in pending {
                let is_known = known.contains(&reference.claim_id);
                rows.resolve(reference, is_known);
            }
        }
        if !more {
            return rows.finish();
        }
        since_yield += 1;
        if since_yield >= YIELD_EVERY {
            since_yield = 0;
            tokio::task::yield_now().await;
        }
    }
}

fn open(files: &ImportFiles) -> Result<Vec<Input>, ImportError> {
    let given = [
        (Relation::Programs, &files.programs),
        (Relation::Claims, &files.claims),
        (Relation::Payments, &files.payments),
        (Relation::History, &files.history),
    ];
    let given = given.into_iter().filter_map(|(relation, path)| Some((relation, path.as_ref()?)));
    given.map(|(relation, path)| Input::open(relation, path)).collect()
}

/// A number with its thousands apart: 1,234.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
