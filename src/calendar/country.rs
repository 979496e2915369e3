//! Built-in public holidays: what the law of a country, or of one of its parts, says of its days.
//!
//! The data is that of Python's `holidays`; `tools/holidays` makes `data/holidays.tsv` from it, `build.rs` packs that, and
//! `tests/it/holidays.rs` compares what is read here with the source, day by day. Only the countries that are asked for
//! are read. Outside the years that a calendar covers nothing is known; single holidays may still be named there.

mod data;
mod near;
mod said;
mod when;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use super::{Days, Holiday, Origin};
use data::Block;
use said::Said;

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
    let text = Block::of(country).map(Block::text).transpose()?.unwrap_or_default();
    let Some(mut said) = Said::of(country, &text)?.filter(|said| !said.is_part) else {
        return Err(near::unknown_country(country));
    };
    let mut code = country.to_owned();
    if let Some(subdivision) = subdivision {
        code = format!("{country}-{subdivision}");
        match Said::of(&code, &text)? {
            Some(part) => said = said.but(part),
            None => return Err(near::unknown_subdivision(country, subdivision)),
        }
    }
    let Some(coverage) = said.coverage.flatten() else {
        return Err(CountryError::NothingKnown { country: said.place });
    };
    Ok(Days {
        origin: Origin::Country(code),
        weekends: said.weekends,
        holidays: by_date(said.holidays),
        working_days: said.worked.unwrap_or_default(),
        coverage: Some(coverage),
    })
}

/// All countries for which holidays are built in, in the order of their codes.
pub fn countries() -> impl Iterator<Item = CountryEntry> {
    data::BLOCKS.iter().filter_map(|block| block.text().and_then(|text| entries(&text)).ok()).flatten()
}

/// One holiday a date; names on the same date are joined.
fn by_date(holidays: BTreeMap<(NaiveDate, String), bool>) -> Vec<Holiday> {
    let mut days: Vec<Holiday> = Vec::with_capacity(holidays.len());
    for ((date, name), estimated) in holidays {
        match days.last_mut() {
            Some(day) if day.date == date => {
                day.name.push_str("; ");
                day.name.push_str(&name);
                day.estimated |= estimated;
            }
            _ => days.push(Holiday { date, name, estimated }),
        }
    }
    days
}

/// The countries of a block's text.
fn entries(text: &str) -> Result<Vec<CountryEntry>, CountryError> {
    let mut countries: Vec<CountryEntry> = Vec::new();
    for said in Said::names(text)? {
        let Said { place, aliases, coverage, .. } = said;
        match countries.last_mut() {
            Some(country) if said.is_part => {
                let coverage = coverage.unwrap_or_else(|| country.coverage.clone());
                country.subdivisions.push(SubdivisionEntry { place, aliases, coverage });
            }
            _ => {
                let coverage = coverage.flatten();
                countries.push(CountryEntry { place, aliases, coverage, subdivisions: Vec::new() });
            }
        }
    }
    Ok(countries)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.code, self.name)
    }
}

#[cfg(test)]
mod tests;
