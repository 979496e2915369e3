//! The messages of `claimwatch mail test`: about nothing but themselves.

use chrono::{DateTime, Utc};
use lettre::message::{Mailbox, MultiPart};
use uuid::Uuid;

use crate::wording::{Language, Words};

use super::message::{automatic, date, harmless};
use super::{Frame, Mail, MailError};

/// A message to `to` that says that mail from here arrives, sent by the way out that `way` names.
///
/// # Errors
/// [`MailError`]
pub fn trial(
    frame: &Frame,
    id: Uuid,
    to: &Mailbox,
    language: Language,
    way: &str,
    now: DateTime<Utc>,
) -> Result<Mail, MailError> {
    let words = Words::new(language);
    let subject = words.say("trial-subject", []);
    let lines =
        [words.say("greeting", []), words.say("trial-arrived", [("way", way.into())]), words.say("trial-no-claim", [])];
    let text = lines.join("\n\n") + "\n";
    let paragraphs: String = lines.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n\
         {paragraphs}</body>\n</html>\n",
        language.tag(),
        escaped(&subject)
    );
    let from = harmless(&frame.from)?;
    let message_id = format!("<{id}@{}>", from.email.domain());
    let mut builder = lettre::Message::builder()
        .message_id(Some(message_id.clone()))
        .date(date(now))
        .subject(subject.clone())
        .from(from)
        .to(harmless(to)?);
    if let Some(reply_to) = &frame.reply_to {
        builder = builder.reply_to(harmless(reply_to)?);
    }
    let builder = automatic(builder, "test")?;
    let message = builder.multipart(MultiPart::alternative_plain_html(text, html.clone()));
    let message = message.map_err(|error| MailError::Message(error.to_string()))?;
    Ok(Mail { message_id, subject, bytes: message.formatted(), html, without_own_templates: None })
}

/// The same for a webhook: JSON of the shape that every message has, without facts.
///
/// # Errors
/// [`MailError`]
pub fn trial_post(id: Uuid, language: Language, way: &str, now: DateTime<Utc>) -> Result<Vec<u8>, MailError> {
    let words = Words::new(language);
    let text = [words.say("trial-posted", [("way", way.into())]), words.say("trial-no-claim", [])].join("\n");
    let body = serde_json::json!({
        "type": "claimwatch.test",
        "timestamp": now,
        "text": text,
        "data": { "message": id, "language": language.tag(), "subject": words.say("trial-subject", []) },
    });
    serde_json::to_vec(&body).map_err(|error| MailError::Message(error.to_string()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
