//! Answering one alert by the link in a mail: its recipient acknowledges or snoozes it without signing in.
//!
//! The link is the leave, for one recipient and one alert. Programs that look at mails fetch its page, which changes nothing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::super::Shared;
use super::super::asked::Asked;
use super::super::sheet::{self, Sheet};
use super::super::wrong::Wrong;
use super::super::{Answer as Answered, Desk};
use super::alerts::{Again, View, Wish};
use super::form::Form;
use super::receipt::{self, Receipt, Said};
use super::{see_other, told, undo};
use crate::alert::{Alert, State as AlertState};
use crate::answers::{self, Given};
use crate::seal::{AnswerLink, LinkError, Purpose, SealKey};

/// Leave to answer one alert.
struct Leave<'a> {
    desk: Desk<'a>,
    link: &'a str,
    alert: Alert,
    /// In whose name.
    recipient: String,
    /// What vouches for receipts of this link.
    key: SealKey,
    now: DateTime<Utc>,
}

#[derive(Serialize)]
struct LinkView {
    #[serde(flatten)]
    form: View,
    recipient: String,
    /// Whether there is anything left to answer.
    open: bool,
    acknowledged: bool,
    snoozed: bool,
    /// What was done just now.
    done: Option<Said>,
}

impl<'a> Leave<'a> {
    /// # Errors
    /// [`Wrong::LinkBroken`], [`Wrong::LinkEnded`]
    async fn of(shared: &'a Shared, asked: &'a Asked, link: &'a str) -> Result<Self, Wrong> {
        let facts = &shared.facts;
        let now = facts.time.now();
        let key = facts.store.link_key().await?;
        let read = AnswerLink::parse(link, &key, now).map_err(|error| match error {
            LinkError::Broken => Wrong::LinkBroken,
            LinkError::Ended(_) => Wrong::LinkEnded,
        })?;
        // Either may have been pruned since.
        let recipient = facts.store.recipient_of(read.delivery).await?.ok_or(Wrong::LinkEnded)?;
        let alert = facts.store.alerts_by_id(&[read.alert]).await?.pop().ok_or(Wrong::LinkEnded)?;
        let own = SealKey::derived(&key, Purpose::Receipt, link.as_bytes());
        Ok(Self { desk: Desk { facts, asked }, link, alert, recipient, key: own, now })
    }

    fn path(&self) -> String {
        format!("/answer/{}", self.link)
    }

    async fn give(&self, form: &Form) -> Answered {
        if form.value("do") == Some("undo") {
            let receipt = undo::of_form(form, &self.key)?;
            let taken_back = undo::take_back(&self.desk, &self.recipient, self.now, &receipt).await?;
            return Ok(self.given(&taken_back));
        }
        let path = self.path();
        let alerts = std::slice::from_ref(&self.alert);
        let again = Again { desk: &self.desk, form, alerts, now: self.now, action: &path };
        let wish = match Wish::read(form)? {
            Ok(wish) => wish,
            Err(mistake) => return self.again(form, again.mistake(&mistake)).await,
        };
        let calendars = self.desk.facts.calendars.borrow().clone();
        let sorted = answers::sort([self.alert.clone()], self.now, |alert| wish.answer(alert, &calendars));
        let Given { answers, refused } = match sorted {
            Ok(given) => given,
            Err(mistake) => return self.again(form, again.mistake(&mistake)).await,
        };
        if let Some((_, why)) = refused.first() {
            return self.again(form, again.refusal(*why)).await;
        }
        let done = self.desk.facts.store.answer(self.now, &self.recipient, &answers).await?;
        let missed = answers.iter().map(|(id, _)| *id).filter(|id| !done.contains(id)).collect();
        Ok(self.given(&Receipt { missed, ..Receipt::new(wish.deed, self.now, done) }))
    }

    fn given(&self, receipt: &Receipt) -> Response {
        see_other(receipt::at_path(self.desk.asked, &self.path(), &self.key, receipt))
    }

    async fn again(&self, form: &Form, (field, mistake): (&'static str, String)) -> Answered {
        self.shown(StatusCode::UNPROCESSABLE_ENTITY, form, (field, Some(mistake)), None).await
    }

    async fn shown(
        &self,
        status: StatusCode,
        form: &Form,
        (field, mistake): (&'static str, Option<String>),
        done: Option<Said>,
    ) -> Answered {
        let path = self.path();
        let alerts = std::slice::from_ref(&self.alert);
        let again = Again { desk: &self.desk, form, alerts, now: self.now, action: &path };
        let view = LinkView {
            form: again.view(field, mistake).await?,
            recipient: crate::claim::clean_line(&self.recipient, answers::MAX_TEXT).into_owned(),
            open: self.alert.state != AlertState::Resolved,
            acknowledged: self.alert.acknowledged_at.is_some(),
            snoozed: self.alert.snoozed_until.is_some_and(|until| until > self.now),
            done,
        };
        Ok(sheet::respond(self.desk.asked, status, &Sheet { template: "link.html.j2", here: "", view: &view }))
    }
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(link): Path<String>, asked: Asked) -> Response {
    let shown = async {
        let leave = Leave::of(&shared, &asked, &link).await?;
        let done = match receipt::of_address(&asked, &leave.key) {
            Some(receipt) => Some(receipt::said(&leave.desk, &leave.key, &receipt).await?),
            None => None,
        };
        leave.shown(StatusCode::OK, &Form::default(), ("", None), done).await
    };
    told(&asked, shown.await)
}

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    asked: Asked,
    form: Form,
) -> Response {
    let answered = async { Leave::of(&shared, &asked, &link).await?.give(&form).await };
    told(&asked, answered.await)
}
