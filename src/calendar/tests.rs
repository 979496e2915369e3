use chrono::{TimeDelta, Weekday};
use proptest::prelude::*;

use super::testing::{calendar_and_instant, date, weekdays_in, zone};
use super::*;

fn reason(calendar: &Calendar, day: &str) -> String {
    match calendar.day(date(day)) {
        Day::Working => "worked".to_owned(),
        Day::Off(off) => off.to_string(),
    }
}

#[test]
fn saturdays_and_sundays_are_off_unless_said_otherwise() {
    let calendar = weekdays_in("Europe/Paris");
    assert_eq!(reason(&calendar, "2026-01-02"), "worked");
    assert_eq!(reason(&calendar, "2026-01-03"), "Saturday");
    assert_eq!(reason(&calendar, "2026-01-04"), "Sunday");
    assert_eq!(
        calendar.weekends().collect::<Vec<_>>(),
        [(FIRST_DAY, WeekdaySet::from_array([Weekday::Sat, Weekday::Sun]))]
    );
}

#[test]
fn a_weekend_is_any_set_of_week_days() {
    let calendar = weekdays_in("Asia/Jerusalem").with_weekend([Weekday::Fri, Weekday::Sat]);
    assert_eq!(reason(&calendar, "2026-01-02"), "Friday");
    assert_eq!(reason(&calendar, "2026-01-03"), "Saturday");
    assert_eq!(reason(&calendar, "2026-01-04"), "worked");
    let always = weekdays_in("UTC").with_weekend([]).build().expect("a calendar");
    assert_eq!(always.next_business_day(date("2026-01-02")), Some(date("2026-01-03")));
}

#[test]
fn a_holiday_is_off_by_its_name() {
    let calendar = weekdays_in("Europe/Paris")
        .with_holiday(date("2026-01-01"), "New Year's Day")
        .with_holiday(date("2026-01-01"), "another name")
        .with_holiday(date("2026-01-02"), "")
        .with_holiday(date("2026-01-03"), "on a Saturday");
    assert_eq!(reason(&calendar, "2026-01-01"), "holiday: New Year's Day");
    assert_eq!(reason(&calendar, "2026-01-02"), "holiday");
    assert_eq!(reason(&calendar, "2026-01-03"), "Saturday");
    assert_eq!(calendar.holidays().count(), 3);
}

#[test]
fn an_extra_working_day_overrides_the_weekend_and_a_holiday() {
    let calendar = weekdays_in("Asia/Shanghai")
        .with_holiday(date("2026-10-09"), "closed")
        .with_working_day(date("2026-10-09"))
        .with_working_day(date("2026-10-10"));
    assert_eq!(reason(&calendar, "2026-10-09"), "worked");
    assert_eq!(reason(&calendar, "2026-10-10"), "worked");
    assert_eq!(calendar.next_business_day(date("2026-10-09")), Some(date("2026-10-10")));
    let worked: Vec<NaiveDate> = calendar.working_days().map(|(day, _)| day).collect();
    assert_eq!(worked, [date("2026-10-09"), date("2026-10-10")]);
}

#[test]
fn a_day_that_the_zone_skips_is_neither_a_business_day_nor_a_calendar_day() {
    let calendar = weekdays_in("Pacific/Apia").with_working_day(date("2011-12-30"));
    assert_eq!(reason(&calendar, "2011-12-30"), "this local day does not exist: the zone skipped it");
    assert_eq!(calendar.next_business_day(date("2011-12-29")), Some(date("2012-01-02")));
    assert_eq!(calendar.nth_day_after(date("2011-12-29"), 1), Some(date("2011-12-31")));
    assert_eq!(calendar.nth_day_before(date("2011-12-31"), 1), Some(date("2011-12-29")));
    assert_eq!(calendar.business_days_in(date("2011-12-26")..=date("2012-01-02")), 5);
}

#[test]
fn a_calendar_with_no_working_day_at_all_is_refused() {
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let idle = || weekdays_in("Pacific/Apia").with_weekend(week);
    assert_eq!(idle().build(), Err(CalendarError::NoWorkingDay { calendar: "test".into() }));
    assert!(idle().with_working_day(date("2011-12-30")).build().is_err());

    let rare = idle().with_working_day(date("2011-12-29")).with_working_day(date("2013-05-06")).build();
    let rare = rare.expect("two working days");
    assert_eq!(rare.nth_business_day_after(date("2000-01-01"), 2), Some(date("2013-05-06")));
    assert_eq!(rare.next_business_day(date("2013-05-06")), None);
    assert_eq!(rare.previous_business_day(date("2013-05-06")), Some(date("2011-12-29")));
}

#[test]
fn a_walk_ends_with_the_years_that_are_served() {
    let calendar = weekdays_in("UTC");
    assert_eq!(calendar.nth_business_day_after(date("9999-12-29"), 2), Some(date("9999-12-31")));
    assert_eq!(calendar.nth_business_day_after(date("9999-12-29"), 3), None);
    assert_eq!(calendar.nth_business_day_after(FIRST_DAY, u32::MAX), None);
    assert_eq!(calendar.previous_business_day(FIRST_DAY), None);
    assert_eq!(calendar.nth_day_before(date("0001-01-03"), 2), Some(FIRST_DAY));
    assert_eq!(calendar.next_business_day(NaiveDate::MIN), None);
    assert_eq!(calendar.previous_business_day(NaiveDate::MAX), None);
    assert_eq!(calendar.nth_business_day_after(NaiveDate::MAX, 0), None);
    assert_eq!(calendar.nth_business_day_after(date("2026-01-03"), 0), Some(date("2026-01-03")));
}

#[test]
fn days_off_all_the_year_are_refused() {
    let every_day =
        |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).into_iter().flat_map(|day| day.iter_days().take(365));
    let holidays = every_day(2027).map(|date| Holiday { date, name: "off".into(), estimated: false }).collect();
    let file = Days { holidays, ..Days::none(Origin::File("off.ics".into())) };
    let error = weekdays_in("UTC").with_days(file.clone()).build().expect_err("no working day in 2027");
    assert_eq!(
        error.to_string(),
        "calendar \"test\": found days off on every day of 2027, expected any working day in it"
    );
    assert!(weekdays_in("UTC").with_days(file).with_working_day(date("2027-06-01")).build().is_ok());
}

#[test]
fn a_calendar_of_seven_working_days_counts_weeks_whole() {
    let calendar = weekdays_in("UTC").with_weekend([]);
    assert_eq!(calendar.business_days_in(FIRST_DAY..=LAST_DAY), 3_652_059);
    assert_eq!(calendar.business_days_in(LAST_DAY..=FIRST_DAY), 0);
}

fn country() -> Days {
    let weekend = |days: [Weekday; 2]| days.into_iter().collect::<WeekdaySet>();
    let holiday = |day, name: &str| Holiday { date: date(day), name: name.into(), estimated: true };
    Days {
        origin: Origin::Country("XX".into()),
        weekends: vec![
            (date("2010-01-01"), weekend([Weekday::Fri, Weekday::Sat])),
            (date("2022-01-01"), weekend([Weekday::Sat, Weekday::Sun])),
        ],
        holidays: vec![holiday("2026-03-20", "the country's"), holiday("2026-03-23", "estimated")],
        working_days: vec![date("2026-03-21"), date("2026-03-22")],
        coverage: Some(date("2010-01-01")..=date("2026-12-31")),
    }
}

#[test]
fn a_weekend_that_was_moved_serves_from_its_day_on() {
    let calendar = weekdays_in("Asia/Dubai").with_days(country()).build().expect("a calendar");
    assert_eq!(reason(&calendar, "2021-12-31"), "Friday");
    assert_eq!(reason(&calendar, "2022-01-01"), "Saturday");
    assert_eq!(reason(&calendar, "2022-01-02"), "Sunday");
    assert_eq!(reason(&calendar, "2022-01-07"), "worked");
    assert_eq!(calendar.business_days_in(date("2021-12-30")..=date("2022-01-07")), 6);
    assert_eq!(calendar.next_business_day(date("2021-12-30")), Some(date("2022-01-03")));
    let own = weekdays_in("Asia/Dubai").with_days(country()).with_weekend([Weekday::Sun]);
    assert_eq!(reason(&own, "2021-12-31"), "worked");
    assert_eq!((calendar.weekends_origin(), own.weekends_origin()), (&country().origin, &Origin::Configuration));
}

#[test]
fn what_the_configuration_says_of_a_day_goes_before_what_a_country_says() {
    let closed = |calendar: Calendar| {
        calendar.with_holiday(date("2026-03-21"), "closed").with_holiday(date("2026-03-20"), "ours")
    };
    for calendar in [closed(weekdays_in("UTC")).with_days(country()), closed(weekdays_in("UTC").with_days(country()))] {
        assert_eq!(reason(&calendar, "2026-03-21"), "Saturday", "the country's worked Saturday is closed");
        assert_eq!(reason(&calendar, "2026-03-22"), "worked");
    }
    let open = weekdays_in("UTC").with_working_day(date("2026-03-20")).with_days(country());
    assert_eq!(reason(&open, "2026-03-20"), "worked");
    assert_eq!(reason(&open, "2026-03-23"), "holiday: estimated");
    let estimated: Vec<bool> = open.holidays().map(|(_, off)| off.estimated).collect();
    assert_eq!(estimated, [true, true]);
}

#[test]
fn a_calendar_says_which_days_it_does_not_know() {
    let file =
        Days { coverage: Some(FIRST_DAY..=date("2026-06-30")), ..Days::none(Origin::File("closures.ics".into())) };
    let calendar = weekdays_in("UTC").with_days(country()).with_days(file);
    let ends =
        |from, until| calendar.uncovered(&(date(from)..=date(until))).map(|uncovered| uncovered.origin.to_string());
    assert_eq!(ends("2026-06-01", "2026-06-30"), None);
    assert_eq!(ends("2026-06-01", "2026-07-01").as_deref(), Some("closures.ics"));
    assert_eq!(ends("2009-12-31", "2010-01-04").as_deref(), Some("XX"));
    assert_eq!(weekdays_in("UTC").uncovered(&(FIRST_DAY..=LAST_DAY)), None);
}

#[test]
fn a_calendars_version_differs_whenever_its_days_do() {
    let calendar = || weekdays_in("UTC").with_days(country());
    let mut versions = vec![
        calendar().version().to_owned(),
        calendar().with_holiday(date("2026-05-01"), "").version().to_owned(),
        calendar().with_holiday(date("2026-05-01"), "named").version().to_owned(),
        calendar().with_working_day(date("2026-05-02")).version().to_owned(),
        calendar().with_weekend([Weekday::Sun]).version().to_owned(),
        weekdays_in("UTC").version().to_owned(),
        weekdays_in("Europe/Paris").version().to_owned(),
    ];
    assert_eq!(versions.first().map(String::as_str), Some(calendar().version()), "the same facts, the same version");
    assert!(versions.iter().all(|version| version.len() == 12));
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 7);
}

fn three_calendars(default: &str) -> Result<Calendars, CalendarError> {
    Calendars::new(default, ["fr", "il", "works"].map(|name| Calendar::new(name, zone("Europe/Paris"))))
}

#[test]
fn a_program_chooses_the_calendar_else_its_rule_else_the_default_serves() {
    let calendars = three_calendars("fr").expect("calendars");
    let choose = |program, rule| {
        let choice = calendars.choose(program, rule);
        (choice.calendar.name().to_owned(), choice.by, choice.unknown)
    };
    assert_eq!(choose(Some("il"), Some("works")), ("il".to_owned(), ChosenBy::Program, None));
    assert_eq!(choose(None, Some("works")), ("works".to_owned(), ChosenBy::Rule, None));
    assert_eq!(choose(None, None), ("fr".to_owned(), ChosenBy::Default, None));
    assert_eq!(calendars.names().collect::<Vec<_>>(), ["fr", "il", "works"]);
    assert_eq!(calendars.default().name(), "fr");
    assert!(calendars.get("il").is_some() && calendars.get("us").is_none());
    assert_eq!(calendars.iter().count(), 3);
}

#[test]
fn the_default_serves_a_program_whose_calendar_is_not_configured_and_says_so() {
    let calendars = three_calendars("fr").expect("calendars");
    let choice = calendars.choose(Some("us"), Some("works"));
    assert_eq!((choice.calendar.name(), choice.unknown), ("fr", Some("us")));
    let choice = calendars.choose(None, Some("us"));
    assert_eq!((choice.calendar.name(), choice.unknown), ("fr", Some("us")));
}

#[test]
fn calendars_need_different_names_and_a_default_among_them() {
    let error = three_calendars("us").expect_err("no such calendar").to_string();
    assert_eq!(error, "found \"us\" as default calendar, expected one of fr, il, works");
    let twice = ["fr", "fr"].map(|name| Calendar::new(name, zone("UTC")));
    let error = Calendars::new("fr", twice).expect_err("one name twice");
    assert_eq!(error, CalendarError::Twice { calendar: "fr".into() });
}

proptest! {
    #[test]
    fn counting_days_is_what_looking_at_each_would_find(
        (slow, at) in calendar_and_instant(),
        from in -80_i64..80,
        length in 0_i64..100,
        n in 1_u32..40,
    ) {
        let calendar = slow.calendar();
        let day = |days: i64| at.date_naive() + TimeDelta::days(days);
        let counted = (from..=from + length).filter(|days| slow.is_business_day(day(*days))).count();
        prop_assert_eq!(calendar.business_days_in(day(from)..=day(from + length)) as usize, counted);
        for days in from..from + 10 {
            prop_assert_eq!(calendar.is_business_day(day(days)), slow.is_business_day(day(days)), "{}", day(days));
        }
        let at_n = n as usize - 1;
        let after = (from + 1..from + 500).map(day).filter(|day| slow.is_business_day(*day)).nth(at_n);
        prop_assert_eq!(calendar.nth_business_day_after(day(from), n), after);
        let before = (1..500).map(|days| day(from - days)).filter(|day| slow.is_business_day(*day)).nth(at_n);
        prop_assert_eq!(calendar.nth_business_day_before(day(from), n), before);
        let after = (from + 1..from + 500).map(day).filter(|day| slow.exists(*day)).nth(at_n);
        prop_assert_eq!(calendar.nth_day_after(day(from), n), after);
    }
}
