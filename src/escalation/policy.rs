//! Who is told: levels, routes, sending hours.

use std::collections::BTreeSet;
use std::iter::successors;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use wildmatch::WildMatch;

use crate::calendar::{Calendar, Calendars};
use crate::claim::Currency;
use crate::sla::Span;
use crate::wording::Language;

use super::{Brake, MonthlyReport, Pending, Recipients, webhook_recipient};

/// On how many days an opening is looked for: one that daylight saving skips is not skipped so often.
const OPENINGS: usize = 400;

/// The whole escalation policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Level 1 first; never empty.
    pub levels: Vec<Level>,
    /// The first route that matches replaces a level's recipients.
    pub routes: Vec<Route>,
    /// When messages may go out, on business days of the calendar of their route (else the default one), by its clock;
    /// `None`: at any time.
    pub send_hours: Option<SendHours>,
    /// When a scan's new alerts are held until someone says that they are right; `None`: never.
    pub brake: Option<Brake>,
    /// Who gets a message every business day that says how far all is well; nobody: there is none.
    pub all_is_well: Recipients,
    /// Who gets the report of each month, and of which programs.
    pub monthly_reports: Vec<MonthlyReport>,
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
    pub recipients: Recipients,
    /// Goes out again this often until acknowledged or resolved; `None`: once.
    pub remind_every: Option<Span>,
}

/// Recipients for the alerts that match all of its conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub rule: Option<Glob>,
    pub program: Option<Glob>,
    pub paying_entity: Option<Glob>,
    pub currency: Option<Currency>,
    /// The least amount, in `currency`.
    pub min_amount: Option<Decimal>,
    /// The level that it is for; `None`: every level.
    pub level: Option<u32>,
    /// The calendar of its sending hours; `None`: the default one.
    pub calendar: Option<String>,
    pub recipients: Recipients,
}

/// A condition of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    Level,
    Rule,
    Program,
    PayingEntity,
    Currency,
    Amount,
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

    /// Whether `text` fits `glob`: anything fits none, and nothing fits one.
    pub(super) fn admits(glob: Option<&Self>, text: Option<&str>) -> bool {
        glob.is_none_or(|glob| text.is_some_and(|text| glob.matches(text)))
    }
}

impl serde::Serialize for Glob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.pattern())
    }
}

impl Route {
    /// Whether the route is for `alert` at `level`.
    #[must_use]
    pub fn matches(&self, alert: &Pending, level: u32) -> bool {
        self.mismatch(alert, level).is_none()
    }

    /// The first of its conditions that `alert` at `level` does not meet; `None`: it meets all.
    #[must_use]
    pub fn mismatch(&self, alert: &Pending, level: u32) -> Option<Mismatch> {
        let fits = |glob: &Option<Glob>, text| Glob::admits(glob.as_ref(), text);
        let met = [
            (self.level.is_none_or(|only| only == level), Mismatch::Level),
            (fits(&self.rule, Some(&alert.rule)), Mismatch::Rule),
            (fits(&self.program, alert.program_id.as_deref()), Mismatch::Program),
            (fits(&self.paying_entity, alert.paying_entity.as_deref()), Mismatch::PayingEntity),
            (self.currency.is_none_or(|only| alert.currency == Some(only)), Mismatch::Currency),
            (self.min_amount.is_none_or(|least| alert.amount.is_some_and(|amount| amount >= least)), Mismatch::Amount),
        ];
        met.into_iter().find(|(met, _)| !met).map(|(_, mismatch)| mismatch)
    }

    /// Its conditions, which name it wherever it stands in the configuration: `payment of SURFACE-*, from 10000 EUR`.
    #[must_use]
    pub fn conditions(&self) -> String {
        let glob = |name: &str, glob: &Option<Glob>| glob.as_ref().map(|glob| format!("{name} {}", glob.pattern()));
        let amount = match (self.min_amount, self.currency) {
            (Some(least), Some(currency)) => Some(format!("from {} {currency}", least.normalize())),
            (Some(least), None) => Some(format!("from {}", least.normalize())),
            (None, currency) => currency.map(|currency| format!("in {currency}")),
        };
        let conditions: Vec<String> = [
            glob("rule", &self.rule),
            glob("program", &self.program),
            glob("paying entity", &self.paying_entity),
            amount,
            self.level.map(|level| format!("level {level}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if conditions.is_empty() { "everything".to_owned() } else { conditions.join(", ") }
    }
}

/// A claim's page: `claim_url` with the claim's id in its place; `None` for ids too long to be one.
#[must_use]
pub fn claim_link(claim_url: Option<&str>, claim_id: &str) -> Option<String> {
    const UNRESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const MAX_ID: usize = 500;
    let url = claim_url.filter(|_| claim_id.len() <= MAX_ID)?;
    Some(url.replace("{claim_id}", &percent_encoding::utf8_percent_encode(claim_id, UNRESERVED).to_string()))
}

impl Policy {
    /// Who gets `level` about `alert`, and the number of the route that chose them (`None`: they are the level's own).
    #[must_use]
    pub fn recipients(&self, alert: &Pending, level: u32) -> (Option<usize>, Option<&Recipients>) {
        let number = self.routes.iter().position(|route| route.matches(alert, level));
        (number, self.recipients_of(level, number))
    }

    /// Who gets `level` by route `number`; `None`: the level's own.
    #[must_use]
    pub fn recipients_of(&self, level: u32, number: Option<usize>) -> Option<&Recipients> {
        if let Some(route) = number.and_then(|number| self.routes.get(number)) {
            return Some(&route.recipients);
        }
        let own = usize::try_from(level).ok().and_then(|level| self.levels.get(level.checked_sub(1)?));
        own.map(|own| &own.recipients)
    }

    /// Every level with each of its routes, and with its own recipients.
    #[must_use]
    pub fn conversations(&self) -> Vec<(u32, Option<usize>)> {
        let levels = (1..).zip(&self.levels).map(|(level, _)| level);
        let of = |level| {
            let routes =
                self.routes.iter().enumerate().filter(move |(_, route)| route.level.is_none_or(|only| only == level));
            std::iter::once((level, None)).chain(routes.map(move |(number, _)| (level, Some(number))))
        };
        levels.flat_map(of).collect()
    }

    /// The levels that `recipient` (as the outbox names it) is to get, and who hears in its place that it is refused: those of
    /// the next level by the same route, else of any higher one, else of the nearest below; none of them in `disabled`. Nobody:
    /// there is nobody else.
    #[must_use]
    pub fn in_place_of(&self, recipient: &str, disabled: &BTreeSet<&str>) -> (Vec<u32>, Recipients) {
        let gets = |level, route| {
            self.recipients_of(level, route).is_some_and(|all| all.in_outbox().iter().any(|one| one == recipient))
        };
        let conversations = self.conversations().into_iter().filter(|(level, route)| gets(*level, *route));
        let conversations: Vec<(u32, Option<usize>)> = conversations.collect();
        let levels: BTreeSet<u32> = conversations.iter().map(|(level, _)| *level).collect();
        let Some((first, route)) = conversations.first().copied() else { return (Vec::new(), Recipients::default()) };
        let highest = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        let mut candidates =
            (first + 1..=highest).chain((1..=first).rev()).flat_map(|level| [(level, route), (level, None)]);
        let others = candidates.find_map(|(level, route)| {
            let all = self.recipients_of(level, route)?;
            let to = all.to.iter().filter(|mailbox| !disabled.contains(mailbox.email.to_string().as_str()));
            let webhooks = all.webhooks.iter().filter(|name| !disabled.contains(webhook_recipient(name).as_str()));
            let well = Recipients { to: to.cloned().collect(), cc: Vec::new(), webhooks: webhooks.cloned().collect() };
            (!well.is_empty()).then_some(well)
        });
        (levels.into_iter().collect(), others.unwrap_or_default())
    }

    /// The conversation that messages of `level` by route `number` belong to, whatever stands around them in the
    /// configuration.
    #[must_use]
    pub fn thread(&self, level: u32, number: Option<usize>) -> String {
        match number.and_then(|number| self.routes.get(number)) {
            Some(route) => format!("level {level}, {}", route.conditions()),
            None => format!("level {level}"),
        }
    }

    /// The calendar of the sending hours of route `number` (`None`: a level's own recipients).
    #[must_use]
    pub fn sending_calendar<'c>(&self, calendars: &'c Calendars, number: Option<usize>) -> &'c Calendar {
        let name = number.and_then(|number| self.routes.get(number)?.calendar.as_deref());
        name.and_then(|name| calendars.get(name)).unwrap_or_else(|| calendars.default())
    }

    /// Whether messages may go out at `now`: within the sending hours of a business day of `calendar`.
    #[must_use]
    pub fn may_send(&self, calendar: &Calendar, now: DateTime<Utc>) -> bool {
        let Some(hours) = self.send_hours else { return true };
        let local = calendar.zone().local(now);
        calendar.is_business_day(local.date()) && hours.opens <= local.time() && local.time() < hours.closes
    }

    /// Whether messages may go out to everyone at `now`: by the level's own calendar and by that of each route.
    #[must_use]
    pub fn may_send_to_all(&self, calendars: &Calendars, now: DateTime<Utc>) -> bool {
        let mut numbers = std::iter::once(None).chain((0..self.routes.len()).map(Some));
        numbers.all(|number| self.may_send(self.sending_calendar(calendars, number), now))
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
