//! Which levels and reminders are due now, grouped into messages; and when each alert is due next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::alert::NewAlert;
use crate::calendar::{Calendar, Calendars};
use crate::sla::{DeadlineError, Span, later};

use super::{Digest, Level, Policy};

/// An open, breached alert as far as escalation looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub alert_id: Uuid,
    pub rule: String,
    pub program_id: Option<String>,
    pub paying_entity: Option<String>,
    pub calendar: String,
    pub due_at: DateTime<Utc>,
    pub acknowledged: bool,
    /// The levels that went out, each with the last time.
    pub sent: Vec<(u32, DateTime<Utc>)>,
}

impl Pending {
    /// A new alert, of which nobody has been told anything yet.
    #[must_use]
    pub fn new(alert_id: Uuid, alert: &NewAlert) -> Self {
        Self {
            alert_id,
            rule: alert.rule.clone(),
            program_id: alert.program_id.clone(),
            paying_entity: alert.paying_entity.clone(),
            calendar: alert.calendar.clone(),
            due_at: alert.due_at,
            acknowledged: false,
            sent: Vec::new(),
        }
    }
}

/// One level of one alert that goes out now. The store records it only if the level was last sent at `last_sent_at`
/// (`None`: never), so that two scans at once cannot both send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalated {
    pub alert_id: Uuid,
    pub level: u32,
    pub last_sent_at: Option<DateTime<Utc>>,
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
    /// One message per level and route, level 1 first.
    pub messages: Vec<Message>,
    /// When each alert is to be looked at again; `None`: never, nothing more will go out about it.
    pub next: Vec<(Uuid, Option<DateTime<Utc>>)>,
}

/// Decides for each of `alerts`, open and unsnoozed, what goes out at `now`, within the sending hours.
///
/// # Errors
/// [`DeadlineError`] if a level's instant lies beyond the calendar.
pub fn escalate(
    policy: &Policy,
    calendars: &Calendars,
    alerts: &[Pending],
    now: DateTime<Utc>,
) -> Result<Escalations, DeadlineError> {
    let mut next = Vec::with_capacity(alerts.len());
    let mut messages: BTreeMap<(u32, Option<usize>), Message> = BTreeMap::new();
    for alert in alerts {
        let calendar = calendars.get(&alert.calendar).unwrap_or_else(|| calendars.default());
        let mut soonest = None;
        for (number, level) in (1..).zip(&policy.levels) {
            let last_sent_at = alert.sent.iter().find(|(sent, _)| *sent == number).map(|(_, at)| *at);
            let due = falls_due(policy, calendar, level, alert, last_sent_at)?;
            let after = match due {
                Some(due) if due <= now => {
                    let escalated = Escalated { alert_id: alert.alert_id, level: number, last_sent_at };
                    add(&mut messages, policy, alert, escalated, now);
                    falls_due(policy, calendar, level, alert, Some(now))?
                }
                later => later,
            };
            soonest = [soonest, after].into_iter().flatten().min();
        }
        next.push((alert.alert_id, soonest));
    }
    Ok(Escalations { messages: messages.into_values().collect(), next })
}

/// When `level` goes out about `alert` (again, if it was sent before); `None`: never.
fn falls_due(
    policy: &Policy,
    calendar: &Calendar,
    level: &Level,
    alert: &Pending,
    last_sent_at: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, DeadlineError> {
    let Some(last_sent_at) = last_sent_at else {
        return level.after.map_or(Ok(alert.due_at), |after| later(calendar, alert.due_at, after)).map(Some);
    };
    match level.remind_every {
        Some(every) if !alert.acknowledged => reminder_at(policy, calendar, last_sent_at, every).map(Some),
        _ => Ok(None),
    }
}

/// The reminder after a message at `last_sent_at`: at the opening of the sending hours, so that it does not drift through
/// the day from one scan to the next; without sending hours, at the same time of day.
fn reminder_at(
    policy: &Policy,
    calendar: &Calendar,
    last_sent_at: DateTime<Utc>,
    every: Span,
) -> Result<DateTime<Utc>, DeadlineError> {
    let at = later(calendar, last_sent_at, every)?;
    let opening = policy.send_hours.and_then(|hours| {
        let zone = calendar.zone();
        zone.instant_of(zone.local_date(at).and_time(hours.opens))
    });
    Ok(opening.filter(|opening| *opening > last_sent_at).unwrap_or(at))
}

fn add(
    messages: &mut BTreeMap<(u32, Option<usize>), Message>,
    policy: &Policy,
    alert: &Pending,
    escalated: Escalated,
    now: DateTime<Utc>,
) {
    let level = escalated.level;
    let (route, to, cc) = policy.recipients(alert, level);
    let message = messages.entry((level, route)).or_insert_with(|| Message {
        digest: Digest {
            level,
            route,
            at: now,
            to: to.into(),
            cc: cc.into(),
            language: policy.language,
            escalated: Vec::new(),
            reminded: Vec::new(),
        },
        alerts: Vec::new(),
    });
    let ids = if escalated.is_reminder() { &mut message.digest.reminded } else { &mut message.digest.escalated };
    ids.push(alert.alert_id);
    message.alerts.push(escalated);
}
