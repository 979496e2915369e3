//! Days as a calendar on a wall: months with their weeks, a cell a day.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;

use crate::calendar::{self, Calendar};
use crate::sla::{DayKind, Explanation};
use crate::wording::Words;

/// What a day is in a picture, in words for those who do not see its colour.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cell {
    /// `start`, `counted`, `due`, `weekend`, `holiday`, `worked`, `none` or nothing.
    pub kind: &'static str,
    pub text: String,
    /// On which day of the count it stands.
    pub number: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Month {
    title: String,
    weeks: Vec<Vec<Option<Day>>>,
}

#[derive(Debug, Serialize)]
struct Day {
    day: u32,
    date: String,
    #[serde(flatten)]
    cell: Option<Cell>,
}

/// More months than these are no picture any more.
const MOST_MONTHS: usize = 14;

/// The months from the first to the last of `cells`.
fn months(words: Words, cells: &BTreeMap<NaiveDate, Cell>) -> Vec<Month> {
    let (Some((first, _)), Some((last, _))) = (cells.first_key_value(), cells.last_key_value()) else {
        return Vec::new();
    };
    let month = |first: NaiveDate| {
        let before = first.weekday().num_days_from_monday() as usize;
        let days = first.iter_days().take_while(|day| day.month() == first.month());
        let days = days.map(|day| Some(Day { day: day.day(), date: day.to_string(), cell: cells.get(&day).cloned() }));
        let mut places: Vec<Option<Day>> = std::iter::repeat_with(|| None).take(before).chain(days).collect();
        places.resize_with(places.len().next_multiple_of(7), || None);
        let mut weeks = Vec::new();
        let mut places = places.into_iter();
        while places.len() > 0 {
            weeks.push(places.by_ref().take(7).collect());
        }
        Month { title: words.month_of(first), weeks }
    };
    let firsts = std::iter::successors(first.with_day(1), |first| first.checked_add_months(Months::new(1)));
    firsts.take_while(|first| first <= last).take(MOST_MONTHS).map(month).collect()
}

/// How a deadline was counted.
pub(super) fn counted(words: Words, explanation: &Explanation) -> Vec<Month> {
    let mut cells = BTreeMap::new();
    let last = explanation.days.iter().rev().find(|day| day.kind != DayKind::Skipped).map(|day| day.date);
    let mut number = 0;
    for day in &explanation.days {
        let reason = words.day_reason(day);
        let cell = match day.kind {
            DayKind::Start => Cell { kind: "start", text: words.say("page-day-start", []), number: None },
            DayKind::Counted => {
                number += 1;
                let (kind, id) =
                    if Some(day.date) == last { ("due", "page-day-due") } else { ("counted", "page-day-counted") };
                Cell { kind, text: words.say(id, [("number", number.into())]), number: Some(number) }
            }
            DayKind::Skipped => match reason {
                None => Cell { kind: "weekend", text: words.say("page-day-weekend", []), number: None },
                Some(reason) => Cell { kind: "holiday", text: reason, number: None },
            },
        };
        cells.insert(day.date, cell);
    }
    months(words, &cells)
}

/// A year of a calendar.
pub(super) fn year(words: Words, calendar: &Calendar, year: i32) -> Vec<Month> {
    let cells = calendar.year(year).map(|day| {
        let name = day.name.filter(|name| !name.is_empty()).map(|name| crate::claim::clean_line(name, 80).into_owned());
        let (kind, word) = match day.kind {
            calendar::DayKind::Working => ("", None),
            calendar::DayKind::WorkedRestDay => ("worked", Some("page-day-worked")),
            calendar::DayKind::Weekend => ("weekend", Some("page-day-weekend")),
            calendar::DayKind::Holiday => ("holiday", Some("page-day-holiday")),
            calendar::DayKind::SkippedByZone => ("none", Some("page-day-none")),
        };
        let text = name.or_else(|| word.map(|word| words.say(word, []))).unwrap_or_default();
        (day.date, Cell { kind, text, number: None })
    });
    months(words, &cells.collect())
}

/// The days from `first` on, so many.
pub(super) fn days(first: NaiveDate, count: u64) -> impl Iterator<Item = NaiveDate> {
    (0..count).filter_map(move |more| first.checked_add_days(Days::new(more)))
}
