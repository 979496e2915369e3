//! Headers and MIME parts: multipart/mixed( multipart/alternative(text, HTML), `claims.csv` ).
//!
//! Nothing is left to chance: boundaries and the Message-ID come from the message's id, the date from `now`.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use uuid::Uuid;

use crate::escalation::Digest;

use super::render::Bodies;
use super::{Frame, Mail, MailError};

/// The attachment's name, in every language: filters and scripts look for it.
pub(super) const LIST_NAME: &str = "claims.csv";

/// The message around these bodies and this list.
pub(super) fn build(
    frame: &Frame,
    id: Uuid,
    digest: &Digest,
    now: DateTime<Utc>,
    bodies: Bodies,
    list: Vec<u8>,
) -> Result<Mail, MailError> {
    let from = harmless(&frame.from)?;
    let message_id = format!("<{id}@{}>", from.email.domain());
    let mut builder = lettre::Message::builder()
        .message_id(Some(message_id.clone()))
        .date(date(now))
        .subject(bodies.subject.clone())
        .from(from);
    if let Some(reply_to) = &frame.reply_to {
        builder = builder.reply_to(harmless(reply_to)?);
    }
    for to in &digest.to {
        builder = builder.to(harmless(to)?);
    }
    for cc in &digest.cc {
        builder = builder.cc(harmless(cc)?);
    }
    let builder = builder
        .raw_header(header("Auto-Submitted", "auto-generated")?)
        .raw_header(header("X-Auto-Response-Suppress", "All")?)
        .raw_header(header("X-Claimwatch-Level", &digest.level.to_string())?);
    let list_type = content_type("text/csv; charset=utf-8; header=present")?;
    let parts = MultiPart::mixed()
        .boundary(format!("claimwatch-{}-mixed", id.simple()))
        .multipart(
            MultiPart::alternative()
                .boundary(format!("claimwatch-{}-alternative", id.simple()))
                .singlepart(SinglePart::plain(bodies.text))
                .singlepart(SinglePart::html(bodies.html)),
        )
        .singlepart(Attachment::new(LIST_NAME.to_owned()).body(list, list_type));
    let message = builder.multipart(parts).map_err(|error| MailError::Message(error.to_string()))?;
    Ok(Mail { message_id, subject: bodies.subject, bytes: message.formatted() })
}

/// A mailbox as headers can have it: a domain in its ASCII form. The builder would panic on a control character in a
/// display name.
fn harmless(mailbox: &Mailbox) -> Result<Mailbox, MailError> {
    if let Some(name) = mailbox.name.as_ref().filter(|name| name.chars().any(char::is_control)) {
        return Err(MailError::Message(format!(
            "found a control character in the display name {name:?}, expected none"
        )));
    }
    let domain = mailbox.email.domain();
    if domain.is_ascii() {
        return Ok(mailbox.clone());
    }
    let ascii = idna::domain_to_ascii(domain).ok().and_then(|ascii| Address::new(mailbox.email.user(), ascii).ok());
    match ascii {
        Some(email) => Ok(Mailbox::new(mailbox.name.clone(), email)),
        None => Err(MailError::Message(format!("found the domain {domain:?}, expected one that has an ASCII form"))),
    }
}

/// The date header serves the years 1970 to 9999.
fn date(now: DateTime<Utc>) -> SystemTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = now.timestamp().clamp(0, LAST);
    SystemTime::from(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
}

fn header(name: &'static str, value: &str) -> Result<HeaderValue, MailError> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| MailError::Message(error.to_string()))?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

fn content_type(text: &str) -> Result<ContentType, MailError> {
    ContentType::parse(text).map_err(|error| MailError::Message(error.to_string()))
}
