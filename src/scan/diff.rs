//! What would change if scans decided by another plan: one scan foreseen by each, and every running clock under both.
//!
//! Nothing is recorded. What the two plans would make of a clock is compared, not what is open now: an alert that ends
//! anyway is no difference. Source: docs/contract.md, `diff`.

mod clocks;
mod report;
mod settings;
mod worst;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::alert::{AlertId, State};
use crate::escalation::{Pending, addresses};
use crate::store::Store;

use super::foresight::{Foreseen, Foresight};
use super::{Plan, Request, ScanError, ScanSummary, foresee};
use clocks::Clocks;

pub use report::{
    AlertsDiff, Both, CalendarDiff, ClockDiff, DeadlinesDiff, Diff, Foretold, Kind, Outcome, ProgramDiff, SettingDiff,
    Side, StateCounts,
};

/// Compares what a scan at `at` would do by the `present` plan and by the `new` one, with up to `examples` clocks of each
/// kind for every rule and program.
///
/// # Errors
/// [`ScanError`]
pub async fn diff(
    store: &dyn Store,
    present: &Plan,
    new: &Plan,
    at: DateTime<Utc>,
    examples: usize,
) -> Result<Diff, ScanError> {
    let request = Request { at, since: None, dry_run: true, scheduled_for: None, term: None };
    let (stop, alive) = (CancellationToken::new(), || {});
    let by_present = foresee(store, present, &request, &stop, &alive).await?;
    let by_new = foresee(store, new, &request, &stop, &alive).await?;
    let differing = differing(&by_present.1, &by_new.1);
    let mut clocks = Clocks::new(Both { present, new }, at, examples, &by_present.1, differing);
    clocks.look(&mut *store.snapshot().await?).await?;
    for (group, told) in told(&by_present.1) {
        let program = clocks.program(group);
        (program.told.present, program.messages.present) = (told.alerts, told.messages);
    }
    for (group, told) in told(&by_new.1) {
        let program = clocks.program(group);
        (program.told.new, program.messages.new) = (told.alerts, told.messages);
    }
    let programs = clocks.into_programs().filter(ProgramDiff::differs).collect();
    Ok(Diff {
        at,
        settings: settings::differing(present, new),
        present: outcome(present, at, by_present),
        new: outcome(new, at, by_new),
        programs,
    })
}

/// A rule and a program, `None` for claims that name none.
type Group = (String, Option<String>);

/// An alert that would be open by one plan alone, or in another state; `None`: not open.
#[derive(Debug)]
struct AlertDiff {
    program: Option<String>,
    states: Both<Option<State>>,
}

fn open(state: Option<State>) -> Option<State> {
    state.filter(|state| *state != State::Resolved)
}

fn differing(present: &Foresight, new: &Foresight) -> HashMap<AlertId, AlertDiff> {
    let clocks: HashSet<&AlertId> = present.clocks().chain(new.clocks()).collect();
    let diff = |clock: &AlertId| {
        let (by_present, by_new) = (present.alert(clock), new.alert(clock));
        let either = by_new.or(by_present)?;
        // Where a plan changes nothing, the alert stays as the database has it.
        let state = |by: Option<&Foreseen>| open(by.map_or(either.before, |alert| Some(alert.after)));
        let states = Both { present: state(by_present), new: state(by_new) };
        let program = either.pending.program_id.clone();
        (states.present != states.new).then_some(AlertDiff { program, states })
    };
    clocks.into_iter().filter_map(|clock| Some((clock.clone(), diff(clock)?))).collect()
}

/// What is told of one rule and program.
#[derive(Clone, Copy, Debug, Default)]
struct ToldOf {
    alerts: u64,
    messages: u64,
}

fn told(foresight: &Foresight) -> BTreeMap<Group, ToldOf> {
    let group = |alert: &Pending| (alert.rule.clone(), alert.program_id.clone());
    let groups: HashMap<Uuid, Group> = foresight.pending.iter().map(|alert| (alert.alert_id, group(alert))).collect();
    let mut told: BTreeMap<Group, ToldOf> = BTreeMap::new();
    for message in &foresight.messages {
        let named: Vec<&Group> = message.alerts.iter().filter_map(|alert| groups.get(&alert.alert_id)).collect();
        for group in &named {
            told.entry((*group).clone()).or_default().alerts += 1;
        }
        for group in named.into_iter().collect::<BTreeSet<_>>() {
            told.entry(group.clone()).or_default().messages += 1;
        }
    }
    told
}

fn outcome(plan: &Plan, at: DateTime<Utc>, (scan, foresight): (ScanSummary, Foresight)) -> Outcome {
    let messages = foresight.messages.iter().map(|message| Foretold {
        level: message.digest.level,
        to: addresses(&message.digest.recipients.to),
        cc: addresses(&message.digest.recipients.cc),
        webhooks: message.digest.recipients.webhooks.clone(),
        escalated: message.digest.escalated.len() as u64,
        reminded: message.digest.reminded.len() as u64,
    });
    Outcome { messages: messages.collect(), send_at: plan.policy.may_send_from(plan.calendars.default(), at), scan }
}
