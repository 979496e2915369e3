//! Asking again before something reaches many.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::super::asked::Asked;
use super::super::row::Row;
use super::super::sheet::{self, Sheet};

/// A question whose yes carries the number that it was asked about.
#[derive(Serialize)]
pub(super) struct Question {
    pub title: String,
    /// What would be done, a paragraph each.
    pub says: Vec<String>,
    /// Figures: what, and how many.
    pub figures: Vec<(String, usize)>,
    /// The first of them.
    pub rows: Vec<Row>,
    /// How many are not shown.
    pub more: usize,
    /// How many it reaches, and by what path it is done.
    pub count: usize,
    pub action: &'static str,
    /// What else the form says.
    pub fields: Vec<(String, String)>,
    pub button: String,
    /// Whether it was confirmed with another number.
    pub changed: bool,
    /// Where one goes who says no.
    pub back: &'static str,
}

/// Nothing is done yet.
pub(super) fn ask(asked: &Asked, question: &Question) -> Response {
    sheet::respond(asked, StatusCode::OK, &Sheet { template: "confirm.html.j2", here: question.back, view: question })
}
