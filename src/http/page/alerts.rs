//! Alerts: filtered, searched, sorted, a page at a time; and the whole list as CSV.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Serialize;

use super::super::Shared;
use super::asked::Asked;
use super::listing::{self, Choice};
use super::row::{Row, Rows};
use super::sheet::{self, Sheet};
use super::wrong::{self, Wrong};
use super::{Answer, Desk, file};
use crate::alert::Alert;
use crate::claim::{clean_line, spreadsheet_cell};
use crate::store::browse::{AlertCount, AlertPage, AlertQuery, MOST_COUNTED, Place, Which};
use crate::store::{Store, StoreError};

/// So many alerts are on a page.
const PAGE: u32 = 50;
/// So many are read at a time for a file.
const BATCH: u32 = 1_000;
/// The longest cell of a file, in characters.
const CELL: usize = 1_000;

#[derive(Serialize)]
struct View {
    text: String,
    rules: Vec<Choice>,
    programs: Vec<Choice>,
    levels: Vec<Choice>,
    states: Vec<Choice>,
    answers: Vec<Choice>,
    sorts: Vec<Choice>,
    rows: Vec<Row>,
    /// How many are held, if the list is of those.
    held: u64,
    /// Whether any of the list can be answered.
    answerable: bool,
    found: String,
    /// Whether anything narrows the list.
    narrowed: bool,
    first: Option<String>,
    next: Option<String>,
    csv: String,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    answer(&shared, &asked).await.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

async fn answer(shared: &Shared, asked: &Asked) -> Answer {
    let desk = Desk { facts: &shared.facts, asked };
    let (query, place) = listing::read(asked)?;
    let (store, now) = (&desk.facts.store, desk.facts.time.now());
    let page = store.browse_alerts(&query, now, place.as_ref(), PAGE).await?;
    let (counts, silences) = (desk.facts.counts().await?, store.all_silences().await?);
    let calendars = desk.facts.calendars.borrow().clone();
    let rows = Rows::new(&desk, &calendars, &silences, now);
    let view = view(&desk, &query, &page, &counts, page.alerts.iter().map(|alert| rows.of(alert)).collect());
    let view = View { first: place.map(|_| asked.url_with("/alerts", &[("after", "")])), ..view };
    Ok(sheet::respond(asked, StatusCode::OK, &Sheet { template: "alerts.html.j2", here: "/alerts", view: &view }))
}

fn view(desk: &Desk<'_>, query: &AlertQuery, page: &AlertPage, counts: &[AlertCount], rows: Vec<Row>) -> View {
    let asked = desk.asked;
    let [states, answers, sorts] = listing::choices(asked, query);
    let next = page.next.as_ref().map(|place| asked.url_with("/alerts", &[("after", &place.to_text())]));
    let more = query.which == Which::Resolved && page.total == MOST_COUNTED;
    View {
        text: query.text.clone().unwrap_or_default(),
        rules: rules(desk, query.rule.as_deref()),
        programs: programs(desk, counts, query.program.as_deref()),
        levels: levels(desk, query.level),
        states,
        answers,
        sorts,
        rows,
        held: if query.which == Which::Held { page.total } else { 0 },
        answerable: query.which != Which::Resolved,
        found: asked.words().say(if more { "page-found-more" } else { "page-found" }, [("count", page.total.into())]),
        narrowed: asked.query().iter().any(|(name, value)| !value.is_empty() && name != "sort" && name != "after"),
        first: None,
        next,
        csv: asked.url_with("/alerts.csv", &[("after", "")]),
    }
}

fn any(desk: &Desk<'_>, chosen: bool) -> Choice {
    Choice { value: String::new(), text: desk.asked.words().say("page-any", []), chosen }
}

fn rules(desk: &Desk<'_>, chosen: Option<&str>) -> Vec<Choice> {
    let words = desk.asked.words();
    let names = desk.facts.rules.iter().map(|rule| rule.name.as_str());
    // The rule of an address may not be configured any more.
    let strange = chosen.filter(|name| !desk.facts.rules.iter().any(|rule| rule.name == *name));
    let choice = |name: &str| Choice { value: name.to_owned(), text: words.rule(name), chosen: chosen == Some(name) };
    std::iter::once(any(desk, chosen.is_none())).chain(names.chain(strange).map(choice)).collect()
}

/// The programs that have open alerts, and the chosen one.
fn programs(desk: &Desk<'_>, counts: &[AlertCount], chosen: Option<&str>) -> Vec<Choice> {
    let mut names: Vec<&str> = counts.iter().filter_map(|alike| alike.program_id.as_deref()).chain(chosen).collect();
    names.sort_unstable();
    names.dedup();
    let choice = |name: &str| Choice {
        value: name.to_owned(),
        text: clean_line(name, super::row::WIDE).into_owned(),
        chosen: chosen == Some(name),
    };
    std::iter::once(any(desk, chosen.is_none())).chain(names.into_iter().map(choice)).collect()
}

fn levels(desk: &Desk<'_>, chosen: Option<u32>) -> Vec<Choice> {
    let highest = u32::try_from(desk.facts.policy.levels.len()).unwrap_or(0);
    let levels = (0..=highest).chain(chosen.filter(|level| *level > highest));
    let choice =
        |level: u32| Choice { value: level.to_string(), text: level.to_string(), chosen: chosen == Some(level) };
    std::iter::once(any(desk, chosen.is_none())).chain(levels.map(choice)).collect()
}

/// The whole list, however long, as it is read.
pub(super) async fn download(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let (query, place) = match listing::read(&asked) {
        Ok(read) => read,
        Err(wrong) => return wrong::told(&asked, wrong.status(), &wrong),
    };
    let (store, now) = (Arc::clone(&shared.facts.store), shared.facts.time.now());
    // Whether there is an answer is known before it begins.
    let first = match store.browse_alerts(&query, now, place.as_ref(), BATCH).await {
        Ok(page) => page,
        Err(error) => {
            let wrong = Wrong::from(error);
            return wrong::told(&asked, wrong.status(), &wrong);
        }
    };
    let reading = Reading { store, query, now, page: Some(first), begun: false };
    let body = Body::from_stream(stream::try_unfold(reading, Reading::batch));
    (file::headers("alerts.csv"), body).into_response()
}

/// A list on its way into a file.
struct Reading {
    store: Arc<dyn Store>,
    query: AlertQuery,
    now: DateTime<Utc>,
    /// What is to be written next; `None`: nothing.
    page: Option<AlertPage>,
    begun: bool,
}

impl Reading {
    async fn batch(mut self) -> Result<Option<(Vec<u8>, Self)>, StoreError> {
        let Some(page) = self.page.take() else { return Ok(None) };
        let mut bytes = if self.begun { Vec::new() } else { file::head(&COLUMNS) };
        self.begun = true;
        for alert in &page.alerts {
            bytes.extend(file::line(&cells(alert)));
        }
        if let Some(place) = page.next {
            self.page = Some(self.next(&place).await?);
        }
        Ok(Some((bytes, self)))
    }

    async fn next(&self, place: &Place) -> Result<AlertPage, StoreError> {
        self.store.browse_alerts(&self.query, self.now, Some(place), BATCH).await
    }
}

/// The columns of `sla_alerts` without the explanation, in their order.
const COLUMNS: [&str; 28] = [
    "id",
    "rule",
    "claim_id",
    "payment_id",
    "program_id",
    "partner_name",
    "claim_status",
    "state",
    "resolution",
    "clock_started_at",
    "due_at",
    "detected_at",
    "stopped_at",
    "resolved_at",
    "amount",
    "currency",
    "paying_entity",
    "calendar",
    "escalation_level",
    "last_escalated_at",
    "acknowledged_at",
    "acknowledged_by",
    "acknowledged_until",
    "note",
    "snoozed_until",
    "held_since",
    "inherited_at",
    "backfilled_at",
];

fn cells(alert: &Alert) -> [String; COLUMNS.len()] {
    let text = |text: &str| spreadsheet_cell(text, CELL);
    let optional = |value: &Option<String>| value.as_deref().map(text).unwrap_or_default();
    let at = |at: Option<DateTime<Utc>>| at.map(super::row::machine).unwrap_or_default();
    [
        alert.id.to_string(),
        text(&alert.rule),
        text(&alert.claim_id),
        optional(&alert.payment_id),
        optional(&alert.program_id),
        optional(&alert.partner_name),
        text(&alert.claim_status),
        alert.state.to_string(),
        alert.resolution.map(|how| how.as_str().to_owned()).unwrap_or_default(),
        at(Some(alert.clock_started_at)),
        at(Some(alert.due_at)),
        at(Some(alert.detected_at)),
        at(alert.stopped_at),
        at(alert.resolved_at),
        alert.amount.map(|amount| amount.to_string()).unwrap_or_default(),
        alert.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        optional(&alert.paying_entity),
        text(&alert.calendar),
        alert.escalation_level.to_string(),
        at(alert.last_escalated_at),
        at(alert.acknowledged_at),
        optional(&alert.acknowledged_by),
        at(alert.acknowledged_until),
        optional(&alert.note),
        at(alert.snoozed_until),
        at(alert.held_since),
        at(alert.inherited_at),
        at(alert.backfilled_at),
    ]
}
