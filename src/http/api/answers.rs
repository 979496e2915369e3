//! What people answer to alerts: in the name of a token that may write.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Shared;
use super::super::problem::Problem;
use super::asked::{Name, Query};
use super::body::{Body, Writer};
use super::views::AlertWithEvents;
use super::{Answer, alerts, json};
use crate::alert::{self, Alert};
use crate::calendar::Zone;
use crate::claim::clean_line;
use crate::store::AlertFilter;

/// The longest note.
const MAX_NOTE: usize = 600;

/// A promise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledgement {
    /// Done by the end of this day in the alert's calendar, or before this instant.
    #[schema(examples("2026-12-01", "2026-12-01T09:00:00+01:00"))]
    until: String,
    /// What is being done about it.
    #[serde(default)]
    #[schema(max_length = 600)]
    note: Option<String>,
}

/// For how long nothing is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Snooze {
    /// Until this day begins in the alert's calendar, or until this instant.
    #[schema(examples("2026-12-01", "2026-12-01T09:00:00+01:00"))]
    until: String,
}

/// What became of held alerts.
#[derive(Serialize, ToSchema)]
pub(super) struct Judged {
    /// How many there were.
    count: u64,
}

/// Take an alert on, with a promise: no reminders until then
#[utoipa::path(
    put, path = "/alerts/{id}/acknowledgement", operation_id = "acknowledge_alert", tag = "alerts",
    params(("id" = Uuid, Path, description = "The alert's id")),
    request_body = Acknowledgement,
    responses(
        (status = 200, body = AlertWithEvents),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn acknowledge(
    State(shared): State<Arc<Shared>>,
    writer: Writer,
    id: Name,
    query: Query,
    Body(body): Body<Acknowledgement>,
) -> Answer {
    query.of(&[])?;
    let alert = of_id(&shared, id.id()?).await?;
    let until = until(&body.until, &alert, &shared, true)?;
    let note = body.note.as_deref().map(note).transpose()?;
    // Said once more, it changes nothing.
    let same = alert.acknowledged_by.as_ref() == Some(&writer.0)
        && alert.acknowledged_until == Some(until)
        && alert.note == note;
    give(&shared, &writer, &alert, (!same).then_some(alert::Answer::Acknowledge { until, note })).await
}

/// Take an acknowledgement back
#[utoipa::path(
    delete, path = "/alerts/{id}/acknowledgement", operation_id = "unacknowledge_alert", tag = "alerts",
    params(("id" = Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, body = AlertWithEvents),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn unacknowledge(State(shared): State<Arc<Shared>>, writer: Writer, id: Name, query: Query) -> Answer {
    query.of(&[])?;
    let alert = of_id(&shared, id.id()?).await?;
    let answer = alert.acknowledged_at.is_some().then_some(alert::Answer::Unacknowledge);
    give(&shared, &writer, &alert, answer).await
}

/// Keep quiet about an alert for a while: neither reminders nor further levels
#[utoipa::path(
    put, path = "/alerts/{id}/snooze", operation_id = "snooze_alert", tag = "alerts",
    params(("id" = Uuid, Path, description = "The alert's id")),
    request_body = Snooze,
    responses(
        (status = 200, body = AlertWithEvents),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn snooze(
    State(shared): State<Arc<Shared>>,
    writer: Writer,
    id: Name,
    query: Query,
    Body(body): Body<Snooze>,
) -> Answer {
    query.of(&[])?;
    let alert = of_id(&shared, id.id()?).await?;
    let until = until(&body.until, &alert, &shared, false)?;
    let answer = (alert.snoozed_until != Some(until)).then_some(alert::Answer::Snooze { until });
    give(&shared, &writer, &alert, answer).await
}

/// Speak of a snoozed alert again
#[utoipa::path(
    delete, path = "/alerts/{id}/snooze", operation_id = "unsnooze_alert", tag = "alerts",
    params(("id" = Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, body = AlertWithEvents),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn unsnooze(State(shared): State<Arc<Shared>>, writer: Writer, id: Name, query: Query) -> Answer {
    query.of(&[])?;
    let alert = of_id(&shared, id.id()?).await?;
    let snoozed = alert.snoozed_until.is_some_and(|until| until > shared.facts.time.now());
    give(&shared, &writer, &alert, snoozed.then_some(alert::Answer::Unsnooze)).await
}

/// Say that all held alerts are right: they are told of like any other
#[utoipa::path(
    post, path = "/held/release", operation_id = "release_held", tag = "alerts",
    responses(
        (status = 200, body = Judged),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn release(State(shared): State<Arc<Shared>>, writer: Writer, query: Query) -> Answer {
    query.of(&[])?;
    let count = shared.facts.store.release_held(shared.facts.time.now(), &writer.0).await?;
    json(&Judged { count })
}

/// Say that all held alerts are wrong: they are withdrawn
#[utoipa::path(
    post, path = "/held/discard", operation_id = "discard_held", tag = "alerts",
    responses(
        (status = 200, body = Judged),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn discard(State(shared): State<Arc<Shared>>, writer: Writer, query: Query) -> Answer {
    query.of(&[])?;
    let count = shared.facts.store.discard_held(shared.facts.time.now(), &writer.0).await?;
    json(&Judged { count })
}

async fn of_id(shared: &Shared, id: Uuid) -> Result<Alert, Problem> {
    let filter = AlertFilter { id: Some(id), ..AlertFilter::default() };
    let alerts = shared.facts.store.alerts(&filter).await?;
    alerts.into_iter().next().ok_or_else(|| Problem::not_there("alert"))
}

/// Records `answer` and says how the alert stands then; `None`: it stands so already.
async fn give(shared: &Shared, writer: &Writer, alert: &Alert, answer: Option<alert::Answer>) -> Answer {
    let now = shared.facts.time.now();
    if let Some(answer) = answer {
        if let Some(why) = answer.refusal(alert, now) {
            return Err(Problem::conflict(why.to_string()));
        }
        if shared.facts.store.answer(now, &writer.0, &[(alert.id, answer)]).await?.is_empty() {
            return Err(Problem::conflict("it changed in the meantime"));
        }
    }
    let answered: AlertWithEvents = alerts::of_id(shared, alert.id).await?;
    json(&answered)
}

/// An instant, or a day of the alert's calendar: its first instant, or with `to_its_end` the one after its last.
fn until(text: &str, alert: &Alert, shared: &Shared, to_its_end: bool) -> Result<DateTime<Utc>, Problem> {
    let calendars = shared.facts.calendars.borrow().clone();
    let zone = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default()).zone();
    to_come(text, zone, to_its_end, shared.facts.time.now())
}

/// A time after `now`.
pub(super) fn to_come(text: &str, zone: &Zone, to_its_end: bool, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let day = || {
        let day = text.parse::<NaiveDate>().ok()?;
        zone.start_of_day(if to_its_end { day.succ_opt()? } else { day })
    };
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|at| crate::now::to_micros(at.to_utc()));
    // A year of four digits is what is stored.
    instant.or_else(day).filter(|at| *at > now && *at < LAST).ok_or_else(|| {
        let expected = "a time to come: a day such as 2026-12-01, or an instant such as 2026-12-01T09:00:00+01:00";
        Problem::parameter("until", text, expected)
    })
}

const LAST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(last) => last,
    None => DateTime::<Utc>::MAX_UTC,
};

fn note(text: &str) -> Result<String, Problem> {
    line("note", text, MAX_NOTE)
}

/// A line of text as it is recorded.
pub(super) fn line(name: &str, text: &str, longest: usize) -> Result<String, Problem> {
    let trimmed = text.trim();
    let expected = || format!("a line of 1 to {longest} characters without control characters");
    let fits = !trimmed.is_empty() && clean_line(trimmed, longest) == trimmed;
    if fits { Ok(trimmed.to_owned()) } else { Err(Problem::parameter(name, text, expected())) }
}
