//! Templates, and what they may call.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fluent_bundle::FluentValue;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior};
use serde::Serialize;

use super::asked::Asked;
use crate::wording::{Language, Words};

/// A view and how it is shown.
pub(super) struct Sheet<'a, V> {
    pub template: &'static str,
    /// The path of the entry in the navigation that it belongs to.
    pub here: &'static str,
    pub view: &'a V,
}

const TEMPLATES: [(&str, &str); 15] = [
    ("base.html.j2", include_str!("templates/base.html.j2")),
    ("parts.html.j2", include_str!("templates/parts.html.j2")),
    ("overview.html.j2", include_str!("templates/overview.html.j2")),
    ("alerts.html.j2", include_str!("templates/alerts.html.j2")),
    ("claim.html.j2", include_str!("templates/claim.html.j2")),
    ("outbox.html.j2", include_str!("templates/outbox.html.j2")),
    ("silences.html.j2", include_str!("templates/silences.html.j2")),
    ("calendars.html.j2", include_str!("templates/calendars.html.j2")),
    ("problems.html.j2", include_str!("templates/problems.html.j2")),
    ("wrong.html.j2", include_str!("templates/wrong.html.j2")),
    ("sign_in.html.j2", include_str!("templates/sign_in.html.j2")),
    ("answer.html.j2", include_str!("templates/answer.html.j2")),
    ("confirm.html.j2", include_str!("templates/confirm.html.j2")),
    ("done.html.j2", include_str!("templates/done.html.j2")),
    ("link.html.j2", include_str!("templates/link.html.j2")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_function("t", say);
    environment.add_function("url", url);
    for (name, source) in TEMPLATES {
        // One that does not parse is missed when it is asked for; a test renders each of them.
        let _ = environment.add_template(name, source);
    }
    environment
}

#[derive(Serialize)]
struct Context<'a, V> {
    asked: &'a Asked,
    here: &'static str,
    view: &'a V,
}

/// The page as text.
pub(super) fn render<V: Serialize>(asked: &Asked, sheet: &Sheet<'_, V>) -> Result<String, minijinja::Error> {
    let context = Context { asked, here: sheet.here, view: sheet.view };
    ENVIRONMENT.get_template(sheet.template)?.render(Serde(&context))
}

/// The page as an answer.
pub(super) fn respond<V: Serialize>(asked: &Asked, status: StatusCode, sheet: &Sheet<'_, V>) -> Response {
    match render(asked, sheet) {
        Ok(html) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_LANGUAGE, asked.lang)];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a view cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be shown: see the log\n").into_response()
        }
    }
}

/// `t("message", count=3)`: a message in the language of the request.
fn say(state: &State<'_, '_>, id: &str, args: Kwargs) -> Result<String, minijinja::Error> {
    let words = Words::new(language(state));
    let mut values: Vec<(&str, FluentValue<'_>)> = Vec::new();
    let names: Vec<String> = args.args().map(str::to_owned).collect();
    for name in &names {
        let value: Value = args.get(name)?;
        let value = match i64::try_from(value.clone()) {
            Ok(number) if value.is_number() => number.into(),
            _ => value.to_string().into(),
        };
        values.push((name, value));
    }
    Ok(words.say(id, values))
}

/// `url("/alerts", rule="review")`: an address here, in the language that the request's address names.
fn url(state: &State<'_, '_>, path: &str, query: Kwargs) -> Result<String, minijinja::Error> {
    let asked = state.lookup("asked").unwrap_or_default();
    let text =
        |name: &str| asked.get_attr(name).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    let mut names: Vec<String> = query.args().map(str::to_owned).collect();
    names.sort();
    for name in &names {
        let value: Value = query.get(name)?;
        pairs.append_pair(name, &value.to_string());
    }
    if asked.get_attr("in_address").is_ok_and(|value| value.is_true()) {
        pairs.append_pair("lang", &text("lang"));
    }
    let query = pairs.finish();
    let base = text("base");
    Ok(if query.is_empty() { format!("{base}{path}") } else { format!("{base}{path}?{query}") })
}

fn language(state: &State<'_, '_>) -> Language {
    let lang = state.lookup("asked").and_then(|asked| asked.get_attr("lang").ok());
    let tag = lang.as_ref().and_then(Value::as_str).unwrap_or_default();
    Language::ALL.into_iter().find(|language| language.tag() == tag).unwrap_or_default()
}
