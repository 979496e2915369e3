//! A digest becomes a message: headers, text, HTML, CSV, stable Message-ID.
//!
//! No I/O: a [`Composer`] is handed the cases one by one, worst first, and keeps the first [`MAX_IN_BODY`] in full; all of
//! them are in the totals and, up to its size limit, in the attachment. The same id, digest, cases and `now` make the same
//! bytes. Text from claims is cleaned before it comes near a header, a page or a cell. Source: docs/domain.md, "Escalation".

mod csv;
mod message;
mod render;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::calendar::Zone;
use crate::claim::Totals;
use crate::escalation::{Case, Digest};
use crate::sla::{Beyond, Explanation};
use crate::wording::Words;

use self::csv::Attachment;
use self::view::View;

/// What every message of this installation has in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    pub support_url: Option<String>,
    /// A claim's page, with `{claim_id}` in it.
    pub claim_url: Option<String>,
}

/// A message, ready to be handed to a transport as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// With its angle brackets.
    pub message_id: String,
    pub subject: String,
    pub bytes: Vec<u8>,
}

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("a template failed: {0}")]
    Template(String),
    #[error("the message cannot be built: {0}")]
    Message(String),
}

/// So many cases are shown in the body; all others are in the attachment alone.
pub const MAX_IN_BODY: usize = 50;

/// Builds one message from its digest and its cases, which are handed over one by one, worst first.
pub struct Composer<'a> {
    frame: &'a Frame,
    id: Uuid,
    digest: &'a Digest,
    now: DateTime<Utc>,
    words: Words,
    zones: Zones,
    shown: Vec<Case>,
    sums: Sums,
    attachment: Attachment,
}

/// What is said of all cases together.
#[derive(Debug, Default)]
struct Sums {
    cases: usize,
    reminders: usize,
    money: Totals,
    by_rule: BTreeMap<String, RuleSum>,
    /// Cases that were counted beyond what their calendar knows.
    beyond: usize,
    /// What those calendars know: calendar, origin, first and last day.
    known: BTreeSet<(String, String, NaiveDate, NaiveDate)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct RuleSum {
    cases: usize,
    worst_days: u32,
}

impl<'a> Composer<'a> {
    /// A message without cases; `id` makes its Message-ID, the same for every retry.
    #[must_use]
    pub fn new(frame: &'a Frame, id: Uuid, digest: &'a Digest, now: DateTime<Utc>) -> Self {
        Self {
            frame,
            id,
            digest,
            now,
            words: Words::new(digest.language),
            zones: Zones::default(),
            shown: Vec::new(),
            sums: Sums::default(),
            attachment: Attachment::new(csv::MAX_BYTES),
        }
    }

    /// Adds a case: to the body if it is among the first, to the totals and the attachment in any case.
    ///
    /// # Errors
    /// [`MailError`] if the attachment cannot be written.
    pub fn add(&mut self, case: Case) -> Result<(), MailError> {
        self.sums.add(&case);
        if !self.attachment.is_full() {
            let zone = self.zones.of(&case.alert.explanation);
            self.attachment.add(&case, zone, self.frame.claim_url.as_deref())?;
        }
        if self.shown.len() < MAX_IN_BODY {
            self.shown.push(case);
        }
        Ok(())
    }

    /// The finished message; `None` if no case was added: then there is nothing to say.
    ///
    /// # Errors
    /// [`MailError`]
    pub fn finish(mut self) -> Result<Option<Mail>, MailError> {
        if self.shown.is_empty() {
            return Ok(None);
        }
        let listed = self.attachment.rows();
        let view = View::new(&mut self, listed);
        let bodies = render::bodies(self.words, &view)?;
        let list = self.attachment.finish(self.words, self.sums.cases)?;
        message::build(self.frame, self.id, self.digest, self.now, bodies, list).map(Some)
    }
}

impl Sums {
    fn add(&mut self, case: &Case) {
        self.cases += 1;
        self.reminders += usize::from(case.reminder);
        self.money.add(case.alert.amount, case.alert.currency);
        let rule = match self.by_rule.get_mut(&case.alert.rule) {
            Some(rule) => rule,
            None => self.by_rule.entry(case.alert.rule.clone()).or_default(),
        };
        rule.cases += 1;
        rule.worst_days = rule.worst_days.max(case.business_days_late);
        if let Some(Beyond { source, known_from, known_until }) = &case.alert.explanation.beyond_calendar {
            self.beyond += 1;
            self.known.insert((case.alert.calendar.clone(), source.clone(), *known_from, *known_until));
        }
    }
}

/// The zones that the cases' explanations name, each looked up once.
#[derive(Debug, Default)]
struct Zones(HashMap<String, Option<Zone>>);

impl Zones {
    /// The zone of an explanation; `None` if the zone data no longer has it: then times are in UTC, and say so.
    fn of(&mut self, explanation: &Explanation) -> Option<&Zone> {
        let name = &explanation.time_zone;
        if !self.0.contains_key(name) {
            self.0.insert(name.clone(), Zone::named(name).ok());
        }
        self.0.get(name).and_then(Option::as_ref)
    }
}

/// A claim's page: `claim_url` with the claim's id in its place; `None` for ids too long to be one.
fn claim_link(claim_url: Option<&str>, claim_id: &str) -> Option<String> {
    const UNRESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const MAX_ID: usize = 500;
    let url = claim_url.filter(|_| claim_id.len() <= MAX_ID)?;
    Some(url.replace("{claim_id}", &percent_encoding::utf8_percent_encode(claim_id, UNRESERVED).to_string()))
}

#[cfg(test)]
mod tests;
