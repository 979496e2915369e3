use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::calendar::testing::{calendar_and_instant, date, instant, weekdays_in};
use crate::sla::deadline::tests::{any_span, any_target};
use crate::sla::{at_risk_at, due_at};

fn cutoff_on(calendar: &Calendar, text: &str, warn: Option<&str>, now: &str) -> String {
    let target = text.parse().expect("a target");
    let warn = warn.map(|text| text.parse().expect("a span"));
    calendar.zone().local(cutoff(&target, warn, calendar, instant(now))).to_string()
}

#[test]
fn a_cutoff_is_the_start_of_the_first_day_whose_starts_are_not_late() {
    let paris = weekdays_in("Europe/Paris");
    let at = |now| cutoff_on(&paris, "2 business days", None, now);
    // Thursday: what was submitted up to Monday is late.
    assert_eq!(at("2026-03-05T00:00:00+01:00"), "2026-03-03 00:00:00");
    assert_eq!(at("2026-03-05T23:59:59+01:00"), "2026-03-03 00:00:00");
    assert_eq!(at("2026-03-04T23:59:59.999+01:00"), "2026-03-02 00:00:00");
    // Wednesday the 11th: what was submitted on the weekend is late too, but Monday is not.
    assert_eq!(at("2026-03-11T00:00:00+01:00"), "2026-03-09 00:00:00");
}

#[test]
fn a_cutoff_for_warnings_lies_as_much_later() {
    let paris = weekdays_in("Europe/Paris");
    let at = |warn, now| cutoff_on(&paris, "2 business days", Some(warn), now);
    assert_eq!(at("1 business day", "2026-03-05T00:00:00+01:00"), "2026-03-04 00:00:00");
    // A warning as long as the target, or longer: whatever has started is at risk.
    assert_eq!(at("5 business days", "2026-03-05T10:00:00.5+01:00"), "2026-03-05 10:00:01");
}

#[test]
fn under_elapsed_a_cutoff_is_a_second_of_a_day() {
    let paris = weekdays_in("Europe/Paris");
    let at = |text, now| cutoff_on(&paris, text, None, now);
    assert_eq!(at("2 business days elapsed", "2026-03-04T10:00:00+01:00"), "2026-03-02 10:00:01");
    assert_eq!(at("2 business days elapsed", "2026-03-04T10:00:00.9+01:00"), "2026-03-02 10:00:01");
    // The gap's own starts are all due at its end.
    assert_eq!(at("1 day elapsed", "2026-03-29T03:00:00+02:00"), "2026-03-28 03:00:01");
    assert_eq!(at("1 day elapsed", "2026-03-29T01:59:59+01:00"), "2026-03-28 02:00:00");
    // In the hour that occurs twice, the first time is the deadline of the whole hour.
    assert_eq!(at("1 day elapsed", "2026-10-25T02:10:00+01:00"), "2026-10-24 03:00:00");
}

#[test]
fn a_cutoff_at_st_johns_is_late_enough_for_the_day_that_came_back() {
    let calendar = weekdays_in("America/St_Johns");
    let now = instant("2010-11-08T00:00:00-03:30");
    let target = "1 day".parse().expect("a target");
    let cutoff = cutoff(&target, None, &calendar, now);
    let last_of_saturday = instant("2010-11-06T23:59:59-03:30");
    assert!(due_at(&target, &calendar, last_of_saturday).is_ok_and(|due| due <= now));
    assert_eq!(cutoff, last_of_saturday + TimeDelta::seconds(1));
    assert!(calendar.zone().start_of_day(date("2010-11-07")).is_some_and(|start| start < cutoff));
}

#[test]
fn the_ends_of_time_have_a_cutoff() {
    let calendar = weekdays_in("Pacific/Apia");
    for text in ["1 day", "10000 business days", "10000 days elapsed roll", "1 business day elapsed"] {
        let target = text.parse().expect("a target");
        for warn in [None, Some("10000 days".parse().expect("a span"))] {
            let first = cutoff(&target, warn, &calendar, DateTime::<Utc>::MIN_UTC);
            assert_eq!(first, instant("0001-01-01T00:00:00Z"));
            let early = cutoff(&target, warn, &calendar, instant("0001-01-03T00:00:00Z"));
            assert!(early <= instant("0001-01-03T00:00:01Z"));
            for now in [instant("9999-12-31T23:59:59Z"), DateTime::<Utc>::MAX_UTC] {
                let last = cutoff(&target, warn, &calendar, now);
                assert!(last > instant("9930-01-01T00:00:00Z") && last <= instant("9999-12-31T12:00:00Z"), "{last}");
            }
        }
    }
}

#[test]
fn a_calendar_of_few_working_days_has_a_cutoff() {
    let week = (0..7_u8).map(|day| chrono::Weekday::try_from(day).expect("a weekday"));
    let calendar = weekdays_in("UTC").with_weekend(week).with_working_day(date("2026-03-04"));
    assert_eq!(cutoff_on(&calendar, "1 business day", None, "2026-03-05T00:00:00Z"), "2026-03-04 00:00:00");
    assert_eq!(cutoff_on(&calendar, "1 business day", None, "2026-03-04T23:59:59Z"), "0001-01-01 00:00:00");
    assert_eq!(cutoff_on(&calendar, "2 business days", None, "2026-03-05T00:00:00Z"), "0001-01-01 00:00:00");
}

proptest! {
    #[test]
    fn whatever_is_late_started_before_the_cutoff(
        (facts, start) in calendar_and_instant(),
        target in any_target(),
        warn in prop::option::of(any_span(8)),
        away in prop_oneof![Just(0_i64), 0_i64..120, 0_i64..100_000],
    ) {
        let calendar = facts.calendar();
        let when = |start| match warn {
            Some(warn) => at_risk_at(&target, warn, &calendar, start),
            None => due_at(&target, &calendar, start),
        };
        let now = when(start).expect("a deadline") + TimeDelta::seconds(away);
        let cutoff = cutoff(&target, warn, &calendar, now);
        prop_assert!(start < cutoff, "{} from {}, now {}, cutoff {}", target, start, now, cutoff);
        prop_assert_eq!(cutoff.timestamp_subsec_nanos(), 0);
        // Starts around the cutoff, closely where clocks change and farther off.
        for seconds in (0..120).map(|step| step * 61).chain((0..72).map(|step| step * 3_600)) {
            let start = cutoff + TimeDelta::seconds(seconds);
            prop_assert!(when(start).expect("a deadline") > now, "{} from {}, now {}", target, start, now);
        }
        // And it is no wider than it needs to be: what started in the second before it is late. (Late local times that
        // lie in a gap may make it the end of that gap; a warning before the start makes it the second after now.)
        let last = cutoff - TimeDelta::seconds(1);
        let ends_a_gap = calendar.zone().next_transition(last).is_some_and(|change| change.at == cutoff);
        prop_assert!(
            when(last).expect("a deadline") <= now || ends_a_gap || cutoff > now,
            "{} from {}, now {}", target, last, now
        );
    }
}
