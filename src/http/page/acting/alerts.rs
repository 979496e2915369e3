//! Answering alerts: acknowledge with a promise, snooze, and take either back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::super::Shared;
use super::super::asked::Asked;
use super::super::row::{Row, Rows};
use super::super::sheet::{self, Sheet};
use super::super::wrong::Wrong;
use super::super::{Answer as Answered, Desk};
use super::confirm::{self, Question};
use super::form::Form;
use super::receipt::{self, Deed, Receipt};
use super::{Act, FEW, told};
use crate::alert::{Alert, Answer, Refusal};
use crate::answers::{self, Given, MAX_NOTE};
use crate::calendar::Calendars;
use crate::claim::clean_line;
use crate::wording::Words;

/// So many alerts are answered with one form, at most: more than a list has on a page.
pub(super) const MOST: usize = 100;
/// The fields that say what is answered.
const FIELDS: [&str; 5] = ["id", "do", "promise", "note", "quiet"];

/// What somebody wants to answer.
pub(super) struct Wish {
    pub deed: Deed,
    /// The day, as it was typed.
    day: String,
    note: Option<String>,
}

/// What somebody typed that cannot be meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The field's name.
    pub field: &'static str,
    pub found: String,
}

/// The form again, with what was typed and what is wrong.
#[derive(Serialize)]
pub(super) struct View {
    pub rows: Vec<Row>,
    pub ids: Vec<String>,
    pub mistake: Option<String>,
    /// The field that is wrong.
    pub field: &'static str,
    pub typed: Typed,
    /// Where the form goes.
    pub action: String,
}

/// What stands in the fields of a form.
#[derive(Default, Serialize)]
pub(super) struct Typed {
    pub promise: String,
    pub note: String,
    pub quiet: String,
}

impl Typed {
    pub fn of(form: &Form) -> Self {
        Self { promise: form.typed("promise"), note: form.typed("note"), quiet: form.typed("quiet") }
    }
}

impl Wish {
    /// What `form` asks for.
    ///
    /// # Errors
    /// [`Wrong`] for what no form of ours says.
    pub fn read(form: &Form) -> Result<Result<Self, Mistake>, Wrong> {
        let found = form.value("do").unwrap_or_default();
        let (deed, day) = match found {
            "acknowledge" => (Deed::Acknowledged, form.typed("promise")),
            "unacknowledge" => (Deed::Unacknowledged, String::new()),
            "snooze" => (Deed::Snoozed, form.typed("quiet")),
            "unsnooze" => (Deed::Unsnoozed, String::new()),
            _ => {
                let expected = "acknowledge, unacknowledge, snooze, unsnooze".to_owned();
                return Err(Wrong::Parameter { name: "do", found: found.to_owned(), expected });
            }
        };
        let note = match form.value("note").filter(|note| deed == Deed::Acknowledged && !note.trim().is_empty()) {
            None => None,
            Some(note) => match answers::line(note, MAX_NOTE) {
                Some(note) => Some(note),
                None => return Ok(Err(Mistake { field: "note", found: note.to_owned() })),
            },
        };
        Ok(Ok(Self { deed, day, note }))
    }

    /// The answer to `alert`, with days as its calendar has them: a promise holds to the end of its day, quiet until the
    /// beginning of its.
    pub fn answer(&self, alert: &Alert, calendars: &Calendars) -> Result<Answer, Mistake> {
        let zone = answers::zone_of(alert, calendars);
        let until = |field, to_its_end| {
            answers::instant_or_day(self.day.trim(), zone, to_its_end)
                .ok_or_else(|| Mistake { field, found: self.day.clone() })
        };
        Ok(match self.deed {
            Deed::Acknowledged => Answer::Acknowledge { until: until("promise", true)?, note: self.note.clone() },
            Deed::Snoozed => Answer::Snooze { until: until("quiet", false)? },
            Deed::Unsnoozed => Answer::Unsnooze,
            _ => Answer::Unacknowledge,
        })
    }

    /// The day in words.
    fn day_in(&self, words: Words) -> String {
        self.day.trim().parse().map_or_else(|_| clean_line(&self.day, 40).into_owned(), |day| words.date(day))
    }

    /// The field that is wrong if the answer is refused so; `None`: none, the alert itself is not to be answered so.
    pub fn field_of(refusal: Refusal) -> Option<&'static str> {
        match refusal {
            Refusal::PromisePast => Some("promise"),
            Refusal::QuietPast => Some("quiet"),
            _ => None,
        }
    }
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, asked: Asked, form: Form) -> Response {
    let answered = async { give(&Act::begin(&shared, &asked, form)?).await };
    told(&asked, answered.await)
}

async fn give(act: &Act<'_>) -> Answered {
    let (facts, asked) = (act.desk.facts, act.desk.asked);
    let ids = act.form.ids("id", MOST)?;
    let mut alerts = facts.store.alerts_by_id(&ids).await?;
    alerts.sort_by_key(|alert| ids.iter().position(|id| *id == alert.id));
    let again = Again { desk: &act.desk, form: &act.form, alerts: &alerts, now: act.now, action: "/alerts/answer" };
    if alerts.is_empty() {
        return again.because(("", asked.words().say("page-nothing-chosen", []))).await;
    }
    let wish = match Wish::read(&act.form)? {
        Ok(wish) => wish,
        Err(mistake) => return again.because(again.mistake(&mistake)).await,
    };
    let calendars = facts.calendars.borrow().clone();
    let sorted = answers::sort(alerts.iter().cloned(), act.now, |alert| wish.answer(alert, &calendars));
    let Given { answers, refused } = match sorted {
        Ok(given) => given,
        Err(mistake) => return again.because(again.mistake(&mistake)).await,
    };
    // A day that is past is a mistake for all of them; an alert that is resolved by now is left out.
    let past = refused.iter().map(|(_, why)| *why).find(|why| Wish::field_of(*why).is_some());
    if let Some(why) = past.or_else(|| refused.first().map(|(_, why)| *why).filter(|_| answers.is_empty())) {
        return again.because(again.refusal(why)).await;
    }
    if answers.len() > FEW && act.confirmed(answers.len()) != Some(true) {
        return ask(act, &wish, &alerts, &answers).await;
    }
    let done = facts.store.answer(act.now, &act.visitor.name, &answers).await?;
    let lost = answers.iter().map(|(id, _)| *id).filter(|id| !done.contains(id));
    let missed = refused.iter().map(|(alert, _)| alert.id).chain(lost).collect();
    let receipt = Receipt { missed, ..Receipt::new(wish.deed, act.now, done) };
    Ok(receipt::given(asked, act.visitor.key(), &receipt))
}

/// Asks whether so many are meant.
async fn ask(
    act: &Act<'_>,
    wish: &Wish,
    alerts: &[Alert],
    answers: &[(uuid::Uuid, Answer)],
) -> Result<Response, Wrong> {
    let (facts, words) = (act.desk.facts, act.desk.asked.words());
    let calendars = facts.calendars.borrow().clone();
    let silences = facts.store.all_silences().await?;
    let rows = Rows::new(&act.desk, &calendars, &silences, act.now);
    let count = answers.len();
    let meant = alerts.iter().filter(|alert| answers.iter().any(|(id, _)| *id == alert.id));
    let args = [("deed", wish.deed.name().into()), ("count", count.into()), ("day", wish.day_in(words).into())];
    Ok(confirm::ask(
        act.desk.asked,
        &Question {
            title: words.say("page-ask-answer", args),
            says: wish.note.iter().cloned().collect(),
            figures: Vec::new(),
            rows: meant.map(|alert| rows.of(alert)).collect(),
            more: 0,
            count,
            action: "/alerts/answer",
            fields: act.form.fields(&FIELDS),
            button: words.say("page-yes", [("count", count.into())]),
            changed: act.confirmed(count) == Some(false),
            back: "/alerts",
        },
    ))
}

/// Shows the form again: nothing was done.
pub(super) struct Again<'a> {
    pub desk: &'a Desk<'a>,
    pub form: &'a Form,
    pub alerts: &'a [Alert],
    pub now: DateTime<Utc>,
    pub action: &'a str,
}

impl Again<'_> {
    /// The field that is wrong, and what is wrong with it.
    pub fn mistake(&self, mistake: &Mistake) -> (&'static str, String) {
        let found = clean_line(&mistake.found, 80).into_owned();
        let args = [("field", mistake.field.into()), ("found", found.into())];
        (mistake.field, self.desk.asked.words().say("page-mistake", args))
    }

    /// The same, where an alert cannot be answered so.
    pub fn refusal(&self, why: Refusal) -> (&'static str, String) {
        let args = [("why", why.as_str().into()), ("count", self.alerts.len().into())];
        (Wish::field_of(why).unwrap_or_default(), self.desk.asked.words().say("page-refused", args))
    }

    async fn because(&self, (field, mistake): (&'static str, String)) -> Answered {
        let view = self.view(field, Some(mistake)).await?;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(sheet::respond(self.desk.asked, status, &Sheet { template: "answer.html.j2", here: "/alerts", view: &view }))
    }

    pub async fn view(&self, field: &'static str, mistake: Option<String>) -> Result<View, Wrong> {
        let facts = self.desk.facts;
        let calendars = facts.calendars.borrow().clone();
        let silences = facts.store.all_silences().await?;
        let rows = Rows::new(self.desk, &calendars, &silences, self.now);
        Ok(View {
            rows: self.alerts.iter().map(|alert| rows.of(alert)).collect(),
            ids: self.alerts.iter().map(|alert| alert.id.to_string()).collect(),
            mistake,
            field,
            typed: Typed::of(self.form),
            action: self.desk.asked.url(self.action, &[]),
        })
    }
}
