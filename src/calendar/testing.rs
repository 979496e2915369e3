//! What tests of calendars and deadlines share: short constructors, and a slow definition of local days that goes only
//! from instant to local time, which is never ambiguous.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{Calendar, Zone};

/// Zones with every kind of oddity after 1970: gaps and repeats at midnight, half hours, skipped days, negative
/// daylight saving, changes of the standard offset, and clocks set back over midnight.
pub(crate) const ZONES: [&str; 24] = [
    "UTC",
    "Europe/Paris",
    "Europe/Dublin",
    "Europe/Lisbon",
    "America/New_York",
    "America/St_Johns",
    "America/Goose_Bay",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Asuncion",
    "America/Havana",
    "America/Caracas",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Chatham",
];

pub(crate) fn zone(name: &str) -> Zone {
    Zone::named(name).expect("a zone of this name")
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// An instant in RFC 3339, with any offset.
pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

/// A local time such as `2026-03-29 02:30:00`.
pub(crate) fn wall(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").expect("a local time")
}

/// A calendar with weekends only.
pub(crate) fn weekdays_in(zone_name: &str) -> Calendar {
    Calendar::new("test", zone(zone_name))
}

/// A calendar's facts, and what follows from them one day and one minute at a time.
#[derive(Clone, Debug)]
pub(crate) struct Slow {
    pub(crate) zone_name: String,
    weekend: BTreeSet<u8>,
    holidays: BTreeSet<NaiveDate>,
    working_days: BTreeSet<NaiveDate>,
}

impl Slow {
    pub(crate) fn calendar(&self) -> Calendar {
        let weekend = self.weekend.iter().map(|day| Weekday::try_from(*day).expect("a weekday"));
        let mut calendar = Calendar::new("test", zone(&self.zone_name)).with_weekend(weekend);
        for day in &self.holidays {
            calendar = calendar.with_holiday(*day, "a holiday");
        }
        for day in &self.working_days {
            calendar = calendar.with_working_day(*day);
        }
        calendar.build().expect("a calendar with working days")
    }

    fn rules(&self) -> TimeZone {
        TimeZone::get(&self.zone_name).expect("a zone of this name")
    }

    pub(crate) fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        local_by(&self.rules(), at)
    }

    /// The first instant at which the local time is `local` or later.
    pub(crate) fn instant_of(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let rules = self.rules();
        let start = local.and_utc() - TimeDelta::hours(26);
        let minute = (0..52 * 60)
            .find(|minutes| local_by(&rules, start + TimeDelta::minutes(*minutes)) >= local)
            .expect("a local time within 26 hours");
        let before = start + TimeDelta::minutes(minute - 1);
        let second = (1..=60).find(|seconds| local_by(&rules, before + TimeDelta::seconds(*seconds)) >= local);
        let reached = before + TimeDelta::seconds(second.expect("a second of that minute"));
        let fraction = TimeDelta::nanoseconds(i64::from(chrono::Timelike::nanosecond(&local)));
        // A fraction of a second is reached that much after its second, if that second exists.
        let earlier = reached - TimeDelta::seconds(1) + fraction;
        if local_by(&rules, earlier) == local { earlier } else { reached }
    }

    pub(crate) fn start_of_day(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant_of(day.and_time(NaiveTime::MIN))
    }

    pub(crate) fn exists(&self, day: NaiveDate) -> bool {
        let rules = self.rules();
        let noon = day.and_hms_opt(12, 0, 0).expect("noon").and_utc();
        (-26..=26).any(|hours| local_by(&rules, noon + TimeDelta::hours(hours)).date() == day)
    }

    pub(crate) fn is_business_day(&self, day: NaiveDate) -> bool {
        let weekend = self.weekend.iter().any(|off| Weekday::try_from(*off) == Ok(day.weekday()));
        let usual = !weekend && !self.holidays.contains(&day);
        (usual || self.working_days.contains(&day)) && self.exists(day)
    }
}

/// What a clock on the wall shows at an instant, as jiff has it.
pub(crate) fn local_by(rules: &TimeZone, at: DateTime<Utc>) -> NaiveDateTime {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).expect("less than a second");
    let shown = rules.to_datetime(Timestamp::new(at.timestamp(), nanos).expect("an instant in range"));
    let since = shown.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
    DateTime::from_timestamp_nanos(i64::try_from(since.as_nanos()).expect("a year from 1678 to 2262")).naive_utc()
}

/// A zone and an instant from 1970 to 2037, every second time within two days of a change of that zone's offset.
pub(crate) fn zone_and_instant() -> impl Strategy<Value = (String, DateTime<Utc>)> {
    let seconds = 0_i64..2_145_916_800;
    (
        prop::sample::select(&ZONES[..]),
        seconds,
        any::<bool>(),
        -172_800_i64..172_800,
        prop_oneof![Just(0_u32), 0_u32..1_000_000],
    )
        .prop_map(|(name, seconds, near, away, micros)| {
            let drawn = DateTime::from_timestamp(seconds, micros * 1_000).expect("an instant");
            let change = zone(name).next_transition(drawn).filter(|_| near).map(|change| change.at);
            let moved = change.map_or(drawn, |change| change + TimeDelta::seconds(away));
            (name.to_owned(), moved)
        })
}

/// A calendar with any weekend but a whole week, and holidays and working days within two months of an instant.
pub(crate) fn calendar_and_instant() -> impl Strategy<Value = (Slow, DateTime<Utc>)> {
    let weekend = prop_oneof![
        3 => Just(BTreeSet::from([5, 6])),
        1 => Just(BTreeSet::from([4, 5])),
        2 => prop::collection::btree_set(0_u8..7, 0..=6),
    ];
    let days = || prop::collection::btree_set(-60_i64..60, 0..12);
    (zone_and_instant(), weekend, days(), days()).prop_map(|((zone_name, at), weekend, holidays, working_days)| {
        let around = |days: BTreeSet<i64>| days.iter().map(|day| at.date_naive() + TimeDelta::days(*day)).collect();
        (Slow { zone_name, weekend, holidays: around(holidays), working_days: around(working_days) }, at)
    })
}

/// The first instant of each local day that a zone shows between two instants, by looking every quarter of an hour and,
/// where a day begins, every second.
pub(crate) fn days_shown(
    zone_name: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> BTreeMap<NaiveDate, DateTime<Utc>> {
    let rules = TimeZone::get(zone_name).expect("a zone of this name");
    let mut days = BTreeMap::new();
    let mut at = from;
    let mut last = local_by(&rules, at).date();
    while at < to {
        let next = at + TimeDelta::minutes(15);
        let day = local_by(&rules, next).date();
        if day > last {
            let shows_it = |seconds: &i64| local_by(&rules, at + TimeDelta::seconds(*seconds)).date() == day;
            // Nearly always a day begins on the quarter itself.
            let second = if shows_it(&899) { (1..900).find(shows_it).unwrap_or(899) } else { 900 };
            days.entry(day).or_insert(at + TimeDelta::seconds(second));
        }
        (at, last) = (next, day);
    }
    days
}
