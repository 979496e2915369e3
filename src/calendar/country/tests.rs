use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};
use proptest::prelude::*;

use super::data::{BLOCKS, Block, Line, SERIES, YEARS, lines};
use super::said::Said;
use super::when::dates;
use super::{CountryError, HOLIDAY_DATA, Place, countries, country_days};
use crate::calendar::{Days, FIRST_DAY, Origin};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn days(country: &str, subdivision: Option<&str>) -> Days {
    country_days(country, subdivision).unwrap_or_else(|error| panic!("{error}"))
}

/// The name of the holiday on that day, `~` before it if its date may move.
fn holiday(days: &Days, on: &str) -> Option<String> {
    let day = days.holidays.iter().find(|day| day.date == date(on))?;
    Some(format!("{}{}", if day.estimated { "~" } else { "" }, day.name))
}

fn error(country: &str, subdivision: Option<&str>) -> String {
    country_days(country, subdivision).expect_err("no such place").to_string()
}

#[test]
fn germany_has_its_public_holidays_and_bavaria_more() {
    let (germany, bavaria) = (days("DE", None), days("DE", Some("BY")));
    assert_eq!(germany.origin, Origin::Country("DE".into()));
    assert_eq!(bavaria.origin, Origin::Country("DE-BY".into()));
    for place in [&germany, &bavaria] {
        assert_eq!(holiday(place, "2026-10-03").as_deref(), Some("German Unity Day"));
        assert_eq!(holiday(place, "2026-04-06").as_deref(), Some("Easter Monday"));
        assert_eq!(holiday(place, "2026-10-05"), None);
    }
    assert_eq!(holiday(&germany, "2026-06-04"), None);
    assert_eq!(holiday(&bavaria, "2026-06-04").as_deref(), Some("Corpus Christi"));
}

#[test]
fn a_subdivision_may_lack_a_holiday_of_its_country() {
    let (australia, capital) = (days("AU", None), days("AU", Some("ACT")));
    assert_eq!(holiday(&australia, "2027-04-25").as_deref(), Some("ANZAC Day"));
    assert_eq!(holiday(&capital, "2027-04-25"), None);
}

#[test]
fn holidays_come_in_order_and_those_on_one_day_share_its_name() {
    let emirates = days("AE", None);
    assert!(emirates.holidays.windows(2).all(|pair| pair[0].date < pair[1].date));
    assert_eq!(holiday(&emirates, "2035-12-02").as_deref(), Some("~Eid al-Fitr Holiday; National Day"));
}

#[test]
fn a_date_that_hangs_on_the_moon_is_estimated_until_it_is_known() {
    let emirates = days("AE", None);
    assert_eq!(holiday(&emirates, "2026-03-20").as_deref(), Some("Eid al-Fitr"));
    assert_eq!(holiday(&emirates, "2027-03-09").as_deref(), Some("~Eid al-Fitr"));
    assert_eq!(holiday(&emirates, "2027-01-01").as_deref(), Some("New Year's Day"));
}

#[test]
fn the_weekend_is_that_of_its_time() {
    let friday = WeekdaySet::from_array([Weekday::Fri, Weekday::Sat]);
    let sunday = WeekdaySet::from_array([Weekday::Sat, Weekday::Sun]);
    assert_eq!(days("DE", None).weekends, [(FIRST_DAY, sunday)]);
    assert_eq!(days("IL", None).weekends, [(FIRST_DAY, friday)]);
    assert_eq!(days("AE", None).weekends, [(FIRST_DAY, friday), (date("2022-01-01"), sunday)]);
    let johor = [(FIRST_DAY, sunday), (date("2014-01-01"), friday), (date("2025-01-01"), sunday)];
    assert_eq!(days("MY", Some("01")).weekends, johor);
    assert_eq!(days("MY", None).weekends, [(FIRST_DAY, sunday)]);
}

#[test]
fn rest_days_that_are_worked_come_along_also_for_one_part_of_a_country() {
    assert!(days("CN", None).working_days.contains(&date("2026-02-14")));
    assert_eq!(days("DE", None).working_days, []);
    let (armenia, lori) = (days("AM", None).working_days, days("AM", Some("LO")).working_days);
    assert!(lori.len() > armenia.len() && armenia.iter().all(|day| lori.contains(day)));
}

#[test]
fn a_country_knows_the_years_for_which_its_source_has_all_tables() {
    let known = |country, part| days(country, part).coverage.expect("a coverage");
    assert_eq!(known("DE", None), date("2010-01-01")..=date("2040-12-31"));
    assert_eq!(known("LK", None), date("2010-01-01")..=date("2026-12-31"));
    assert_eq!(known("UA", None), date("2010-01-01")..=date("2022-12-31"));
    // Diwali is known until 2035, also to California.
    assert_eq!(known("IN", None), date("2010-01-01")..=date("2035-12-31"));
    assert_eq!(known("US", Some("CA")), date("2010-01-01")..=date("2035-12-31"));
    assert_eq!(known("US", None), date("2010-01-01")..=date("2040-12-31"));
    // What else is known of later years is still there.
    assert_eq!(holiday(&days("IN", None), "2040-01-26").as_deref(), Some("Republic Day"));
}

#[test]
fn a_country_of_whose_days_nothing_is_known_is_an_error() {
    assert_eq!(
        error("BV", None),
        "found \"BV\" (Bouvet Island), of whose public holidays nothing is known; expected another country, or none"
    );
}

#[test]
fn an_unknown_country_is_told_with_what_was_probably_meant() {
    for (found, meant) in [
        ("de", "; did you mean \"DE\" (Germany)?"),
        ("Germany", "; did you mean \"DE\" (Germany)?"),
        ("Germny", "; did you mean \"DE\" (Germany)?"),
        ("DEU", "; did you mean \"DE\" (Germany)?"),
        ("UK", "; did you mean \"GB\" (United Kingdom)?"),
        ("United States", "; did you mean \"US\" (United States of America) or "),
        ("Korea", "; did you mean \"KR\" (South Korea)?"),
        ("XX", "; expected the two letters of a country, as \"DE\""),
        ("", "; expected the two letters of a country, as \"DE\""),
        ("*", "; expected the two letters of a country, as \"DE\""),
    ] {
        let message = error(found, None);
        assert!(message.starts_with(&format!("found {found:?}, no such country{meant}")), "{message}");
    }
}

#[test]
fn a_subdivision_in_place_of_a_country_is_taken_apart() {
    for found in ["DE-BY", "de-by"] {
        let expected = "as a country, expected country = \"DE\" with subdivision = \"BY\"";
        assert_eq!(error(found, None), format!("found {found:?} {expected}"));
    }
}

#[test]
fn an_unknown_subdivision_is_told_with_what_was_probably_meant() {
    for found in ["by", "Bayern", "DE-BY", "bayern "] {
        let expected = "no such subdivision of \"DE\" (Germany); did you mean \"BY\" (Bayern)?";
        assert_eq!(error("DE", Some(found)), format!("found {found:?}, {expected}"));
    }
    assert_eq!(
        error("NL", Some("XX")),
        "found \"XX\", no such subdivision of \"NL\" (Netherlands); expected one of Midden, Noord, Zuid"
    );
    assert_eq!(
        error("IE", Some("L")),
        "found \"L\", no such subdivision of \"IE\" (Ireland), which has none here; expected a country alone"
    );
    assert!(error("Germany", Some("BY")).contains("no such country; did you mean \"DE\" (Germany)?"));
}

#[test]
fn the_list_has_every_country_with_its_name_parts_and_years() {
    let all: BTreeMap<String, _> = countries().map(|entry| (entry.place.code.clone(), entry)).collect();
    assert_eq!(all.len(), countries().count());
    let germany = &all["DE"];
    assert_eq!(germany.place.to_string(), "\"DE\" (Germany)");
    assert_eq!(germany.aliases, ["DEU"]);
    let bavaria = germany.subdivisions.iter().find(|part| part.place.code == "BY").expect("Bavaria");
    assert_eq!(bavaria.place, Place { code: "BY".into(), name: "Bayern".into() });
    assert_eq!(bavaria.coverage, germany.coverage);
    let california = all["US"].subdivisions.iter().find(|part| part.place.code == "CA").expect("California");
    assert_eq!(california.coverage.as_ref().map(|known| known.end().year()), Some(2035));
    assert_eq!(all["BV"].coverage, None);
    assert!(HOLIDAY_DATA.starts_with("holidays "), "{HOLIDAY_DATA}");
}

#[test]
fn terms_are_dates() {
    let found = |terms: &str| dates(terms).expect("terms").iter().map(NaiveDate::to_string).collect::<Vec<_>>();
    assert_eq!(found("2026-03-20 2025-03-30"), ["2026-03-20", "2025-03-30"]);
    assert_eq!(found("01-06@2012..2013"), ["2012-01-06", "2013-01-06"]);
    assert_eq!(found("easter-2@2025..2026"), ["2025-04-18", "2026-04-03"]);
    assert_eq!(found("orthodox+1@2026..2026"), ["2026-04-13"]);
    assert_eq!(found("11-thu-4@2025..2026"), ["2025-11-27", "2026-11-26"]);
    assert_eq!(found("05-mon-last@2026..2027"), ["2026-05-25", "2027-05-31"]);
    assert_eq!(found("12-25").len(), 31);
    assert_eq!(found(""), [""; 0]);
}

#[test]
fn the_series_have_a_day_in_each_year() {
    assert_eq!(SERIES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["easter", "orthodox"]);
    for (name, days) in SERIES {
        let years: Vec<i32> = dates(days).expect("dates").iter().map(NaiveDate::year).collect();
        assert_eq!(years, YEARS.collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn damaged_data_is_an_error() {
    for term in [
        "2026-02-30",
        "2026-3-1",
        "13-01",
        "02-29",
        "easter",
        "easter+x",
        "easter+1@2009..2011",
        "christmas-1",
        "05-mon-6",
        "05-xyz-1",
        "01-01@2012",
        "01-01@2013..2012",
        "é",
        "1-",
        "-1",
        "easter+99999999999",
    ] {
        assert!(matches!(dates(term), Err(CountryError::Unreadable { .. })), "{term}: {:?}", dates(term));
    }
    let heard = |text: &str| Said::of("XY", text).map(|said| said.is_some());
    assert_eq!(heard("XY\tname\tSomewhere\t\n"), Ok(true));
    assert_eq!(heard("XZ\tname\tSomewhere\t\n"), Ok(false));
    for line in ["", "XY", "XY\tname\tx", "XY\tname\tx\t\t", "XY\tfast\tx\t", "XY\tyears\t1\t", "XY\tweekend\tSund\t"] {
        assert!(matches!(heard(&format!("{line}\n")), Err(CountryError::Unreadable { .. })), "{line:?}");
    }
    for (length, deflated) in [(10, &b"no deflate"[..]), (10, b""), (BLOCKS[0].length - 1, BLOCKS[0].deflated)] {
        let damaged = Block { first: "XY", length, deflated };
        assert!(matches!(damaged.text(), Err(CountryError::Unreadable { .. })), "{length}");
    }
}

#[test]
fn a_line_without_a_calendar_is_about_that_of_the_line_before() {
    let found: Result<Vec<Line<'_>>, _> = lines("A\tname\tB\t\n\tday\tC\t01-01\n").collect();
    let [name, day] = found.expect("lines")[..] else { panic!("two lines") };
    assert_eq!((name.calendar, day.calendar, day.text, day.dates), ("A", "A", "C", "01-01"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_country_or_subdivision_panics(country in "\\PC{0,12}", subdivision in proptest::option::of("\\PC{0,12}")) {
        let _ = country_days(&country, subdivision.as_deref());
    }

    #[test]
    fn no_line_panics(text in "(XY)?\t(years|weekend|worked|not|day|estimated)\t[a-zA-Z0-9.]{0,9}\t[-+@.a-z0-9 ]{0,24}") {
        let _ = Said::of("XY", &text);
    }
}
