//! Silencing what matches, after showing how much that is; and ending a silence.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::super::super::Shared;
use super::super::asked::Asked;
use super::super::row::Rows;
use super::super::wrong::Wrong;
use super::super::{Answer, silences};
use super::confirm::{self, Question};
use super::form::Form;
use super::receipt::{self, Deed, Receipt};
use super::{Act, told};
use crate::answers::{self, MAX_TEXT, Matching, matching};
use crate::claim::clean_line;
use crate::escalation::{Glob, Matcher, Silence};
use crate::now::fresh_id;
use crate::wording::Words;

/// The fields that say what is silenced.
const FIELDS: [&str; 7] = ["rule", "program", "partner", "entity", "claim", "until", "reason"];
/// So many of the alerts that match are shown.
const SHOWN: usize = 20;

/// A silence that somebody is writing.
#[derive(Default, Serialize)]
pub(in super::super) struct Draft {
    pub rule: String,
    pub program: String,
    pub partner: String,
    pub entity: String,
    pub claim: String,
    pub until: String,
    pub reason: String,
    /// What is wrong with it, and in which field.
    pub mistake: Option<String>,
    pub field: &'static str,
}

impl Draft {
    fn of(form: &Form) -> Self {
        Self {
            rule: form.typed("rule"),
            program: form.typed("program"),
            partner: form.typed("partner"),
            entity: form.typed("entity"),
            claim: form.typed("claim"),
            until: form.typed("until"),
            reason: form.typed("reason"),
            mistake: None,
            field: "",
        }
    }

    /// The silence that it says, or the field that is wrong and what was found there.
    fn silence(&self, act: &Act<'_>) -> Result<Silence, (&'static str, String)> {
        let glob = |field, text: &String| match text.trim() {
            "" => Ok(None),
            some => match answers::line(some, MAX_TEXT) {
                Some(pattern) => Ok(Some(Glob::new(&pattern))),
                None => Err((field, text.clone())),
            },
        };
        let matcher = Matcher {
            rule: glob("rule", &self.rule)?,
            program: glob("program", &self.program)?,
            partner: glob("partner", &self.partner)?,
            entity: glob("entity", &self.entity)?,
            claim: glob("claim", &self.claim)?,
        };
        let Matcher { rule, program, partner, entity, claim } = &matcher;
        if [rule, program, partner, entity, claim].into_iter().all(Option::is_none) {
            return Err(("matcher", String::new()));
        }
        let ends_at = self.end(act).ok_or_else(|| ("until", self.until.clone()))?;
        let reason = answers::line(&self.reason, MAX_TEXT).ok_or_else(|| ("reason", self.reason.clone()))?;
        Ok(Silence {
            id: fresh_id(act.now),
            matcher,
            author: act.visitor.name.clone(),
            reason,
            created_at: act.now,
            ends_at,
            expired_at: None,
            expired_by: None,
        })
    }

    /// The beginning of the day until which it lasts, in the default calendar, if that is to come.
    fn end(&self, act: &Act<'_>) -> Option<DateTime<Utc>> {
        let zone = act.desk.facts.calendars.borrow().default().zone().clone();
        answers::instant_or_day(self.until.trim(), &zone, false).filter(|end| *end > act.now)
    }
}

pub(super) async fn add(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let added = async { save(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, added.await)
}

async fn save(act: &Act<'_>) -> Answer {
    let (facts, words) = (act.desk.facts, act.desk.asked.words());
    let draft = Draft::of(&act.form);
    let silence = match draft.silence(act) {
        Ok(silence) => silence,
        Err((field, found)) => {
            let args = [("field", field.into()), ("found", clean_line(&found, 80).into())];
            let draft = Draft { mistake: Some(words.say("page-silence-mistake", args)), field, ..draft };
            return silences::with_draft(&act.desk, StatusCode::UNPROCESSABLE_ENTITY, draft).await;
        }
    };
    let Matching { ids, by_rule, .. } = matching(&*facts.store, &silence.matcher).await?;
    if act.confirmed(ids.len()) != Some(true) {
        let until = words.instant(silence.ends_at, facts.calendars.borrow().default().zone());
        let says = vec![
            words.say("page-silence-matches", [("count", ids.len().into())]),
            words.say("page-silence-until", [("until", until.into())]),
            labelled(words, "page-matches", &silences::patterns(&silence.matcher)),
            labelled(words, "page-reason", &silence.reason),
        ];
        let figures = by_rule.iter().map(|(rule, count)| (words.rule(rule), *count)).collect();
        let question = Question {
            title: words.say("page-ask-silence", []),
            says,
            figures,
            fields: act.form.fields(&FIELDS),
            button: words.say("page-silence-save", []),
            ..asking(act, &ids, "/silences/add").await?
        };
        return Ok(confirm::ask(act.desk.asked, &question));
    }
    facts.store.add_silence(&silence, &ids).await?;
    let receipt = Receipt { count: 1, ..Receipt::new(Deed::Silenced, act.now, vec![silence.id]) };
    Ok(receipt::given(act.desk.asked, act.visitor.key(), &receipt))
}

fn labelled(words: Words, label: &str, value: &str) -> String {
    words.say("labelled", [("label", words.say(label, []).into()), ("value", clean_line(value, MAX_TEXT).into())])
}

/// The beginning of a question about these alerts.
async fn asking(act: &Act<'_>, ids: &[Uuid], action: &'static str) -> Result<Question, Wrong> {
    let facts = act.desk.facts;
    let alerts = facts.store.alerts_by_id(&ids[..ids.len().min(SHOWN)]).await?;
    let calendars = facts.calendars.borrow().clone();
    let rows = Rows::new(&act.desk, &calendars, &[], act.now);
    Ok(Question {
        title: String::new(),
        says: Vec::new(),
        figures: Vec::new(),
        rows: alerts.iter().map(|alert| rows.of(alert)).collect(),
        more: ids.len().saturating_sub(SHOWN),
        count: ids.len(),
        action,
        fields: Vec::new(),
        button: String::new(),
        changed: act.confirmed(ids.len()) == Some(false),
        back: "/silences",
    })
}

pub(super) async fn expire(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let ended = async { ask_and_end(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, ended.await)
}

async fn ask_and_end(act: &Act<'_>) -> Answer {
    let words = act.desk.asked.words();
    let id = act.form.ids("id", 1)?.first().copied().ok_or(Wrong::NotThere)?;
    let silence = known(act, id).await?;
    let Matching { ids, by_rule, .. } = matching(&*act.desk.facts.store, &silence.matcher).await?;
    if act.confirmed(ids.len()) == Some(true) {
        return end(act, id).await;
    }
    let question = Question {
        title: words.say("page-ask-expire", []),
        says: vec![
            words.say("page-expire-says", [("count", ids.len().into())]),
            labelled(words, "page-matches", &silences::patterns(&silence.matcher)),
            labelled(words, "page-reason", &silence.reason),
        ],
        figures: by_rule.iter().map(|(rule, count)| (words.rule(rule), *count)).collect(),
        fields: vec![("id".to_owned(), id.to_string())],
        button: words.say("page-silence-expire", []),
        ..asking(act, &ids, "/silences/expire").await?
    };
    Ok(confirm::ask(act.desk.asked, &question))
}

async fn known(act: &Act<'_>, id: Uuid) -> Result<Silence, Wrong> {
    let silences = act.desk.facts.store.all_silences().await?;
    silences.into_iter().find(|silence| silence.id == id).ok_or(Wrong::NotThere)
}

/// Ends the silence `id`.
pub(super) async fn end(act: &Act<'_>, id: Uuid) -> Answer {
    let store = &act.desk.facts.store;
    let silence = known(act, id).await?;
    let Matching { ids, .. } = matching(&**store, &silence.matcher).await?;
    let ended = store.expire_silence(id, act.now, &act.visitor.name, &ids).await?;
    let receipt = Receipt { count: u64::from(ended), ..Receipt::new(Deed::Expired, act.now, vec![id]) };
    Ok(receipt::given(act.desk.asked, act.visitor.key(), &receipt))
}
