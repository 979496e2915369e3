//! The journal's own protocol: each field of an event is one of the entry's, so that `journalctl RULE=review` finds it.
//! Source: systemd, "Native Journal Protocol".

use std::fmt::Debug;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{LONGEST_LINE, line, priority};
use crate::claim::clean_line;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";
/// The longest name of a field.
const LONGEST_NAME: usize = 64;

/// Sends each event to the journal.
pub(super) struct Journal {
    socket: UnixDatagram,
}

impl Journal {
    pub fn connect(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        Ok(Self { socket })
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let (priority, text) = (priority(event), line(event));
        let mut entry = Entry(format!("SYSLOG_IDENTIFIER=claimwatch\nPRIORITY={priority}\nMESSAGE={text}\n"));
        entry.add("target", event.metadata().target());
        event.record(&mut entry);
        if self.socket.send(entry.0.as_bytes()).is_err() {
            // The journal was started anew, or the entry is too long for it: the stream takes it.
            eprintln!("<{priority}>{text}");
        }
    }
}

/// An entry as it is sent: a field a line.
struct Entry(String);

impl Entry {
    fn add(&mut self, name: &str, value: &str) {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = name.chars().map(|c| if valid(c) { c.to_ascii_uppercase() } else { '_' }).collect();
        let name = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit());
        let name = &name[..name.len().min(LONGEST_NAME)];
        if !name.is_empty() {
            // Without line breaks: no value can be another field.
            self.0.push_str(&format!("{name}={}\n", clean_line(value, LONGEST_LINE)));
        }
    }
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
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn each_field_of_an_event_is_one_of_the_entry_and_none_is_forged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let receiver = UnixDatagram::bind(&path).expect("a socket");
        let journal = Journal::connect(&path).expect("the journal");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(journal), || {
            tracing::warn!(target: "scan", rule = "review", claim_id = %"C-1\nPRIORITY=0", running = 133, "late");
        });
        let mut bytes = [0; 4096];
        let length = receiver.recv(&mut bytes).expect("an entry");
        let entry = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let expected = [
            "SYSLOG_IDENTIFIER=claimwatch",
            "PRIORITY=4",
            "MESSAGE=scan: late rule=\"review\" claim_id=C-1 PRIORITY=0 running=133",
            "TARGET=scan",
            "RULE=review",
            "CLAIM_ID=C-1 PRIORITY=0",
            "RUNNING=133",
        ];
        assert_eq!(entry.lines().collect::<Vec<_>>(), expected);
    }
}
