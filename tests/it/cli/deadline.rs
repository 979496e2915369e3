//! `claimwatch deadline`, for one clock and for many.

use std::fmt::Write as _;
use std::time::Duration;

use claimwatch::now::Stopwatch;
use serde_json::json;

use super::Desk;

const CALENDARS: &str = "
[calendars]
default = \"fr\"
[calendars.fr]
time_zone = \"Europe/Paris\"
holidays = [{ date = \"2024-05-08\", name = \"Victory Day\" }]
[calendars.il]
time_zone = \"Asia/Jerusalem\"
weekend = [\"fri\", \"sat\"]
[rules.dispute]
calendar = \"il\"
";

/// A Saturday.
const START: &str = "2024-05-04T10:00:00+02:00";

fn desk() -> Desk {
    Desk::with(CALENDARS)
}

#[test]
fn the_answer_has_the_contracts_shape_and_a_reason_for_each_day_that_is_not_counted() {
    let desk = desk();
    let mut answer =
        desk.run(&["deadline", "--rule", "review", "--start", "2024-05-07T10:00:00+02:00", "--json"]).done().json();
    for version in ["zone_data", "calendar_version"] {
        let version = answer.as_object_mut().expect("an object").remove(version).expect(version);
        assert!(version.as_str().is_some_and(|text| !text.is_empty()), "{version}");
    }
    let expected = json!({
        "start": "2024-05-07T08:00:00Z", "due_at": "2024-05-10T22:00:00Z", "calendar": "fr", "rule": "review",
        "days": [
            {"date": "2024-05-07", "kind": "start", "reason": null, "estimated": false},
            {"date": "2024-05-08", "kind": "skipped", "reason": "holiday: Victory Day", "estimated": false},
            {"date": "2024-05-09", "kind": "counted", "reason": null, "estimated": false},
            {"date": "2024-05-10", "kind": "counted", "reason": null, "estimated": false},
        ],
        "time_zone": "Europe/Paris", "notes": [], "chosen_by": "default", "holiday_data": null, "beyond_calendar": null,
    });
    assert_eq!(answer, expected);
    assert!(!desk.path("claims.db").exists(), "no database is needed");
}

#[test]
fn every_rule_and_any_target_may_be_asked_about() {
    let desk = desk();
    for (rule, calendar, due_at) in [
        ("review", None, "2024-05-07T22:00:00Z"),
        ("review", Some("il"), "2024-05-06T21:00:00Z"),
        ("dispute", None, "2024-05-09T21:00:00Z"),
        ("dispute", Some("fr"), "2024-05-13T22:00:00Z"),
        ("payment", None, "2024-07-08T22:00:00Z"),
        ("tax_invoice_payment", None, "2024-06-03T22:00:00Z"),
        ("1 business day", None, "2024-05-06T22:00:00Z"),
        ("5 business days", None, "2024-05-13T22:00:00Z"),
        ("5 business days elapsed", None, "2024-05-13T22:00:00Z"),
        ("1 day", None, "2024-05-05T22:00:00Z"),
        ("1 day roll", None, "2024-05-06T22:00:00Z"),
        ("30 days elapsed", None, "2024-06-03T08:00:00Z"),
    ] {
        let mut args = vec!["deadline", "--rule", rule, "--start", START, "--json"];
        args.extend(calendar.iter().flat_map(|name| ["--calendar", name]));
        let answer = desk.run(&args).done().json();
        assert_eq!((answer["rule"].as_str(), answer["due_at"].as_str()), (Some(rule), Some(due_at)), "{answer}");
    }
}

#[test]
fn a_person_reads_the_last_day_first_and_then_day_by_day_why() {
    let desk = desk();
    let told = desk.run(&["deadline", "--rule", "review", "--start", START]).done();
    told.says(&[
        "due at the end of Tuesday, 7 May 2024: before 2024-05-07T22:00:00Z\n",
        "  Sat 2024-05-04  start    Saturday\n  Sun 2024-05-05  skipped  Sunday\n  Mon 2024-05-06  counted\n",
        "calendar fr, the default one; zone Europe/Paris\ncalendar version ",
        ", zone data ",
    ]);
    let elapsed =
        desk.run(&["deadline", "--rule", "1 business day elapsed", "--start", "2024-05-06T10:00:00+02:00"]).done();
    elapsed.says(&["due Tuesday, 7 May 2024, 10:00 (UTC+2): before 2024-05-07T08:00:00Z\n"]);
}

#[test]
fn the_answer_says_why_its_calendar_serves() {
    let desk = desk();
    for (rule, calendar, chosen_by, words) in [
        ("review", None, json!("default"), "calendar fr, the default one;"),
        ("5 business days", None, json!("default"), "calendar fr, the default one;"),
        ("dispute", None, json!("rule"), "calendar il, which the rule names;"),
        ("dispute", Some("fr"), json!(null), "calendar fr;"),
    ] {
        let mut args = vec!["deadline", "--rule", rule, "--start", START];
        args.extend(calendar.iter().flat_map(|name| ["--calendar", name]));
        desk.run(&args).done().says(&[words]);
        args.push("--json");
        assert_eq!(desk.run(&args).done().json()["chosen_by"], chosen_by, "{args:?}");
    }
}

#[test]
fn a_countrys_days_are_told_with_their_release_as_estimated_and_as_far_as_they_are_known() {
    let desk = Desk::with("[calendars.ae]\ntime_zone = \"Asia/Dubai\"\ncountry = \"AE\"\n");
    let ask = |start: &str| desk.run(&["deadline", "--rule", "review", "--start", start]).done();
    let feast = ask("2030-04-11T10:00:00Z");
    feast.says(&["2030-04-12  skipped  holiday: Day of Arafah (estimated)\n", "\ncalendar version ", ", holidays 0."]);
    assert!(!feast.out.contains("note:"), "{}", feast.out);
    ask("2040-12-31T10:00:00Z")
        .says(&["\nnote: the calendar does not know all of these days: AE goes from 2010-01-01 to 2040-12-31\n"]);
    let json = |start: &str| desk.run(&["deadline", "--rule", "review", "--start", start, "--json"]).done().json();
    let feast = json("2030-04-11T10:00:00Z");
    assert_eq!((&feast["days"][1]["estimated"], &feast["beyond_calendar"]), (&json!(true), &json!(null)));
    assert!(feast["holiday_data"].as_str().is_some_and(|release| release.starts_with("holidays ")), "{feast}");
    let known = json!({"source": "AE", "known_from": "2010-01-01", "known_until": "2040-12-31"});
    assert_eq!(json("2040-12-31T10:00:00Z")["beyond_calendar"], known);
}

#[test]
fn the_calendars_version_changes_with_what_it_says() {
    let desk = desk();
    let ask = || desk.run(&["deadline", "--rule", "review", "--start", START, "--json"]).done().json();
    let before = ask();
    desk.configure(&CALENDARS.replace("Victory Day", "Victory in Europe Day"));
    assert_ne!(ask()["calendar_version"], before["calendar_version"]);
    desk.configure(CALENDARS);
    assert_eq!(ask()["calendar_version"], before["calendar_version"]);
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let desk = desk();
    let ask = |rule: &str, start: &str, calendar: &str| {
        desk.run(&["deadline", "--rule", rule, "--start", start, "--calendar", calendar])
    };
    let rules = "one of the rules review, dispute, payment, tax_invoice_payment";
    for wrong in ["reviw", "", "0 days", "10001 days", "2 fortnights", "2 days daily"] {
        ask(wrong, START, "fr")
            .refused(2, &[&format!("--rule: found {wrong:?}, expected a number from 1 to 10000"), rules]);
    }
    ask("review", START, "mars").refused(2, &["--calendar: found \"mars\", expected one of fr, il"]);
    ask("review", "2024-05-04", "fr")
        .refused(2, &["--start", "found \"2024-05-04\", expected an instant with its offset"]);
    ask("review", "9999-12-31T10:00:00Z", "fr").refused(2, &["--start: ", "9999-12-31"]);
    desk.run(&["deadline", "--rule", "review"]).refused(2, &["--start <INSTANT>"]);
    desk.run(&["deadline", "--batch", "--rule", "review"]).refused(2, &["cannot be used with"]);
}

#[test]
fn a_batch_keeps_the_order_and_gives_the_header_back_if_there_is_one() {
    let desk = desk();
    let lines =
        "review,,2024-05-04T10:00:00+02:00\n5 business days,il,2024-05-04T10:00:00Z\ndispute,fr,2024-05-04T10:00:00Z\n";
    let answers = "review,,2024-05-04T10:00:00+02:00,2024-05-07T22:00:00Z\n\
        5 business days,il,2024-05-04T10:00:00Z,2024-05-09T21:00:00Z\n\
        dispute,fr,2024-05-04T10:00:00Z,2024-05-13T22:00:00Z\n";
    assert_eq!(desk.feed(&["deadline", "--batch"], lines).done().out, answers);
    let with_header = format!("rule,calendar,start\n{lines}");
    assert_eq!(
        desk.feed(&["deadline", "--batch"], with_header).done().out,
        format!("rule,calendar,start,due_at\n{answers}")
    );
    assert_eq!(desk.feed(&["deadline", "--batch"], "").done().out, "");
    assert_eq!(desk.feed(&["deadline", "--batch"], "\n\r\n\n").done().out, "");
}

#[test]
fn a_byte_order_mark_crlf_quotes_blank_lines_and_spaces_are_read() {
    let desk = desk();
    let lines = "\u{feff}\"rule\",calendar,start\r\n\r\n review , ,\"2024-05-04T10:00:00+02:00\"\r\n\"2 business days\",\"fr\",2024-05-04T10:00:00Z";
    let told = desk.feed(&["deadline", "--batch"], lines).done();
    assert_eq!(
        told.out,
        "rule,calendar,start,due_at\nreview,,2024-05-04T10:00:00+02:00,2024-05-07T22:00:00Z\n\
         2 business days,fr,2024-05-04T10:00:00Z,2024-05-07T22:00:00Z\n"
    );
}

#[test]
fn a_line_that_cannot_be_answered_is_named_by_its_number_and_stops_no_other() {
    let desk = desk();
    let good = "review,,2024-05-04T10:00:00Z";
    let lines = format!(
        "rule,calendar,start\r\n\r\n{good}\r\nreviw,,2024-05-04T10:00:00Z\r\nreview,mars,2024-05-04T10:00:00Z\r\n\
         review,,yesterday\r\nreview,\r\nreview,,{START},x\r\n\"a\r\nb\",,{START}\r\nre\"view,,{START}\r\n\
         \u{1b}[31m,,{START}\r\n\r\nreview,,9999-12-31T10:00:00Z\r\n{good}\r\n"
    );
    let mut lines = lines.into_bytes();
    lines.extend_from_slice(b"\xff,,2024-05-04T10:00:00Z\n");
    let told = desk.feed(&["deadline", "--batch"], lines);
    assert_eq!(told.code, 3, "{told:?}");
    let answer = format!("{good},2024-05-07T22:00:00Z\n");
    assert_eq!(told.out, format!("rule,calendar,start,due_at\n{answer}{answer}"));
    let place = |line: &str| line.split(": ").nth(1).expect("a place").to_owned();
    let places: Vec<_> = told.err.lines().map(place).collect();
    let expected = [4, 5, 6, 7, 8, 9, 11, 12, 14, 16].map(|line| format!("standard input:{line}"));
    assert_eq!(places, expected, "{}", told.err);
    told.complains(&[
        "4: rule: found \"reviw\", expected a number",
        "5: calendar: found \"mars\", expected one of fr, il",
        "6: start: found \"yesterday\", expected an instant with its offset",
        "7: found 2 fields, expected rule,calendar,start",
        "8: found 4 fields, expected rule,calendar,start",
        "11: rule: found \"re\"view\", expected the field in quotes",
        "12: rule: found \"\\u{1b}[31m\"",
        "16: rule: found \"\u{fffd}\", expected text in UTF-8",
    ]);
}

#[test]
fn a_quote_that_is_never_closed_is_named_where_it_opens() {
    let desk = desk();
    let told = desk.feed(&["deadline", "--batch"], format!("review,,{START}\n\"review,,{START}\nreview,,{START}\n"));
    assert_eq!((told.code, told.out.lines().count()), (3, 1), "{told:?}");
    told.complains(&["standard input:2: rule: found the end of the file", "the lines after it were not read"]);
}

#[test]
fn a_hundred_thousand_lines_are_answered_in_seconds() {
    let desk = desk();
    let mut lines = String::from("rule,calendar,start\n");
    for n in 0..100_000 {
        writeln!(lines, "review,,2024-05-{:02}T10:00:00Z", 1 + n % 31).expect("text");
    }
    let began = Stopwatch::start();
    let told = desk.feed(&["deadline", "--batch"], &lines).done();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(told.out.lines().count(), 100_001);
    let asked = told.out.lines().map(|line| line.rsplit_once(',').expect("a comma").0);
    assert!(asked.eq(lines.lines()), "the same lines in the same order");
}
