//! A message's facts → its bytes, once: looks at the alerts again and leaves out what was settled meanwhile.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Courier;
use crate::alert::Alert;
use crate::claim::Status;
use crate::escalation::{Case, Digest, Kind};
use crate::mail::{Composer, MAX_IN_BODY, Mail, MailError};
use crate::sla;
use crate::store::{LeasedDelivery, StoreError};

/// How many alerts are read at once.
const PAGE: usize = 500;

/// How many of a disputed claim's history entries are shown.
const HISTORY: u32 = 5;

/// Why a message cannot be rendered now.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl Courier {
    /// The message of `delivery` as things stand at `now`, worst case first; `None` if nothing is left to say.
    pub(super) async fn render(
        &self,
        delivery: &LeasedDelivery,
        now: DateTime<Utc>,
    ) -> Result<Option<Mail>, RenderError> {
        let reminded: HashSet<Uuid> = delivery.digest.reminded.iter().copied().collect();
        let mut composer = Composer::new(&self.frame, delivery.message, &delivery.digest, now);
        let mut shown = 0;
        // Which they are is asked once: there may be very many, and each page of them is then looked up by id.
        for page in self.store.unsettled(delivery.message, now).await?.chunks(PAGE) {
            for alert in self.store.still_unsettled(page, delivery.digest.kind == Kind::Held, now).await? {
                let reminder = reminded.contains(&alert.id);
                // Acknowledging an alert stops its reminders, also the one that was on its way.
                if reminder && alert.acknowledged_at.is_some() {
                    continue;
                }
                composer.add(self.case(&delivery.digest, alert, reminder, shown < MAX_IN_BODY, now).await?)?;
                shown += 1;
            }
        }
        Ok(composer.finish()?)
    }

    /// `alert` with what a reader needs beside it; what only the body shows is looked up only `in_full`.
    async fn case(
        &self,
        digest: &Digest,
        alert: Alert,
        reminder: bool,
        in_full: bool,
        now: DateTime<Utc>,
    ) -> Result<Case, StoreError> {
        let calendars = Arc::clone(&self.calendars.borrow());
        let calendar = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default());
        let business_days_late = sla::business_days_between(calendar, alert.due_at, now);
        let (title, mut history) =
            if in_full { self.store.background(&alert.claim_id, HISTORY).await? } else { (None, Vec::new()) };
        if Status::parse(&alert.claim_status) != Some(Status::Disputed) {
            history.clear();
        }
        let silenced = digest.silenced.get(&alert.id).cloned();
        let promise_broken = digest.broken.contains(&alert.id);
        Ok(Case { alert, reminder, business_days_late, title, history, silenced, promise_broken })
    }
}
