//! Which week days are off, and since when: a weekend may be moved by law.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};

use super::{FIRST_DAY, LAST_DAY};

/// Weekends, each from a day on until the next one; the first serves from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weekends {
    eras: Vec<(NaiveDate, WeekdaySet)>,
}

impl Weekends {
    /// One weekend for all time.
    pub(super) fn always(days: WeekdaySet) -> Self {
        Self { eras: vec![(FIRST_DAY, days)] }
    }

    /// Weekends in the order of their first days; `None`: there is none.
    pub(super) fn in_order(mut eras: Vec<(NaiveDate, WeekdaySet)>) -> Option<Self> {
        eras.sort_by_key(|(since, _)| *since);
        eras.first_mut()?.0 = FIRST_DAY;
        eras.dedup_by(|later, earlier| later.1 == earlier.1);
        Some(Self { eras })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (NaiveDate, WeekdaySet)> {
        self.eras.iter().copied()
    }

    /// The weekend that serves on that day.
    pub(super) fn on(&self, date: NaiveDate) -> WeekdaySet {
        let later = self.eras.partition_point(|(since, _)| *since <= date);
        self.eras.get(later.saturating_sub(1)).map_or(WeekdaySet::EMPTY, |(_, days)| *days)
    }

    pub(super) fn contains(&self, date: NaiveDate) -> bool {
        self.on(date).contains(date.weekday())
    }

    /// Whether no week has a day that is worked.
    pub(super) fn are_whole_weeks(&self) -> bool {
        self.eras.iter().all(|(_, days)| *days == WeekdaySet::ALL)
    }

    /// How many of these days are on no weekend.
    pub(super) fn worked_in(&self, days: &RangeInclusive<NaiveDate>) -> u32 {
        let ends = self.eras.iter().skip(1).map(|(since, _)| since.pred_opt().unwrap_or(FIRST_DAY));
        let eras = self.eras.iter().zip(ends.chain([LAST_DAY]));
        eras.map(|((since, off), until)| worked((*since).max(*days.start()), until.min(*days.end()), *off)).sum()
    }
}

/// How many days from `first` to `last` are none of `off`: whole weeks are multiplied.
fn worked(first: NaiveDate, last: NaiveDate, off: WeekdaySet) -> u32 {
    let total = u32::try_from(last.signed_duration_since(first).num_days() + 1).unwrap_or(0);
    let mut worked = total / 7 * (7 - u32::from(off.len()));
    let mut weekday: Weekday = first.weekday();
    for _ in 0..total % 7 {
        worked += u32::from(!off.contains(weekday));
        weekday = weekday.succ();
    }
    worked
}
