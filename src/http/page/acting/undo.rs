//! Taking back what a receipt says was done.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::super::super::Shared;
use super::super::asked::Asked;
use super::super::wrong::Wrong;
use super::super::{Answer as Answered, Desk};
use super::form::Form;
use super::receipt::{self, Deed, Receipt};
use super::silences::end;
use super::{Act, told};
use crate::alert::{AlertEvent, Answer};
use crate::seal::SealKey;

pub(super) async fn undo(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    told(&asked, back(&shared, &asked, form).await)
}

async fn back(shared: &Shared, asked: &Asked, form: Form) -> Answered {
    let act = Act::begin(shared, asked, form)?;
    let receipt = of_form(&act.form, act.visitor.key())?;
    if receipt.deed == Deed::Silenced {
        let silence = receipt.ids.first().copied().ok_or(Wrong::NotThere)?;
        return end(&act, silence).await;
    }
    let taken_back = take_back(&act.desk, &act.visitor.name, act.now, &receipt).await?;
    Ok(receipt::given(asked, act.visitor.key(), &taken_back))
}

/// The receipt that a form repeats.
///
/// # Errors
/// [`Wrong::Foreign`] if `key` does not vouch for it.
pub(super) fn of_form(form: &Form, key: &SealKey) -> Result<Receipt, Wrong> {
    let receipt = Receipt::read(|name| form.value(name), |name| all_of(form, name), key);
    receipt.filter(|receipt| receipt.deed.can_be_undone()).ok_or(Wrong::Foreign)
}

fn all_of<'a>(form: &'a Form, name: &str) -> Vec<&'a str> {
    form.pairs().filter(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value).collect()
}

/// Takes back the answers of `receipt`, given by `by`, where nobody has answered since; what was done now.
pub(super) async fn take_back(
    desk: &Desk<'_>,
    by: &str,
    now: DateTime<Utc>,
    receipt: &Receipt,
) -> Result<Receipt, Wrong> {
    let (deed, kinds, answer) = match receipt.deed {
        Deed::Acknowledged => (Deed::Unacknowledged, ["acknowledged", "unacknowledged"], Answer::Unacknowledge),
        Deed::Snoozed => (Deed::Unsnoozed, ["snoozed", "unsnoozed"], Answer::Unsnooze),
        _ => return Err(Wrong::NotThere),
    };
    let store = &desk.facts.store;
    let mut answers = Vec::new();
    for id in &receipt.ids {
        if stands(&store.events(*id).await?, kinds, receipt.at, by) {
            answers.push((*id, answer.clone()));
        }
    }
    let done = store.answer(now, by, &answers).await?;
    let missed: Vec<Uuid> = receipt.ids.iter().copied().filter(|id| !done.contains(id)).collect();
    Ok(Receipt { missed, ..Receipt::new(deed, now, done) })
}

/// Whether the last of the events of these kinds is what `by` did at `at`: nobody has answered since.
fn stands(events: &[AlertEvent], kinds: [&str; 2], at: DateTime<Utc>, by: &str) -> bool {
    let last = events.iter().rev().find(|event| kinds.contains(&event.kind.as_str()));
    last.is_some_and(|event| event.at == at && event.actor == by && event.kind.as_str() == kinds[0])
}
