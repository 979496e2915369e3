//! The API: what the page shows as JSON, and what people answer. Its OpenAPI document is made of these handlers.
//!
//! Every answer that is not what was asked for is a problem document. Source: docs/api.md.

mod alerts;
mod answers;
mod asked;
mod body;
mod claims;
mod etag;
mod figures;
mod lists;
mod status;
mod told;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use super::problem::Problem;

/// Below this every address is one of the API's.
const PREFIX: &str = "/api/v1";

type Answer = Result<Response, Problem>;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "claimwatch",
        description = "What is late, how late, why, and who is on it. Lists come a page at a time: `next` is the value of \
                       `after` for the one that follows. Instants are RFC 3339 in UTC, amounts are decimals as text.",
    ),
    modifiers(&Tokens),
    security((), ("token" = [])),
    tags(
        (name = "alerts", description = "One for each clock that is late, or nearly"),
        (name = "claims", description = "Clocks, explained day by day"),
        (name = "messages", description = "What was told to whom, and what is kept back"),
        (name = "service", description = "Calendars, data problems, and whether the work is done"),
    ),
)]
struct Described;

/// How one says who one is.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Every operation, with what is said of it.
fn operations() -> OpenApiRouter<Arc<Shared>> {
    let operations = OpenApiRouter::new()
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::show))
        .routes(routes!(claims::show))
        .routes(routes!(lists::outbox))
        .routes(routes!(lists::silences, told::add))
        .routes(routes!(lists::problems))
        .routes(routes!(lists::calendars))
        .routes(routes!(status::status))
        .routes(routes!(status::counts))
        .routes(routes!(status::daily))
        .routes(routes!(status::forecast))
        .routes(routes!(answers::acknowledge, answers::unacknowledge))
        .routes(routes!(answers::snooze, answers::unsnooze))
        .routes(routes!(answers::release))
        .routes(routes!(answers::discard))
        .routes(routes!(told::expire))
        .routes(routes!(told::retry));
    OpenApiRouter::with_openapi(Described::openapi()).nest(PREFIX, operations)
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    described(operations().split_for_parts().1)
}

/// With a description of each response, which the standard asks for: where none was given, its status in words.
fn described(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for (status, response) in operations.into_iter().flatten().flat_map(|one| &mut one.responses.responses) {
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                let status = status.parse().ok().and_then(|status: StatusCode| status.canonical_reason());
                response.description = status.unwrap_or("As the status says").to_owned();
            }
        }
    }
    document
}

/// Every address of the API.
pub(super) fn router() -> Router<Arc<Shared>> {
    let (operations, document) = operations().split_for_parts();
    let document = serde_json::to_string(&described(document)).unwrap_or_default();
    let openapi = move || std::future::ready(json_text(document.clone()));
    operations
        .route(&format!("{PREFIX}/openapi.json"), get(openapi))
        .route("/api", axum::routing::any(nowhere))
        .route("/api/", axum::routing::any(nowhere))
        .route("/api/{*rest}", axum::routing::any(nowhere))
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(etag::revalidated))
        .layer(middleware::map_response(guarded))
}

/// Whether `path` is of the API.
pub(super) fn is_of(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn nowhere() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing here; {PREFIX}/openapi.json says what there is"))
}

async fn no_such_method(method: Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for this address; Allow says what is"))
}

/// Nothing of it is shown as a page, and nobody else keeps it.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
    response
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => Ok(json_text(text)),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"))
        }
    }
}

fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
