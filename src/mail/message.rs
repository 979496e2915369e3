//! Headers and MIME parts: multipart/mixed( multipart/alternative(text, HTML), `claims.csv` ), without a list the inner alone.
//!
//! Nothing is left to chance: boundaries and the Message-ID come from the message's id, the date from `now`. Messages of one
//! thread answer its first one, and share a List-Id. Sources: RFC 2919, RFC 3834, RFC 5322.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use data_encoding::BASE64_MIME;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MessageBuilder, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::escalation::{Digest, Kind, MonthFigures};

use super::render::Bodies;
use super::{Frame, List, Mail, MailError};

/// Which message it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) id: Uuid,
    /// The first of its thread.
    pub(super) first: Uuid,
}

/// The message around these bodies and this list.
pub(super) fn build(
    frame: &Frame,
    Identity { id, first }: Identity,
    digest: &Digest,
    now: DateTime<Utc>,
    (bodies, fell_back): (Bodies, Option<String>),
    (list, file): (List, Option<Vec<u8>>),
) -> Result<Mail, MailError> {
    let from = harmless(&frame.from)?;
    let id_of = |id: Uuid| format!("<{id}@{}>", from.email.domain());
    let message_id = id_of(id);
    let list_id = list_id(&digest.thread, from.email.domain());
    let answered = (first != id).then(|| id_of(first));
    let mut builder = lettre::Message::builder()
        .message_id(Some(message_id.clone()))
        .date(date(now))
        .subject(bodies.subject.clone())
        .from(from);
    if let Some(answered) = answered {
        builder = builder.in_reply_to(answered.clone()).references(answered);
    }
    if let Some(reply_to) = &frame.reply_to {
        builder = builder.reply_to(harmless(reply_to)?);
    }
    for to in &digest.recipients.to {
        builder = builder.to(harmless(to)?);
    }
    for cc in &digest.recipients.cc {
        builder = builder.cc(harmless(cc)?);
    }
    if fell_back.is_some() {
        builder = builder.raw_header(header("X-Claimwatch-Templates", "built-in")?);
    }
    let builder = automatic(builder, kind_name(digest.kind))?
        .raw_header(header("List-Id", &list_id)?)
        .raw_header(header("X-Claimwatch-Level", &digest.level.to_string())?);
    let texts = MultiPart::alternative()
        .boundary(format!("claimwatch-{}-alternative", id.simple()))
        .singlepart(SinglePart::plain(bodies.text))
        .singlepart(SinglePart::html(bodies.html.clone()));
    let boundary = format!("claimwatch-{}-mixed", id.simple());
    let parts = match &file {
        None => match &digest.month {
            Some(month) => with_report(texts, month, &boundary)?,
            None => texts,
        },
        Some(_) => {
            let in_base64_later = Body::dangerous_pre_encoded(Vec::new(), ContentTransferEncoding::Base64);
            let csv = "text/csv; charset=utf-8; header=present";
            let media_type = content_type(if list.is_compressed { "application/gzip" } else { csv })?;
            MultiPart::mixed()
                .boundary(boundary.clone())
                .multipart(texts)
                .singlepart(Attachment::new(list.name().to_owned()).body(in_base64_later, media_type))
        }
    };
    let message = builder.multipart(parts).map_err(|error| MailError::Message(error.to_string()))?;
    let mut bytes = message.formatted();
    if let Some(file) = file {
        bytes = with_file(&bytes, &file, &boundary)?;
    }
    Ok(Mail { message_id, subject: bodies.subject, bytes, html: bodies.html, without_own_templates: fell_back })
}

/// The texts with the whole report of a month: as a page, and as CSV.
fn with_report(texts: MultiPart, month: &MonthFigures, boundary: &str) -> Result<MultiPart, MailError> {
    let attached = |name: String, media_type: &str, text: &str| {
        Ok::<_, MailError>(Attachment::new(name).body(text.as_bytes().to_vec(), content_type(media_type)?))
    };
    let page = attached(format!("report-{}.html", month.name()), "text/html; charset=utf-8", &month.page)?;
    let list =
        attached(format!("report-{}.csv", month.name()), "text/csv; charset=utf-8; header=present", &month.list)?;
    let whole = MultiPart::mixed().boundary(boundary.to_owned());
    Ok(whole.multipart(texts).singlepart(page).singlepart(list))
}

/// `message` with `file` as the body of its last part. It may be large, so that it is encoded where it is to stand.
fn with_file(message: &[u8], file: &[u8], boundary: &str) -> Result<Vec<u8>, MailError> {
    let end = format!("\r\n--{boundary}--\r\n");
    let Some(before) = message.strip_suffix(end.as_bytes()) else {
        return Err(MailError::Message(format!("expected it to end with its last part and {end:?}")));
    };
    let begins = before.len();
    let encoded = BASE64_MIME.encode_len(file.len());
    let mut bytes = Vec::with_capacity(begins + encoded + end.len());
    bytes.extend_from_slice(before);
    bytes.resize(begins + encoded, 0);
    BASE64_MIME.encode_mut(file, &mut bytes[begins..]);
    // The last line's end is that of the part.
    bytes.truncate(bytes.trim_ascii_end().len());
    bytes.extend_from_slice(end.as_bytes());
    Ok(bytes)
}

/// Says that nobody wrote it, and of what kind it is.
pub(super) fn automatic(builder: MessageBuilder, kind: &str) -> Result<MessageBuilder, MailError> {
    Ok(builder
        .raw_header(header("Auto-Submitted", "auto-generated")?)
        .raw_header(header("X-Auto-Response-Suppress", "All")?)
        .raw_header(header("X-Claimwatch-Kind", kind)?))
}

/// What filters and ticket systems tell messages apart by.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Escalation => "escalation",
        Kind::Inherited => "inherited",
        Kind::Resolved => "resolved",
        Kind::Held => "held",
        Kind::AllIsWell => "all-is-well",
        Kind::Undeliverable => "undeliverable",
        Kind::Report => "report",
    }
}

/// The List-Id of a thread, the same for all of its messages: `claimwatch <level-1.claimwatch.example.com>`. A thread whose
/// name is more than plain words has a part of its hash in it, so that no other has the same.
fn list_id(thread: &str, domain: &str) -> String {
    const MAX_SLUG: usize = 60;
    let mut slug = String::new();
    for c in thread.chars() {
        if slug.len() >= MAX_SLUG {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if !slug.is_empty() && slug == thread.replace(' ', "-") {
        return format!("claimwatch <{slug}.claimwatch.{domain}>");
    }
    let hash = Sha256::digest(thread.as_bytes());
    let part: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let slug = format!("{slug}-{part}");
    format!("claimwatch <{}.claimwatch.{domain}>", slug.trim_start_matches('-'))
}

/// A mailbox as headers can have it: a domain in its ASCII form. The builder would panic on a control character in a
/// display name.
pub(super) fn harmless(mailbox: &Mailbox) -> Result<Mailbox, MailError> {
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
pub(super) fn date(now: DateTime<Utc>) -> SystemTime {
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

#[cfg(test)]
mod tests;
