//! `claimwatch token`: who may ask over HTTP.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::Failure;
use super::alerts::utc;
use super::output::{json, remark, say, table};
use super::person::line;
use crate::answers::instant_or_day;
use crate::app::App;
use crate::claim::clean_line;
use crate::now::secret_bytes;
use crate::store::{Scope, StoredToken, TokenText};

/// The longest name.
const MAX_NAME: usize = 100;

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token, and print it this once: only its digest is kept
    Add(AddArgs),
    /// List tokens, without what is secret of them
    List {
        /// Those that expired or were revoked, too
        #[arg(long)]
        all: bool,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Let in nobody any more who carries this token
    Revoke {
        /// A token's id or its name, as `token list` has them
        #[arg(value_name = "ID|NAME")]
        which: String,
    },
}

#[derive(Args, Debug)]
pub struct AddArgs {
    /// In whose name its bearer acts: what is answered with it is recorded so
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What its bearer may do
    #[arg(long, value_enum)]
    scope: ScopeArg,
    /// When it ends: an instant, the day before which it does in the default calendar, or after how long, as 90d, 12h, 4w
    #[arg(long, value_name = "TIME")]
    expires: String,
    /// Print the token and what is kept of it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeArg {
    /// Look
    Read,
    /// Look, and answer alerts
    Write,
}

/// A token as `token add --json` shows it.
#[derive(Serialize)]
struct Added<'a> {
    token: &'a str,
    #[serde(flatten)]
    stored: &'a StoredToken,
}

pub async fn run(command: TokenCommand, app: &App) -> Result<(), Failure> {
    match command {
        TokenCommand::Add(args) => add(&args, app).await,
        TokenCommand::List { all, json } => list(all, json, app).await,
        TokenCommand::Revoke { which } => revoke(&which, app).await,
    }
}

async fn add(args: &AddArgs, app: &App) -> Result<(), Failure> {
    let now = app.time.now();
    let name = line("--name", &args.name, MAX_NAME)?;
    let expires_at = end(&args.expires, now, app)?;
    let secret = secret_bytes().map_err(|error| Failure::failed(format!("no random bytes to be had: {error}")))?;
    let token = TokenText::of(&secret);
    let scope = match args.scope {
        ScopeArg::Read => Scope::Read,
        ScopeArg::Write => Scope::Write,
    };
    let (id, digest) = (token.id().to_owned(), token.digest());
    let stored = StoredToken { id, name, scope, digest, created_at: now, expires_at, revoked_at: None };
    if !app.store.add_token(&stored).await? {
        return Err(Failure::failed(format!(
            "a token named {:?} is there already; `claimwatch token revoke` ends it",
            stored.name
        )));
    }
    if args.json {
        return json(&Added { token: token.expose(), stored: &stored });
    }
    remark(&format!("token {} of {:?}, to {}, until {}", stored.id, stored.name, scope.as_str(), utc(expires_at)));
    remark("keep it now: it is not shown again");
    say(token.expose())
}

async fn list(all: bool, as_json: bool, app: &App) -> Result<(), Failure> {
    let now = app.time.now();
    let mut tokens = app.store.tokens().await?;
    tokens.retain(|token| all || token.is_valid(now));
    if as_json {
        return json(&tokens);
    }
    if tokens.is_empty() {
        remark("no tokens");
        return Ok(());
    }
    let row = |token: &StoredToken| {
        let state = match token.revoked_at {
            Some(at) => format!("revoked {}", utc(at)),
            None if token.is_valid(now) => "valid".to_owned(),
            None => "expired".to_owned(),
        };
        [
            token.id.clone(),
            clean_line(&token.name, 60).into_owned(),
            token.scope.as_str().to_owned(),
            utc(token.expires_at),
            state,
        ]
    };
    say(&table(["token", "name", "scope", "until", "state"], tokens.iter().map(row)))
}

async fn revoke(which: &str, app: &App) -> Result<(), Failure> {
    let tokens = app.store.tokens().await?;
    let named = |token: &&StoredToken| token.id == which || token.name == which.trim();
    let Some(token) = tokens.iter().filter(|token| token.revoked_at.is_none()).find(named) else {
        let shown = clean_line(which, 200);
        return Err(Failure::failed(match tokens.iter().find(named).and_then(|token| token.revoked_at) {
            Some(at) => format!("{shown:?} was revoked at {}", utc(at)),
            None => format!("there is no token {shown:?}; `claimwatch token list --all` has them"),
        }));
    };
    if !app.store.revoke_token(&token.id, app.time.now()).await? {
        return Err(Failure::failed(format!("token {} was revoked meanwhile", token.id)));
    }
    say(&format!("token {} of {:?} is revoked", token.id, clean_line(&token.name, 60)))
}

/// When a token ends that is added at `now`.
fn end(text: &str, now: DateTime<Utc>, app: &App) -> Result<DateTime<Utc>, Failure> {
    let wrong = |what: &str| {
        Failure::usage(format!(
            "--expires: found {:?}, {what}; expected a time to come: a day such as 2027-06-30, an instant with its offset, \
             or how long from now such as 90d, 12h or 4w",
            clean_line(text, 60)
        ))
    };
    let end = match span(text) {
        Some(span) => now.checked_add_signed(span).filter(|end| *end <= LAST),
        None => instant_or_day(text, app.settings.calendars.default().zone(), false),
    };
    match end {
        Some(end) if end > now => Ok(end),
        Some(_) => Err(wrong("which is past")),
        None => Err(wrong("which is no such time")),
    }
}

/// The last instant that is stored.
const LAST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(last) => last,
    None => DateTime::<Utc>::MAX_UTC,
};

/// A number of hours, days or weeks.
fn span(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u16 = number.parse().ok()?;
    match unit {
        "h" => Some(TimeDelta::hours(number.into())),
        "d" => Some(TimeDelta::days(number.into())),
        "w" => Some(TimeDelta::weeks(number.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_token_is_good_for_is_read_in_hours_days_or_weeks() {
        for (text, span_of) in [
            ("12h", Some(TimeDelta::hours(12))),
            ("90d", Some(TimeDelta::days(90))),
            ("4w", Some(TimeDelta::days(28))),
            ("90", None),
            ("d", None),
            ("", None),
            ("-1d", None),
            ("1é", None),
            ("2027-06-30", None),
        ] {
            assert_eq!(span(text), span_of, "{text:?}");
        }
    }
}
