//! What somebody may have meant who named a country or a subdivision that is not there.

use super::{CountryEntry, CountryError, Place, countries};

/// So many suggestions are enough.
const SHOWN: usize = 3;
/// How much a name must be like what was found, from 0 to 1.
const ALIKE: f64 = 0.75;
/// How much it is like a name that contains it: the more of the name it is, the more.
const CONTAINED: std::ops::Range<f64> = 0.8..0.9;
/// The shortest part of a name that is one: any name contains an "a".
const SHORTEST_PART: usize = 4;

/// No country has this code; it may be one with its subdivision, in another case, another code, or a name.
pub fn unknown_country(found: &str) -> CountryError {
    let all: Vec<CountryEntry> = countries().collect();
    if let Some((country, part)) = found.split_once('-') {
        let country = all.iter().find(|entry| entry.place.code.eq_ignore_ascii_case(country));
        let part = country.and_then(|entry| {
            let part = entry.subdivisions.iter().find(|known| known.place.code.eq_ignore_ascii_case(part));
            Some((entry.place.code.clone(), part?.place.code.clone()))
        });
        if let Some((country, subdivision)) = part {
            return CountryError::SubdivisionAsCountry { found: found.to_owned(), country, subdivision };
        }
    }
    let near = nearest(found, all.iter().map(|entry| (&entry.place, &entry.aliases[..])));
    CountryError::UnknownCountry { found: found.to_owned(), near }
}

/// That country has no subdivision of this code; it may be in another case, with the country's code before it, or a name.
pub fn unknown_subdivision(country: &str, found: &str) -> CountryError {
    let Some(entry) = countries().find(|entry| entry.place.code == country) else {
        return unknown_country(country);
    };
    let part = found.strip_prefix(country).and_then(|rest| rest.strip_prefix('-')).unwrap_or(found);
    let near = nearest(part, entry.subdivisions.iter().map(|known| (&known.place, &known.aliases[..])));
    let known = entry.subdivisions.into_iter().map(|known| known.place.code).collect();
    CountryError::UnknownSubdivision { country: entry.place, found: found.to_owned(), near, known }
}

/// The places most like what was found, by code, name or alias, best first.
fn nearest<'a>(found: &str, places: impl Iterator<Item = (&'a Place, &'a [String])>) -> Vec<Place> {
    let found = found.trim().to_lowercase();
    let mut near: Vec<(f64, &Place)> = places
        .map(|(place, aliases)| {
            let names = [&place.code, &place.name].into_iter().chain(aliases);
            (names.map(|name| likeness(&found, &name.to_lowercase())).fold(0.0, f64::max), place)
        })
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.code.cmp(&b.1.code)));
    // What is the very name needs no others beside it.
    let exact = near.iter().filter(|(likeness, _)| *likeness >= 1.0).count();
    near.into_iter().take(if exact > 0 { exact } else { SHOWN }).map(|(_, place)| place.clone()).collect()
}

fn likeness(found: &str, name: &str) -> f64 {
    let share = found.chars().count() as f64 / name.chars().count() as f64;
    let contained = found.len() >= SHORTEST_PART && name.contains(found);
    let contained = if contained { CONTAINED.start + (CONTAINED.end - CONTAINED.start) * share } else { 0.0 };
    strsim::normalized_damerau_levenshtein(found, name).max(contained)
}

pub fn countries_meant(near: &[Place]) -> String {
    if near.is_empty() { String::from("; expected the two letters of a country, as \"DE\"") } else { meant(near) }
}

pub fn subdivisions_meant(near: &[Place], known: &[String]) -> String {
    match (near, known) {
        ([], []) => String::from(", which has none here; expected a country alone"),
        ([], known) => format!("; expected one of {}", known.join(", ")),
        (near, _) => meant(near),
    }
}

fn meant(near: &[Place]) -> String {
    let places: Vec<String> = near.iter().map(Place::to_string).collect();
    format!("; did you mean {}?", places.join(" or "))
}
