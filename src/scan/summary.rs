//! What a scan says of itself: the contract's JSON, and the same for a person.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Request;
use crate::alert::Opening;
use crate::store::ScanCounts;

/// The output of `scan --json`. Source: docs/contract.md, "Machine-readable outputs".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanSummary {
    pub at: DateTime<Utc>,
    pub dry_run: bool,
    pub rules: BTreeMap<String, RuleCounts>,
    /// Alerts that became breached, those found by the look-back included.
    pub opened: u64,
    /// Alerts that became at risk.
    pub warned: u64,
    pub resolved: Resolved,
    pub messages: u64,
    /// Open data problems.
    pub data_problems: u64,
    pub elapsed_ms: u64,
    /// In what circumstances alerts opened: `usual`, `inherited` or `held`.
    pub opening: Opening,
}

/// The clocks of one rule as of the scan's instant, after the scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleCounts {
    pub running: u64,
    pub at_risk: u64,
    pub breached: u64,
}

/// Alerts that were resolved, by resolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resolved {
    pub met: u64,
    pub late: u64,
    pub restarted: u64,
    pub withdrawn: u64,
}

impl ScanSummary {
    pub(super) fn new(
        request: &Request,
        counts: &ScanCounts,
        rules: BTreeMap<String, RuleCounts>,
        elapsed: Duration,
    ) -> Self {
        let recorded = counts.recorded;
        Self {
            at: request.at,
            dry_run: request.dry_run,
            rules,
            opened: recorded.opened,
            warned: recorded.warned,
            resolved: Resolved {
                met: recorded.met,
                late: recorded.late,
                restarted: recorded.restarted,
                withdrawn: recorded.withdrawn,
            },
            messages: counts.messages,
            data_problems: counts.data_problems,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            opening: counts.opening,
        }
    }
}
