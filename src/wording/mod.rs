//! Every word in English and French: explanations, amounts, days, for mail, page and terminal.
//!
//! The words are in `en.ftl` and `fr.ftl`, those of the page in `page.en.ftl` and `page.fr.ftl`; this room gives them their arguments. Nothing here does I/O: local times are
//! computed from the zone that the caller hands over. Text that comes from claims is cleaned before it is put in a
//! sentence. Sources: docs/domain.md "Escalation", CLDR's plural rules (through fluent).

mod amount;
mod date;
mod explanation;

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};

use crate::claim::{Status, clean_line};

pub use explanation::Explained;

/// The language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    En,
    Fr,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// Its BCP 47 tag, as `lang` attributes want it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The messages' sources: of messages and explanations, and of the page.
    fn sources(self) -> [&'static str; 2] {
        match self {
            Self::En => [include_str!("en.ftl"), include_str!("page.en.ftl")],
            Self::Fr => [include_str!("fr.ftl"), include_str!("page.fr.ftl")],
        }
    }
}

/// The words of one language. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Words {
    language: Language,
    bundle: &'static Bundle,
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::En));
static FRENCH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Fr));

/// The longest name of a rule or a status, or reason of a skipped day, that is put in a sentence.
const MAX_NAME: usize = 80;

impl Words {
    #[must_use]
    pub fn new(language: Language) -> Self {
        let bundle = match language {
            Language::En => &ENGLISH,
            Language::Fr => &FRENCH,
        };
        Self { language, bundle }
    }

    #[must_use]
    pub fn language(self) -> Language {
        self.language
    }

    /// The message `id` with these arguments; the id itself if there is no such message (tests see to it that there is).
    pub fn say<'a>(self, id: &str, args: impl IntoIterator<Item = (&'a str, FluentValue<'a>)>) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let args: FluentArgs<'_> = args.into_iter().collect();
        self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// A rule's name in words: `payment after tax invoice`; a rule that is not built in has its own name.
    #[must_use]
    pub fn rule(self, rule: &str) -> String {
        self.say("rule", [("rule", rule.into()), ("name", name(rule).into())])
    }

    /// So many cases of a rule: `14 reviews`.
    #[must_use]
    pub fn rule_count(self, rule: &str, count: usize) -> String {
        self.say("rule-count", [("rule", rule.into()), ("name", name(rule).into()), ("count", count.into())])
    }

    /// A claim's status in words: `under review`; one that we do not know as it is.
    #[must_use]
    pub fn status(self, status: &str) -> String {
        let known = Status::parse(status).map_or("", Status::as_str);
        self.say("status", [("status", known.into()), ("name", name(status).into())])
    }

    /// `12 business days`.
    #[must_use]
    pub fn business_days(self, count: u32) -> String {
        self.say("business-days", [("count", count.into())])
    }

    /// `12 business days late`.
    #[must_use]
    pub fn business_days_late(self, count: u32) -> String {
        self.say("business-days-late", [("count", count.into())])
    }

    /// `14 reviews, 3 disputes and 2 payments`.
    #[must_use]
    pub fn list(self, items: &[String]) -> String {
        let Some((last, others)) = items.split_last() else { return String::new() };
        match self.joined("list-comma", others) {
            None => last.clone(),
            Some(first) => self.say("list-and", [("first", first.into()), ("last", last.into())]),
        }
    }

    /// Parts of one line: `one, two, three`.
    #[must_use]
    pub fn commas(self, parts: &[String]) -> String {
        self.joined("list-comma", parts).unwrap_or_default()
    }

    /// Clauses of one sentence: `one; two`.
    #[must_use]
    pub fn clauses(self, clauses: &[String]) -> String {
        self.joined("join-clauses", clauses).unwrap_or_default()
    }

    fn joined(self, id: &str, items: &[String]) -> Option<String> {
        let mut items = items.iter();
        let first = items.next()?.clone();
        Some(items.fold(first, |first, next| self.say(id, [("first", first.into()), ("next", next.into())])))
    }
}

fn name(text: &str) -> Cow<'_, str> {
    clean_line(text, MAX_NAME)
}

fn bundle(language: Language) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![language.tag().parse().unwrap_or_default()]);
    // Isolation marks would be invisible characters in headers and files.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::En => |value, _| amount::grouped_number(Language::En, value),
        Language::Fr => |value, _| amount::grouped_number(Language::Fr, value),
    }));
    for source in language.sources() {
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests;
