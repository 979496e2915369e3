//! The built-in data as it is packed: lines of text, the countries of a block deflated together.

use std::ops::RangeInclusive;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::CountryError;

mod packed {
    use std::ops::RangeInclusive;

    use super::Block;

    include!(concat!(env!("OUT_DIR"), "/holidays.rs"));
}

/// Which data it is: `holidays 0.109`.
pub const VERSION: &str = packed::VERSION;
/// The years for which the data was made; what each calendar covers may be less.
pub const YEARS: RangeInclusive<i32> = packed::YEARS;
/// The days that others are counted from, by name: a date in each of [`YEARS`].
pub const SERIES: &[(&str, &str)] = packed::SERIES;
/// All countries, in the order of their codes.
pub const BLOCKS: &[Block] = packed::BLOCKS;

/// Some countries that follow one another, with their subdivisions.
pub struct Block {
    /// The code of the first country.
    pub first: &'static str,
    /// How long the text is, in bytes.
    pub length: usize,
    pub deflated: &'static [u8],
}

/// One thing that one calendar says. `tools/holidays/README.md` has the kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// `DE`, `DE-BY`.
    pub calendar: &'a str,
    pub kind: &'a str,
    pub text: &'a str,
    pub dates: &'a str,
}

impl Block {
    /// The block that has that country, if any has.
    pub fn of(country: &str) -> Option<&'static Self> {
        let after = BLOCKS.partition_point(|block| block.first <= country);
        BLOCKS.get(after.checked_sub(1)?)
    }

    /// Its lines, as text.
    pub fn text(&self) -> Result<String, CountryError> {
        let bytes = decompress_to_vec_with_limit(self.deflated, self.length).ok();
        let text = bytes.filter(|bytes| bytes.len() == self.length).and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| CountryError::Unreadable { found: format!("the block of {:?}", self.first) })
    }
}

/// The lines of a block's text, each with the calendar that it is about.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, CountryError>> {
    let mut last = "";
    text.lines().map(move |line| {
        let mut cells = line.split('\t');
        match (cells.next(), cells.next(), cells.next(), cells.next(), cells.next()) {
            (Some(calendar), Some(kind), Some(text), Some(dates), None) => {
                last = if calendar.is_empty() { last } else { calendar };
                Ok(Line { calendar: last, kind, text, dates })
            }
            _ => Err(CountryError::Unreadable { found: line.to_owned() }),
        }
    })
}
