//! Who is told: levels, routes, sending hours.

use std::iter::successors;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use lettre::message::Mailbox;
use wildmatch::WildMatch;

use crate::calendar::Calendar;
use crate::sla::Span;
use crate::wording::Language;

use super::Pending;

/// On how many days an opening is looked for: one that daylight saving skips is not skipped so often.
const OPENINGS: usize = 400;

/// The whole escalation policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Level 1 first; never empty.
    pub levels: Vec<Level>,
    /// The first route that matches replaces a level's recipients.
    pub routes: Vec<Route>,
    /// When messages may go out, in the default calendar, on its business days; `None`: at any time.
    pub send_hours: Option<SendHours>,
    pub language: Language,
    /// The support request page, named in every message.
    pub support_url: Option<String>,
    /// A claim's page, with `{claim_id}` in it.
    pub claim_url: Option<String>,
}

/// One level: goes out when an alert is still open `after` its deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// `None`: when the deadline is missed.
    pub after: Option<Span>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    /// Goes out again this often until acknowledged or resolved; `None`: once.
    pub remind_every: Option<Span>,
}

/// Recipients for the alerts that match all of its conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub rule: Option<Glob>,
    pub program: Option<Glob>,
    pub paying_entity: Option<Glob>,
    /// The level that it is for; `None`: every level.
    pub level: Option<u32>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
}

/// From `opens` until before `closes`, local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendHours {
    pub opens: NaiveTime,
    pub closes: NaiveTime,
}

/// A pattern in which `*` stands for any text and `?` for one character.
#[derive(Clone, Debug, PartialEq)]
pub struct Glob(WildMatch);

impl Glob {
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(WildMatch::new(pattern))
    }

    /// As written.
    #[must_use]
    pub fn pattern(&self) -> String {
        self.0.pattern()
    }

    /// Whether all of `text` fits the pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl Route {
    /// Whether the route is for `alert` at `level`.
    #[must_use]
    pub fn matches(&self, alert: &Pending, level: u32) -> bool {
        let fits = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.matches(text)))
        };
        self.level.is_none_or(|only| only == level)
            && fits(&self.rule, Some(&alert.rule))
            && fits(&self.program, alert.program_id.as_deref())
            && fits(&self.paying_entity, alert.paying_entity.as_deref())
    }
}

impl Policy {
    /// Who gets `level` about `alert`: the number of the route that chose them (`None`: the level's own), To and Cc.
    #[must_use]
    pub fn recipients(&self, alert: &Pending, level: u32) -> (Option<usize>, &[Mailbox], &[Mailbox]) {
        if let Some((number, route)) = self.routes.iter().enumerate().find(|(_, route)| route.matches(alert, level)) {
            return (Some(number), &route.to, &route.cc);
        }
        let own = usize::try_from(level).ok().and_then(|level| self.levels.get(level.checked_sub(1)?));
        own.map_or((None, &[], &[]), |own| (None, &own.to, &own.cc))
    }

    /// Whether messages may go out at `now`: within the sending hours of a business day of `calendar`.
    #[must_use]
    pub fn may_send(&self, calendar: &Calendar, now: DateTime<Utc>) -> bool {
        let Some(hours) = self.send_hours else { return true };
        let local = calendar.zone().local(now);
        calendar.is_business_day(local.date()) && hours.opens <= local.time() && local.time() < hours.closes
    }

    /// The first instant, `now` or later, at which messages may go out; `None`: the sending hours never open again.
    #[must_use]
    pub fn may_send_from(&self, calendar: &Calendar, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.may_send(calendar, now) {
            return Some(now);
        }
        let hours = self.send_hours?;
        let zone = calendar.zone();
        let opening = |day: NaiveDate| {
            zone.instant_of(day.and_time(hours.opens)).filter(|at| *at > now && self.may_send(calendar, *at))
        };
        let days = successors(Some(zone.local_date(now)), |day| calendar.next_business_day(*day));
        days.take(OPENINGS).find_map(opening)
    }
}
