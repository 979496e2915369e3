//! A message's facts → its bytes, once: looks at the alerts again and leaves out what was settled meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Courier;
use crate::alert::Alert;
use crate::claim::Status;
use crate::escalation::{Case, Digest, Kind, webhook_of};
use crate::mail::{Composer, Mail, MailError, Post};
use crate::sla;
use crate::store::{LeasedDelivery, StoreError, StoredMail};

/// How many alerts are read at once.
const PAGE: usize = 500;

/// How many of a disputed claim's history entries are shown.
const HISTORY: u32 = 5;

/// Why a message cannot be rendered now.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl Courier {
    /// The message of `delivery` about `alerts` as things stand at `now`, in the form that its recipient takes; `None` if
    /// nothing is left to say.
    pub(super) async fn render(
        &self,
        delivery: &LeasedDelivery,
        alerts: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Option<StoredMail>, RenderError> {
        let digest = &delivery.digest;
        let is_post = webhook_of(&delivery.recipient).is_some();
        let links = if is_post { None } else { self.answer_links().await? };
        let mut composer = Composer::new(&self.frame, delivery.message, digest, now).answering(delivery.first);
        if is_post {
            composer = composer.unlisted();
        }
        if let Some(links) = &links {
            composer = composer.answered_at(links, delivery.id);
        }
        let facts = Facts::of(digest);
        let held = digest.kind == Kind::Held;
        // There may be very many: each page of them is looked up by id.
        for page in alerts.chunks(PAGE) {
            for alert in self.store.still_unsettled(page, held, now).await? {
                composer.add(self.case(&facts, alert, now))?;
            }
        }
        let mut composer = self.complete(composer, digest).await?;
        if is_post {
            let post = composer.post()?;
            let message_id = delivery.id.to_string();
            return Ok(post.map(|Post { subject, body }| StoredMail { message_id, subject, bytes: body }));
        }
        let mail = composer.finish()?;
        if let Some(error) = mail.as_ref().and_then(|mail| mail.without_own_templates.as_ref()) {
            tracing::warn!(error, "a template of one's own failed: the built-in ones took its place");
        }
        Ok(mail.map(|Mail { message_id, subject, bytes, .. }| StoredMail { message_id, subject, bytes }))
    }

    /// The message `id` in the thread of `first` as it would be at `now`; `raised` are alerts of its digest that the database
    /// does not have yet. Both as a mail and as webhooks get it; `None`: there would be nothing to say.
    ///
    /// # Errors
    /// [`RenderError`]
    pub async fn preview(
        &self,
        (id, first): (Uuid, Uuid),
        digest: &Digest,
        raised: &HashMap<Uuid, Alert>,
        now: DateTime<Utc>,
    ) -> Result<Option<(Mail, Post)>, RenderError> {
        let mut composer = Composer::new(&self.frame, id, digest, now).answering(first);
        let facts = Facts::of(digest);
        let ids: Vec<Uuid> = digest.escalated.iter().chain(&digest.reminded).copied().collect();
        for page in ids.chunks(PAGE) {
            let known = page.iter().filter(|id| !raised.contains_key(id)).copied().collect::<Vec<_>>();
            let new = page.iter().filter_map(|id| raised.get(id)).cloned();
            for alert in self.store.alerts_by_id(&known).await?.into_iter().chain(new) {
                composer.add(self.case(&facts, alert, now))?;
            }
        }
        let mut composer = self.complete(composer, digest).await?;
        let post = composer.post()?;
        Ok(composer.finish()?.zip(post))
    }

    /// Adds what only the body shows.
    async fn complete<'a>(&self, mut composer: Composer<'a>, digest: &Digest) -> Result<Composer<'a>, RenderError> {
        for case in composer.shown_mut() {
            let (title, history) = self.store.background(&case.alert.claim_id, HISTORY).await?;
            case.title = title;
            if Status::parse(&case.alert.claim_status) == Some(Status::Disputed) {
                case.history = history;
            }
        }
        composer.tell_settled(self.settled(digest).await?);
        Ok(composer)
    }

    /// `alert` with what `facts` say of it and how late it is, but without what only the body shows.
    fn case(&self, facts: &Facts<'_>, alert: Alert, now: DateTime<Utc>) -> Case {
        let calendars = Arc::clone(&self.calendars.borrow());
        let calendar = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default());
        let business_days_late = sla::business_days_between(calendar, alert.due_at, now);
        Case {
            reminder: facts.reminded.contains(&alert.id),
            business_days_late,
            title: None,
            history: Vec::new(),
            silenced: facts.digest.silenced.get(&alert.id).cloned(),
            promise_broken: facts.broken.contains(&alert.id),
            alert,
        }
    }

    /// The alerts that are settled since the thread's message before, the latest first, as far as the digest names them.
    async fn settled(&self, digest: &Digest) -> Result<Vec<Alert>, StoreError> {
        let named = &digest.settled.alerts;
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let mut alerts = self.store.alerts_by_id(named).await?;
        alerts.sort_by_key(|alert| named.iter().position(|id| *id == alert.id));
        Ok(alerts)
    }
}

/// What a digest says of its alerts, to be looked up by their ids: there may be very many.
struct Facts<'a> {
    digest: &'a Digest,
    reminded: Ids,
    broken: Ids,
}

impl<'a> Facts<'a> {
    fn of(digest: &'a Digest) -> Self {
        Self { digest, reminded: Ids::new(&digest.reminded), broken: Ids::new(&digest.broken) }
    }
}

/// A set of ids that takes no more room than a list of them.
struct Ids(Vec<Uuid>);

impl Ids {
    fn new(ids: &[Uuid]) -> Self {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        Self(ids)
    }

    fn contains(&self, id: &Uuid) -> bool {
        self.0.binary_search(id).is_ok()
    }
}
