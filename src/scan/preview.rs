//! What the next scan would send: its messages with the alerts that they are about, those that it would raise included.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Plan, Request, ScanError, ScanSummary, foresee_with};
use crate::alert::Alert;
use crate::escalation::Digest;
use crate::scan::foresight::Foresight;
use crate::store::Store;

/// What a scan would send, as if the sending hours were open.
#[derive(Debug)]
pub struct Preview {
    pub scan: ScanSummary,
    /// Each with the id that it goes by here, and the first message of its thread.
    pub messages: Vec<(Uuid, Uuid, Digest)>,
    /// The alerts that the scan would raise, which the database does not have.
    pub raised: HashMap<Uuid, Alert>,
}

/// What the dry run that `request` asks for would send; nothing is recorded.
///
/// # Errors
/// [`ScanError`]
pub async fn preview(store: &dyn Store, plan: &Plan, request: &Request) -> Result<Preview, ScanError> {
    let (stop, alive) = (CancellationToken::new(), || {});
    let (scan, foresight) = foresee_with(store, plan, request, &stop, &alive, Foresight::keeping).await?;
    let threads = store.snapshot().await?.threads().await?;
    let first = |id, thread: &str| threads.iter().find(|known| known.name == thread).map_or(id, |known| known.first);
    let messages =
        foresight.told.into_iter().map(|(id, message)| (id, first(id, &message.digest.thread), message.digest));
    Ok(Preview { scan, messages: messages.collect(), raised: foresight.raised })
}
