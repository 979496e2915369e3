//! An event of an alert, in words.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::row::machine;
use crate::alert::AlertEvent;
use crate::calendar::Zone;
use crate::claim::clean_line;
use crate::wording::Words;

#[derive(Debug, Serialize)]
pub(super) struct EventView {
    pub at: String,
    pub at_machine: String,
    pub what: String,
    pub who: String,
    pub detail: String,
}

/// The longest text of a detail.
const WIDE: usize = 300;

pub(super) fn view(words: Words, zone: &Zone, event: &AlertEvent) -> EventView {
    EventView {
        at: words.instant(event.at, zone),
        at_machine: machine(event.at),
        what: words.say("page-event", [("kind", event.kind.as_str().into())]),
        who: clean_line(&event.actor, WIDE).into_owned(),
        detail: detail(words, zone, event),
    }
}

/// What is worth knowing of its detail.
fn detail(words: Words, zone: &Zone, event: &AlertEvent) -> String {
    let text =
        |name: &str| event.detail.get(name).and_then(Value::as_str).map(|text| clean_line(text, WIDE).into_owned());
    let instant = |name: &str| {
        let at = event.detail.get(name).and_then(Value::as_str)?.parse::<DateTime<Utc>>().ok()?;
        Some(words.instant(at, zone))
    };
    let level = event.detail.get("level").and_then(Value::as_u64);
    let until = instant("until").map(|until| words.say("page-until", [("instant", until.into())]));
    let parts = [
        level.map(|level| words.say("page-level-number", [("level", level.into())])),
        text("resolution").map(|how| words.say("page-resolved", [("how", how.into())])),
        instant("due_at").map(|due| words.say("page-due-at", [("instant", due.into())])),
        until,
        text("note"),
        text("reason"),
        text("cause"),
        text("opening")
            .filter(|opening| opening != "usual")
            .map(|how| words.say("page-opening", [("how", how.into())])),
    ];
    words.clauses(&parts.into_iter().flatten().collect::<Vec<_>>())
}
