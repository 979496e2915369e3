//! Templates: subject, text and HTML from one view. HTML escapes every value; text is wrapped at 72 columns.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::wording::Words;

use super::MailError;
use super::view::View;

/// A message's three texts.
#[derive(Debug)]
pub(super) struct Bodies {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// The templates by name; a mail is a folder of three.
const TEMPLATES: [(&str, &str); 5] = [
    ("base.txt.j2", include_str!("templates/base.txt.j2")),
    ("base.html.j2", include_str!("templates/base.html.j2")),
    ("digest/subject.txt.j2", include_str!("templates/digest/subject.txt.j2")),
    ("digest/body.txt.j2", include_str!("templates/digest/body.txt.j2")),
    ("digest/body.html.j2", include_str!("templates/digest/body.html.j2")),
];

/// What one template may spend; the longest digest needs less than a tenth.
const FUEL: u64 = 2_000_000;
/// Plain text is read in narrow windows, and quoted.
const COLUMNS: usize = 72;

/// Renders the digest's three templates.
pub(super) fn bodies(words: Words, view: &View) -> Result<Bodies, MailError> {
    let templates = environment(words).map_err(|error| failure(&error))?;
    let render = |name: &str| {
        let rendered = templates.get_template(name).and_then(|template| template.render(Serde(view)));
        rendered.map_err(|error| failure(&error))
    };
    Ok(Bodies {
        subject: render("digest/subject.txt.j2")?.trim().to_owned(),
        text: render("digest/body.txt.j2")?,
        html: render("digest/body.html.j2")?,
    })
}

fn environment(words: Words) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
        .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html.j2") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.add_function("t", move |id: &str| words.say(id, []));
    environment.add_function("labelled", move |label: &str, value: &str| {
        words.say("labelled", [("label", label.into()), ("value", value.into())])
    });
    environment.add_filter("wrap", wrap);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

fn failure(error: &minijinja::Error) -> MailError {
    MailError::Template(format!("{error:#}"))
}

/// `text` in lines of at most 72 columns: the first after `first` spaces, the others after `next`. Addresses of pages stay
/// whole; any other word too long for a line is broken.
fn wrap(text: &str, first: Option<usize>, next: Option<usize>) -> String {
    let first = first.unwrap_or(0);
    let next = next.unwrap_or(first);
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut used = first;
    let mut begins = true;
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        let mut word = word;
        loop {
            let length = word.chars().count();
            let gap = usize::from(!begins);
            if used + gap + length <= COLUMNS || begins && is_address(word) {
                line.extend(std::iter::repeat_n(' ', gap));
                line.push_str(word);
                (used, begins) = (used + gap + length, false);
                break;
            }
            if begins {
                let cut = word.char_indices().nth(COLUMNS - used).map_or(word.len(), |(at, _)| at);
                let (head, rest) = word.split_at(cut);
                line.push_str(head);
                word = rest;
            }
            lines.push(std::mem::replace(&mut line, " ".repeat(next)));
            (used, begins) = (next, true);
        }
    }
    lines.push(line);
    lines.join("\n")
}

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

#[cfg(test)]
mod tests;
