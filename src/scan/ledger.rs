//! What becomes of a scan's decisions: recorded through a pass, all at once in the end, or only foreseen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::alert::{NewAlert, Opening, Recorded, Resolution, State, Transition};
use crate::claim::DataProblem;
use crate::escalation::{self, Escalations, Outgoing, Pending, Plausible, Silence};
use crate::now::fresh_id;
use crate::store::{ClockEnd, Page, Pass, Raised, Snapshot, StoreError, Told};

use super::foresight::Foresight;
use super::statements::{self, Seen, Unrecorded};
use super::{BATCH, Plan, ScanError};

/// How long it is said of an alert that it was silenced when it would have been told of.
const SILENCES_REMEMBERED: TimeDelta = TimeDelta::days(30);

fn remembered_since(at: DateTime<Utc>) -> DateTime<Utc> {
    at.checked_sub_signed(SILENCES_REMEMBERED).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Where the decisions of one scan go.
pub(super) enum Ledger<'a> {
    /// Into the database.
    Kept { pass: Box<dyn Pass>, outgoing: Outgoing, silences: Vec<Silence> },
    /// Nowhere: what nobody records comes up again, and is not to be counted twice.
    Foreseen { snapshot: Box<dyn Snapshot>, foresight: &'a mut Foresight, silences: Vec<Silence> },
}

/// By what and when a scan decides.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub plan: &'a Plan,
    pub at: DateTime<Utc>,
    /// Whether every open alert is looked at again.
    pub rederive: bool,
    /// In what circumstances alerts open.
    pub opening: Opening,
    /// How many new alerts can be believed, and if they are held, why.
    pub plausible: Option<Plausible>,
    pub alive: &'a (dyn Fn() + Send + Sync),
}

impl<'a> Scene<'a> {
    /// How it is decided what goes out.
    pub fn telling(self, silences: &'a [Silence]) -> escalation::Scene<'a> {
        let Plan { policy, calendars, .. } = self.plan;
        escalation::Scene { policy, calendars, silences, now: self.at, wait_for_hours: true }
    }
}

impl<'a> Ledger<'a> {
    /// # Errors
    /// [`StoreError`]
    pub async fn kept(mut pass: Box<dyn Pass>, at: DateTime<Utc>) -> Result<Self, StoreError> {
        let silences = pass.silences(remembered_since(at)).await?;
        Ok(Self::Kept { pass, outgoing: Outgoing::default(), silences })
    }

    /// # Errors
    /// [`StoreError`]
    pub async fn foreseen(
        mut snapshot: Box<dyn Snapshot>,
        foresight: &'a mut Foresight,
        at: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let silences = snapshot.silences(remembered_since(at)).await?;
        Ok(Self::Foreseen { snapshot, foresight, silences })
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
            Self::Kept { pass, outgoing, silences } => {
                record(&mut **pass, outgoing, scene, silences, transitions).await
            }
            Self::Foreseen { snapshot, foresight, .. } => {
                Ok(foresight.record(&mut **snapshot, scene, rule, claim_ids, &transitions).await?)
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

    /// Messages about what is due; what falls outside the sending hours waits for the first scan within them. Returns how
    /// many.
    ///
    /// # Errors
    /// [`ScanError`]
    pub async fn escalate(&mut self, scene: Scene<'_>, seen: Seen<'_>) -> Result<u64, ScanError> {
        match self {
            Self::Kept { pass, outgoing, silences } => {
                look_at_pending(&mut **pass, outgoing, scene, silences).await?;
                let gathered = std::mem::take(outgoing);
                let messages = statements::complete(&mut **pass, scene, seen, gathered, Unrecorded::default()).await?;
                let mut sent = 0;
                for (id, message) in messages.to_send {
                    sent += u64::from(pass.escalate(scene.at, id, &message).await?);
                    (scene.alive)();
                }
                for thread in messages.nothing_new {
                    pass.note_said(&thread, scene.at).await?;
                }
                Ok(sent)
            }
            Self::Foreseen { snapshot, foresight, silences } => {
                let outgoing = foresight.escalate(&mut **snapshot, scene, silences).await?;
                let unrecorded = foresight.unrecorded();
                let messages = statements::complete(&mut **snapshot, scene, seen, outgoing, unrecorded).await?;
                if let Some(kept) = foresight.kept(scene.at) {
                    let unrecorded = foresight.unrecorded();
                    let told = statements::complete(&mut **snapshot, scene, seen, kept, unrecorded).await?;
                    foresight.told = told.to_send;
                }
                Ok(messages.to_send.len() as u64)
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
    silences: &[Silence],
    transitions: Vec<Transition>,
) -> Result<Recorded, ScanError> {
    let (mut raised, mut known) = (Vec::new(), Vec::new());
    for transition in transitions {
        match transition {
            Transition::Raise { alert, state } => raised.push(untold(scene, alert, state, None)),
            Transition::RaiseResolved { alert, stopped_at } => {
                raised.push(untold(scene, alert, State::Breached, Some(stopped_at)));
            }
            change => known.push(change),
        }
    }
    let due = tell(outgoing, scene, silences, &mut raised)?;
    let done = if raised.is_empty() { Default::default() } else { pass.raise(scene.at, &raised).await? };
    for message in due.messages {
        outgoing.add_raised(message, &done, scene.at);
    }
    let mut recorded = Recorded::default();
    for Raised { id, alert, state, ended, .. } in raised {
        match (done.contains(&id), ended) {
            (true, None) => recorded.count_opening(None, state),
            (true, Some(_)) => {
                recorded.count_opening(None, state);
                recorded.passed_by += 1;
                recorded.count_resolution(Resolution::Late);
            }
            // Its clock has an alert already, which may have to open again.
            (false, None) => known.push(Transition::Raise { alert, state }),
            (false, Some(_)) => {}
        }
    }
    if !known.is_empty() {
        recorded += pass.record(scene.at, scene.opening, &known).await?;
    }
    Ok(recorded)
}

fn untold(scene: Scene<'_>, alert: NewAlert, state: State, stopped_at: Option<DateTime<Utc>>) -> Raised {
    let Scene { at, opening, .. } = scene;
    let late = state == State::Breached && stopped_at.is_none();
    let opening = if late { opening } else { Opening::Usual };
    Raised {
        id: fresh_id(at),
        alert,
        state,
        opening,
        detected_at: at,
        ended: stopped_at.map(|stopped_at| ClockEnd {
            resolution: Resolution::Late,
            stopped_at: Some(stopped_at),
            resolved_at: at,
        }),
        told: Vec::new(),
        silenced: None,
        next_escalation_at: (late && opening != Opening::Held).then_some(at),
    }
}

/// Decides what is told at once of alerts that are new: in the transaction that raises them, they need no second look.
fn tell(
    outgoing: &mut Outgoing,
    scene: Scene<'_>,
    silences: &[Silence],
    raised: &mut [Raised],
) -> Result<Escalations, ScanError> {
    let late = |raised: &&Raised| raised.next_escalation_at.is_some();
    let new = |raised: &Raised| Pending::new(raised.id, &raised.alert, raised.opening.inherited_at(scene.at));
    let pending: Vec<Pending> = raised.iter().filter(late).map(new).collect();
    let due = escalation::escalate(scene.telling(silences), &pending)?;
    let mut told: HashMap<Uuid, Vec<Told>> = HashMap::new();
    for message in &due.messages {
        let id = outgoing.id_of(&message.digest, scene.at);
        for escalated in &message.alerts {
            told.entry(escalated.alert_id).or_default().push(Told { level: escalated.level, message: id });
        }
    }
    let next: HashMap<Uuid, Option<DateTime<Utc>>> = due.next.iter().copied().collect();
    let silenced: HashMap<Uuid, Uuid> = due.silenced.iter().copied().collect();
    for alert in raised {
        if let Some(next) = next.get(&alert.id) {
            alert.next_escalation_at = *next;
            alert.told = told.remove(&alert.id).unwrap_or_default();
            alert.silenced = silenced.get(&alert.id).copied();
        }
    }
    Ok(due)
}

/// Gathers what is due to be told of alerts that were there before.
async fn look_at_pending(
    pass: &mut dyn Pass,
    outgoing: &mut Outgoing,
    scene: Scene<'_>,
    silences: &[Silence],
) -> Result<(), ScanError> {
    let (mut page, mut next, mut silenced) = (Page::First, Vec::new(), Vec::new());
    loop {
        let pending = pass.pending_escalations(scene.at, scene.rederive, page, BATCH).await?;
        if pending.is_empty() {
            break;
        }
        let due = escalation::escalate(scene.telling(silences), &pending)?;
        for message in due.messages {
            outgoing.add(message, scene.at);
        }
        next.extend(due.next);
        silenced.extend(due.silenced);
        page = Page::Next;
        (scene.alive)();
    }
    if !next.is_empty() {
        pass.schedule_escalations(&next).await?;
    }
    if !silenced.is_empty() {
        pass.note_silenced(scene.at, &silenced).await?;
    }
    Ok(())
}
