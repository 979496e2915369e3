//! A list of alerts in an address: what its query says, and what it may say.

use serde::Serialize;

use super::asked::Asked;
use super::wrong::Wrong;
use crate::store::browse::{AlertQuery, AlertSort, Answered, Place, Which};

/// Names by which a query says what it means.
trait Named: Sized + Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];

    /// The value of parameter `name`; `None`: it is not there.
    fn of(asked: &Asked, name: &'static str) -> Result<Option<Self>, Wrong> {
        let Some(found) = asked.value(name) else { return Ok(None) };
        let known = Self::ALL.iter().find(|(known, _)| *known == found).map(|(_, one)| *one);
        known.map(Some).ok_or_else(|| {
            let expected: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            Wrong::Parameter { name, found: found.to_owned(), expected: expected.join(", ") }
        })
    }
}

impl Named for Which {
    const ALL: &'static [(&'static str, Self)] = &[
        ("open", Self::Open),
        ("at_risk", Self::AtRisk),
        ("breached", Self::Breached),
        ("held", Self::Held),
        ("resolved", Self::Resolved),
    ];
}

impl Named for Answered {
    const ALL: &'static [(&'static str, Self)] = &[
        ("nothing", Self::Nothing),
        ("unacknowledged", Self::Unacknowledged),
        ("acknowledged", Self::Acknowledged),
        ("snoozed", Self::Snoozed),
    ];
}

impl Named for AlertSort {
    const ALL: &'static [(&'static str, Self)] = &[
        ("worst", Self::Worst),
        ("due", Self::Due),
        ("due_last", Self::DueLast),
        ("amount", Self::Amount),
        ("claim", Self::Claim),
        ("program", Self::Program),
        ("partner", Self::Partner),
        ("resolved", Self::Resolved),
    ];
}

/// The longest text that is searched for, in characters.
const MAX_TEXT: usize = 200;

/// What the query of `asked` says of a list of alerts, and after which place it begins.
///
/// # Errors
/// [`Wrong::Parameter`]
pub(super) fn read(asked: &Asked) -> Result<(AlertQuery, Option<Place>), Wrong> {
    let which = Which::of(asked, "state")?.unwrap_or_default();
    let usual = if which == Which::Resolved { AlertSort::Resolved } else { AlertSort::Worst };
    let sort = AlertSort::of(asked, "sort")?.unwrap_or(usual);
    let text = asked.value("q").map(|text| text.trim().to_owned());
    if let Some(text) = text.as_ref().filter(|text| text.chars().count() > MAX_TEXT) {
        let expected = format!("at most {MAX_TEXT} characters");
        return Err(Wrong::Parameter { name: "q", found: text.clone(), expected });
    }
    let level = asked.value("level").map(|found| {
        let wrong = || Wrong::Parameter { name: "level", found: found.to_owned(), expected: "0, 1, 2, …".to_owned() };
        found.parse::<u8>().map(u32::from).map_err(|_| wrong())
    });
    let query = AlertQuery {
        which,
        rule: asked.value("rule").map(str::to_owned),
        program: asked.value("program").map(str::to_owned),
        level: level.transpose()?,
        answer: Answered::of(asked, "answer")?,
        text: text.filter(|text| !text.is_empty()),
        sort,
    };
    let place = asked.value("after").map(|found| {
        Place::parse(found).filter(|place| place.sort() == sort).ok_or_else(|| Wrong::Parameter {
            name: "after",
            found: found.to_owned(),
            expected: "what a list's link to its next page says".to_owned(),
        })
    });
    Ok((query, place.transpose()?))
}

/// A choice in a form.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Choice {
    pub value: String,
    pub text: String,
    pub chosen: bool,
}

/// Every choice of states, answers and orders.
pub(super) fn choices(asked: &Asked, query: &AlertQuery) -> [Vec<Choice>; 3] {
    fn all<T: Named>(asked: &Asked, prefix: &str, chosen: Option<T>) -> Vec<Choice> {
        let choice = |&(name, one): &(&'static str, T)| Choice {
            value: name.to_owned(),
            text: asked.words().say(&format!("{prefix}-{}", name.replace('_', "-")), []),
            chosen: chosen == Some(one),
        };
        T::ALL.iter().map(choice).collect()
    }
    let any = |answers: Vec<Choice>| {
        let any =
            Choice { value: String::new(), text: asked.words().say("page-any", []), chosen: query.answer.is_none() };
        std::iter::once(any).chain(answers).collect()
    };
    [
        all(asked, "page-which", Some(query.which)),
        any(all(asked, "page-answer", query.answer)),
        all(asked, "page-sort", Some(query.sort)),
    ]
}
