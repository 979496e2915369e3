//! Signing in with a token, and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::super::Shared;
use super::super::Answer;
use super::super::asked::Asked;
use super::super::sheet::{self, Sheet};
use super::super::wrong::Wrong;
use super::form::Form;
use super::session::{self, LASTS, cookie};
use super::{see_other, told};
use crate::now::fresh_secret;
use crate::seal::SealKey;

#[derive(Serialize)]
struct View {
    /// Where to go then.
    back: String,
    /// Whether a token was given that is none.
    refused: bool,
}

pub(super) async fn show(asked: Asked) -> Response {
    let back = local(asked.value("back").unwrap_or_default()).to_owned();
    form(&asked, StatusCode::OK, &View { back, refused: false })
}

fn form(asked: &Asked, status: StatusCode, view: &View) -> Response {
    sheet::respond(asked, status, &Sheet { template: "sign_in.html.j2", here: "", view })
}

pub(super) async fn enter(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    told(&asked, begin(&shared, &asked, &form).await)
}

async fn begin(shared: &Shared, asked: &Asked, typed: &Form) -> Answer {
    let back = local(typed.value("back").unwrap_or_default());
    let now = shared.facts.time.now();
    let Some(token) = shared.token_of(typed.value("token").unwrap_or_default().trim(), now).await? else {
        return Ok(form(asked, StatusCode::UNAUTHORIZED, &View { back: back.to_owned(), refused: true }));
    };
    let ends_at = token.ends_at.map_or(now + LASTS, |end| end.min(now + LASTS));
    let secret = SealKey::new(fresh_secret());
    shared.facts.store.begin_session(&secret.digest(), token.id, now, ends_at).await?;
    let mut response = see_other(format!("{}{back}", asked.base));
    let cookie = cookie(shared, Some(&secret), (ends_at - now).num_seconds()).ok_or(Wrong::NotThere)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(super) async fn leave(State(shared): State<Arc<Shared>>, asked: Asked, headers: HeaderMap, form: Form) -> Response {
    let Some(visitor) = &asked.visitor else { return see_other(asked.url("/", &[])) };
    if !visitor.knows(form.value("seal").unwrap_or_default()) {
        return told(&asked, Err(Wrong::Foreign));
    }
    if let Some(secret) = session::secret(&headers, &session::cookie_name(&shared))
        && let Err(error) = shared.facts.store.end_session(&secret.digest()).await
    {
        return told(&asked, Err(error.into()));
    }
    let forgotten = cookie(&shared, None, 0).map(|cookie| [(header::SET_COOKIE, cookie)]);
    (forgotten, see_other(asked.url("/", &[]))).into_response()
}

/// `path`, if it is one of ours; else the overview's. `//host` and `/\host` would be another's.
fn local(path: &str) -> &str {
    let ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && path.len() < 2_000;
    if ours { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for ours in ["/", "/alerts?state=held&lang=fr", "/claims/C%2D1"] {
            assert_eq!(local(ours), ours);
        }
        for other in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: b=c", "a", "/ä"]
        {
            assert_eq!(local(other), "/", "{other:?}");
        }
    }
}
