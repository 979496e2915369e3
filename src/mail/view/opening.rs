//! How a message begins: its subject, and what is to be said before anything is listed.

use chrono::NaiveDate;
use serde::Serialize;

use crate::calendar::{FIRST_DAY, Zone};
use crate::claim::clean_line;
use crate::escalation::{Bounced, Coverage, Kind, MonthFigures};
use crate::mail::Composer;
use crate::mail::sums::Sums;
use crate::mail::templates::MAX_SUBJECT;
use crate::wording::Words;

use super::MAX_ID;
use super::month::in_all;

/// So many calendars that do not know enough are named.
const MAX_CALENDARS: usize = 3;
/// The longest address, and the longest words of a mail server.
const MAX_WORDS: usize = 200;

#[derive(Debug, Serialize)]
pub(super) struct Opening {
    subject: String,
    headline: String,
    /// The worst case; `None`: there is none.
    worst: Option<String>,
    paragraphs: Vec<String>,
    /// What the reader may do.
    answers: Vec<AnswerView>,
}

/// Something to do, and the command that does it.
#[derive(Debug, Serialize)]
struct AnswerView {
    what: String,
    command: String,
}

impl Opening {
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Headline and paragraphs, a line each, and what the reader may do.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let answers = self.answers.iter().map(|answer| format!("{}: {}", answer.what, answer.command));
        std::iter::once(self.headline.clone()).chain(self.paragraphs.iter().cloned()).chain(answers)
    }

    /// The opening of `composer`, about `what`, with times in `zone`.
    pub(super) fn new(composer: &Composer<'_>, what: &str, zone: Option<&Zone>) -> Self {
        let (words, kind) = (composer.words, composer.digest.kind);
        let worst = composer.worst.cases().first().map(|worst| {
            let claim = clean_line(&worst.alert.claim_id, MAX_ID).into_owned();
            (claim, worst.business_days_late)
        });
        let (subject, headline) = match kind {
            Kind::Escalation | Kind::Inherited => late(composer, what, worst.as_ref()),
            Kind::Resolved => resolved(composer),
            Kind::Held => {
                let count = composer.sums.cases;
                (
                    words.say("subject-held", [("count", count.into())]),
                    words.say("headline-held", [("count", count.into())]),
                )
            }
            Kind::AllIsWell => statement(words, &composer.digest.coverage),
            Kind::Undeliverable => undeliverable(words, &composer.digest.bounced),
            Kind::Report => month(words, composer.digest.month.as_ref()),
        };
        let mut paragraphs = match kind {
            Kind::Escalation => escalation(composer),
            Kind::Inherited => inherited(composer, zone),
            Kind::Resolved => {
                let args = [("count", composer.digest.settled.count.into()), ("level", composer.digest.level.into())];
                vec![words.say("resolved-told", args)]
            }
            Kind::Held => held(composer, zone),
            Kind::AllIsWell => all_is_well(words, &composer.digest.coverage),
            Kind::Undeliverable => bounced(words, &composer.digest.bounced, zone),
            Kind::Report => composer.digest.month.iter().flat_map(|month| of_month(words, month)).collect(),
        };
        paragraphs.extend(beyond(words, &composer.sums));
        let worst = worst.map(|(claim, days)| {
            words.say("worst-of-all", [("claim", claim.into()), ("late", words.business_days_late(days).into())])
        });
        Self {
            subject: clean_line(&subject, MAX_SUBJECT).into_owned(),
            headline,
            worst,
            paragraphs,
            answers: match kind {
                Kind::Held => answers(words),
                Kind::Undeliverable => composer.digest.bounced.iter().map(|bounced| enable(words, bounced)).collect(),
                _ => Vec::new(),
            },
        }
    }
}

/// Subject and headline of what is late.
fn late(composer: &Composer<'_>, what: &str, worst: Option<&(String, u32)>) -> (String, String) {
    let Composer { words, sums, digest, .. } = composer;
    let (claim, days) = worst.cloned().unwrap_or_default();
    let id = match digest.kind {
        Kind::Inherited => "subject-inherited",
        _ if sums.reminders == sums.cases => "subject-reminder",
        _ => "subject",
    };
    let subject = words.say(
        id,
        [
            ("what", what.into()),
            ("total", sums.cases.into()),
            ("claim", claim.into()),
            ("days", words.business_days(days).into()),
            ("level", digest.level.into()),
        ],
    );
    (subject, words.say("headline", [("what", what.into()), ("total", sums.cases.into())]))
}

/// Subject and headline of what is settled.
fn resolved(composer: &Composer<'_>) -> (String, String) {
    let Composer { words, digest, settled, .. } = composer;
    let count = digest.settled.count;
    let claim = settled.first().map(|alert| clean_line(&alert.claim_id, MAX_ID)).unwrap_or_default();
    let subject = words.say(
        if claim.is_empty() { "subject-resolved-count" } else { "subject-resolved" },
        [
            ("count", count.into()),
            ("claim", claim.into()),
            ("more", count.saturating_sub(1).into()),
            ("level", digest.level.into()),
        ],
    );
    (subject, words.say("headline-resolved", [("count", count.into())]))
}

/// Subject and headline of a statement about everything.
fn statement(words: Words, coverage: &Coverage) -> (String, String) {
    let late = late_in_all(coverage);
    let id = match (late, coverage.data_problems) {
        (0, 0) => "subject-all-is-well",
        (0, _) => "subject-nothing-late",
        _ => "subject-statement",
    };
    let args = [
        ("late", late.into()),
        ("running", coverage.running.values().sum::<u64>().into()),
        ("problems", coverage.data_problems.into()),
    ];
    let headline = if late == 0 { "headline-nothing-late" } else { "headline-statement" };
    (words.say(id, args), words.say(headline, [("late", late.into())]))
}

fn late_in_all(coverage: &Coverage) -> u64 {
    coverage.open.values().map(|(_, late)| late).sum()
}

fn escalation(composer: &Composer<'_>) -> Vec<String> {
    let Composer { words, digest, sums, .. } = composer;
    let id = if digest.level == 1 { "level-first" } else { "level-next" };
    let mut paragraphs = vec![words.say(id, [("level", digest.level.into())])];
    match sums.reminders {
        0 => {}
        all if all == sums.cases => paragraphs.push(words.say("all-reminders", [("total", all.into())])),
        some => {
            let args = [("reminded", some.into()), ("new", (sums.cases - some).into())];
            paragraphs.push(words.say("some-reminders", args));
        }
    }
    paragraphs
}

fn inherited(composer: &Composer<'_>, zone: Option<&Zone>) -> Vec<String> {
    let Composer { words, sums, .. } = composer;
    let mut paragraphs = vec![words.say("inherited", [("total", sums.cases.into())])];
    if let Some((first, last)) = sums.inherited {
        let (first, last) = (words.short_day_of(first, zone), words.short_day_of(last, zone));
        paragraphs.push(if first == last {
            words.say("inherited-counted", [("day", first.into())])
        } else {
            words.say("inherited-counted-each", [("first", first.into()), ("last", last.into())])
        });
    }
    paragraphs
}

fn held(composer: &Composer<'_>, zone: Option<&Zone>) -> Vec<String> {
    let Composer { words, digest, sums, .. } = composer;
    let mut paragraphs = Vec::new();
    if let Some(plausible) = digest.plausible {
        let mut args = vec![
            ("instant", words.instant_in_zone(digest.at, zone).into()),
            ("count", digest.alerts().into()),
            ("limit", plausible.limit.into()),
        ];
        let id = if plausible.usual.is_some() { "held-why" } else { "held-why-without-habit" };
        args.extend(plausible.usual.map(|usual| ("usual", usual.into())));
        paragraphs.push(words.say(id, args));
    }
    paragraphs.push(words.say("held-kept", []));
    if sums.cases < digest.alerts() {
        paragraphs.push(words.say("held-fewer", [("count", sums.cases.into())]));
    }
    paragraphs.push(words.say("held-look", []));
    paragraphs
}

fn answers(words: Words) -> Vec<AnswerView> {
    let answer = |what, command| AnswerView { what: words.say(what, []), command: words.say(command, []) };
    vec![answer("held-release", "held-release-command"), answer("held-discard", "held-discard-command")]
}

/// Subject and headline of addresses that are refused.
fn undeliverable(words: Words, bounced: &[Bounced]) -> (String, String) {
    let address = bounced.first().map(|bounced| clean_line(&bounced.address, MAX_ID)).unwrap_or_default();
    let say = |id| words.say(id, [("count", bounced.len().into()), ("address", address.as_ref().into())]);
    (say("subject-undeliverable"), say("headline-undeliverable"))
}

fn bounced(words: Words, bounced: &[Bounced], zone: Option<&Zone>) -> Vec<String> {
    let each = bounced.iter().map(|Bounced { address, since, words: said, levels }| {
        let levels: Vec<String> = levels.iter().map(u32::to_string).collect();
        words.say(
            "bounced",
            [
                ("address", clean_line(address, MAX_WORDS).into()),
                ("instant", words.instant_in_zone(*since, zone).into()),
                ("words", clean_line(said, MAX_WORDS).into()),
                ("count", levels.len().into()),
                ("levels", words.list(&levels).into()),
            ],
        )
    });
    each.chain([words.say("bounced-others", [])]).collect()
}

/// Subject and headline of a month.
fn month(words: Words, month: Option<&MonthFigures>) -> (String, String) {
    let Some(month) = month else { return Default::default() };
    let (met, judged) = in_all(month);
    let name = words.month_of(month.from);
    let program = month.program.as_deref().map(|program| clean_line(program, MAX_ID)).unwrap_or_default();
    let args = || {
        let what = if program.is_empty() { "all" } else { "some" };
        let figures = [("met", met.into()), ("judged", judged.into()), ("late", (judged - met).into())];
        figures.into_iter().chain([
            ("month", name.as_str().into()),
            ("what", what.into()),
            ("program", program.as_ref().into()),
        ])
    };
    (words.say("subject-month", args()), words.say("headline-month", args()))
}

fn of_month(words: Words, month: &MonthFigures) -> Vec<String> {
    let (page, list) = (format!("report-{}.html", month.name()), format!("report-{}.csv", month.name()));
    let attached = words.say("month-attached", [("page", page.into()), ("list", list.into())]);
    let counted = words.say("month-counted", []);
    let nothing = month.rules.is_empty().then(|| words.say("month-nothing", []));
    nothing.into_iter().chain([counted, attached]).collect()
}

fn enable(words: Words, bounced: &Bounced) -> AnswerView {
    let command = words.say("bounced-enable-command", [("address", clean_line(&bounced.address, MAX_WORDS).into())]);
    AnswerView { what: words.say("bounced-enable", []), command }
}

fn all_is_well(words: Words, coverage: &Coverage) -> Vec<String> {
    let told = (late_in_all(coverage) > 0).then(|| words.say("well-told", []));
    told.into_iter().chain([words.say("well-purpose", [])]).collect()
}

fn beyond(words: Words, sums: &Sums) -> Option<String> {
    if sums.beyond == 0 {
        return None;
    }
    let mut known: Vec<String> = sums.known.iter().take(MAX_CALENDARS).map(|known| knows(words, known)).collect();
    let more = sums.known.len() - known.len();
    if more > 0 {
        known.push(words.say("beyond-more-calendars", [("count", more.into())]));
    }
    Some(words.say("beyond-calendars", [("count", sums.beyond.into()), ("known", words.clauses(&known).into())]))
}

/// What a calendar's origin knows: `fr (FR, until 2040-12-31)`.
fn knows(words: Words, (calendar, source, from, until): &(String, String, NaiveDate, NaiveDate)) -> String {
    let id = if *from == FIRST_DAY { "beyond-known-until" } else { "beyond-known-between" };
    words.say(
        id,
        [
            ("calendar", clean_line(calendar, MAX_ID).into()),
            ("source", clean_line(source, MAX_ID).into()),
            ("from", from.to_string().into()),
            ("until", until.to_string().into()),
        ],
    )
}
