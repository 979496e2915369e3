//! What becomes of a scan's decisions: recorded through a pass, all at once in the end, or only foreseen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::alert::{NewAlert, Recorded, State, Transition};
use crate::claim::DataProblem;
use crate::escalation::{self, Escalations, Outgoing, Pending};
use crate::now::fresh_id;
use crate::store::{Page, Pass, Raised, Snapshot, Told};

use super::foresight::Foresight;
use super::{BATCH, Plan, ScanError};

/// Where the decisions of one scan go.
pub(super) enum Ledger<'a> {
    /// Into the database.
    Kept { pass: Box<dyn Pass>, outgoing: Outgoing },
    /// Nowhere: what nobody records comes up again, and is not to be counted twice.
    Foreseen { snapshot: Box<dyn Snapshot>, foresight: &'a mut Foresight },
}

/// By what and when a scan decides.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub plan: &'a Plan,
    pub at: DateTime<Utc>,
    /// Whether every open alert is looked at again.
    pub rederive: bool,
    pub alive: &'a (dyn Fn() + Send + Sync),
}

impl Scene<'_> {
    fn may_send(&self) -> bool {
        self.plan.policy.may_send(self.plan.calendars.default(), self.at)
    }
}

impl<'a> Ledger<'a> {
    pub fn kept(pass: Box<dyn Pass>) -> Self {
        Self::Kept { pass, outgoing: Outgoing::default() }
    }

    pub fn foreseen(snapshot: Box<dyn Snapshot>, foresight: &'a mut Foresight) -> Self {
        Self::Foreseen { snapshot, foresight }
    }

    /// What the database shows.
    pub fn look(&mut self) -> &mut dyn Snapshot {
        match self {
            Self::Kept { pass, .. } => &mut **pass,
            Self::Foreseen { snapshot, .. } => &mut **snapshot,
        }
    }

    /// Takes up `transitions`, all of `rule` and of clocks on `claim_ids`.
    ///
    /// # Errors
    /// [`ScanError`]
    pub async fn record(
        &mut self,
        scene: Scene<'_>,
        rule: &str,
        claim_ids: &BTreeSet<&str>,
        transitions: Vec<Transition>,
    ) -> Result<Recorded, ScanError> {
        match self {
            Self::Kept { pass, outgoing } => record(&mut **pass, outgoing, scene, transitions).await,
            Self::Foreseen { snapshot, foresight } => {
                Ok(foresight.record(&mut **snapshot, (rule, scene.at), claim_ids, &transitions).await?)
            }
        }
    }

    /// Makes `problems` the open ones; returns how many they are.
    ///
    /// # Errors
    /// [`ScanError::Store`]
    pub async fn record_problems(&mut self, at: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, ScanError> {
        match self {
            Self::Kept { pass, .. } => Ok(pass.record_problems(at, problems).await?),
            Self::Foreseen { .. } => Ok(problems.len() as u64),
        }
    }

    /// Messages about what is due, unless the sending hours are over: then the next scan within them sends them. Returns
    /// how many.
    ///
    /// # Errors
    /// [`ScanError`]
    pub async fn escalate(&mut self, scene: Scene<'_>) -> Result<u64, ScanError> {
        match self {
            Self::Kept { pass, outgoing } => {
                if !scene.may_send() {
                    return Ok(0);
                }
                look_at_pending(&mut **pass, outgoing, scene).await?;
                let mut sent = 0;
                for (id, message) in std::mem::take(outgoing).into_messages() {
                    sent += u64::from(pass.escalate(scene.at, id, &message).await?);
                    (scene.alive)();
                }
                Ok(sent)
            }
            Self::Foreseen { snapshot, foresight } => {
                foresight.escalate(&mut **snapshot, scene.plan, scene.at, scene.rederive).await?;
                Ok(if scene.may_send() { foresight.messages.len() as u64 } else { 0 })
            }
        }
    }

    /// By how much the open alerts of each rule would change beyond what the database shows: at risk, breached.
    pub fn changes(&self) -> BTreeMap<&str, (i64, i64)> {
        match self {
            Self::Kept { .. } => BTreeMap::new(),
            Self::Foreseen { foresight, .. } => foresight.changes(),
        }
    }
}

/// Raises what is new, with what is told of it at once, and records the changes of what is known.
async fn record(
    pass: &mut dyn Pass,
    outgoing: &mut Outgoing,
    scene: Scene<'_>,
    transitions: Vec<Transition>,
) -> Result<Recorded, ScanError> {
    let (mut raised, mut known) = (Vec::new(), Vec::new());
    for transition in transitions {
        match transition {
            Transition::Raise { alert, state } => raised.push(untold(alert, state, None, scene.at)),
            Transition::RaiseResolved { alert, stopped_at } => {
                raised.push(untold(alert, State::Breached, Some(stopped_at), scene.at));
            }
            change => known.push(change),
        }
    }
    let due = if scene.may_send() { tell(outgoing, scene, &mut raised)? } else { Escalations::default() };
    let done = if raised.is_empty() { Default::default() } else { pass.raise(scene.at, &raised).await? };
    for message in due.messages {
        outgoing.add_raised(message, &done, scene.at);
    }
    let mut recorded = Recorded::default();
    for Raised { id, alert, state, stopped_at, .. } in raised {
        match (done.contains(&id), stopped_at) {
            (true, None) => recorded.count_opening(None, state),
            (true, Some(_)) => {
                recorded.count_opening(None, state);
                recorded.count_resolution(crate::alert::Resolution::Late);
            }
            // Its clock has an alert already, which may have to open again.
            (false, None) => known.push(Transition::Raise { alert, state }),
            (false, Some(_)) => {}
        }
    }
    if !known.is_empty() {
        recorded += pass.record(scene.at, &known).await?;
    }
    Ok(recorded)
}

fn untold(alert: NewAlert, state: State, stopped_at: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Raised {
    let next_escalation_at = (state == State::Breached && stopped_at.is_none()).then_some(at);
    Raised { id: fresh_id(at), alert, state, stopped_at, told: Vec::new(), next_escalation_at }
}

/// Decides what is told at once of alerts that are new: in the transaction that raises them, they need no second look.
fn tell(outgoing: &mut Outgoing, scene: Scene<'_>, raised: &mut [Raised]) -> Result<Escalations, ScanError> {
    let late = |raised: &&Raised| raised.next_escalation_at.is_some();
    let pending: Vec<Pending> =
        raised.iter().filter(late).map(|raised| Pending::new(raised.id, &raised.alert)).collect();
    let due = escalation::escalate(&scene.plan.policy, &scene.plan.calendars, &pending, scene.at)?;
    let mut told: HashMap<Uuid, Vec<Told>> = HashMap::new();
    for message in &due.messages {
        let id = outgoing.id_of(&message.digest, scene.at);
        for escalated in &message.alerts {
            told.entry(escalated.alert_id).or_default().push(Told { level: escalated.level, message: id });
        }
    }
    let next: HashMap<Uuid, Option<DateTime<Utc>>> = due.next.iter().copied().collect();
    for alert in raised {
        if let Some(next) = next.get(&alert.id) {
            alert.next_escalation_at = *next;
            alert.told = told.remove(&alert.id).unwrap_or_default();
        }
    }
    Ok(due)
}

/// Gathers what is due to be told of alerts that were there before.
async fn look_at_pending(pass: &mut dyn Pass, outgoing: &mut Outgoing, scene: Scene<'_>) -> Result<(), ScanError> {
    let Plan { policy, calendars, .. } = scene.plan;
    let (mut page, mut next) = (Page::First, Vec::new());
    loop {
        let pending = pass.pending_escalations(scene.at, scene.rederive, page, BATCH).await?;
        if pending.is_empty() {
            break;
        }
        let due = escalation::escalate(policy, calendars, &pending, scene.at)?;
        for message in due.messages {
            outgoing.add(message, scene.at);
        }
        next.extend(due.next);
        page = Page::Next;
        (scene.alive)();
    }
    if !next.is_empty() {
        pass.schedule_escalations(&next).await?;
    }
    Ok(())
}
