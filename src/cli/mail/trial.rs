//! `claimwatch mail test`: one message through the configured way out, past the outbox.

use clap::Args;
use lettre::message::Mailbox;
use serde::Serialize;

use crate::app;
use crate::cli::output::{json, remark, say};
use crate::cli::{Context, Failure};
use crate::delivery::transport::Attempt;
use crate::mail::trial;
use crate::now::fresh_id;
use crate::store::StoredMail;

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Whom to send it to, as user@example.com or "Name <user@example.com>"
    #[arg(long, value_name = "ADDRESS", value_parser = mailbox)]
    to: Mailbox,
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

pub async fn run(args: &TestArgs, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let transport = app::transport(&settings)?;
    let (way, now) = (transport.describe(), context.time.now());
    let (frame, language) = (app::frame(&settings), settings.policy.language);
    let mail = trial(&frame, fresh_id(now), &args.to, language, &way, now);
    let mail = mail.map_err(|error| Failure::failed(error.to_string()))?;
    let mail = StoredMail { message_id: mail.message_id, subject: mail.subject, bytes: mail.bytes };
    let (attempt, conversation) = transport.send_aloud(&frame.from.email, &args.to.email, &mail).await;
    let accepted = matches!(attempt, Attempt::Accepted { .. });
    if args.json {
        json(&Outcome {
            to: args.to.email.to_string(),
            message_id: &mail.message_id,
            transport: way.clone(),
            accepted,
            words: attempt.words(),
            conversation: &conversation,
        })?;
    }
    if accepted {
        let taken = format!("{way} took the message {} for {}: {}", mail.message_id, args.to.email, attempt.words());
        return if args.json { Ok(()) } else { say(&taken) };
    }
    if !args.json {
        conversation.iter().for_each(|line| remark(line));
    }
    Err(Failure::failed(format!("{way}: {}", attempt.words())))
}
