//! The reference as a page of the manual: claimwatch.toml(5).

use clap_mangen::roff::{Inline, Roff, bold, roman};

use crate::config::reference::{INTRODUCTION, Setting, Table, plain, tables};

/// The page's file.
pub const NAME: &str = "claimwatch.toml.5";

/// The whole page, as roff.
#[must_use]
pub fn page() -> String {
    let mut page = Roff::new();
    let version = format!("claimwatch {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["claimwatch.toml", "5", "", &version, "claimwatch"]);
    page.control("SH", ["NAME"]).text([roman("claimwatch.toml - the configuration of claimwatch")]);
    page.control("SH", ["DESCRIPTION"]);
    INTRODUCTION.split("\n\n").for_each(|block| add_block(&mut page, block));
    tables().for_each(|table| add_table(&mut page, table));
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("claimwatch"), roman("(1), /usr/share/doc/claimwatch/examples/claimwatch.toml")]);
    page.render()
}

/// A paragraph or a list of the introduction.
fn add_block(page: &mut Roff, block: &str) {
    match block.strip_prefix("- ") {
        Some(items) => items.split("\n- ").for_each(|item| {
            page.control("IP", ["\\(bu", "2"]).text(words(item));
        }),
        None => drop(page.control("PP", []).text(words(block))),
    }
}

fn add_table(page: &mut Roff, table: &Table) {
    page.control("SH", [table.heading]);
    if !table.about.is_empty() {
        page.text(words(table.about));
    }
    for Setting { key, takes, default, effect, change, .. } in table.settings {
        page.control("TP", []).text(words(&format!("`{key}` (default: {})", default.shown())));
        page.text(words(effect)).control("br", []);
        page.text(words(&format!("Takes {takes}."))).control("br", []);
        page.text(words(&format!("Change it when {change}.")));
    }
}

/// Markdown's code in bold, links as their text, and lines as one.
fn words(markdown: &str) -> Vec<Inline> {
    let text = plain(markdown).split_whitespace().collect::<Vec<_>>().join(" ");
    text.split('`').enumerate().map(|(nth, piece)| if nth % 2 == 1 { bold(piece) } else { roman(piece) }).collect()
}
