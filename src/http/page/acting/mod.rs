//! Acting from the page: acknowledge, snooze, silence, retry, release, discard, and take back.
//!
//! Only a POST changes anything, and only that of a form which this page showed to whoever is signed in (a seal of their
//! session in it, and sent from here by what the browser says). What reaches many is asked again, with how many it reaches; the
//! answer to a change is a receipt, sealed, that says what was done and how it is taken back. Source: docs/acting.md.

mod alerts;
mod confirm;
mod form;
mod held;
mod link;
mod outbox;
mod receipt;
pub(super) mod session;
mod sign_in;
pub(super) mod silences;
mod undo;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};

use super::super::Shared;
use super::asked::Asked;
use super::wrong::{self, Wrong};
use super::{Answer, Desk};
use form::Form;
use session::Visitor;

/// The largest form, in bytes.
const MOST: usize = 64 * 1024;
/// What reaches more alerts than this is asked again.
const FEW: usize = 10;

/// Every address by which something is done.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave).get(to_overview))
        .route("/alerts/answer", post(alerts::answer).get(to_alerts))
        .route("/silences/add", post(silences::add).get(to_silences))
        .route("/silences/expire", post(silences::expire).get(to_silences))
        .route("/outbox/retry", post(outbox::retry).get(to_outbox))
        .route("/outbox/enable", post(outbox::enable).get(to_outbox))
        .route("/held", post(held::judge).get(to_alerts))
        .route("/done", get(receipt::show))
        .route("/undo", post(undo::undo).get(to_overview))
        .route("/answer/{link}", get(link::show).post(link::answer))
        .layer(DefaultBodyLimit::max(MOST))
}

/// Somebody who does something.
struct Act<'a> {
    desk: Desk<'a>,
    visitor: &'a Visitor,
    form: Form,
    now: DateTime<Utc>,
}

impl<'a> Act<'a> {
    /// What `form` asks for, if whoever sent it may, and sent it from here.
    ///
    /// # Errors
    /// [`Wrong`]; then nothing is done.
    fn begin(shared: &'a Shared, asked: &'a Asked, form: Form) -> Result<Self, Wrong> {
        let visitor = asked.visitor.as_ref().ok_or(Wrong::SignedOut)?;
        if !visitor.knows(form.value("seal").unwrap_or_default()) {
            return Err(Wrong::Foreign);
        }
        if !visitor.may_act {
            return Err(Wrong::ReadOnly);
        }
        let desk = Desk { facts: &shared.facts, asked };
        Ok(Self { now: desk.facts.time.now(), desk, visitor, form })
    }

    /// Whether exactly so many were confirmed. `None`: nothing was asked yet.
    fn confirmed(&self, count: usize) -> Option<bool> {
        self.form.value("confirmed").map(|found| found.parse() == Ok(count))
    }
}

/// The answer, or what is wrong.
fn told(asked: &Asked, answer: Answer) -> Response {
    answer.unwrap_or_else(|wrong| wrong::told(asked, wrong.status(), &wrong))
}

/// Sends the browser on, to be asked for with GET.
pub(super) fn see_other(address: String) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

async fn to_overview(asked: Asked) -> Response {
    see_other(asked.url("/", &[]))
}

async fn to_alerts(asked: Asked) -> Response {
    see_other(asked.url("/alerts", &[]))
}

async fn to_silences(asked: Asked) -> Response {
    see_other(asked.url("/silences", &[]))
}

async fn to_outbox(asked: Asked) -> Response {
    see_other(asked.url("/outbox", &[]))
}
