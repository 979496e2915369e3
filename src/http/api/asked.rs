//! What a request asks for: its query, and the names in its path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use super::super::problem::Problem;

/// What a query says.
pub(super) struct Query(Vec<(String, String)>);

/// The most that a page of a list has.
const MOST: u32 = 500;
/// As many as it has, unless asked for otherwise.
const USUAL: u32 = 50;
/// The longest value, in characters.
const LONGEST: usize = 2_000;

impl Query {
    /// Everything that it says; all of it is one of `known`, and said once.
    ///
    /// # Errors
    /// A [`Problem`] that names the parameter.
    pub fn of(&self, known: &[&str]) -> Result<&[(String, String)], Problem> {
        for (at, (name, value)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Problem::parameter(name, value, format!("one of the parameters {}", known.join(", "))));
            }
            if self.0[..at].iter().any(|(other, _)| other == name) {
                return Err(Problem::parameter(name, value, "it once"));
            }
            storable(name, value, LONGEST)?;
        }
        Ok(&self.0)
    }

    /// The value of a parameter, if it has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// How many a page is to have.
    ///
    /// # Errors
    /// [`Problem`]
    pub fn limit(&self) -> Result<u32, Problem> {
        let Some(found) = self.value("limit") else { return Ok(USUAL) };
        let limit = found.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.ok_or_else(|| Problem::parameter("limit", found, format!("a number from 1 to {MOST}")))
    }

    /// The value of a parameter as `read` reads it.
    ///
    /// # Errors
    /// A [`Problem`] that says what was `expected`.
    pub fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let read = |found| read(found).ok_or_else(|| Problem::parameter(name, found, expected));
        self.value(name).map(read).transpose()
    }
}

/// A text that a database can hold.
///
/// # Errors
/// A [`Problem`] that names it.
pub(super) fn storable(name: &str, text: &str, longest: usize) -> Result<(), Problem> {
    let fits = !text.contains('\0') && text.chars().count() <= longest;
    let expected = || format!("at most {longest} characters, none of them NUL");
    if fits { Ok(()) } else { Err(Problem::parameter(name, text, expected())) }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

/// The name that a path ends with, or has in its middle.
pub(super) struct Name(pub String);

impl Name {
    /// It as an id of `what`.
    ///
    /// # Errors
    /// [`Problem`]
    pub fn id(&self) -> Result<Uuid, Problem> {
        let id = Uuid::try_parse(&self.0).ok();
        id.ok_or_else(|| Problem::parameter("id", &self.0, format!("an id such as {}", Uuid::nil())))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let Path(name) = named.map_err(|_| Problem::parameter("path", parts.uri.path(), "text in UTF-8"))?;
        storable("path", &name, LONGEST)?;
        Ok(Self(name))
    }
}
