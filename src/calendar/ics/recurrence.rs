//! Which days a recurrence rule names.
//!
//! Own code, since no library bounds what a rule may cost: those that exist (`rrule`, and `calcard` with the same
//! engine) walk to the year 10000 for a rule that names no day, 30 February, and cannot be stopped. `calcard` also reads
//! INTERVAL=65537 as 1 and COUNT=0 as no end, and takes an override for that of another event.

use chrono::{Datelike, Days, NaiveDate};

use super::rule::{Frequency, Rule};
use super::{FIRST_YEAR, LAST_YEAR};

/// How many days may be looked at for one file: a thousand yearly rules by week day of a month need 4 million.
const MOST_STEPS: u32 = 10_000_000;

/// A step from one period to the next takes as long as that many days.
const COST_OF_PERIOD: usize = 5;

/// What is left of the work that one file may cause.
pub(super) struct Work(u32);

/// There was more to look at than any calendar needs.
#[derive(Debug)]
pub(super) struct TooMuchWork;

impl Work {
    pub fn new() -> Self {
        Self(MOST_STEPS)
    }

    pub fn spend(&mut self, steps: usize) -> Result<(), TooMuchWork> {
        let steps = u32::try_from(steps).map_err(|_| TooMuchWork)?;
        self.0 = self.0.checked_sub(steps).ok_or(TooMuchWork)?;
        Ok(())
    }
}

/// The days from [`FIRST_YEAR`] to [`LAST_YEAR`] that a rule names, given the day on which its event begins, in order.
/// That day counts only if the rule names it: RFC 5545 leaves this open.
///
/// # Errors
/// The work is spent.
pub(super) fn days(rule: &Rule, start: NaiveDate, work: &mut Work) -> Result<Vec<NaiveDate>, TooMuchWork> {
    let mut days = Vec::new();
    let mut left = rule.count.unwrap_or(u32::MAX);
    let mut found = Vec::new();
    let mut period = Some(Period::first(rule, start));
    while let Some(this) = period {
        work.spend(COST_OF_PERIOD)?;
        let beyond = rule.until.is_some_and(|until| this.first > until) || this.first.year() > LAST_YEAR;
        if beyond || left == 0 {
            break;
        }
        this.find(rule, start, work, &mut found)?;
        for day in found.drain(..).filter(|day| *day >= start) {
            if rule.until.is_some_and(|until| day > until) || left == 0 {
                return Ok(days);
            }
            if rule.count.is_some() {
                left -= 1;
            }
            if (FIRST_YEAR..=LAST_YEAR).contains(&day.year()) {
                days.push(day);
            }
        }
        period = this.next(rule);
    }
    Ok(days)
}

/// One year, month, week or day.
struct Period {
    first: NaiveDate,
}

impl Period {
    /// That in which the event begins; of a rule that does not count, the last one before [`FIRST_YEAR`] will do.
    fn first(rule: &Rule, start: NaiveDate) -> Self {
        let first = match rule.frequency {
            Frequency::Yearly => {
                let early = FIRST_YEAR.saturating_sub(start.year()).max(0);
                let interval = i32::try_from(rule.interval).unwrap_or(i32::MAX);
                let skipped = if rule.count.is_none() { early / interval * interval } else { 0 };
                NaiveDate::from_ymd_opt(start.year() + skipped, 1, 1)
            }
            Frequency::Monthly => start.with_day(1),
            Frequency::Weekly => {
                start.checked_sub_days(Days::new(u64::from(start.weekday().days_since(rule.week_start))))
            }
            Frequency::Daily => Some(start),
        };
        Self { first: first.unwrap_or(start) }
    }

    /// The one after it by the rule's interval; `None` if dates end before.
    fn next(&self, rule: &Rule) -> Option<Self> {
        let interval = rule.interval;
        let first = match rule.frequency {
            Frequency::Yearly => {
                NaiveDate::from_ymd_opt(self.first.year().checked_add(i32::try_from(interval).ok()?)?, 1, 1)
            }
            Frequency::Monthly => self.first.checked_add_months(chrono::Months::new(interval)),
            Frequency::Weekly => self.first.checked_add_days(Days::new(u64::from(interval) * 7)),
            Frequency::Daily => self.first.checked_add_days(Days::new(u64::from(interval))),
        };
        first.map(|first| Self { first })
    }

    /// Its days that the rule names, in order.
    fn find(
        &self,
        rule: &Rule,
        start: NaiveDate,
        work: &mut Work,
        found: &mut Vec<NaiveDate>,
    ) -> Result<(), TooMuchWork> {
        match rule.frequency {
            Frequency::Yearly => {
                for month in (1..=12).filter(|month| is_month_named(rule, start, *month)) {
                    find_in_month(rule, start, self.first.with_month(month), work, found)?;
                }
            }
            Frequency::Monthly if rule.months.is_empty() || rule.months.has(self.first.month(), 12) => {
                find_in_month(rule, start, Some(self.first), work, found)?;
            }
            Frequency::Monthly => {}
            Frequency::Weekly => {
                let wanted = |day: &NaiveDate| {
                    if rule.names_days() { is_named(rule, *day) } else { day.weekday() == start.weekday() }
                };
                let days = self.first.iter_days().take(7);
                found.extend(days.filter(|day| is_in_months(rule, *day)).filter(wanted));
                work.spend(7)?;
            }
            Frequency::Daily => {
                let wanted = is_in_months(rule, self.first) && (!rule.names_days() || is_named(rule, self.first));
                found.extend(wanted.then_some(self.first));
            }
        }
        if !rule.positions.is_empty() {
            work.spend(found.len())?;
            let of = i32::try_from(found.len()).unwrap_or(i32::MAX);
            let mut nth = 0_i32;
            found.retain(|_| {
                nth += 1;
                has(&rule.positions, nth, of)
            });
        }
        Ok(())
    }
}

/// Without any other day, a yearly rule names the month and the day of its start.
fn is_month_named(rule: &Rule, start: NaiveDate, month: u32) -> bool {
    if rule.months.is_empty() { rule.names_days() || month == start.month() } else { rule.months.has(month, 12) }
}

fn find_in_month(
    rule: &Rule,
    start: NaiveDate,
    first: Option<NaiveDate>,
    work: &mut Work,
    found: &mut Vec<NaiveDate>,
) -> Result<(), TooMuchWork> {
    let Some(first) = first else { return Ok(()) };
    if !rule.names_days() {
        work.spend(1)?;
        found.extend(first.with_day(start.day()));
        return Ok(());
    }
    work.spend(31)?;
    found.extend(first.iter_days().take(usize::from(first.num_days_in_month())).filter(|day| is_named(rule, *day)));
    Ok(())
}

fn is_in_months(rule: &Rule, day: NaiveDate) -> bool {
    rule.months.is_empty() || rule.months.has(day.month(), 12)
}

/// Whether a day fits all that a rule says of days. A number of a week day counts within the month, or within the year
/// of a yearly rule without months.
fn is_named(rule: &Rule, day: NaiveDate) -> bool {
    let month_length = u32::from(day.num_days_in_month());
    let year_length = if day.leap_year() { 366 } else { 365 };
    if !rule.month_days.is_empty() && !rule.month_days.has(day.day(), month_length) {
        return false;
    }
    if !rule.year_days.is_empty() {
        let nth = i32::try_from(day.ordinal()).unwrap_or_default();
        if !has(&rule.year_days, nth, year_length) {
            return false;
        }
    }
    if !rule.names_weekdays() || rule.weekdays.has(day.weekday().number_from_monday(), 7) {
        return true;
    }
    let nth = rule.nth_weekdays[day.weekday().num_days_from_monday() as usize];
    let in_year = rule.frequency == Frequency::Yearly && rule.months.is_empty();
    let (before, length) =
        if in_year { (day.ordinal0(), year_length.cast_unsigned()) } else { (day.day0(), month_length) };
    let (before, after) = (before / 7, (length - 1 - before) / 7);
    nth.has(before + 1, before + 1 + after)
}

/// Whether the `nth` of so many, from 1, is among sorted numbers, counted from the front or from the back.
fn has(numbers: &[i16], nth: i32, of: i32) -> bool {
    [nth, nth - of - 1].iter().any(|n| i16::try_from(*n).is_ok_and(|n| numbers.binary_search(&n).is_ok()))
}
