//! One claim: its clocks explained anew, its alerts with their events, its history, and what was told of it.

use std::sync::Arc;

use axum::extract::State;
use uuid::Uuid;

use super::super::Shared;
use super::super::problem::Problem;
use super::asked::{Name, Query};
use super::views::{AlertWithEvents, ClaimView, ClockView, DeliveryView, EventView, HistoryView, ProblemView};
use super::{Answer, json};
use crate::alert::AlertEvent;
use crate::explain::{By, Known, explain};
use crate::store::AlertFilter;

/// So many history entries are read.
const MAX_HISTORY: u32 = 500;
/// So many alerts of a claim come with their events.
const MAX_ALERTS: usize = 100;
/// There are fewer kinds of data problems.
const MAX_PROBLEMS: u32 = 20;

/// One claim, with why each of its clocks is due when it is
#[utoipa::path(
    get, path = "/claims/{id}", operation_id = "show_claim", tag = "claims",
    params(("id" = String, Path, description = "The claim's id")),
    responses(
        (status = 200, body = ClaimView),
        (status = 304, description = "As If-None-Match has it"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(State(shared): State<Arc<Shared>>, Name(id): Name, query: Query) -> Answer {
    query.of(&[])?;
    let (store, now) = (&shared.facts.store, shared.facts.time.now());
    let subjects = store.subjects(&id).await?;
    let mut alerts = store.alerts(&AlertFilter { claim: Some(id.clone()), ..AlertFilter::default() }).await?;
    if subjects.is_empty() && alerts.is_empty() {
        return Err(Problem::not_there("claim"));
    }
    let (title, history) = store.background(&id, MAX_HISTORY).await?;
    let problems = store.browse_problems(Some((&id, "")), MAX_PROBLEMS).await?;
    let calendars = shared.facts.calendars.borrow().clone();
    let known = Known { subjects: &subjects, alerts: &alerts, history: &history };
    let clocks = explain(&known, &By { rules: &shared.facts.rules, calendars: &calendars, now });
    // Open ones first, then what was due last.
    alerts.sort_by_key(|alert| (alert.resolved_at.is_some(), std::cmp::Reverse(alert.due_at)));
    alerts.truncate(MAX_ALERTS);
    let (mut told, mut messages) = (Vec::new(), Vec::new());
    for alert in &alerts {
        let events = store.events(alert.id).await?;
        messages.extend(events.iter().filter_map(message));
        told.push(AlertWithEvents { alert: alert.into(), events: events.iter().map(EventView::from).collect() });
    }
    messages.sort_unstable();
    messages.dedup();
    let deliveries = store.deliveries_of(&messages).await?;
    let claim = subjects.first().map(|subject| &subject.claim);
    json(&ClaimView {
        title,
        status: claim.map(|claim| claim.status_text.clone()),
        program_id: claim.and_then(|claim| claim.program_id.clone()),
        partner_name: claim.and_then(|claim| claim.partner_name.clone()),
        amount: claim.and_then(|claim| claim.amount).map(|amount| amount.to_string()),
        currency: claim.and_then(|claim| claim.currency).map(|currency| currency.to_string()),
        clocks: clocks.into_iter().map(ClockView::from).collect(),
        alerts: told,
        history: history
            .into_iter()
            .map(|entry| HistoryView { at: entry.at, status: entry.status, note: entry.note })
            .collect(),
        problems: problems.into_iter().filter(|problem| problem.claim_id == id).map(ProblemView::from).collect(),
        deliveries: deliveries.into_iter().map(DeliveryView::from).collect(),
        claim_id: id,
    })
}

/// The message that an event tells of.
fn message(event: &AlertEvent) -> Option<Uuid> {
    event.detail.get("message").and_then(|id| id.as_str()).and_then(|id| Uuid::try_parse(id).ok())
}
