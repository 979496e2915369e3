//! The transports: how each attempt ends, on real sockets, programs and files.

mod file;
mod sendmail;
mod smtp;
mod smtp_faults;

use claimwatch::delivery::transport::{Attempt, Transport};
use claimwatch::store::StoredMail;
use lettre::Address;

const FROM: &str = "claims-monitor@example.com";
const SUPPORT: &str = "support@example.com";
const LEAD: &str = "lead@example.com";

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// A message as the outbox keeps it, about `subject`.
fn mail(subject: &str) -> StoredMail {
    let bytes = format!("Message-ID: <1.2@claims.example>\r\nSubject: {subject}\r\n\r\nTwo claims are late.\r\n");
    StoredMail { message_id: "<1.2@claims.example>".into(), subject: subject.into(), bytes: bytes.into_bytes() }
}

async fn send(transport: &dyn Transport, to: &str, mail: &StoredMail) -> Attempt {
    transport.send(&address(FROM), &address(to), mail).await
}

/// What kind of outcome it is, and its words.
fn told(attempt: &Attempt) -> (&'static str, &str) {
    match attempt {
        Attempt::Accepted { reply } => ("accepted", reply),
        Attempt::Unreachable { error } => ("unreachable", error),
        Attempt::Transient { error } => ("transient", error),
        Attempt::Full { error } => ("full", error),
        Attempt::Permanent { error } => ("permanent", error),
        Attempt::Refused { error } => ("refused", error),
        Attempt::Misconfigured { error } => ("misconfigured", error),
        Attempt::Unknown { error } => ("unknown", error),
    }
}

/// Fails unless `attempt` is of that kind and its words have `words` in them.
#[track_caller]
fn assert_told(attempt: &Attempt, kind: &str, words: &str) {
    let (found, said) = told(attempt);
    assert!(found == kind && said.contains(words), "found {attempt:?}, expected {kind} with {words:?}");
}
