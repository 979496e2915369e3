//! `claimwatch outbox`: what has not been delivered and why; send again; send what is due now.

use clap::{Args, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Failure;
use super::alerts::utc;
use super::output::{counted, json, remark, say, table};
use crate::app::App;
use crate::claim::clean_line;
use crate::store::{DeliveryState, OutboxItem};

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List what has not been delivered, and why
    List(ListArgs),
    /// Make deliveries due now: waiting ones and dead letters
    Retry(RetryArgs),
    /// Send to an address again that was disabled, since its mail server refused it three times in a row
    Enable {
        /// The address, as `claimwatch check` has it
        address: String,
    },
    /// Send what is due now, and stop
    Deliver {
        /// Print the counts as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Deliveries in this state [default: pending and dead]
    #[arg(long, value_enum)]
    state: Option<StateArg>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StateArg {
    Pending,
    Sent,
    Dead,
    Settled,
    Folded,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct RetryArgs {
    /// A delivery's id, or a message's, as `outbox list` and `alerts show` have them
    #[arg(value_parser = id)]
    id: Option<Uuid>,
    /// Every delivery that is waiting or given up
    #[arg(long)]
    all: bool,
}

pub async fn run(command: OutboxCommand, app: &App) -> Result<(), Failure> {
    match command {
        OutboxCommand::List(args) => list(&args, app).await,
        OutboxCommand::Retry(args) => {
            let count = app.store.retry(args.id, app.time.now()).await?;
            if count == 0 && !args.all {
                return Err(Failure::failed("no delivery with that id waits or was given up"));
            }
            let due = counted(count, "delivery is", "deliveries are");
            say(&format!("{due} due now; the daemon or `claimwatch outbox deliver` sends what is due"))
        }
        OutboxCommand::Enable { address } => match app.store.enable_address(&address, app.time.now()).await? {
            None => Err(Failure::failed(format!("{:?} is not disabled", clean_line(&address, 200)))),
            Some(0) => say("enabled"),
            Some(due) => say(&format!("enabled; {} due now", counted(due, "message is", "messages are"))),
        },
        OutboxCommand::Deliver { json: as_json } => {
            let report = app.courier()?.drain(&CancellationToken::new()).await?;
            if as_json {
                json(&report)?;
            } else {
                say(&format!(
                    "{} sent, {} to be tried again, {} given up, {} settled meanwhile",
                    report.sent, report.again, report.dead, report.settled
                ))?;
            }
            match report.last_error {
                Some(error) if report.again + report.dead > 0 => Err(Failure::failed(error)),
                _ => Ok(()),
            }
        }
    }
}

fn id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| format!("expected an id such as {}", Uuid::nil()))
}

async fn list(args: &ListArgs, app: &App) -> Result<(), Failure> {
    let state = args.state.map(|state| match state {
        StateArg::Pending => DeliveryState::Pending,
        StateArg::Sent => DeliveryState::Sent,
        StateArg::Dead => DeliveryState::Dead,
        StateArg::Settled => DeliveryState::Settled,
        StateArg::Folded => DeliveryState::Folded,
    });
    let items = app.store.deliveries(state).await?;
    if args.json {
        return json(&items);
    }
    if items.is_empty() {
        remark(match args.state {
            None => "nothing waits and nothing was given up",
            Some(_) => "no delivery is in that state",
        });
        return Ok(());
    }
    let row = |item: &OutboxItem| {
        let when = item.sent_at.or(item.next_attempt_at).map(utc).unwrap_or_default();
        let words = item.reply.as_ref().or(item.last_error.as_ref());
        [
            item.id.to_string(),
            clean_line(&item.recipient, 40).into_owned(),
            item.state.as_str().to_owned(),
            item.attempts.to_string(),
            when,
            format!("level {}, {}", item.level, counted(item.alerts, "alert", "alerts")),
            words.map(|words| clean_line(words, 80).into_owned()).unwrap_or_default(),
        ]
    };
    say(&table(["delivery", "to", "state", "attempts", "sent or next", "about", "words"], items.iter().map(row)))
}
