//! The `sendmail` program: hands a message to the machine's own mail system.
//!
//! Its exit status says how that ended (`sysexits.h`); where the status may mean several things, an enhanced status code
//! in what it wrote to standard error decides.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::{Attempt, SendmailSettings, Transport, enhanced_status, with_ascii_domain, words};
use crate::store::StoredMail;

/// How long what it wrote is awaited after it ended: whom it started in the background may keep the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much of what it writes is kept, in bytes.
const MOST_WORDS: usize = 4096;

/// Runs the program once a message.
pub struct SendmailTransport {
    settings: SendmailSettings,
}

impl SendmailTransport {
    #[must_use]
    pub fn new(settings: SendmailSettings) -> Self {
        Self { settings }
    }

    async fn run(&self, from: &Address, to: &Address, bytes: &[u8]) -> Attempt {
        let place = self.settings.program.display();
        let mut command = Command::new(&self.settings.program);
        command.arg("-i").arg("-f").arg(with_ascii_domain(from));
        command.arg("--").arg(with_ascii_domain(to));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return not_started(&error, &format!("{place}: {error}")),
        };
        let (ended, read_all, said) = talk(child, &local_lines(bytes)).await;
        match ended {
            Ok(status) => judge(status, read_all, &said, &place.to_string()),
            Err(error) => {
                Attempt::Unknown { error: words(&format!("{place}: {error}; perhaps delivered")).into_owned() }
            }
        }
    }
}

#[async_trait]
impl Transport for SendmailTransport {
    async fn send(&self, from: &Address, to: &Address, mail: &StoredMail) -> Attempt {
        let limit = self.settings.timeout;
        timeout(limit, self.run(from, to, &mail.bytes)).await.unwrap_or_else(|_| Attempt::Unknown {
            error: format!(
                "{}: not done within {:.1} s, killed; perhaps delivered",
                self.settings.program.display(),
                limit.as_secs_f64()
            ),
        })
    }

    async fn probe(&self) -> Attempt {
        let place = self.settings.program.display();
        match fs::metadata(&self.settings.program).await {
            Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => {
                Attempt::Accepted { reply: "there".into() }
            }
            Ok(_) => Attempt::Misconfigured { error: format!("{place}: found something else, expected a program") },
            Err(error) => not_started(&error, &format!("{place}: {error}")),
        }
    }

    fn describe(&self) -> String {
        format!("the program {}", self.settings.program.display())
    }
}

/// Feeds the program and listens to it at once, so that neither waits for the other. Returns its status, whether it read
/// all of the message, and what it wrote.
async fn talk(mut child: Child, bytes: &[u8]) -> (io::Result<ExitStatus>, bool, String) {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let feed = async {
        let Some(mut stdin) = stdin else { return false };
        stdin.write_all(bytes).await.is_ok() && stdin.shutdown().await.is_ok()
    };
    let mut said = Vec::new();
    let (read_all, ended) = {
        let mut listen = std::pin::pin!(listen(stderr, &mut said));
        let work = async { tokio::join!(feed, child.wait()) };
        let mut work = std::pin::pin!(work);
        tokio::select! {
            done = &mut work => {
                let _ = timeout(LAST_WORDS, listen).await;
                done
            }
            () = &mut listen => work.await,
        }
    };
    (ended, read_all, String::from_utf8_lossy(&said).into_owned())
}

/// Reads to the end and keeps the beginning.
async fn listen(stderr: Option<ChildStderr>, said: &mut Vec<u8>) {
    let Some(mut stderr) = stderr else { return };
    let mut some = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut some).await {
        let room = MOST_WORDS.saturating_sub(said.len());
        said.extend_from_slice(&some[..read.min(room)]);
    }
}

fn not_started(error: &io::Error, said: &str) -> Attempt {
    let said = words(said).into_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Attempt::Misconfigured { error: said },
        _ => Attempt::Transient { error: said },
    }
}

/// What follows from how the program ended.
fn judge(status: ExitStatus, read_all: bool, said: &str, place: &str) -> Attempt {
    let how = match status.code() {
        Some(code) => format!("exit {code}"),
        None => format!("{status}"),
    };
    let said = said.trim();
    let error = words(&format!("{place}: {how}{}{said}", if said.is_empty() { "" } else { ": " })).into_owned();
    match (status.code(), enhanced_status(said)) {
        (Some(0), _) if read_all => Attempt::Accepted { reply: error },
        (Some(0), _) => Attempt::Misconfigured { error: format!("{error}, without reading the whole message") },
        // EX_USAGE, EX_NOPERM, EX_CONFIG; and a shell's "cannot run", "not found".
        (Some(64 | 77 | 78 | 126 | 127), _) | (_, Some((5, 7, 8 | 9))) => Attempt::Misconfigured { error },
        (_, Some((4 | 5, 2, 2))) => Attempt::Full { error },
        (_, Some((4, ..))) => Attempt::Transient { error },
        // EX_NOUSER.
        (Some(67), None) | (_, Some((5, 1, _) | (5, 2, 1))) => Attempt::Refused { error },
        // EX_DATAERR, EX_NOUSER, EX_NOHOST.
        (Some(65 | 67 | 68), _) | (_, Some((5, ..))) => Attempt::Permanent { error },
        // EX_TEMPFAIL, and what may pass: EX_UNAVAILABLE without further words, the system's errors, a signal.
        _ => Attempt::Transient { error },
    }
}

/// `bytes` with the line ends of this machine's programs: some would double the CR that others drop.
fn local_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.extend_from_slice(&rest[..at]);
        lines.push(b'\n');
        rest = &rest[at + 2..];
    }
    lines.extend_from_slice(rest);
    lines
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn ended(code: i32, said: &str) -> Attempt {
        judge(ExitStatus::from_raw(code << 8), true, said, "sendmail")
    }

    #[test]
    fn the_exit_status_decides_and_an_enhanced_code_where_it_is_vague() {
        assert!(matches!(ended(0, ""), Attempt::Accepted { .. }));
        assert!(matches!(ended(75, "queue full"), Attempt::Transient { .. }));
        assert!(matches!(ended(67, "nobody here"), Attempt::Refused { .. }));
        assert!(matches!(ended(67, "5.7.1 not from here"), Attempt::Permanent { .. }));
        assert!(matches!(ended(78, ""), Attempt::Misconfigured { .. }));
        assert!(matches!(ended(69, "cannot reach mail.example.com, port 587"), Attempt::Transient { .. }));
        assert!(matches!(ended(69, "server message: 550 5.1.1 no such user"), Attempt::Refused { .. }));
        assert!(matches!(ended(69, "server message: 451 4.7.1 greylisted"), Attempt::Transient { .. }));
        assert!(matches!(ended(65, "552 5.2.2 mailbox full"), Attempt::Full { .. }));
        assert!(matches!(judge(ExitStatus::from_raw(9), true, "", "sendmail"), Attempt::Transient { .. }));
    }

    #[test]
    fn its_words_are_kept_on_one_line() {
        let Attempt::Refused { error } = ended(67, "sendmail: x@y\nUser unknown\n") else { panic!("not for good") };
        assert_eq!(error, "sendmail: exit 67: sendmail: x@y User unknown");
    }

    #[test]
    fn a_program_is_given_its_own_line_ends() {
        assert_eq!(local_lines(b"a\r\n.\r\nb\n\rc\r\n"), b"a\n.\nb\n\rc\n");
    }
}
