//! Deadlines and warnings by the words of docs/domain.md, "Counting days": one day after the other.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use claimwatch::calendar::{Calendar, Day};

use super::facts::RuleSettings;

/// The first instant that shows that local time; there is one in the zones of these worlds.
fn instant_of(calendar: &Calendar, local: NaiveDateTime) -> DateTime<Utc> {
    let hours = (0..5).rev().map(|hours| local.and_utc() - TimeDelta::hours(hours));
    hours.into_iter().find(|at| calendar.zone().local(*at) == local).expect("a local time that exists")
}

/// The deadline and, with a warning, when the clock is at risk.
pub fn due_and_risk(
    settings: &RuleSettings,
    calendar: &Calendar,
    start: DateTime<Utc>,
) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
    let works = |day: NaiveDate| calendar.day(day) == Day::Working;
    let words: Vec<&str> = settings.target.split(' ').collect();
    let count: u32 = words[0].parse().expect("a number");
    let (business, elapsed, roll) = (words[1] == "business", words.contains(&"elapsed"), words.contains(&"roll"));
    let local = calendar.zone().local(start);
    let (mut day, mut time) = (local.date(), if elapsed { Some(local.time()) } else { None });
    if elapsed && business && !works(day) {
        while !works(day) {
            day += TimeDelta::days(1);
        }
        time = Some(NaiveTime::MIN);
    }
    let mut counted = 0;
    while counted < count {
        day += TimeDelta::days(1);
        counted += u32::from(!business || works(day));
    }
    while roll && !works(day) {
        day += TimeDelta::days(1);
    }
    let end = |day: NaiveDate| match time {
        Some(time) => instant_of(calendar, day.and_time(time)),
        None => instant_of(calendar, (day + TimeDelta::days(1)).and_time(NaiveTime::MIN)),
    };
    let risk = settings.warn.map(|warn| {
        let words: Vec<&str> = warn.split(' ').collect();
        let mut left: u32 = words[0].parse().expect("a number");
        let mut at = day;
        while left > 0 || (words[1] == "business" && !works(at)) {
            left -= u32::from(words[1] != "business" || works(at));
            at -= TimeDelta::days(1);
        }
        end(at).max(start)
    });
    (end(day), risk)
}
