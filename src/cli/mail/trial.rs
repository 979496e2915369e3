//! `claimwatch mail test`: one message through a configured way out, past the outbox.

use clap::Args;
use lettre::message::Mailbox;
use serde::Serialize;

use crate::app;
use crate::cli::output::{json, remark, say};
use crate::cli::{Context, Failure};
use crate::config::Settings;
use crate::delivery::transport::Attempt;
use crate::delivery::webhook::Webhook;
use crate::escalation::webhook_recipient;
use crate::mail::{Mail, trial, trial_post};
use crate::now::fresh_id;
use crate::store::StoredMail;

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Whom to send it to, as user@example.com or "Name <user@example.com>"
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox, required_unless_present = "webhook")]
    to: Option<Mailbox>,
    /// A configured webhook to post it to, in place of an address
    #[arg(long, value_name = "NAME", conflicts_with = "to")]
    webhook: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("found {text:?}, expected an address, as \"Name <user@example.com>\""))
}

/// The output of `mail test --json`.
#[derive(Serialize)]
struct Outcome<'a> {
    to: String,
    message_id: &'a str,
    /// The way out: `smtp://mail.example.com:587 (STARTTLS)`.
    transport: String,
    /// Whether the other side took it.
    accepted: bool,
    /// The other side's words, or why it was not reached.
    words: &'a str,
    /// What was said to a mail server (`>`), by it (`<`), and what happened beside that (`*`).
    conversation: &'a [String],
}

/// What came of it.
struct Tried {
    to: String,
    message_id: String,
    way: String,
    attempt: Attempt,
    conversation: Vec<String>,
}

pub async fn run(args: &TestArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let Tried { to, message_id, way, attempt, conversation } = match (&args.to, &args.webhook) {
        (Some(to), _) => send(to, &settings, context).await?,
        (None, name) => post(name.as_deref().unwrap_or_default(), &settings, context).await?,
    };
    let accepted = matches!(attempt, Attempt::Accepted { .. });
    if args.json {
        json(&Outcome {
            to: to.clone(),
            message_id: &message_id,
            transport: way.clone(),
            accepted,
            words: attempt.words(),
            conversation: &conversation,
        })?;
    }
    if accepted {
        let taken = format!("{way} took the message {message_id} for {to}: {}", attempt.words());
        return if args.json { Ok(()) } else { say(&taken) };
    }
    if !args.json {
        conversation.iter().for_each(|line| remark(line));
    }
    Err(Failure::failed(format!("{way}: {}", attempt.words())))
}

async fn send(to: &Mailbox, settings: &Settings, context: &Context) -> Result<Tried, Failure> {
    let transport = app::transport(settings)?;
    let (way, now) = (transport.describe(), context.time.now());
    let (frame, language) = (app::frame(settings), settings.policy.language);
    let mail = trial(&frame, fresh_id(now), to, language, &way, now);
    let Mail { message_id, subject, bytes, .. } = mail.map_err(|error| Failure::failed(error.to_string()))?;
    let mail = StoredMail { message_id: message_id.clone(), subject, bytes };
    let (attempt, conversation) = transport.send_aloud(&frame.from.email, &to.email, &mail).await;
    Ok(Tried { to: to.email.to_string(), message_id, way, attempt, conversation })
}

async fn post(name: &str, settings: &Settings, context: &Context) -> Result<Tried, Failure> {
    let webhooks = app::webhooks(settings)?;
    let Some(webhook) = webhooks.iter().find(|webhook| webhook.name() == name) else {
        let known: Vec<&str> = webhooks.iter().map(Webhook::name).collect();
        let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
        return Err(Failure::usage(format!("found {name:?}, expected the name of a webhook: {known}")));
    };
    let (way, now) = (webhook.describe(), context.time.now());
    let id = fresh_id(now);
    let body = trial_post(id, settings.policy.language, &way, now);
    let attempt = webhook.post(id, &body.map_err(|error| Failure::failed(error.to_string()))?, now).await;
    Ok(Tried { to: webhook_recipient(name), message_id: id.to_string(), way, attempt, conversation: Vec::new() })
}
