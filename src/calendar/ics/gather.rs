//! From events to days.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;

use chrono::{Datelike, Days, NaiveDate};

use super::error::{Warnings, Wrong};
use super::event::{Event, Field, Special};
use super::moment::moment;
use super::name::{clean, shown, without_marker};
use super::recurrence::{self, Work};
use super::rule::{Frequency, Rule};
use super::span::{Span, span};
use super::{FIRST_YEAR, IcsError, LAST_YEAR, MAX_DAYS};

/// The days that are read.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).expect("a date");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).expect("a date");

/// What a file says of each day from [`FIRST`] to [`LAST`].
pub(super) struct Found {
    days: Vec<Slot>,
    /// Names, and whether the date may still move.
    names: Vec<(String, bool)>,
    /// The last day that does not recur without end.
    last: Option<NaiveDate>,
}

/// What a file says of one day.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// An index of the names.
    holiday: Option<u32>,
    worked: bool,
}

impl Found {
    /// By date: name, and whether the date may still move.
    pub fn holidays(&self) -> impl Iterator<Item = (NaiveDate, String, bool)> {
        self.said().filter_map(|(date, slot)| {
            let (name, estimated) = self.names.get(slot.holiday? as usize)?;
            Some((date, name.clone(), *estimated))
        })
    }

    pub fn working_days(&self) -> impl Iterator<Item = NaiveDate> {
        self.said().filter(|(_, slot)| slot.worked).map(|(date, _)| date)
    }

    /// Whole years.
    pub fn coverage(&self) -> Option<RangeInclusive<NaiveDate>> {
        let (first, _) = self.said().next()?;
        let last = self.last.unwrap_or(LAST);
        Some(NaiveDate::from_ymd_opt(first.year(), 1, 1)?..=NaiveDate::from_ymd_opt(last.year(), 12, 31)?)
    }

    fn said(&self) -> impl Iterator<Item = (NaiveDate, &Slot)> {
        let said = self.days.iter().enumerate().filter(|(_, slot)| slot.worked || slot.holiday.is_some());
        said.filter_map(|(at, slot)| Some((FIRST.checked_add_days(Days::new(u64::try_from(at).ok()?))?, slot)))
    }
}

/// How many events are no days off, by what they are.
#[derive(Default)]
struct LeftOut {
    timed: usize,
    cancelled: usize,
    observances: usize,
    outside: usize,
}

/// Reads what all events say, and warns of what it leaves out.
pub(super) fn gather(file: &str, events: &[Event], warnings: &mut Warnings) -> Result<Found, IcsError> {
    let mut gatherer = Gatherer {
        found: Found {
            days: vec![Slot::default(); slot_of(LAST).map_or(0, |last| last + 1)],
            names: Vec::new(),
            last: None,
        },
        said: 0,
        work: Work::new(),
        left_out: LeftOut::default(),
        series: events.iter().filter(|event| event.instance.is_none()).filter_map(|event| event.uid.clone()).collect(),
        warnings,
    };
    gatherer.gather(events).map_err(|wrong| wrong.of(file))?;
    Ok(gatherer.found)
}

struct Gatherer<'a> {
    found: Found,
    /// How many days have been said something of.
    said: usize,
    work: Work,
    left_out: LeftOut,
    /// The events of which others may be moved instances, by their UIDs.
    series: HashSet<String>,
    warnings: &'a mut Warnings,
}

impl Gatherer<'_> {
    fn gather(&mut self, events: &[Event]) -> Result<(), Wrong> {
        let replaced = replaced(events)?;
        // Apple's feeds that mark days off list feasts without a mark, on which people work.
        let marked = events.iter().any(|event| matches!(event.special, Some(Special::DayOff | Special::WorkedRestDay)));
        let is_observance = |event: &Event| match event.special {
            Some(Special::DayOff | Special::WorkedRestDay) => false,
            Some(Special::Birthday) => true,
            None => marked || event.observance,
        };
        let observances: Vec<&Event> = events.iter().filter(|event| !event.cancelled && is_observance(event)).collect();
        self.warn_of_observances(&observances);
        for event in events.iter().filter(|event| event.cancelled || !is_observance(event)) {
            if event.cancelled {
                self.left_out.cancelled += 1;
                continue;
            }
            match span(event)? {
                Some(span) => self.take(event, span, &replaced)?,
                None => {
                    self.left_out.timed += 1;
                    let name = || shown(&event.summary);
                    self.warnings.warn(event.line, || {
                        format!("found the timed event {}, expected an all-day one; left out", name())
                    });
                }
            }
        }
        self.warn_of_days_outside();
        if self.said == 0 { Err(self.nothing()) } else { Ok(()) }
    }

    /// The days of an all-day event.
    fn take(&mut self, event: &Event, span: Span, replaced: &HashMap<&str, BTreeSet<NaiveDate>>) -> Result<(), Wrong> {
        let too_much = |_| Wrong::at(event.line, "recurrences that take too long to follow", "simpler or fewer ones");
        let (starts, is_endless) = self.starts(event, span.first)?;
        let excluded = dates(&event.excluded, "EXDATE")?;
        let replaced = event.uid.as_deref().filter(|_| event.instance.is_none()).and_then(|uid| replaced.get(uid));
        let (name, estimated) = without_marker(&clean(&event.summary));
        let index = u32::try_from(self.found.names.len()).ok();
        self.found.names.push((name, estimated || event.tentative));
        let mut any_outside = false;
        // A moved instance does not end what recurs without end.
        let is_moved = event.instance.is_some() && event.uid.as_ref().is_some_and(|uid| self.series.contains(uid));
        for start in starts {
            if excluded.contains(&start) || replaced.is_some_and(|days| days.contains(&start)) {
                continue;
            }
            self.work.spend(span.days as usize).map_err(too_much)?;
            for day in start.iter_days().take(span.days as usize) {
                let Some(slot) = slot_of(day).and_then(|at| self.found.days.get_mut(at)) else {
                    any_outside = true;
                    continue;
                };
                let is_new = !slot.worked && slot.holiday.is_none();
                if event.special == Some(Special::WorkedRestDay) {
                    slot.worked = true;
                } else {
                    slot.holiday = slot.holiday.or(index);
                }
                self.said += usize::from(is_new);
                if !is_endless && !is_moved {
                    self.found.last = self.found.last.max(Some(day));
                }
            }
            if self.said > MAX_DAYS {
                return Err(Wrong::at(event.line, format!("more than {MAX_DAYS} days off by then"), "fewer"));
            }
        }
        self.left_out.outside += usize::from(any_outside);
        Ok(())
    }

    /// The days on which an event begins, in any order and perhaps twice, and whether it recurs without end.
    fn starts(&mut self, event: &Event, first: NaiveDate) -> Result<(Vec<NaiveDate>, bool), Wrong> {
        let mut starts: Vec<NaiveDate> = dates(&event.more_days, "RDATE")?.into_iter().collect();
        let mut is_endless = false;
        for field in &event.rules {
            let rule = Rule::parse(field)?;
            if rule.is_endless() && rule.frequency != Frequency::Yearly {
                let found = format!("a recurrence without end ({})", shown(&field.value));
                return Err(Wrong::at(field.line, found, "FREQ=YEARLY, COUNT or UNTIL"));
            }
            is_endless |= rule.is_endless();
            let days = recurrence::days(&rule, first, &mut self.work).map_err(|_| {
                Wrong::at(field.line, "recurrences that take too long to follow", "simpler or fewer ones")
            })?;
            starts.extend(days);
        }
        if event.rules.is_empty() {
            starts.push(first);
        } else if !starts.contains(&first) && slot_of(first).is_some() {
            self.warnings.warn(event.line, || {
                let name = shown(&event.summary);
                format!("found {first} as the first day of {name}, expected a day that its RRULE names; left out")
            });
        }
        Ok((starts, is_endless))
    }

    fn warn_of_observances(&mut self, observances: &[&Event]) {
        self.left_out.observances = observances.len();
        let Some(first) = observances.first() else { return };
        self.warnings.warn(first.line, || {
            let names: Vec<String> = observances.iter().take(5).map(|event| shown(&event.summary)).collect();
            let more = if observances.len() > names.len() { ", …" } else { "" };
            let names = names.join(", ");
            match observances.len() {
                1 => format!("found the observance {names}, expected a day off; left out"),
                number => format!("found {number} observances ({names}{more}), expected days off; left out"),
            }
        });
    }

    fn warn_of_days_outside(&mut self) {
        let outside = self.left_out.outside;
        if outside > 0 {
            self.warnings.warn(None, || {
                format!("found {outside} events with days outside {FIRST_YEAR} to {LAST_YEAR}, expected none; left out")
            });
        }
    }

    fn nothing(&self) -> Wrong {
        let LeftOut { timed, cancelled, observances, outside } = self.left_out;
        let kinds =
            [(timed, "timed"), (cancelled, "cancelled"), (observances, "observances"), (outside, "out of range")];
        let kinds = kinds.iter().filter(|(number, _)| *number > 0).map(|(number, kind)| format!("{number} {kind}"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        let kinds = if kinds.is_empty() { kinds } else { format!(" ({kinds})") };
        Wrong::in_file(format!("no all-day event{kinds}"), "at least one")
    }
}

/// The place of a day among those that are read.
fn slot_of(day: NaiveDate) -> Option<usize> {
    usize::try_from(day.signed_duration_since(FIRST).num_days()).ok().filter(|_| day <= LAST)
}

/// By UID, the days whose instance another event replaces or cancels.
fn replaced(events: &[Event]) -> Result<HashMap<&str, BTreeSet<NaiveDate>>, Wrong> {
    let mut replaced: HashMap<&str, BTreeSet<NaiveDate>> = HashMap::new();
    for event in events {
        if let (Some(uid), Some(instance)) = (&event.uid, &event.instance) {
            replaced.entry(uid).or_default().insert(moment(instance, "RECURRENCE-ID")?.day());
        }
    }
    Ok(replaced)
}

/// The days in lists of dates, times, or periods, of which the beginning counts.
fn dates(lists: &[Field], property: &str) -> Result<BTreeSet<NaiveDate>, Wrong> {
    let mut dates = BTreeSet::new();
    for list in lists {
        for value in list.value.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            let begin = value.split('/').next().unwrap_or_default();
            let field = Field { line: list.line, value: begin.to_owned() };
            dates.insert(moment(&field, property)?.day());
        }
    }
    Ok(dates)
}
