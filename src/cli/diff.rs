//! `claimwatch diff`: what another configuration would change, before it does.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;

use super::alerts::utc;
use super::beside::{Beside, name};
use super::output::{counted, json, remark, say, table};
use super::scan::{instant, some};
use super::{Context, Failure, GLOBAL};
use crate::claim::clean_line;
use crate::escalation::webhook_recipient;
use crate::scan::{Both, CalendarDiff, ClockDiff, Diff, Foretold, Kind, Outcome, ProgramDiff, Side, diff};

/// The global `--config` is taken for the new configuration here: `config` is that option, under another name.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The new configuration
    #[arg(id = "new", long = "config", value_name = "FILE", help_heading = GLOBAL)]
    new: PathBuf,
    /// The present configuration, whose database is looked at [default: /etc/claimwatch/claimwatch.toml, else
    /// ./claimwatch.toml, else built-in defaults]; `claimwatch --config FILE diff …` says the same
    #[arg(id = "config", long = "from", value_name = "FILE")]
    from: Option<PathBuf>,
    /// The instant of the scans that are compared, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<DateTime<Utc>>,
    /// How many claims to name of each kind, for every rule and program
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    examples: usize,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// The longest text of a claim in a table.
const WIDE: usize = 32;

pub async fn run(args: &DiffArgs, context: &Context) -> Result<(), Failure> {
    let beside = Beside::open(args.from.as_deref(), &args.new, context).await?;
    let found = compare(args, &beside).await;
    beside.app.store.close().await;
    let found = found?;
    if args.json { json(&found) } else { say(&describe(&found, name(&beside.app.settings), &args.new, args.examples)) }
}

async fn compare(args: &DiffArgs, Beside { app, new_plan, .. }: &Beside) -> Result<Diff, Failure> {
    let at = args.at.unwrap_or_else(|| app.time.now());
    let present = &*app.settings;
    let last = app.store.finished_scan_until(at).await?;
    if last.is_some_and(|last| last.settings != present.decision_fingerprint()) {
        remark(&format!(
            "the last scan decided by other settings than {}: what these change is left out",
            name(present)
        ));
    }
    Ok(diff(&*app.store, &app.plan()?, new_plan, at, args.examples).await?)
}

/// The comparison for a person.
fn describe(diff: &Diff, present: String, new: &Path, examples: usize) -> String {
    if diff.is_nothing() {
        return "nothing would change".into();
    }
    let mut parts =
        vec![format!("a scan at {} by {} instead of {present}; nothing was changed", utc(diff.at), new.display())];
    if !diff.settings.is_empty() {
        let rows = diff.settings.iter().map(|setting| {
            let value = |value: &Option<String>| clean_line(value.as_deref().unwrap_or("none"), 120).into_owned();
            [clean(&setting.setting), value(&setting.values.present), value(&setting.values.new)]
        });
        parts.push(table(["setting", "present", "new"], rows));
    }
    if diff.has_no_effect() {
        parts.push("no deadline, alert or message would change".into());
        return parts.join("\n\n");
    }
    if !diff.programs.is_empty() {
        let head = ["rule", "program", "calendar", "clocks", "deadlines", "alerts", "told about"];
        parts.push(table(head, diff.programs.iter().map(program_row)));
    }
    parts.push(messages(diff));
    let Outcome { scan: now, .. } = &diff.present;
    let then = &diff.new.scan;
    if now.data_problems != then.data_problems {
        parts.push(format!("data problems  {} → {}", now.data_problems, then.data_problems));
    }
    parts.extend(KINDS.iter().filter_map(|(kind, title)| worst(diff, *kind, title, examples)));
    parts.join("\n\n")
}

fn program_row(program: &ProgramDiff) -> [String; 7] {
    let ProgramDiff { deadlines, alerts, told, .. } = program;
    let moved = [
        (deadlines.earlier, "earlier"),
        (deadlines.later, "later"),
        (deadlines.watched, "watched anew"),
        (deadlines.unwatched, "unwatched"),
    ];
    let changed = [
        (alerts.raised.breached, "raised"),
        (alerts.raised.at_risk, "raised at risk"),
        (alerts.withdrawn.total(), "withdrawn"),
        (alerts.to_breached, "breached, not at risk"),
        (alerts.to_at_risk, "at risk, not breached"),
    ];
    let calendar = match &program.calendar {
        None => String::new(),
        Some(CalendarDiff { unknown: Some(asked), names }) => format!("{} is not there: {}", clean(asked), names.new),
        Some(CalendarDiff { names, .. }) if names.present == names.new => format!("{}, other days", names.new),
        Some(CalendarDiff { names, .. }) => format!("{} → {}", names.present, names.new),
    };
    [
        clean(&program.rule),
        program.program.as_deref().map_or("none".into(), clean),
        calendar,
        program.clocks.to_string(),
        some(&moved),
        some(&changed),
        if told.present == told.new { told.new.to_string() } else { format!("{} → {}", told.present, told.new) },
    ]
}

/// What would be sent, and when.
fn messages(diff: &Diff) -> String {
    let (present, new) = (&diff.present, &diff.new);
    if present.messages == new.messages && present.send_at == new.send_at {
        return format!("messages due: {}, the same by both", new.messages.len());
    }
    let list = |outcome: &Outcome, who: &str| {
        let when = match outcome.send_at {
            _ if outcome.messages.is_empty() => String::new(),
            Some(at) if at == diff.at => ", at once".into(),
            Some(at) => format!(", when the sending hours open at {}", utc(at)),
            None => ", never: the sending hours do not open".into(),
        };
        let number = counted(outcome.messages.len(), "message", "messages");
        let lines = outcome.messages.iter().map(message_line);
        std::iter::once(format!("{who}: {number} due{when}")).chain(lines).collect::<Vec<_>>().join("\n")
    };
    format!("{}\n{}", list(present, "present"), list(new, "new"))
}

fn message_line(message: &Foretold) -> String {
    let webhooks = message.webhooks.iter().map(|name| webhook_recipient(name));
    let to = message.to.iter().chain(&message.cc).cloned().chain(webhooks).collect::<Vec<_>>().join(", ");
    let about = some(&[(message.escalated, "late"), (message.reminded, "reminded of")]);
    format!("  level {} to {to}: {about}", message.level)
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::Earlier, "deadlines that would be earlier"),
    (Kind::Later, "deadlines that would be later"),
    (Kind::Watched, "clocks that would be watched anew"),
    (Kind::Unwatched, "clocks that nobody would watch"),
    (Kind::Raised, "alerts that would be raised"),
    (Kind::Withdrawn, "alerts that would be withdrawn"),
    (Kind::ToBreached, "alerts that would be breached, not at risk"),
    (Kind::ToAtRisk, "alerts that would be at risk, not breached"),
];

/// The worst clocks of one kind, of all programs together as many for each rule as there are for a program.
fn worst(diff: &Diff, kind: Kind, title: &str, examples: usize) -> Option<String> {
    let mut clocks: Vec<(&ProgramDiff, &ClockDiff)> = Vec::new();
    for of_rule in diff.programs.chunk_by(|one, other| one.rule == other.rule) {
        let of_program = |program| Vec::from_iter(examples_of(program, kind).map(move |clock| (program, clock)));
        let mut worst: Vec<_> = of_rule.iter().flat_map(of_program).collect();
        worst.sort_by_key(|(_, clock)| std::cmp::Reverse(kind.severity(&clock.sides, diff.at)));
        clocks.extend(worst.into_iter().take(examples));
    }
    let row = |(program, clock): &(&ProgramDiff, &ClockDiff)| {
        let Both { present, new } = &clock.sides;
        [
            clean(&program.rule),
            clean(&clock.claim_id),
            clock.payment_id.as_deref().map(clean).unwrap_or_default(),
            side_text(present),
            side_text(new),
        ]
    };
    let head = ["rule", "claim", "payment", "present", "new"];
    (!clocks.is_empty()).then(|| format!("{title}:\n{}", table(head, clocks.iter().map(row))))
}

fn examples_of(program: &ProgramDiff, kind: Kind) -> impl Iterator<Item = &ClockDiff> {
    program.examples.get(&kind).into_iter().flatten()
}

fn side_text(side: &Side) -> String {
    let state = side.state.map(|state| state.as_str().replace('_', " "));
    let due = side.due_at.map_or("no deadline".into(), utc);
    let calendar = side.calendar.as_deref().map(clean);
    [Some(due), calendar, state].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn clean(text: &str) -> String {
    clean_line(text, WIDE).into_owned()
}
