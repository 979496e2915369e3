//! The outbox: what was sent, what waits, what was given up and why.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::super::Shared;
use super::asked::Asked;
use super::listing::Choice;
use super::row::machine;
use super::sheet::{self, Sheet};
use super::wrong::Wrong;
use super::{Answer, Desk, file, wrong};
use crate::calendar::Zone;
use crate::claim::{clean_line, spreadsheet_cell};
use crate::store::{DeliveryState, OutboxItem};
use crate::wording::Words;

/// So many deliveries are on a page.
const PAGE: u32 = 50;
/// So many are in a file.
const MOST: u32 = 100_000;
/// The longest text of a mail server.
const WIDE: usize = 300;

#[derive(Serialize)]
struct View {
    states: Vec<Choice>,
    rows: Vec<Sent>,
    disabled: Vec<Disabled>,
    first: Option<String>,
    next: Option<String>,
    csv: String,
}

/// A delivery as a line of a list.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    pub id: String,
    pub recipient: String,
    pub subject: Option<String>,
    pub level: u32,
    pub alerts: u64,
    pub state: &'static str,
    pub state_word: String,
    pub decided: String,
    pub decided_at: String,
    /// When it was sent, or is tried next.
    pub when: Option<String>,
    pub attempts: u32,
    /// What the other side said last.
    pub words: Option<String>,
}

#[derive(Serialize)]
struct Disabled {
    address: String,
    /// As it is in the database.
    whole: String,
    words: String,
}

pub(super) fn sent(words: Words, zone: &Zone, item: &OutboxItem) -> Sent {
    let clean = |text: &String| clean_line(text, WIDE).into_owned();
    let when = item.sent_at.map(|at| words.instant(at, zone)).or_else(|| {
        let next = item.next_attempt_at.filter(|_| item.state == DeliveryState::Pending)?;
        Some(words.say("page-next-attempt", [("instant", words.instant(next, zone).into())]))
    });
    Sent {
        id: item.id.to_string(),
        recipient: clean(&item.recipient),
        subject: item.subject.as_ref().map(clean),
        level: item.level,
        alerts: item.alerts,
        state: item.state.as_str(),
        state_word: words.say("page-delivery", [("state", item.state.as_str().into())]),
        decided: words.instant(item.created_at, zone),
        decided_at: machine(item.created_at),
        when,
        attempts: item.attempts,
        words: item.reply.as_ref().or(item.last_error.as_ref()).map(clean),
    }
}

fn state(asked: &Asked) -> Result<Option<DeliveryState>, Wrong> {
    let Some(found) = asked.value("state") else { return Ok(None) };
    DeliveryState::parse(found).map(Some).ok_or_else(|| {
        let expected = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
        Wrong::Parameter { name: "state", found: found.to_owned(), expected }
    })
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    answer(&desk).await.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

async fn answer(desk: &Desk<'_>) -> Answer {
    let (asked, store) = (desk.asked, &desk.facts.store);
    let state = state(asked)?;
    let after = asked.value("after").map(|found| {
        Uuid::parse_str(found).map_err(|_| Wrong::Parameter {
            name: "after",
            found: found.to_owned(),
            expected: "a delivery's id".to_owned(),
        })
    });
    let after = after.transpose()?;
    let mut items = store.browse_deliveries(state, after, PAGE + 1).await?;
    let more = items.len() > PAGE as usize;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| more).map(|last| asked.url_with("/outbox", &[("after", &last.id.to_string())]));
    let words = asked.words();
    let choice = |one: Option<DeliveryState>| Choice {
        value: one.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        text: one.map_or_else(
            || words.say("page-any", []),
            |state| words.say("page-delivery", [("state", state.as_str().into())]),
        ),
        chosen: one == state,
    };
    let zone = desk.facts.calendars.borrow().default().zone().clone();
    let disabled = store.disabled_addresses().await?;
    let view = View {
        states: std::iter::once(None).chain(DeliveryState::ALL.map(Some)).map(choice).collect(),
        rows: items.iter().map(|item| sent(words, &zone, item)).collect(),
        disabled: disabled
            .iter()
            .map(|one| Disabled {
                address: clean_line(&one.address, WIDE).into_owned(),
                whole: one.address.clone(),
                words: clean_line(&one.words, WIDE).into_owned(),
            })
            .collect(),
        first: after.map(|_| asked.url_with("/outbox", &[("after", "")])),
        next,
        csv: asked.url_with("/outbox.csv", &[("after", "")]),
    };
    Ok(sheet::respond(asked, StatusCode::OK, &Sheet { template: "outbox.html.j2", here: "/outbox", view: &view }))
}

const COLUMNS: [&str; 13] = [
    "id",
    "message",
    "recipient",
    "state",
    "level",
    "alerts",
    "created_at",
    "attempts",
    "next_attempt_at",
    "sent_at",
    "reply",
    "last_error",
    "subject",
];

/// The latest [`MOST`] deliveries.
pub(super) async fn download(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let items = async { Ok::<_, Wrong>(shared.facts.store.browse_deliveries(state(&asked)?, None, MOST).await?) };
    let items = match items.await {
        Ok(items) => items,
        Err(wrong) => return wrong::told(&asked, wrong.status(), &wrong),
    };
    let cells = |item: &OutboxItem| {
        let at = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(machine).unwrap_or_default();
        let text =
            |text: &Option<String>| text.as_deref().map(|text| spreadsheet_cell(text, 1_000)).unwrap_or_default();
        [
            item.id.to_string(),
            item.message.to_string(),
            spreadsheet_cell(&item.recipient, 1_000),
            item.state.as_str().to_owned(),
            item.level.to_string(),
            item.alerts.to_string(),
            machine(item.created_at),
            item.attempts.to_string(),
            at(item.next_attempt_at),
            at(item.sent_at),
            text(&item.reply),
            text(&item.last_error),
            text(&item.subject),
        ]
    };
    file::respond("outbox.csv", COLUMNS, items.iter().map(cells))
}
