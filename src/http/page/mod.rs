//! The page: what is late, how late, why, who is on it and what is coming, for people who look instead of reading SQL.
//!
//! Each address is one view, rendered here and complete without a script; what it filters and sorts by stands in its address.
//! A handler reads, a view says what is shown, a template says how. Source: docs/page.md.

mod acting;
mod alerts;
mod asked;
mod calendars;
mod chart;
mod claim;
mod clock;
mod coming;
mod event;
mod file;
mod listing;
mod outbox;
mod overview;
mod picture;
mod problems;
mod row;
mod sheet;
mod silences;
mod wrong;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Shared;
use super::facts::Facts;
use asked::Asked;
use wrong::Wrong;

/// Every view, by its address.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(overview::show))
        .route("/alerts", get(alerts::show))
        .route("/alerts.csv", get(alerts::download))
        .route("/claims/{claim}", get(claim::show))
        .route("/outbox", get(outbox::show))
        .route("/outbox.csv", get(outbox::download))
        .route("/silences", get(silences::show))
        .route("/silences.csv", get(silences::download))
        .route("/calendars", get(calendars::list))
        .route("/calendars/{calendar}", get(calendars::show))
        .route("/problems", get(problems::show))
        .route("/problems.csv", get(problems::download))
        .merge(acting::router())
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(nowhere)
        .layer(middleware::map_response(guarded))
}

/// Whether a path is there for whoever comes: to sign in, and for whom a link is leave enough.
pub(super) fn is_open(path: &str) -> bool {
    path == "/sign-in" || path == "/style.css" || path == "/icon.svg" || path.starts_with("/answer/")
}

/// Whether whoever sent `headers` is signed in.
pub(super) async fn knows(shared: &Shared, headers: &HeaderMap) -> bool {
    acting::session::visitor(shared, headers).await.is_some()
}

/// Where a browser is sent that nobody is signed in with; `None`: it is none, and is to be told so.
pub(super) fn door(shared: &Shared, request: &Request) -> Option<Response> {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = request.method() == Method::GET && accepts.is_some_and(|accepts| accepts.contains("text/html"));
    wants_page.then(|| acting::see_other(asked::sign_in(shared.base(), request.uri(), None)))
}

/// What a view works with.
struct Desk<'a> {
    facts: &'a Facts,
    asked: &'a Asked,
}

type Answer = Result<Response, Wrong>;

/// Nothing runs here, nothing is asked of another host, and nobody frames it.
async fn guarded(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
        frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("icon.svg")).into_response()
}

/// Whatever is asked for that is not there.
async fn nowhere(asked: Asked) -> Response {
    wrong::told(&asked, StatusCode::NOT_FOUND, &Wrong::NotThere)
}
