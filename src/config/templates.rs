//! `[mail] templates`: a folder with templates of an operator's own.
//!
//! What is wrong with them is no error but an obstacle: messages go out by the built-in ones. They are tried on samples here, so
//! that a mistake shows before it is used.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use lettre::Address;
use lettre::message::Mailbox;

use crate::mail::{BUILT_IN, Frame, Templates};

use super::Affects;
use super::error::show_path;
use super::section::{Section, instead, line};

const KEY: &str = "templates";
/// What the names of templates end with; other files in the folder are left alone.
const ENDING: &str = "j2";
/// The longest template, in bytes.
const LONGEST: u64 = 256 * 1024;

/// The templates to use; the built-in ones alone if anything is wrong with the others.
pub fn read(section: &Section<'_>) -> Templates {
    let folder = section.read(KEY, |node| line(node, "the path of a directory"));
    let Some(folder) = folder.map(|path| section.resolve(path)) else { return Templates::default() };
    let mut wrong = Vec::new();
    let templates = gather(&folder, &mut wrong);
    if wrong.is_empty() {
        wrong = templates.check(&frame()).err().unwrap_or_default();
    }
    for detail in &wrong {
        section.obstacle(Affects::Looks, KEY, format!("{detail}; mend it: until then the built-in templates are used"));
    }
    if wrong.is_empty() { templates } else { Templates::default() }
}

fn gather(folder: &Path, wrong: &mut Vec<String>) -> Templates {
    let mut templates = Templates::default();
    let found = match files(folder) {
        Ok(found) => found,
        Err((path, error)) => {
            wrong.push(format!("{} cannot be read: {error}", show_path(&path)));
            return templates;
        }
    };
    let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    if found.is_empty() {
        wrong.push(format!("{}: found no template, expected at least one of {}", show_path(folder), known.join(", ")));
    }
    for path in found {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        if !known.contains(&name.as_str()) {
            wrong.push(format!(
                "{}: found a template of the name {name:?}; {}",
                show_path(&path),
                instead(&name, &known)
            ));
            continue;
        }
        match text_of(&path) {
            Ok(text) => templates.put(&name, show_path(&path), &text),
            Err(why) => wrong.push(format!("{}: {why}", show_path(&path))),
        }
    }
    templates
}

/// The templates in `folder` and in the folders in it, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, std::io::Error)> {
    let cannot = |error| (folder.to_owned(), error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_dir() {
            paths.extend(files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn text_of(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("found more than {LONGEST} bytes, expected a template"));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("found a byte that is not UTF-8 at {}, expected text", error.utf8_error().valid_up_to())
    })
}

/// What the samples are from: with everything that a message can have.
fn frame() -> Frame {
    let from = Mailbox::new(None, Address::new_dangerous("claimwatch", "example.com"));
    Frame {
        reply_to: Some(from.clone()),
        from,
        support_url: Some("https://example.com/support".into()),
        claim_url: Some("https://example.com/claims/{claim_id}".into()),
        templates: Templates::default(),
    }
}
