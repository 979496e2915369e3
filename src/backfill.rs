//! The alerts that would have been, built from the claims and their history: marked, and told to nobody.
//!
//! Only of clocks that have ended: what still runs is the scans' to find. A clock that has an alert keeps it, so that doing it
//! twice changes nothing. Source: docs/report.md, "Alerts of before".

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::alert::{Context, Opening, Resolution, State};
use crate::calendar::Calendars;
use crate::explain::{By, ClockAccount, Known, Verdict, account};
use crate::now::fresh_id;
use crate::sla::Rule;
use crate::store::{ClockEnd, Dossier, Page, Raised, Store, StoreError};

/// So many claims are read, and their alerts recorded, at a time.
const BATCH: u32 = 1_000;
/// How often a batch is recorded again when it has to give way to another session.
const ATTEMPTS: u32 = 5;

/// From when on alerts are built, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Of deadlines at this instant or later.
    pub since: DateTime<Utc>,
    pub rules: &'a [Rule],
    pub calendars: &'a Calendars,
    pub now: DateTime<Utc>,
    /// Only says what would be built.
    pub dry_run: bool,
}

/// What was built. Its JSON is part of the contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backfilled {
    pub dry_run: bool,
    /// How many claims were looked at.
    pub claims: u64,
    /// How many alerts by rule.
    pub rules: BTreeMap<String, Built>,
}

/// Alerts of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Built {
    pub late: u64,
    pub restarted: u64,
}

/// Builds the alerts that `request` asks for, a batch of claims at a time: one that fails leaves those before it, and what is
/// missing is built by asking again. `alive` is called after every batch.
///
/// # Errors
/// [`StoreError`]
pub async fn backfill(
    store: &dyn Store,
    request: &Request<'_>,
    alive: &(dyn Fn() + Send + Sync),
) -> Result<Backfilled, StoreError> {
    // What ended before that had its alert, which is gone: it is not built anew.
    let pruned_before = store.pruned_before().await?;
    let mut snapshot = store.snapshot().await?;
    let mut built = Backfilled { dry_run: request.dry_run, ..Backfilled::default() };
    let mut page = Page::First;
    loop {
        let dossiers = snapshot.dossiers(page, BATCH).await?;
        if dossiers.is_empty() {
            return Ok(built);
        }
        built.claims += dossiers.len() as u64;
        let mut missing: Vec<Raised> = dossiers.iter().flat_map(|dossier| missing(dossier, request)).collect();
        missing.retain(|raised| {
            raised.ended.is_some_and(|end| pruned_before.is_none_or(|pruned| end.resolved_at > pruned))
        });
        if !request.dry_run && !missing.is_empty() {
            record(store, request.now, &mut missing).await?;
        }
        missing.iter().for_each(|raised| built.count(raised));
        page = Page::Next;
        alive();
    }
}

/// Raises `alerts`, and leaves those that were raised.
async fn record(store: &dyn Store, now: DateTime<Utc>, alerts: &mut Vec<Raised>) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let recorded = async {
            let mut pass = store.pass(None).await?;
            let raised = pass.raise(now, alerts).await?;
            pass.keep().await?;
            Ok(raised)
        };
        match recorded.await {
            Err(StoreError::Conflict(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
            Ok(raised) => {
                alerts.retain(|alert| raised.contains(&alert.id));
                return Ok(());
            }
        }
    }
}

/// The alerts that the clocks of one claim lack.
fn missing(dossier: &Dossier, request: &Request<'_>) -> Vec<Raised> {
    let known = Known { subjects: &dossier.subjects, alerts: &dossier.alerts, history: &dossier.history };
    let by = By { rules: request.rules, calendars: request.calendars, now: request.now };
    let clocks = account(&known, &by);
    let without_alert = clocks.iter().filter(|clock| clock.alert.is_none() && clock.due_at >= request.since);
    without_alert.filter_map(|clock| alert(clock, request)).collect()
}

/// The alert of a clock that ended after its deadline; `None`: it did not, or not as far as is known.
fn alert(clock: &ClockAccount<'_>, request: &Request<'_>) -> Option<Raised> {
    let ended = match (clock.verdict, clock.stopped_at, clock.restarted_at) {
        (Verdict::Late, Some(at), _) => {
            ClockEnd { resolution: Resolution::Late, stopped_at: Some(at), resolved_at: at }
        }
        (Verdict::Restarted, _, Some(at)) if at >= clock.due_at => {
            ClockEnd { resolution: Resolution::Restarted, stopped_at: None, resolved_at: at }
        }
        _ => return None,
    };
    let context = Context { rule: clock.rule, calendars: request.calendars, now: request.now };
    Some(Raised {
        id: fresh_id(request.now),
        alert: context.alert(clock.subject?, clock.started_at).ok()?,
        state: State::Breached,
        opening: Opening::Backfilled,
        detected_at: clock.due_at,
        ended: Some(ended),
        told: Vec::new(),
        silenced: None,
        next_escalation_at: None,
    })
}

impl Backfilled {
    fn count(&mut self, raised: &Raised) {
        let built = self.rules.entry(raised.alert.rule.clone()).or_default();
        match raised.ended.map(|ended| ended.resolution) {
            Some(Resolution::Restarted) => built.restarted += 1,
            _ => built.late += 1,
        }
    }
}
