//! `claimwatch mail preview`: what the next scan would send, to be looked at.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::cli::Failure;
use crate::cli::alerts::utc;
use crate::cli::output::{counted, json, remark, say};
use crate::delivery::RenderError;
use crate::escalation::{Digest, Recipients, addresses, webhook_recipient};
use crate::mail::{Mail, Post};
use crate::scan::{Preview, Request, preview};

#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// What a scan at this instant would send [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = crate::cli::scan::instant)]
    at: Option<DateTime<Utc>>,
    /// The folder to write into; made if it is not there. What an earlier preview wrote there is replaced
    #[arg(long, value_name = "FOLDER", default_value = "mail-preview")]
    dir: PathBuf,
    /// Print a JSON array of what was written
    #[arg(long)]
    json: bool,
}

/// A message that was written, as `--json` shows it.
#[derive(Serialize)]
struct Written {
    subject: String,
    to: Vec<String>,
    cc: Vec<String>,
    webhooks: Vec<String>,
    level: u32,
    alerts: usize,
    /// When it would go; null: the sending hours never open again.
    send_at: Option<DateTime<Utc>>,
    /// Null: it goes to webhooks alone.
    eml: Option<PathBuf>,
    html: Option<PathBuf>,
    /// What webhooks get; null: it goes to none.
    json: Option<PathBuf>,
}

pub async fn run(args: &PreviewArgs, app: &App) -> Result<(), Failure> {
    let at = args.at.unwrap_or_else(|| app.time.now());
    let request = Request { at, since: None, dry_run: true, scheduled_for: None, term: None };
    let courier = app.courier()?;
    let Preview { messages, raised, .. } = preview(&*app.store, &app.plan()?, &request).await?;
    clear(&args.dir)?;
    let mut written = Vec::new();
    for (number, (id, first, digest)) in (1..).zip(messages) {
        let made = courier.preview((id, first), &digest, &raised, at).await;
        let made = made.map_err(|error: RenderError| Failure::failed(error.to_string()))?;
        if let Some((mail, post)) = made {
            if let Some(why) = &mail.without_own_templates {
                remark(&format!("{}: made by the built-in templates, since {why}", mail.subject));
            }
            written.push(write(&args.dir, number, (&mail, &post), &digest, at, app)?);
        }
    }
    if args.json {
        return json(&written);
    }
    if written.is_empty() {
        remark(&format!("a scan at {} would send nothing", utc(at)));
        return Ok(());
    }
    let lines = written.iter().map(|message| {
        let webhooks = message.webhooks.iter().map(|name| webhook_recipient(name));
        let to: Vec<String> = message.to.iter().chain(&message.cc).cloned().chain(webhooks).collect();
        let files = [&message.eml, &message.html, &message.json].into_iter().flatten();
        let when = match message.send_at {
            Some(send_at) if send_at == at => "at once".to_owned(),
            Some(send_at) => format!("at {}, as the sending hours open", utc(send_at)),
            None => "never: the sending hours do not open again".to_owned(),
        };
        format!(
            "{}\n  to {}; {when}{}",
            message.subject,
            to.join(", "),
            files.map(|file| format!("\n  {}", file.display())).collect::<String>()
        )
    });
    let lines: Vec<String> = lines.collect();
    let head = format!("a scan at {} would send {}:", utc(at), counted(written.len(), "message", "messages"));
    say(&format!("{head}\n\n{}", lines.join("\n\n")))
}

/// Makes the folder, without what an earlier preview left in it. Whatever else is there is left alone.
fn clear(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| cannot(dir, &error))?;
    for entry in fs::read_dir(dir).map_err(|error| cannot(dir, &error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = [".eml", ".html", ".json"];
        let is_ours =
            name.strip_prefix("preview-").is_some_and(|rest| ours.iter().any(|ending| rest.ends_with(ending)));
        if is_ours {
            fs::remove_file(entry.path()).map_err(|error| cannot(&entry.path(), &error))?;
        }
    }
    Ok(())
}

fn write(
    dir: &Path,
    number: usize,
    (mail, post): (&Mail, &Post),
    digest: &Digest,
    at: DateTime<Utc>,
    app: &App,
) -> Result<Written, Failure> {
    let path = |extension: &str| dir.join(format!("preview-{number:02}.{extension}"));
    let put = |wanted: bool, extension: &str, bytes: &[u8]| {
        let path = path(extension);
        let put = wanted.then(|| fs::write(&path, bytes).map_err(|error| cannot(&path, &error)).map(|()| path.clone()));
        put.transpose()
    };
    let Recipients { to, cc, webhooks } = &digest.recipients;
    let is_mailed = !to.is_empty() || !cc.is_empty();
    let (eml, html) = (put(is_mailed, "eml", &mail.bytes)?, put(is_mailed, "html", mail.html.as_bytes())?);
    let json = put(!webhooks.is_empty(), "json", &post.body)?;
    let policy = &app.settings.policy;
    let calendar = policy.sending_calendar(&app.settings.calendars, digest.route);
    Ok(Written {
        subject: mail.subject.clone(),
        to: addresses(to),
        cc: addresses(cc),
        webhooks: webhooks.clone(),
        level: digest.level,
        alerts: digest.alerts(),
        send_at: policy.may_send_from(calendar, at),
        eml,
        html,
        json,
    })
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}
