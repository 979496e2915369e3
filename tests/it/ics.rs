//! `.ics` files as they are exported, and as they should not be.
//!
//! Each `tests/data/ics/right/NAME.ics` is read as the listing beside it, `NAME.txt`, and each `wrong/NAME.ics` is
//! refused with the text beside it; `UPDATE_SNAPSHOTS=1` writes those anew. What fuzzing found is in `fuzz`, what it tried
//! in `fuzz-corpus`.

mod invariants;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use claimwatch::calendar::ics::{IcsDays, read_ics};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ics").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_none_or(|extension| extension != "txt"));
    files.sort();
    files
}

fn listing(read: &IcsDays) -> String {
    let mut text = String::new();
    let coverage = read.days.coverage.as_ref().expect("files end");
    writeln!(text, "{} to {}", coverage.start(), coverage.end()).unwrap();
    for day in &read.days.holidays {
        let estimated = if day.estimated { " (estimated)" } else { "" };
        writeln!(text, "{} {}{estimated}", day.date.format("%Y-%m-%d %a"), day.name).unwrap();
    }
    for day in &read.days.working_days {
        writeln!(text, "{} is worked", day.format("%Y-%m-%d %a")).unwrap();
    }
    for warning in &read.warnings {
        writeln!(text, "{warning}").unwrap();
    }
    text
}

/// What is not as the text beside a file says.
fn different(file: &Path, found: &str) -> Option<String> {
    let beside = file.with_extension("txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&beside, found).unwrap();
    }
    let expected = fs::read_to_string(&beside).unwrap_or_default();
    (found != expected).then(|| format!("{}\nfound:\n{found}expected:\n{expected}", file.display()))
}

#[test]
fn every_right_file_is_read_as_the_listing_beside_it() {
    let mut wrong = Vec::new();
    let files = files("right");
    assert!(files.len() >= 30, "{} right files", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let found = match read_ics(name, &fs::read(&file).unwrap()) {
            Ok(read) => listing(&read),
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        wrong.extend(different(&file, &found));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_wrong_file_is_refused_with_the_text_beside_it() {
    let mut wrong = Vec::new();
    let files = files("wrong");
    assert!(files.len() >= 30, "{} wrong files", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        match read_ics(name, &fs::read(&file).unwrap()) {
            Ok(read) => wrong.push(format!("{} is read:\n{}", file.display(), listing(&read))),
            Err(error) => wrong.extend(different(&file, &format!("{error}\n"))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_fuzzing_tried_and_found_keeps_the_readers_promises() {
    for folder in ["right", "wrong", "fuzz", "fuzz-corpus"] {
        for file in files(folder) {
            // The harness says which assertion failed, this which file.
            println!("{}", file.display());
            invariants::check(&fs::read(&file).unwrap());
        }
    }
}
