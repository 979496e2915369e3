//! What claims are read from, as every engine needs it: each view with the relation below it and its columns.

use super::{SourceRelations, StoreError};
use crate::claim::Moment;

const CLAIM_COLUMNS: [&str; 7] = ["claim_id", "program_id", "partner_name", "title", "status", "amount", "currency"];
const PROGRAM_COLUMNS: [&str; 5] = ["program_id", "name", "calendar", "requires_tax_invoice", "payment_currency"];
const PAYMENT_COLUMNS: [&str; 6] = ["payment_id", "claim_id", "paying_entity", "amount", "currency", "paid_at"];
const HISTORY_COLUMNS: [&str; 4] = ["claim_id", "at", "status", "note"];

/// The name under which the database keeps what its views were made over.
pub(super) const FINGERPRINT: &str = "source";

/// One view over one relation.
pub(super) struct Relation<'a> {
    /// The setting in `[source]`.
    pub key: &'static str,
    pub view: &'static str,
    /// `None`: the source has none, and the view is empty.
    pub name: Option<&'a str>,
    pub columns: Vec<&'static str>,
}

/// The views, in the order in which they are made.
pub(super) fn relations(sources: &SourceRelations) -> [Relation<'_>; 4] {
    let claims = CLAIM_COLUMNS.into_iter().chain(Moment::ALL.map(Moment::column)).collect();
    let SourceRelations { claims: claims_name, programs, payments, history } = sources;
    [
        Relation { key: "claims", view: "source_claims", name: Some(claims_name), columns: claims },
        Relation { key: "programs", view: "source_programs", name: Some(programs), columns: PROGRAM_COLUMNS.to_vec() },
        Relation {
            key: "payments",
            view: "source_payments",
            name: payments.as_deref(),
            columns: PAYMENT_COLUMNS.to_vec(),
        },
        Relation {
            key: "history",
            view: "source_history",
            name: history.as_deref(),
            columns: HISTORY_COLUMNS.to_vec(),
        },
    ]
}

/// The names as they are kept in the database, to tell a changed configuration.
pub(super) fn fingerprint(sources: &SourceRelations) -> String {
    let SourceRelations { claims, programs, payments, history } = sources;
    let or_none = |name: &Option<String>| name.clone().unwrap_or_default();
    let (payments, history) = (or_none(payments), or_none(history));
    format!("claims = {claims:?}, programs = {programs:?}, payments = {payments:?}, history = {history:?}")
}

/// Whether the views `made_over` something are over `sources`.
///
/// # Errors
/// [`StoreError::Schema`] if they are not.
pub(super) fn differs(made_over: Option<&str>, sources: &SourceRelations) -> Result<(), StoreError> {
    let configured = fingerprint(sources);
    match made_over {
        Some(found) if found == configured => Ok(()),
        found => Err(StoreError::Schema(format!(
            "[source] differs from what the database was made over: found {configured}, expected {}; \
             if the new one is right, run `claimwatch migrate`",
            found.unwrap_or("nothing yet")
        ))),
    }
}
