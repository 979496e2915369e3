//! A time zone: local time ↔ instant, through gaps, repeats and days that a zone skips.
//!
//! A local time that does not exist means the first instant after the gap, one that occurs twice means the first. Both
//! are found from the zone's transitions: the library's own disambiguation answers otherwise (02:30 in a gap would be
//! 03:30). Source: docs/domain.md, "Counting days".

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use jiff::Timestamp;
use jiff::tz::{self, TimeZone};

pub(super) use days::{DAYS, ZoneDays, date, number};
pub use version::{zone_data_directory, zone_data_version};

mod days;
mod version;

/// No offset is as far from UTC as this, in seconds.
const FARTHEST_OFFSET: i64 = 26 * 3600;

/// Names that a zone directory may hold although they are no place: what they mean depends on the machine.
const NOT_A_PLACE: [&str; 2] = ["localtime", "posixrules"];

/// Forgets what was read of the zone data, so that zones are read anew: a daemon may outlive several releases of it.
pub fn reread_zone_data() {
    tz::db().reset();
}

/// A named time zone as the zone data has it. Cheap to clone.
#[derive(Clone)]
pub struct Zone {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    data_version: String,
    rules: TimeZone,
    /// The local days that do not exist, in order; most zones have none.
    skipped_days: Vec<NaiveDate>,
}

/// Why there is no such zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The zone data has no zone of this name; `near` are the names most like it, best first.
    #[error("found {found:?}, no such time zone{}", suggestion(near))]
    Unknown { found: String, near: Vec<String> },
}

/// An instant at which a zone's offset from UTC changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The first instant with the new offset.
    pub at: DateTime<Utc>,
    /// Seconds east of UTC until then.
    pub offset_before_secs: i32,
    /// Seconds east of UTC from then on.
    pub offset_after_secs: i32,
}

impl Transition {
    /// Whether local times occur again after it.
    #[must_use]
    pub fn sets_clocks_back(&self) -> bool {
        self.offset_after_secs < self.offset_before_secs
    }
}

impl Zone {
    /// The zone of that IANA name, in any case: `Europe/Paris`.
    ///
    /// # Errors
    /// [`ZoneError::Unknown`], with the names most like the one found.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let found = tz::db().get(name).ok().filter(|zone| !zone.is_unknown());
        match found.as_ref().map(|zone| zone.iana_name().unwrap_or(name)) {
            Some(place) if !NOT_A_PLACE.contains(&place) => {
                let name = place.to_owned();
                let rules = found.unwrap_or(TimeZone::UTC);
                let mut inner = Inner { name, data_version: zone_data_version(), rules, skipped_days: Vec::new() };
                inner.skipped_days = inner.find_skipped_days();
                Ok(Self { inner: Arc::new(inner) })
            }
            _ => Err(ZoneError::Unknown { found: name.to_owned(), near: near(name) }),
        }
    }

    /// Its IANA name: `Europe/Paris`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The version of the zone data that it was read from: `2025b (system)`.
    #[must_use]
    pub fn data_version(&self) -> &str {
        &self.inner.data_version
    }

    /// Its offset at `instant`, in seconds east of UTC.
    #[must_use]
    pub fn offset_seconds(&self, instant: DateTime<Utc>) -> i32 {
        self.inner.offset(instant.timestamp())
    }

    /// What a clock on the wall shows at `instant`; a leap second is the end of the second before it.
    #[must_use]
    pub fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let seconds = instant.timestamp();
        // Only beyond chrono's 262,000 years is there no such time.
        at(seconds + i64::from(self.inner.offset(seconds)), instant.nanosecond()).unwrap_or(instant).naive_utc()
    }

    /// The local day that `instant` lies in.
    #[must_use]
    pub fn local_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        self.local(instant).date()
    }

    /// The instant of a local time: in a gap the first one after the gap, of two the first. `None`: outside the years
    /// 1 to 9999.
    #[must_use]
    pub fn instant_of(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let wall = wall_seconds(local)?;
        let (mut gap_end, mut behind) = (None, false);
        for segment in self.segments_around(wall) {
            let exact = wall - segment.offset;
            if (segment.from..segment.until).contains(&exact) {
                return at(exact, local.nanosecond());
            }
            if behind && exact < segment.from && gap_end.is_none() {
                gap_end = Some(segment.from);
            }
            behind = exact >= segment.until;
        }
        at(gap_end?, 0)
    }

    /// The first instant from which on the local time is never again before `local`. It differs from
    /// [`Zone::instant_of`] only where clocks are set back from after `local` to before it. `None` as there.
    #[must_use]
    pub fn instant_past(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let wall = wall_seconds(local)?;
        let ends = self.segments_around(wall).filter_map(|segment| {
            let end = segment.until.min(wall - segment.offset);
            (end > segment.from).then_some((end, end < segment.until))
        });
        let (seconds, within) = ends.max()?;
        at(seconds, if within { local.nanosecond() } else { 0 })
    }

    /// The first instant of a local day; for a day that the zone skips, that of the next one. `None`: outside the years
    /// 1 to 9999.
    #[must_use]
    pub fn start_of_day(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        self.instant_of(date.and_time(NaiveTime::MIN))
    }

    /// Whether the zone has no such local day at all, as Samoa had no 2011-12-30.
    #[must_use]
    pub fn skips_day(&self, date: NaiveDate) -> bool {
        !self.inner.skipped_days.is_empty() && self.inner.skipped_days.binary_search(&date).is_ok()
    }

    /// The local days that do not exist, in order.
    #[must_use]
    pub fn skipped_days(&self) -> &[NaiveDate] {
        &self.inner.skipped_days
    }

    /// The last change of the offset before `instant`, if there is one.
    #[must_use]
    pub fn previous_transition(&self, instant: DateTime<Utc>) -> Option<Transition> {
        let mut changes = self.inner.rules.preceding(ceiling(instant)).filter_map(|it| self.inner.transition(&it));
        changes.find(|change| change.offset_before_secs != change.offset_after_secs)
    }

    /// The first change of the offset after `instant`, if there is one.
    #[must_use]
    pub fn next_transition(&self, instant: DateTime<Utc>) -> Option<Transition> {
        self.inner.transitions_after(timestamp(instant.timestamp())).next()
    }

    /// The stretches of one offset in which a local time may lie, in order of time.
    fn segments_around(&self, wall: i64) -> impl Iterator<Item = Segment> {
        let (mut from, end) = (wall - FARTHEST_OFFSET, wall + FARTHEST_OFFSET);
        let mut offset = self.inner.offset(from);
        let mut changes = self.inner.transitions_after(timestamp(from));
        std::iter::from_fn(move || {
            if from > end {
                return None;
            }
            let next = changes.next();
            let until = next.map_or(i64::MAX, |change| change.at.timestamp());
            let segment = Segment { from, until, offset: i64::from(offset) };
            from = until;
            offset = next.map_or(offset, |change| change.offset_after_secs);
            Some(segment)
        })
    }
}

/// A stretch of one offset: its first second, the one after its last, and seconds east of UTC.
struct Segment {
    from: i64,
    until: i64,
    offset: i64,
}

impl Inner {
    fn offset(&self, seconds: i64) -> i32 {
        self.rules.to_offset(timestamp(seconds)).seconds()
    }

    fn transition(&self, change: &tz::TimeZoneTransition<'_>) -> Option<Transition> {
        let seconds = change.timestamp().as_second();
        Some(Transition {
            at: at(seconds, 0)?,
            offset_before_secs: self.offset(seconds - 1),
            offset_after_secs: change.offset().seconds(),
        })
    }

    /// The changes of the offset after an instant; zone data also has changes of the abbreviation alone.
    fn transitions_after(&self, instant: Timestamp) -> impl Iterator<Item = Transition> {
        let changes = self.rules.following(instant).map_while(|change| self.transition(&change));
        changes.filter(|change| change.offset_before_secs != change.offset_after_secs)
    }

    fn find_skipped_days(&self) -> Vec<NaiveDate> {
        // Zone data lists each change up to 2037 at the latest; the yearly rule that follows moves clocks by hours.
        let listed = self.transitions_after(Timestamp::MIN).take_while(|change| change.at.timestamp() < 2_145_916_800);
        let mut days = Vec::new();
        for change in listed {
            let local = change.at.naive_utc();
            let gap_start = local + TimeDelta::seconds(change.offset_before_secs.into());
            let gap_end = local + TimeDelta::seconds(change.offset_after_secs.into());
            let whole = gap_start.time() == NaiveTime::MIN;
            let mut day = gap_start.date() + Days::new(u64::from(!whole));
            while day < gap_end.date() {
                days.push(day);
                day = day + Days::new(1);
            }
        }
        days
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.inner.name)
    }
}

/// Zones are equal if they were read from the same data under the same name.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.inner.name == other.inner.name && self.inner.rules == other.inner.rules
    }
}

impl Eq for Zone {}

/// A local time in seconds since 1970-01-01 00:00 on the same wall, if its year is one that zone data can serve.
fn wall_seconds(local: NaiveDateTime) -> Option<i64> {
    super::is_supported(local.date()).then(|| local.and_utc().timestamp())
}

fn at(seconds: i64, nanos: u32) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, nanos.min(999_999_999))
}

/// The nearest instant that the zone data can be asked about: offsets do not change beyond it.
fn timestamp(seconds: i64) -> Timestamp {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).unwrap_or_default()
}

/// The instant itself, or the start of the next second: no transition lies within one.
fn ceiling(instant: DateTime<Utc>) -> Timestamp {
    timestamp(instant.timestamp().saturating_add(i64::from(instant.nanosecond() > 0)))
}

fn near(found: &str) -> Vec<String> {
    let wanted = found.to_lowercase();
    let mut candidates: Vec<(f64, String)> = tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| !NOT_A_PLACE.contains(&name.as_str()))
        .map(|name| (likeness(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    candidates.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How much a name is like what was found, from 0 to 1; the city alone serves too: "Paris" is like "Europe/Paris".
fn likeness(found: &str, name: &str) -> f64 {
    let city = name.rsplit_once('/').map_or(name, |(_, city)| city);
    strsim::normalized_damerau_levenshtein(found, name).max(strsim::normalized_damerau_levenshtein(found, city))
}

fn suggestion(near: &[String]) -> String {
    let quoted: Vec<String> = near.iter().map(|name| format!("{name:?}")).collect();
    match quoted.as_slice() {
        [] => String::from("; expected a name like \"Europe/Paris\""),
        names => format!("; did you mean {}?", names.join(" or ")),
    }
}

#[cfg(test)]
mod tests;
