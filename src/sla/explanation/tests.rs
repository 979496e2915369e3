use proptest::prelude::*;

use super::*;
use crate::calendar::testing::{calendar_and_instant, date, instant, weekdays_in};
use crate::calendar::{Days, Holiday, Origin};
use crate::sla::deadline::tests::any_target;

fn why(calendar: &Calendar, text: &str, start: &str) -> Explanation {
    explain(&text.parse().expect("a target"), calendar, instant(start)).expect("a deadline")
}

/// Each day as `03-07 skipped Saturday`.
fn days(why: &Explanation) -> Vec<String> {
    let kind = |day: &DayCount| match day.kind {
        DayKind::Start => "start",
        DayKind::Counted => "counted",
        DayKind::Skipped => "skipped",
    };
    let line = |day: &DayCount| {
        format!("{} {} {}", day.date.format("%m-%d"), kind(day), day.reason.as_deref().unwrap_or_default())
    };
    why.days.iter().map(|day| line(day).trim_end().to_owned()).collect()
}

fn paris() -> Calendar {
    weekdays_in("Europe/Paris")
}

#[test]
fn an_explanation_lists_the_start_and_each_day_counted_or_skipped() {
    let calendar = paris().with_holiday(date("2026-03-09"), "a Monday off");
    let why = why(&calendar, "2 business days", "2026-03-05T10:00:00+01:00");
    let expected =
        ["03-05 start", "03-06 counted", "03-07 skipped Saturday", "03-08 skipped Sunday"].map(str::to_owned);
    assert_eq!(days(&why)[..4], expected);
    assert_eq!(days(&why)[4..], ["03-09 skipped holiday: a Monday off", "03-10 counted"]);
    assert_eq!(why.due_at, instant("2026-03-11T00:00:00+01:00"));
    assert!(why.notes.is_empty());
}

#[test]
fn an_explanation_is_stored_as_compact_json_that_reads_back() {
    let mut why = why(&paris(), "1 business day", "2026-03-06T10:00:00.5+01:00");
    why.zone_data = "2025b (system)".to_owned();
    let json = serde_json::to_string(&why).expect("JSON");
    assert_eq!(
        json,
        concat!(
            r#"{"calendar":"test","calendar_version":"cb9af43fbe92","time_zone":"Europe/Paris","zone_data":"2025b (system)","target":"1 business day","#,
            r#""start":"2026-03-06T09:00:00.500000Z","due_at":"2026-03-09T23:00:00Z","#,
            r#""days":[{"date":"2026-03-06","kind":"start"},{"date":"2026-03-07","kind":"skipped","reason":"Saturday"},"#,
            r#"{"date":"2026-03-08","kind":"skipped","reason":"Sunday"},{"date":"2026-03-09","kind":"counted"}]}"#
        )
    );
    assert_eq!(serde_json::from_str::<Explanation>(&json).expect("an explanation"), why);
}

fn days_of_a_country(coverage: &str) -> Days {
    let (from, until) = coverage.split_once(" to ").expect("two days");
    Days {
        holidays: vec![Holiday { date: date("2026-03-20"), name: "Eid al-Fitr".into(), estimated: true }],
        coverage: Some(date(from)..=date(until)),
        ..Days::none(Origin::Country("XX".into()))
    }
}

#[test]
fn a_skipped_holiday_whose_date_may_still_move_is_marked() {
    let calendar = paris().with_days(days_of_a_country("2010-01-01 to 2040-12-31"));
    let why = why(&calendar, "2 business days", "2026-03-18T10:00:00+01:00");
    assert_eq!(days(&why)[2], "03-20 skipped holiday: Eid al-Fitr");
    let estimated: Vec<bool> = why.days.iter().map(|day| day.estimated).collect();
    assert_eq!(estimated, [false, false, true, false, false, false]);
    assert_eq!((why.beyond_calendar, why.notes), (None, vec![]));
}

#[test]
fn a_deadline_beyond_what_the_calendar_knows_is_given_and_marked() {
    let calendar = paris().with_days(days_of_a_country("2010-01-01 to 2026-03-20"));
    let inside = why(&calendar, "1 business day", "2026-03-18T10:00:00+01:00");
    assert_eq!(inside.beyond_calendar, None);
    let beyond = why(&calendar, "2 business days", "2026-03-18T10:00:00+01:00");
    assert_eq!(beyond.due_at, instant("2026-03-24T00:00:00+01:00"));
    assert_eq!(
        beyond.beyond_calendar,
        Some(Beyond { source: "XX".into(), known_from: date("2010-01-01"), known_until: date("2026-03-20") })
    );
    assert_eq!(beyond.notes, ["the calendar does not know all of these days: XX goes from 2010-01-01 to 2026-03-20"]);
    let json = serde_json::to_string(&beyond).expect("JSON");
    assert_eq!(serde_json::from_str::<Explanation>(&json).expect("an explanation"), beyond);
}

#[test]
fn a_start_on_a_day_off_says_why_it_is_one() {
    let why = why(&paris(), "1 business day", "2026-03-07T10:00:00+01:00");
    assert_eq!(days(&why), ["03-07 start Saturday", "03-08 skipped Sunday", "03-09 counted"]);
    assert!(why.notes.is_empty());
}

#[test]
fn an_elapsed_start_on_a_day_off_says_where_the_count_begins() {
    let why = why(&paris(), "1 business day elapsed", "2026-03-07T10:00:00+01:00");
    let begins = format!("03-09 skipped {COUNT_BEGINS}");
    assert_eq!(days(&why), ["03-07 start Saturday", "03-08 skipped Sunday", &begins, "03-10 counted"]);
    assert_eq!(
        why.notes,
        [
            "the start on 2026-03-07 is no business day (Saturday): business days are counted from the start of 2026-03-09"
        ]
    );
    assert_eq!(why.due_at, instant("2026-03-10T00:00:00+01:00"));
}

#[test]
fn a_moved_deadline_says_from_which_day() {
    let why = why(&paris(), "2 days roll", "2026-03-05T10:00:00+01:00");
    let expected = ["03-05 start", "03-06 counted", "03-07 skipped Saturday", "03-08 skipped Sunday", "03-09 counted"];
    assert_eq!(days(&why), expected);
    assert_eq!(
        why.notes,
        ["the last day, 2026-03-07, is no business day (Saturday): the deadline is moved to the next one, 2026-03-09"]
    );
}

#[test]
fn a_day_that_the_zone_skipped_is_listed_with_that_reason() {
    let why = why(&weekdays_in("Pacific/Apia"), "1 day", "2011-12-29T10:00:00-10:00");
    let skipped = "12-30 skipped this local day does not exist: the zone skipped it";
    assert_eq!(days(&why), ["12-29 start", skipped, "12-31 counted"]);
}

#[test]
fn a_deadline_in_a_gap_says_that_its_local_time_does_not_exist() {
    let elapsed = why(&paris(), "1 day elapsed", "2026-03-28T02:30:00+01:00");
    assert_eq!(
        elapsed.notes,
        [
            "2026-03-29 02:30:00 does not exist in Europe/Paris, where the clocks went forward: the deadline is the first \
          instant after it, 2026-03-29 03:00:00"
        ]
    );
    let midnight = why(&weekdays_in("Africa/Cairo"), "1 day", "2025-04-23T10:00:00+02:00");
    assert!(midnight.notes[0].starts_with("2025-04-25 00:00:00 does not exist in Africa/Cairo"), "{midnight:?}");
}

#[test]
fn a_deadline_at_a_local_time_that_occurs_twice_says_that_it_is_the_first() {
    let first = "occurs twice in America/Havana, where the clocks went back: the deadline is the first time";
    let havana = why(&weekdays_in("America/Havana"), "1 day", "2025-10-31T10:00:00-04:00");
    assert_eq!(havana.notes, [format!("2025-11-02 00:00:00 {first}")]);
    let havana = why(&weekdays_in("America/Havana"), "1 day elapsed", "2025-11-01T00:59:59-04:00");
    assert_eq!(havana.notes, [format!("2025-11-02 00:59:59 {first}")]);
    let havana = why(&weekdays_in("America/Havana"), "1 day elapsed", "2025-11-01T01:00:00-04:00");
    assert!(havana.notes.is_empty(), "{havana:?}");
}

proptest! {
    #[test]
    fn an_explanation_lists_each_day_once_and_counts_as_many_as_the_target_has(
        (facts, start) in calendar_and_instant(),
        target in any_target(),
    ) {
        let calendar = facts.calendar();
        let why = explain(&target, &calendar, start).expect("a deadline");
        prop_assert_eq!(why.days[0].date, calendar.zone().local_date(start));
        prop_assert!(why.days.windows(2).all(|pair| pair[0].date.succ_opt() == Some(pair[1].date)));
        let of_kind = |kind| why.days.iter().filter(move |day| day.kind == kind);
        prop_assert_eq!(of_kind(DayKind::Start).count(), 1);
        prop_assert_eq!(of_kind(DayKind::Counted).count(), target.span.count as usize);
        prop_assert!(of_kind(DayKind::Skipped).all(|day| day.reason.is_some()));
        prop_assert_eq!(why.days.last().map(|day| day.kind), Some(DayKind::Counted));
    }
}
