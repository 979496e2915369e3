//! What a server's reply, or its silence, means for the message in hand. No I/O.
//!
//! Sources: RFC 5321 section 4.2 (reply codes), RFC 3463 (enhanced codes), RFC 4954 section 6 (authentication).

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::super::{Attempt, enhanced_status, words};

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Connect,
    /// The TLS handshake that comes before anything else.
    Tls,
    /// The server's greeting and its answer to EHLO.
    Greeting,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message itself and its final dot.
    Message,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Tls => "TLS handshake",
            Self::Greeting => "greeting",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Message => "end of the message",
        })
    }
}

/// What follows from lettre's `error` at `step`.
pub(super) fn judge_error(step: Step, error: &Error) -> Attempt {
    if let Some(code) = error.status() {
        return judge_refusal(step, code.into(), &cause(error));
    }
    let tls = matches!(step, Step::Tls | Step::StartTls) && is_invalid_data(error);
    let error = format!("{step}: {}", words(&cause(error)));
    if tls { Attempt::Misconfigured { error } } else { lost(step, error) }
}

/// What follows from the refusal `code` (4xx or 5xx) at `step`, with the server's words.
fn judge_refusal(step: Step, code: u16, said: &str) -> Attempt {
    let error = format!("{step}: {code} {}", words(said));
    let status = enhanced_status(said);
    match code {
        _ if matches!(status, Some((4 | 5, 2, 2))) => Attempt::Full { error },
        // RFC 1870: 552 also says that the message is larger than the server ever takes.
        552 if step >= Step::Mail && !matches!(status, Some((5, 3, 4))) => Attempt::Full { error },
        ..500 => put_off(step, error),
        530 | 534 | 535 | 538 => Attempt::Misconfigured { error },
        _ if step < Step::Mail || matches!(status, Some((5, 7, 8 | 9))) => Attempt::Misconfigured { error },
        550 | 551 | 553 if step == Step::Rcpt && status.is_none() => Attempt::Refused { error },
        // RFC 3463: an address that is wrong or has moved, a mailbox that is disabled.
        _ if step == Step::Rcpt && matches!(status, Some((5, 1, _) | (5, 2, 1))) => Attempt::Refused { error },
        _ => Attempt::Permanent { error },
    }
}

/// What follows from a reply at `step` that is neither the one expected there nor a refusal.
pub(super) fn judge_unexpected(step: Step, response: &Response) -> Attempt {
    lost(step, format!("{step}: unexpected reply {}", text_of(response)))
}

/// What follows from silence at `step` for as long as `waited`.
pub(super) fn judge_silence(step: Step, waited: Duration) -> Attempt {
    lost(step, format!("{step}: no answer within {:.1} s", waited.as_secs_f64()))
}

/// Without a clear answer: before the end of the message nothing was delivered, after it nobody knows.
fn lost(step: Step, error: String) -> Attempt {
    match step {
        Step::Message => Attempt::Unknown { error: format!("{error}; perhaps delivered") },
        _ => put_off(step, error),
    }
}

/// Not now: about the server until it was given a message, then about the message.
fn put_off(step: Step, error: String) -> Attempt {
    if step < Step::Mail { Attempt::Unreachable { error } } else { Attempt::Transient { error } }
}

/// A reply as one line: `250 2.0.0 queued as 4711`.
pub(super) fn text_of(response: &Response) -> String {
    let said: Vec<_> = response.message().collect();
    format!("{} {}", response.code(), words(&said.join(" ")))
}

/// The innermost cause in its own words; lettre's text repeats the kinds of error around it.
pub(super) fn cause(error: &Error) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.to_string() {
        text if text == "incomplete response" => "the server closed the connection".into(),
        text => text,
    }
}

/// Whether TLS itself refused (certificate, protocol), as opposed to a connection that broke: rustls says `InvalidData`.
fn is_invalid_data(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::InvalidData;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(attempt: &Attempt) -> &'static str {
        match attempt {
            Attempt::Accepted { .. } => "accepted",
            Attempt::Unreachable { .. } => "unreachable",
            Attempt::Transient { .. } => "transient",
            Attempt::Full { .. } => "full",
            Attempt::Permanent { .. } => "permanent",
            Attempt::Refused { .. } => "refused",
            Attempt::Misconfigured { .. } => "misconfigured",
            Attempt::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn a_refusal_means_what_its_code_and_its_step_say() {
        for (step, code, said, expected) in [
            (Step::Mail, 451, "4.3.0 try later", "transient"),
            (Step::Message, 421, "4.3.2 shutting down", "transient"),
            (Step::Rcpt, 450, "4.2.2 mailbox full", "full"),
            (Step::Rcpt, 552, "5.2.2 mailbox full", "full"),
            (Step::Message, 552, "storage exceeded", "full"),
            (Step::Mail, 552, "5.3.4 message too big", "permanent"),
            (Step::Rcpt, 550, "5.1.1 no such user", "refused"),
            (Step::Rcpt, 550, "no such user", "refused"),
            (Step::Rcpt, 550, "5.2.1 mailbox disabled", "refused"),
            (Step::Rcpt, 550, "5.7.1 relaying denied", "permanent"),
            (Step::Rcpt, 554, "relay access denied", "permanent"),
            (Step::Mail, 550, "5.1.8 bad sender", "permanent"),
            (Step::Message, 550, "5.1.1 no such user", "permanent"),
            (Step::Message, 554, "looks like spam", "permanent"),
            (Step::Mail, 530, "5.7.0 authentication required", "misconfigured"),
            (Step::Rcpt, 550, "5.7.8 not authenticated", "misconfigured"),
            (Step::Auth, 535, "5.7.8 wrong password", "misconfigured"),
            (Step::Auth, 454, "4.7.0 temporary failure", "unreachable"),
            (Step::Greeting, 421, "4.3.2 too many connections", "unreachable"),
            (Step::Greeting, 554, "no service here", "misconfigured"),
            (Step::StartTls, 502, "not implemented", "misconfigured"),
        ] {
            assert_eq!(kind(&judge_refusal(step, code, said)), expected, "{step} {code} {said}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_servers_words_on_one_harmless_line() {
        let Attempt::Refused { error } = judge_refusal(Step::Rcpt, 550, "no\r\nsuch \u{1b}[31muser") else {
            panic!("a refusal for good")
        };
        assert_eq!(error, "RCPT TO: 550 no  such  [31muser");
    }

    #[test]
    fn silence_is_harmless_until_the_message_was_handed_over() {
        assert_eq!(kind(&judge_silence(Step::Greeting, Duration::from_secs(1))), "unreachable");
        assert_eq!(kind(&judge_silence(Step::Data, Duration::from_secs(1))), "transient");
        assert_eq!(kind(&judge_silence(Step::Message, Duration::from_secs(1))), "unknown");
    }
}
