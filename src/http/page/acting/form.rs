//! What a form says, and whether it was sent from here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::super::super::Shared;
use super::super::wrong::Wrong;

/// The fields of a form that was sent from a page of ours, in their order.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A field that says something; the first, if there are several of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// As [`Form::value`], as it was typed; empty, if it is not there.
    pub fn typed(&self, name: &str) -> String {
        self.value(name).unwrap_or_default().to_owned()
    }

    /// Every field of that name that says something.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Every field, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The fields of these names that say something, as hidden fields repeat them.
    pub fn fields(&self, names: &[&str]) -> Vec<(String, String)> {
        self.0.iter().filter(|(key, value)| names.contains(&key.as_str()) && !value.is_empty()).cloned().collect()
    }

    /// The ids in the fields of that name, each once.
    ///
    /// # Errors
    /// [`Wrong::Parameter`] if one is no id, or if there are more than `most`.
    pub fn ids(&self, name: &'static str, most: usize) -> Result<Vec<Uuid>, Wrong> {
        let mut ids = Vec::new();
        for found in self.all(name) {
            let wrong = |expected: String| Wrong::Parameter { name, found: found.to_owned(), expected };
            let id = Uuid::parse_str(found).map_err(|_| wrong(format!("an id such as {}", Uuid::nil())))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
            if ids.len() > most {
                return Err(wrong(format!("at most {most} of them")));
            }
        }
        Ok(ids)
    }
}

impl FromRequest<Arc<Shared>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Response> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let headers = request.headers().clone();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(KIND)) {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("expected {KIND}\n")).into_response());
        }
        if !is_from_here(&headers, shared) {
            return Err((StatusCode::FORBIDDEN, "sent from another site: nothing was changed\n").into_response());
        }
        let body = Bytes::from_request(request, shared).await.map_err(IntoResponse::into_response)?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

/// Whether a form was sent by a page of ours, as far as the browser says. Whoever is no browser says nothing, and has to know
/// the seal.
fn is_from_here(headers: &HeaderMap, shared: &Shared) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        // What the browser vouches for holds behind a proxy too, which may have changed `Host`.
        return site == "same-origin";
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("host").unwrap_or_default();
    let here = origin.split_once("://").is_some_and(|(_, place)| !host.is_empty() && place == host);
    here || shared.is_own_origin(origin)
}
