//! `claimwatch silence`: for a while, nothing is told of the alerts that match.

use std::io::{self, IsTerminal};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::Failure;
use super::alerts::{no_instant, utc};
use super::output::{counted, json, remark, say, table};
use super::person::{By, confirmed, line};
use crate::answers::{MAX_TEXT, Matching, instant_or_day, matching};
use crate::app::App;
use crate::claim::clean_line;
use crate::escalation::{Glob, Matcher, Silence};
use crate::now::fresh_id;

#[derive(Debug, Subcommand)]
pub enum SilenceCommand {
    /// Add a silence, after saying how many open alerts match
    Add(AddArgs),
    /// List the silences that are in force
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// End a silence now: what is still late is told of by the next scan within the sending hours
    Expire {
        /// The silence's id, as `silence list` has it
        id: Uuid,
        #[command(flatten)]
        by: By,
    },
}

/// What is matched. In a pattern, * stands for any text and ? for one character; an alert must fit every pattern given.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct Patterns {
    /// The rule's name
    #[arg(long, value_name = "PATTERN")]
    rule: Option<String>,
    /// The program's id
    #[arg(long, value_name = "PATTERN")]
    program: Option<String>,
    /// The partner's name
    #[arg(long, value_name = "PATTERN")]
    partner: Option<String>,
    /// The paying entity
    #[arg(long, value_name = "PATTERN")]
    entity: Option<String>,
    /// The claim's id
    #[arg(long, value_name = "PATTERN")]
    claim: Option<String>,
}

#[derive(Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    patterns: Patterns,
    /// When it ends: an instant, or the day before which it does in the default calendar
    #[arg(long, value_name = "TIME")]
    until: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    by: By,
    /// Only say how many open alerts match
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; needed where there is no terminal to ask on
    #[arg(long)]
    yes: bool,
    /// Print the silence as JSON
    #[arg(long)]
    json: bool,
}

/// A silence as `silence add --json` shows it.
#[derive(Serialize)]
struct Added<'a> {
    dry_run: bool,
    /// Open alerts that match.
    matching: usize,
    #[serde(flatten)]
    silence: &'a Silence,
}

pub async fn run(command: SilenceCommand, app: &App) -> Result<(), Failure> {
    match command {
        SilenceCommand::Add(args) => add(&args, app).await,
        SilenceCommand::List { all, json } => list(all, json, app).await,
        SilenceCommand::Expire { id, by } => expire(id, &by, app).await,
    }
}

async fn add(args: &AddArgs, app: &App) -> Result<(), Failure> {
    let now = app.time.now();
    let silence = Silence {
        id: fresh_id(now),
        matcher: matcher(&args.patterns)?,
        author: args.by.name()?.to_owned(),
        reason: line("--reason", &args.reason, MAX_TEXT)?,
        created_at: now,
        ends_at: end(&args.until, now, app)?,
        expired_at: None,
        expired_by: None,
    };
    let must_ask = !args.dry_run && !args.yes;
    if must_ask && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage(
            "there is no terminal to ask on: expected --yes, or --dry-run to see what would be silenced",
        ));
    }
    let Matching { ids, named, .. } = matching(&*app.store, &silence.matcher).await?;
    let count = counted(ids.len(), "open alert matches", "open alerts match");
    let claims = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    if must_ask {
        remark(&format!("until {}: {count}{claims}", utc(silence.ends_at)));
        if !confirmed("Save this silence?")? {
            return Err(Failure::failed("nothing was saved"));
        }
    }
    if !args.dry_run {
        app.store.add_silence(&silence, &ids).await?;
    }
    if args.json {
        return json(&Added { dry_run: args.dry_run, matching: ids.len(), silence: &silence });
    }
    let done = if args.dry_run { "dry run: nothing was saved".to_owned() } else { format!("silence {}", silence.id) };
    say(&format!("{done}; until {}: {count}{claims}", utc(silence.ends_at)))
}

async fn list(all: bool, as_json: bool, app: &App) -> Result<(), Failure> {
    let now = app.time.now();
    let mut silences = app.store.all_silences().await?;
    silences.retain(|silence| all || silence.end() > now);
    if as_json {
        return json(&silences);
    }
    if silences.is_empty() {
        remark("no silences");
        return Ok(());
    }
    let row = |silence: &Silence| {
        let end = match &silence.expired_by {
            Some(by) => format!("{}, ended by {}", utc(silence.end()), clean_line(by, 60)),
            None => utc(silence.end()),
        };
        [
            silence.id.to_string(),
            end,
            described(&silence.matcher),
            clean_line(&silence.author, 60).into_owned(),
            clean_line(&silence.reason, 60).into_owned(),
        ]
    };
    say(&table(["silence", "until", "matches", "by", "reason"], silences.iter().map(row)))
}

async fn expire(id: Uuid, by: &By, app: &App) -> Result<(), Failure> {
    let silences = app.store.all_silences().await?;
    let Some(silence) = silences.iter().find(|silence| silence.id == id) else {
        return Err(Failure::failed(format!("there is no silence {id}; `silence list --all` has them")));
    };
    let Matching { ids, .. } = matching(&*app.store, &silence.matcher).await?;
    if !app.store.expire_silence(id, app.time.now(), by.name()?, &ids).await? {
        return Err(Failure::failed(format!("silence {id} ended at {}", utc(silence.end()))));
    }
    say(&format!("silence {id} is over; {}", counted(ids.len(), "open alert matches", "open alerts match")))
}

fn matcher(patterns: &Patterns) -> Result<Matcher, Failure> {
    let glob = |option: &str, pattern: &Option<String>| {
        pattern.as_deref().map(|pattern| line(option, pattern, MAX_TEXT).map(|pattern| Glob::new(&pattern))).transpose()
    };
    Ok(Matcher {
        rule: glob("--rule", &patterns.rule)?,
        program: glob("--program", &patterns.program)?,
        partner: glob("--partner", &patterns.partner)?,
        entity: glob("--entity", &patterns.entity)?,
        claim: glob("--claim", &patterns.claim)?,
    })
}

fn end(text: &str, now: DateTime<Utc>, app: &App) -> Result<DateTime<Utc>, Failure> {
    match instant_or_day(text, app.settings.calendars.default().zone(), false) {
        Some(end) if end > now => Ok(end),
        Some(_) => Err(Failure::usage(format!("--until: found {text:?}, which is past; expected a time to come"))),
        None => Err(Failure::usage(no_instant(text))),
    }
}

fn described(matcher: &Matcher) -> String {
    let part = |name: &str, glob: &Option<Glob>| {
        glob.as_ref().map(|glob| format!("{name} {}", clean_line(&glob.pattern(), 60)))
    };
    let parts = [
        part("rule", &matcher.rule),
        part("program", &matcher.program),
        part("partner", &matcher.partner),
        part("entity", &matcher.entity),
        part("claim", &matcher.claim),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
