//! An alert as a line of a list.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::Desk;
use super::asked::Asked;
use crate::alert::{Alert, Resolution, State};
use crate::calendar::{Calendar, Calendars};
use crate::claim::clean_line;
use crate::escalation::Silence;
use crate::sla::business_days_between;
use crate::wording::Words;

/// The longest name in a list.
pub(super) const WIDE: usize = 60;

#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub id: String,
    pub href: String,
    pub claim: String,
    pub payment: Option<String>,
    pub rule: String,
    pub program: String,
    pub partner: String,
    pub status: String,
    /// `breached`, `at_risk` or `resolved`.
    pub state: &'static str,
    /// When it is due: the day in words, and the instant.
    pub due: String,
    pub due_at: String,
    /// How late, or how long still.
    pub stands: String,
    pub level: u32,
    pub amount: String,
    pub marks: Vec<Mark>,
}

/// What else there is to know of an alert, in a few words.
#[derive(Debug, Serialize)]
pub(super) struct Mark {
    pub kind: &'static str,
    pub text: String,
}

/// Whoever makes rows.
pub(super) struct Rows<'a> {
    words: Words,
    asked: &'a Asked,
    calendars: &'a Calendars,
    silences: &'a [Silence],
    now: DateTime<Utc>,
}

impl<'a> Rows<'a> {
    /// `silences`: those of which rows say that they are silenced.
    pub fn new(desk: &Desk<'a>, calendars: &'a Calendars, silences: &'a [Silence], now: DateTime<Utc>) -> Self {
        Self { words: desk.asked.words(), asked: desk.asked, calendars, silences, now }
    }

    pub fn of(&self, alert: &Alert) -> Row {
        let clean = |text: &str| clean_line(text, WIDE).into_owned();
        let calendar = self.calendar(alert);
        Row {
            id: alert.id.to_string(),
            href: self.asked.url(&claim_path(&alert.claim_id), &[]),
            claim: clean(&alert.claim_id),
            payment: alert.payment_id.as_deref().map(clean),
            rule: self.words.rule(&alert.rule),
            program: alert.program_id.as_deref().map(clean).unwrap_or_default(),
            partner: alert.partner_name.as_deref().map(clean).unwrap_or_default(),
            status: self.words.status(&alert.claim_status),
            state: alert.state.as_str(),
            due: self.words.short_day_of(alert.due_at - chrono::TimeDelta::microseconds(1), calendar.zone()),
            due_at: machine(alert.due_at),
            stands: self.stands(alert, calendar),
            level: alert.escalation_level,
            amount: match (alert.amount, alert.currency) {
                (Some(amount), Some(currency)) => self.words.amount(amount, currency),
                _ => String::new(),
            },
            marks: self.marks(alert, calendar),
        }
    }

    /// The alert's calendar; the default one, where it is not configured any more.
    fn calendar(&self, alert: &Alert) -> &Calendar {
        self.calendars.get(&alert.calendar).unwrap_or_else(|| self.calendars.default())
    }

    fn stands(&self, alert: &Alert, calendar: &Calendar) -> String {
        let until = alert.stopped_at.or(alert.resolved_at).unwrap_or(self.now);
        match (alert.state, alert.resolution) {
            (State::Breached, _) | (State::Resolved, Some(Resolution::Late)) => {
                self.words.business_days_late(business_days_between(calendar, alert.due_at, until))
            }
            (State::AtRisk, _) => {
                let days = business_days_between(calendar, self.now, alert.due_at);
                self.words.say("page-left", [("count", days.into())])
            }
            (State::Resolved, resolution) => resolution.map(|how| resolved(self.words, how)).unwrap_or_default(),
        }
    }

    fn marks(&self, alert: &Alert, calendar: &Calendar) -> Vec<Mark> {
        let day = |at: DateTime<Utc>| self.words.short_day_of(at - chrono::TimeDelta::microseconds(1), calendar.zone());
        let mut marks = Vec::new();
        let mut mark = |kind, text| marks.push(Mark { kind, text });
        if let Some(resolution) = alert.resolution.filter(|how| *how == Resolution::Late) {
            mark("resolved", resolved(self.words, resolution));
        }
        if alert.state == State::Resolved {
            return marks;
        }
        if alert.held_since.is_some() {
            mark("held", self.words.say("page-mark-held", []));
        }
        if let Some(by) = &alert.acknowledged_by {
            let by = clean_line(by, WIDE).into_owned();
            mark(
                "acknowledged",
                match alert.acknowledged_until {
                    Some(until) => {
                        self.words.say("page-mark-promised", [("who", by.into()), ("until", day(until).into())])
                    }
                    None => self.words.say("page-mark-acknowledged", [("who", by.into())]),
                },
            );
        }
        if let Some(until) = alert.snoozed_until.filter(|until| *until > self.now) {
            mark("snoozed", self.words.say("page-mark-snoozed", [("until", day(until).into())]));
        }
        if let Some(silence) = self.silences.iter().find(|one| one.covers(self.now) && one.matcher.matches_alert(alert))
        {
            mark("silenced", self.words.say("page-mark-silenced", [("until", day(silence.end()).into())]));
        }
        if alert.backfilled_at.is_some() {
            mark("backfilled", self.words.say("page-mark-backfilled", []));
        }
        marks
    }
}

/// How an alert was resolved, in words.
pub(super) fn resolved(words: Words, resolution: Resolution) -> String {
    words.say("page-resolved", [("how", resolution.as_str().into())])
}

/// An instant as programs read it.
pub(super) fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The path of a claim's view.
pub(super) fn claim_path(claim_id: &str) -> String {
    format!("/claims/{}", percent_encoding::utf8_percent_encode(claim_id, percent_encoding::NON_ALPHANUMERIC))
}
