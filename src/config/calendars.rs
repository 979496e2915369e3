//! `[calendars]`: what each calendar is made of, and which of them is the default.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::{Calendars, CountryError, Days, FIRST_DAY, Holiday, LAST_DAY, country_days, ics};
use crate::claim::clean_line;

use super::recipe::{Failure, HolidayFile, Made, Recipe, Recipes};
use super::section::{Section, expected, instead, line, one_of, text};
use super::tree::{Node, Value};
use super::{Affects, read_zone};

/// The longest name of a calendar, in characters.
const LONGEST_NAME: usize = 100;

/// What calendars are made of, the calendars, and warnings about their holiday files.
type Prepared = (Recipes, Calendars, Vec<String>);

/// The names of all calendars, and the calendars themselves unless something is wrong with them.
pub fn read(section: &Section<'_>) -> (Vec<String>, Option<Prepared>) {
    let chosen = section.read("default", |node| line(node, "the name of a calendar, as \"fr\""));
    let tables = section.named();
    let mut names: Vec<String> = tables.iter().map(|(name, _)| (*name).to_owned()).collect();
    let recipes: Vec<Option<Recipe>> = tables
        .into_iter()
        .map(|(name, table)| {
            if name.trim() != name || name.is_empty() || clean_line(name, LONGEST_NAME) != name {
                section.report_at(
                    section.key_place(name),
                    name,
                    format!("found this name, expected 1 to {LONGEST_NAME} visible characters"),
                );
            }
            recipe(name, table)
        })
        .collect();
    let default = default(section, chosen, &mut names);
    let recipes: Option<Vec<Recipe>> = recipes.into_iter().collect();
    let made = default.zip(recipes).and_then(|(default, mut recipes)| {
        if recipes.is_empty() {
            recipes.push(Recipe::of(&default));
        }
        make(section, Recipes::new(default, recipes))
    });
    (names, made)
}

/// The default calendar's name; without any calendar one of that name is made: days of UTC, Saturday and Sunday off.
fn default(section: &Section<'_>, chosen: Option<&str>, names: &mut Vec<String>) -> Option<String> {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    match (chosen, &known[..]) {
        (None | Some("default"), []) => {
            names.push("default".into());
            Some("default".into())
        }
        (Some(chosen), []) => {
            section.report(
                "default",
                format!("found {chosen:?}, but there is no calendar: [calendars.{chosen}] is missing"),
            );
            None
        }
        (Some(chosen), known) if !known.contains(&chosen) => {
            section.report("default", format!("found {chosen:?}, expected {}", one_of(known)));
            None
        }
        (Some(chosen), _) => Some(chosen.to_owned()),
        (None, [only]) => Some((*only).to_owned()),
        (None, known) => {
            if !section.has("default") {
                section.report("default", format!("absent, expected {}", one_of(known)));
            }
            None
        }
    }
}

/// The calendars; a holiday file that cannot be used stands in the way of deadlines, and of nothing else.
fn make(section: &Section<'_>, mut recipes: Recipes) -> Option<Prepared> {
    let Made { calendars, warnings, failures } = recipes.make();
    for Failure { place, detail } in failures {
        section.obstacle_at(Affects::Deadlines, place, detail);
    }
    let calendars = calendars.map_err(|why| section.report("default", why));
    Some((recipes, calendars.ok()?, warnings))
}

fn recipe(name: &str, section: Section<'_>) -> Option<Recipe> {
    let mut recipe = Recipe::of(name);
    if let Some(zone) = section.read("time_zone", read_zone) {
        zone.name().clone_into(&mut recipe.time_zone);
    }
    recipe.weekend = section.list("weekend", "a list of days, as [\"sat\", \"sun\"]", weekday);
    let what = "a list of dates, as [\"2026-12-24\"]";
    for (date, name) in section.list("holidays", what, day).into_iter().flatten() {
        recipe.own.holidays.push(Holiday { date, name, estimated: false });
    }
    for (date, name) in section.list("closures", what, day).into_iter().flatten() {
        let name = if name.is_empty() { "closure".into() } else { name };
        recipe.own.holidays.push(Holiday { date, name, estimated: false });
    }
    recipe.own.working_days = section.list("working_days", what, date).unwrap_or_default();
    recipe.country = country(&section);
    recipe.files =
        section.list("ics", "a list of files, as [\"closures.ics\"]", |node| file(&section, node)).unwrap_or_default();
    // Files may bring working days.
    let checked = if recipe.files.is_empty() { recipe.check() } else { Ok(()) };
    let checked = checked.map_err(|error| section.report("weekend", error.to_string()));
    section.finish();
    checked.ok().map(|()| recipe)
}

/// The built-in days of a country, or of a part of it.
fn country(section: &Section<'_>) -> Option<Days> {
    let country = section.read("country", |node| line(node, "the two capital letters of a country, as \"FR\""));
    let part = section.read("subdivision", |node| line(node, "a part of the country, as \"BY\""));
    let Some(country) = country else {
        if part.is_some() && !section.has("country") {
            section.report("subdivision", "found a subdivision without a country, expected country = \"…\" beside it");
        }
        return None;
    };
    if part.is_none() && section.has("subdivision") {
        return None;
    }
    let days = country_days(country, part).map_err(|error| {
        let of_part = matches!(error, CountryError::UnknownSubdivision { .. });
        section.report(if of_part { "subdivision" } else { "country" }, error.to_string());
    });
    days.ok()
}

/// A holiday file: its path, or a table of the path and the day until which it knows.
fn file(section: &Section<'_>, node: &Node) -> Result<HolidayFile, String> {
    let what = "the path of a file, or { file = \"closures.ics\", known_until = \"2030-12-31\" }";
    let (path, known_until) = match &node.value {
        Value::Table(entries) => {
            if let Some(key) = entries.keys().find(|key| !["file", "known_until"].contains(&key.as_str())) {
                return Err(format!("found {key:?}; {}", instead(key, &["file", "known_until"])));
            }
            let path = entries.get("file").ok_or(format!("found no file, expected {what}"))?;
            (line(path, what)?, entries.get("known_until").map(last_day).transpose()?)
        }
        _ => (line(node, what)?, None),
    };
    let place = section.shown_place("ics", &node.place);
    Ok(HolidayFile { path: section.resolve(path), shown: path.to_owned(), known_until, place })
}

/// The last day of which a holiday file knows: later ones than it is read for it cannot.
fn last_day(node: &Node) -> Result<NaiveDate, String> {
    let date = date(node)?;
    if date.year() > ics::LAST_YEAR {
        return Err(expected(node, &format!("a day until the end of {}, up to which files are read", ics::LAST_YEAR)));
    }
    Ok(date)
}

fn weekday(node: &Node) -> Result<Weekday, String> {
    let what = "a day of the week, as \"sat\" or \"Saturday\"";
    line(node, what)?.parse().map_err(|_| expected(node, what))
}

/// A date, or a table of a date and a name.
fn day(node: &Node) -> Result<(NaiveDate, String), String> {
    let Value::Table(entries) = &node.value else { return Ok((date(node)?, String::new())) };
    if let Some(key) = entries.keys().find(|key| !["date", "name"].contains(&key.as_str())) {
        return Err(format!("found {key:?}; {}", instead(key, &["date", "name"])));
    }
    let Some(at) = entries.get("date") else {
        return Err("found no date, expected { date = \"2026-12-24\", name = \"…\" }".into());
    };
    let name = entries.get("name").map_or(Ok(""), |name| text(name, "the holiday's name"))?;
    Ok((date(at)?, name.trim().to_owned()))
}

fn date(node: &Node) -> Result<NaiveDate, String> {
    let what = "a date that exists, as \"2026-12-24\"";
    let written = match &node.value {
        Value::Moment(written) => written,
        _ => line(node, what)?,
    };
    let shaped = written.len() == 10 && written.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    let date = if shaped { NaiveDate::parse_from_str(written, "%Y-%m-%d").ok() } else { None };
    date.filter(|date| (FIRST_DAY..=LAST_DAY).contains(date)).ok_or_else(|| expected(node, what))
}
