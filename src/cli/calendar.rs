//! `claimwatch calendar`: which calendars there are, and every day of one.

mod grid;

use chrono::{Datelike, NaiveDate, Weekday};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::{counted, json, remark, say, table};
use super::{Context, Failure};
use crate::app;
use crate::calendar::ics::write_ics;
use crate::calendar::{Calendar, Calendars, CountryEntry, DayFacts, DayKind, Holiday, Zone, countries, country_days};
use crate::claim::clean_line;

#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// List the configured calendars: zone, weekend, where their days come from and until when they are known
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show every day of a year: worked, weekend or holiday, and where that comes from
    Show(ShowArgs),
    /// List the countries whose public holidays are built in, or the parts of one
    Countries {
        /// The code of a country, as "DE": lists its subdivisions
        country: Option<String>,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A configured calendar, or a built-in country or subdivision, as "DE" or "DE-BY"
    name: String,
    /// The year [default: this year]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=9999))]
    year: Option<i32>,
    /// Print JSON
    #[arg(long, conflicts_with = "ics")]
    json: bool,
    /// Print the days off as an .ics file
    #[arg(long)]
    ics: bool,
}

pub fn run(command: CalendarCommand, context: &Context) -> Result<(), Failure> {
    match command {
        CalendarCommand::List { json } => list(&configured(context)?, json),
        CalendarCommand::Show(args) => show(&args, context),
        CalendarCommand::Countries { country, json } => list_countries(country.as_deref(), json),
    }
}

/// The calendars as they would be counted by: one whose holiday file cannot be read is not shown without its days.
fn configured(context: &Context) -> Result<Calendars, Failure> {
    let settings = context.settings()?;
    settings.warnings.iter().for_each(|warning| remark(warning));
    Ok(app::plan(&settings)?.calendars)
}

/// What `calendar list --json` says of one, and `calendar show --json` before the days. Source: docs/contract.md.
#[derive(Serialize)]
struct About<'a> {
    calendar: &'a str,
    default: bool,
    time_zone: &'a str,
    zone_data: &'a str,
    version: &'a str,
    holiday_data: Option<&'static str>,
    weekends: Vec<Era>,
    sources: Vec<Source>,
}

#[derive(Serialize)]
struct Era {
    since: NaiveDate,
    days: Vec<String>,
    source: String,
}

#[derive(Serialize)]
struct Source {
    source: String,
    holidays: usize,
    working_days: usize,
    known_from: Option<NaiveDate>,
    known_until: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    about: About<'a>,
    year: i32,
    days: Vec<ShownDay<'a>>,
}

#[derive(Serialize)]
struct ShownDay<'a> {
    date: NaiveDate,
    kind: DayKind,
    name: Option<&'a str>,
    source: Option<String>,
    estimated: bool,
}

impl<'a> About<'a> {
    fn of(calendar: &'a Calendar, default: bool) -> Self {
        let days = |off: chrono::WeekdaySet| off.iter(Weekday::Mon).map(|day| day.to_string().to_lowercase()).collect();
        let source = calendar.weekends_origin().to_string();
        let weekends = calendar.weekends().map(|(since, off)| Era { since, days: days(off), source: source.clone() });
        let sources = calendar.sources().map(|(origin, known)| Source {
            source: origin.to_string(),
            holidays: calendar.holidays().filter(|(_, off)| off.origin == origin).count(),
            working_days: calendar.working_days().filter(|(_, from)| *from == origin).count(),
            known_from: known.map(|known| *known.start()),
            known_until: known.map(|known| *known.end()),
        });
        Self {
            calendar: calendar.name(),
            default,
            time_zone: calendar.zone().name(),
            zone_data: calendar.zone().data_version(),
            version: calendar.version(),
            holiday_data: calendar.holiday_data(),
            weekends: weekends.collect(),
            sources: sources
                .filter(|source| source.known_until.is_some() || source.holidays + source.working_days > 0)
                .collect(),
        }
    }

    /// `FR, closures.ics`.
    fn sources(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|source| source.source.as_str()).collect();
        if names.is_empty() { "no holidays".into() } else { names.join(", ") }
    }

    fn known_until(&self) -> Option<NaiveDate> {
        self.sources.iter().filter_map(|source| source.known_until).min()
    }

    /// `sat, sun`, of the last weekend there is.
    fn weekend(&self) -> String {
        self.weekends.last().map_or_else(String::new, |era| era.days.join(", "))
    }
}

fn list(calendars: &Calendars, as_json: bool) -> Result<(), Failure> {
    let default = calendars.default().name();
    let all: Vec<About<'_>> =
        calendars.iter().map(|calendar| About::of(calendar, calendar.name() == default)).collect();
    if as_json {
        return json(&all);
    }
    let rows = all.iter().map(|about| {
        [
            format!("{}{}", about.calendar, if about.default { " (default)" } else { "" }),
            about.time_zone.to_owned(),
            about.weekend(),
            clean_line(&about.sources(), 60).into_owned(),
            about.known_until().map_or_else(|| "always".into(), |until| until.to_string()),
            about.version.to_owned(),
        ]
    });
    say(&table(["calendar", "zone", "weekend", "days off from", "known until", "version"], rows))
}

fn show(args: &ShowArgs, context: &Context) -> Result<(), Failure> {
    let calendars = configured(context)?;
    let built_in;
    let (calendar, default) = match calendars.get(&args.name) {
        Some(calendar) => (&**calendar, calendar.name() == calendars.default().name()),
        None => {
            built_in = country(&args.name).map_err(|why| not_found(&args.name, &calendars, &why))?;
            (&built_in, false)
        }
    };
    let now = context.time.now();
    let year = args.year.unwrap_or_else(|| calendar.zone().local_date(now).year());
    let about = About::of(calendar, default);
    if args.ics {
        return ics(calendar, year, now);
    }
    if args.json {
        let days = calendar.year(year).map(|DayFacts { date, kind, name, estimated, origin }| ShownDay {
            date,
            kind,
            name,
            source: origin.map(ToString::to_string),
            estimated,
        });
        return json(&Shown { about, year, days: days.collect() });
    }
    say(&grid::describe(calendar, &about, year))
}

/// The days off of one year; who subscribes to a calendar wants to see no weekends.
fn ics(calendar: &Calendar, year: i32, now: chrono::DateTime<chrono::Utc>) -> Result<(), Failure> {
    let off = calendar.year(year).filter(|day| matches!(day.kind, DayKind::Holiday | DayKind::Weekend));
    let holidays = off.filter_map(|day| {
        let name = day.name?;
        let name = if name.is_empty() { "holiday" } else { name };
        Some(Holiday { date: day.date, name: name.to_owned(), estimated: day.estimated })
    });
    if let Some(beyond) = grid::beyond(calendar, year) {
        remark(&beyond);
    }
    let text = write_ics(calendar.name(), holidays, now);
    let worked = calendar.year(year).filter(|day| day.kind == DayKind::WorkedRestDay).count();
    if worked > 0 {
        remark(&format!(
            "{} left out: the file holds days off",
            counted(worked, "rest day that is worked is", "rest days that are worked are")
        ));
    }
    // The file has line ends of its own.
    super::output::written(std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes()))
}

/// A built-in country or subdivision as a calendar of its own, in days of UTC.
fn country(code: &str) -> Result<Calendar, String> {
    let (country, part) = code.split_once('-').map_or((code, None), |(country, part)| (country, Some(part)));
    let days = country_days(country, part).map_err(|error| error.to_string())?;
    let zone = Zone::named("UTC").map_err(|error| error.to_string())?;
    Ok(Calendar::new(code, zone).with_days(days))
}

fn not_found(name: &str, calendars: &Calendars, why: &str) -> Failure {
    let known: Vec<&str> = calendars.names().collect();
    Failure::usage(format!(
        "calendar: found {:?}, expected one of {}, or a built-in country: {why}",
        clean_line(name, 80),
        known.join(", ")
    ))
}

/// A line of `calendar countries --json`. Source: docs/contract.md.
#[derive(Serialize)]
struct CountryLine {
    code: String,
    name: String,
    aliases: Vec<String>,
    known_from: Option<NaiveDate>,
    known_until: Option<NaiveDate>,
    subdivisions: usize,
}

fn list_countries(country: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let lines: Vec<CountryLine> = match country {
        None => countries().map(|entry| line_of(&entry)).collect(),
        Some(code) => {
            let Some(entry) = countries().find(|entry| entry.place.code == code) else {
                let why = country_days(code, None).err().map(|error| error.to_string()).unwrap_or_default();
                return Err(Failure::usage(format!("country: {why}")));
            };
            let parts = entry.subdivisions.iter().map(|part| CountryLine {
                code: format!("{code}-{}", part.place.code),
                name: part.place.name.clone(),
                aliases: part.aliases.clone(),
                known_from: part.coverage.as_ref().map(|known| *known.start()),
                known_until: part.coverage.as_ref().map(|known| *known.end()),
                subdivisions: 0,
            });
            std::iter::once(line_of(&entry)).chain(parts).collect()
        }
    };
    if as_json {
        return json(&lines);
    }
    let date = |date: Option<NaiveDate>| date.map_or_else(|| "unknown".into(), |date| date.to_string());
    let rows = lines.iter().map(|line| {
        let parts = if line.subdivisions == 0 { String::new() } else { line.subdivisions.to_string() };
        [line.code.clone(), line.name.clone(), date(line.known_from), date(line.known_until), parts]
    });
    say(&table(["code", "name", "known from", "known until", "subdivisions"], rows))
}

fn line_of(entry: &CountryEntry) -> CountryLine {
    CountryLine {
        code: entry.place.code.clone(),
        name: entry.place.name.clone(),
        aliases: entry.aliases.clone(),
        known_from: entry.coverage.as_ref().map(|known| *known.start()),
        known_until: entry.coverage.as_ref().map(|known| *known.end()),
        subdivisions: entry.subdivisions.len(),
    }
}
