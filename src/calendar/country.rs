//! Built-in public holidays: what the law of a country, or of one of its parts, says of its days.
//!
//! The data is that of Python's `holidays`; `tools/holidays` makes `data/holidays.tsv` from it, `build.rs` packs that, and
//! `tests/it/holidays.rs` compares what is read here with the source, day by day. Only the countries that are asked for
//! are read. Outside the years that a calendar covers nothing is known; single holidays may still be named there.

mod data;
mod near;
mod reading;
mod when;

use std::fmt;
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::{Days, Origin};
use data::Block;
use reading::Reading;

/// Which data is built in: `holidays 0.109`.
pub const HOLIDAY_DATA: &str = data::VERSION;

/// A country or a part of one. As text: `"DE" (Germany)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its code, as the configuration names it: `DE`, `BY`.
    pub code: String,
    /// Its name, in English or its own language.
    pub name: String,
}

/// A country for which holidays are built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountryEntry {
    pub place: Place,
    /// What else it is called.
    pub aliases: Vec<String>,
    /// The days for which its holidays are known; `None`: for no day.
    pub coverage: Option<RangeInclusive<NaiveDate>>,
    /// Its parts that have holidays of their own, in the order of their codes.
    pub subdivisions: Vec<SubdivisionEntry>,
}

/// A part of a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubdivisionEntry {
    pub place: Place,
    /// What else it is called.
    pub aliases: Vec<String>,
    /// As of a country.
    pub coverage: Option<RangeInclusive<NaiveDate>>,
}

/// Why there are no holidays for a country and subdivision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountryError {
    /// No country has this code; `near` are those most like it, best first.
    #[error("found {found:?}, no such country{}", near::countries_meant(near))]
    UnknownCountry { found: String, near: Vec<Place> },
    /// It is a country and a part of it in one.
    #[error("found {found:?} as a country, expected country = {country:?} with subdivision = {subdivision:?}")]
    SubdivisionAsCountry { found: String, country: String, subdivision: String },
    /// The country has no part of this code; `near` are those most like it, best first, `known` all.
    #[error("found {found:?}, no such subdivision of {country}{}", near::subdivisions_meant(near, known))]
    UnknownSubdivision { country: Place, found: String, near: Vec<Place>, known: Vec<String> },
    /// The country is known, but nothing of its days: nobody lives there.
    #[error("found {country}, of whose public holidays nothing is known; expected another country, or none")]
    NothingKnown { country: Place },
    /// The built-in data is damaged.
    #[error("found {found:?} in the built-in holidays, expected data as it was built: install the program again")]
    Unreadable { found: String },
}

/// The public holidays, weekends and worked rest days of a country, or of one of its parts, by their codes: `DE`, `BY`.
/// They come in the order of their dates, a date once; several holidays on one day share its name: `Eid al-Fitr; Labor
/// Day`, which is then `estimated` if any of them is.
///
/// # Errors
/// [`CountryError`]
pub fn country_days(country: &str, subdivision: Option<&str>) -> Result<Days, CountryError> {
    let code = subdivision.map_or_else(|| country.to_owned(), |part| format!("{country}-{part}"));
    let text = Block::of(country).map(Block::text).transpose()?.unwrap_or_default();
    let mut reading = Reading::new();
    let (mut country_is_there, mut all_is_there) = (false, false);
    for line in data::lines(&text) {
        let line = line?;
        if line.calendar == country || line.calendar == code {
            country_is_there |= line.calendar == country && !line.is_of_a_part();
            all_is_there |= line.calendar == code && country_is_there;
            reading.read(line)?;
        }
    }
    if !all_is_there {
        return Err(near::unknown(country, subdivision.filter(|_| country_is_there)));
    }
    let Some(coverage) = reading.coverage.clone() else {
        return Err(CountryError::NothingKnown { country: reading.place });
    };
    Ok(Days {
        origin: Origin::Country(code),
        holidays: reading.holidays(),
        weekends: reading.weekends,
        working_days: reading.worked,
        coverage: Some(coverage),
    })
}

/// All countries for which holidays are built in, in the order of their codes.
pub fn countries() -> impl Iterator<Item = CountryEntry> {
    data::BLOCKS.iter().flat_map(|block| block.text().and_then(|text| entries(&text)).unwrap_or_default())
}

/// The countries of a block's text.
fn entries(text: &str) -> Result<Vec<CountryEntry>, CountryError> {
    let mut countries: Vec<CountryEntry> = Vec::new();
    for line in data::lines(text) {
        let line = line?;
        if line.kind == "name" && !line.is_of_a_part() {
            let (aliases, subdivisions) = (Vec::new(), Vec::new());
            countries.push(CountryEntry { place: line.place(), aliases, coverage: None, subdivisions });
        }
        let Some(country) = countries.last_mut() else { continue };
        if line.kind == "name" && line.is_of_a_part() {
            let coverage = country.coverage.clone();
            country.subdivisions.push(SubdivisionEntry { place: line.place(), aliases: Vec::new(), coverage });
        }
        let (aliases, coverage) = match country.subdivisions.last_mut() {
            Some(part) => (&mut part.aliases, &mut part.coverage),
            None => (&mut country.aliases, &mut country.coverage),
        };
        match line.kind {
            "aliases" => aliases.extend(line.text.split("; ").map(str::to_owned)),
            "years" => *coverage = when::whole_years(line.text)?,
            _ => {}
        }
    }
    Ok(countries)
}

impl CountryError {
    fn unreadable(found: &str) -> Self {
        Self::Unreadable { found: found.to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.code, self.name)
    }
}

#[cfg(test)]
mod tests;
