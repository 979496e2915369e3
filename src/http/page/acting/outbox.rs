//! Sending again what was not delivered.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::super::super::Shared;
use super::super::Answer;
use super::super::asked::Asked;
use super::super::wrong::Wrong;
use super::form::Form;
use super::receipt::{self, Deed, Receipt};
use super::{Act, told};

pub(super) async fn retry(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let retried = async { make_due(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, retried.await)
}

async fn make_due(act: &Act<'_>) -> Answer {
    let id = act.form.ids("id", 1)?.first().copied().ok_or(Wrong::NotThere)?;
    let count = act.desk.facts.store.retry(Some(id), act.now).await?;
    tracing::info!(delivery = %id, count, "someone made a delivery due again on the page");
    let receipt = Receipt { count, ..Receipt::new(Deed::Retried, act.now, vec![id]) };
    Ok(receipt::given(act.desk.asked, act.visitor.key(), &receipt))
}

pub(super) async fn enable(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let enabled = async { make_right(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, enabled.await)
}

async fn make_right(act: &Act<'_>) -> Answer {
    let address = act.form.value("address").unwrap_or_default();
    // No text in a database has a NUL.
    if address.contains('\0') {
        return Err(Wrong::NotThere);
    }
    let due = act.desk.facts.store.enable_address(address, act.now).await?;
    let receipt = Receipt { count: due.ok_or(Wrong::NotThere)?, ..Receipt::new(Deed::Enabled, act.now, Vec::new()) };
    Ok(receipt::given(act.desk.asked, act.visitor.key(), &receipt))
}
