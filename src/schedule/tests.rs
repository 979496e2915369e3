use chrono::NaiveDateTime;
use croner::parser::{CronParser, Seconds, Year};
use proptest::prelude::*;

use super::*;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn cron(text: &str) -> Cron {
    CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build().parse(text).expect(text)
}

fn zone(name: &str) -> Zone {
    Zone::named(name).expect(name)
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect(text).to_utc()
}

/// Every instant of the schedule in `[from, until)`, by asking minute by minute for the latest.
fn instants(pattern: &str, zone_name: &str, from: &str, until: &str) -> Vec<String> {
    let (pattern, zone) = (cron(pattern), zone(zone_name));
    let (mut now, until) = (at(from), at(until));
    let mut found = Vec::new();
    while now < until {
        let due = latest_due(&pattern, &zone, now).expect("an instant");
        if due == now {
            found.push(due.format("%dT%H:%MZ").to_string());
        }
        now += MINUTE;
    }
    found
}

#[test]
fn a_schedule_follows_the_wall_through_summer_and_winter() {
    let (pattern, paris) = (cron("0 0 9 * * Mon-Fri"), zone("Europe/Paris"));
    let due = |now| latest_due(&pattern, &paris, at(now));
    assert_eq!(due("2026-03-27T12:00:00Z"), Some(at("2026-03-27T08:00:00Z")));
    assert_eq!(due("2026-03-30T06:59:59.999Z"), Some(at("2026-03-27T08:00:00Z")), "not yet, and nothing on a week-end");
    assert_eq!(due("2026-03-30T07:00:00Z"), Some(at("2026-03-30T07:00:00Z")));
    assert_eq!(due("2026-10-26T08:00:00Z"), Some(at("2026-10-26T08:00:00Z")));
}

#[test]
fn a_local_time_in_a_gap_means_the_first_instant_after_it() {
    let night = instants("0 30 1 * * *", "Europe/Dublin", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
    assert_eq!(night, ["28T01:30Z", "29T01:00Z", "30T00:30Z"]);
    let midnight = instants("0 0 0 * * *", "Africa/Cairo", "2025-04-23T12:00:00Z", "2025-04-27T00:00:00Z");
    assert_eq!(midnight, ["23T22:00Z", "24T22:00Z", "25T21:00Z", "26T21:00Z"]);
    let interval = instants("0 7-59/20 * * * *", "Europe/Dublin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z");
    assert_eq!(interval, ["29T00:47Z", "29T01:00Z", "29T01:07Z", "29T01:27Z"]);
    let skipped_day = instants("0 0 9 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", "2011-12-31T00:00:00Z");
    assert_eq!(skipped_day, ["30T10:00Z"]);
}

#[test]
fn a_fixed_time_that_occurs_twice_is_one_run_and_an_interval_goes_on_in_both_hours() {
    let night = instants("0 30 1 * * *", "Europe/Dublin", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z");
    assert_eq!(night, ["24T00:30Z", "25T00:30Z", "26T01:30Z"]);
    let interval = instants("0 */30 1 * * *", "Europe/Dublin", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
    assert_eq!(interval, ["25T00:00Z", "25T00:30Z", "25T01:00Z", "25T01:30Z"]);
    let half_an_hour = instants("0 45 1 * * *", "Australia/Lord_Howe", "2026-04-03T12:00:00Z", "2026-04-06T00:00:00Z");
    assert_eq!(half_an_hour, ["03T14:45Z", "04T14:45Z", "05T15:15Z"]);
}

#[test]
fn a_rare_day_is_found_years_back() {
    let due = latest_due(&cron("0 0 0 29 2 *"), &zone("Europe/Paris"), at("2104-02-28T12:00:00Z"));
    assert_eq!(due, Some(at("2096-02-28T23:00:00Z")));
    assert_eq!(latest_due(&cron("0 0 0 30 2 *"), &zone("Europe/Paris"), at("2026-03-01T00:00:00Z")), None);
}

/// The definition, minute by minute: what is due at `minute`, a whole one?
fn is_due(pattern: &Cron, zone: &Zone, minute: DateTime<Utc>) -> bool {
    let matches = |wall: NaiveDateTime| pattern.is_time_matching(&wall.and_utc()).expect("a match or none");
    let wall = zone.local(minute);
    let fixed = pattern.determine_job_type() == JobType::FixedTime;
    let again = || (1..=180).any(|minutes| zone.local(minute - MINUTE * minutes) == wall);
    if matches(wall) && !(fixed && again()) {
        return true;
    }
    let mut skipped = zone.local(minute - MINUTE) + MINUTE;
    while skipped < wall {
        if matches(skipped) {
            return true;
        }
        skipped += MINUTE;
    }
    false
}

/// Around what happens to walls: (zone, a day in UTC).
const CHANGES: [(&str, &str); 12] = [
    ("Europe/Dublin", "2026-03-29T00:00:00Z"),
    ("Europe/Dublin", "2026-10-25T00:00:00Z"),
    ("Europe/Paris", "2026-10-25T00:00:00Z"),
    ("Africa/Cairo", "2025-04-24T12:00:00Z"),
    ("Africa/Cairo", "2025-10-30T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T12:00:00Z"),
    ("America/Sao_Paulo", "2018-11-03T20:00:00Z"),
    ("America/Havana", "2025-03-09T00:00:00Z"),
    ("America/St_Johns", "2010-11-07T00:00:00Z"),
    ("Pacific/Apia", "2011-12-30T04:00:00Z"),
    ("UTC", "2026-02-28T12:00:00Z"),
];

fn field(most: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("*".to_owned()),
        3 => (0..=most).prop_map(|at| at.to_string()),
        2 => (2..=most).prop_map(|step| format!("*/{step}")),
        1 => (0..=most, 0..=most).prop_map(|(a, b)| format!("{a},{b}")),
        1 => (0..=most / 2, most / 2..=most).prop_map(|(a, b)| format!("{a}-{b}")),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    let hour = prop_oneof![4 => (0..4u32).prop_map(|at| at.to_string()), 1 => Just("23".to_owned()), 3 => field(23)];
    let week_day = prop_oneof![4 => Just("*"), 1 => Just("Mon-Fri"), 1 => Just("Sun"), 1 => Just("Fri#L")];
    let day =
        prop_oneof![6 => Just("*".to_owned()), 1 => (1..=31u32).prop_map(|day| day.to_string()), 1 => Just("L".into())];
    (field(59), hour, day, week_day).prop_map(|(minute, hour, day, week)| format!("0 {minute} {hour} {day} * {week}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_latest_instant_is_the_one_that_walking_back_minute_by_minute_finds(
        (name, around) in prop::sample::select(&CHANGES[..]),
        pattern in pattern(),
        away in -36 * 60..60 * 60i64,
        second in 0..60i64,
    ) {
        let (pattern, zone) = (cron(&pattern), zone(name));
        let minute = at(around) + MINUTE * i32::try_from(away).expect("minutes");
        let due = latest_due(&pattern, &zone, minute + SECOND * i32::try_from(second).expect("seconds"));
        let walked = (0..3 * 24 * 60).map(|back| minute - MINUTE * back).find(|minute| is_due(&pattern, &zone, *minute));
        match walked {
            Some(walked) => prop_assert_eq!(due, Some(walked)),
            None => prop_assert!(due.is_none_or(|due| due <= minute - TimeDelta::days(3)), "{:?}", due),
        }
    }

    #[test]
    fn the_next_instant_is_the_one_that_walking_minute_by_minute_finds(
        (name, around) in prop::sample::select(&CHANGES[..]),
        pattern in pattern(),
        away in -36 * 60..60 * 60i64,
    ) {
        let (pattern, zone) = (cron(&pattern), zone(name));
        let from = at(around) + MINUTE * i32::try_from(away).expect("minutes") - SECOND;
        let minutes = (0..24 * 60).map(|ahead| from + SECOND + MINUTE * ahead);
        let walked = minutes.into_iter().find(|minute| latest_due(&pattern, &zone, *minute) == Some(*minute));
        let next = next_due(&pattern, &zone, from);
        match walked {
            Some(walked) => prop_assert_eq!(next, Some(walked)),
            None => prop_assert!(next.is_none_or(|next| next >= from + TimeDelta::days(1)), "{:?}", next),
        }
    }
}
