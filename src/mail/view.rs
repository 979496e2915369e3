//! What the templates are given: every fact of the message in words, cleaned, in the order in which it is read.

use chrono::NaiveDate;
use serde::Serialize;

use crate::calendar::{FIRST_DAY, Zone};
use crate::claim::{HistoryEntry, clean_line};
use crate::escalation::Case;
use crate::wording::Words;

use super::{Composer, Sums, claim_link};

/// The longest line of claim text in a body.
const MAX_LINE: usize = 200;
/// The longest claim id in a subject or heading.
const MAX_ID: usize = 60;
/// The longest note of a history entry or an acknowledgement.
const MAX_NOTE: usize = 600;
/// So many history entries are shown, the latest ones.
const MAX_HISTORY: usize = 5;
/// So many calendars that do not know enough are named.
const MAX_CALENDARS: usize = 3;
/// The longest subject.
const MAX_SUBJECT: usize = 250;

/// The whole message.
#[derive(Debug, Serialize)]
pub(super) struct View {
    lang: &'static str,
    subject: String,
    headline: String,
    worst: String,
    level: String,
    /// How many cases are reminders; `None`: no one is.
    reminders: Option<String>,
    /// How many cases were counted beyond what their calendar knows; `None`: no one was.
    beyond: Option<String>,
    rules: Vec<RuleView>,
    money: Vec<String>,
    money_missing: Option<String>,
    cases: Vec<CaseView>,
    /// What is said of the cases that are not in the body; `None`: they all are.
    more: Option<String>,
    covers: String,
    support_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct RuleView {
    what: String,
    worst: String,
}

#[derive(Debug, Serialize)]
struct CaseView {
    number: usize,
    claim_id: String,
    rule: String,
    late: String,
    link: Option<String>,
    rows: Vec<Row>,
}

/// A label and what is to be said under it, a line each.
#[derive(Debug, Serialize)]
struct Row {
    label: String,
    values: Vec<String>,
}

impl View {
    /// What `composer` says, with an attachment that lists `listed` cases.
    pub(super) fn new(composer: &mut Composer<'_>, listed: usize) -> Self {
        let Composer { frame, digest, now, words, zones, shown, sums, .. } = composer;
        let words = *words;
        let cases: Vec<CaseView> = (1..)
            .zip(shown.iter())
            .map(|(number, case)| {
                let zone = zones.of(&case.alert.explanation);
                CaseView::new(words, number, case, zone, frame.claim_url.as_deref())
            })
            .collect();
        let rules = by_rule(words, sums);
        let what = words.list(&rules.iter().map(|rule| rule.what.clone()).collect::<Vec<_>>());
        let worst = shown.first();
        let worst_id = worst.map(|case| clean_line(&case.alert.claim_id, MAX_ID)).unwrap_or_default();
        let worst_days = worst.map_or(0, |case| case.business_days_late);
        let subject = words.say(
            if sums.reminders == sums.cases { "subject-reminder" } else { "subject" },
            [
                ("what", what.as_str().into()),
                ("total", sums.cases.into()),
                ("claim", worst_id.clone().into()),
                ("days", words.business_days(worst_days).into()),
                ("level", digest.level.into()),
            ],
        );
        let zone = worst.and_then(|case| zones.of(&case.alert.explanation));
        Self {
            lang: digest.language.tag(),
            subject: clean_line(&subject, MAX_SUBJECT).into_owned(),
            headline: words.say("headline", [("what", what.into()), ("total", sums.cases.into())]),
            worst: words.say(
                "worst-of-all",
                [("claim", worst_id.into()), ("late", words.business_days_late(worst_days).into())],
            ),
            level: words
                .say(if digest.level == 1 { "level-first" } else { "level-next" }, [("level", digest.level.into())]),
            reminders: reminders(words, sums),
            beyond: beyond(words, sums),
            rules,
            money: sums.money.iter().map(|money| words.money(money)).collect(),
            money_missing: (sums.money.uncounted() > 0)
                .then(|| words.say("held-up-without-amount", [("count", sums.money.uncounted().into())])),
            more: more(words, sums.cases, cases.len(), listed),
            cases,
            covers: words.say("covers", [("instant", words.instant_in_zone(*now, zone).into())]),
            support_url: frame.support_url.clone(),
        }
    }
}

fn reminders(words: Words, sums: &Sums) -> Option<String> {
    match sums.reminders {
        0 => None,
        all if all == sums.cases => Some(words.say("all-reminders", [("total", all.into())])),
        some => Some(words.say("some-reminders", [("reminded", some.into()), ("new", (sums.cases - some).into())])),
    }
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

/// The rules with something late, the worst first.
fn by_rule(words: Words, sums: &Sums) -> Vec<RuleView> {
    let mut rules: Vec<_> = sums.by_rule.iter().collect();
    rules.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.worst_days));
    rules
        .into_iter()
        .map(|(rule, sum)| RuleView {
            what: words.rule_count(rule, sum.cases),
            worst: words.say("worst-of-rule", [("days", words.business_days(sum.worst_days).into())]),
        })
        .collect()
}

fn more(words: Words, cases: usize, shown: usize, listed: usize) -> Option<String> {
    let more = cases - shown;
    if more == 0 {
        None
    } else if listed < cases {
        let args = [("count", more.into()), ("listed", listed.into()), ("total", cases.into())];
        Some(words.say("more-than-attachment", args))
    } else {
        Some(words.say("more-in-attachment", [("count", more.into())]))
    }
}

impl CaseView {
    fn new(words: Words, number: usize, case: &Case, zone: Option<&Zone>, claim_url: Option<&str>) -> Self {
        let alert = &case.alert;
        let explained = words.explanation(&alert.rule, &alert.explanation, zone);
        let mut rows = Rows { words, rows: Vec::new() };
        rows.text("label-partner", alert.partner_name.as_deref());
        rows.text("label-title", case.title.as_deref());
        rows.text("label-program", alert.program_id.as_deref());
        rows.text("label-line", alert.payment_id.as_deref());
        rows.text("label-entity", alert.paying_entity.as_deref());
        rows.text("label-amount", amount(words, case).as_deref());
        rows.text("label-status", Some(&words.status(&alert.claim_status)));
        rows.rows.push(Row {
            label: explained.started,
            values: vec![words.clauses(&[explained.start, explained.convention])],
        });
        rows.text("label-counted", Some(&explained.counted));
        let nothing = || words.say("nothing-skipped", []);
        let skipped = if explained.skipped.is_empty() { nothing() } else { explained.skipped };
        rows.all("label-skipped", vec![skipped]);
        rows.text("label-due", Some(&explained.due));
        rows.all("label-calendar", vec![explained.calendar, explained.versions]);
        rows.all("label-note", explained.notes);
        rows.all("label-history", history(words, &case.history, zone));
        rows.all("label-acknowledged", acknowledged(words, case, zone).into_iter().collect());
        if case.reminder {
            rows.text("label-reminder", Some(&words.say("reported-before", [])));
        }
        Self {
            number,
            claim_id: clean_line(&alert.claim_id, MAX_ID).into_owned(),
            rule: words.rule(&alert.rule),
            late: words.business_days_late(case.business_days_late),
            link: claim_link(claim_url, &alert.claim_id),
            rows: rows.rows,
        }
    }
}

struct Rows {
    words: Words,
    rows: Vec<Row>,
}

impl Rows {
    /// A row of one text, unless there is none.
    fn text(&mut self, label: &str, text: Option<&str>) {
        let text = text.map(|text| clean_line(text, MAX_LINE).trim().to_owned());
        self.all(label, text.filter(|text| !text.is_empty()).into_iter().collect());
    }

    /// A row of these lines, unless there are none.
    fn all(&mut self, label: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.rows.push(Row { label: self.words.say(label, []), values });
        }
    }
}

fn amount(words: Words, case: &Case) -> Option<String> {
    let amount = case.alert.amount?;
    Some(case.alert.currency.map_or_else(|| amount.to_string(), |currency| words.amount(amount, currency)))
}

fn history(words: Words, history: &[HistoryEntry], zone: Option<&Zone>) -> Vec<String> {
    let latest = history.len().saturating_sub(MAX_HISTORY);
    history[latest..]
        .iter()
        .map(|entry| {
            let date = entry.at.map_or_else(|| words.say("history-no-date", []), |at| words.short_day_of(at, zone));
            let status = words.status(entry.status.as_deref().unwrap_or("?"));
            match entry.note.as_deref().map(|note| quoted(words, note)) {
                Some(note) => words
                    .say("history-entry", [("date", date.into()), ("status", status.into()), ("note", note.into())]),
                None => words.say("history-entry-without-note", [("date", date.into()), ("status", status.into())]),
            }
        })
        .collect()
}

fn acknowledged(words: Words, case: &Case, zone: Option<&Zone>) -> Option<String> {
    let at = case.alert.acknowledged_at?;
    let who = clean_line(case.alert.acknowledged_by.as_deref().unwrap_or("?"), MAX_LINE);
    let date = words.short_day_of(at, zone);
    Some(match case.alert.note.as_deref() {
        Some(note) => words.say(
            "acknowledged-by-note",
            [("who", who.into()), ("date", date.into()), ("note", quoted(words, note).into())],
        ),
        None => words.say("acknowledged-by", [("who", who.into()), ("date", date.into())]),
    })
}

fn quoted(words: Words, text: &str) -> String {
    words.say("quoted", [("text", clean_line(text, MAX_NOTE).into())])
}
