//! What a view says when it cannot show what was asked for.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::asked::Asked;
use super::sheet::{self, Sheet};
use crate::claim::clean_line;
use crate::store::StoreError;

/// Why there is nothing to show.
#[derive(Debug)]
pub(super) enum Wrong {
    NotThere,
    /// A parameter of the address is not one of those that there are.
    Parameter {
        name: &'static str,
        found: String,
        expected: String,
    },
    /// Nobody is signed in, or not any more.
    SignedOut,
    /// The token of whoever is signed in does not allow it.
    ReadOnly,
    /// A form that this session was not shown.
    Foreign,
    /// A link that we did not write so.
    LinkBroken,
    LinkEnded,
    Store(StoreError),
    Template(minijinja::Error),
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<minijinja::Error> for Wrong {
    fn from(error: minijinja::Error) -> Self {
        Self::Template(error)
    }
}

#[derive(Serialize)]
struct View {
    title: String,
    text: String,
    /// Whether signing in would help.
    signs_in: bool,
}

impl Wrong {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotThere => StatusCode::NOT_FOUND,
            Self::Parameter { .. } => StatusCode::BAD_REQUEST,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::ReadOnly | Self::Foreign | Self::LinkBroken => StatusCode::FORBIDDEN,
            Self::LinkEnded => StatusCode::GONE,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Template(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The longest value of a parameter that is repeated.
const WIDE: usize = 80;

/// A page that says what is wrong.
pub(super) fn told(asked: &Asked, status: StatusCode, wrong: &Wrong) -> Response {
    let words = asked.words();
    let (title, text) = match wrong {
        Wrong::NotThere => ("page-not-there", words.say("page-not-there-text", [])),
        Wrong::Parameter { name, found, expected } => {
            let found = clean_line(found, WIDE).into_owned();
            let args = [("name", (*name).into()), ("found", found.into()), ("expected", expected.as_str().into())];
            ("page-bad-address", words.say("page-bad-parameter", args))
        }
        Wrong::SignedOut => ("page-signed-out", words.say("page-signed-out-text", [])),
        Wrong::ReadOnly => ("page-read-only", words.say("page-read-only-text", [])),
        Wrong::Foreign => ("page-foreign", words.say("page-foreign-text", [])),
        Wrong::LinkBroken => ("page-link-broken", words.say("page-link-broken-text", [])),
        Wrong::LinkEnded => ("page-link-ended", words.say("page-link-ended-text", [])),
        Wrong::Store(error) => {
            tracing::debug!(%error, "a view cannot be shown");
            ("page-unavailable", words.say("page-unavailable-text", []))
        }
        Wrong::Template(error) => {
            tracing::error!(%error, "a view cannot be rendered");
            ("page-broken", words.say("page-broken-text", []))
        }
    };
    let signs_in = matches!(wrong, Wrong::SignedOut | Wrong::ReadOnly);
    let view = View { title: words.say(title, []), text, signs_in };
    sheet::respond(asked, status, &Sheet { template: "wrong.html.j2", here: "", view: &view })
}
