//! Text that strangers may read in part: words of the program's own, and what they are about.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer};

/// A text whose parts are public or private. As text it is whole; [`Redactable::redacted`] is for strangers. Public is what
/// someone says is: constant words are, any other text is private unless it is added by [`Redactable::public`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redactable(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Public(String),
    Private(String),
}

impl Redactable {
    /// A public value alone.
    #[must_use]
    pub fn known(value: impl Display) -> Self {
        Self::default().public(value)
    }

    /// With constant words after it.
    #[must_use]
    pub fn and(self, words: &'static str) -> Self {
        self.public(words)
    }

    /// With a value after it that neither is secret nor says anything of a person: a number, an instant, a name of ours.
    #[must_use]
    pub fn public(mut self, value: impl Display) -> Self {
        self.0.push(Part::Public(value.to_string()));
        self
    }

    /// With a value after it that only whoever runs this may see.
    #[must_use]
    pub fn private(mut self, value: impl Display) -> Self {
        self.0.push(Part::Private(value.to_string()));
        self
    }

    /// With another text after it.
    #[must_use]
    pub fn then(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// All `parts`, with constant words between them.
    pub fn joined(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        parts.into_iter().enumerate().fold(Self::default(), |text, (number, part)| {
            let text = if number == 0 { text } else { text.and(between) };
            text.then(part)
        })
    }

    /// The text with `mask` of each private part in its place.
    #[must_use]
    pub fn redacted(&self, mask: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Public(text) => text.clone(),
            Part::Private(text) => mask(text),
        };
        self.0.iter().map(part).collect()
    }
}

impl From<&'static str> for Redactable {
    fn from(words: &'static str) -> Self {
        Self::default().and(words)
    }
}

impl From<String> for Redactable {
    fn from(text: String) -> Self {
        Self::default().private(text)
    }
}

impl Display for Redactable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted(str::to_owned))
    }
}

impl Serialize for Redactable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_called_public_is_private() {
        let text = Redactable::from("level ").public(2).and(": ").then("ada@example.com".to_owned()).private("!");
        assert_eq!(text.to_string(), "level 2: ada@example.com!");
        assert_eq!(text.redacted(|private| "*".repeat(private.len())), "level 2: ****************");
    }
}
