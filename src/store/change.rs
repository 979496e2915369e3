//! What a transition makes of an alert's row, the same on every engine: read, changed here, written back.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::StoreError;
use super::story::{self, Happening};
use crate::alert::{Cause, NewAlert, Opening, Recorded, Resolution, State, Transition};
use crate::claim::Currency;
use crate::escalation::{Digest, Escalated, Message};

/// An alert's row, as far as transitions change it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: Uuid,
    pub claim_id: String,
    pub claim_status: String,
    pub state: State,
    pub resolution: Option<Resolution>,
    pub due_at: DateTime<Utc>,
    pub detected_at: DateTime<Utc>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub amount: Option<Decimal>,
    pub currency: Option<Currency>,
    pub calendar: String,
    pub escalation_level: u32,
    pub next_escalation_at: Option<DateTime<Utc>>,
    pub held_since: Option<DateTime<Utc>>,
    pub inherited_at: Option<DateTime<Utc>>,
    pub acknowledged: bool,
    /// JSON; `None`: it stays as it is.
    pub explanation: Option<String>,
    /// By a new deadline nobody has been told anything yet: the levels that went out are forgotten.
    pub untold: bool,
    /// The claim has moved on: it is acknowledged no more.
    pub unacknowledged: bool,
    /// What happened, to be added to its events.
    pub happenings: Vec<Happening>,
    /// Whether anything is to be written.
    pub changed: bool,
}

impl Row {
    /// Changes the row as `transition` says, and counts it. What it says already is left alone.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if an explanation cannot be written as JSON.
    pub fn apply(
        &mut self,
        (now, opening): (DateTime<Utc>, Opening),
        transition: &Transition,
        recorded: &mut Recorded,
    ) -> Result<(), StoreError> {
        match transition {
            Transition::Raise { alert, state } => self.raise_again((now, opening), alert, *state, recorded),
            Transition::RaiseResolved { .. } => Ok(()),
            _ if self.state == State::Resolved => Ok(()),
            Transition::Move { alert, state, cause, .. } => {
                self.move_deadline((now, opening), (alert, *state), cause, recorded)
            }
            Transition::Explain { explanation, .. } => {
                self.changed = true;
                self.explanation = Some(json_text(explanation)?);
                Ok(())
            }
            Transition::Resolve { resolution, stopped_at, claim_status, cause, .. } => {
                self.resolve(now, (*resolution, *stopped_at), claim_status.as_deref(), cause, recorded);
                Ok(())
            }
        }
    }

    /// The alert becomes breached if it was at risk, and opens again if it was resolved.
    fn raise_again(
        &mut self,
        (now, opening): (DateTime<Utc>, Opening),
        alert: &NewAlert,
        state: State,
        recorded: &mut Recorded,
    ) -> Result<(), StoreError> {
        let kind = match (self.state, state) {
            (State::AtRisk, State::Breached) => "breached",
            (State::Resolved, _) => "reopened",
            _ => return Ok(()),
        };
        recorded.count_opening(Some(self.state), state);
        self.open_again((now, opening), alert, state)?;
        self.happenings.push(story::opening(kind, alert, state, opening));
        Ok(())
    }

    fn open_again(
        &mut self,
        (now, opening): (DateTime<Utc>, Opening),
        alert: &NewAlert,
        state: State,
    ) -> Result<(), StoreError> {
        if self.state == State::Resolved && std::mem::take(&mut self.acknowledged) {
            self.unacknowledged = true;
            self.happenings.push(story::unacknowledged("the claim has moved on"));
        }
        if self.due_at != alert.due_at {
            self.untold = true;
            self.escalation_level = 0;
        }
        self.changed = true;
        self.state = state;
        (self.resolution, self.resolved_at, self.stopped_at) = (None, None, None);
        self.detected_at = now;
        self.due_at = alert.due_at;
        self.claim_status.clone_from(&alert.claim_status);
        self.calendar.clone_from(&alert.calendar);
        self.explanation = Some(json_text(&alert.explanation)?);
        (self.amount, self.currency) = (alert.amount, alert.currency);
        self.await_escalation((now, opening), state);
        Ok(())
    }

    /// An alert that is breached now is told of next, unless it is held.
    fn await_escalation(&mut self, (now, opening): (DateTime<Utc>, Opening), state: State) {
        let breached = state == State::Breached;
        self.held_since = opening.held_since(now).filter(|_| breached);
        self.inherited_at = opening.inherited_at(now).filter(|_| breached);
        self.next_escalation_at = (breached && self.held_since.is_none()).then_some(now);
    }

    fn move_deadline(
        &mut self,
        (now, opening): (DateTime<Utc>, Opening),
        (alert, state): (&NewAlert, State),
        cause: &Cause,
        recorded: &mut Recorded,
    ) -> Result<(), StoreError> {
        if self.state == state && self.due_at == alert.due_at && self.calendar == alert.calendar {
            return Ok(());
        }
        if self.state == State::Breached && state == State::AtRisk {
            self.resolve(now, (Resolution::Withdrawn, None), Some(&alert.claim_status), cause, recorded);
            self.open_again((now, opening), alert, state)?;
            recorded.count_opening(Some(State::Resolved), state);
            self.happenings.push(story::opening("reopened", alert, state, opening));
            return Ok(());
        }
        let breached = state == State::Breached && self.state != State::Breached;
        self.changed = true;
        self.state = state;
        self.due_at = alert.due_at;
        self.calendar.clone_from(&alert.calendar);
        self.explanation = Some(json_text(&alert.explanation)?);
        self.happenings.push(story::moved(cause, alert));
        recorded.moved += 1;
        if state == State::AtRisk || self.held_since.is_none() {
            self.next_escalation_at = (state == State::Breached).then_some(now);
        }
        if breached {
            self.await_escalation((now, opening), state);
            self.detected_at = now;
            self.happenings.push(story::breached(alert.due_at));
            recorded.opened += 1;
        }
        Ok(())
    }

    /// Ends an open alert. One that was at risk and is late was breached in between, and its story says so.
    fn resolve(
        &mut self,
        now: DateTime<Utc>,
        (resolution, stopped_at): (Resolution, Option<DateTime<Utc>>),
        claim_status: Option<&str>,
        cause: &Cause,
        recorded: &mut Recorded,
    ) {
        if resolution == Resolution::Late && self.state == State::AtRisk {
            self.happenings.push(story::breached(self.due_at));
            self.detected_at = now;
            self.state = State::Breached;
            recorded.opened += 1;
            recorded.passed_by += 1;
        }
        self.happenings.push(story::resolved(cause, self.state, resolution, stopped_at));
        recorded.count_resolution(resolution);
        self.changed = true;
        self.state = State::Resolved;
        self.resolution = Some(resolution);
        self.stopped_at = stopped_at;
        self.resolved_at = Some(now);
        (self.next_escalation_at, self.held_since) = (None, None);
        if let Some(status) = claim_status {
            status.clone_into(&mut self.claim_status);
        }
    }
}

/// A value as the JSON that a column keeps.
pub(super) fn json_text(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

/// What `message` is about without those of its alerts that others settled meanwhile: all but `taken`, of those whose
/// escalation was still to be recorded.
pub(super) fn without_lost<'a>(message: &'a Message, taken: &HashSet<Uuid>) -> Cow<'a, Digest> {
    let lost = message.alerts.iter().map(|alert| alert.alert_id).filter(|id| !taken.contains(id));
    let lost: HashSet<Uuid> = lost.collect();
    let mut digest = Cow::Borrowed(&message.digest);
    if !lost.is_empty() {
        let digest = digest.to_mut();
        digest.escalated.retain(|alert_id| !lost.contains(alert_id));
        digest.reminded.retain(|alert_id| !lost.contains(alert_id));
    }
    digest
}

/// Alerts whose promise was not kept, by the instant that was promised.
pub(super) fn broken_promises(alerts: &[Escalated]) -> BTreeMap<DateTime<Utc>, Vec<Uuid>> {
    let mut broken: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for alert in alerts {
        if let Some(until) = alert.broken_promise {
            broken.entry(until).or_default().push(alert.alert_id);
        }
    }
    broken
}

/// Alerts by the silence that kept something back about them.
pub(super) fn by_silence(silenced: &[(Uuid, Uuid)]) -> BTreeMap<Uuid, Vec<Uuid>> {
    let mut groups: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for (alert, silence) in silenced {
        groups.entry(*silence).or_default().push(*alert);
    }
    groups
}

/// Alerts that are recorded by one statement: those of one level that were last told of at one time.
pub(super) fn alike(alerts: &[Escalated]) -> BTreeMap<(u32, Option<DateTime<Utc>>), Vec<Uuid>> {
    let mut groups: BTreeMap<_, Vec<Uuid>> = BTreeMap::new();
    for Escalated { alert_id, level, last_sent_at, .. } in alerts {
        groups.entry((*level, *last_sent_at)).or_default().push(*alert_id);
    }
    groups
}
