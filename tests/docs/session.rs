//! A document followed as a stranger would: its files written, its commands and statements run in order in an empty folder, and
//! what they say held against what it shows.
//!
//! A block of `console` has commands behind `$ `, each with what it says below. `…` in a line stands for any text, and alone for
//! any lines; columns may be wider. The block runs in one shell, for two minutes at most. A block of `sql` goes to `claimwatch.db`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::page::Page;
use super::{folder, program};

/// What follows a command in what a session writes: its number and exit code.
const MARK: char = '\u{1e}';

/// One command of a block, and what it is to say.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    shown: Vec<String>,
}

fn steps(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), shown: Vec::new() }),
            (None, Some(step)) => step.shown.push(line.to_owned()),
            (None, None) => panic!("output before any command: {line}"),
        }
    }
    steps
}

/// Follows `page` from an empty folder, which is left to be looked at; the number of commands and statements is added.
///
/// # Panics
/// If a command or statement fails, or says something else than is shown.
pub async fn follow(page: &Page) -> (tempfile::TempDir, usize) {
    let folder = folder();
    let mut count = 0;
    for block in page.blocks() {
        match (&block.file, block.language.as_str()) {
            (Some(file), _) => fs::write(folder.path().join(file), &block.text).expect("a file"),
            (None, "console") => {
                let steps = steps(&block.text);
                run(folder.path(), &steps).unwrap_or_else(|error| panic!("{}: {error}", page.path.display()));
                count += steps.len();
            }
            (None, "sql") => count += statements(&folder.path().join("claimwatch.db"), &block.text).await,
            _ => {}
        }
    }
    (folder, count)
}

/// Runs the steps in one shell.
fn run(folder: &Path, steps: &[Step]) -> Result<(), String> {
    let mut script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(script, "{}\nprintf '\\n{MARK}%d %d{MARK}' {number} $?", step.command);
    }
    let transcript = tempfile::NamedTempFile::new().expect("a file");
    let output = || File::options().append(true).open(transcript.path()).expect("the file");
    let beside = program().parent().expect("a folder").display();
    let mut shell = Command::new("timeout");
    shell.args(["120", "bash", "-c", &script]).current_dir(folder).env_clear().env("HOME", folder).env("TERM", "dumb");
    shell.env("PATH", format!("{beside}:/usr/bin:/bin")).stdin(std::process::Stdio::null());
    shell.stdout(output()).stderr(output()).status().expect("timeout and bash");

    let said = fs::read_to_string(transcript.path()).expect("text");
    let mut pieces = said.split(MARK);
    for (number, step) in steps.iter().enumerate() {
        let (text, end) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
        let text = text.strip_suffix('\n').unwrap_or(text);
        if end != format!("{number} 0") {
            return Err(format!("$ {}\nfailed ({end}):\n{text}", step.command));
        }
        let lines: Vec<&str> = text.lines().collect();
        if !lines_fit(&step.shown, &lines) {
            return Err(format!("$ {}\nsays:\n{text}\nand not:\n{}", step.command, step.shown.join("\n")));
        }
    }
    Ok(())
}

/// Whether `said` is as `shown`, blank lines at the end aside.
fn lines_fit(shown: &[String], said: &[&str]) -> bool {
    match shown.split_first() {
        None => said.iter().all(|line| line.trim().is_empty()),
        Some((any, rest)) if any == "…" => (0..=said.len()).any(|skipped| lines_fit(rest, &said[skipped..])),
        Some((line, rest)) if line.trim().is_empty() && rest.is_empty() => lines_fit(rest, said),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, said)| line_fits(line, first) && lines_fit(rest, said))
        }
    }
}

fn line_fits(shown: &str, said: &str) -> bool {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, said) = (words(shown), words(said));
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    true
}

/// Runs statements, and says how many there were.
async fn statements(database: &Path, text: &str) -> usize {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display()))
        .await
        .expect("the database of the steps before");
    let mut count = 0;
    for statement in text.split_inclusive(";\n") {
        let done = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        count += 1;
    }
    connection.close().await.expect("closed");
    count
}

#[test]
fn what_is_shown_is_told_from_what_is_not() {
    let fits = |shown: &str, said: &str| {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        lines_fit(&shown, &said.lines().collect::<Vec<_>>())
    };
    assert!(fits("a  b\nc … e", "a b\nc d e"));
    assert!(fits("…\nb\n…", "a\na\nb"));
    assert!(fits("x… late …y…", "xz late  w y"));
    assert!(
        !fits("a", "a\nb") && !fits("a\nb", "a") && !fits("a", "ab") && !fits("a … b", "a c") && !fits("…\nb", "a")
    );
}

#[test]
fn a_command_that_fails_or_says_something_else_is_found() {
    let folder = folder();
    let tried = |block: &str| run(folder.path(), &steps(block));
    tried("$ echo one; echo two >&2\none\ntwo\n$ X=3\n$ echo $X\n3\n").expect("as shown");
    assert!(tried("$ false\n$ true\n").expect_err("failed").contains("failed (0 1)"));
    assert!(tried("$ echo one\ntwo\n").expect_err("another").contains("and not:\ntwo"));
    assert!(tried("$ exit 0\n$ echo one\none\n").is_err(), "nothing ran after that");
}
