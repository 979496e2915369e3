//! The journal's own protocol: each field of an event is one of the entry's, so that `journalctl RULE=review` finds it.
//! Source: systemd, "Native Journal Protocol".

use std::fmt::Debug;
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;

use super::{LONGEST_LINE, line, priority};
use crate::claim::clean_line;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// The longest name of a field.
const LONGEST_NAME: usize = 64;
/// Before a field whose name is taken.
const OURS: &str = "FIELD_";
/// Names to which the journal itself gives a meaning. Source: systemd.journal-fields(7).
const ITS_OWN: [&str; 18] = [
    "CODE_FILE",
    "CODE_FUNC",
    "CODE_LINE",
    "DOCUMENTATION",
    "ERRNO",
    "INVOCATION_ID",
    "MESSAGE",
    "MESSAGE_ID",
    "PRIORITY",
    "SYSLOG_FACILITY",
    "SYSLOG_IDENTIFIER",
    "SYSLOG_PID",
    "SYSLOG_RAW",
    "SYSLOG_TIMESTAMP",
    "TID",
    "UNIT",
    "USER_INVOCATION_ID",
    "USER_UNIT",
];

/// A way to the journal that listens on `path`.
///
/// # Errors
/// There is none.
pub(super) fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket)
}

/// Sends each event to the journal; what it does not take goes as a line to its stream.
pub(super) struct Journal<W> {
    socket: UnixDatagram,
    stream: W,
}

impl<W> Journal<W> {
    pub fn new(socket: UnixDatagram, stream: W) -> Self {
        Self { socket, stream }
    }
}

impl<S: Subscriber, W: for<'w> MakeWriter<'w> + 'static> Layer<S> for Journal<W> {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let (priority, text) = (priority(event), line(event));
        let mut entry = Entry::new(priority, &text);
        entry.add("target", event.metadata().target());
        event.record(&mut entry);
        if self.socket.send(entry.text.as_bytes()).is_err() {
            // The journal was started anew, or the entry is too long for it. Where that fails too, nobody can be told.
            let _ = writeln!(self.stream.make_writer(), "<{priority}>{text}");
        }
    }
}

/// An entry as it is sent: a field a line, each name once.
struct Entry {
    text: String,
    names: Vec<String>,
}

impl Entry {
    fn new(priority: u8, message: &str) -> Self {
        let text = format!("SYSLOG_IDENTIFIER=claimwatch\nPRIORITY={priority}\nMESSAGE={message}\n");
        Self { text, names: Vec::new() }
    }

    /// Adds a field; one whose name is taken as another of ours, and one that is taken even so not: the message has it.
    fn add(&mut self, name: &str, value: &str) {
        let name = field_name(name);
        let name = if self.is_taken(&name) { field_name(&format!("{OURS}{name}")) } else { name };
        if !name.is_empty() && !self.is_taken(&name) {
            // Without line breaks: no value can be another field.
            self.text.push_str(&format!("{name}={}\n", clean_line(value, LONGEST_LINE)));
            self.names.push(name);
        }
    }

    fn is_taken(&self, name: &str) -> bool {
        ITS_OWN.contains(&name) || self.names.iter().any(|taken| taken == name)
    }
}

/// `name` as the journal takes it: capital letters, digits and underscores, a letter first.
fn field_name(name: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = name.chars().map(|c| if valid(c) { c.to_ascii_uppercase() } else { '_' }).collect();
    let name = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit());
    name.chars().take(LONGEST_NAME).collect()
}

impl Visit for Entry {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != "message" {
            self.add(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            self.add(field.name(), &format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::tests::written_beside;
    use super::*;
    use crate::config::{LogFormat, LogLevel};

    /// A journal of a test's own.
    struct Listens {
        folder: TempDir,
        socket: UnixDatagram,
    }

    impl Listens {
        fn start() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let socket = UnixDatagram::bind(folder.path().join("socket")).expect("a socket");
            socket.set_nonblocking(true).expect("a socket");
            Self { folder, socket }
        }

        /// What `log` writes to the stream beside the socket.
        fn beside(&self, log: impl FnOnce()) -> String {
            written_beside(Some(&self.folder.path().join("socket")), LogFormat::Journald, LogLevel::Info, log)
        }

        /// The lines of the next entry, if there is one.
        fn entry(&self) -> Option<Vec<String>> {
            let mut bytes = vec![0; 1 << 20];
            let length = self.socket.recv(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned).collect())
        }
    }

    #[test]
    fn each_field_of_an_event_is_one_of_the_entry_and_none_is_forged() {
        let journal = Listens::start();
        let stream = journal.beside(|| {
            tracing::warn!(target: "scan", rule = "review", claim_id = %"C-1\nPRIORITY=0", running = 133, "late");
        });
        let expected = [
            "SYSLOG_IDENTIFIER=claimwatch",
            "PRIORITY=4",
            "MESSAGE=scan: late rule=\"review\" claim_id=C-1 PRIORITY=0 running=133",
            "TARGET=scan",
            "RULE=review",
            "CLAIM_ID=C-1 PRIORITY=0",
            "RUNNING=133",
        ];
        assert_eq!(journal.entry().expect("an entry"), expected);
        assert_eq!(stream, "", "it is told once");
    }

    #[test]
    fn no_field_is_in_an_entry_twice_or_means_what_the_journal_means_by_it() {
        let journal = Listens::start();
        journal.beside(|| {
            tracing::info!(target: "scan", priority = 0, syslog_identifier = "x", message_id = "y", target = "z", _errno = 1, "late");
            tracing::info!(target: "scan", claim_id = 1, CLAIM_ID = 2, Claim_Id = 3, "late");
        });
        let fields = |entry: Vec<String>| entry[3..].to_vec();
        let expected = [
            "TARGET=scan",
            "FIELD_PRIORITY=0",
            "FIELD_SYSLOG_IDENTIFIER=x",
            "FIELD_MESSAGE_ID=y",
            "FIELD_TARGET=z",
            "FIELD_ERRNO=1",
        ];
        assert_eq!(fields(journal.entry().expect("an entry")), expected);
        let expected = ["TARGET=scan", "CLAIM_ID=1", "FIELD_CLAIM_ID=2"];
        assert_eq!(fields(journal.entry().expect("an entry")), expected);
    }

    #[test]
    fn where_no_journal_listens_its_stream_gets_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let nobody = folder.path().join("socket");
        let late = || tracing::warn!(target: "scan", running = 133, "late");
        let stream = written_beside(Some(&nobody), LogFormat::Journald, LogLevel::Info, late);
        assert_eq!(stream, "<4>scan: late running=133\n");
    }

    #[test]
    fn what_is_too_long_for_the_journal_goes_to_its_stream_and_what_follows_to_the_journal() {
        let journal = Listens::start();
        // A megabyte in all, which no datagram takes.
        let long = "\u{1d11e}".repeat(LONGEST_LINE - 100);
        let stream = journal.beside(|| {
            let l = long.as_str();
            tracing::error!(
                target: "scan",
                a = l, b = l, c = l, d = l, e = l, f = l, g = l, h = l, i = l, j = l, k = l, m = l, n = l, o = l, p = l, q = l,
                "long"
            );
            tracing::info!(target: "scan", "short");
        });
        assert!(stream.starts_with("<3>scan: long a=\"\u{1d11e}") && stream.lines().count() == 1, "{stream:.100}");
        assert_eq!(journal.entry().expect("an entry")[2], "MESSAGE=scan: short");
        assert_eq!(journal.entry(), None);
    }

    #[test]
    fn what_a_journal_that_went_away_does_not_take_goes_to_its_stream() {
        let journal = Listens::start();
        let path = journal.folder.path().join("socket");
        let stream = written_beside(Some(&path), LogFormat::Journald, LogLevel::Info, || {
            drop(journal.socket);
            fs::remove_file(&path).expect("its socket");
            tracing::warn!(target: "scan", "late");
        });
        assert_eq!(stream, "<4>scan: late\n");
    }
}
