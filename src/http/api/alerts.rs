//! Alerts: filtered, searched, sorted, a page at a time; and one of them with what happened to it.

use std::sync::Arc;

use axum::extract::State;
use utoipa::IntoParams;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::super::Shared;
use super::super::page::asked::Asked;
use super::super::page::listing::{self, Named};
use super::super::page::wrong::Wrong;
use super::super::problem::Problem;
use super::asked::{Name, Query};
use super::views::{AlertPage, AlertView, AlertWithEvents, EventView};
use super::{Answer, json};
use crate::store::AlertFilter;
use crate::store::browse::{AlertSort, Answered, Place, Which};

/// Which alerts, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what the query may be")]
pub(super) struct ListParams {
    /// In which state they are; `open`, at risk or breached, unless said otherwise.
    #[param(schema_with = names::<Which>)]
    state: Option<String>,
    /// Of this rule.
    rule: Option<String>,
    /// Of the program with this id.
    program: Option<String>,
    /// The highest level that went out.
    #[param(minimum = 0, maximum = 255)]
    level: Option<u8>,
    /// What was answered to them.
    #[param(schema_with = names::<Answered>)]
    answer: Option<String>,
    /// A part of the claim's, the program's or the payment line's id, the partner's or the paying entity's name.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The order; `worst`, or for resolved ones `resolved`, unless said otherwise.
    #[param(schema_with = names::<AlertSort>)]
    sort: Option<String>,
    /// `next` of the page before, in the same order.
    after: Option<String>,
    /// The most on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

const LIST: [&str; 9] = ["state", "rule", "program", "level", "answer", "q", "sort", "after", "limit"];

/// The names of a choice.
fn names<T: Named>() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(T::ALL.iter().map(|(name, _)| *name))).build()
}

/// Alerts, a page at a time
#[utoipa::path(
    get, path = "/alerts", operation_id = "list_alerts", tag = "alerts", params(ListParams),
    responses(
        (status = 200, body = AlertPage),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(State(shared): State<Arc<Shared>>, asked: Asked, query: Query) -> Answer {
    query.of(&LIST)?;
    let (wanted, place) = listing::read(&asked).map_err(problem)?;
    let page =
        shared.facts.store.browse_alerts(&wanted, shared.facts.time.now(), place.as_ref(), query.limit()?).await?;
    json(&AlertPage {
        alerts: page.alerts.iter().map(AlertView::from).collect(),
        next: page.next.as_ref().map(Place::to_text),
        total: page.total,
    })
}

fn problem(wrong: Wrong) -> Problem {
    match wrong {
        Wrong::Parameter { name, found, expected } => Problem::parameter(name, &found, expected),
        Wrong::Store(error) => error.into(),
        other => Problem::new(other.status(), "it cannot be shown"),
    }
}

/// One alert, with everything that happened to it
#[utoipa::path(
    get, path = "/alerts/{id}", operation_id = "show_alert", tag = "alerts",
    params(("id" = uuid::Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, body = AlertWithEvents),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(State(shared): State<Arc<Shared>>, name: Name, query: Query) -> Answer {
    query.of(&[])?;
    json(&of_id(&shared, name.id()?).await?)
}

/// The alert of that id, with its events.
///
/// # Errors
/// [`Problem`]
pub(super) async fn of_id(shared: &Shared, id: uuid::Uuid) -> Result<AlertWithEvents, Problem> {
    let filter = AlertFilter { id: Some(id), ..AlertFilter::default() };
    let alerts = shared.facts.store.alerts(&filter).await?;
    let alert = alerts.first().ok_or_else(|| Problem::not_there("alert"))?;
    let events = shared.facts.store.events(id).await?;
    Ok(AlertWithEvents { alert: alert.into(), events: events.iter().map(EventView::from).collect() })
}
