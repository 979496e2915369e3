//! `claimwatch calendar`: which calendars there are, and every day of one.

use claimwatch::calendar::ics::read_ics;
use serde_json::json;

use super::Desk;

const CALENDARS: &str = "
[calendars]
default = \"fr\"
[calendars.fr]
time_zone = \"Europe/Paris\"
country = \"FR\"
closures = [\"2026-12-24\"]
working_days = [\"2026-05-14\"]
ics = [{ file = \"closures.ics\", known_until = \"2026-12-31\" }]
[calendars.ae]
time_zone = \"Asia/Dubai\"
country = \"AE\"
[calendars.plain]
weekend = [\"fri\"]
";

const CLOSURES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260713\r\n\
                        SUMMARY:Bridge day\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20260714T100000Z\r\n\
                        SUMMARY:Team lunch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const LEFT_OUT: &str = "closures.ics:7: found the timed event \"Team lunch\", expected an all-day one; left out";

fn desk() -> Desk {
    let desk = Desk::with(CALENDARS);
    desk.file("closures.ics", CLOSURES);
    desk
}

#[test]
fn the_list_says_where_each_calendars_days_come_from_and_until_when_they_are_known() {
    let told = desk().run(&["calendar", "list"]);
    assert_eq!((told.code, told.err.trim_end()), (0, LEFT_OUT));
    let lines: Vec<Vec<&str>> = told.out.lines().map(|line| line.split_whitespace().collect()).collect();
    let without_versions: Vec<String> = lines.iter().map(|line| line[..line.len() - 1].join(" ")).collect();
    assert_eq!(
        without_versions,
        [
            "calendar zone weekend days off from known until",
            "ae Asia/Dubai sat, sun AE 2040-12-31",
            "fr (default) Europe/Paris sat, sun configuration, closures.ics, FR 2026-12-31",
            "plain UTC fri no holidays always",
        ]
    );
    let list = desk().run(&["calendar", "list", "--json"]).json();
    assert_eq!(list[1]["calendar"], "fr");
    assert_eq!(
        list[1]["sources"],
        json!([
            {"source": "configuration", "holidays": 1, "working_days": 1, "known_from": null, "known_until": null},
            {"source": "closures.ics", "holidays": 1, "working_days": 0, "known_from": "0001-01-01", "known_until": "2026-12-31"},
            {"source": "FR", "holidays": 341, "working_days": 0, "known_from": "2010-01-01", "known_until": "2040-12-31"},
        ])
    );
    assert_eq!(list[0]["weekends"][1], json!({"since": "2022-01-01", "days": ["sat", "sun"], "source": "AE"}));
}

#[test]
fn a_year_names_each_day_off_its_kind_and_where_that_comes_from() {
    let told = desk().run(&["calendar", "show", "fr", "--year", "2026"]);
    assert_eq!(told.code, 0);
    let (head, days) = told.out.split_once("\n\n").expect("a head and days");
    assert!(head.starts_with("fr 2026: configuration, closures.ics, FR, version "), "{head}");
    assert!(head.ends_with("weekend: sat, sun (FR)"), "{head}");
    let days: Vec<String> = days.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "Thu 2026-05-14 worked rest day Ascension Day configuration",
        "Mon 2026-07-13 holiday Bridge day closures.ics",
        "Tue 2026-07-14 holiday National Day FR",
        "Sat 2026-08-15 holiday on a weekend Assumption Day FR",
        "Thu 2026-12-24 holiday closure configuration",
    ] {
        assert!(days.iter().any(|day| day == line), "{line}: {days:#?}");
    }
    assert_eq!(days.len(), 14, "a header and thirteen days");
    let beyond = desk().run(&["calendar", "show", "fr", "--year", "2027"]).out;
    assert!(
        beyond.ends_with(
            "closures.ics knows the days until 2026-12-31 only: the others are shown without its holidays\n"
        )
    );
}

#[test]
fn every_day_of_the_year_is_in_the_json() {
    let shown = desk().run(&["calendar", "show", "ae", "--year", "2024", "--json"]).json();
    let days = shown["days"].as_array().expect("days");
    assert_eq!((days.len(), &shown["year"], &shown["holiday_data"]), (366, &json!(2024), &json!("holidays 0.109")));
    assert_eq!(
        days[0],
        json!({"date": "2024-01-01", "kind": "holiday", "name": "New Year's Day", "source": "AE", "estimated": false})
    );
    assert_eq!(
        days[5],
        json!({"date": "2024-01-06", "kind": "weekend", "name": null, "source": "AE", "estimated": false})
    );
    assert_eq!(
        days[1],
        json!({"date": "2024-01-02", "kind": "working", "name": null, "source": null, "estimated": false})
    );
    let later = desk().run(&["calendar", "show", "ae", "--year", "2030", "--json"]).json();
    assert!(later["days"].as_array().expect("days").iter().any(|day| day["estimated"] == true));
}

#[test]
fn a_shared_calendar_is_read_back_as_the_same_days_off() {
    let told = desk().run(&["calendar", "show", "fr", "--year", "2026", "--ics"]);
    assert!(told.err.ends_with("1 rest day that is worked is left out: the file holds days off\n"), "{}", told.err);
    let read = read_ics("fr.ics", told.out.as_bytes()).expect("an .ics file");
    assert!(read.warnings.is_empty());
    let days: Vec<String> = read.days.holidays.iter().map(|day| format!("{} {}", day.date, day.name)).collect();
    assert_eq!(days.len(), 12);
    assert!(days.contains(&"2026-07-13 Bridge day".to_owned()) && days.contains(&"2026-12-24 closure".to_owned()));
}

#[test]
fn a_built_in_country_can_be_looked_at_without_configuring_it() {
    let desk = Desk::with("");
    let shown = desk.run(&["calendar", "show", "DE-BY", "--year", "2026"]);
    assert!(shown.out.contains("Tue 2026-01-06  holiday               Epiphany"), "{}", shown.out);
    let parts = desk.run(&["calendar", "countries", "DE", "--json"]).json();
    assert!(
        parts.as_array().expect("parts").iter().any(|part| part["code"] == "DE-BY" && part["name"] == "Bayern"),
        "{parts}"
    );
    let all = desk.run(&["calendar", "countries", "--json"]).json();
    assert!(all.as_array().expect("countries").len() >= 250);
    assert!(!desk.path("claims.db").exists(), "no database is needed");
}

#[test]
fn a_name_that_is_no_calendar_is_refused_with_those_that_are() {
    for (args, words) in [
        (
            &["calendar", "show", "frr"][..],
            "calendar: found \"frr\", expected one of ae, fr, plain, or a built-in country: ",
        ),
        (
            &["calendar", "countries", "Germany"],
            "country: found \"Germany\", no such country; did you mean \"DE\" (Germany)?",
        ),
    ] {
        let told = desk().run(args);
        assert_eq!((told.code, told.out.as_str()), (2, ""));
        assert!(told.err.contains(words), "{}", told.err);
    }
}

#[test]
fn a_holiday_file_that_cannot_be_read_stops_deadlines_and_nothing_else() {
    for (content, words) in [
        (None, "closures.ics: no such file"),
        (Some(&b""[..]), "found an empty file"),
        (Some(b"\x00\x01\xfe binary"), "closures.ics"),
        (Some(b"<html><body>Moved</body></html>"), "closures.ics"),
        (Some(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n"), "without end"),
        (Some(&[b' '; 20 << 20]), "found 20971520 bytes, expected at most 4194304"),
    ] {
        let desk = Desk::with(CALENDARS);
        if let Some(content) = content {
            desk.file("closures.ics", content);
        }
        let asked = ["deadline", "--rule", "review", "--start", "2026-07-10T10:00:00Z"];
        for args in [&asked[..], &["scan"], &["calendar", "show", "ae"]] {
            let told = desk.run(args);
            assert_eq!((told.code, told.out.as_str()), (2, ""), "{args:?}");
            assert!(told.err.contains("calendars.fr.ics: ") && told.err.contains(words), "{}", told.err);
        }
        desk.migrate();
        assert_eq!(desk.run(&["alerts", "list"]).code, 0);
    }
}
