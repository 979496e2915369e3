//! Escalation: who is told what is late, at which level, and when; which messages go out now, as facts.
//!
//! Pure: functions take alerts, the policy and `now`, and return [`Digest`]s and when each alert is due next.
//! Source: docs/domain.md, "Escalation".

mod brake;
mod digest;
mod due;
mod monthly;
mod outgoing;
mod policy;
mod reach;
mod recipients;
mod silence;

pub use brake::{Brake, Plausible};
pub use digest::{Bounced, Case, Coverage, Digest, Kind, Reach, Settled};
pub use due::{Escalated, Escalations, Message, Pending, Scene, escalate};
pub use monthly::{MonthFigures, MonthlyReport, RuleOfMonth, WorstOfMonth};
pub use outgoing::Outgoing;
pub use policy::{Glob, Level, Mismatch, Policy, Route, SendHours, claim_link};
pub use reach::Unreachable;
pub use recipients::{Recipients, addresses, webhook_of, webhook_recipient};
pub use silence::{Matcher, Silence, Silenced};

pub use crate::wording::Language;
