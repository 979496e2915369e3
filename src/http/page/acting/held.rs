//! Releasing or discarding what the brake holds.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::super::super::Shared;
use super::super::Answer;
use super::super::asked::Asked;
use super::super::row::Rows;
use super::super::wrong::Wrong;
use super::confirm::{self, Question};
use super::form::Form;
use super::receipt::{self, Deed, Receipt};
use super::{Act, told};
use crate::store::browse::{AlertQuery, Which};

/// So many of them are shown.
const SHOWN: u32 = 20;

pub(super) async fn judge(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let judged = async { decide(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, judged.await)
}

async fn decide(act: &Act<'_>) -> Answer {
    let (asked, store) = (act.desk.asked, &act.desk.facts.store);
    let found = act.form.value("do").unwrap_or_default();
    let deed = match found {
        "release" => Deed::Released,
        "discard" => Deed::Discarded,
        _ => {
            let expected = "release, discard".to_owned();
            return Err(Wrong::Parameter { name: "do", found: found.to_owned(), expected });
        }
    };
    let query = AlertQuery { which: Which::Held, ..AlertQuery::default() };
    let page = store.browse_alerts(&query, act.now, None, SHOWN).await?;
    let count = usize::try_from(page.total).unwrap_or(usize::MAX);
    if act.confirmed(count) != Some(true) {
        let calendars = act.desk.facts.calendars.borrow().clone();
        let rows = Rows::new(&act.desk, &calendars, &[], act.now);
        let words = asked.words();
        let args = || [("deed", deed.name().into()), ("count", count.into())];
        let question = Question {
            title: words.say("page-ask-held", args()),
            says: vec![words.say("page-held-says", args())],
            figures: Vec::new(),
            rows: page.alerts.iter().map(|alert| rows.of(alert)).collect(),
            more: count.saturating_sub(page.alerts.len()),
            count,
            action: "/held",
            fields: act.form.fields(&["do"]),
            button: words.say("page-held-do", args()),
            changed: act.confirmed(count) == Some(false),
            back: "/alerts",
        };
        return Ok(confirm::ask(asked, &question));
    }
    let by = &act.visitor.name;
    let count = match deed {
        Deed::Released => store.release_held(act.now, by).await?,
        _ => store.discard_held(act.now, by).await?,
    };
    let receipt = Receipt { count, ..Receipt::new(deed, act.now, Vec::new()) };
    Ok(receipt::given(asked, act.visitor.key(), &receipt))
}
