//! Deadlines that were counted beyond what their calendar knows.

use super::*;
use crate::calendar::{Days, FIRST_DAY, Origin};

/// A review by a calendar whose origin knows of these days alone; it runs from Saturday, 21 November 2026, to Tuesday.
fn counted_by(calendar: &str, source: &str, from: NaiveDate, until: &str) -> Case {
    let mut case = review("C-1");
    let known = Days { coverage: Some(from..=day(until)), ..Days::none(Origin::Country(source.into())) };
    let target: Target = "2 business days".parse().expect("a target");
    let explanation = explain(&target, &paris().with_days(known), case.alert.clock_started_at).expect("a deadline");
    (case.alert.calendar, case.alert.explanation) = (calendar.into(), explanation);
    case
}

/// The paragraph that begins or goes on with `words`, in the text on one line.
fn has(read: &Read, words: &str) -> bool {
    let html = read.html.replace("&#x27;", "'");
    read.text.replace('\n', " ").contains(words) && html.contains(&format!(">{words}</p>"))
}

#[test]
fn a_digest_says_once_how_many_deadlines_were_counted_beyond_which_calendar() {
    let well = || review("C-2");
    let fr = || counted_by("fr", "FR", day("2010-01-01"), "2026-11-23");
    let cases = || [fr(), well(), fr(), counted_by("works", "2026.ics", FIRST_DAY, "2026-11-20")];
    let english = read(&compose(&digest(Language::En), cases()));
    let words = "3 of these deadlines were counted beyond the days that a calendar knows, without the holidays there: \
                 fr (FR, from 2010-01-01 until 2026-11-23); works (2026.ics, until 2026-11-20).";
    assert!(has(&english, words), "{}", english.text);
    let french = read(&compose(&digest(Language::Fr), cases()));
    let words = "3 de ces échéances sont comptées au-delà des jours que connaît un calendrier, sans les jours fériés qui \
                 s’y trouvent\u{a0}: fr (FR, du 2010-01-01 au 2026-11-23)\u{a0}; works (2026.ics, jusqu’au 2026-11-20).";
    assert!(has(&french, words), "{}", french.text);
    let one = read(&compose(&digest(Language::En), [fr()]));
    assert!(one.text.contains("1 of these deadlines was counted beyond"), "{}", one.text);
}

#[test]
fn a_digest_says_nothing_of_calendars_that_know_enough() {
    for language in Language::ALL {
        let case = counted_by("fr", "FR", day("2026-11-21"), "2026-11-24");
        let read = read(&compose(&digest(language), [case, review("C-2")]));
        for words in ["beyond", "au-delà"] {
            assert!(!read.text.contains(words) && !read.html.contains(words), "{}", read.text);
        }
    }
}

#[test]
fn cases_that_are_in_the_attachment_alone_count_and_many_calendars_are_cut_short() {
    let cases = (0..60).map(|n| counted_by(&format!("c{n:02}"), "FR", FIRST_DAY, "2026-11-23"));
    let read = read(&compose(&digest(Language::En), cases));
    let words = "60 of these deadlines were counted beyond the days that a calendar knows, without the holidays there: \
                 c00 (FR, until 2026-11-23); c01 (FR, until 2026-11-23); c02 (FR, until 2026-11-23); and 57 more calendars.";
    assert!(has(&read, words), "{}", read.text);
}
