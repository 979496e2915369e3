//! The documents against the program: links and paths lead somewhere, commands run, configurations are accepted, and every
//! setting, column and message is described.

mod log;
mod page;
mod reference;
mod session;
mod walk;

use std::path::{Path, PathBuf};

use page::Page;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The README, the documents and what lies beside them.
fn pages() -> Vec<Page> {
    let root = root();
    let beside = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name));
    let documents = std::fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let documents = documents.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages: Vec<Page> = beside.into_iter().chain(documents).map(|path| Page::read(&path)).collect();
    assert!(pages.len() >= 10, "{} documents", pages.len());
    pages
}

#[test]
fn the_book_has_every_document_once() {
    let summary = Page::read(&root().join("SUMMARY.md"));
    let mut chapters: Vec<PathBuf> = summary.links().iter().map(|link| root().join(link)).collect();
    let mut documents: Vec<PathBuf> = pages().into_iter().map(|page| page.path).collect();
    chapters.sort();
    documents.sort();
    assert_eq!(chapters, documents);
}

#[test]
fn the_readme_leads_to_every_document() {
    let readme = Page::read(&root().join("README.md"));
    let index: Vec<PathBuf> = readme.links_under("Read on").iter().map(|link| root().join(link)).collect();
    let missing: Vec<PathBuf> = pages()
        .into_iter()
        .map(|page| page.path)
        .filter(|path| *path != readme.path && !index.contains(path))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in page.links() {
            let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
            if path.contains("://") {
                continue;
            }
            let target = if path.is_empty() { page.path.clone() } else { page.folder().join(path) };
            let has_heading = || Page::read(&target).anchors().iter().any(|anchor| anchor == heading);
            if !target.exists() || !heading.is_empty() && !has_heading() {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_of_this_repository_that_is_named_is_there() {
    let ours = ["src/", "docs/", "deploy/", "tests/", "benches/", "migrations/", "tools/", ".ci/"];
    let mut missing = Vec::new();
    let mut found = 0;
    for page in pages() {
        for path in page.code_words().into_iter().filter(|word| ours.iter().any(|folder| word.starts_with(folder))) {
            found += 1;
            if !root().join(&path).exists() {
                missing.push(format!("{}: {path}", page.path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(found >= 15, "{found} paths");
}

#[test]
fn every_recipe_of_just_that_is_named_is_in_the_justfile() {
    let justfile = std::fs::read_to_string(root().join("justfile")).expect("justfile");
    let named: Vec<String> = pages()
        .iter()
        .flat_map(Page::code_spans)
        .filter_map(|span| span.strip_prefix("just ").map(|recipe| recipe.split(' ').next().unwrap_or("").to_owned()))
        .collect();
    assert!(!named.is_empty());
    for recipe in named {
        let is_there = |line: &str| line.split([' ', ':']).next() == Some(&recipe) && line.contains(':');
        assert!(justfile.lines().any(is_there), "just {recipe}");
    }
}

/// The program's own words, as far as a document quotes them.
fn is_said_by_the_program(quoted: &str, sources: &str) -> bool {
    let own = ["the database ", "the mail server "].iter().find_map(|what| quoted.strip_prefix(what)).unwrap_or(quoted);
    own.split('…').map(str::trim).all(|piece| sources.contains(piece))
}

#[test]
fn every_message_and_log_line_that_is_explained_is_one_of_the_programs() {
    let sources = sources(&root().join("src"));
    let operate = document("operate.md");
    let quoted: Vec<String> = ["Logs", "Messages"].iter().flat_map(|title| operate.first_column(title)).collect();
    assert!(quoted.len() >= 15, "{} messages", quoted.len());
    let strange: Vec<&String> = quoted.iter().filter(|text| !is_said_by_the_program(text, &sources)).collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

/// All code under `folder`.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let texts = entries.map(|path| if path.is_dir() { sources(&path) } else { Page::read(&path).text });
    texts.collect::<Vec<_>>().join("\n")
}

/// The text of a document beside the README.
fn document(name: &str) -> Page {
    Page::read(&root().join("docs").join(name))
}

/// A folder for one test.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_claimwatch"))
}
