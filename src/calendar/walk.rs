//! Walking over days: the n-th business day after one, how many lie between two.
//!
//! Nothing here looks at one day after the other: weeks are multiplied and their exceptions counted, so that 10,000
//! business days cost little more than ten.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate};

use super::{Calendar, is_supported};

impl Calendar {
    /// The first business day after `date`; `None`: there is none up to the year 9999.
    #[must_use]
    pub fn next_business_day(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.nth_business_day_after(date, 1)
    }

    /// The last business day before `date`; `None`: there is none from the year 1 on.
    #[must_use]
    pub fn previous_business_day(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.nth_business_day_before(date, 1)
    }

    /// The `n`-th business day after `date`, itself for 0; `None`: there is none up to the year 9999.
    #[must_use]
    pub fn nth_business_day_after(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        self.nth_business_day(date, n, Direction::Later)
    }

    /// The `n`-th business day before `date`, itself for 0; `None`: there is none from the year 1 on.
    #[must_use]
    pub fn nth_business_day_before(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        self.nth_business_day(date, n, Direction::Earlier)
    }

    /// The `n`-th local day after `date` that exists, itself for 0; `None`: it is after the year 9999.
    #[must_use]
    pub fn nth_day_after(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        walk(date, n, Direction::Later, |days| self.days_in(days))
    }

    /// The `n`-th local day before `date` that exists, itself for 0; `None`: it is before the year 1.
    #[must_use]
    pub fn nth_day_before(&self, date: NaiveDate, n: u32) -> Option<NaiveDate> {
        walk(date, n, Direction::Earlier, |days| self.days_in(days))
    }

    /// How many of these days are business days.
    #[must_use]
    pub fn business_days_in(&self, days: RangeInclusive<NaiveDate>) -> u32 {
        let (first, last) = (*days.start(), *days.end());
        if first > last {
            return 0;
        }
        let is_weekend = |day: &NaiveDate| self.weekends.contains(*day);
        let is_extra = |day: &NaiveDate| self.working_days.contains_key(day);
        let usual = self.weekends.worked_in(&days);
        let closed = self.holidays.range(days.clone()).filter(|(day, _)| !is_weekend(day) && !is_extra(day));
        let extra = self.working_days.range(days.clone()).filter(|(day, _)| is_weekend(day));
        let skipped = self.skipped_in(&days).iter();
        let skipped = skipped.filter(|day| is_extra(day) || !is_weekend(day) && !self.holidays.contains_key(day));
        usual + count(extra) - count(closed) - count(skipped)
    }

    fn days_in(&self, days: RangeInclusive<NaiveDate>) -> u32 {
        length(&days) - count(self.skipped_in(&days).iter())
    }

    fn skipped_in(&self, days: &RangeInclusive<NaiveDate>) -> &[NaiveDate] {
        let skipped = self.zone.skipped_days();
        let from = skipped.partition_point(|day| day < days.start());
        let to = skipped.partition_point(|day| day <= days.end());
        skipped.get(from..to).unwrap_or_default()
    }

    fn nth_business_day(&self, date: NaiveDate, n: u32, direction: Direction) -> Option<NaiveDate> {
        if !self.weekends.are_whole_weeks() || n == 0 {
            return walk(date, n, direction, |days| self.business_days_in(days));
        }
        // Without a weekly working day a walk could step over centuries one day at a time.
        let exists = |day: &NaiveDate| is_supported(*day) && !self.zone.skips_day(*day);
        let nth = usize::try_from(n).ok()? - 1;
        match direction {
            Direction::Later => {
                self.working_days.range(date.succ_opt()?..).map(|(day, _)| *day).filter(exists).nth(nth)
            }
            Direction::Earlier => self.working_days.range(..date).rev().map(|(day, _)| *day).filter(exists).nth(nth),
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Later,
    Earlier,
}

/// The day `n` counted days from `date`. Each step goes as many days as are still missing, which can never be too far,
/// and most of them count, so that few steps are needed.
fn walk(
    date: NaiveDate,
    n: u32,
    direction: Direction,
    counted_in: impl Fn(RangeInclusive<NaiveDate>) -> u32,
) -> Option<NaiveDate> {
    let (mut at, mut missing) = (date, n);
    while missing > 0 {
        let step = Days::new(missing.into());
        let reached = match direction {
            Direction::Later => at.checked_add_days(step),
            Direction::Earlier => at.checked_sub_days(step),
        };
        let reached = reached.filter(|day| is_supported(*day))?;
        let stretch = match direction {
            Direction::Later => at.succ_opt()?..=reached,
            Direction::Earlier => reached..=at.pred_opt()?,
        };
        missing -= counted_in(stretch).min(missing);
        at = reached;
    }
    is_supported(at).then_some(at)
}

fn length(days: &RangeInclusive<NaiveDate>) -> u32 {
    u32::try_from(days.end().signed_duration_since(*days.start()).num_days() + 1).unwrap_or(0)
}

fn count(days: impl Iterator) -> u32 {
    u32::try_from(days.count()).unwrap_or(u32::MAX)
}
