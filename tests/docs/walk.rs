//! The documents' ways, walked: commands, configurations, the first quarter of an hour.

use std::fs;
use std::path::Path;
use std::process::Command;

use claimwatch::config::{Environment, Settings};

use super::page::Block;
use super::session::follow;
use super::{folder, pages, program};

/// The lines of a shell block that call claimwatch, each as its arguments.
fn calls(block: &Block) -> Vec<Vec<String>> {
    let lines = block.text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines.filter_map(|line| line.strip_prefix("claimwatch ")).map(words).collect()
}

/// The words of a shell command; double quotes keep one together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn run(folder: &Path, args: &[String]) -> Result<String, String> {
    let done = Command::new(program()).args(args).current_dir(folder).env_clear().env("HOME", folder).output();
    let done = done.expect("the program");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    if done.status.success() { Ok(String::from_utf8_lossy(&done.stdout).into_owned()) } else { Err(said) }
}

#[tokio::test]
async fn every_session_that_is_shown_is_what_happens() {
    let with_sessions =
        pages().into_iter().filter(|page| page.blocks().iter().any(|block| block.language == "console"));
    let mut followed = 0;
    for page in with_sessions {
        let (folder, steps) = follow(&page).await;
        if page.path.ends_with("docs/first-quarter-hour.md") {
            assert!(steps >= 20, "{steps} steps");
            let mails = fs::read_dir(folder.path().join("mail")).expect("mails").count();
            assert!(mails >= 3, "{mails} mails: of the first scan, and of the daemon's on both levels");
        }
        followed += 1;
    }
    assert!(followed >= 2, "{followed} documents");
}

#[test]
fn every_configuration_that_is_shown_is_accepted() {
    let file = Path::new("/etc/claimwatch/claimwatch.toml");
    let mut shown = 0;
    for page in pages() {
        for block in page.blocks().into_iter().filter(|block| block.language == "toml") {
            let settings = Settings::parse(Some(file), &block.text, &Environment::from_vars([]));
            settings.unwrap_or_else(|error| panic!("{}: {error}\n{}", page.path.display(), block.text));
            shown += 1;
        }
    }
    assert!(shown >= 2, "{shown} configurations");
}

/// `--help` last: the words before it are read, and nothing is done.
#[test]
fn every_command_line_that_is_shown_is_understood() {
    let folder = folder();
    let mut shown = 0;
    for page in pages() {
        let blocks = page.blocks().into_iter().filter(|block| block.language == "sh");
        let in_blocks = blocks.flat_map(|block| calls(&block));
        let spans = page.code_spans().into_iter();
        let spans = spans.filter_map(|span| span.strip_prefix("claimwatch ").map(words));
        // `claimwatch is ready` is a log line; a lone capital word, as in `alerts show CLAIM`, is any value.
        let spans = spans.filter(|args| args[0] != "is" && !args.iter().any(|word| word.contains('…')));
        for mut args in in_blocks.chain(spans) {
            args.push("--help".into());
            run(folder.path(), &args).unwrap_or_else(|error| panic!("{}: {args:?}: {error}", page.path.display()));
            shown += 1;
        }
    }
    assert!(shown >= 30, "{shown} command lines");
}

#[test]
fn the_demonstration_leaves_what_it_says() {
    let folder = folder();
    let args = words("demo --dir here");
    let told = run(folder.path(), &args).unwrap_or_else(|error| panic!("{error}"));
    for expected in ["What is late, and why:", "here/mail/*.eml", "here/claimwatch.db", "here/claimwatch.toml"] {
        assert!(told.contains(expected), "{expected} in:\n{told}");
    }
    assert!(fs::read_dir(folder.path().join("here/mail")).expect("mails").count() >= 2);
    run(folder.path(), &args).unwrap_or_else(|error| panic!("again: {error}"));
}
