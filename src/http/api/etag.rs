//! Answers that did not change are not sent again. Source: RFC 9110, sections 8.8.3 and 13.1.2.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// The longest answer, in bytes: a page of a list is far shorter.
const MOST: usize = 64 * 1024 * 1024;

/// Gives an answer its tag; one that the client has already is not sent.
pub(super) async fn revalidated(request: Request, next: Next) -> Response {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    let known: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    if !asks || response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let tag = format!("\"{}\"", BASE64URL_NOPAD.encode(&Sha256::digest(&body)[..16]));
    let same = known.iter().any(|known| names(known, &tag));
    tagged(&mut head.headers, &tag);
    if !same {
        return Response::from_parts(head, body.into());
    }
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(head, axum::body::Body::empty())
}

fn tagged(headers: &mut HeaderMap, tag: &str) {
    headers.extend(HeaderValue::from_str(tag).map(|tag| (header::ETAG, tag)));
    // Kept by who asked alone, and asked for again each time.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// Whether `If-None-Match` names `tag`.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
