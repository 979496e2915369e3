//! What falls due, as metrics: by rule and business day, so that their number has an end whatever the claims are.

use std::collections::BTreeMap;

use prometheus_client::registry::Registry;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Labels, count, enabled, numbers, seconds, timestamp};
use crate::http::ahead::DAYS;
use crate::http::facts::Reading;
use crate::report::{DayAhead, Forecast};

/// Nothing, until it was looked for.
pub(super) fn ahead(registry: &mut Registry, reading: &Reading) {
    let Some(forecast) = &reading.ahead else { return };
    let due = by_business_day(reading, forecast);
    count(registry, "forecast_due", "Clocks that fall due, by the business day at whose end they do", due);
    let late = expected_late(reading, forecast);
    numbers(registry, "forecast_expected_late", "Of the clocks that fall due, how many will be late on form", late);
    let money = money(forecast);
    numbers(registry, "forecast_due_amount", "What is owed on the clocks that fall due, by currency", money);
    let at = [(Vec::new(), timestamp(forecast.at))];
    seconds(registry, "forecast_timestamp", "When it was looked for what falls due", at);
}

/// By how many business days ahead it is: 0 is today. What falls due at the end of a day off counts with the business day
/// after it, and with the last one, if none comes.
fn by_business_day(reading: &Reading, forecast: &Forecast) -> BTreeMap<Labels, u64> {
    let calendar = reading.calendars.default();
    let mut due: BTreeMap<Labels, u64> = BTreeMap::new();
    let labels = |rule: &str, ahead: u32| vec![("rule", rule.to_owned()), ("business_days", ahead.to_string())];
    for rule in enabled(reading) {
        due.extend((0..DAYS).map(|ahead| (labels(&rule, ahead), 0)));
    }
    let mut ahead = u32::from(!calendar.is_business_day(forecast.from));
    for DayAhead { date, due: of_day, .. } in &forecast.days {
        for one in of_day {
            *due.entry(labels(&one.rule, ahead.min(DAYS - 1))).or_default() += one.clocks;
        }
        ahead += u32::from(calendar.is_business_day(*date));
    }
    due
}

fn expected_late(reading: &Reading, forecast: &Forecast) -> BTreeMap<Labels, f64> {
    // A rule without form has no expectation, which is not none.
    let formed = forecast.form.iter().filter(|form| enabled(reading).any(|rule| rule == form.rule));
    let mut late: BTreeMap<Labels, f64> = formed.map(|form| (vec![("rule", form.rule.clone())], 0.0)).collect();
    for one in forecast.days.iter().flat_map(|day| &day.due) {
        let Some(expected) = one.expected_late.and_then(|expected| expected.to_f64()) else { continue };
        *late.entry(vec![("rule", one.rule.clone())]).or_default() += expected;
    }
    late
}

fn money(forecast: &Forecast) -> BTreeMap<Labels, f64> {
    let mut money: BTreeMap<Labels, f64> = BTreeMap::new();
    for one in forecast.days.iter().flat_map(|day| &day.due) {
        for sum in one.money.iter() {
            let labels = vec![("rule", one.rule.clone()), ("currency", sum.currency.to_string())];
            *money.entry(labels).or_default() += sum.amount.to_f64().unwrap_or(0.0);
        }
    }
    money
}
