//! A message for a webhook: one JSON object with the facts, and a text for people who read it in a chat.
//!
//! Source: docs/webhook.md, which a test holds to what is made here; Standard Webhooks 1.0.0, "Payload structure".

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use crate::alert::{Alert, Resolution, State};
use crate::claim::{Currency, Money, clean_line};
use crate::escalation::{Case, Digest, Plausible, RuleOfMonth, WorstOfMonth};

use super::message::kind_name;
use super::view::View;
use super::{Composer, List, MailError};
use crate::escalation::claim_link;

/// The largest message, in bytes: what every receiver takes.
pub const MAX_POST: usize = 256 * 1024;

/// The longest text of a claim.
const MAX_TEXT: usize = 200;
/// The longest note, and the longest words of a server.
const MAX_NOTE: usize = 600;

/// A message for a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub subject: String,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// The instant as of which it is true.
    timestamp: DateTime<Utc>,
    text: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message: Uuid,
    thread: ThreadData<'a>,
    level: u32,
    language: &'static str,
    subject: &'a str,
    counts: Counts,
    rules: Vec<RuleData<'a>>,
    money: Vec<MoneyData>,
    without_amount: usize,
    cases: Vec<CaseData<'a>>,
    /// How many cases are not named, the least bad ones.
    cases_left_out: usize,
    resolved: Resolved<'a>,
    coverage: CoverageData<'a>,
    held: Option<&'a Plausible>,
    undeliverable: Vec<UndeliverableData<'a>>,
    month: Option<MonthData<'a>>,
    support_url: Option<&'a str>,
}

#[derive(Serialize)]
struct ThreadData<'a> {
    name: &'a str,
    /// The first message of the thread; itself, if it begins one.
    first: Uuid,
}

#[derive(Serialize)]
struct Counts {
    cases: usize,
    late: usize,
    reminders: usize,
}

#[derive(Serialize)]
struct RuleData<'a> {
    rule: &'a str,
    cases: usize,
    late: usize,
    worst_business_days_late: u32,
}

#[derive(Serialize)]
struct MoneyData {
    currency: Currency,
    amount: Decimal,
}

#[derive(Serialize)]
struct CaseData<'a> {
    alert_id: Uuid,
    claim_id: Cow<'a, str>,
    payment_id: Option<Cow<'a, str>>,
    rule: &'a str,
    state: State,
    claim_status: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    partner_name: Option<Cow<'a, str>>,
    program_id: Option<Cow<'a, str>>,
    paying_entity: Option<Cow<'a, str>>,
    amount: Option<Decimal>,
    currency: Option<Currency>,
    calendar: Cow<'a, str>,
    clock_started_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    business_days_late: u32,
    escalation_level: u32,
    reminder: bool,
    promise_broken: bool,
    inherited_at: Option<DateTime<Utc>>,
    acknowledged: Option<Acknowledged<'a>>,
    silenced: Option<SilencedData<'a>>,
    url: Option<String>,
}

#[derive(Serialize)]
struct Acknowledged<'a> {
    at: DateTime<Utc>,
    by: Option<Cow<'a, str>>,
    until: Option<DateTime<Utc>>,
    note: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct SilencedData<'a> {
    by: Cow<'a, str>,
    until: DateTime<Utc>,
    reason: Cow<'a, str>,
}

#[derive(Serialize)]
struct Resolved<'a> {
    count: u64,
    /// The latest ones.
    alerts: Vec<ResolvedData<'a>>,
}

#[derive(Serialize)]
struct ResolvedData<'a> {
    alert_id: Uuid,
    claim_id: Cow<'a, str>,
    payment_id: Option<Cow<'a, str>>,
    rule: &'a str,
    resolution: Option<Resolution>,
    resolved_at: Option<DateTime<Utc>>,
    url: Option<String>,
}

#[derive(Serialize)]
struct CoverageData<'a> {
    /// Running clocks by rule.
    running: &'a BTreeMap<String, u64>,
    /// Open alerts by rule.
    open: BTreeMap<&'a str, Open>,
    data_problems: u64,
    newest_start: Option<DateTime<Utc>>,
    calendars: Vec<CalendarData<'a>>,
}

#[derive(Serialize)]
struct Open {
    at_risk: u64,
    breached: u64,
}

#[derive(Serialize)]
struct CalendarData<'a> {
    calendar: Cow<'a, str>,
    time_zone: &'a str,
    known_until: Option<NaiveDate>,
}

#[derive(Serialize)]
struct UndeliverableData<'a> {
    recipient: Cow<'a, str>,
    since: DateTime<Utc>,
    words: Cow<'a, str>,
    levels: &'a [u32],
}

/// The figures of a month; the page and the list go by mail alone.
#[derive(Serialize)]
struct MonthData<'a> {
    from: NaiveDate,
    to: NaiveDate,
    program: Option<&'a str>,
    rules: &'a [RuleOfMonth],
    worst: &'a [WorstOfMonth],
}

impl Composer<'_> {
    /// The message for a webhook, once all cases were added, of [`MAX_POST`] bytes at most; `None` if there is nothing to say.
    ///
    /// # Errors
    /// [`MailError`]
    pub fn post(&mut self) -> Result<Option<Post>, MailError> {
        if !self.speaks() {
            return Ok(None);
        }
        let view = View::new(self, List { rows: 0, missing: 0, is_compressed: false });
        let mut shown = self.worst.cases().len();
        loop {
            let body = serde_json::to_vec(&self.body(&view, shown));
            let body = body.map_err(|error| MailError::Message(error.to_string()))?;
            if body.len() <= MAX_POST || shown == 0 {
                return Ok(Some(Post { subject: view.subject().to_owned(), body }));
            }
            shown -= 1;
        }
    }

    fn body<'a>(&'a self, view: &'a View, shown: usize) -> Body<'a> {
        let Self { digest, sums, frame, .. } = self;
        let claim_url = frame.claim_url.as_deref();
        let rules = sums.by_rule.iter().map(|(rule, sum)| RuleData {
            rule,
            cases: sum.cases,
            late: sum.late,
            worst_business_days_late: sum.worst_days,
        });
        let undeliverable = digest.bounced.iter().map(|bounced| UndeliverableData {
            recipient: clean_line(&bounced.address, MAX_TEXT),
            since: bounced.since,
            words: clean_line(&bounced.words, MAX_NOTE),
            levels: &bounced.levels,
        });
        Body {
            kind: format!("claimwatch.{}", kind_name(digest.kind)),
            timestamp: self.now,
            text: view.chat(),
            data: Data {
                message: self.id,
                thread: ThreadData { name: &digest.thread, first: self.first },
                level: digest.level,
                language: digest.language.tag(),
                subject: view.subject(),
                counts: Counts {
                    cases: sums.cases,
                    late: sums.by_rule.values().map(|sum| sum.late).sum(),
                    reminders: sums.reminders,
                },
                rules: rules.collect(),
                money: sums.money.iter().map(|Money { amount, currency }| MoneyData { currency, amount }).collect(),
                without_amount: sums.money.uncounted(),
                cases: self.worst.cases().iter().take(shown).map(|case| case_data(case, claim_url)).collect(),
                cases_left_out: sums.cases.saturating_sub(shown),
                resolved: Resolved {
                    count: digest.settled.count,
                    alerts: self.settled.iter().map(|alert| resolved(alert, claim_url)).collect(),
                },
                coverage: coverage(digest),
                held: digest.plausible.as_ref(),
                undeliverable: undeliverable.collect(),
                month: digest.month.as_ref().map(|month| MonthData {
                    from: month.from,
                    to: month.to,
                    program: month.program.as_deref(),
                    rules: &month.rules,
                    worst: &month.worst,
                }),
                support_url: frame.support_url.as_deref(),
            },
        }
    }
}

fn case_data<'a>(case: &'a Case, claim_url: Option<&str>) -> CaseData<'a> {
    let alert = &case.alert;
    let acknowledged = alert.acknowledged_at.map(|at| Acknowledged {
        at,
        by: text(alert.acknowledged_by.as_deref()),
        until: alert.acknowledged_until,
        note: alert.note.as_deref().map(|note| clean_line(note, MAX_NOTE)),
    });
    let silenced = case.silenced.as_ref().map(|silenced| SilencedData {
        by: clean_line(&silenced.by, MAX_TEXT),
        until: silenced.until,
        reason: clean_line(&silenced.reason, MAX_NOTE),
    });
    CaseData {
        alert_id: alert.id,
        claim_id: clean_line(&alert.claim_id, MAX_TEXT),
        payment_id: text(alert.payment_id.as_deref()),
        rule: &alert.rule,
        state: alert.state,
        claim_status: clean_line(&alert.claim_status, MAX_TEXT),
        title: text(case.title.as_deref()),
        partner_name: text(alert.partner_name.as_deref()),
        program_id: text(alert.program_id.as_deref()),
        paying_entity: text(alert.paying_entity.as_deref()),
        amount: alert.amount,
        currency: alert.currency,
        calendar: clean_line(&alert.calendar, MAX_TEXT),
        clock_started_at: alert.clock_started_at,
        due_at: alert.due_at,
        business_days_late: case.business_days_late,
        escalation_level: alert.escalation_level,
        reminder: case.reminder,
        promise_broken: case.promise_broken,
        inherited_at: alert.inherited_at,
        acknowledged,
        silenced,
        url: claim_link(claim_url, &alert.claim_id),
    }
}

fn resolved<'a>(alert: &'a Alert, claim_url: Option<&str>) -> ResolvedData<'a> {
    ResolvedData {
        alert_id: alert.id,
        claim_id: clean_line(&alert.claim_id, MAX_TEXT),
        payment_id: text(alert.payment_id.as_deref()),
        rule: &alert.rule,
        resolution: alert.resolution,
        resolved_at: alert.resolved_at,
        url: claim_link(claim_url, &alert.claim_id),
    }
}

fn coverage(digest: &Digest) -> CoverageData<'_> {
    let coverage = &digest.coverage;
    let open = coverage.open.iter();
    let calendars = coverage.calendars.iter().map(|reach| CalendarData {
        calendar: clean_line(&reach.calendar, MAX_TEXT),
        time_zone: &reach.time_zone,
        known_until: reach.until,
    });
    CoverageData {
        running: &coverage.running,
        open: open
            .map(|(rule, (at_risk, breached))| (&**rule, Open { at_risk: *at_risk, breached: *breached }))
            .collect(),
        data_problems: coverage.data_problems,
        newest_start: coverage.newest_start,
        calendars: calendars.collect(),
    }
}

fn text(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(|text| clean_line(text, MAX_TEXT))
}

#[cfg(test)]
mod tests;
