//! What falls due on the coming business days, and how much of it will be late on form.

use rust_decimal::Decimal;
use serde::Serialize;

use super::Desk;
use super::chart::{Chart, Column, chart};
use crate::claim::Totals;
use crate::report::{DayAhead, Forecast};
use crate::wording::Words;

#[derive(Serialize)]
pub(super) struct Coming {
    days: Vec<Day>,
    /// `None`: nothing falls due.
    chart: Option<Chart>,
    /// The days on which most falls due.
    busiest: String,
    later: u64,
    /// When it was looked for.
    at: String,
}

#[derive(Serialize)]
struct Day {
    date: String,
    day: String,
    clocks: u64,
    /// How many of them will be late on form; nothing: there is no form.
    late: String,
    money: String,
    /// By rule.
    rules: String,
}

pub(super) fn coming(desk: &Desk<'_>, forecast: &Forecast) -> Coming {
    let words = desk.asked.words();
    let calendars = desk.facts.calendars.borrow().clone();
    let column = |day: &DayAhead| Column {
        name: day.date.format("%m-%d").to_string(),
        title: format!("{}: {}", words.short_date(day.date, None), day.clocks),
        bars: vec![day.clocks],
    };
    let columns: Vec<Column> = forecast.days.iter().map(column).collect();
    let busiest: Vec<String> = forecast.busiest.iter().map(|day| words.short_date(*day, None)).collect();
    Coming {
        days: forecast.days.iter().map(|day| of_day(words, day)).collect(),
        chart: forecast.days.iter().any(|day| day.clocks > 0).then(|| chart(&columns)),
        busiest: words.commas(&busiest),
        later: forecast.later,
        at: words.instant(forecast.at, calendars.default().zone()),
    }
}

fn of_day(words: Words, day: &DayAhead) -> Day {
    let mut money = Totals::default();
    let sums = day.due.iter().flat_map(|due| due.money.iter());
    sums.for_each(|sum| money.add(Some(sum.amount), Some(sum.currency)));
    let money: Vec<String> = money.iter().map(|sum| words.money(sum)).collect();
    let late: Option<Decimal> = day.due.iter().map(|due| due.expected_late).sum();
    let mut rules: Vec<(&str, usize)> = Vec::new();
    for due in &day.due {
        let count = usize::try_from(due.clocks).unwrap_or(usize::MAX);
        match rules.iter_mut().find(|(rule, _)| *rule == due.rule) {
            Some((_, known)) => *known += count,
            None => rules.push((&due.rule, count)),
        }
    }
    let rules: Vec<String> = rules.iter().map(|(rule, count)| words.rule_count(rule, *count)).collect();
    Day {
        date: day.date.to_string(),
        day: words.short_date(day.date, None),
        clocks: day.clocks,
        late: late.filter(|_| day.clocks > 0).map(|late| late.normalize().to_string()).unwrap_or_default(),
        money: words.commas(&money),
        rules: words.commas(&rules),
    }
}
