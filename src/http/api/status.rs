//! Whether the work is done, and what there is in figures.

use std::sync::Arc;

use axum::extract::State;
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use utoipa::IntoParams;

use super::super::Shared;
use super::super::problem::Problem;
use super::asked::Query;
use super::figures::{CheckView, CountView, Counts, DayView, Days, ForecastView, OutboxView, Status};
use super::{Answer, json};

/// Whether the work is done: the database answers, scans go on, messages get out
#[utoipa::path(
    get, path = "/status", operation_id = "show_status", tag = "service",
    responses(
        (status = 200, body = Status),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn status(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&[])?;
    let facts = &shared.facts;
    let mut checks = facts.alive();
    checks.extend(facts.readiness().await);
    let reading = facts.reading().await;
    let (gauges, last_scan_at) = reading.counted.ok_or_else(Problem::late)?;
    checks.push(crate::health::outbox(&gauges));
    json(&Status {
        at: reading.now,
        ok: checks.iter().all(|check| check.ok),
        checks: checks.iter().map(CheckView::from).collect(),
        last_scan_at,
        data_problems: gauges.problems.iter().map(|(kind, count)| (kind.clone(), *count)).collect(),
        outbox: OutboxView {
            waiting: gauges.outbox.waiting,
            due: gauges.outbox.due,
            dead: gauges.outbox.dead,
            disabled_recipients: gauges.disabled,
        },
    })
}

/// Open alerts by what they have in common
#[utoipa::path(
    get, path = "/counts", operation_id = "count_alerts", tag = "alerts",
    responses(
        (status = 200, body = Counts),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn counts(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&[])?;
    json(&Counts { counts: shared.facts.counts().await?.iter().map(CountView::from).collect() })
}

/// Since when.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what the query may be")]
pub(super) struct DailyParams {
    /// The first day, in UTC; 90 days ago, unless said otherwise.
    since: Option<NaiveDate>,
}

/// What opened and was resolved on each day; days without either are left out
#[utoipa::path(
    get, path = "/daily", operation_id = "list_days", tag = "alerts", params(DailyParams),
    responses(
        (status = 200, body = Days),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn daily(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&["since"])?;
    let day = |text: &str| text.parse().ok().filter(|day: &NaiveDate| (1970..=9999).contains(&day.year()));
    let since = query.read("since", day, "a day such as 2026-11-23")?;
    let today = shared.facts.time.now().date_naive();
    let days = shared.facts.store.daily(since.unwrap_or(today - TimeDelta::days(90)), today).await?;
    json(&Days { days: days.iter().map(DayView::from).collect() })
}

/// What falls due on the coming business days, and how much of it will be late on current form
#[utoipa::path(
    get, path = "/forecast", operation_id = "show_forecast", tag = "alerts",
    responses(
        (status = 200, body = ForecastView),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn forecast(State(shared): State<Arc<Shared>>, query: Query) -> Answer {
    query.of(&[])?;
    let found = shared.facts.ahead().ok_or_else(|| Problem::not_yet("what falls due was not looked for yet"))?;
    json(&ForecastView::from(&*found))
}
