//! Calendars: which there are, how far each reaches, and each of its years.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Datelike, Weekday};
use serde::Serialize;

use super::super::Shared;
use super::asked::Asked;
use super::picture::{self, Month};
use super::sheet::{self, Sheet};
use super::wrong::{self, Wrong};
use super::{Answer, Desk};
use crate::calendar::{Calendar, DayKind};
use crate::claim::clean_line;

#[derive(Serialize)]
struct View {
    calendars: Vec<About>,
    shown: Option<Shown>,
}

#[derive(Serialize)]
struct About {
    name: String,
    href: String,
    default: bool,
    zone: String,
    weekend: String,
    sources: String,
    /// The last day of which every source knows; `None`: they have no end.
    until: Option<String>,
    version: String,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    year: i32,
    before: Option<String>,
    after: Option<String>,
    months: Vec<Month>,
    special: Vec<Special>,
}

/// A day that is not as every week.
#[derive(Serialize)]
struct Special {
    date: String,
    day: String,
    kind: String,
    name: String,
    source: String,
}

/// The years that are shown.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;
/// The longest name.
const WIDE: usize = 80;

pub(super) async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    respond(&desk, None)
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(name): Path<String>, asked: Asked) -> Response {
    let desk = Desk { facts: &shared.facts, asked: &asked };
    answer(&desk, &name).unwrap_or_else(|wrong| wrong::told(&asked, wrong.status(), &wrong))
}

fn answer(desk: &Desk<'_>, name: &str) -> Answer {
    let calendars = desk.facts.calendars.borrow().clone();
    let calendar = calendars.get(name).ok_or(Wrong::NotThere)?;
    let year = match desk.asked.value("year") {
        None => calendar.zone().local_date(desk.facts.time.now()).year(),
        Some(found) => found.parse().ok().filter(|year| YEARS.contains(year)).ok_or_else(|| Wrong::Parameter {
            name: "year",
            found: found.to_owned(),
            expected: format!("{} to {}", YEARS.start(), YEARS.end()),
        })?,
    };
    Ok(respond(desk, Some(shown(desk, calendar, year))))
}

fn respond(desk: &Desk<'_>, shown: Option<Shown>) -> Response {
    let calendars = desk.facts.calendars.borrow().clone();
    let default = calendars.default().name();
    let view = View { calendars: calendars.iter().map(|one| about(desk, one, one.name() == default)).collect(), shown };
    sheet::respond(
        desk.asked,
        StatusCode::OK,
        &Sheet { template: "calendars.html.j2", here: "/calendars", view: &view },
    )
}

fn path(name: &str) -> String {
    format!("/calendars/{}", percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC))
}

fn about(desk: &Desk<'_>, calendar: &Calendar, default: bool) -> About {
    let words = desk.asked.words();
    let weekday = |day: Weekday| words.say("weekday", [("day", day.number_from_monday().into())]);
    let weekend: Vec<String> =
        calendar.weekends().last().map(|(_, off)| off.iter(Weekday::Mon).map(weekday).collect()).unwrap_or_default();
    let named = calendar.sources().filter(|(origin, known)| {
        known.is_some()
            || calendar.holidays().any(|(_, off)| off.origin == *origin)
            || calendar.working_days().any(|(_, from)| from == *origin)
    });
    let sources: Vec<String> = named.map(|(origin, _)| clean_line(&origin.to_string(), WIDE).into_owned()).collect();
    let until = calendar.sources().filter_map(|(_, known)| known.map(|known| *known.end())).min();
    About {
        name: clean_line(calendar.name(), WIDE).into_owned(),
        href: desk.asked.url(&path(calendar.name()), &[]),
        default,
        zone: calendar.zone().name().to_owned(),
        weekend: words.commas(&weekend),
        sources: words.commas(&sources),
        until: until.map(|day| words.short_date(day, None)),
        version: calendar.version().to_owned(),
    }
}

fn shown(desk: &Desk<'_>, calendar: &Calendar, year: i32) -> Shown {
    let words = desk.asked.words();
    let of = |year: i32| {
        let path = path(calendar.name());
        YEARS.contains(&year).then(|| desk.asked.url(&path, &[("year", &year.to_string())]))
    };
    let special = calendar
        .year(year)
        .filter(|day| day.name.is_some() || !matches!(day.kind, DayKind::Working | DayKind::Weekend));
    let special = special.map(|day| {
        let kind = match day.kind {
            DayKind::Working => "page-day-working",
            DayKind::WorkedRestDay => "page-day-worked",
            DayKind::Weekend => "page-day-holiday-on-weekend",
            DayKind::Holiday if day.estimated => "page-day-estimated",
            DayKind::Holiday => "page-day-holiday",
            DayKind::SkippedByZone => "page-day-none",
        };
        Special {
            date: day.date.to_string(),
            day: words.short_date(day.date, Some(year)),
            kind: words.say(kind, []),
            name: clean_line(day.name.unwrap_or_default(), WIDE).into_owned(),
            source: day.origin.map(|origin| clean_line(&origin.to_string(), WIDE).into_owned()).unwrap_or_default(),
        }
    });
    Shown {
        name: clean_line(calendar.name(), WIDE).into_owned(),
        year,
        before: of(year - 1),
        after: of(year + 1),
        months: picture::year(words, calendar, year),
        special: special.collect(),
    }
}
