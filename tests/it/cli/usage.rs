//! What is typed wrong, what is configured wrong, and what help there is.

use claimwatch::calendar::zone_data_version;

use super::{DATABASE, Desk, Told};

#[test]
fn the_version_tells_the_zone_data_too() {
    let told = Desk::with("").run(&["--version"]).done();
    assert_eq!(told.out, format!("claimwatch {} with zone data {}\n", env!("CARGO_PKG_VERSION"), zone_data_version()));
}

#[test]
fn help_is_data_and_describes_every_option() {
    let desk = Desk::with("");
    for args in [
        &["--help"][..],
        &["demo", "--help"],
        &["run", "--help"],
        &["scan", "--help"],
        &["alerts", "list", "--help"],
        &["alerts", "show", "--help"],
        &["import", "--help"],
        &["outbox", "list", "--help"],
        &["outbox", "retry", "--help"],
        &["outbox", "deliver", "--help"],
        &["deadline", "--help"],
        &["diff", "--help"],
        &["check", "--help"],
        &["settings", "--help"],
        &["migrate", "--help"],
    ] {
        let told = desk.run(args).done();
        told.says(&["Usage: claimwatch", "--config <FILE>", "--no-migrate"]);
        for option in told.out.lines().filter(|line| line.trim_start().starts_with('-')) {
            let (_, described) = option.trim().split_once("  ").unwrap_or_default();
            assert!(!described.trim().is_empty(), "{args:?}: {option}");
        }
    }
}

#[test]
fn what_is_typed_wrong_is_refused_as_wrong_usage() {
    let desk = Desk::with("");
    for args in [&[][..], &["scann"], &["scan", "--jsn"], &["alerts"], &["outbox"], &["check", "extra"]] {
        let told = desk.run(args).refused(2, &["--help"]);
        assert!(!told.err.contains("panicked"), "{}", told.err);
    }
}

#[test]
fn a_misspelt_key_is_named_by_its_line_and_the_nearest_key() {
    let desk = Desk::with("");
    desk.configure("[database]\nurl = \"sqlite:claims.db\"\n[rules.review]\ntargit = \"2 days\"\n");
    for args in [
        &["scan"][..],
        &["check"],
        &["check", "--json"],
        &["migrate"],
        &["run"],
        &["alerts", "list"],
        &["deadline", "--batch"],
    ] {
        desk.run(args).refused(
            2,
            &["claimwatch: claimwatch.toml:4:1: rules.review.targit: unknown key; did you mean \"target\"?"],
        );
    }
    assert!(!desk.path("claims.db").exists());
}

#[test]
fn a_configuration_that_is_not_there_is_no_reason_for_another() {
    let desk = Desk::with("");
    std::fs::remove_file(desk.path("claimwatch.toml")).expect("removed");
    desk.run(&["scan"]).refused(2, &["claimwatch.toml: no such file"]);
    std::fs::create_dir(desk.path("claimwatch.toml")).expect("a folder");
    desk.run(&["scan"]).refused(2, &["claimwatch.toml: found a directory, expected a file"]);
}

#[test]
fn a_misspelt_variable_is_named_too() {
    let desk = Desk::with("");
    Told::by(desk.command(&["scan"]).env("CLAIMWATCH__DATABASE__ULR", "sqlite:x.db"))
        .refused(2, &["CLAIMWATCH__DATABASE__ULR", "did you mean"]);
}

#[test]
fn the_holidays_of_a_calendar_s_country_are_not_counted() {
    let desk = Desk::with("");
    desk.configure(&format!("{DATABASE}[calendars.fr]\ntime_zone = \"Europe/Paris\"\ncountry = \"FR\"\n"));
    let told = desk.run(&["deadline", "--rule", "review", "--start", "2024-05-07T10:00:00Z"]);
    told.says(&["due at the end of Monday, 13 May 2024", "Victory Day", "Ascension Day"]);
}

#[test]
fn no_deadline_is_guessed_where_a_calendar_s_file_is_missing() {
    let desk = Desk::with("");
    desk.configure(&format!("{DATABASE}[calendars.fr]\ntime_zone = \"Europe/Paris\"\nics = [\"closures.ics\"]\n"));
    let refusal = "closures.ics: no such file";
    desk.run(&["deadline", "--rule", "review", "--start", "2024-06-03T10:00:00Z"]).refused(2, &[refusal]);
    desk.feed(&["deadline", "--batch"], "review,,2024-06-03T10:00:00Z\n").refused(2, &[refusal]);
    desk.run(&["scan"]).refused(2, &[refusal]);
    desk.run(&["scan", "--dry-run"]).refused(2, &[refusal]);
    assert_eq!(desk.run(&["alerts", "list"]).code, 0, "what was found before may be looked at");
}

#[test]
fn the_example_that_is_deployed_is_understood() {
    let desk = Desk::with("");
    desk.configure(include_str!("../../../deploy/claimwatch.toml"));
    let told = desk.run(&["deadline", "--rule", "review", "--start", "2024-06-03T10:00:00Z"]);
    assert!(told.code == 0 || told.err.contains("but this version"), "{told:?}");
}

#[test]
fn a_full_disk_under_standard_output_is_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let desk = Desk::with("");
    let output = desk.command(&["scan", "--json"]).stdout(full).output().expect("the program starts");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.starts_with("claimwatch: standard output: "), "{complaint}");
}
