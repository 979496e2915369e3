//! `claimwatch deadline`: when something is due, and why.

use std::io::{self, BufWriter, ErrorKind};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::{complain, counted, json, remark, say, written};
use crate::app;
use crate::calendar::{Calendar, Calendars, ChosenBy};
use crate::claim::clean_line;
use crate::config::Settings;
use crate::import::{Malformed, Record, Records};
use crate::scan::Plan;
use crate::sla::{Beyond, Counting, DayKind, Explanation, Target, due_at, explain};
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
    /// Print the answer as JSON
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
    days: Vec<Day<'a>>,
    time_zone: &'a str,
    zone_data: &'a str,
    notes: &'a [String],
    calendar_version: &'a str,
    /// `None`: it was asked for by name.
    chosen_by: Option<ChosenBy>,
    holiday_data: Option<&'a str>,
    beyond_calendar: Option<&'a Beyond>,
}

/// A day of the answer.
#[derive(Serialize)]
struct Day<'a> {
    date: NaiveDate,
    kind: DayKind,
    reason: Option<&'a str>,
    estimated: bool,
}

pub fn run(args: &DeadlineArgs, settings: &Settings) -> Result<(), Failure> {
    let plan = app::plan(settings)?;
    settings.warnings.iter().for_each(|warning| remark(warning));
    let (Some(rule), Some(start)) = (&args.rule, args.start) else { return batch(&plan) };
    let question =
        Question::read(&plan, rule, args.calendar.as_deref()).map_err(|why| Failure::usage(format!("--{why}")))?;
    let mut explanation = explain(&question.target, question.calendar, start)
        .map_err(|error| Failure::usage(format!("--start: {error}")))?;
    explanation.chosen_by = question.chosen_by;
    if args.json {
        return json(&Answer {
            start,
            due_at: explanation.due_at,
            calendar: &explanation.calendar,
            rule,
            days: explanation
                .days
                .iter()
                .map(|day| Day {
                    date: day.date,
                    kind: day.kind,
                    reason: day.reason.as_deref(),
                    estimated: day.estimated,
                })
                .collect(),
            time_zone: &explanation.time_zone,
            zone_data: &explanation.zone_data,
            notes: &explanation.notes,
            calendar_version: &explanation.calendar_version,
            chosen_by: explanation.chosen_by,
            holiday_data: explanation.holiday_data.as_deref(),
            beyond_calendar: explanation.beyond_calendar.as_ref(),
        });
    }
    say(&describe(rule, &question, &explanation))
}

/// The answer for a person.
fn describe(rule: &str, question: &Question<'_>, explanation: &Explanation) -> String {
    let words = Words::new(Language::En);
    let explained = words.explanation(rule, explanation, question.calendar.zone());
    let at_the = if question.target.counting == Counting::EndOfDay { "at the " } else { "" };
    let mut lines = vec![format!("due {at_the}{}: before {}", explained.due, instant_text(explanation.due_at))];
    lines.extend(explanation.days.iter().map(|day| {
        let kind = serde_json::to_value(day.kind).unwrap_or_default();
        let reason = day.reason.as_deref().map(|reason| clean_line(reason, 200)).unwrap_or_default();
        let estimated = if day.estimated { " (estimated)" } else { "" };
        format!("  {}  {:<8} {reason}{estimated}", day.date.format("%a %Y-%m-%d"), kind.as_str().unwrap_or_default())
            .trim_end()
            .to_owned()
    }));
    lines.extend(explanation.notes.iter().map(|note| format!("note: {}", clean_line(note, 300))));
    lines.push(format!("calendar {}; zone {}", explained.calendar, explanation.time_zone));
    lines.push(explained.versions);
    lines.join("\n")
}

/// What is asked: a target, and the calendar to count by.
struct Question<'a> {
    target: Target,
    calendar: &'a Calendar,
    /// `None`: it was asked for by name.
    chosen_by: Option<ChosenBy>,
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
        let (calendar, chosen_by) = match calendar {
            Some(name) => (named(&plan.calendars, name)?, None),
            None => {
                let choice = plan.calendars.choose(None, known.and_then(|rule| rule.calendar.as_deref()));
                (&**choice.calendar, Some(choice.by))
            }
        };
        Ok(Self { target, calendar, chosen_by })
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
    let mut records = Records::new(io::stdin().lock());
    let mut record = Record::default();
    let mut answers = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
    let mut rejected = false;
    let mut first = true;
    let read = loop {
        let is_first = std::mem::take(&mut first);
        let answered = match records.read(&mut record) {
            Err(error) => break Err(Failure::failed(format!("standard input: {error}"))),
            Ok(Ok(false)) => break Ok(()),
            Ok(Ok(true)) if is_first && fields(&record).eq(HEADER) => Ok("due_at".to_owned()),
            Ok(Ok(true)) => answer(plan, &record).map_err(|why| (record.line(), why, false)),
            Ok(Err(malformed)) => Err(describe_malformed(malformed)),
        };
        match answered {
            Ok(last) => match answers.write_record(fields(&record).chain([last.as_str()])).map_err(io::Error::from) {
                // Nobody reads on.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                other => written(other)?,
            },
            Err((line, why, is_last)) => {
                rejected = true;
                complain(&format!("standard input:{line}: {why}"));
                if is_last {
                    break Ok(());
                }
            }
        }
    };
    written(answers.flush())?;
    read?;
    if rejected { Err(Failure::rejected()) } else { Ok(()) }
}

const HEADER: [&str; 3] = ["rule", "calendar", "start"];

fn fields(record: &Record) -> impl Iterator<Item = &str> {
    (0..record.field_count()).map(|field| record.get(field).trim())
}

/// Where, what, and whether the lines after it cannot be told apart.
fn describe_malformed(malformed: Malformed) -> (u64, String, bool) {
    let Malformed { line, field, found, expected, ends_file } = malformed;
    let name = HEADER.get(field).copied().unwrap_or("a fourth field");
    let rest = if ends_file { "; the lines after it were not read" } else { "" };
    (line, format!("{name}: found {found}, expected {expected}{rest}"), ends_file)
}

fn answer(plan: &Plan, record: &Record) -> Result<String, String> {
    let given: Vec<&str> = fields(record).take(HEADER.len()).collect();
    let (&[rule, calendar, start], 3) = (&given[..], record.field_count()) else {
        return Err(format!(
            "found {}, expected rule,calendar,start",
            counted(record.field_count(), "field", "fields")
        ));
    };
    let calendar = Some(calendar).filter(|name| !name.is_empty());
    let question = Question::read(plan, rule, calendar)?;
    let start = super::scan::instant(start).map_err(|why| format!("start: {why}"))?;
    let due_at = due_at(&question.target, question.calendar, start).map_err(|error| format!("start: {error}"))?;
    Ok(instant_text(due_at))
}

fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
