//! What a scan would do, done by nobody: the alerts as its transitions would leave them, and what would be told of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::alert::{Alert, AlertId, NewAlert, Opening, Recorded, State, Transition};
use crate::escalation::{self, Message, Outgoing, Pending, Silence};
use crate::now::fresh_id;
use crate::store::{Page, Snapshot, Standing, StoreError};

use super::ledger::Scene;
use super::statements::Unrecorded;
use super::{BATCH, ScanError};

/// The alerts that would stand otherwise than the database has them, and the messages that would go out.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    alerts: HashMap<AlertId, Foreseen>,
    /// What escalation looks at when all of the rest is done.
    pub(super) pending: Vec<Pending>,
    /// The messages that are due, whether or not the sending hours let them go.
    pub(super) messages: Vec<Message>,
    /// Whether the next two are kept.
    keeps: bool,
    /// The messages with all that they say.
    pub(super) told: Vec<(Uuid, Message)>,
    /// The alerts that would be raised, as they would stand.
    pub(super) raised: HashMap<Uuid, Alert>,
}

/// An alert as it would stand.
#[derive(Clone, Debug)]
pub(super) struct Foreseen {
    /// As the database has it; `None`: there is none.
    pub(super) before: Option<State>,
    pub(super) after: State,
    pub(super) pending: Pending,
    snoozed_until: Option<DateTime<Utc>>,
    held: bool,
    /// Whether it is held by this scan.
    newly_held: bool,
}

impl Foresight {
    /// One that also keeps messages and new alerts whole.
    pub(super) fn keeping() -> Self {
        Self { keeps: true, ..Self::default() }
    }

    /// The messages that are due, whatever the hour, if they are to be kept.
    pub(super) fn kept(&self, at: DateTime<Utc>) -> Option<Outgoing> {
        self.keeps.then(|| gathered(self.messages.iter().cloned(), at))
    }

    /// What recording would make of `transitions`, all of `rule` and of clocks on `claim_ids`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(super) async fn record(
        &mut self,
        snapshot: &mut dyn Snapshot,
        scene: Scene<'_>,
        rule: &str,
        claim_ids: &BTreeSet<&str>,
        transitions: &[Transition],
    ) -> Result<Recorded, StoreError> {
        let claim_ids: Vec<&str> = claim_ids.iter().copied().collect();
        let standing = snapshot.standing(rule, &claim_ids).await?;
        let ids: HashMap<Uuid, AlertId> =
            standing.iter().map(|alert| (alert.pending.alert_id, alert.clock.clone())).collect();
        let mut standing: HashMap<AlertId, Standing> =
            standing.into_iter().map(|alert| (alert.clock.clone(), alert)).collect();
        let mut recorded = Recorded::default();
        for transition in transitions {
            let clock = match transition {
                Transition::Explain { .. } => None,
                Transition::Move { alert_id, .. } | Transition::Resolve { alert_id, .. } => ids.get(alert_id).cloned(),
                Transition::Raise { .. } | Transition::RaiseResolved { .. } => transition.clock(),
            };
            if let Some(clock) = clock {
                let known = standing.remove(&clock).map(Foreseen::of);
                recorded += self.apply(scene, clock, known, transition);
            }
        }
        Ok(recorded)
    }

    fn apply(
        &mut self,
        scene: Scene<'_>,
        clock: AlertId,
        known: Option<Foreseen>,
        transition: &Transition,
    ) -> Recorded {
        let known = self.alerts.get(&clock).cloned().or(known);
        let before = known.as_ref().map(|alert| alert.after);
        let (recorded, after) = transition.effect(before);
        let seen_already = known.is_some() && matches!(transition, Transition::RaiseResolved { .. });
        if seen_already || (before == Some(after) && recorded == Recorded::default()) {
            return Recorded::default();
        }
        let mut alert = match (known, transition) {
            (Some(known), _) => known,
            (None, Transition::Raise { alert, .. } | Transition::RaiseResolved { alert, .. }) => {
                Foreseen::new(alert, scene.at)
            }
            // Gone since it was looked at.
            (None, Transition::Move { .. } | Transition::Explain { .. } | Transition::Resolve { .. }) => {
                return Recorded::default();
            }
        };
        match transition {
            Transition::Raise { alert: by, .. } => alert.open_again(by),
            Transition::Move { alert: by, .. } if before == Some(State::Breached) && after == State::AtRisk => {
                alert.open_again(by);
            }
            Transition::Move { alert: by, .. } => alert.move_to(by),
            Transition::RaiseResolved { .. } | Transition::Explain { .. } | Transition::Resolve { .. } => {}
        }
        alert.come_to(after, scene);
        if let (true, None, Transition::Raise { alert: new, .. }) = (self.keeps, alert.before, transition) {
            let id = alert.pending.alert_id;
            self.raised.insert(id, new.raised(id, after, scene.at, scene.opening));
        }
        self.alerts.insert(clock, alert);
        recorded
    }

    /// Decides what would be told; where every alert is looked at again, of every one, whenever it was to be looked at.
    /// Returns what the sending hours let go.
    ///
    /// # Errors
    /// [`ScanError::Store`], and [`ScanError::Escalation`] where a level's instant cannot be given.
    pub(super) async fn escalate(
        &mut self,
        snapshot: &mut dyn Snapshot,
        scene: Scene<'_>,
        silences: &[Silence],
    ) -> Result<Outgoing, ScanError> {
        let at = scene.at;
        // What waits for the sending hours is to be looked at only then, but is due now.
        let waits = !scene.plan.policy.may_send_to_all(&scene.plan.calendars, at);
        let all = scene.rederive || waits;
        let changed: HashSet<Uuid> = self.alerts.values().map(|alert| alert.pending.alert_id).collect();
        self.pending.clear();
        let mut page = Page::First;
        loop {
            let pending = snapshot.pending_escalations(at, all, page, BATCH).await?;
            if pending.is_empty() {
                break;
            }
            self.pending.extend(pending.into_iter().filter(|alert| !changed.contains(&alert.alert_id)));
            page = Page::Next;
        }
        let told_of = |alert: &&Foreseen| {
            alert.after == State::Breached && !alert.held && alert.snoozed_until.is_none_or(|until| until <= at)
        };
        self.pending.extend(self.alerts.values().filter(told_of).map(|alert| alert.pending.clone()));
        self.pending.sort_by_key(|alert| (alert.due_at, alert.alert_id));
        let telling = scene.telling(silences);
        let at_any_hour = escalation::Scene { wait_for_hours: false, ..telling };
        self.messages = escalation::escalate(at_any_hour, &self.pending)?.messages;
        let let_go = if waits { escalation::escalate(telling, &self.pending)?.messages } else { self.messages.clone() };
        Ok(gathered(let_go, at))
    }

    /// What the database does not show.
    pub(super) fn unrecorded(&self) -> Unrecorded {
        let mut unrecorded = Unrecorded::default();
        for alert in self.alerts.values() {
            let id = alert.pending.alert_id;
            if alert.newly_held {
                unrecorded.held.push(id);
            }
            match (alert.before, alert.after) {
                (Some(State::Resolved), State::Resolved) => {}
                (Some(State::Resolved), _) => _ = unrecorded.reopened.insert(id),
                (_, State::Resolved) => unrecorded.settled.push(alert.pending.clone()),
                _ => {}
            }
        }
        unrecorded
    }

    /// By how much the open alerts of each rule would change: at risk, breached.
    pub(super) fn changes(&self) -> BTreeMap<&str, (i64, i64)> {
        let mut changes: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for (clock, alert) in &self.alerts {
            let (at_risk, breached) = changes.entry(&clock.rule).or_default();
            let more = |state| i64::from(alert.after == state) - i64::from(alert.before == Some(state));
            *at_risk += more(State::AtRisk);
            *breached += more(State::Breached);
        }
        changes
    }

    /// Every clock whose alert would change.
    pub(super) fn clocks(&self) -> impl Iterator<Item = &AlertId> {
        self.alerts.keys()
    }

    /// The alert of a clock, if it would change.
    pub(super) fn alert(&self, clock: &AlertId) -> Option<&Foreseen> {
        self.alerts.get(clock)
    }
}

fn gathered(messages: impl IntoIterator<Item = Message>, at: DateTime<Utc>) -> Outgoing {
    let mut outgoing = Outgoing::default();
    for message in messages {
        outgoing.add(message, at);
    }
    outgoing
}

impl Foreseen {
    fn of(standing: Standing) -> Self {
        let Standing { state, snoozed_until, held, pending, .. } = standing;
        Self { before: Some(state), after: state, pending, snoozed_until, held, newly_held: false }
    }

    fn new(alert: &NewAlert, at: DateTime<Utc>) -> Self {
        let pending = Pending::new(fresh_id(at), alert, None);
        Self { before: None, after: State::Resolved, pending, snoozed_until: None, held: false, newly_held: false }
    }

    /// Stands in `after`; one that becomes late does so as the scan opens alerts.
    fn come_to(&mut self, after: State, scene: Scene<'_>) {
        if after == State::Breached && self.after != State::Breached {
            self.newly_held = scene.opening == Opening::Held;
            self.pending.inherited_at = scene.opening.inherited_at(scene.at);
        }
        if after != State::Breached {
            self.newly_held = false;
        }
        self.held = (self.held && after == State::Breached) || self.newly_held;
        self.after = after;
    }

    /// By a new deadline nobody has been told anything yet, and whoever was on a resolved alert is no more.
    fn open_again(&mut self, by: &NewAlert) {
        if self.after == State::Resolved {
            (self.pending.acknowledged, self.pending.promised_until) = (false, None);
        }
        if self.pending.due_at != by.due_at {
            self.pending.sent.clear();
        }
        self.move_to(by);
    }

    fn move_to(&mut self, by: &NewAlert) {
        self.pending.due_at = by.due_at;
        self.pending.calendar.clone_from(&by.calendar);
    }
}
