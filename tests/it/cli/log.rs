//! Where the lines of `claimwatch run` go.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::Desk;

#[test]
fn lines_for_the_journal_go_to_standard_error_where_that_is_not_the_journal() {
    let desk = Desk::with("[log]\nformat = \"journald\"\n");
    // Inherited from a service whose standard error was the journal.
    let mut command = desk.command(&["run"]);
    let mut daemon = command.env("JOURNAL_STREAM", "8:123").stderr(Stdio::piped()).spawn().expect("the daemon");
    let lines = BufReader::new(daemon.stderr.take().expect("a pipe")).lines();
    let ready = lines.map(|line| line.expect("text")).find(|line| line.contains("claimwatch is ready"));
    daemon.kill().expect("its end");
    daemon.wait().expect("its end");
    let ready = ready.expect("a line");
    assert!(ready.starts_with("<6>claimwatch::daemon: claimwatch is ready database="), "{ready}");
}
