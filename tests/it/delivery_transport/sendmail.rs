//! The `sendmail` program, played by the small scripts in `tests/data/sendmail`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use claimwatch::delivery::transport::{SendmailSettings, TransportSettings, connect};
use claimwatch::now::Stopwatch;

use super::{FROM, LEAD, SUPPORT, assert_told, mail, send};

fn settings(script: &str) -> SendmailSettings {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sendmail").join(script);
    SendmailSettings { program, timeout: Duration::from_secs(30) }
}

#[tokio::test]
async fn the_program_gets_both_addresses_and_the_whole_message() {
    let world = tempfile::tempdir().expect("a temporary directory");
    let kept: PathBuf = world.path().join("kept");
    // The script keeps what it is given in the file that the sender's local part names, escaped for an address.
    let from = format!("{}@example.com", kept.display());
    let mut sent = mail("late");
    sent.bytes.extend_from_slice(format!(".\r\n{}\r\n", "x".repeat(200_000)).as_bytes());
    let transport = connect(&TransportSettings::Sendmail(settings("keep")));
    let attempt = transport.send(&super::address(&from), &super::address(LEAD), &sent).await;
    assert_told(&attempt, "accepted", "exit 0: queued as 4711");
    let expected =
        format!("-i\n-f\n{from}\n--\n{LEAD}\n{}", String::from_utf8_lossy(&sent.bytes).replace("\r\n", "\n"));
    assert_eq!(fs::read_to_string(kept).expect("what the script kept"), expected);
}

#[tokio::test]
async fn its_exit_status_and_words_decide() {
    for (script, to, kind, words) in [
        ("exit", "75@example.com", "transient", "exit 75: refused for 75@example.com"),
        ("exit", "67@example.com", "refused", "exit 67: refused"),
        ("exit", "65@example.com", "permanent", "exit 65: refused"),
        ("exit", "78@example.com", "misconfigured", "exit 78: refused"),
        ("missing", SUPPORT, "misconfigured", "tests/data/sendmail/missing: No such file"),
        ("README", SUPPORT, "misconfigured", "Permission denied"),
    ] {
        let transport = connect(&TransportSettings::Sendmail(settings(script)));
        assert_told(&send(&*transport, to, &mail("late")).await, kind, words);
    }
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_in_time() {
    let settings = SendmailSettings { timeout: Duration::from_millis(300), ..settings("hang") };
    let began = Stopwatch::start();
    let attempt = send(&*connect(&TransportSettings::Sendmail(settings)), SUPPORT, &mail("late")).await;
    assert_told(&attempt, "unknown", "not done within 0.3 s, killed");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_helper_that_it_leaves_behind_is_not_waited_for() {
    let began = Stopwatch::start();
    let transport = connect(&TransportSettings::Sendmail(settings("background")));
    assert_told(&send(&*transport, SUPPORT, &mail("late")).await, "accepted", "exit 0: handed on");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_program_that_ends_well_without_reading_the_message_is_not_believed() {
    let mut large = mail("late");
    large.bytes.resize(1 << 20, b'x');
    let transport = connect(&TransportSettings::Sendmail(settings("deaf")));
    let attempt = transport.send(&super::address(FROM), &super::address(SUPPORT), &large).await;
    assert_told(&attempt, "misconfigured", "without reading the whole message");
}

#[tokio::test]
async fn a_program_that_is_there_is_not_run_to_find_out() {
    for (script, kind, words) in [
        ("hang", "accepted", "there"),
        ("README", "misconfigured", "expected a program"),
        ("missing", "misconfigured", "No such file"),
    ] {
        assert_told(&connect(&TransportSettings::Sendmail(settings(script))).probe().await, kind, words);
    }
}
