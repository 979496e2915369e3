//! What files mean, beyond the samples of `tests/data/ics`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate};
use proptest::prelude::*;

use super::*;

const RULES: &str = include_str!("../../../tests/data/ics/rules.txt");
const WEEK: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn date(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y%m%d").expect(text)
}

fn calendar(events: &[&str]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
    format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", events.concat())
}

fn read(text: &str) -> Result<IcsDays, IcsError> {
    read_ics("test.ics", text.as_bytes())
}

/// The days of one recurring event; none if no day is left of it.
fn recurring(start: NaiveDate, rule: &str) -> Vec<NaiveDate> {
    match read(&calendar(&[&format!("DTSTART:{}\nRRULE:{rule}", start.format("%Y%m%d"))])) {
        Ok(read) => read.days.holidays.iter().map(|day| day.date).collect(),
        Err(error) => {
            assert_eq!(error.found, "no all-day event", "{error}");
            Vec::new()
        }
    }
}

#[test]
fn rules_name_the_days_that_dateutil_finds() {
    let mut number = 0;
    for line in RULES.lines() {
        let mut words = line.split(' ');
        let (start, rule) = (date(words.next().unwrap()), words.next().unwrap());
        assert_eq!(recurring(start, rule), words.map(date).collect::<Vec<_>>(), "{start} {rule}");
        number += 1;
    }
    assert_eq!(number, 300);
}

/// A rule, and what it says.
#[derive(Clone, Debug)]
struct Spec {
    frequency: &'static str,
    interval: i32,
    months: Vec<u32>,
    month_days: Vec<i32>,
    year_days: Vec<i32>,
    weekdays: Vec<(i32, u32)>,
    positions: Vec<i32>,
    week_start: u32,
    count: Option<usize>,
    until: Option<NaiveDate>,
}

fn join<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Spec {
    fn text(&self) -> String {
        let mut text = format!("FREQ={};INTERVAL={}", self.frequency, self.interval);
        let mut part = |key: &str, value: String| {
            if !value.is_empty() {
                text.push_str(&format!(";{key}={value}"));
            }
        };
        part("BYMONTH", join(&self.months));
        part("BYMONTHDAY", join(&self.month_days));
        part("BYYEARDAY", join(&self.year_days));
        let weekday = |(nth, day): &(i32, u32)| match nth {
            0 => WEEK[*day as usize].to_owned(),
            nth => format!("{nth}{}", WEEK[*day as usize]),
        };
        part("BYDAY", join(&self.weekdays.iter().map(weekday).collect::<Vec<_>>()));
        part("BYSETPOS", join(&self.positions));
        part("WKST", WEEK[self.week_start as usize].to_owned());
        part("COUNT", self.count.map(|count| count.to_string()).unwrap_or_default());
        part("UNTIL", self.until.map(|until| until.format("%Y%m%d").to_string()).unwrap_or_default());
        text
    }

    /// Which year, month, week or day it is.
    fn period(&self, day: NaiveDate) -> i32 {
        match self.frequency {
            "YEARLY" => day.year(),
            "MONTHLY" => day.year() * 12 + day.month0().cast_signed(),
            // 0000-01-03 was a Monday.
            "WEEKLY" => {
                let monday = NaiveDate::from_ymd_opt(0, 1, 3).unwrap();
                let days = day.signed_duration_since(monday).num_days() - i64::from(self.week_start);
                i32::try_from(days.div_euclid(7)).unwrap()
            }
            _ => day.num_days_from_ce(),
        }
    }

    fn fits(&self, start: NaiveDate, day: NaiveDate) -> bool {
        let month = || around(day, |other| other.month() == day.month());
        let year = || around(day, |other| other.year() == day.year());
        let in_year = self.frequency == "YEARLY" && self.months.is_empty();
        let is_weekday = |(nth, weekday): &(i32, u32)| {
            if day.weekday().num_days_from_monday() != *weekday || *nth == 0 {
                return day.weekday().num_days_from_monday() == *weekday;
            }
            let scope = if in_year { year() } else { month() };
            let same: Vec<&NaiveDate> =
                scope.iter().filter(|other| other.weekday().num_days_from_monday() == *weekday).collect();
            at(&same, *nth) == Some(&&day)
        };
        if !self.months.is_empty() && !self.months.contains(&day.month()) {
            return false;
        }
        let default = self.month_days.is_empty() && self.year_days.is_empty() && self.weekdays.is_empty();
        if default {
            return match self.frequency {
                "YEARLY" => day.day() == start.day() && (!self.months.is_empty() || day.month() == start.month()),
                "MONTHLY" => day.day() == start.day(),
                "WEEKLY" => day.weekday() == start.weekday(),
                _ => true,
            };
        }
        (self.month_days.is_empty() || self.month_days.iter().any(|nth| at(&month(), *nth) == Some(&day)))
            && (self.year_days.is_empty() || self.year_days.iter().any(|nth| at(&year(), *nth) == Some(&day)))
            && (self.weekdays.is_empty() || self.weekdays.iter().any(is_weekday))
    }

    /// Day by day, as RFC 5545 says it.
    fn slowly(&self, start: NaiveDate) -> Vec<NaiveDate> {
        let mut periods: BTreeMap<i32, Vec<NaiveDate>> = BTreeMap::new();
        let early = NaiveDate::from_ymd_opt(start.year() - 1, 12, 1).unwrap();
        for day in early.iter_days().take_while(|day| day.year() <= LAST_YEAR) {
            let since = self.period(day) - self.period(start);
            if since >= 0 && since % self.interval == 0 && self.fits(start, day) {
                periods.entry(since).or_default().push(day);
            }
        }
        let chosen = periods.into_values().flat_map(|days| {
            let chosen: BTreeSet<NaiveDate> = if self.positions.is_empty() {
                days.into_iter().collect()
            } else {
                self.positions.iter().filter_map(|nth| at(&days, *nth).copied()).collect()
            };
            chosen
        });
        let chosen = chosen.filter(|day| *day >= start && self.until.is_none_or(|until| *day <= until));
        chosen.take(self.count.unwrap_or(usize::MAX)).collect()
    }
}

/// The days next to each other, of which `day` is one, that are `same`.
fn around(day: NaiveDate, same: impl Fn(NaiveDate) -> bool) -> Vec<NaiveDate> {
    let first = std::iter::successors(Some(day), NaiveDate::pred_opt).take_while(|day| same(*day)).last().unwrap();
    first.iter_days().take_while(|day| same(*day)).collect()
}

/// The nth of a list from 1, or from its back from -1.
fn at<T>(list: &[T], nth: i32) -> Option<&T> {
    let place = if nth > 0 { nth - 1 } else { i32::try_from(list.len()).unwrap() + nth };
    usize::try_from(place).ok().and_then(|place| list.get(place))
}

fn rarely<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(value, 1..=most)]
}

fn nonzero(last: i32) -> impl Strategy<Value = i32> {
    (-last..=last).prop_filter("not zero", |n| *n != 0)
}

fn spec() -> impl Strategy<Value = Spec> {
    let frequency = prop_oneof![4 => Just("YEARLY"), 1 => Just("MONTHLY"), 1 => Just("WEEKLY"), 1 => Just("DAILY")];
    let lists = (rarely(1..=12_u32, 3), rarely(nonzero(31), 5), rarely(nonzero(366), 5), rarely(nonzero(3), 2));
    let weekday = (prop_oneof![2 => Just(0), 2 => nonzero(5), 1 => nonzero(53)], 0..7_u32);
    let end = (proptest::option::of(1..=12_usize), proptest::option::of(43_400..48_000_u64));
    (frequency, 1..=5_i32, lists, rarely(weekday, 3), 0..7_u32, end).prop_map(
        |(
            frequency,
            interval,
            (months, mut month_days, mut year_days, mut positions),
            mut weekdays,
            week_start,
            end,
        )| {
            if frequency == "WEEKLY" {
                month_days.clear();
            }
            if frequency != "YEARLY" {
                year_days.clear();
            }
            if matches!(frequency, "WEEKLY" | "DAILY") {
                weekdays.iter_mut().for_each(|(nth, _)| *nth = 0);
            }
            if [months.len(), month_days.len(), year_days.len(), weekdays.len()] == [0; 4] {
                positions.clear();
            }
            let (mut count, until) = end;
            if frequency != "YEARLY" && until.is_none() {
                count = count.or(Some(7));
            }
            // From 2088 to 2101, days since 1970.
            let until = until.map(|days| DateTime::UNIX_EPOCH.date_naive() + chrono::Days::new(days));
            Spec { frequency, interval, months, month_days, year_days, weekdays, positions, week_start, count, until }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rule_names_the_days_that_its_slow_definition_finds(spec in spec(), start in 43_500..46_500_u64) {
        let start = DateTime::UNIX_EPOCH.date_naive() + chrono::Days::new(start);
        prop_assert_eq!(recurring(start, &spec.text()), spec.slowly(start), "{} {}", start, spec.text());
    }

    #[test]
    fn what_is_written_is_read_back(
        names in prop::collection::btree_map(0..47_000_u64, (any::<String>(), any::<bool>()), 1..40),
        calendar: String,
    ) {
        let days: Vec<Holiday> = names.into_iter().map(|(day, (name, estimated))| Holiday {
            date: NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).unwrap() + chrono::Days::new(day),
            name: name::without_marker(&name::clean(&name)).0,
            estimated,
        }).collect();
        let text = write_ics(&calendar, days.clone(), DateTime::UNIX_EPOCH);
        let again = read(&text).unwrap();
        // A name that is nothing but the marker says it, too.
        let said = |day: &Holiday| Holiday { estimated: day.estimated || name::without_marker(&day.name).1, ..day.clone() };
        prop_assert_eq!(again.days.holidays, days.iter().map(said).collect::<Vec<_>>());
        prop_assert_eq!(again.warnings, []);
    }

    #[test]
    fn a_file_means_the_same_wherever_its_lines_are_folded(cuts in prop::collection::btree_set(17..190_usize, 0..60)) {
        let text = calendar(&[
            "UID:1\nDTSTART;TZID=\"Europe/Berlin\":20261231T000000\nDTEND;TZID=\"Europe/Berlin\":20270102T000000\n\
             SUMMARY;LANGUAGE=de:Übergabe\\, Jahr für Jahr 年\nRRULE:FREQ=YEARLY;COUNT=3",
        ]);
        let mut folded = Vec::new();
        for (at, byte) in text.bytes().enumerate() {
            let after_break = folded.last().is_none_or(|last| *last == b'\n');
            if cuts.contains(&at) && !after_break && byte != b'\n' {
                folded.extend_from_slice(b"\r\n ");
            }
            folded.push(byte);
        }
        prop_assert_eq!(read_ics("test.ics", &folded).unwrap(), read(&text).unwrap());
    }
}

#[test]
fn a_file_of_more_than_4_mib_is_refused_before_it_is_read() {
    let error = read_ics("big.ics", &vec![b'x'; MAX_BYTES + 1]).unwrap_err();
    assert_eq!(error.to_string(), "big.ics: found 4194305 bytes, expected at most 4 MiB");
    let error = read_ics("big.ics", &vec![b' '; MAX_BYTES]).unwrap_err();
    assert_eq!(error.to_string(), "big.ics: found an empty file, expected a calendar (BEGIN:VCALENDAR)");
}

#[test]
fn what_is_written_is_rfc_5545_and_stays_the_same() {
    let days = [
        Holiday { date: date("20260320"), name: "Eid al-Fitr, \"the feast\"; first day \\ 1".into(), estimated: true },
        Holiday { date: date("99991231"), name: "漢字".repeat(20), estimated: false },
    ];
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let text = write_ics("works\r\nX-EVIL:1", days.clone(), now);
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//claimwatch//calendar//EN\r\nCALSCALE:GREGORIAN\r\n\
        METHOD:PUBLISH\r\nX-WR-CALNAME:works X-EVIL:1\r\nBEGIN:VEVENT\r\nDTEND;VALUE=DATE:20260321\r\n\
        DTSTAMP:20260921T141320Z\r\nDTSTART;VALUE=DATE:20260320\r\nSTATUS:TENTATIVE\r\n\
        SUMMARY:Eid al-Fitr\\, \"the feast\"\\; first day \\\\ 1\r\nTRANSP:TRANSPARENT\r\n\
        UID:20260320-ID@claimwatch\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTAMP:20260921T141320Z\r\n\
        DTSTART;VALUE=DATE:99991231\r\nSUMMARY:漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字\r\n 漢字漢字漢字漢字漢字漢字漢字漢字漢字\r\n\
        TRANSP:TRANSPARENT\r\nUID:99991231-ID@claimwatch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let id = text.split_once("UID:20260320-").and_then(|(_, rest)| rest.split_once('@')).unwrap().0;
    assert_eq!(id.len(), 16);
    assert_eq!(text.replace(id, "ID"), expected);
    assert_eq!(write_ics("works\r\nX-EVIL:1", days.clone(), now), text);
    assert!(!write_ics("another", days, now).contains(id), "the UID hangs on the calendar's name");
}

#[test]
fn an_override_belongs_to_its_own_event() {
    let text = calendar(&[
        "UID:a\nDTSTART:20260101\nRRULE:FREQ=YEARLY;COUNT=2\nSUMMARY:A",
        "UID:b\nDTSTART:20270101\nSUMMARY:B",
        "UID:b\nRECURRENCE-ID:20270101\nDTSTART:20270201\nSUMMARY:B moved",
    ]);
    let names: Vec<String> = read(&text).unwrap().days.holidays.into_iter().map(|day| day.name).collect();
    assert_eq!(names, ["A", "A", "B moved"]);
}

#[test]
fn endless_recurrences_cover_until_2100_only_if_there_is_nothing_else() {
    let covered = |events: &[&str]| read(&calendar(events)).unwrap().days.coverage.unwrap().end().year();
    let christmas = "DTSTART:20251225\nRRULE:FREQ=YEARLY";
    assert_eq!(covered(&[christmas]), 2100);
    assert_eq!(covered(&[christmas, "DTSTART:20260405"]), 2026);
    assert_eq!(covered(&["DTSTART:20260405", christmas]), 2026);
    assert_eq!(covered(&[christmas, "DTSTART:20250101\nRRULE:FREQ=YEARLY;COUNT=10"]), 2034);
    assert_eq!(covered(&[christmas, "DTSTART:20250101\nRRULE:FREQ=YEARLY;UNTIL=99991231"]), 2100);
}
