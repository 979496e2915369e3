//! When each local day of a zone starts, as an array: what deadlines are computed with, without a look-up.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::{Transition, Zone};

/// How many local days the array has: those from 1970-01-01 to 2100-12-31, by their number since 1970-01-01.
pub(in crate::calendar) const DAYS: u16 = 47_847;

const SECONDS_OF_A_DAY: i64 = 86_400;
const DAY: u32 = 86_400;

/// The first instant of each local day, and of the day after the last: a day ends where the next one starts.
#[derive(Clone, Debug)]
pub(in crate::calendar) struct ZoneDays {
    /// For the answer.
    starts: Box<[DateTime<Utc>]>,
    /// The same to find the day of an instant: how many seconds before midnight UTC the day starts, shifted left by two;
    /// the two bits below say what is odd about the day.
    offsets: Box<[i32]>,
}

/// The offset changes on that day.
const CHANGES: i32 = 1;
/// After that day began, the clocks were set back to the day before.
const BEGINS_TWICE: i32 = 2;

impl ZoneDays {
    pub(in crate::calendar) fn of(zone: &Zone) -> Self {
        let after_last = i64::from(DAYS) * SECONDS_OF_A_DAY;
        let first = super::timestamp(-2 * SECONDS_OF_A_DAY);
        let changes: Vec<Transition> = zone
            .inner
            .transitions_after(first)
            .take_while(|change| change.at.timestamp() < after_last + 2 * SECONDS_OF_A_DAY)
            .collect();
        let mut offset = zone.inner.offset(first.as_second());
        let mut coming = changes.iter().peekable();
        let mut starts = Vec::with_capacity(usize::from(DAYS) + 1);
        let mut offsets = Vec::with_capacity(usize::from(DAYS) + 1);
        let mut last: Option<(i64, NaiveDateTime)> = None;
        for day in 0..=i64::from(DAYS) {
            let midnight = day * SECONDS_OF_A_DAY;
            while let Some(change) = coming.next_if(|change| *walls(change).end() < midnight) {
                offset = change.offset_after_secs;
            }
            let unclear = coming.peek().is_some_and(|change| walls(change).contains(&midnight));
            let start = if unclear { start_of_day(zone, day) } else { None };
            let before_utc = start.map_or(i64::from(offset), |start| midnight - start);
            let start = match last {
                Some((before, start)) if before == before_utc => {
                    start.date().succ_opt().map(|day| day.and_time(start.time()))
                }
                _ => DateTime::from_timestamp(midnight - before_utc, 0).map(|start| start.naive_utc()),
            };
            last = start.map(|start| (before_utc, start));
            starts.push(start.unwrap_or_default().and_utc());
            offsets.push(i32::try_from(before_utc).unwrap_or_default() << 2);
        }
        for change in &changes {
            mark(&mut offsets, change);
        }
        Self { starts: starts.into(), offsets: offsets.into() }
    }

    /// The first instant of a day; also of the one after the last.
    #[inline]
    pub(in crate::calendar) fn start(&self, day: u16) -> Option<DateTime<Utc>> {
        self.starts.get(usize::from(day)).copied()
    }

    /// Whether the day has 24 hours, and shows each time of day once.
    #[inline]
    pub(in crate::calendar) fn is_plain(&self, day: u16) -> bool {
        self.offsets.get(usize::from(day)).is_some_and(|offset| offset & CHANGES == 0)
    }

    /// The local day of an instant; `None`: it is not in the array, or begins twice.
    #[inline]
    pub(in crate::calendar) fn day(&self, at: DateTime<Utc>) -> Option<u16> {
        let second = u32::try_from(at.timestamp()).ok()?;
        // No zone is a day away from UTC, so that the local day is that of UTC or one beside it.
        let guess = second / DAY;
        let within = (second % DAY).cast_signed();
        let &[start, end] = self.offsets.get(guess as usize..guess as usize + 2)? else { return None };
        let later = within >= DAY.cast_signed() - (end >> 2);
        let earlier = within < -(start >> 2);
        let day = (guess + u32::from(later)).checked_sub(u32::from(earlier))?;
        let begins_twice = self.offsets.get(day as usize)? & BEGINS_TWICE != 0;
        u16::try_from(day).ok().filter(|day| !begins_twice && *day < DAYS)
    }
}

/// The number of a local day, if the array has it.
#[inline]
pub(in crate::calendar) fn number(date: NaiveDate) -> Option<u16> {
    u16::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok().filter(|day| *day < DAYS)
}

/// The local day of a number.
#[inline]
pub(in crate::calendar) fn date(day: u16) -> NaiveDate {
    NaiveDate::default() + chrono::Days::new(day.into())
}

/// What the wall shows before and after a change, the earlier first.
fn walls(change: &Transition) -> RangeInclusive<i64> {
    let at = change.at.timestamp();
    let (before, after) = (at + i64::from(change.offset_before_secs), at + i64::from(change.offset_after_secs));
    before.min(after)..=before.max(after)
}

fn start_of_day(zone: &Zone, day: i64) -> Option<i64> {
    let midnight: NaiveDateTime = DateTime::from_timestamp(day * SECONDS_OF_A_DAY, 0)?.naive_utc();
    zone.instant_of(midnight).map(|start| start.timestamp())
}

fn mark(offsets: &mut [i32], change: &Transition) {
    let walls = walls(change);
    let (first, last) = (walls.start().div_euclid(SECONDS_OF_A_DAY), walls.end().div_euclid(SECONDS_OF_A_DAY));
    let mut set = |day: i64, bits: i32| {
        if let Some(offset) = usize::try_from(day).ok().and_then(|day| offsets.get_mut(day)) {
            *offset |= bits;
        }
    };
    for day in first..=last {
        set(day, CHANGES);
    }
    if change.sets_clocks_back() {
        // Clocks set back at midnight itself never showed the next day.
        for day in first + 1..=(walls.end() - 1).div_euclid(SECONDS_OF_A_DAY) {
            set(day, BEGINS_TWICE);
        }
    }
}
