//! What the API says when it does not do what was asked. Source: RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Denied;
use crate::claim::clean_line;
use crate::store::StoreError;

/// The longest found value that is repeated, in characters.
const WIDE: usize = 80;

/// Why a request was not done; its media type is `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request, for people.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// Which parameter, or which field of the body, is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    parameter: Option<Box<str>>,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    found: Option<Box<str>>,
    /// What it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    expected: Option<Box<str>>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into().into(),
            parameter: None,
            found: None,
            expected: None,
        }
    }

    /// A parameter, or a field of the body, is not what it may be.
    pub fn parameter(name: &str, found: &str, expected: impl Into<String>) -> Self {
        let (name, found, expected) = (clean_line(name, WIDE), clean_line(found, WIDE), expected.into());
        let detail = format!("{name}: found {found:?}, expected {expected}");
        Self {
            parameter: Some(name.into()),
            found: Some(found.into()),
            expected: Some(expected.into()),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// There is no `what` of that name.
    pub fn not_there(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// It cannot be done as things stand.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Who asks may look only.
    pub fn forbidden() -> Self {
        let detail = "this changes something: expected a token with scope \"write\", of `claimwatch token add`";
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// It will be known in a moment.
    pub fn not_yet(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The answer took too long.
    pub fn late() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
    }
}

impl Problem {
    /// The same for who asked for something else than the API.
    pub fn into_text(self) -> Response {
        let text = format!("{}\n", self.detail);
        let mut response = self.into_response();
        *response.body_mut() = text.into();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What it says may name servers and files.
        tracing::debug!(%error, "a request cannot be answered");
        Self::late()
    }
}

impl From<&Denied> for Problem {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::Nobody => Self::new(StatusCode::UNAUTHORIZED, "expected a token: Authorization: Bearer TOKEN"),
            Denied::Unknown => Self::new(StatusCode::UNAUTHORIZED, "the token is not valid"),
            Denied::Away => Self::late(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

/// How one says who one is.
const CHALLENGE: &str = "Bearer realm=\"claimwatch\"";
