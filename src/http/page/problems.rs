//! Data problems: claims whose data keep them from being watched as they should be.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::super::Shared;
use super::asked::Asked;
use super::row::{claim_path, machine};
use super::sheet::{self, Sheet};
use super::{Answer, Desk, file, wrong};
use crate::claim::{clean_line, spreadsheet_cell};
use crate::store::browse::RecordedProblem;

/// So many are on a page.
const PAGE: u32 = 100;
/// So many are read at a time for a file.
const BATCH: u32 = 10_000;
/// The longest detail.
const WIDE: usize = 500;

#[derive(Serialize)]
struct View {
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    csv: String,
}

#[derive(Serialize)]
struct Row {
    claim: String,
    href: String,
    kind: String,
    detail: String,
    since: String,
    since_at: String,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    answer(&desk).await.unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

async fn answer(desk: &Desk<'_>) -> Answer {
    let asked = desk.asked;
    let (claim, kind) = (asked.value("after"), asked.value("kind"));
    // Whoever leafs on names the last of the page before.
    let after = claim.map(|claim| (claim, kind.unwrap_or_default()));
    let mut problems = desk.facts.store.browse_problems(after, PAGE + 1).await?;
    let more = problems.len() > PAGE as usize;
    problems.truncate(PAGE as usize);
    let next = problems
        .last()
        .filter(|_| more)
        .map(|last| asked.url_with("/problems", &[("after", last.claim_id.as_str()), ("kind", last.kind.as_str())]));
    let zone = desk.facts.calendars.borrow().default().zone().clone();
    let row = |problem: &RecordedProblem| Row {
        claim: clean_line(&problem.claim_id, super::row::WIDE).into_owned(),
        href: asked.url(&claim_path(&problem.claim_id), &[]),
        kind: asked.words().say("page-problem", [("kind", problem.kind.as_str().into())]),
        detail: clean_line(&problem.detail, WIDE).into_owned(),
        since: asked.words().short_day_of(problem.first_seen_at, &zone),
        since_at: machine(problem.first_seen_at),
    };
    let view = View {
        rows: problems.iter().map(row).collect(),
        first: after.map(|_| asked.url("/problems", &[])),
        next,
        csv: asked.url("/problems.csv", &[]),
    };
    Ok(sheet::respond(asked, StatusCode::OK, &Sheet { template: "problems.html.j2", here: "/problems", view: &view }))
}

const COLUMNS: [&str; 5] = ["claim_id", "kind", "detail", "first_seen_at", "last_seen_at"];

pub(super) async fn download(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let all = async {
        let (store, mut all) = (&shared.facts.store, Vec::<RecordedProblem>::new());
        loop {
            let after = all.last().map(|last| (last.claim_id.as_str(), last.kind.as_str()));
            let batch = store.browse_problems(after, BATCH).await?;
            let is_last = batch.len() < BATCH as usize;
            all.extend(batch);
            if is_last {
                return Ok::<_, wrong::Wrong>(all);
            }
        }
    };
    let problems = match all.await {
        Ok(problems) => problems,
        Err(wrong) => return wrong::told(&asked, wrong.status(), &wrong),
    };
    let cells = |problem: &RecordedProblem| {
        [
            spreadsheet_cell(&problem.claim_id, WIDE),
            problem.kind.clone(),
            spreadsheet_cell(&problem.detail, WIDE),
            machine(problem.first_seen_at),
            machine(problem.last_seen_at),
        ]
    };
    file::respond("problems.csv", COLUMNS, problems.iter().map(cells))
}
