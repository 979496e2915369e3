//! What a request carries, and who may send it.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::super::access::Access;
use super::super::problem::Problem;
use crate::claim::clean_line;
use crate::store::Scope;

/// The longest body, in bytes.
const LONGEST: usize = 16 * 1024;
/// The longest that one may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// In whose name something is changed.
pub(super) struct Writer(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Access>() {
            Some(Access { who: Some(who), scope: Scope::Write, .. }) => Ok(Self(who.clone())),
            _ => Err(Problem::forbidden()),
        }
    }
}

/// A body of JSON.
pub(super) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = format!("found {:?}, expected Content-Type: application/json", clean_line(essence, 80));
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let too_long =
            || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("expected a body of at most {LONGEST} bytes"));
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|bytes: u64| bytes > LONGEST as u64) {
            return Err(too_long());
        }
        let late =
            |_| Problem::new(StatusCode::REQUEST_TIMEOUT, format!("no whole body in {} seconds", PATIENCE.as_secs()));
        let bytes = timeout(PATIENCE, to_bytes(request.into_body(), LONGEST)).await.map_err(late)?;
        let bytes = bytes.map_err(|_| too_long())?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong(&error))?;
        json.end().map_err(|error| Problem::parameter("body", &error.to_string(), "one JSON object"))?;
        Ok(Self(read))
    }
}

/// What is wrong with a body, and where.
fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (path, inner) = (error.path().to_string(), error.inner().to_string());
    // What is no JSON has no fields.
    let is_json = error.inner().is_data() && path != ".";
    let place = if is_json { path.as_str() } else { "body" };
    match inner.split_once(", expected ") {
        Some((found, expected)) => Problem::parameter(place, found, clean_line(expected, 200)),
        None => Problem::parameter(place, &inner, "what the OpenAPI document says"),
    }
}
