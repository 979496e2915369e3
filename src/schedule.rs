//! Is a scan due? The schedule's cron pattern, read on the walls of its zone.
//!
//! Every local time that matches the pattern is an instant of the schedule:
//! - one in a gap (clocks set forward over it): the first instant after the gap;
//! - one that occurs twice: an interval (`0 */20 * * * *`) goes on in both hours, in order of time; a fixed time of day
//!   (one hour, one minute, one second) is one run a day, and means the first.
//!
//! Only the latest instant counts: however many runs were missed, one makes up for them. The pattern is asked about walls
//! alone, in stretches of one offset: what croner itself makes of summer time never matters. Sources: docs/domain.md, "Counting
//! days", for gaps and repeats; croner's `determine_job_type` for what is a fixed time.

use chrono::{DateTime, TimeDelta, Utc};
use croner::{Cron, JobType};

use crate::calendar::Zone;

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// When scans are made.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// As written: second, minute, hour, day of the month, month, day of the week.
    pub cron: String,
    pub pattern: Cron,
    pub time_zone: Zone,
}

impl Schedule {
    /// The latest of its instants that is not after `now`; `None`: there was none.
    #[must_use]
    pub fn latest_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        latest_due(&self.pattern, &self.time_zone, now)
    }

    /// The first of its instants that is not before `from`; `None`: there is none.
    #[must_use]
    pub fn next_due(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        next_due(&self.pattern, &self.time_zone, from)
    }
}

fn latest_due(pattern: &Cron, zone: &Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let fixed_time = pattern.determine_job_type() == JobType::FixedTime;
    let mut at = DateTime::from_timestamp(now.timestamp(), 0)?;
    loop {
        let offset = seconds(zone.offset_seconds(at));
        // A wall, written as if it were in UTC, where no local time is missing or repeated.
        let wall = pattern.find_previous_occurrence(&at.checked_add_signed(offset)?, true).ok()?;
        let due = wall - offset;
        let Some(change) = zone.previous_transition(at + SECOND) else { return Some(due) };
        let (before, after) = (seconds(change.offset_before_secs), seconds(change.offset_after_secs));
        let repeated = if fixed_time { (before - after).max(TimeDelta::zero()) } else { TimeDelta::zero() };
        if due >= change.at + repeated {
            return Some(due);
        }
        let in_gap = wall - before >= change.at;
        if in_gap && due < change.at {
            return Some(change.at);
        }
        at = change.at - SECOND;
    }
}

fn next_due(pattern: &Cron, zone: &Zone, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let due_from = |at| latest_due(pattern, zone, at).filter(|due| *due >= from);
    let looks = std::iter::successors(Some(TimeDelta::zero()), |ahead| Some((*ahead * 2).max(SECOND)));
    let mut due = looks.map_while(|ahead| from.checked_add_signed(ahead)).take(LOOKS).find_map(due_from)?;
    while let Some(earlier) = due_from(due - SECOND) {
        due = earlier;
    }
    Some(due)
}

/// So many looks, each twice as far ahead, reach a century.
const LOOKS: usize = 34;

fn seconds(count: i32) -> TimeDelta {
    TimeDelta::seconds(count.into())
}

#[cfg(test)]
mod tests;
