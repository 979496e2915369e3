//! What stands beside alerts: deliveries, silences, data problems, calendars.

use std::sync::Arc;

use axum::extract::State;
use data_encoding::BASE64URL_NOPAD;
use utoipa::IntoParams;
use uuid::Uuid;

use super::super::Shared;
use super::super::problem::Problem;
use super::asked::Query;
use super::figures::{CalendarView, Calendars};
use super::views::{DeliveryPage, DeliveryView, ProblemPage, ProblemView, SilenceView, Silences};
use super::{Answer, json};
use crate::calendar::Calendar;
use crate::store::DeliveryState;
use crate::store::browse::RecordedProblem;

/// Which deliveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what the query may be")]
pub(super) struct OutboxParams {
    /// In this state: `pending`, `sent`, `dead`, `settled` or `folded`; in any, unless said otherwise.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// The most on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Deliveries, the latest first
#[utoipa::path(
    get, path = "/outbox", operation_id = "list_deliveries", tag = "messages", params(OutboxParams),
    responses(
        (status = 200, body = DeliveryPage),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn outbox(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&["state", "after", "limit"])?;
    let states = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    let state = query.read("state", DeliveryState::parse, &states)?;
    let after = query.read("after", |id| Uuid::try_parse(id).ok(), "`next` of the page before")?;
    let limit = query.limit()?;
    let mut items = shared.facts.store.browse_deliveries(state, after, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| last.id);
    json(&DeliveryPage { deliveries: items.into_iter().map(DeliveryView::from).collect(), next })
}

/// Which silences.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what the query may be")]
pub(super) struct SilenceParams {
    /// Those that are over, too.
    all: Option<bool>,
}

/// Silences, the one that ends last first
#[utoipa::path(
    get, path = "/silences", operation_id = "list_silences", tag = "messages", params(SilenceParams),
    responses(
        (status = 200, body = Silences),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn silences(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&["all"])?;
    let all = query.read("all", |text| text.parse().ok(), "true or false")?.unwrap_or(false);
    let now = shared.facts.time.now();
    let silences = shared.facts.store.all_silences().await?;
    let wanted = silences.iter().filter(|silence| all || silence.end() > now);
    json(&Silences { silences: wanted.map(SilenceView::from).collect() })
}

/// Which data problems.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what the query may be")]
pub(super) struct ProblemParams {
    /// `next` of the page before.
    after: Option<String>,
    /// The most on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Open data problems, by claim and kind
#[utoipa::path(
    get, path = "/problems", operation_id = "list_problems", tag = "service", params(ProblemParams),
    responses(
        (status = 200, body = ProblemPage),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn problems(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&["after", "limit"])?;
    let after = query.read("after", place, "`next` of the page before")?;
    let after = after.as_ref().map(|(claim, kind)| (claim.as_str(), kind.as_str()));
    let limit = query.limit()?;
    let mut problems = shared.facts.store.browse_problems(after, limit + 1).await?;
    let more = problems.len() > limit as usize;
    problems.truncate(limit as usize);
    let next = problems.last().filter(|_| more).map(place_text);
    json(&ProblemPage { problems: problems.into_iter().map(ProblemView::from).collect(), next })
}

fn place_text(last: &RecordedProblem) -> String {
    BASE64URL_NOPAD.encode(serde_json::to_string(&(&last.claim_id, &last.kind)).unwrap_or_default().as_bytes())
}

/// Reads what [`place_text`] wrote.
fn place(text: &str) -> Option<(String, String)> {
    let place: (String, String) = serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    (!place.0.contains('\0') && !place.1.contains('\0')).then_some(place)
}

/// Calendars, each with its days off
#[utoipa::path(
    get, path = "/calendars", operation_id = "list_calendars", tag = "service",
    responses(
        (status = 200, body = Calendars),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn calendars(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&[])?;
    let calendars = shared.facts.calendars.borrow().clone();
    let default = calendars.default().name().to_owned();
    let view = |calendar: &Calendar| CalendarView {
        name: calendar.name().to_owned(),
        default: calendar.name() == default,
        time_zone: calendar.zone().name().to_owned(),
        version: calendar.version().to_string(),
        known_until: calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end())).min(),
        holidays: calendar.holidays().map(|(date, day)| (date, day.name.to_string())).collect(),
        working_days: calendar.working_days().map(|(date, _)| date).collect(),
    };
    json(&Calendars { calendars: calendars.iter().map(|calendar| view(calendar)).collect() })
}
