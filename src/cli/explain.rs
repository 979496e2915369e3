//! `claimwatch explain`: each of a claim's clocks derived anew, held against what its alerts have stored.

use chrono::{DateTime, Timelike, Utc};
use clap::Args;
use serde::Serialize;

use super::Failure;
use super::alerts::utc;
use super::output::{counted, json, say};
use crate::app::App;
use crate::calendar::{Calendars, Zone};
use crate::claim::{DataProblem, clean_line};
use crate::explain::{By, Difference, ExplainedClock, Known, Part, Source, Stored, Verdict, explain};
use crate::scan::HorizonGuard;
use crate::store::AlertFilter;
use crate::wording::{Language, Words};

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A claim's id
    #[arg(value_name = "CLAIM")]
    claim: String,
    /// Only clocks of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// The output of `explain --json`. Source: docs/contract.md.
#[derive(Serialize)]
struct Answer<'a> {
    claim_id: &'a str,
    /// As the source spells it; `None`: the claim is gone.
    status: Option<&'a str>,
    /// The instant at which it was asked.
    at: DateTime<Utc>,
    data_problems: Vec<Problem<'a>>,
    clocks: &'a [ExplainedClock],
}

#[derive(Serialize)]
struct Problem<'a> {
    kind: &'static str,
    detail: &'a str,
}

/// So many history entries are read, the latest ones.
const MAX_HISTORY: u32 = 1_000;
/// The longest id, name or reason in a line.
const WIDE: usize = 200;
/// So many days that differ are named.
const MAX_DAYS: usize = 6;

pub async fn run(args: &ExplainArgs, app: &App) -> Result<(), Failure> {
    let plan = app.plan()?;
    let names: Vec<&str> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
    if let Some(rule) = args.rule.as_deref().filter(|rule| !names.contains(rule)) {
        return Err(Failure::usage(format!("--rule: found {rule:?}, expected one of {}", names.join(", "))));
    }
    let id = &args.claim;
    let subjects = app.store.subjects(id).await?;
    let alerts = app.store.alerts(&AlertFilter { claim: Some(id.clone()), ..AlertFilter::default() }).await?;
    if subjects.is_empty() && alerts.is_empty() {
        let shown = clean_line(id, WIDE);
        return Err(Failure::failed(format!("no claim has the id {shown:?}, and no alert is about one")));
    }
    let (_, history) = app.store.background(id, MAX_HISTORY).await?;
    let calendars: Vec<&str> = plan.calendars.names().collect();
    let mut problems = app.store.snapshot().await?.data_problems(&plan.rules, &calendars).await?;
    problems.retain(|problem| problem.claim_id == *id);
    let at = app.time.now();
    let guard = HorizonGuard { rules: &plan.rules, calendars: &plan.calendars, now: at };
    problems.extend(guard.problem_of(&subjects));

    let known = Known { subjects: &subjects, alerts: &alerts, history: &history };
    let mut clocks = explain(&known, &By { rules: &plan.rules, calendars: &plan.calendars, now: at });
    clocks.retain(|clock| args.rule.as_ref().is_none_or(|rule| clock.rule == *rule));
    let status = subjects.first().map(|subject| subject.claim.status_text.as_str());
    if args.json {
        let data_problems = problems.iter().map(|p| Problem { kind: p.kind.as_str(), detail: &p.detail }).collect();
        return json(&Answer { claim_id: id, status, at, data_problems, clocks: &clocks });
    }
    let mut texts = vec![head(id, status, at, &problems)];
    texts.extend(clocks.iter().map(|clock| describe(clock, &plan.calendars)));
    say(&texts.join("\n\n"))
}

fn head(id: &str, status: Option<&str>, at: DateTime<Utc>, problems: &[DataProblem]) -> String {
    let words = Words::new(Language::En);
    let status = status.map_or_else(|| "gone, known from its alerts".to_owned(), |status| words.status(status));
    let mut lines = vec![format!("claim {}: {status}, as of {}", clean_line(id, WIDE), utc(at))];
    lines.extend(problems.iter().map(|problem| {
        let detail = clean_line(&problem.detail, 1_000);
        format!("  data problem {}: {detail}", problem.kind)
    }));
    lines.join("\n")
}

/// A clock for a person.
fn describe(clock: &ExplainedClock, calendars: &Calendars) -> String {
    let words = Words::new(Language::En);
    let clean = |text: &str| clean_line(text, WIDE).into_owned();
    let explanation = clock.explanation.as_ref();
    let zone = explanation.and_then(|explanation| calendars.get(&explanation.calendar)).map(|calendar| calendar.zone());
    let line_of = clock.payment_id.as_deref().map(|id| format!(" of payment {}", clean(id))).unwrap_or_default();
    let past = if clock.present { "" } else { ", a past clock" };
    let mut lines = vec![format!("{}{line_of}{past}: {}", clean(&clock.rule), verdict(clock))];
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name:<9} {value}"));
        }
    };
    line("because", clock.reason.as_deref().map(clean));
    line("known", (!clock.present).then(|| format!("from {}", words.list(&sources(clock)))));
    match explanation {
        Some(explanation) => {
            let explained = words.explanation(&clock.rule, explanation, zone);
            line("started", Some(words.clauses(&[explained.start, explained.convention])));
            line("counted", Some(explained.counted));
            let skipped = words.every_skipped_day(explanation);
            line("skipped", (!skipped.is_empty()).then_some(skipped));
            line("due", Some(explained.due));
            line("stopped", clock.stopped_at.map(|at| words.instant(at, zone)));
            line("calendar", Some(explained.calendar));
            line("versions", Some(explained.versions));
            for note in explained.notes {
                line("note", Some(note));
            }
        }
        None => {
            line("started", clock.started_at.map(|at| words.instant(at, None)));
            line("stopped", clock.stopped_at.map(|at| words.instant(at, None)));
        }
    }
    line("error", clock.error.as_deref().map(clean));
    if let Some(stored) = &clock.alert {
        let state = match stored.resolution {
            Some(resolution) => format!("resolved ({})", resolution.as_str()),
            None => stored.state.as_str().replace('_', " "),
        };
        line("alert", Some(format!("{} {state}", stored.id)));
        line("stored", Some(compared(stored, zone)));
    }
    lines.join("\n")
}

fn sources(clock: &ExplainedClock) -> Vec<String> {
    let word = |source: &Source| match source {
        Source::Claim => "its columns",
        Source::Alert => "its alert",
        Source::History => "its history",
    };
    clock.known_from.iter().map(|source| word(source).to_owned()).collect()
}

fn verdict(clock: &ExplainedClock) -> String {
    let words = Words::new(Language::En);
    let late = clock.business_days_late.map(|days| words.business_days(days));
    let left = clock.business_days_left.map(|days| words.business_days(days));
    let (verdict, days) = match clock.verdict {
        Verdict::Unwatched => ("not watched", None),
        Verdict::NeverStarted => ("never started", None),
        Verdict::NoStart => ("runs, and has no start", None),
        Verdict::NotBegun => ("has not begun", None),
        Verdict::Running => ("running", left.map(|days| format!(", {days} left"))),
        Verdict::AtRisk => ("at risk", left.map(|days| format!(", {days} left"))),
        Verdict::Breached => ("breached", late.map(|days| format!(", {days} late"))),
        Verdict::Met => ("met", left.map(|days| format!(" with {days} left"))),
        Verdict::Late => ("late", late.map(|days| format!(" by {days}"))),
        Verdict::Stopped => ("stopped, in time or not", None),
        Verdict::Restarted => ("started again", None),
        Verdict::Withdrawn => ("withdrawn", None),
    };
    format!("{verdict}{}", days.unwrap_or_default())
}

/// Whether the alert's stored explanation is the same, and if not what differs.
fn compared(stored: &Stored, zone: Option<&Zone>) -> String {
    match stored.same {
        None => return "cannot be compared: no explanation can be derived now".to_owned(),
        Some(true) => return "the same explanation".to_owned(),
        Some(false) => {}
    }
    let (days, others): (Vec<_>, Vec<_>) = stored.differences.iter().partition(|found| found.what == Part::Day);
    let moved = others.iter().any(|found| found.what == Part::DueAt);
    let mut clauses: Vec<String> = others.into_iter().map(|found| difference(found, zone)).collect();
    clauses.extend(days.iter().take(MAX_DAYS).map(|found| difference(found, zone)));
    if let Some(more) = days.len().checked_sub(MAX_DAYS).filter(|more| *more > 0) {
        clauses.push(format!("{} differ too", counted(more, "more day", "more days")));
    }
    let deadline = if moved { "" } else { " (not in the deadline)" };
    format!("differs from the stored explanation{deadline}: {}", clauses.join("; "))
}

fn difference(found: &Difference, zone: Option<&Zone>) -> String {
    let text = |text: &str| if text.is_empty() { "none".to_owned() } else { clean_line(text, WIDE).into_owned() };
    let (stored, derived) = (text(&found.stored), text(&found.derived));
    let what = match found.what {
        Part::DueAt => {
            let (stored, derived) = (local(&found.stored, zone), local(&found.derived, zone));
            return format!("due {derived} (stored: {stored})");
        }
        Part::Day => {
            let date = found.date.map(|date| date.to_string()).unwrap_or_default();
            return match (found.stored.is_empty(), found.derived.is_empty()) {
                (true, _) => format!("{date} is {derived}, and was not reached"),
                (_, true) => format!("{date} was {stored}, and is not reached"),
                _ => format!("{date} was {stored}, is {derived}"),
            };
        }
        Part::Target => "the target",
        Part::Calendar => "the calendar",
        Part::ChosenBy => "what chose the calendar",
        Part::CalendarVersion => "the calendar's version",
        Part::HolidayData => "the holiday data",
        Part::TimeZone => "the time zone",
        Part::ZoneData => "the zone data",
        Part::BeyondCalendar => "the end of what the calendar knows",
    };
    format!("{what} was {stored}, is {derived}")
}

/// An instant of a difference as a clock on the wall shows it.
fn local(instant: &str, zone: Option<&Zone>) -> String {
    let Ok(at) = instant.parse::<DateTime<Utc>>() else { return instant.to_owned() };
    let local = zone.map_or(at.naive_utc(), |zone| zone.local(at));
    local.format(if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}
