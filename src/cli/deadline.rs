//! `claimwatch deadline`: when something is due, and why.

use std::io::{self, BufWriter};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::{complain, json, say, written};
use crate::app;
use crate::calendar::{Calendar, Calendars};
use crate::claim::clean_line;
use crate::config::Settings;
use crate::scan::Plan;
use crate::sla::{DayCount, Target, due_at, explain};
use crate::wording::{Language, Words};

#[derive(Args, Debug)]
pub struct DeadlineArgs {
    /// A rule's name, or a target such as "5 business days", "5 business days elapsed", "30 days roll"
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    rule: Option<String>,
    /// When the clock starts, RFC 3339
    #[arg(long, value_name = "INSTANT", value_parser = super::scan::instant, required_unless_present = "batch",
        conflicts_with = "batch")]
    start: Option<DateTime<Utc>>,
    /// The calendar to count by [default: the rule's, else the default one]
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    calendar: Option<String>,
    /// Read lines `rule,calendar,start` from standard input; write them back with `due_at`
    #[arg(long, conflicts_with = "json")]
    batch: bool,
    #[arg(long)]
    json: bool,
}

/// The output of `deadline --json`. Source: docs/contract.md.
#[derive(Serialize)]
struct Answer<'a> {
    start: DateTime<Utc>,
    due_at: DateTime<Utc>,
    calendar: &'a str,
    rule: &'a str,
    days: &'a [DayCount],
    time_zone: &'a str,
    zone_data: &'a str,
    notes: &'a [String],
}

pub fn run(args: &DeadlineArgs, settings: &Settings) -> Result<(), Failure> {
    let plan = app::plan(settings)?;
    let (Some(rule), Some(start)) = (&args.rule, args.start) else { return batch(&plan) };
    let question = Question::read(&plan, rule, args.calendar.as_deref()).map_err(Failure::usage)?;
    let explanation =
        explain(&question.target, question.calendar, start).map_err(|error| Failure::failed(error.to_string()))?;
    if args.json {
        return json(&Answer {
            start,
            due_at: explanation.due_at,
            calendar: &explanation.calendar,
            rule,
            days: &explanation.days,
            time_zone: &explanation.time_zone,
            zone_data: &explanation.zone_data,
            notes: &explanation.notes,
        });
    }
    let words = Words::new(Language::En);
    let mut lines = vec![format!("due {}", words.instant_in_zone(explanation.due_at, question.calendar.zone()))];
    lines.extend(explanation.days.iter().map(|day| {
        let kind = serde_json::to_value(day.kind).unwrap_or_default();
        let reason = day.reason.as_deref().map(|reason| clean_line(reason, 200)).unwrap_or_default();
        format!("  {}  {:<8} {reason}", day.date.format("%a %Y-%m-%d"), kind.as_str().unwrap_or_default())
            .trim_end()
            .to_owned()
    }));
    lines.extend(explanation.notes.iter().map(|note| format!("note: {}", clean_line(note, 300))));
    lines.push(format!(
        "calendar {}, zone {} (zone data {})",
        explanation.calendar, explanation.time_zone, explanation.zone_data
    ));
    say(&lines.join("\n"))
}

/// What is asked: a target, and the calendar to count by.
struct Question<'a> {
    target: Target,
    calendar: &'a Calendar,
}

impl<'a> Question<'a> {
    fn read(plan: &'a Plan, rule: &str, calendar: Option<&str>) -> Result<Self, String> {
        let known = plan.rules.iter().find(|known| known.name == rule);
        let target = match known {
            Some(known) => known.target,
            None => rule.parse().map_err(|error| {
                let names: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
                format!("rule: {error}, or one of the rules {}", names.join(", "))
            })?,
        };
        let calendar = match calendar {
            Some(name) => named(&plan.calendars, name)?,
            None => plan.calendars.choose(None, known.and_then(|rule| rule.calendar.as_deref())).calendar,
        };
        Ok(Self { target, calendar })
    }
}

fn named<'a>(calendars: &'a Calendars, name: &str) -> Result<&'a Calendar, String> {
    calendars.get(name).map(|calendar| &**calendar).ok_or_else(|| {
        let names: Vec<&str> = calendars.names().collect();
        format!("calendar: found {:?}, expected one of {}", clean_line(name, 80), names.join(", "))
    })
}

/// Answers each line of standard input. A header is optional, and given back if there is one.
fn batch(plan: &Plan) -> Result<(), Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(io::stdin().lock());
    let mut writer = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
    let mut record = csv::ByteRecord::new();
    let mut rejected = false;
    let mut first = true;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(Failure::failed(format!("standard input: {error}"))),
        }
        let line = record.position().map_or(0, csv::Position::line);
        if std::mem::take(&mut first) && is_header(&record) {
            written(writer.write_record(["rule", "calendar", "start", "due_at"]).map_err(io::Error::from))?;
            continue;
        }
        match answer(plan, &record) {
            Ok(due_at) => {
                let fields = record.iter().chain([due_at.as_bytes()]);
                written(writer.write_record(fields).map_err(io::Error::from))?;
            }
            Err(why) => {
                rejected = true;
                complain(&format!("standard input:{line}: {why}"));
            }
        }
    }
    written(writer.flush())?;
    if rejected { Err(Failure::rejected()) } else { Ok(()) }
}

fn is_header(record: &csv::ByteRecord) -> bool {
    let bom = b"\xef\xbb\xbf";
    let names = record.iter().map(|field| field.strip_prefix(bom.as_slice()).unwrap_or(field));
    names.eq([b"rule".as_slice(), b"calendar", b"start"])
}

fn answer(plan: &Plan, record: &csv::ByteRecord) -> Result<String, String> {
    let mut fields = Vec::with_capacity(3);
    for field in record {
        fields.push(std::str::from_utf8(field).map_err(|_| "found bytes that are not UTF-8, expected text")?);
    }
    let [rule, calendar, start] = fields[..] else {
        return Err(format!("found {} fields, expected rule,calendar,start", fields.len()));
    };
    let calendar = Some(calendar).filter(|name| !name.is_empty());
    let question = Question::read(plan, rule, calendar)?;
    let start = super::scan::instant(start).map_err(|why| format!("start: {why}"))?;
    let due_at = due_at(&question.target, question.calendar, start).map_err(|error| error.to_string())?;
    Ok(due_at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
