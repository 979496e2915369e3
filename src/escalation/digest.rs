//! The facts of one message: what is late on one route and level, before any word is written.

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alert::Alert;
use crate::claim::HistoryEntry;

use super::Language;

/// What one message is about; the outbox keeps it as JSON until the message is rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    pub level: u32,
    /// Which route chose the recipients: its number in the configuration; `None`: the level's own.
    pub route: Option<usize>,
    /// When the scan decided to send it.
    pub at: DateTime<Utc>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub language: Language,
    /// The alerts that reach this level now.
    pub escalated: Vec<Uuid>,
    /// The alerts about which this level is reminded.
    pub reminded: Vec<Uuid>,
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
}
