//! One case in words: what is late, since when and why, and who answered.

use serde::Serialize;

use crate::alert::State;
use crate::calendar::Zone;
use crate::claim::{HistoryEntry, clean_line};
use crate::escalation::claim_link;
use crate::escalation::{Case, Silenced};
use crate::wording::Words;

use super::{MAX_ID, Row};

/// The longest line of claim text in a body.
const MAX_LINE: usize = 200;
/// The longest note of a history entry or an acknowledgement.
const MAX_NOTE: usize = 600;
/// So many history entries are shown, the latest ones.
const MAX_HISTORY: usize = 5;

#[derive(Debug, Serialize)]
pub(super) struct CaseView {
    number: usize,
    claim_id: String,
    rule: String,
    late: String,
    is_late: bool,
    link: Option<String>,
    /// Where its recipient answers it.
    answer: Option<String>,
    rows: Vec<Row>,
}

impl CaseView {
    /// `case` as the one with `number`, with times in `zone`.
    pub(super) fn new(words: Words, number: usize, case: &Case, zone: Option<&Zone>, claim_url: Option<&str>) -> Self {
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
        if case.promise_broken {
            rows.text("label-promise", Some(&broken_promise(words, case, zone)));
        }
        rows.all("label-silenced", case.silenced.iter().map(|by| silenced(words, by, zone)).collect());
        if let Some(at) = alert.inherited_at {
            let day = words.short_day_of(at, zone);
            rows.text("label-inherited", Some(&words.say("inherited-on", [("day", day.into())])));
        }
        if case.reminder {
            rows.text("label-reminder", Some(&words.say("reported-before", [])));
        }
        let late = match alert.state {
            State::AtRisk => words.say("not-late-yet", []),
            State::Breached | State::Resolved => words.business_days_late(case.business_days_late),
        };
        Self {
            number,
            claim_id: clean_line(&alert.claim_id, MAX_ID).into_owned(),
            rule: words.rule(&alert.rule),
            late,
            is_late: alert.state != State::AtRisk,
            link: claim_link(claim_url, &alert.claim_id),
            answer: None,
            rows: rows.rows,
        }
    }
}

impl CaseView {
    /// The same, whose recipient answers it at that address.
    pub(super) fn answered_at(self, answer: Option<String>) -> Self {
        Self { answer, ..self }
    }

    /// The case in one line: `CLM-1: review, 3 business days late (https://…)`.
    pub(super) fn line(&self) -> String {
        let link = self.link.as_ref().map(|link| format!(" ({link})")).unwrap_or_default();
        format!("{}: {}, {}{link}", self.claim_id, self.rule, self.late)
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

/// Who took it on, when, until when it is promised, and the note.
fn acknowledged(words: Words, case: &Case, zone: Option<&Zone>) -> Option<String> {
    let alert = &case.alert;
    let at = alert.acknowledged_at?;
    let who = clean_line(alert.acknowledged_by.as_deref().unwrap_or("?"), MAX_LINE);
    let mut said = words.say("acknowledged-by", [("who", who.into()), ("date", words.short_day_of(at, zone).into())]);
    if let Some(until) = alert.acknowledged_until {
        let (end, until) = words.ending(until, zone);
        let promised = words.say("promised-until", [("end", end.into()), ("until", until.into())]);
        said = words.say("list-comma", [("first", said.into()), ("next", promised.into())]);
    }
    Some(match alert.note.as_deref() {
        Some(note) => words.say("labelled", [("label", said.into()), ("value", quoted(words, note).into())]),
        None => said,
    })
}

/// That it was not done as promised; until when that was, if the alert still has it.
fn broken_promise(words: Words, case: &Case, zone: Option<&Zone>) -> String {
    let (end, until) = match case.alert.acknowledged_until {
        Some(until) => words.ending(until, zone),
        None => ("", String::new()),
    };
    words.say("promise-broken", [("end", end.into()), ("until", until.into())])
}

fn silenced(words: Words, silenced: &Silenced, zone: Option<&Zone>) -> String {
    let (end, until) = words.ending(silenced.until, zone);
    words.say(
        "was-silenced",
        [
            ("who", clean_line(&silenced.by, MAX_LINE).into()),
            ("end", end.into()),
            ("until", until.into()),
            ("reason", quoted(words, &silenced.reason).into()),
        ],
    )
}

fn quoted(words: Words, text: &str) -> String {
    words.say("quoted", [("text", clean_line(text, MAX_NOTE).into())])
}
