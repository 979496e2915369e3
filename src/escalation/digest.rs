//! The facts of one message: what is late on one route and level, before any word is written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alert::Alert;
use crate::claim::HistoryEntry;

use super::{Language, MonthFigures, Plausible, Recipients, Silenced};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What is late, on one route and level.
    Escalation,
    /// What was late already when watching began, or when the rules or calendars changed.
    Inherited,
    /// What was told of on one route and level and is settled since, where nothing else is to be told.
    Resolved,
    /// A question: are so many new alerts right? They are held until someone says so.
    Held,
    /// What a business day begins with: how far all is well.
    AllIsWell,
    /// That addresses are refused, so that nothing is sent to them any more.
    Undeliverable,
    /// How a month went.
    Report,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Escalation,
        Self::Inherited,
        Self::Resolved,
        Self::Held,
        Self::AllIsWell,
        Self::Undeliverable,
        Self::Report,
    ];
}

/// What one message is about; the outbox keeps it as JSON until the message is rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    pub kind: Kind,
    /// 0 for what belongs to no level.
    pub level: u32,
    /// Which route chose the recipients: its number in the configuration; `None`: the level's own.
    pub route: Option<usize>,
    /// Which conversation it belongs to: one a route and level. Messages of one thread answer its first.
    pub thread: String,
    /// When the scan decided to send it.
    pub at: DateTime<Utc>,
    pub recipients: Recipients,
    pub language: Language,
    /// The alerts that reach this level now; for [`Kind::Held`] those that are held.
    pub escalated: Vec<Uuid>,
    /// The alerts about which this level is reminded.
    pub reminded: Vec<Uuid>,
    /// Those that were silenced when they would have been told of.
    pub silenced: BTreeMap<Uuid, Silenced>,
    /// Those whose promise was broken: then this level comes early.
    pub broken: Vec<Uuid>,
    pub settled: Settled,
    /// What was looked at.
    pub coverage: Coverage,
    /// Why alerts are held; for [`Kind::Held`] alone.
    pub plausible: Option<Plausible>,
    /// For [`Kind::Undeliverable`] alone.
    pub bounced: Vec<Bounced>,
    /// For [`Kind::Report`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<MonthFigures>,
}

/// An address to which nothing is sent any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounced {
    pub address: String,
    pub since: DateTime<Utc>,
    /// What its mail server said last.
    pub words: String,
    /// The levels that it was to get.
    pub levels: Vec<u32>,
}

/// What was resolved since the thread's message before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The latest ones, the latest first.
    pub alerts: Vec<Uuid>,
    /// How many there are in all.
    pub count: u64,
}

/// What a scan looked at: so that a message also says what stands behind its silence about everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Running clocks by rule.
    pub running: BTreeMap<String, u64>,
    /// Open alerts by rule: at risk, breached.
    pub open: BTreeMap<String, (u64, u64)>,
    /// Claims that cannot be classified, or not fully.
    pub data_problems: u64,
    /// When the clock started that started last of those that run: how fresh the claims are.
    pub newest_start: Option<DateTime<Utc>>,
    /// How far each calendar reaches.
    pub calendars: Vec<Reach>,
}

/// How far a calendar's holidays are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    pub calendar: String,
    pub time_zone: String,
    /// The last day; `None`: it has no end, since all its days are given by hand.
    pub until: Option<NaiveDate>,
}

/// One alert of a digest as it stands when the message is rendered, with what a reader needs beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub alert: Alert,
    /// Whether this message is a reminder of it.
    pub reminder: bool,
    /// Whole business days since the deadline, in the alert's calendar.
    pub business_days_late: u32,
    pub title: Option<String>,
    /// The claim's latest history entries, oldest first; for disputes.
    pub history: Vec<HistoryEntry>,
    /// By what it was silenced when it would have been told of.
    pub silenced: Option<Silenced>,
    /// Whether a promise about it was broken, which is why this level comes early.
    pub promise_broken: bool,
}

impl Digest {
    /// A message about nothing yet, to nobody, that belongs to no level.
    #[must_use]
    pub fn empty(kind: Kind, thread: String, at: DateTime<Utc>, language: Language) -> Self {
        Self {
            kind,
            level: 0,
            route: None,
            thread,
            at,
            recipients: Recipients::default(),
            language,
            escalated: Vec::new(),
            reminded: Vec::new(),
            silenced: BTreeMap::new(),
            broken: Vec::new(),
            settled: Settled::default(),
            coverage: Coverage::default(),
            plausible: None,
            bounced: Vec::new(),
            month: None,
        }
    }

    /// Also says what `earlier`, a message of the same thread, was to say. What of it was new at its level still is.
    pub fn take_in(&mut self, earlier: Self) {
        let merge = |mine: &mut Vec<Uuid>, theirs: Vec<Uuid>| {
            let known: BTreeSet<Uuid> = mine.iter().copied().collect();
            mine.extend(theirs.into_iter().filter(|id| !known.contains(id)));
        };
        merge(&mut self.escalated, earlier.escalated);
        merge(&mut self.reminded, earlier.reminded);
        let escalated: BTreeSet<Uuid> = self.escalated.iter().copied().collect();
        self.reminded.retain(|id| !escalated.contains(id));
        merge(&mut self.broken, earlier.broken);
        let mine = std::mem::take(&mut self.silenced);
        self.silenced = earlier.silenced.into_iter().chain(mine).collect();
        merge(&mut self.settled.alerts, earlier.settled.alerts);
        self.settled.count += earlier.settled.count;
        self.bounced.extend(earlier.bounced);
        // With something new to tell, it is no message about what was resolved alone.
        if self.kind == Kind::Resolved || earlier.kind == Kind::Escalation {
            self.kind = earlier.kind;
        }
    }

    /// The alerts that it is about, resolved ones apart.
    #[must_use]
    pub fn alerts(&self) -> usize {
        self.escalated.len() + self.reminded.len()
    }

    /// Whether it is sent even if it is about no alert.
    #[must_use]
    pub fn speaks_without_alerts(&self) -> bool {
        match self.kind {
            Kind::AllIsWell | Kind::Undeliverable | Kind::Report => true,
            Kind::Resolved => self.settled.count > 0,
            Kind::Escalation | Kind::Inherited | Kind::Held => false,
        }
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.alerts() > 0 || self.speaks_without_alerts()
    }
}
