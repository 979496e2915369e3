//! What scans ask of a database: a look as of one instant, and a pass that also records.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Cutoffs, DisabledAddress, Dossier, OpenCounts, Page, Raised, RunningClocks, Scan, ScanCounts, Standing, Starts,
    StoreError, Thread,
};
use crate::alert::{Alert, Opening, Recorded, Transition};
use crate::claim::{DataProblem, Subject};
use crate::escalation::{Message, Pending, Silence};
use crate::sla::Rule;

/// Claims and alerts as of one instant. Nothing here changes anything.
///
/// Searches come in pages, one search at a time: [`Page::Next`] goes on with the search that was begun last.
#[async_trait]
pub trait Snapshot: Send {
    /// Up to `limit` running clocks of `rule` that started before their calendar's cutoff and have no alert that says so
    /// (none in a state that `cutoffs` is about).
    ///
    /// # Errors
    /// [`StoreError`]
    async fn unalerted_clocks(
        &mut self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// Up to `limit` clocks of `rule` without an alert whose own stop column says that they stopped after `since` and not
    /// after `until`, give or take a second.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn stopped_clocks(
        &mut self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// Up to `limit` running clocks of `rule` whose start is one of `starts`, whether they have an alert or not.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running_clocks(
        &mut self,
        rule: &Rule,
        starts: &Starts,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError>;

    /// How many clocks of `rule` run at `now`, and when the first and the last of them started.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn running(&mut self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError>;

    /// Every claim whose data keep it from being watched as it should be, by the enabled ones of `rules`;
    /// `calendars` are the names that are configured.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn data_problems(&mut self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError>;

    /// Up to `limit` open alerts of `rule`, each with its subject as the source has it (`None`: the claim or the line is
    /// gone). Without `all`, only those whose clock does not plainly run on as recorded; `calendars` are that of programs
    /// that name none, and that of programs that are not there.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_alerts(
        &mut self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Subject>)>, StoreError>;

    /// The alerts of `rule` that the claims `claim_ids` have, resolved ones too, as escalation looks at them: what
    /// [`Pass::record`] would find there. In no order.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn standing(&mut self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError>;

    /// Up to `limit` open, breached alerts, neither snoozed nor held, about which a level or a reminder may be due at `now`;
    /// with `all`, whenever they were to be looked at. Oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn pending_escalations(
        &mut self,
        now: DateTime<Utc>,
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError>;

    /// Open alerts by rule: at risk, breached.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn open_counts(&mut self) -> Result<OpenCounts, StoreError>;

    /// The silences that end, or ended, after `since`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn silences(&mut self, since: DateTime<Utc>) -> Result<Vec<Silence>, StoreError>;

    /// The threads of messages that there are.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn threads(&mut self) -> Result<Vec<Thread>, StoreError>;

    /// The disabled addresses, as [`super::Outbox::disabled_addresses`] has them.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn disabled_addresses(&mut self) -> Result<Vec<DisabledAddress>, StoreError>;

    /// Up to `limit` alerts that were told of at `level` and were resolved after `since`, the latest first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn settled(&mut self, level: u32, since: DateTime<Utc>, limit: u32) -> Result<Vec<Pending>, StoreError>;

    /// The alerts that are held, and since when the latest of them is; oldest deadline first.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn held(&mut self) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError>;

    /// All that is known of up to `limit` claims, of every claim that the source has or an alert is about.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn dossiers(&mut self, page: Page, limit: u32) -> Result<Vec<Dossier>, StoreError>;
}

/// One scan's reading and writing. Dropped unfinished, it leaves no trace.
///
/// Searches look at the instant at which it began; [`Snapshot::pending_escalations`], [`Snapshot::open_counts`],
/// [`Snapshot::settled`] and [`Snapshot::held`] also see what was recorded since.
#[async_trait]
pub trait Pass: Snapshot {
    /// Raises alerts for clocks that have none, each with its events and what is told of it. A clock that has an alert is
    /// left alone; returns the ids of those that were raised.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn raise(&mut self, now: DateTime<Utc>, alerts: &[Raised]) -> Result<HashSet<Uuid>, StoreError>;

    /// Records `transitions` of alerts that there are, with their events; what opens does so in the circumstances of
    /// `opening`. What the database already has in that state is left alone.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn record(
        &mut self,
        now: DateTime<Utc>,
        opening: Opening,
        transitions: &[Transition],
    ) -> Result<Recorded, StoreError>;

    /// Makes `problems` the open ones: new ones are added, those seen again are marked so, the others are resolved.
    /// Returns how many are open.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn record_problems(&mut self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError>;

    /// Puts `message` into the outbox as `id`, one delivery a recipient, as the latest of its thread, and records the
    /// escalation of its `alerts`, with events. Those of them that were escalated or resolved meanwhile are left out of it;
    /// returns whether anything was left to send.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn escalate(&mut self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError>;

    /// Notes when each alert's escalation is to be looked at again.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn schedule_escalations(&mut self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError>;

    /// Notes on alerts, with an event each, that something was due to be told of them and a silence kept it back.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn note_silenced(&mut self, now: DateTime<Utc>, silenced: &[(Uuid, Uuid)]) -> Result<(), StoreError>;

    /// Notes that all that there was to say in `thread` until `now` has been said.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn note_said(&mut self, thread: &str, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Makes everything that was recorded happen, with the record of `scan`, finished at `now`. `false`: another scan
    /// served its scheduled instant meanwhile, and nothing happened.
    ///
    /// # Errors
    /// [`StoreError`]; also then nothing happened, unless the connection was lost in the very moment.
    async fn finish(self: Box<Self>, now: DateTime<Utc>, scan: &Scan, counts: &ScanCounts) -> Result<bool, StoreError>;

    /// Makes everything that was recorded happen, without the record of a scan.
    ///
    /// # Errors
    /// [`StoreError`]; also then nothing happened, unless the connection was lost in the very moment.
    async fn keep(self: Box<Self>) -> Result<(), StoreError>;
}
