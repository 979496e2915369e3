//! One pass: ask the database what may be late, decide exactly, record.
//!
//! It reads in batches, all as of one instant, and what it records happens at once in the end: a scan that fails, is stopped
//! or is killed has changed nothing, and the next one begins anew. Source: docs/architecture.md, docs/contract.md
//! "Look-back".

mod diff;
mod foresight;
mod horizon;
mod ledger;
mod preview;
mod statements;
mod summary;
mod under_way;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::alert::Opening;
use crate::calendar::Calendars;
use crate::escalation::{Plausible, Policy};
use crate::now::{Stopwatch, TimeSource};
use crate::sla::{DeadlineError, Rule};
use crate::store::{Scan, ScanCounts, ScanRecord, Store, StoreError, Term};

use foresight::Foresight;
use ledger::Ledger;
use under_way::UnderWay;

pub use diff::{
    AlertsDiff, Both, CalendarDiff, ClockDiff, DeadlinesDiff, Diff, Foretold, Kind, Outcome, ProgramDiff, SettingDiff,
    Side, StateCounts, diff,
};
pub use horizon::{HorizonGuard, Running};
pub use preview::{Preview, preview};
pub use summary::{Resolved, RuleCounts, ScanSummary};

/// How many clocks or alerts are read and recorded at a time.
const BATCH: u32 = 1_000;

/// What scans decide by.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rules: Vec<Rule>,
    pub calendars: Calendars,
    pub policy: Policy,
    /// Changes when anything above does, or the zone data: then every open deadline is derived again.
    pub fingerprint: String,
    /// Changes when the rules, the calendars or the zone data do: then what is late by them is taken over, not news.
    pub deadlines: String,
}

/// What one scan is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The instant at which it looks.
    pub at: DateTime<Utc>,
    /// Looks back to this instant; `None`: to the beginning of the scan that finished last.
    pub since: Option<DateTime<Utc>>,
    /// Only says what it would do.
    pub dry_run: bool,
    /// The schedule's instant that it serves, if any.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The term of leadership in which it is made: in a later one it cannot finish. `None`: whoever leads.
    pub term: Option<Term>,
}

/// Why a scan did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the scan was asked to stop before it finished")]
    Stopped,
    #[error("escalation: {0}")]
    Escalation(#[from] DeadlineError),
}

/// Why a scan under way comes to nothing.
enum Halt {
    Failed(ScanError),
    /// It would open more alerts than can be believed: it begins anew, and they are held.
    Implausible(Plausible),
}

impl<E: Into<ScanError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// How often a scan begins anew when it has to give way to another session.
const ATTEMPTS: u32 = 5;

/// How far back it is looked how many alerts scans usually open.
const USUAL_DAYS: TimeDelta = TimeDelta::days(30);

/// Scans once. `Ok(None)`: the schedule's instant was served already. `alive` is called after every batch.
///
/// # Errors
/// [`ScanError`]; then nothing of it was recorded but the failure, and the look-back of the next scan still reaches before
/// this one.
pub async fn scan(
    store: &dyn Store,
    plan: &Plan,
    time: &TimeSource,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Option<ScanSummary>, ScanError> {
    if request.dry_run {
        return Ok(Some(foresee(store, plan, request, stop, alive).await?.0));
    }
    let stopwatch = Stopwatch::start();
    let scan = Scan {
        began_at: request.at,
        scheduled_for: request.scheduled_for,
        settings: plan.fingerprint.clone(),
        deadlines: plan.deadlines.clone(),
    };
    let (mut attempt, mut implausible) = (1, None);
    let ended = loop {
        match scan_once(store, plan, time, request, &scan, implausible, stop, alive).await {
            Err(Halt::Failed(ScanError::Store(StoreError::Conflict(_)))) if attempt < ATTEMPTS => attempt += 1,
            Err(Halt::Implausible(plausible)) => implausible = Some(plausible),
            Err(Halt::Failed(error)) => break Err(error),
            Ok(found) => break Ok(found),
        }
    };
    match ended {
        Ok(Some((counts, rules))) => Ok(Some(ScanSummary::new(request, &counts, rules, stopwatch.elapsed()))),
        Ok(None) => Ok(None),
        Err(error) => match store.fail_scan(&scan, request.term, &error.to_string()).await {
            Err(StoreError::Deposed) => Err(StoreError::Deposed.into()),
            // The scan's own failure is what matters; that it cannot be noted follows from the same cause.
            _ => Err(error),
        },
    }
}

type Found = (ScanCounts, BTreeMap<String, RuleCounts>);

#[expect(clippy::too_many_arguments, reason = "what a scan is asked for and where it stands")]
async fn scan_once(
    store: &dyn Store,
    plan: &Plan,
    time: &TimeSource,
    request: &Request,
    scan: &Scan,
    implausible: Option<Plausible>,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Option<Found>, Halt> {
    let past = Past::of(store, plan, request, implausible).await?;
    if let Some(instant) = request.scheduled_for
        && store.is_served(instant).await?
    {
        return Ok(None);
    }
    let ledger = Ledger::kept(store.pass(request.term).await?, request.at).await?;
    let (found, ledger) = UnderWay::new(ledger, plan, request, past, stop, alive).run().await?;
    let Ledger::Kept { pass, .. } = ledger else { return Ok(Some(found)) };
    Ok(pass.finish(time.now().max(request.at), scan, &found.0).await?.then_some(found))
}

/// What the dry run that `request` asks for would find, with the alerts as they would stand.
async fn foresee(
    store: &dyn Store,
    plan: &Plan,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<(ScanSummary, Foresight), ScanError> {
    foresee_with(store, plan, request, stop, alive, Foresight::default).await
}

/// As [`foresee`], into a foresight that `empty` makes.
async fn foresee_with(
    store: &dyn Store,
    plan: &Plan,
    request: &Request,
    stop: &CancellationToken,
    alive: &(dyn Fn() + Send + Sync),
    empty: impl Fn() -> Foresight,
) -> Result<(ScanSummary, Foresight), ScanError> {
    let stopwatch = Stopwatch::start();
    let mut implausible = None;
    loop {
        let past = Past::of(store, plan, request, implausible).await?;
        let mut foresight = empty();
        let ledger = Ledger::foreseen(store.snapshot().await?, &mut foresight, request.at).await?;
        match UnderWay::new(ledger, plan, request, past, stop, alive).run().await {
            Ok(((counts, rules), _)) => {
                return Ok((ScanSummary::new(request, &counts, rules, stopwatch.elapsed()), foresight));
            }
            Err(Halt::Implausible(plausible)) => implausible = Some(plausible),
            Err(Halt::Failed(error)) => return Err(error),
        }
    }
}

/// What was before a scan, and what follows for it.
struct Past {
    /// To where it looks back.
    since: Option<DateTime<Utc>>,
    /// The scan that finished last.
    last: Option<ScanRecord>,
    opening: Opening,
    /// How many new alerts can be believed; `None`: any number.
    plausible: Option<Plausible>,
}

impl Past {
    async fn of(
        store: &dyn Store,
        plan: &Plan,
        request: &Request,
        implausible: Option<Plausible>,
    ) -> Result<Self, StoreError> {
        let last = store.finished_scan_until(request.at).await?;
        let since = request.since.or(last.as_ref().map(|scan| scan.began_at));
        // What stopped before that had its alert, which is gone: it is not raised anew.
        let pruned_before = store.pruned_before().await?;
        let since = since.map(|since| pruned_before.map_or(since, |before| since.max(before)));
        let by_other_deadlines = last.as_ref().is_none_or(|scan| scan.deadlines != plan.deadlines);
        let opening = match implausible {
            Some(_) => Opening::Held,
            None if by_other_deadlines => Opening::Inherited,
            None => Opening::Usual,
        };
        let plausible = match (opening, plan.policy.brake) {
            (Opening::Usual, Some(brake)) => {
                let since = request.at.checked_sub_signed(USUAL_DAYS).unwrap_or(DateTime::<Utc>::MIN_UTC);
                Some(brake.plausible(&store.usual_openings(since).await?))
            }
            (Opening::Held, _) => implausible,
            _ => None,
        };
        Ok(Self { since, last, opening, plausible })
    }
}
