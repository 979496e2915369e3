//! A digest becomes a message: headers, text, HTML, CSV, stable Message-ID.
//!
//! No I/O: a [`Composer`] is handed the cases one by one in any order, and keeps the worst [`MAX_IN_BODY`] in full; all of
//! them are in the totals and, up to its size limit, in the attachment. The same id, digest, cases and `now` make the same
//! bytes. Text from claims is cleaned before it comes near a header, a page or a cell. Source: docs/domain.md, "Escalation".

mod attachment;
mod csv;
mod gzip;
mod message;
mod post;
mod render;
mod samples;
mod sums;
mod templates;
mod trial;
mod view;
mod worst;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::alert::Alert;
use crate::calendar::Zone;
use crate::escalation::{Case, Digest, Kind};
use crate::seal::AnswerLinks;
use crate::wording::Words;

use self::attachment::Attachment;
use self::sums::Sums;
use self::view::View;
use self::worst::Worst;

pub use self::post::{MAX_POST, Post};
pub use self::samples::{Sample, samples};
pub use self::templates::{BUILT_IN, Templates};
pub use self::trial::{trial, trial_post};

/// What every message of this installation has in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub support_url: Option<String>,
    /// A claim's page, with `{claim_id}` in it.
    pub claim_url: Option<String>,
    pub templates: Templates,
}

/// A message, ready to be handed to a transport as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// With its angle brackets.
    pub message_id: String,
    pub subject: String,
    pub bytes: Vec<u8>,
    /// Its page, by itself.
    pub html: String,
    /// Why it is made by the built-in templates although there are others; `None`: it is as it should be.
    pub without_own_templates: Option<String>,
}

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("a template failed: {0}")]
    Template(String),
    #[error("the message cannot be built: {0}")]
    Message(String),
}

/// So many cases are shown in the body, the worst ones; all others are in the attachment alone.
pub const MAX_IN_BODY: usize = 50;

/// Builds one message from its digest and its cases.
pub struct Composer<'a> {
    frame: &'a Frame,
    id: Uuid,
    first: Uuid,
    /// What makes the links by which each case is answered, and the delivery that they are for.
    links: Option<(&'a AnswerLinks, Uuid)>,
    digest: &'a Digest,
    now: DateTime<Utc>,
    words: Words,
    zones: Zones,
    worst: Worst,
    sums: Sums,
    settled: Vec<Alert>,
    attachment: Attachment,
    /// Whether those that the body does not show are in an attachment.
    is_listed: bool,
}

impl<'a> Composer<'a> {
    /// A message without cases; `id` makes its Message-ID, the same for every retry.
    #[must_use]
    pub fn new(frame: &'a Frame, id: Uuid, digest: &'a Digest, now: DateTime<Utc>) -> Self {
        Self {
            frame,
            id,
            first: id,
            links: None,
            digest,
            now,
            words: Words::new(digest.language),
            zones: Zones::default(),
            worst: Worst::default(),
            sums: Sums::default(),
            settled: Vec::new(),
            attachment: Attachment::new(attachment::MAX_BYTES),
            is_listed: true,
        }
    }

    /// Makes it an answer to the message `first`, unless that is itself.
    #[must_use]
    pub fn answering(mut self, first: Uuid) -> Self {
        self.first = first;
        self
    }

    /// Gives each case that its body shows a link by which whoever gets `delivery` answers it: these bytes are for that one
    /// alone. A question about held alerts is answered otherwise.
    #[must_use]
    pub fn answered_at(mut self, links: &'a AnswerLinks, delivery: Uuid) -> Self {
        self.links = (self.digest.kind != Kind::Held).then_some((links, delivery));
        self
    }

    /// Leaves the attachment out: [`Composer::post`] has none.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.is_listed = false;
        self
    }

    /// Adds a case: to the totals and the attachment, and to the body as long as it is among the worst.
    ///
    /// # Errors
    /// [`MailError`] if the attachment cannot be written.
    pub fn add(&mut self, case: Case) -> Result<(), MailError> {
        self.sums.add(&case);
        match self.worst.keep(case) {
            Some(case) if self.is_listed && !self.attachment.is_full() => {
                let zone = self.zones.named(&case.alert.explanation.time_zone);
                self.attachment.add(&csv::row(&case, zone, self.frame.claim_url.as_deref()))
            }
            _ => Ok(()),
        }
    }

    /// The cases that are shown in the body, worst first, once all were added: what only the body shows may be put in here.
    pub fn shown_mut(&mut self) -> &mut [Case] {
        self.worst.cases_mut()
    }

    /// Tells of alerts that are settled since the thread's message before, in this order.
    pub fn tell_settled(&mut self, alerts: Vec<Alert>) {
        self.settled = alerts;
    }

    /// Whether there is anything to say.
    fn speaks(&self) -> bool {
        self.sums.cases > 0 || self.digest.speaks_without_alerts()
    }

    /// The finished message; `None` if there is nothing to say: no case was added, and its digest speaks of nothing else.
    ///
    /// # Errors
    /// [`MailError`]
    pub fn finish(mut self) -> Result<Option<Mail>, MailError> {
        if !self.speaks() {
            return Ok(None);
        }
        for case in self.worst.cases() {
            let zone = self.zones.named(&case.alert.explanation.time_zone);
            self.attachment.begin_with(&csv::row(case, zone, self.frame.claim_url.as_deref()))?;
        }
        let list = List {
            rows: self.attachment.rows(),
            missing: self.sums.cases.saturating_sub(self.attachment.rows()),
            is_compressed: self.attachment.is_compressed(),
        };
        let identity = message::Identity { id: self.id, first: self.first };
        let view = View::new(&mut self, list);
        let (bodies, fell_back) = self.frame.templates.bodies(self.words, &view)?;
        let cut = (list.missing > 0).then(|| csv::remark(self.words.say("cut-row", [("count", list.missing.into())])));
        let file = if self.sums.cases > 0 { Some(self.attachment.finish(cut.as_ref())?) } else { None };
        message::build(self.frame, identity, self.digest, self.now, (bodies, fell_back), (list, file)).map(Some)
    }
}

/// What the attachment came to.
#[derive(Clone, Copy, Debug)]
struct List {
    rows: usize,
    /// How many cases are not in it.
    missing: usize,
    is_compressed: bool,
}

impl List {
    /// The file's name, in every language: filters and scripts look for it.
    fn name(self) -> &'static str {
        if self.is_compressed { "claims.csv.gz" } else { "claims.csv" }
    }
}

/// Zones by name, each looked up once.
#[derive(Debug, Default)]
struct Zones(HashMap<String, Option<Zone>>);

impl Zones {
    /// The zone `name`; `None` if the zone data no longer has it: then times are in UTC, and say so.
    fn named(&mut self, name: &str) -> Option<&Zone> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Zone::named(name).ok());
        }
        self.0.get(name).and_then(Option::as_ref)
    }
}

#[cfg(test)]
mod tests;
