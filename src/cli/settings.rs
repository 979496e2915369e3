//! `claimwatch settings`: what can be configured, with defaults and when to change them.

pub mod document;
pub mod page;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Failure;
use super::output::{json, say, table};
use crate::config::reference::{Found, all, find, plain};

#[derive(Args, Debug)]
pub struct SettingsArgs {
    /// A key such as mail.smtp.port, a table such as mail.smtp, or the end of one [default: all, in short]
    key: Option<String>,
    /// For a person, as docs/configuration.md, or as an array of JSON objects
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

/// A setting of `settings --format json`.
#[derive(Serialize)]
struct Entry {
    key: String,
    takes: String,
    default: String,
    effect: String,
    change_when: String,
    example: &'static str,
}

pub fn run(args: &SettingsArgs) -> Result<(), Failure> {
    let found = args.key.as_deref().map(find).transpose().map_err(Failure::usage)?;
    match (args.format, found) {
        (Format::Markdown, Some(_)) => {
            Err(Failure::usage("--format markdown writes the whole document: leave KEY out"))
        }
        (Format::Markdown, None) => say(document::document().trim_end()),
        (Format::Json, found) => {
            json(&found.unwrap_or_else(|| all().collect()).into_iter().map(entry).collect::<Vec<_>>())
        }
        (Format::Text, Some(found)) => say(&found.into_iter().map(described).collect::<Vec<_>>().join("\n\n")),
        (Format::Text, None) => {
            let rows = all().map(entry).map(|Entry { key, default, .. }| [key, default]);
            say(&table(["SETTING", "DEFAULT"], rows))
        }
    }
}

fn entry((table, setting): Found) -> Entry {
    Entry {
        key: table.whole_key(setting),
        takes: plain(setting.takes),
        default: plain(&setting.default.shown()),
        effect: plain(setting.effect),
        change_when: plain(setting.change),
        example: setting.example,
    }
}

fn described(found: Found) -> String {
    let (table, setting) = found;
    let Entry { takes, default, effect, change_when, example, .. } = entry(found);
    format!(
        "{} {key}\n  what            {effect}\n  takes           {takes}\n  default         {default}\n  \
         change it when  {change_when}\n  example         {key} = {example}",
        table.heading,
        key = setting.key,
    )
}
