//! What the reader of `.ics` files promises for any bytes; also checked by the fuzz target `ics`.

use chrono::{DateTime, Datelike, NaiveDate};
use claimwatch::calendar::ics::{FIRST_YEAR, IcsDays, IcsWarning, LAST_YEAR, MAX_DAYS, read_ics, write_ics};
use claimwatch::claim::clean_line;

/// # Panics
/// If a promise is broken.
pub fn check(bytes: &[u8]) {
    match read_ics("fuzz.ics", bytes) {
        Ok(read) => {
            check_days(&read);
            check_round_trip(&read);
        }
        Err(error) => {
            check_message(&error.to_string(), error.line, bytes);
            assert!(!error.found.is_empty() && !error.expected.is_empty(), "{error}");
        }
    }
}

fn check_days(read: &IcsDays) {
    let holidays = &read.days.holidays;
    let working_days = &read.days.working_days;
    assert!(holidays.windows(2).all(|pair| pair[0].date < pair[1].date), "sorted, each date once");
    assert!(working_days.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each date once");
    assert!(read.days.weekends.is_empty());
    let coverage = read.days.coverage.clone().expect("a file ends");
    assert_eq!((coverage.start().month(), coverage.start().day()), (1, 1));
    assert_eq!((coverage.end().month(), coverage.end().day()), (12, 31));
    let dates: Vec<NaiveDate> = holidays.iter().map(|day| day.date).chain(working_days.iter().copied()).collect();
    assert!((1..=2 * MAX_DAYS).contains(&dates.len()), "{} days", dates.len());
    assert!(dates.iter().all(|date| (FIRST_YEAR..=LAST_YEAR).contains(&date.year())));
    assert_eq!(dates.iter().min().map(Datelike::year), Some(coverage.start().year()));
    for day in holidays {
        assert_eq!(clean_line(&day.name, 200), day.name, "names are one harmless line");
        assert_eq!(day.name.split_whitespace().collect::<Vec<_>>().join(" "), day.name, "single spaces");
    }
    assert!(read.warnings.len() <= IcsWarning::MOST + 1);
    for warning in &read.warnings {
        check_message(&warning.to_string(), None, &[]);
    }
}

/// The most days that are written and read again: more of them try nothing else, and take long under a sanitizer.
const ROUND_TRIP: usize = 300;

fn check_round_trip(read: &IcsDays) {
    let holidays: Vec<_> = read.days.holidays.iter().take(ROUND_TRIP).cloned().collect();
    if holidays.is_empty() {
        return;
    }
    let text = write_ics("fuzz", holidays.iter().cloned(), DateTime::UNIX_EPOCH);
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    let again = read_ics("again.ics", text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.days.holidays, holidays, "{text}");
    assert!(again.warnings.is_empty(), "{:?}", again.warnings);
}

/// One short harmless line, which names a line of the file if any.
fn check_message(message: &str, line: Option<usize>, bytes: &[u8]) {
    assert!(message.len() <= 2000 && !message.contains(char::is_control), "{message:?}");
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "{message:?} of {lines} lines");
}
