use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::calendar::testing::{Slow, calendar_and_instant, date, instant, weekdays_in};
use crate::sla::explain;

fn target(text: &str) -> Target {
    text.parse().expect("a target")
}

fn span(text: &str) -> Span {
    text.parse().expect("a span")
}

/// The deadline, on the wall of the calendar's zone.
fn due_on(calendar: &Calendar, text: &str, start: &str) -> String {
    let due = due_at(&target(text), calendar, instant(start)).expect("a deadline");
    assert_eq!(explain(&target(text), calendar, instant(start)).map(|why| why.due_at), Ok(due));
    calendar.zone().local(due).to_string()
}

fn paris() -> Calendar {
    weekdays_in("Europe/Paris")
}

// The days of March 2026: Monday 2, Saturday 7, Monday 9.

#[test]
fn a_review_submitted_on_monday_at_ten_is_due_at_the_end_of_wednesday() {
    assert_eq!(due_on(&paris(), "2 business days", "2026-03-02T10:00:00+01:00"), "2026-03-05 00:00:00");
}

#[test]
fn a_review_submitted_on_saturday_is_due_at_the_end_of_tuesday() {
    assert_eq!(due_on(&paris(), "2 business days", "2026-03-07T10:00:00+01:00"), "2026-03-11 00:00:00");
    assert_eq!(due_on(&paris(), "2 business days", "2026-03-08T10:00:00+01:00"), "2026-03-11 00:00:00");
}

#[test]
fn the_first_and_the_last_second_of_monday_are_due_at_the_same_instant() {
    for start in ["2026-03-02T00:00:00+01:00", "2026-03-02T23:59:59+01:00", "2026-03-02T23:59:59.999999+01:00"] {
        assert_eq!(due_on(&paris(), "2 business days", start), "2026-03-05 00:00:00", "{start}");
    }
    assert_eq!(due_on(&paris(), "2 business days", "2026-03-03T00:00:00+01:00"), "2026-03-06 00:00:00");
}

#[test]
fn the_day_of_the_start_is_that_of_the_calendars_zone() {
    // 23:30 on Monday in London is Tuesday in Paris.
    let start = "2026-03-02T23:30:00Z";
    assert_eq!(due_on(&weekdays_in("Europe/London"), "2 business days", start), "2026-03-05 00:00:00");
    assert_eq!(due_on(&paris(), "2 business days", start), "2026-03-06 00:00:00");
}

#[test]
fn the_default_rules_count_two_five_and_forty_five_business_days_and_thirty_days() {
    let start = "2026-03-02T10:00:00+01:00";
    assert_eq!(due_on(&paris(), "2 business days", start), "2026-03-05 00:00:00");
    assert_eq!(due_on(&paris(), "5 business days", start), "2026-03-10 00:00:00");
    assert_eq!(due_on(&paris(), "45 business days", start), "2026-05-05 00:00:00");
    assert_eq!(due_on(&paris(), "30 days", start), "2026-04-02 00:00:00");
}

#[test]
fn a_target_in_days_counts_every_day_and_is_not_moved_unless_asked() {
    let friday = "2026-03-06T10:00:00+01:00";
    assert_eq!(due_on(&paris(), "1 day", friday), "2026-03-08 00:00:00");
    assert_eq!(due_on(&paris(), "1 day roll", friday), "2026-03-10 00:00:00");
    assert_eq!(due_on(&paris(), "1 day elapsed", friday), "2026-03-07 10:00:00");
    assert_eq!(due_on(&paris(), "1 day elapsed roll", friday), "2026-03-09 10:00:00");
    assert_eq!(due_on(&paris(), "3 days roll", friday), "2026-03-10 00:00:00");
}

#[test]
fn elapsed_is_due_at_the_same_time_of_day_on_the_last_business_day() {
    assert_eq!(due_on(&paris(), "2 business days elapsed", "2026-03-02T10:00:00+01:00"), "2026-03-04 10:00:00");
    assert_eq!(due_on(&paris(), "2 business days elapsed", "2026-03-05T10:00:00+01:00"), "2026-03-09 10:00:00");
    let precise = due_on(&paris(), "1 business day elapsed", "2026-03-02T10:00:00.123456+01:00");
    assert_eq!(precise, "2026-03-03 10:00:00.123456");
}

#[test]
fn elapsed_from_a_day_off_counts_from_the_start_of_the_next_business_day() {
    for start in ["2026-03-07T00:00:00+01:00", "2026-03-07T10:00:00+01:00", "2026-03-08T23:59:59+01:00"] {
        assert_eq!(due_on(&paris(), "2 business days elapsed", start), "2026-03-11 00:00:00", "{start}");
    }
    assert_eq!(due_on(&paris(), "2 business days elapsed", "2026-03-09T00:00:00+01:00"), "2026-03-11 00:00:00");
}

#[test]
fn elapsed_from_a_day_off_ends_when_the_last_day_begins_whatever_hour_that_is() {
    // Friday 2025-04-25 began at 01:00 in Cairo; the weekend is Friday and Saturday there.
    let cairo = weekdays_in("Africa/Cairo");
    let wednesday_off = cairo.clone().with_holiday(date("2025-04-23"), "a holiday");
    assert_eq!(due_on(&wednesday_off, "1 business day elapsed", "2025-04-23T09:00:00+02:00"), "2025-04-25 01:00:00");
    // And counting from a day that begins at 01:00 does not make a deadline of 01:00.
    let thursday_off = cairo.with_holiday(date("2025-04-24"), "a holiday");
    assert_eq!(due_on(&thursday_off, "1 business day elapsed", "2025-04-24T09:00:00+02:00"), "2025-04-28 00:00:00");
}

#[test]
fn a_weekend_may_be_friday_and_saturday() {
    let calendar = weekdays_in("Asia/Jerusalem").with_weekend([chrono::Weekday::Fri, chrono::Weekday::Sat]);
    assert_eq!(due_on(&calendar, "2 business days", "2026-03-04T10:00:00+02:00"), "2026-03-09 00:00:00");
    assert_eq!(due_on(&calendar, "2 business days", "2026-03-06T10:00:00+02:00"), "2026-03-10 00:00:00");
}

#[test]
fn a_holiday_is_not_counted_and_a_worked_saturday_is() {
    let calendar = paris().with_holiday(date("2026-03-03"), "a Tuesday off").with_working_day(date("2026-03-07"));
    assert_eq!(due_on(&calendar, "2 business days", "2026-03-02T10:00:00+01:00"), "2026-03-06 00:00:00");
    assert_eq!(due_on(&calendar, "2 business days", "2026-03-05T10:00:00+01:00"), "2026-03-08 00:00:00");
    assert_eq!(due_on(&calendar, "1 business day elapsed", "2026-03-07T10:00:00+01:00"), "2026-03-09 10:00:00");
}

#[test]
fn a_deadline_at_a_midnight_that_does_not_exist_is_the_end_of_the_gap() {
    let due = |name, start: &str| due_on(&weekdays_in(name), "1 day", start);
    assert_eq!(due("America/Sao_Paulo", "2018-11-02T10:00:00-03:00"), "2018-11-04 01:00:00");
    assert_eq!(due("Asia/Beirut", "2023-03-24T10:00:00+02:00"), "2023-03-26 01:00:00");
    assert_eq!(due("Africa/Cairo", "2025-04-23T10:00:00+02:00"), "2025-04-25 01:00:00");
    assert_eq!(due("America/Toronto", "1919-03-29T10:00:00-05:00"), "1919-03-31 00:30:00");
}

#[test]
fn elapsed_in_a_gap_is_due_at_its_end() {
    assert_eq!(due_on(&paris(), "1 day elapsed", "2026-03-28T02:30:00+01:00"), "2026-03-29 03:00:00");
    assert_eq!(due_on(&paris(), "1 day elapsed roll", "2026-03-28T02:30:00+01:00"), "2026-03-30 02:30:00");
}

#[test]
fn a_deadline_at_a_local_time_that_occurs_twice_is_the_first() {
    let due = |name, text, start| due_at(&target(text), &weekdays_in(name), instant(start)).expect("a deadline");
    let havana = due("America/Havana", "1 day", "2025-10-31T10:00:00-04:00");
    assert_eq!(havana, instant("2025-11-02T00:00:00-04:00"));
    let cairo = due("Africa/Cairo", "1 day elapsed", "2025-10-29T23:30:00+03:00");
    assert_eq!(cairo, instant("2025-10-30T23:30:00+03:00"));
    let cairo = due("Africa/Cairo", "1 day", "2025-10-29T23:30:00+03:00");
    assert_eq!(cairo, instant("2025-10-31T00:00:00+02:00"));
}

#[test]
fn at_st_johns_in_2010_an_earlier_start_had_a_later_deadline() {
    let calendar = weekdays_in("America/St_Johns");
    // Sunday had begun when the clocks went back to Saturday 23:01.
    assert_eq!(due_on(&calendar, "1 day", "2010-11-07T00:00:30-02:30"), "2010-11-09 00:00:00");
    assert_eq!(due_on(&calendar, "1 day", "2010-11-06T23:30:00-03:30"), "2010-11-08 00:00:00");
}

#[test]
fn a_day_that_the_zone_skipped_counts_for_nothing() {
    let apia = weekdays_in("Pacific/Apia");
    assert_eq!(due_on(&apia, "1 business day", "2011-12-29T10:00:00-10:00"), "2012-01-03 00:00:00");
    assert_eq!(due_on(&apia, "1 day", "2011-12-29T10:00:00-10:00"), "2012-01-01 00:00:00");
    assert_eq!(due_on(&apia, "1 day elapsed", "2011-12-29T10:00:00-10:00"), "2011-12-31 10:00:00");
    assert_eq!(due_on(&apia, "1 day", "2011-12-28T10:00:00-10:00"), "2011-12-31 00:00:00");
}

#[test]
fn a_deadline_beyond_the_years_that_are_served_is_refused() {
    let start = instant("9999-12-29T10:00:00Z");
    let utc = weekdays_in("UTC");
    assert!(due_at(&target("1 day"), &utc, start).is_ok());
    let error = due_at(&target("2 days"), &utc, start).expect_err("no deadline");
    assert_eq!(error.to_string(), "a start at 9999-12-29 10:00:00 UTC has no deadline in the years 1 to 9999");
    for start in [DateTime::<Utc>::MIN_UTC, start, DateTime::<Utc>::MAX_UTC] {
        for text in ["10000 days", "10000 business days elapsed", "2 days roll"] {
            assert!(due_at(&target(text), &utc, start).is_err(), "{text} {start}");
            assert!(at_risk_at(&target(text), span("1 day"), &utc, start).is_err(), "{text} {start}");
            assert!(explain(&target(text), &utc, start).is_err(), "{text} {start}");
        }
        let _ = (later(&utc, start, span("10000 days")), business_days_between(&utc, DateTime::<Utc>::MIN_UTC, start));
    }
}

fn risk_on(calendar: &Calendar, text: &str, warn: &str, start: &str) -> String {
    let risk = at_risk_at(&target(text), span(warn), calendar, instant(start)).expect("a deadline");
    calendar.zone().local(risk).to_string()
}

#[test]
fn a_warning_of_one_business_day_before_two_is_the_deadline_of_one() {
    for day in 2..=8 {
        let start = format!("2026-03-{day:02}T10:00:00+01:00");
        let one = due_on(&paris(), "1 business day", &start);
        assert_eq!(risk_on(&paris(), "2 business days", "1 business day", &start), one, "{start}");
        let one = due_on(&paris(), "1 business day elapsed", &start);
        assert_eq!(risk_on(&paris(), "2 business days elapsed", "1 business day", &start), one, "{start}");
    }
}

#[test]
fn a_warning_leaves_so_many_business_days() {
    // The deadline is the end of Sunday the 8th: Friday is left.
    assert_eq!(risk_on(&paris(), "6 days", "1 business day", "2026-03-02T10:00:00+01:00"), "2026-03-06 00:00:00");
    assert_eq!(risk_on(&paris(), "6 days", "1 day", "2026-03-02T10:00:00+01:00"), "2026-03-08 00:00:00");
    assert_eq!(risk_on(&paris(), "6 days roll", "1 business day", "2026-03-02T10:00:00+01:00"), "2026-03-07 00:00:00");
}

#[test]
fn a_clock_is_not_at_risk_before_it_starts() {
    let start = "2026-03-02T10:00:00+01:00";
    assert_eq!(risk_on(&paris(), "2 business days", "5 business days", start), "2026-03-02 10:00:00");
    assert_eq!(risk_on(&paris(), "2 business days", "2 business days", start), "2026-03-03 00:00:00");
    let first = at_risk_at(&target("2 days"), span("10000 days"), &paris(), instant("0001-01-05T00:00:00Z"));
    assert_eq!(first, Ok(instant("0001-01-05T00:00:00Z")));
}

fn later_on(from: &str, text: &str) -> String {
    let at = later(&paris(), instant(from), span(text)).expect("an instant");
    paris().zone().local(at).to_string()
}

#[test]
fn two_business_days_after_the_end_of_wednesday_is_the_end_of_friday() {
    assert_eq!(later_on("2026-03-05T00:00:00+01:00", "2 business days"), "2026-03-07 00:00:00");
    assert_eq!(later_on("2026-03-05T00:00:00+01:00", "2 days"), "2026-03-07 00:00:00");
}

#[test]
fn one_business_day_after_the_end_of_friday_is_the_end_of_monday() {
    for end in ["2026-03-07T00:00:00+01:00", "2026-03-08T00:00:00+01:00", "2026-03-09T00:00:00+01:00"] {
        assert_eq!(later_on(end, "1 business day"), "2026-03-10 00:00:00", "{end}");
    }
}

#[test]
fn later_within_a_day_is_at_the_same_time_of_day() {
    assert_eq!(later_on("2026-03-05T10:00:00+01:00", "2 business days"), "2026-03-09 10:00:00");
    assert_eq!(later_on("2026-03-07T10:00:00+01:00", "1 business day"), "2026-03-10 00:00:00");
    assert_eq!(later_on("2026-03-07T10:00:00+01:00", "1 day"), "2026-03-08 10:00:00");
}

#[test]
fn business_days_late_are_those_that_have_passed_whole() {
    let late = |to| business_days_between(&paris(), instant("2026-03-05T00:00:00+01:00"), instant(to));
    assert_eq!(late("2026-03-04T12:00:00+01:00"), 0);
    assert_eq!(late("2026-03-05T23:59:59+01:00"), 0);
    assert_eq!(late("2026-03-06T00:00:00+01:00"), 1);
    assert_eq!(late("2026-03-09T12:00:00+01:00"), 2);
    assert_eq!(late("2026-03-10T00:00:00+01:00"), 3);
    assert_eq!(late("2036-03-05T00:00:00+01:00"), 2_609);
    assert_eq!(business_days_between(&paris(), instant("2026-03-05T10:00:00Z"), instant("2026-03-09T10:00:00Z")), 1);
}

#[test]
fn every_date_from_2000_to_2037_is_due_at_the_end_of_the_second_weekday_after_it() {
    for name in ["Europe/Paris", "America/St_Johns", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia"] {
        let calendar = weekdays_in(name);
        let shown = crate::calendar::testing::days_shown(
            name,
            instant("1999-12-30T00:00:00Z"),
            instant("2038-02-01T00:00:00Z"),
        );
        let days: Vec<_> = shown.into_iter().collect();
        let last = days.partition_point(|(day, _)| *day < date("2038-01-01"));
        for (at, (day, start)) in days[..last].iter().enumerate() {
            let is_worked = |(day, _): &(NaiveDate, DateTime<Utc>)| chrono::Datelike::weekday(day) as u8 <= 4;
            let second = (at + 1..).filter(|next| is_worked(&days[*next])).nth(1).expect("a second weekday");
            let due = due_at(&Target::end_of_day(span("2 business days")), &calendar, *start);
            assert_eq!(due, Ok(days[second + 1].1), "{name} {day}");
        }
    }
}

/// The definition, in words: count the days one by one, then look when a clock shows the deadline's local time.
fn slow_due(target: &Target, facts: &Slow, start: DateTime<Utc>) -> DateTime<Utc> {
    let is_counted = |day: NaiveDate| match target.span.unit {
        Unit::BusinessDays => facts.is_business_day(day),
        Unit::Days => facts.exists(day),
    };
    let next = |day: NaiveDate, wanted: &dyn Fn(NaiveDate) -> bool| {
        day.iter_days().skip(1).find(|day| wanted(*day)).expect("a day")
    };
    let local = facts.local(start);
    let off = !facts.is_business_day(local.date());
    let moves = off && target.counting == Counting::Elapsed && target.span.unit == Unit::BusinessDays;
    let mut day = if moves { next(local.date(), &is_counted) } else { local.date() };
    for _ in 0..target.span.count {
        day = next(day, &is_counted);
    }
    if target.roll == Roll::NextBusinessDay && !facts.is_business_day(day) {
        day = next(day, &|day| facts.is_business_day(day));
    }
    match target.counting {
        Counting::EndOfDay => facts.start_of_day(day.succ_opt().expect("a day after")),
        Counting::Elapsed if moves => facts.start_of_day(day),
        Counting::Elapsed => facts.instant_of(day.and_time(local.time())),
    }
}

pub(in crate::sla) fn any_span(longest: u32) -> impl Strategy<Value = Span> {
    let units = prop::sample::select(&[Unit::Days, Unit::BusinessDays][..]);
    (1..=longest, units).prop_map(|(count, unit)| Span { count, unit })
}

pub(in crate::sla) fn any_target() -> impl Strategy<Value = Target> {
    let countings = prop::sample::select(&[Counting::EndOfDay, Counting::Elapsed][..]);
    let rolls = prop::sample::select(&[Roll::None, Roll::NextBusinessDay][..]);
    (prop_oneof![any_span(4), any_span(50)], countings, rolls).prop_map(|(span, counting, roll)| Target {
        span,
        counting,
        roll,
    })
}

proptest! {
    #[test]
    fn a_deadline_is_what_counting_day_by_day_would_find(
        (facts, start) in calendar_and_instant(),
        target in any_target(),
    ) {
        let calendar = facts.calendar();
        let due = due_at(&target, &calendar, start).expect("a deadline");
        prop_assert_eq!(due, slow_due(&target, &facts, start), "{} from {}", target, start);
        let why = explain(&target, &calendar, start).expect("a deadline");
        prop_assert_eq!(why.due_at, due);
        let walked = due_of_local(&target, &calendar, calendar.zone().local(start));
        prop_assert_eq!(walked, Some(due), "what the arrays say and what the walk says");
    }

    #[test]
    fn a_clock_stops_on_the_business_day_that_counting_day_by_day_finds(
        (facts, start) in calendar_and_instant(),
        seconds in 0_i64..4_000_000,
    ) {
        let (calendar, stop) = (facts.calendar(), start + TimeDelta::seconds(seconds));
        let (first, last) = (calendar.zone().local_date(start), calendar.zone().local_date(stop));
        let days = first.iter_days().skip(1).take_while(|day| *day <= last);
        let slow = days.filter(|day| calendar.is_business_day(*day)).count();
        prop_assert_eq!(business_day_of(&calendar, start, stop) as usize, slow);
    }

    #[test]
    fn a_clock_that_is_met_stopped_on_the_last_of_its_business_days_or_before(
        (facts, start) in calendar_and_instant(),
        count in 1_u32..40,
        seconds in 0_i64..4_000_000,
    ) {
        let (calendar, stop) = (facts.calendar(), start + TimeDelta::seconds(seconds));
        let target = Target::end_of_day(Span { count, unit: Unit::BusinessDays });
        if stop < due_at(&target, &calendar, start).expect("a deadline") {
            prop_assert!(business_day_of(&calendar, start, stop) <= count);
        }
    }

    #[test]
    fn a_warning_leaves_what_it_says_and_is_never_before_the_start(
        (facts, start) in calendar_and_instant(),
        target in any_target(),
        warn in any_span(10),
    ) {
        let calendar = facts.calendar();
        let (due, risk) = (due_at(&target, &calendar, start), at_risk_at(&target, warn, &calendar, start));
        let (due, risk) = (due.expect("a deadline"), risk.expect("a deadline"));
        prop_assert!(start <= risk && risk <= due);
        if target.counting == Counting::EndOfDay && risk > start {
            let left = match warn.unit {
                Unit::BusinessDays => business_days_between(&calendar, risk, due),
                Unit::Days => {
                    let (first, last) = (calendar.zone().local_date(risk), calendar.zone().local_date(due));
                    let days = first.iter_days().take_while(|day| *day < last);
                    u32::try_from(days.filter(|day| !calendar.zone().skips_day(*day)).count()).expect("few days")
                }
            };
            prop_assert_eq!(left, warn.count, "{} to {}", risk, due);
        }
    }

    #[test]
    fn so_many_business_days_after_a_deadline_as_many_have_passed(
        (facts, start) in calendar_and_instant(),
        count in 1_u32..30,
    ) {
        let calendar = facts.calendar();
        let span = Span { count, unit: Unit::BusinessDays };
        let due = due_at(&Target::end_of_day(span), &calendar, start).expect("a deadline");
        let level = later(&calendar, due, span).expect("an instant");
        prop_assert_eq!(business_days_between(&calendar, due, level), count);
        prop_assert_eq!(business_days_between(&calendar, due, level - TimeDelta::nanoseconds(1)), count - 1);
    }

    #[test]
    fn business_days_between_two_instants_are_those_that_lie_within_them(
        (facts, from) in calendar_and_instant(),
        seconds in 0_i64..3_000_000,
    ) {
        let to = from + TimeDelta::seconds(seconds);
        let first = from.date_naive() - TimeDelta::days(2);
        let within = first.iter_days().take(41).filter(|day| {
            facts.is_business_day(*day)
                && facts.start_of_day(*day) >= from
                && facts.start_of_day(day.succ_opt().expect("a day after")) <= to
        });
        prop_assert_eq!(business_days_between(&facts.calendar(), from, to) as usize, within.count());
    }
}
