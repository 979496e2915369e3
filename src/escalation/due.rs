//! Which levels and reminders are due now, grouped into messages; and when each alert is due next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::alert::NewAlert;
use crate::calendar::{Calendar, Calendars};
use crate::claim::Currency;
use crate::sla::{DeadlineError, Span, later};

use super::{Digest, Kind, Level, Policy, Silence, Silenced};

/// An open, breached alert as far as escalation looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub alert_id: Uuid,
    pub rule: String,
    pub claim_id: String,
    pub program_id: Option<String>,
    pub partner_name: Option<String>,
    pub paying_entity: Option<String>,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
    pub calendar: String,
    pub due_at: DateTime<Utc>,
    /// When it was taken over, if it was late before anyone watched it: its levels are counted from then.
    pub inherited_at: Option<DateTime<Utc>>,
    pub acknowledged: bool,
    /// By when it is promised to be done, if it is acknowledged.
    pub promised_until: Option<DateTime<Utc>>,
    /// The levels that went out, each with the last time.
    pub sent: Vec<(u32, DateTime<Utc>)>,
}

impl Pending {
    /// A new alert, of which nobody has been told anything yet.
    #[must_use]
    pub fn new(alert_id: Uuid, alert: &NewAlert, inherited_at: Option<DateTime<Utc>>) -> Self {
        Self {
            alert_id,
            rule: alert.rule.clone(),
            claim_id: alert.claim_id.clone(),
            program_id: alert.program_id.clone(),
            partner_name: alert.partner_name.clone(),
            paying_entity: alert.paying_entity.clone(),
            amount: alert.amount,
            currency: alert.currency,
            calendar: alert.calendar.clone(),
            due_at: alert.due_at,
            inherited_at,
            acknowledged: false,
            promised_until: None,
            sent: Vec::new(),
        }
    }

    /// The instant from which levels are counted.
    fn late_since(&self) -> DateTime<Utc> {
        self.inherited_at.map_or(self.due_at, |inherited| inherited.max(self.due_at))
    }

    /// When its promise was broken, if it is by `now`.
    fn broken_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.promised_until.filter(|until| self.acknowledged && *until <= now)
    }

    fn last_sent(&self, level: u32) -> Option<DateTime<Utc>> {
        self.sent.iter().find(|(sent, _)| *sent == level).map(|(_, at)| *at)
    }
}

/// One level of one alert that goes out now. The store records it only if the level was last sent at `last_sent_at`
/// (`None`: never), so that two scans at once cannot both send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalated {
    pub alert_id: Uuid,
    pub level: u32,
    pub last_sent_at: Option<DateTime<Utc>>,
    /// A promise was broken: the acknowledgement, which promised this instant, is over.
    pub broken_promise: Option<DateTime<Utc>>,
}

impl Escalated {
    /// Whether the level went out before.
    #[must_use]
    pub fn is_reminder(&self) -> bool {
        self.last_sent_at.is_some()
    }
}

/// A message, recorded together with the escalation of its alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub digest: Digest,
    /// Those whose escalation is still to be recorded.
    pub alerts: Vec<Escalated>,
}

/// What is due now, and what later.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Escalations {
    /// One message a level, route and kind, level 1 first.
    pub messages: Vec<Message>,
    /// When each alert is to be looked at again; `None`: never, nothing more will go out about it.
    pub next: Vec<(Uuid, Option<DateTime<Utc>>)>,
    /// The alerts about which something was due, and the silence that kept it back.
    pub silenced: Vec<(Uuid, Uuid)>,
}

/// By what and when it is decided what goes out.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub policy: &'a Policy,
    pub calendars: &'a Calendars,
    /// Those that are in force, and those that were when something may have been due.
    pub silences: &'a [Silence],
    pub now: DateTime<Utc>,
    /// Whether what is due outside the sending hours waits for their opening.
    pub wait_for_hours: bool,
}

/// Decides for each of `alerts`, open and unsnoozed, what goes out now.
///
/// # Errors
/// [`DeadlineError`] if a level's instant lies beyond the calendar.
pub fn escalate(scene: Scene<'_>, alerts: &[Pending]) -> Result<Escalations, DeadlineError> {
    let mut gathered = Gathered { scene, messages: BTreeMap::new() };
    let (mut next, mut silenced) = (Vec::with_capacity(alerts.len()), Vec::new());
    for alert in alerts {
        let looked = Looked::at(scene, alert)?;
        next.push((alert.alert_id, looked.next));
        silenced.extend(looked.silenced.map(|silence| (alert.alert_id, silence)));
        for due in looked.due {
            gathered.add(alert, due);
        }
    }
    Ok(Escalations { messages: gathered.messages.into_values().collect(), next, silenced })
}

/// A level that goes out about an alert now.
struct Due {
    level: u32,
    route: Option<usize>,
    last_sent_at: Option<DateTime<Utc>>,
    broken_promise: Option<DateTime<Utc>>,
    silenced: Option<Silenced>,
}

/// What comes of looking at one alert.
struct Looked {
    due: Vec<Due>,
    next: Option<DateTime<Utc>>,
    /// The silence that kept something back.
    silenced: Option<Uuid>,
}

impl Looked {
    fn at(scene: Scene<'_>, alert: &Pending) -> Result<Self, DeadlineError> {
        let Scene { policy, now, .. } = scene;
        let matching: Vec<&Silence> = scene.silences.iter().filter(|silence| silence.matcher.matches(alert)).collect();
        let silence = matching.iter().filter(|silence| silence.covers(now)).min_by_key(|silence| silence.end());
        let mut looked = Self { due: Vec::new(), next: None, silenced: None };
        for (level, settings) in (1..).zip(&policy.levels) {
            let timing = Timing { scene, alert, level, settings };
            let Some(due) = timing.due(alert.last_sent(level))? else { continue };
            let calendar = policy.sending_calendar(scene.calendars, timing.route());
            let after = if due > now {
                Some(due)
            } else if let Some(silence) = silence {
                looked.silenced = Some(silence.id);
                Some(silence.end())
            } else if scene.wait_for_hours && !policy.may_send(calendar, now) {
                policy.may_send_from(calendar, now)
            } else {
                let silenced =
                    matching.iter().rev().find(|silence| silence.covers(due)).map(|silence| silence.silenced());
                looked.due.push(Due {
                    level,
                    route: timing.route(),
                    last_sent_at: alert.last_sent(level),
                    broken_promise: alert.broken_at(now),
                    silenced,
                });
                let acknowledged = alert.acknowledged && alert.broken_at(now).is_none();
                if acknowledged { None } else { timing.reminder(now, calendar)? }
            };
            looked.next = [looked.next, after].into_iter().flatten().min();
        }
        // A promise that is kept back by nothing is looked at when it is broken.
        let promised = alert.promised_until.filter(|until| alert.acknowledged && *until > now);
        looked.next = [looked.next, promised].into_iter().flatten().min();
        Ok(looked)
    }
}

/// When one level goes out about one alert.
struct Timing<'a> {
    scene: Scene<'a>,
    alert: &'a Pending,
    level: u32,
    settings: &'a Level,
}

impl Timing<'_> {
    fn route(&self) -> Option<usize> {
        self.scene.policy.recipients(self.alert, self.level).0
    }

    fn calendar(&self) -> &Calendar {
        let calendars = self.scene.calendars;
        calendars.get(&self.alert.calendar).unwrap_or_else(|| calendars.default())
    }

    /// When the level goes out (again, if it was sent before); `None`: never. A broken promise goes one level up at once, or
    /// where there is none above, to the highest again.
    fn due(&self, last_sent_at: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, DeadlineError> {
        let broken_at = self.alert.broken_at(self.scene.now);
        let regular = match last_sent_at {
            None => {
                let since = self.alert.late_since();
                Some(self.settings.after.map_or(Ok(since), |after| later(self.calendar(), since, after))?)
            }
            Some(_) if self.alert.acknowledged && broken_at.is_none() => None,
            Some(last) => {
                let route = self.route();
                self.reminder(last, self.scene.policy.sending_calendar(self.scene.calendars, route))?
            }
        };
        let early = broken_at.filter(|_| self.level == self.next_level());
        Ok(match (regular, early) {
            (Some(regular), Some(early)) => Some(regular.min(early)),
            (regular, early) => regular.or(early),
        })
    }

    /// The level above those that went out, if there is one, else the highest.
    fn next_level(&self) -> u32 {
        let highest = self.alert.sent.iter().map(|(level, _)| *level).max().unwrap_or(0);
        let levels = u32::try_from(self.scene.policy.levels.len()).unwrap_or(u32::MAX);
        (highest + 1).min(levels)
    }

    /// The reminder after a message at `last_sent_at`: at the opening of the sending hours, so that it does not drift
    /// through the day from one scan to the next; without sending hours, at the same time of day.
    fn reminder(
        &self,
        last_sent_at: DateTime<Utc>,
        sending: &Calendar,
    ) -> Result<Option<DateTime<Utc>>, DeadlineError> {
        let Some(every) = self.settings.remind_every else { return Ok(None) };
        reminder_at(self.scene.policy, (self.calendar(), sending), last_sent_at, every).map(Some)
    }
}

fn reminder_at(
    policy: &Policy,
    (counting, sending): (&Calendar, &Calendar),
    last_sent_at: DateTime<Utc>,
    every: Span,
) -> Result<DateTime<Utc>, DeadlineError> {
    let at = later(counting, last_sent_at, every)?;
    let opening = policy.send_hours.and_then(|hours| {
        let zone = sending.zone();
        zone.instant_of(zone.local_date(at).and_time(hours.opens))
    });
    Ok(opening.filter(|opening| *opening > last_sent_at).unwrap_or(at))
}

/// Messages as they gather.
struct Gathered<'a> {
    scene: Scene<'a>,
    messages: BTreeMap<(u32, Option<usize>, Kind), Message>,
}

impl Gathered<'_> {
    fn add(&mut self, alert: &Pending, due: Due) {
        let Due { level, route, last_sent_at, broken_promise, silenced } = due;
        // What was late before anyone watched is told of apart, once.
        let kind = match alert.inherited_at {
            Some(_) if level == 1 && last_sent_at.is_none() => Kind::Inherited,
            _ => Kind::Escalation,
        };
        let scene = self.scene;
        let message = self
            .messages
            .entry((level, route, kind))
            .or_insert_with(|| Message { digest: digest(scene, alert, (level, route, kind)), alerts: Vec::new() });
        let digest = &mut message.digest;
        let escalated = Escalated { alert_id: alert.alert_id, level, last_sent_at, broken_promise };
        let ids = if escalated.is_reminder() { &mut digest.reminded } else { &mut digest.escalated };
        ids.push(alert.alert_id);
        digest.silenced.extend(silenced.map(|silenced| (alert.alert_id, silenced)));
        digest.broken.extend(broken_promise.map(|_| alert.alert_id));
        message.alerts.push(escalated);
    }
}

/// A message about nothing yet, to those who get `level` about `alert`.
fn digest(scene: Scene<'_>, alert: &Pending, (level, route, kind): (u32, Option<usize>, Kind)) -> Digest {
    let (_, recipients) = scene.policy.recipients(alert, level);
    let empty = Digest::empty(kind, scene.policy.thread(level, route), scene.now, scene.policy.language);
    Digest { level, route, recipients: recipients.cloned().unwrap_or_default(), ..empty }
}
