//! One scan on SQLite: it reads through one connection, as of the instant at which it began, and writes through another,
//! whose transaction begins with the first change, so that others may write while it only reads.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use super::claims::{self, PageKey, Pages};
use super::clocks::Part;
use super::{
    SqliteStore, StoreError, alerts, dossiers, escalate, problems, raise, recipients, record, running, scans, silences,
};
use crate::alert::{Alert, Opening, Recorded, Transition};
use crate::claim::{DataProblem, Subject};
use crate::escalation::{Message, Pending, Silence};
use crate::sla::Rule;
use crate::store::{
    Cutoffs, DisabledAddress, Dossier, OpenCounts, Page, Pass, Raised, RunningClocks, Scan, ScanCounts, Snapshot,
    Standing, Starts, Thread,
};

pub(super) struct SqlitePass {
    store: SqliteStore,
    reader: Transaction<'static, Sqlite>,
    /// `None`: nothing was written yet.
    writer: Option<Transaction<'static, Sqlite>>,
    place: Place,
}

/// Where the page ended that was read last.
#[derive(Clone, Debug)]
enum Place {
    Start,
    Clock(PageKey),
    Alert(Uuid),
    Pending(DateTime<Utc>, Uuid),
    Claim(String),
}

impl SqlitePass {
    pub async fn begin(store: &SqliteStore) -> Result<Self, StoreError> {
        let mut reader = store.readers.begin().await?;
        // A deferred transaction's instant is that of its first read.
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *reader).await?;
        Ok(Self { store: store.clone(), reader, writer: None, place: Place::Start })
    }

    async fn writer(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.writer.is_none() {
            self.writer = Some(self.store.begin().await?);
        }
        self.writer.as_deref_mut().ok_or_else(|| StoreError::Failed("the transaction is gone".into()))
    }

    /// What has been written so far, if anything was; else as of the beginning.
    fn latest(&mut self) -> &mut SqliteConnection {
        self.writer.as_mut().unwrap_or(&mut self.reader)
    }

    fn after_clock(&self, page: Page) -> Option<PageKey> {
        match (page, &self.place) {
            (Page::Next, Place::Clock(key)) => Some(key.clone()),
            _ => None,
        }
    }

    fn keep_place(&mut self, found: Vec<(Subject, PageKey)>) -> Vec<Subject> {
        if let Some((_, key)) = found.last() {
            self.place = Place::Clock(key.clone());
        }
        found.into_iter().map(|(subject, _)| subject).collect()
    }
}

#[async_trait]
impl Snapshot for SqlitePass {
    async fn unalerted_clocks(
        &mut self,
        rule: &Rule,
        cutoffs: &Cutoffs,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let after = self.after_clock(page);
        let found = claims::unalerted(&mut self.reader, rule, cutoffs, after.as_ref(), limit).await?;
        Ok(self.keep_place(found))
    }

    async fn stopped_clocks(
        &mut self,
        rule: &Rule,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let after = self.after_clock(page);
        let found = claims::stopped(&mut self.reader, rule, (since, until), after.as_ref(), limit).await?;
        Ok(self.keep_place(found))
    }

    async fn running_clocks(
        &mut self,
        rule: &Rule,
        starts: &Starts,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Subject>, StoreError> {
        let after = self.after_clock(page);
        let pages = Pages { parts: Part::of(rule), after: after.as_ref(), limit };
        let found = running::clocks(&mut self.reader, rule, starts, pages).await?;
        Ok(self.keep_place(found))
    }

    async fn running(&mut self, rule: &Rule, now: DateTime<Utc>) -> Result<RunningClocks, StoreError> {
        running::count(&mut self.reader, rule, now).await
    }

    async fn data_problems(&mut self, rules: &[Rule], calendars: &[&str]) -> Result<Vec<DataProblem>, StoreError> {
        problems::of(&mut self.reader, rules, calendars).await
    }

    async fn open_alerts(
        &mut self,
        rule: &Rule,
        calendars: (&str, &str),
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<(Alert, Option<Subject>)>, StoreError> {
        let after = match (page, &self.place) {
            (Page::Next, Place::Alert(id)) => Some(*id),
            _ => None,
        };
        let found = alerts::open(&mut self.reader, rule, calendars, all, after, limit).await?;
        if let Some((alert, _)) = found.last() {
            self.place = Place::Alert(alert.id);
        }
        Ok(found)
    }

    async fn standing(&mut self, rule: &str, claim_ids: &[&str]) -> Result<Vec<Standing>, StoreError> {
        alerts::standing(&mut self.reader, rule, claim_ids).await
    }

    async fn pending_escalations(
        &mut self,
        now: DateTime<Utc>,
        all: bool,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Pending>, StoreError> {
        let after = match (page, &self.place) {
            (Page::Next, Place::Pending(due_at, id)) => Some((*due_at, *id)),
            _ => None,
        };
        let found = alerts::pending(self.latest(), now, all, after, limit).await?;
        if let Some(alert) = found.last() {
            self.place = Place::Pending(alert.due_at, alert.alert_id);
        }
        Ok(found)
    }

    async fn open_counts(&mut self) -> Result<OpenCounts, StoreError> {
        alerts::open_counts(self.latest()).await
    }

    async fn silences(&mut self, since: DateTime<Utc>) -> Result<Vec<Silence>, StoreError> {
        silences::ending_after(&mut self.reader, since).await
    }

    async fn threads(&mut self) -> Result<Vec<Thread>, StoreError> {
        escalate::threads(self.latest()).await
    }

    async fn disabled_addresses(&mut self) -> Result<Vec<DisabledAddress>, StoreError> {
        recipients::disabled(self.latest()).await
    }

    async fn settled(&mut self, level: u32, since: DateTime<Utc>, limit: u32) -> Result<Vec<Pending>, StoreError> {
        alerts::settled(self.latest(), level, since, limit).await
    }

    async fn held(&mut self) -> Result<(Vec<Uuid>, Option<DateTime<Utc>>), StoreError> {
        alerts::held(self.latest()).await
    }

    async fn dossiers(&mut self, page: Page, limit: u32) -> Result<Vec<Dossier>, StoreError> {
        let after = match (page, &self.place) {
            (Page::Next, Place::Claim(id)) => Some(id.clone()),
            _ => None,
        };
        let Some((found, last)) = dossiers::page(&mut self.reader, after.as_deref(), limit).await? else {
            return Ok(Vec::new());
        };
        self.place = Place::Claim(last);
        Ok(found)
    }
}

#[async_trait]
impl Pass for SqlitePass {
    async fn raise(&mut self, now: DateTime<Utc>, alerts: &[Raised]) -> Result<HashSet<Uuid>, StoreError> {
        raise::raise(self.writer().await?, now, alerts).await
    }

    async fn record(
        &mut self,
        now: DateTime<Utc>,
        opening: Opening,
        transitions: &[Transition],
    ) -> Result<Recorded, StoreError> {
        record::apply(self.writer().await?, now, opening, transitions).await
    }

    async fn record_problems(&mut self, now: DateTime<Utc>, problems: &[DataProblem]) -> Result<u64, StoreError> {
        problems::record(self.writer().await?, now, problems).await
    }

    async fn escalate(&mut self, now: DateTime<Utc>, id: Uuid, message: &Message) -> Result<bool, StoreError> {
        escalate::escalate(self.writer().await?, now, id, message).await
    }

    async fn schedule_escalations(&mut self, next: &[(Uuid, Option<DateTime<Utc>>)]) -> Result<(), StoreError> {
        escalate::schedule(self.writer().await?, next).await
    }

    async fn note_silenced(&mut self, now: DateTime<Utc>, silenced: &[(Uuid, Uuid)]) -> Result<(), StoreError> {
        silences::kept_back(self.writer().await?, now, silenced).await
    }

    async fn note_said(&mut self, thread: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        escalate::note_said(self.writer().await?, thread, now).await
    }

    async fn finish(
        mut self: Box<Self>,
        now: DateTime<Utc>,
        scan: &Scan,
        counts: &ScanCounts,
    ) -> Result<bool, StoreError> {
        let finished = scans::finish(self.writer().await?, now, scan, counts).await?;
        let Self { reader, writer, .. } = *self;
        reader.rollback().await?;
        match writer {
            Some(writer) if finished => writer.commit().await?,
            Some(writer) => writer.rollback().await?,
            None => {}
        }
        Ok(finished)
    }

    async fn keep(self: Box<Self>) -> Result<(), StoreError> {
        let Self { reader, writer, .. } = *self;
        reader.rollback().await?;
        match writer {
            Some(writer) => Ok(writer.commit().await?),
            None => Ok(()),
        }
    }
}
