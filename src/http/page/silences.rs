//! Silences: those in force, those to come, and the latest that are over.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::Shared;
use super::acting::silences::Draft;
use super::asked::Asked;
use super::row::machine;
use super::sheet::{self, Sheet};
use super::{Answer, Desk, file, wrong};
use crate::claim::{clean_line, spreadsheet_cell};
use crate::escalation::{Glob, Matcher, Silence};

/// So many that are over are shown.
const OVER: usize = 50;
/// The longest text.
const WIDE: usize = 300;

#[derive(Serialize)]
struct View {
    rows: Vec<Row>,
    more: usize,
    csv: String,
    /// The rules that may be silenced.
    rules: Vec<String>,
    draft: Draft,
}

#[derive(Serialize)]
struct Row {
    id: String,
    in_force: bool,
    matcher: String,
    reason: String,
    author: String,
    from: String,
    until: String,
    until_at: String,
    expired_by: Option<String>,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    let shown = with_draft(&desk, StatusCode::OK, Draft::default()).await;
    shown.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

/// The view with a silence that somebody is writing.
pub(super) async fn with_draft(desk: &Desk<'_>, status: StatusCode, draft: Draft) -> Answer {
    let (asked, now) = (desk.asked, desk.facts.time.now());
    let silences = desk.facts.store.all_silences().await?;
    let (over, present): (Vec<_>, Vec<_>) = silences.iter().partition(|silence| silence.end() <= now);
    let zone = desk.facts.calendars.borrow().default().zone().clone();
    let clean = |text: &str| clean_line(text, WIDE).into_owned();
    let row = |silence: &&Silence| Row {
        id: silence.id.to_string(),
        in_force: silence.covers(now),
        matcher: patterns(&silence.matcher),
        reason: clean(&silence.reason),
        author: clean(&silence.author),
        from: asked.words().instant(silence.created_at, &zone),
        until: asked.words().instant(silence.end(), &zone),
        until_at: machine(silence.end()),
        expired_by: silence.expired_by.as_deref().map(clean),
    };
    let view = View {
        rows: present.iter().chain(over.iter().take(OVER)).map(row).collect(),
        more: over.len().saturating_sub(OVER),
        csv: asked.url("/silences.csv", &[]),
        rules: desk.facts.rules.iter().map(|rule| rule.name.clone()).collect(),
        draft,
    };
    Ok(sheet::respond(asked, status, &Sheet { template: "silences.html.j2", here: "/silences", view: &view }))
}

/// `rule review, program SURFACE-*`: the names are those of `silence add`.
pub(super) fn patterns(matcher: &Matcher) -> String {
    let Matcher { rule, program, partner, entity, claim } = matcher;
    let named = [("rule", rule), ("program", program), ("partner", partner), ("entity", entity), ("claim", claim)];
    let named = named.into_iter().filter_map(|(name, glob)| Some(format!("{name} {}", shown(glob.as_ref()?))));
    named.collect::<Vec<_>>().join(", ")
}

fn shown(glob: &Glob) -> String {
    clean_line(&glob.pattern(), WIDE).into_owned()
}

const COLUMNS: [&str; 12] = [
    "id",
    "rule",
    "program",
    "partner",
    "entity",
    "claim",
    "author",
    "reason",
    "created_at",
    "ends_at",
    "expired_at",
    "expired_by",
];

pub(super) async fn download(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let silences = match shared.facts.store.all_silences().await {
        Ok(silences) => silences,
        Err(error) => {
            let wrong = wrong::Wrong::from(error);
            return wrong::told(&asked, wrong.status(), &wrong);
        }
    };
    let text = |text: &str| spreadsheet_cell(text, WIDE);
    let glob = |glob: &Option<Glob>| glob.as_ref().map(|glob| text(&glob.pattern())).unwrap_or_default();
    let at = |at: Option<DateTime<Utc>>| at.map(machine).unwrap_or_default();
    let cells = |silence: &Silence| {
        let Matcher { rule, program, partner, entity, claim } = &silence.matcher;
        [
            silence.id.to_string(),
            glob(rule),
            glob(program),
            glob(partner),
            glob(entity),
            glob(claim),
            text(&silence.author),
            text(&silence.reason),
            machine(silence.created_at),
            machine(silence.ends_at),
            at(silence.expired_at),
            silence.expired_by.as_deref().map(text).unwrap_or_default(),
        ]
    };
    file::respond("silences.csv", COLUMNS, silences.iter().map(cells))
}
