//! What the environment sets over the file, and where things lie that no setting places.

use std::ffi::OsString;
use std::path::Path;

use claimwatch::config::{Environment, LogLevel, Settings};

use super::environment;

#[test]
fn the_state_directory_is_systemds_else_the_users_else_the_systems() {
    let directory = |vars: &[(&str, &str)]| {
        let vars = vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Environment::from_vars(vars).state_directory().to_string_lossy().into_owned()
    };
    let home = ("HOME", "/home/ada");
    let xdg = ("XDG_STATE_HOME", "/home/ada/state");
    assert_eq!(directory(&[home, xdg, ("STATE_DIRECTORY", "/var/lib/claims:/var/lib/other")]), "/var/lib/claims");
    assert_eq!(directory(&[home, xdg, ("STATE_DIRECTORY", "")]), "/home/ada/state/claimwatch");
    assert_eq!(directory(&[home]), "/home/ada/.local/state/claimwatch");
    assert_eq!(directory(&[("HOME", "relative")]), "/var/lib/claimwatch");
}

#[test]
fn the_environment_sets_any_value_over_the_file() {
    let text = "[calendars.FR-1]\ntime_zone = \"Europe/Paris\"\n[rules.review]\ntarget = \"2 business days\"\n[log]\nlevel = \"error\"";
    let vars = [
        ("CLAIMWATCH__RULES__REVIEW__TARGET", "4 business days"),
        ("CLAIMWATCH__RULES__DISPUTE__ENABLED", "false"),
        ("CLAIMWATCH__CALENDARS__FR_1__CLOSURES", "[\"2026-12-24\", 2026-12-31]"),
        ("CLAIMWATCH__CALENDARS__FR_1__TIME_ZONE", "Europe/Brussels"),
        ("CLAIMWATCH__DATABASE__MAX_CONNECTIONS", "3"),
        ("CLAIMWATCH__SOURCE__HISTORY", ""),
        ("CLAIMWATCH__HTTP__LISTEN", "[::1]:9464"),
        (
            "CLAIMWATCH__ESCALATION__LEVELS",
            "[{ to = [\"a@example.com\"] }, { after = \"1 day\", to = [\"b@example.com\"] }]",
        ),
        ("CLAIMWATCH_OTHER", "not ours"),
    ];
    let settings = Settings::parse(Some(Path::new("claimwatch.toml")), text, &environment(&vars)).unwrap();
    assert_eq!(settings.rule("review").unwrap().target.to_string(), "4 business days");
    assert!(!settings.rule("dispute").unwrap().enabled);
    let calendar = settings.calendars.default();
    assert_eq!((calendar.name(), calendar.zone().name(), calendar.holidays().count()), ("FR-1", "Europe/Brussels", 2));
    assert_eq!(settings.database.max_connections, 3);
    assert_eq!(settings.source.history, None);
    assert_eq!(settings.http.unwrap().listen.to_string(), "[::1]:9464");
    assert_eq!(settings.policy.levels[1].recipients.to[0].to_string(), "b@example.com");
    assert_eq!(settings.log.level, LogLevel::Error);
}

#[test]
fn what_is_wrong_in_the_environment_is_named_by_its_variable() {
    let text = "[calendars.fr-1]\n[calendars.fr_1]\n[calendars]\ndefault = \"fr-1\"\n[[escalation.levels]]\nto = [\"a@example.com\"]";
    let cases = [
        ("CLAIMWATCH__SCHEDULE__TIME_ZON", "UTC", r#"schedule.time_zon: unknown key; did you mean "time_zone"?"#),
        ("CLAIMWATCH__SCHEDUL__SCAN", "UTC", r#"schedul: unknown key; did you mean "schedule"?"#),
        (
            "CLAIMWATCH__RULES__REVIEW__TARGET",
            "soon",
            r#"rules.review.target: found "soon", expected a number from 1 to 10000 of "days" or "business days""#,
        ),
        ("CLAIMWATCH__RULES__REVIEW", "2 days", r#"rules.review: found "2 days", expected a table of settings"#),
        (
            "CLAIMWATCH__DATABASE__MAX_CONNECTIONS",
            "many",
            r#"database.max_connections: found "many", expected a number from 1 to 100"#,
        ),
        ("CLAIMWATCH__RULES__REVIEW__ENABLED", "1", r#"rules.review.enabled: found "1", expected true or false"#),
        (
            "CLAIMWATCH__CALENDARS__FR_1__HOLIDAYS",
            "2026-12-24",
            r#"calendars.fr_1.holidays: found "2026-12-24", expected a list of dates, as ["2026-12-24"]"#,
        ),
        (
            "CLAIMWATCH__CALENDARS__FR_1__HOLIDAYS",
            "[\"24.12.\"]",
            r#"calendars.fr_1.holidays[1]: found "24.12.", expected a date that exists, as "2026-12-24""#,
        ),
        (
            "CLAIMWATCH__ESCALATION__LEVELS__TO",
            "a@example.com",
            "levels is a list, which only one variable can set as a whole, as TOML",
        ),
        ("CLAIMWATCH__log__level", "info", "found lower-case letters, expected CLAIMWATCH__LOG__LEVEL"),
    ];
    for (name, value, expected) in cases {
        let error =
            Settings::parse(Some(Path::new("claimwatch.toml")), text, &environment(&[(name, value)])).expect_err(name);
        assert_eq!(error.to_string(), format!("{name}: {expected}"));
    }
}

#[test]
fn a_variable_that_could_mean_two_calendars_is_refused() {
    let text = "[calendars.fr-1]\n[calendars.FR_1]\n[calendars]\ndefault = \"fr-1\"";
    let error = Settings::parse(None, text, &environment(&[("CLAIMWATCH__CALENDARS__FR_1__TIME_ZONE", "UTC")]));
    let expected = "CLAIMWATCH__CALENDARS__FR_1__TIME_ZONE: stands for both \"FR_1\" and \"fr-1\"; set it in the file";
    assert_eq!(error.expect_err("two calendars").to_string(), expected);
}
