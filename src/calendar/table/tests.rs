use chrono::TimeDelta;
use proptest::prelude::*;

use super::super::testing::{ZONES, calendar_and_instant, date, instant, weekdays_in, zone};
use super::*;

/// Each answer of the arrays is that of the zone and the walk; on how many days of the arrays they do not answer.
fn days_without_an_answer(zone_name: &str) -> usize {
    let calendar = weekdays_in(zone_name);
    let mut unanswered = 0;
    // From 2038 on the years are alike.
    for day in (0..DAYS).map(super::date).filter(|day| day.year() < 2040 || day.year() > 2098) {
        let number = DayNumber::of(day).expect("a day of the arrays");
        assert_eq!(number.date(), day);
        assert_eq!(calendar.table().start(number), calendar.zone().start_of_day(day), "{zone_name} {day}");
        assert_eq!(calendar.table().is_business_day(number), calendar.is_business_day(day), "{zone_name} {day}");
        let Some(start) = calendar.zone().start_of_day(day) else { panic!("{zone_name} {day} never starts") };
        for at in [start - TimeDelta::seconds(1), start, start + TimeDelta::minutes(45), start + TimeDelta::hours(23)] {
            match calendar.table().day_of(at) {
                Some(number) => assert_eq!(number.date(), calendar.zone().local_date(at), "{zone_name} {at}"),
                None => unanswered += 1,
            }
        }
    }
    unanswered
}

#[test]
fn the_arrays_agree_with_the_zone_on_every_day_from_1970_to_2100() {
    for zone_name in ZONES {
        let unanswered = days_without_an_answer(zone_name);
        assert!(unanswered < 100, "{zone_name}: {unanswered} instants of days that begin twice");
    }
}

#[test]
fn a_day_that_begins_twice_is_left_to_the_zone() {
    let calendar = weekdays_in("America/St_Johns");
    // At 00:01 the clocks were set back to 23:01 of the day before.
    assert_eq!(calendar.table().day_of(instant("2010-11-07T02:30:30Z")), None);
    assert_eq!(calendar.table().day_of(instant("2010-11-07T02:29:30Z")).map(DayNumber::date), Some(date("2010-11-06")));
    assert_eq!(calendar.table().day_of(instant("2010-11-08T12:00:00Z")).map(DayNumber::date), Some(date("2010-11-08")));
}

#[test]
fn a_time_of_day_is_given_only_between_days_without_a_change() {
    let calendar = weekdays_in("Europe/Paris");
    let on = |at, day| calendar.table().same_time_on(instant(at), DayNumber::of(date(day)).expect("a day"));
    assert_eq!(on("2026-03-27T09:00:00.5Z", "2026-03-30"), Some(instant("2026-03-30T08:00:00.5Z")));
    assert_eq!(on("2026-03-27T09:00:00Z", "2026-03-29"), None);
    assert_eq!(on("2026-03-29T09:00:00Z", "2026-03-30"), None);
}

#[test]
fn days_outside_the_arrays_have_no_number() {
    assert_eq!(DayNumber::of(date("1969-12-31")), None);
    assert_eq!(DayNumber::of(date("2101-01-01")), None);
    assert_eq!(DayNumber::of(date("2100-12-31")).map(DayNumber::date), Some(date("2100-12-31")));
    let calendar = weekdays_in("UTC");
    assert_eq!(calendar.table().day_of(instant("1969-12-31T23:59:59Z")), None);
    assert_eq!(calendar.table().day_of(instant("2101-01-01T00:00:00Z")), None);
    let last = DayNumber::of(date("2100-12-31")).expect("the last day");
    assert_eq!(calendar.table().end(last), Some(instant("2101-01-01T00:00:00Z")));
    assert_eq!(
        (calendar.table().nth_business_day_after(last, 1), calendar.table().nth_day_after(last, 1)),
        (None, None)
    );
    assert_eq!(calendar.table().nth_business_day_after(last, u32::MAX), None);
    let samoa = weekdays_in("Pacific/Apia");
    assert_eq!(samoa.table().nth_day_after(last, 0), None, "where a day is skipped, days are counted by the zone");
    assert_eq!(zone("Pacific/Apia").skipped_days().len(), 1);
}

proptest! {
    #[test]
    fn the_arrays_count_business_days_as_the_walk_does((slow, at) in calendar_and_instant(), n in 0_u32..400) {
        let calendar = slow.calendar();
        let day = at.date_naive();
        let number = DayNumber::of(day).expect("an instant after 1970");
        let walked = calendar.nth_business_day_after(day, n);
        prop_assert_eq!(calendar.table().nth_business_day_after(number, n).map(DayNumber::date), walked);
        if let Some(number) = calendar.table().nth_day_after(number, n) {
            prop_assert_eq!(Some(number.date()), calendar.nth_day_after(day, n));
        }
        if let Some(found) = calendar.table().day_of(at) {
            prop_assert_eq!(found.date(), calendar.zone().local_date(at));
        }
    }
}
