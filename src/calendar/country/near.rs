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

/// No country has this code, or, where a subdivision is given, that country has no such part. What was found may be in
/// another case, another code, a name, or the codes of a country and its subdivision in one.
pub fn unknown(country: &str, subdivision: Option<&str>) -> CountryError {
    let all: Vec<CountryEntry> = countries().collect();
    for entry in &all {
        if let (Some(found), true) = (subdivision, entry.place.code == country) {
            return unknown_subdivision(entry, found);
        }
        for part in &entry.subdivisions {
            let joined = country.split_once('-').is_some_and(|(whole, code)| {
                entry.place.code.eq_ignore_ascii_case(whole) && part.place.code.eq_ignore_ascii_case(code)
            });
            if joined {
                let (found, subdivision) = (country.to_owned(), part.place.code.clone());
                return CountryError::SubdivisionAsCountry { found, country: entry.place.code.clone(), subdivision };
            }
        }
    }
    let mut near = Nearest::to(country);
    for entry in &all {
        near.consider(&entry.place, &entry.aliases);
    }
    CountryError::UnknownCountry { found: country.to_owned(), near: near.places() }
}

fn unknown_subdivision(country: &CountryEntry, found: &str) -> CountryError {
    let part = found.strip_prefix(&country.place.code).and_then(|rest| rest.strip_prefix('-')).unwrap_or(found);
    let mut near = Nearest::to(part);
    let mut known = Vec::with_capacity(country.subdivisions.len());
    for entry in &country.subdivisions {
        near.consider(&entry.place, &entry.aliases);
        known.push(entry.place.code.clone());
    }
    CountryError::UnknownSubdivision {
        country: country.place.clone(),
        found: found.to_owned(),
        near: near.places(),
        known,
    }
}

/// The places most like what was found, best first.
struct Nearest<'a> {
    found: String,
    best: Vec<(f64, &'a Place)>,
}

impl<'a> Nearest<'a> {
    fn to(found: &str) -> Self {
        Self { found: found.trim().to_lowercase(), best: Vec::new() }
    }

    /// Takes a place in, if it is like what was found by code, name or alias.
    fn consider(&mut self, place: &'a Place, aliases: &[String]) {
        let mut like = likeness(&self.found, &place.code).max(likeness(&self.found, &place.name));
        for alias in aliases {
            like = like.max(likeness(&self.found, alias));
        }
        if like > ALIKE {
            let rank = self.best.iter().take_while(|(other, _)| *other >= like).count();
            self.best.insert(rank, (like, place));
        }
    }

    /// What is the very name needs no others beside it.
    fn places(&self) -> Vec<Place> {
        let exact = self.best.iter().take_while(|(like, _)| *like >= 1.0).count();
        let shown = if exact > 0 { exact } else { SHOWN };
        self.best.iter().take(shown).map(|(_, place)| (*place).clone()).collect()
    }
}

fn likeness(found: &str, name: &str) -> f64 {
    let name = name.to_lowercase();
    let whole = strsim::normalized_damerau_levenshtein(found, &name);
    if found.len() < SHORTEST_PART || !name.contains(found) {
        return whole;
    }
    let share = found.len() as f64 / name.len() as f64;
    whole.max(CONTAINED.start + (CONTAINED.end - CONTAINED.start) * share)
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
