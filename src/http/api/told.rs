//! Silences and deliveries: what a token that may write changes about what is told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::Shared;
use super::super::problem::Problem;
use super::answers::{line, to_come};
use super::asked::{Name, Query};
use super::body::{Body, Writer};
use super::views::SilenceView;
use super::{Answer, json};
use crate::escalation::{Glob, Matcher, Silence};
use crate::now::fresh_id;

/// The longest pattern, and the longest reason.
const MAX_TEXT: usize = 300;
/// Open alerts that are read at a time.
const PAGE: u32 = 1_000;

/// What to keep back. An alert must fit every pattern given, of which there is at least one: `*` stands for any text, `?` for
/// one character.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSilence {
    /// The rule's name.
    #[serde(default)]
    rule: Option<String>,
    /// The program's id.
    #[serde(default)]
    program: Option<String>,
    /// The partner's name.
    #[serde(default)]
    partner: Option<String>,
    /// The paying entity.
    #[serde(default)]
    entity: Option<String>,
    /// The claim's id.
    #[serde(default)]
    claim: Option<String>,
    /// An instant, or the day before which it ends in the default calendar.
    #[schema(examples("2026-12-01", "2026-12-01T09:00:00+01:00"))]
    until: String,
    /// Why.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
    /// Only say how many open alerts match.
    #[serde(default)]
    dry_run: bool,
}

/// A silence, and how much it keeps back.
#[derive(Serialize, ToSchema)]
pub(super) struct Silenced {
    /// Whether nothing was saved.
    dry_run: bool,
    /// Open alerts that match.
    matching: usize,
    silence: SilenceView,
}

/// Deliveries that are due now.
#[derive(Serialize, ToSchema)]
pub(super) struct Due {
    count: u64,
}

/// Keep messages about alerts that match back for a while
#[utoipa::path(
    post, path = "/silences", operation_id = "add_silence", tag = "messages", request_body = NewSilence,
    responses(
        (status = 200, body = Silenced),
        (status = 201, body = Silenced),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    writer: Writer,
    query: Query,
    Body(body): Body<NewSilence>,
) -> Answer {
    query.of(&[])?;
    let now = shared.facts.time.now();
    let zone = shared.facts.calendars.borrow().default().zone().clone();
    let silence = Silence {
        id: fresh_id(now),
        matcher: matcher(&body)?,
        author: writer.0,
        reason: line("reason", &body.reason, MAX_TEXT)?,
        created_at: now,
        ends_at: to_come(&body.until, &zone, false, now)?,
        expired_at: None,
        expired_by: None,
    };
    let matching = matching(&shared, &silence.matcher).await?;
    if !body.dry_run {
        shared.facts.store.add_silence(&silence, &matching).await?;
    }
    let answer = json(&Silenced { dry_run: body.dry_run, matching: matching.len(), silence: (&silence).into() })?;
    Ok(if body.dry_run { answer } else { (StatusCode::CREATED, answer).into_response() })
}

/// End a silence now: what is still late is told of by the next scan within the sending hours
#[utoipa::path(
    delete, path = "/silences/{id}", operation_id = "expire_silence", tag = "messages",
    params(("id" = Uuid, Path, description = "The silence's id")),
    responses(
        (status = 200, body = Silenced),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn expire(State(shared): State<Arc<Shared>>, writer: Writer, name: Name, query: Query) -> Answer {
    query.of(&[])?;
    let (id, store) = (name.id()?, &shared.facts.store);
    let silence = of_id(&shared, id).await?;
    let matching = matching(&shared, &silence.matcher).await?;
    if !store.expire_silence(id, shared.facts.time.now(), &writer.0, &matching).await? {
        return Err(Problem::conflict(format!("it ended at {}", silence.end().to_rfc3339())));
    }
    let silence = of_id(&shared, id).await?;
    json(&Silenced { dry_run: false, matching: matching.len(), silence: (&silence).into() })
}

/// Make a delivery due now that waits or was given up, as if never tried
#[utoipa::path(
    post, path = "/outbox/{id}/retry", operation_id = "retry_delivery", tag = "messages",
    params(("id" = Uuid, Path, description = "A delivery's id, or a message's: then each of its deliveries")),
    responses(
        (status = 200, body = Due),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
pub(super) async fn retry(State(shared): State<Arc<Shared>>, _: Writer, name: Name, query: Query) -> Answer {
    query.of(&[])?;
    match shared.facts.store.retry(Some(name.id()?), shared.facts.time.now()).await? {
        0 => Err(Problem::conflict("no delivery with that id waits or was given up")),
        count => json(&Due { count }),
    }
}

async fn of_id(shared: &Shared, id: Uuid) -> Result<Silence, Problem> {
    let silences = shared.facts.store.all_silences().await?;
    silences.into_iter().find(|silence| silence.id == id).ok_or_else(|| Problem::not_there("silence"))
}

fn matcher(body: &NewSilence) -> Result<Matcher, Problem> {
    let glob = |name: &str, pattern: &Option<String>| {
        pattern.as_deref().map(|pattern| line(name, pattern, MAX_TEXT).map(|pattern| Glob::new(&pattern))).transpose()
    };
    let matcher = Matcher {
        rule: glob("rule", &body.rule)?,
        program: glob("program", &body.program)?,
        partner: glob("partner", &body.partner)?,
        entity: glob("entity", &body.entity)?,
        claim: glob("claim", &body.claim)?,
    };
    let expected = "a pattern for at least one of rule, program, partner, entity and claim";
    if matcher.is_empty() { Err(Problem::parameter("body", "no pattern", expected)) } else { Ok(matcher) }
}

/// The open alerts that match.
async fn matching(shared: &Shared, matcher: &Matcher) -> Result<Vec<Uuid>, Problem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = shared.facts.store.open_alerts_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.alert_id);
        found.extend(page.iter().filter(|alert| matcher.matches(alert)).map(|alert| alert.alert_id));
    }
}
