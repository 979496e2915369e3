//! What the binary embeds: the migrations, a change of which rebuilds, and the built-in public holidays, packed.
//!
//! `data/holidays.tsv` is cut into blocks of whole countries, each deflated by itself, so that a program reads only the
//! countries that it uses. A line of a block names its calendar only where that differs from the line before it. Beside the
//! blocks stands `holidays.rs` with their index and what is true of all countries: see `src/calendar/country/data.rs`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const HOLIDAYS: &str = "data/holidays.tsv";
/// The text of one block, in bytes, unless a single country has more. Larger blocks pack better, smaller ones are read
/// sooner: this much takes some tenths of a millisecond.
const BLOCK: usize = 48 * 1024;
/// The best that deflate can do; it takes a moment, once.
const LEVEL: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed={HOLIDAYS}");
    let text = fs::read_to_string(HOLIDAYS).map_err(|error| format!("{HOLIDAYS}: {error}"))?;
    pack(&text, Path::new(&env::var("OUT_DIR")?))
}

/// Writes the blocks and their index into `folder`.
fn pack(text: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (mut index, mut series, mut blocks) = (String::new(), String::new(), Vec::<Block>::new());
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).peekable();
    while let Some((number, line)) = lines.next() {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[calendar, kind, text, dates] = &cells[..] else {
            return Err(format!("{HOLIDAYS}:{}: found {} cells, expected 4", number + 1, cells.len()).into());
        };
        match (calendar, kind) {
            ("*", "version") => writeln!(index, "pub const VERSION: &str = {text:?};")?,
            ("*", "years") => writeln!(index, "pub const YEARS: RangeInclusive<i32> = {};", text.replace("..", "..="))?,
            ("*", _) => writeln!(series, "    ({kind:?}, {dates:?}),")?,
            _ => add_country(calendar, line, &mut lines, &mut blocks),
        }
    }
    writeln!(index, "pub const SERIES: &[(&str, &str)] = &[\n{series}];\npub const BLOCKS: &[Block] = &[")?;
    for (number, block) in blocks.iter().enumerate() {
        let file = folder.join(format!("holidays-{number}.deflate"));
        fs::write(&file, miniz_oxide::deflate::compress_to_vec(block.text.as_bytes(), LEVEL))?;
        let (first, length) = (&block.first, block.text.len());
        writeln!(index, "    Block {{ first: {first:?}, length: {length}, deflated: include_bytes!({file:?}) }},")?;
    }
    writeln!(index, "];")?;
    fs::write(folder.join("holidays.rs"), index)?;
    Ok(())
}

struct Block {
    /// The code of its first country.
    first: String,
    text: String,
}

/// Adds the country that `first` is a line of, with all that follow, to the last block, or to one of its own.
fn add_country<'a>(
    code: &str,
    first: &str,
    rest: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'a str)>>,
    blocks: &mut Vec<Block>,
) {
    let mut text = format!("{first}\n");
    let mut last = code.to_owned();
    while let Some((_, line)) = rest.next_if(|(_, line)| line.split(['\t', '-']).next() == Some(code)) {
        let (calendar, cells) = line.split_once('\t').unwrap_or((line, ""));
        let shown = if calendar == last { "" } else { calendar };
        text.push_str(&format!("{shown}\t{cells}\n"));
        last = calendar.to_owned();
    }
    match blocks.last_mut() {
        Some(block) if block.text.len() + text.len() <= BLOCK => block.text.push_str(&text),
        _ => blocks.push(Block { first: code.to_owned(), text }),
    }
}
