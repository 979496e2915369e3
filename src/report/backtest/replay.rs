//! Escalation over the time that has passed: who would have been told when.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::escalation::{Pending, Scene, escalate};
use crate::explain::ClockAccount;
use crate::sla::DeadlineError;

use super::Regime;
use crate::scan::Plan;

/// A clock that was late, as escalation would have looked at it.
#[derive(Clone, Debug)]
pub(super) struct Late {
    pub pending: Pending,
    /// When there was nothing to say of it any more; `None`: there still is.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A message that would have gone out.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub at: DateTime<Utc>,
    /// As the outbox names them.
    pub recipients: Vec<String>,
    pub alerts: u64,
}

impl Late {
    /// `number`: a number of its own.
    pub fn of(clock: &ClockAccount<'_>, ends_at: Option<DateTime<Utc>>, number: usize) -> Self {
        let subject = clock.subject;
        let (amount, currency) = subject.map_or((None, None), |subject| subject.money());
        let claim = subject.map(|subject| &subject.claim);
        let line = subject.and_then(|subject| subject.payment.as_ref());
        let pending = Pending {
            alert_id: Uuid::from_u128(number as u128),
            rule: clock.rule.name.clone(),
            claim_id: claim.map(|claim| claim.claim_id.clone()).unwrap_or_default(),
            program_id: claim.and_then(|claim| claim.program_id.clone()),
            partner_name: claim.and_then(|claim| claim.partner_name.clone()),
            paying_entity: line.and_then(|line| line.paying_entity.clone()),
            amount,
            currency,
            calendar: clock.calendar.name().to_owned(),
            due_at: clock.due_at,
            inherited_at: None,
            acknowledged: false,
            promised_until: None,
            sent: Vec::new(),
        };
        Self { pending, ends_at }
    }
}

/// The messages about `late` until `until`, in the order of their time.
///
/// # Errors
/// [`DeadlineError`] if a level's instant lies beyond the calendar.
pub(super) fn replay(regime: Regime<'_>, late: Vec<Late>, until: DateTime<Utc>) -> Result<Vec<Sent>, DeadlineError> {
    let mut replay = Replay { regime, late, until, looks: BTreeMap::new(), scans: HashMap::new(), sent: Vec::new() };
    for number in 0..replay.late.len() {
        replay.look_at(number, replay.late[number].pending.due_at);
    }
    while let Some((now, numbers)) = replay.looks.pop_first() {
        replay.scan(now, &numbers)?;
    }
    Ok(replay.sent)
}

struct Replay<'a> {
    regime: Regime<'a>,
    late: Vec<Late>,
    until: DateTime<Utc>,
    /// Which of `late` are to be looked at by which scan.
    looks: BTreeMap<DateTime<Utc>, Vec<usize>>,
    /// The first scan at an instant or after it: many clocks are due at the same.
    scans: HashMap<DateTime<Utc>, Option<DateTime<Utc>>>,
    sent: Vec<Sent>,
}

impl Replay<'_> {
    /// The first scan from `at` on looks at it, unless there is nothing to say by then.
    fn look_at(&mut self, number: usize, at: DateTime<Utc>) {
        let scan = *self.scans.entry(at).or_insert_with(|| self.regime.schedule.next_due(at));
        let ends_at = self.late[number].ends_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if let Some(scan) = scan.filter(|scan| *scan <= self.until && *scan < ends_at) {
            self.looks.entry(scan).or_default().push(number);
        }
    }

    fn scan(&mut self, now: DateTime<Utc>, numbers: &[usize]) -> Result<(), DeadlineError> {
        let Plan { policy, calendars, .. } = self.regime.plan;
        let scene = Scene { policy, calendars, silences: &[], now, wait_for_hours: true };
        let pending: Vec<Pending> = numbers.iter().map(|number| self.late[*number].pending.clone()).collect();
        let place: HashMap<Uuid, usize> =
            numbers.iter().map(|number| (self.late[*number].pending.alert_id, *number)).collect();
        let due = escalate(scene, &pending)?;
        for message in due.messages {
            let recipients = message.digest.recipients.in_outbox();
            self.sent.push(Sent { at: now, recipients, alerts: message.digest.alerts() as u64 });
            for escalated in &message.alerts {
                let Some(number) = place.get(&escalated.alert_id) else { continue };
                let sent = &mut self.late[*number].pending.sent;
                sent.retain(|(level, _)| *level != escalated.level);
                sent.push((escalated.level, now));
            }
        }
        for (id, next) in due.next {
            if let (Some(number), Some(next)) = (place.get(&id), next) {
                self.look_at(*number, next.max(now + TimeDelta::seconds(1)));
            }
        }
        Ok(())
    }
}
