//! One claim: its clocks with their days, its alerts and who is on them, its history, events and mails.

use std::sync::Arc;

use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::super::Shared;
use super::asked::Asked;
use super::clock::{self, ClockView};
use super::event::{self, EventView};
use super::outbox::{self, Sent};
use super::row::{Row, Rows, WIDE};
use super::sheet::{self, Sheet};
use super::wrong::{self, Wrong};
use super::{Answer, Desk};
use crate::alert::{Alert, AlertEvent, State};
use crate::calendar::Calendars;
use crate::claim::{HistoryEntry, Subject, clean_line};
use crate::escalation::claim_link;
use crate::explain::{By, Known, explain};
use crate::store::AlertFilter;

/// So many history entries are read.
const MAX_HISTORY: u32 = 500;
/// So many alerts of a claim are shown with their events.
const MAX_ALERTS: usize = 100;
/// The longest note.
const NOTE: usize = 500;

#[derive(Serialize)]
struct View {
    claim: String,
    title: Option<String>,
    partner: Option<String>,
    program: Option<String>,
    status: Option<String>,
    amount: Option<String>,
    /// The claim's own page, elsewhere.
    link: Option<String>,
    support: Option<String>,
    problems: Vec<Problem>,
    lines: Vec<Line>,
    present: Vec<ClockView>,
    past: Vec<ClockView>,
    unwatched: Vec<ClockView>,
    alerts: Vec<AlertView>,
    more_alerts: usize,
    /// Whether an alert of it can be answered.
    to_answer: bool,
    history: Vec<Entry>,
    mails: Vec<Sent>,
}

#[derive(Serialize)]
struct Problem {
    kind: String,
    detail: String,
}

#[derive(Serialize)]
struct Line {
    id: String,
    entity: Option<String>,
    amount: Option<String>,
    paid: Option<String>,
}

#[derive(Serialize)]
struct AlertView {
    row: Row,
    note: Option<String>,
    acknowledged: bool,
    /// Whether it is quiet now.
    snoozed: bool,
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct Entry {
    at: Option<String>,
    status: String,
    note: Option<String>,
}

pub(super) async fn show(
    extract::State(shared): extract::State<Arc<Shared>>,
    Path(claim): Path<String>,
    asked: Asked,
) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    answer(&desk, &claim).await.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

async fn answer(desk: &Desk<'_>, id: &str) -> Answer {
    let (asked, facts, words) = (desk.asked, desk.facts, desk.asked.words());
    // No text in a database has a NUL.
    if id.contains('\0') {
        return Err(Wrong::NotThere);
    }
    let (store, now) = (&facts.store, facts.time.now());
    let subjects = store.subjects(id).await?;
    let mut alerts = store.alerts(&AlertFilter { claim: Some(id.to_owned()), ..AlertFilter::default() }).await?;
    if subjects.is_empty() && alerts.is_empty() {
        return Err(Wrong::NotThere);
    }
    let (title, history) = store.background(id, MAX_HISTORY).await?;
    let problems = store.browse_problems(Some((id, "")), 10).await?;
    let silences = store.all_silences().await?;
    let calendars = facts.calendars.borrow().clone();
    let known = Known { subjects: &subjects, alerts: &alerts, history: &history };
    let clocks = explain(&known, &By { rules: &facts.rules, calendars: &calendars, now });
    let views: Vec<ClockView> = clock::merged(clocks.iter().map(|one| clock::view(words, &calendars, one)).collect());
    let (quiet, shown): (Vec<_>, Vec<_>) = views.into_iter().partition(|one| one.due.is_none() && one.tone == "quiet");
    let (mut present, past): (Vec<_>, Vec<_>) = shown.into_iter().partition(|one: &ClockView| one.present);
    // What is to be done comes first.
    present.sort_by_key(|one| (one.stopped.is_some(), one.tone != "late", one.tone != "risk"));

    alerts.sort_by_key(|alert| (alert.resolved_at.is_some(), std::cmp::Reverse(alert.due_at)));
    let more_alerts = alerts.len().saturating_sub(MAX_ALERTS);
    alerts.truncate(MAX_ALERTS);
    let rows = Rows::new(desk, &calendars, &silences, now);
    let (mut shown, mut messages) = (Vec::new(), Vec::new());
    for alert in &alerts {
        let events = store.events(alert.id).await?;
        messages.extend(events.iter().filter_map(message));
        shown.push(of_alert(desk, &calendars, &rows, alert, &events));
    }
    messages.sort_unstable();
    messages.dedup();
    let mails = store.deliveries_of(&messages).await?;
    let zone = calendars.default().zone();
    let view = View {
        problems: problems
            .iter()
            .filter(|problem| problem.claim_id == id)
            .map(|problem| Problem {
                kind: words.say("page-problem", [("kind", problem.kind.as_str().into())]),
                detail: clean_line(&problem.detail, NOTE).into_owned(),
            })
            .collect(),
        lines: lines(desk, &calendars, &subjects),
        present,
        past,
        unwatched: quiet,
        alerts: shown,
        more_alerts,
        to_answer: alerts.iter().any(|alert| alert.state != State::Resolved),
        history: history.iter().rev().map(|entry| of_history(desk, &calendars, entry)).collect(),
        mails: mails.iter().map(|item| outbox::sent(words, zone, item)).collect(),
        ..head(desk, id, title.as_deref(), &subjects, alerts.first())
    };
    Ok(sheet::respond(asked, StatusCode::OK, &Sheet { template: "claim.html.j2", here: "/alerts", view: &view }))
}

/// What is said of the claim itself: as the source has it, or if it is gone, as an alert had it.
fn head(desk: &Desk<'_>, id: &str, title: Option<&str>, subjects: &[Subject], alert: Option<&Alert>) -> View {
    let words = desk.asked.words();
    let clean = |text: &str| clean_line(text, NOTE).into_owned();
    let claim = subjects.first().map(|subject| &subject.claim);
    let program = match claim {
        Some(claim) => claim.program_id.as_deref(),
        None => alert.and_then(|alert| alert.program_id.as_deref()),
    };
    let partner = match claim {
        Some(claim) => claim.partner_name.as_deref(),
        None => alert.and_then(|alert| alert.partner_name.as_deref()),
    };
    let policy = &desk.facts.policy;
    View {
        claim: clean(id),
        title: title.map(clean).filter(|title| !title.is_empty()),
        partner: partner.map(clean),
        program: program.map(clean),
        status: claim.map(|claim| words.status(&claim.status_text)),
        amount: claim.and_then(|claim| Some(words.amount(claim.amount?, claim.currency?))),
        link: claim_link(policy.claim_url.as_deref(), id),
        support: policy.support_url.clone(),
        problems: Vec::new(),
        lines: Vec::new(),
        present: Vec::new(),
        past: Vec::new(),
        unwatched: Vec::new(),
        alerts: Vec::new(),
        more_alerts: 0,
        to_answer: false,
        history: Vec::new(),
        mails: Vec::new(),
    }
}

/// The message that an event tells of.
fn message(event: &AlertEvent) -> Option<Uuid> {
    event.detail.get("message").and_then(|id| id.as_str()).and_then(|id| Uuid::parse_str(id).ok())
}

fn lines(desk: &Desk<'_>, calendars: &Calendars, subjects: &[Subject]) -> Vec<Line> {
    let words = desk.asked.words();
    let line = |subject: &Subject| {
        let line = subject.payment.as_ref()?;
        Some(Line {
            id: clean_line(&line.payment_id, WIDE).into_owned(),
            entity: line.paying_entity.as_deref().map(|name| clean_line(name, WIDE).into_owned()),
            amount: line.amount.zip(line.currency).map(|(amount, currency)| words.amount(amount, currency)),
            paid: line.paid_at.map(|at| words.short_day_of(at, calendars.default().zone())),
        })
    };
    subjects.iter().filter_map(line).collect()
}

fn of_alert(
    desk: &Desk<'_>,
    calendars: &Calendars,
    rows: &Rows<'_>,
    alert: &Alert,
    events: &[AlertEvent],
) -> AlertView {
    let zone = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default()).zone();
    AlertView {
        row: rows.of(alert),
        note: alert.note.as_deref().map(|note| clean_line(note, NOTE).into_owned()),
        acknowledged: alert.acknowledged_at.is_some(),
        snoozed: alert.snoozed_until.is_some_and(|until| until > desk.facts.time.now()),
        events: events.iter().map(|one| event::view(desk.asked.words(), zone, one)).collect(),
    }
}

fn of_history(desk: &Desk<'_>, calendars: &Calendars, entry: &HistoryEntry) -> Entry {
    let words = desk.asked.words();
    Entry {
        at: entry.at.map(|at| words.instant(at, calendars.default().zone())),
        status: entry.status.as_deref().map(|status| words.status(status)).unwrap_or_default(),
        note: entry.note.as_deref().map(|note| clean_line(note, NOTE).into_owned()).filter(|note| !note.is_empty()),
    }
}
