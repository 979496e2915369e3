//! What a comparison of two plans says. Source: docs/contract.md, `diff`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::alert::{Opening, State};
use crate::scan::ScanSummary;

/// The output of `diff --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The instant of the scans that are compared.
    pub at: DateTime<Utc>,
    /// The settings that differ, of those that decide anything.
    pub settings: Vec<SettingDiff>,
    /// What a scan by the present plan would do.
    pub present: Outcome,
    /// What a scan by the new plan would do.
    pub new: Outcome,
    /// By rule and program, those for which anything differs.
    pub programs: Vec<ProgramDiff>,
}

/// By the present plan, and by the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Both<T> {
    pub present: T,
    pub new: T,
}

/// One setting that differs, as text; `None`: it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingDiff {
    pub setting: String,
    #[serde(flatten)]
    pub values: Both<Option<String>>,
}

/// What one scan would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// As `scan --dry-run --json` has it.
    pub scan: ScanSummary,
    /// When the messages may go out: at once, or when the sending hours open; `None`: never.
    pub send_at: Option<DateTime<Utc>>,
    /// The messages that are due at that scan.
    pub messages: Vec<Foretold>,
}

/// One message that would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foretold {
    pub level: u32,
    /// Addresses.
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// Names of webhooks.
    pub webhooks: Vec<String>,
    /// How many alerts reach this level with it.
    pub escalated: u64,
    /// Of how many alerts it reminds.
    pub reminded: u64,
}

/// What would change for one rule and program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProgramDiff {
    pub rule: String,
    /// As the claims name it; `None`: they name none.
    pub program: Option<String>,
    /// How many clocks run, whether or not a plan watches them.
    pub clocks: u64,
    /// `None`: it is the same calendar with the same days, or one of the plans does not watch the rule.
    pub calendar: Option<CalendarDiff>,
    pub deadlines: DeadlinesDiff,
    pub alerts: AlertsDiff,
    /// How many alerts the messages that are due name; an alert counts once a level.
    pub told: Both<u64>,
    /// How many of these messages name any.
    pub messages: Both<u64>,
    /// The worst clocks of each kind, those of which there are any.
    pub examples: BTreeMap<Kind, Vec<ClockDiff>>,
}

impl ProgramDiff {
    /// Whether anything would change.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.calendar.is_some()
            || self.deadlines != DeadlinesDiff::default()
            || self.alerts != AlertsDiff::default()
            || self.told.present != self.told.new
            || self.messages.present != self.messages.new
    }
}

/// The calendar that serves a program under a rule would be another, or have other days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CalendarDiff {
    #[serde(flatten)]
    pub names: Both<String>,
    /// What the program names, if the new plan has no such calendar: its default one serves.
    pub unknown: Option<String>,
}

/// Running clocks whose deadline would be another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeadlinesDiff {
    pub earlier: u64,
    pub later: u64,
    /// Without a deadline by the present plan: their rule is switched off or not there.
    pub watched: u64,
    /// Without one by the new plan.
    pub unwatched: u64,
}

/// Alerts that would be open by one plan alone, or in another state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertsDiff {
    /// Open by the new plan alone.
    pub raised: StateCounts,
    /// Open by the present plan alone.
    pub withdrawn: StateCounts,
    /// At risk by the present plan, breached by the new one.
    pub to_breached: u64,
    /// Breached by the present plan, at risk by the new one.
    pub to_at_risk: u64,
}

/// Open alerts by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StateCounts {
    pub at_risk: u64,
    pub breached: u64,
}

impl StateCounts {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.at_risk + self.breached
    }

    pub(super) fn count(&mut self, state: Option<State>) {
        match state {
            Some(State::AtRisk) => self.at_risk += 1,
            Some(State::Breached) => self.breached += 1,
            Some(State::Resolved) | None => {}
        }
    }
}

/// What a clock is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Earlier,
    Later,
    Watched,
    Unwatched,
    Raised,
    Withdrawn,
    ToBreached,
    ToAtRisk,
}

impl Kind {
    /// How bad an example of this kind is, in seconds: by how much the deadline moves, or how late the clock is at `at`
    /// by the plan that says so.
    #[must_use]
    pub fn severity(self, sides: &Both<Side>, at: DateTime<Utc>) -> i64 {
        let late = |side: &Side| side.due_at.map_or(0, |due_at| (at - due_at).num_seconds());
        match self {
            Self::Earlier => late(&sides.new) - late(&sides.present),
            Self::Later => late(&sides.present) - late(&sides.new),
            Self::Watched | Self::Raised | Self::ToBreached => late(&sides.new),
            Self::Unwatched | Self::Withdrawn | Self::ToAtRisk => late(&sides.present),
        }
    }
}

impl Both<Side> {
    pub(super) fn kind_of_deadline(&self) -> Option<Kind> {
        match (self.present.due_at, self.new.due_at) {
            (Some(before), Some(after)) if after < before => Some(Kind::Earlier),
            (Some(before), Some(after)) if after > before => Some(Kind::Later),
            (None, Some(_)) => Some(Kind::Watched),
            (Some(_), None) => Some(Kind::Unwatched),
            _ => None,
        }
    }

    pub(super) fn kind_of_alert(&self) -> Option<Kind> {
        match (self.present.state, self.new.state) {
            (None, Some(_)) => Some(Kind::Raised),
            (Some(_), None) => Some(Kind::Withdrawn),
            (Some(State::AtRisk), Some(State::Breached)) => Some(Kind::ToBreached),
            (Some(State::Breached), Some(State::AtRisk)) => Some(Kind::ToAtRisk),
            _ => None,
        }
    }
}

/// One clock by both plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockDiff {
    pub claim_id: String,
    pub payment_id: Option<String>,
    pub clock_started_at: DateTime<Utc>,
    #[serde(flatten)]
    pub sides: Both<Side>,
}

/// What one plan makes of a clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// `None`: the plan does not watch it, or can give no deadline.
    pub due_at: Option<DateTime<Utc>>,
    pub calendar: Option<String>,
    /// The alert that would be open; `None`: none.
    pub state: Option<State>,
}

impl Diff {
    /// Whether nothing at all would change, the settings included.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.settings.is_empty() && self.has_no_effect()
    }

    /// Whether every deadline, alert and message would be the same, whatever the settings.
    #[must_use]
    pub fn has_no_effect(&self) -> bool {
        let timeless = |outcome: &Outcome| {
            // In what circumstances nothing opens is no difference.
            let scan = ScanSummary { elapsed_ms: 0, opening: Opening::Usual, ..outcome.scan.clone() };
            Outcome { scan, ..outcome.clone() }
        };
        self.programs.is_empty() && timeless(&self.present) == timeless(&self.new)
    }
}
