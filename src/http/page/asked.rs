//! What a request asks for beside its path: the language, and what its query says.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Uri, header};
use serde::Serialize;

use super::super::Shared;
use super::acting::session::{self, Visitor};
use crate::wording::{Language, Words};

/// A request, as views and templates look at it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Asked {
    /// What stands before every path.
    pub base: String,
    pub path: String,
    /// The tag of the language that is spoken.
    pub lang: &'static str,
    /// Whether the address says so: then links from here say it too.
    pub in_address: bool,
    /// Who is signed in.
    pub visitor: Option<Visitor>,
    /// Where one signs in, to come back here.
    sign_in: String,
    /// This view in each language.
    languages: Vec<Switch>,
    #[serde(skip)]
    pub language: Language,
    #[serde(skip)]
    query: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize)]
struct Switch {
    lang: &'static str,
    name: &'static str,
    href: String,
    here: bool,
}

/// The parameter that names a language.
const LANG: &str = "lang";

impl Asked {
    pub fn words(&self) -> Words {
        Words::new(self.language)
    }

    /// What the query says, without the language.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The value of a parameter, if it has one; the first, if there are several.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The address of a path here, with the parameters of `query`, in the language that this one's address names.
    pub fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        let lang = self.in_address.then_some((LANG, self.lang));
        address(&self.base, path, query.iter().copied().chain(lang))
    }

    /// As [`Asked::url`], with what this request's query says, but for the parameters in `query`.
    pub fn url_with(&self, path: &str, query: &[(&str, &str)]) -> String {
        let kept = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, value)| !value.is_empty() && !query.iter().any(|(other, _)| other == name));
        let all: Vec<_> = kept.chain(query.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
        self.url(path, &all)
    }
}

fn address<'q>(base: &str, path: &str, query: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query);
    let query = pairs.finish();
    if query.is_empty() { format!("{base}{path}") } else { format!("{base}{path}?{query}") }
}

/// Where one signs in, to come back to `here`, in the language that its address names.
pub(super) fn sign_in(base: &str, here: &Uri, named: Option<Language>) -> String {
    let back = here.path_and_query().map_or("/", |here| here.as_str());
    let lang = named.map(|language| (LANG, language.tag()));
    address(base, "/sign-in", [("back", back)].into_iter().chain(lang))
}

impl FromRequestParts<Arc<Shared>> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let (mut named, mut rest) = (None, Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            if name == LANG {
                named = Language::ALL.into_iter().find(|language| language.tag() == value);
            } else {
                rest.push((name, value));
            }
        }
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = named.or_else(|| preferred(accepted?)).unwrap_or(shared.facts.policy.language);
        let base = shared.base().to_owned();
        let path = parts.uri.path().to_owned();
        let sign_in = sign_in(&base, &parts.uri, named);
        let visitor = session::visitor(shared, &parts.headers).await;
        let switch = |language: Language| Switch {
            lang: language.tag(),
            name: match language {
                Language::En => "English",
                Language::Fr => "Français",
            },
            href: address(
                &base,
                &path,
                rest.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([(LANG, language.tag())]),
            ),
            here: false,
        };
        let languages = Language::ALL.map(|one| Switch { here: one == language, ..switch(one) }).into();
        Ok(Self {
            lang: language.tag(),
            in_address: named.is_some(),
            visitor,
            sign_in,
            languages,
            language,
            query: rest,
            base,
            path,
        })
    }
}

/// The first of the languages in `Accept-Language` that is spoken here, the one with the highest weight. Source: RFC 9110,
/// section 12.5.4.
fn preferred(accepted: &str) -> Option<Language> {
    let weighed = accepted.split(',').filter_map(|range| {
        let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let weight: f64 = weight.trim().parse().ok()?;
        let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
        let language = Language::ALL.into_iter().find(|language| language.tag() == primary)?;
        (weight > 0.0).then_some((weight, language))
    });
    // The first of those that weigh the same.
    weighed.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_weighs_most_is_spoken() {
        for (accepted, language) in [
            ("fr", Some(Language::Fr)),
            ("fr-CA,fr;q=0.9,en;q=0.8", Some(Language::Fr)),
            ("de,en;q=0.7,fr;q=0.9", Some(Language::Fr)),
            ("en, fr", Some(Language::En)),
            ("de", None),
            ("fr;q=0", None),
            ("", None),
            (";;,q=x", None),
        ] {
            assert_eq!(preferred(accepted), language, "{accepted:?}");
        }
    }
}
