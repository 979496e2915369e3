//! The templates in force: the built-in ones, and those that an operator put in the place of some.

use std::collections::BTreeMap;
use std::error::Error as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::claim::clean_line;
use crate::wording::{Language, Words};

use super::render::{Bodies, labelled, wrap};
use super::samples::samples;
use super::view::View;
use super::{Frame, MailError};

/// The built-in templates by name; a mail is a folder of three.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("base.txt.j2", include_str!("templates/base.txt.j2")),
    ("base.html.j2", include_str!("templates/base.html.j2")),
    ("digest/subject.txt.j2", include_str!("templates/digest/subject.txt.j2")),
    ("digest/body.txt.j2", include_str!("templates/digest/body.txt.j2")),
    ("digest/body.html.j2", include_str!("templates/digest/body.html.j2")),
];

/// What stands before the name of a built-in template, by which it can be used also where another takes its place.
const ORIGINAL: &str = "builtin/";

/// What one template may spend; the longest digest needs less than a tenth.
const FUEL: u64 = 2_000_000;
/// The longest subject.
pub(super) const MAX_SUBJECT: usize = 250;

/// The templates of an operator's own; none: all are the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    own: BTreeMap<&'static str, Own>,
}

/// A template of an operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    /// Its file, as errors show it.
    file: String,
    source: String,
}

impl Templates {
    /// Puts the text of `file` in the place of the built-in template `name`; another name changes nothing.
    pub fn put(&mut self, name: &str, file: String, source: &str) {
        if let Some((name, _)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            self.own.insert(name, Own { file, source: source.replace("\r\n", "\n") });
        }
    }

    /// The names of those that are of an operator's own.
    pub fn own(&self) -> impl Iterator<Item = &'static str> {
        self.own.keys().copied()
    }

    /// Renders a sample of every kind of message in every language.
    ///
    /// # Errors
    /// What is wrong, a line each, with file and line: `mail/digest/body.txt.j2:12: …`.
    pub fn check(&self, frame: &Frame) -> Result<(), Vec<String>> {
        let frame = Frame { templates: self.clone(), ..frame.clone() };
        let mut wrong: Vec<String> = Vec::new();
        for language in Language::ALL {
            for sample in samples(language) {
                let why = match sample.mail(&frame) {
                    Ok(mail) => mail.without_own_templates,
                    Err(error) => Some(error.to_string()),
                };
                // One mistake breaks many samples.
                if let Some(why) = why.filter(|why| !wrong.iter().any(|known| known.starts_with(why.as_str()))) {
                    wrong.push(format!("{why} (sample {:?}, language {:?})", sample.name, language.tag()));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Renders the digest's three templates. Where those of an operator's own fail, the built-in ones take the place of all of
    /// them, and why comes along: an escalation is worth more than its looks.
    pub(super) fn bodies(&self, words: Words, view: &View) -> Result<(Bodies, Option<String>), MailError> {
        match self.render(words, view) {
            Ok(bodies) => Ok((bodies, None)),
            Err(why) if self.own.is_empty() => Err(MailError::Template(why)),
            Err(why) => {
                let bodies = Self::default().render(words, view).map_err(MailError::Template)?;
                Ok((bodies, Some(why)))
            }
        }
    }

    fn render(&self, words: Words, view: &View) -> Result<Bodies, String> {
        let templates = self.environment(words)?;
        let render = |name: &str| {
            let rendered = templates.get_template(name).and_then(|template| template.render(Serde(view)));
            rendered.map_err(|error| self.describe(&error))
        };
        let subject = render("digest/subject.txt.j2")?;
        let subject = clean_line(subject.trim(), MAX_SUBJECT).into_owned();
        if subject.is_empty() {
            return Err(format!(
                "{}: found an empty subject, expected a line of text",
                self.shown("digest/subject.txt.j2")
            ));
        }
        Ok(Bodies { subject, text: render("digest/body.txt.j2")?, html: render("digest/body.html.j2")? })
    }

    fn environment(&self, words: Words) -> Result<Environment<'_>, String> {
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(syntax.map_err(|error| error.to_string())?);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html.j2") { AutoEscape::Html } else { AutoEscape::None }
        });
        environment.add_function("t", move |id: &str| words.say(id, []));
        environment.add_function("labelled", move |label: &str, value: &str| labelled(words, label, value));
        environment.add_filter("wrap", wrap);
        for (name, built_in) in BUILT_IN {
            let source = self.own.get(name).map_or(built_in, |own| own.source.as_str());
            environment.add_template(name, source).map_err(|error| self.describe(&error))?;
            if self.own.contains_key(name) {
                let original = format!("{ORIGINAL}{name}");
                environment.add_template_owned(original, built_in).map_err(|error| self.describe(&error))?;
            }
        }
        Ok(environment)
    }

    /// The file of the template `name`.
    fn shown<'a>(&'a self, name: &'a str) -> &'a str {
        self.own.get(name).map_or(name, |own| own.file.as_str())
    }

    /// What is wrong and where: that of the innermost template, if one uses another.
    fn describe(&self, error: &minijinja::Error) -> String {
        let mut innermost = error;
        while let Some(inner) = innermost.source().and_then(|source| source.downcast_ref::<minijinja::Error>()) {
            innermost = inner;
        }
        let place = match (innermost.name(), innermost.line()) {
            (Some(name), Some(line)) => format!("{}:{line}: ", self.shown(name)),
            (Some(name), None) => format!("{}: ", self.shown(name)),
            (None, _) => String::new(),
        };
        let detail = innermost.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{place}{}{detail}", innermost.kind())
    }
}

#[cfg(test)]
mod tests;
