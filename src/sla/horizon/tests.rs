use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;
use crate::calendar::testing::{calendar_and_instant, date, instant, weekdays_in};
use crate::calendar::{Days as DaysOff, Origin};
use crate::sla::deadline::tests::any_target;
use crate::sla::{Beyond, explain};

fn target(text: &str) -> Target {
    text.parse().expect("a target")
}

/// The same calendar with an origin that knows of these days alone.
fn knowing(calendar: Calendar, origin: &str, known: RangeInclusive<NaiveDate>) -> Calendar {
    calendar.with_days(DaysOff { coverage: Some(known), ..DaysOff::none(Origin::File(origin.into())) })
}

fn known(from: &str, until: &str) -> RangeInclusive<NaiveDate> {
    date(from)..=date(until)
}

fn paris_2026() -> Calendar {
    knowing(weekdays_in("Europe/Paris"), "2026.ics", known("2026-01-01", "2026-12-31"))
}

#[test]
fn a_calendar_that_knows_every_day_has_no_horizon() {
    let calendar = weekdays_in("Europe/Paris").with_holiday(date("2026-12-25"), "Christmas Day");
    assert_eq!(horizon(&target("45 business days"), &calendar), Horizon::default());
    assert_eq!(beyond(&target("45 business days"), &calendar, instant("2026-12-01T10:00:00Z")), None);
}

#[test]
fn a_horizon_is_the_first_day_that_is_known_and_the_first_day_whose_deadline_lies_beyond() {
    // The last business day of 2026 is Thursday, December 31.
    for (text, from) in [
        ("1 business day", "2026-12-31T00:00:00+01:00"),
        ("2 business days", "2026-12-30T00:00:00+01:00"),
        ("5 business days", "2026-12-25T00:00:00+01:00"),
        ("5 business days elapsed", "2026-12-25T00:00:00+01:00"),
        ("30 days", "2026-12-02T00:00:00+01:00"),
        ("30 days roll", "2026-12-02T00:00:00+01:00"),
    ] {
        let found = horizon(&target(text), &paris_2026());
        assert_eq!(found.before, Some(instant("2026-01-01T00:00:00+01:00")), "{text}");
        assert_eq!(found.from, Some(instant(from)), "{text}");
    }
}

#[test]
fn a_deadline_that_is_moved_over_the_end_lies_beyond_it() {
    // 2027-12-18 is a Saturday.
    let calendar = knowing(weekdays_in("UTC"), "short.ics", known("2027-01-01", "2027-12-18"));
    assert_eq!(horizon(&target("10 days"), &calendar).from, Some(instant("2027-12-09T00:00:00Z")));
    assert_eq!(horizon(&target("10 days roll"), &calendar).from, Some(instant("2027-12-08T00:00:00Z")));
    let moved = beyond(&target("10 days roll"), &calendar, instant("2027-12-08T10:00:00Z"));
    assert_eq!(moved.map(|(_, last)| last), Some(date("2027-12-20")));
}

#[test]
fn of_several_origins_the_one_that_knows_least_sets_each_bound() {
    let calendar = knowing(paris_2026(), "other.ics", known("2025-06-01", "2026-06-30"));
    let found = horizon(&target("1 day"), &calendar);
    assert_eq!(found.before, Some(instant("2026-01-01T00:00:00+01:00")));
    assert_eq!(found.from, Some(instant("2026-06-30T00:00:00+02:00")));
    let either = Horizon::default().or(found).or(horizon(&target("1 day"), &paris_2026())).or(Horizon::default());
    assert_eq!(either, found, "the wider of two bounds");
}

#[test]
fn the_first_known_day_begins_for_good_when_clocks_are_set_back_over_midnight() {
    // St John's set its clocks back at 00:01 on Sunday the 7th: that day began twice.
    let in_november = |from, until| knowing(weekdays_in("America/St_Johns"), "x.ics", known(from, until));
    let from_sunday = in_november("2010-11-07", "2010-12-31");
    let saturday_again = instant("2010-11-06T23:59:59-03:30");
    assert!(beyond(&target("1 day"), &from_sunday, saturday_again).is_some());
    assert_eq!(horizon(&target("1 day"), &from_sunday).before, Some(saturday_again + TimeDelta::seconds(1)));
    let until_sunday = in_november("2010-01-01", "2010-11-07");
    assert_eq!(horizon(&target("1 day"), &until_sunday).from, Some(instant("2010-11-07T00:00:00-02:30")));
}

#[test]
fn the_ends_of_time_have_a_horizon() {
    let of = |from, until| horizon(&target("10000 days"), &knowing(weekdays_in("Pacific/Apia"), "x", from..=until));
    assert_eq!(of(FIRST_DAY, LAST_DAY), Horizon::default());
    assert_eq!(of(FIRST_DAY, FIRST_DAY).from, Some(DateTime::<Utc>::MIN_UTC));
    assert_eq!(of(NaiveDate::MIN, NaiveDate::MIN).from, Some(DateTime::<Utc>::MIN_UTC));
    assert!(of(LAST_DAY, LAST_DAY).before.is_some_and(|at| at > instant("9999-12-30T00:00:00Z")));
    assert!(of(NaiveDate::MAX, NaiveDate::MAX).before.is_some_and(|at| at > instant("9999-12-31T23:59:59Z")));
}

#[test]
fn a_calendar_of_few_working_days_has_a_horizon() {
    let week = (0..7_u8).map(|day| chrono::Weekday::try_from(day).expect("a weekday"));
    let calendar = weekdays_in("UTC").with_weekend(week).with_working_day(date("2026-03-04"));
    let calendar = knowing(calendar, "x.ics", known("2026-01-01", "2026-12-31"));
    // From the only working day on there is no deadline, and nothing to be said of it.
    assert_eq!(horizon(&target("1 business day"), &calendar).from, Some(instant("2026-03-04T00:00:00Z")));
    assert_eq!(beyond(&target("1 business day"), &calendar, instant("2026-03-04T10:00:00Z")), None);
    assert_eq!(horizon(&target("2 business days"), &calendar).from, Some(DateTime::<Utc>::MIN_UTC));
}

/// Whether `start` is one of those that a horizon admits.
fn admits(horizon: Horizon, start: DateTime<Utc>) -> bool {
    horizon.before.is_some_and(|before| start < before) || horizon.from.is_some_and(|from| from <= start)
}

proptest! {
    #[test]
    fn whatever_the_calendar_does_not_know_all_of_is_within_its_horizon(
        (facts, start) in calendar_and_instant(),
        target in any_target(),
        origins in prop::collection::vec((-90_i64..10, 0_i64..120), 1..3),
    ) {
        let around = |days: i64| start.date_naive() + TimeDelta::days(days);
        let calendar = origins.iter().fold(facts.calendar(), |calendar, (from, length)| {
            knowing(calendar, "x.ics", around(*from)..=around(from + length))
        });
        let horizon = horizon(&target, &calendar);
        let starts = [Some(start), horizon.before, horizon.from].into_iter().flatten();
        let near = |at: DateTime<Utc>| (-40..=40_i64).map(move |step| at + TimeDelta::minutes(step * 37));
        for start in starts.flat_map(near) {
            let Ok(explanation) = explain(&target, &calendar, start) else { continue };
            let found = beyond(&target, &calendar, start);
            prop_assert!(found.is_none() || admits(horizon, start), "{} from {}: {:?}", target, start, horizon);
            let last = explanation.days.last().map(|day| day.date);
            prop_assert!(found.as_ref().is_none_or(|(_, day)| Some(*day) == last));
            prop_assert_eq!(found.map(|(unknown, _)| Beyond::from(unknown)), explanation.beyond_calendar);
        }
        // And it is no wider than it needs to be: its first and its last start are such ones.
        for start in [horizon.before.map(|before| before - TimeDelta::seconds(1)), horizon.from].into_iter().flatten() {
            if let Ok(explanation) = explain(&target, &calendar, start) {
                prop_assert!(explanation.beyond_calendar.is_some(), "{} from {}: {:?}", target, start, horizon);
            }
        }
    }
}
