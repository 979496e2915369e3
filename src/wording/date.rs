//! Days and instants in words: « mercredi 25 novembre 2026 », `Wed 25 Nov`, `10:00 (UTC+1)`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

use crate::calendar::Zone;

use super::Words;

impl Words {
    /// A day with its weekday: `Wednesday, 25 November 2026`.
    #[must_use]
    pub fn date(self, date: NaiveDate) -> String {
        self.say(
            "date-long",
            [
                ("weekday", self.say("weekday", [("day", date.weekday().number_from_monday().into())]).into()),
                ("day", self.say("day-of-month", [("day", date.day().into())]).into()),
                ("month", self.say("month", [("month", date.month().into())]).into()),
                ("year", date.year().to_string().into()),
            ],
        )
    }

    /// A day in short, with its year unless that is `year`: `Wed 25 Nov`.
    #[must_use]
    pub fn short_date(self, date: NaiveDate, year: Option<i32>) -> String {
        let month = self.say("month-short", [("month", date.month().into())]);
        let day = format!("{} {month}", self.short_day(date));
        if Some(date.year()) == year { day } else { format!("{day} {}", date.year()) }
    }

    /// The month of a day: `November 2026`.
    #[must_use]
    pub fn month_of(self, date: NaiveDate) -> String {
        let month = self.say("month", [("month", date.month().into())]);
        self.say("month-of-year", [("month", month.into()), ("year", date.year().to_string().into())])
    }

    /// The local day of an instant in short, with its year: `Wed 25 Nov 2026`.
    #[must_use]
    pub fn short_day_of<'z>(self, at: DateTime<Utc>, zone: impl Into<Option<&'z Zone>>) -> String {
        self.short_date(local(at, zone.into()).0.date(), None)
    }

    /// Days in short, each month once: `Mon 23, Tue 24 Nov`.
    #[must_use]
    pub fn short_dates(self, dates: &[NaiveDate], year: Option<i32>) -> String {
        let month = |date: &NaiveDate| (date.year(), date.month());
        let mut texts = Vec::with_capacity(dates.len());
        for (n, date) in dates.iter().enumerate() {
            let month_follows = dates.get(n + 1).is_some_and(|next| month(next) == month(date));
            texts.push(if month_follows { self.short_day(*date) } else { self.short_date(*date, year) });
        }
        texts.join(", ")
    }

    fn short_day(self, date: NaiveDate) -> String {
        let weekday = self.say("weekday-short", [("day", date.weekday().number_from_monday().into())]);
        format!("{weekday} {}", self.say("day-of-month", [("day", date.day().into())]))
    }

    /// An instant as local time, `None`: in UTC: `Wednesday, 25 November 2026, 10:00 (UTC+1)`.
    #[must_use]
    pub fn instant<'z>(self, at: DateTime<Utc>, zone: impl Into<Option<&'z Zone>>) -> String {
        let (local, offset) = local(at, zone.into());
        self.say(
            "instant",
            [
                ("date", self.date(local.date()).into()),
                ("time", time(local).into()),
                ("offset", offset_name(offset).into()),
            ],
        )
    }

    /// The end `at` before which something holds: `("day", "Tuesday, 8 December 2026")` if that day ends with it, else
    /// `("instant", …)` as [`Words::instant`] has it. Messages choose their words by the first.
    #[must_use]
    pub fn ending<'z>(self, at: DateTime<Utc>, zone: impl Into<Option<&'z Zone>>) -> (&'static str, String) {
        let zone = zone.into();
        if local(at, zone).0.time() == NaiveTime::MIN {
            ("day", self.date(day_ending_at(at, zone)))
        } else {
            ("instant", self.instant(at, zone))
        }
    }

    /// As [`Words::instant`], with the zone's name: `…, 10:00 (Europe/Paris, UTC+1)`.
    #[must_use]
    pub fn instant_in_zone<'z>(self, at: DateTime<Utc>, zone: impl Into<Option<&'z Zone>>) -> String {
        let zone = zone.into();
        // The offset says it all in UTC itself.
        let Some(name) = zone.map(Zone::name).filter(|name| *name != "UTC") else { return self.instant(at, None) };
        let (local, offset) = local(at, zone);
        self.say(
            "instant-in-zone",
            [
                ("date", self.date(local.date()).into()),
                ("time", time(local).into()),
                ("zone", name.into()),
                ("offset", offset_name(offset).into()),
            ],
        )
    }
}

/// The last local day before `at`: the day at whose end something due at `at` is due.
pub(super) fn day_ending_at(at: DateTime<Utc>, zone: Option<&Zone>) -> NaiveDate {
    local(at.checked_sub_signed(TimeDelta::microseconds(1)).unwrap_or(at), zone).0.date()
}

/// What a clock on the wall shows, and its offset in seconds east of UTC.
pub(super) fn local(at: DateTime<Utc>, zone: Option<&Zone>) -> (NaiveDateTime, i32) {
    zone.map_or((at.naive_utc(), 0), |zone| (zone.local(at), zone.offset_seconds(at)))
}

/// `10:00`, with seconds only where there are any.
fn time(local: NaiveDateTime) -> String {
    let format = if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    local.format(format).to_string()
}

/// `UTC`, `UTC+1`, `UTC-3:30`.
fn offset_name(seconds: i32) -> String {
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match minutes % 60 {
        0 => format!("UTC{sign}{}", minutes / 60),
        rest => format!("UTC{sign}{}:{rest:02}", minutes / 60),
    }
}
