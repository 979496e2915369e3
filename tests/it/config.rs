//! The configuration from outside: what is accepted, and the exact words for what is not.
//!
//! Each `tests/data/wrong/config/NAME.toml` is refused with the text beside it, `NAME.txt`; `UPDATE_SNAPSHOTS=1` writes
//! that text anew.

mod environment;
mod secrets;
mod templates;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use claimwatch::config::{Affects, ConfigError, DatabaseUrl, Environment, Settings, load};
use claimwatch::delivery::transport::TransportSettings;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn environment(vars: &[(&str, &str)]) -> Environment {
    let home = [("HOME", "/home/ada")];
    Environment::from_vars(home.iter().chain(vars).map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

fn parse(text: &str) -> Result<Settings, ConfigError> {
    Settings::parse(Some(Path::new("/etc/claimwatch/claimwatch.toml")), text, &environment(&[]))
}

fn accepted(text: &str) -> Settings {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn every_wrong_file_is_refused_with_the_text_beside_it() {
    let directory = root().join("tests/data/wrong/config");
    let mut files: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 40, "{} wrong files", files.len());
    let mut different = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let error = match Settings::parse(Some(Path::new("claimwatch.toml")), &text, &environment(&[])) {
            Ok(_) => "accepted\n".to_owned(),
            Err(error) => format!("{error}\n"),
        };
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&beside, &error).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if error == "accepted\n" || error != expected {
            different.push(format!("{}\nfound:\n{error}expected:\n{expected}", file.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn the_example_is_accepted_as_it_stands_and_says_what_this_version_cannot_do() {
    let file = root().join("tests/data/example.toml");
    let settings = load(Some(&file), &environment(&[])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.file, Some(file.clone()));
    assert_eq!(settings.calendars.names().collect::<Vec<_>>(), ["fr", "il", "works"]);
    assert_eq!(settings.calendars.default().name(), "fr");
    assert_eq!(settings.schedule.cron, "0 */5 * * * Mon-Fri");
    assert_eq!(settings.schedule.time_zone.name(), "Europe/Paris");
    assert_eq!(settings.policy.levels.len(), 2);
    assert_eq!(
        settings.policy.routes[0].program.as_ref().map(claimwatch::escalation::Glob::pattern),
        Some("SURFACE-*".into())
    );
    assert_eq!(settings.http.as_ref().map(|http| http.listen.to_string()), Some("127.0.0.1:9464".into()));
    let obstacles: Vec<(Affects, String)> = settings
        .obstacles
        .iter()
        .map(|obstacle| (obstacle.affects, obstacle.place.replace(&*file.to_string_lossy(), "")))
        .collect();
    assert_eq!(
        obstacles,
        [
            (Affects::Deadlines, ":26:8: calendars.fr.ics".into()),
            (Affects::Delivery, ":86:17: mail.smtp.password_file".into()),
        ]
    );
    let refusal = settings.refusal(&[Affects::Deadlines]).expect("deadlines are refused");
    assert!(refusal.ends_with("closures.ics: no such file"), "{refusal}");
    assert_eq!(settings.refusal(&[Affects::Http]), None);
}

#[test]
fn the_deployed_file_is_accepted_as_it_stands_and_lacks_only_its_password() {
    let file = root().join("deploy/claimwatch.toml");
    let settings = load(Some(&file), &environment(&[])).unwrap_or_else(|error| panic!("{error}"));
    let affected: Vec<Affects> = settings.obstacles.iter().map(|obstacle| obstacle.affects).collect();
    assert_eq!(affected, [Affects::Delivery]);
    let refusal = settings.refusal(&[Affects::Delivery]).unwrap();
    assert!(refusal.ends_with("smtp-password cannot be read: No such file or directory (os error 2)"), "{refusal}");
}

#[test]
fn an_empty_file_is_the_embedded_default() {
    for settings in [accepted(""), Settings::parse(None, "", &environment(&[])).unwrap()] {
        let state = Path::new("/home/ada/.local/state/claimwatch");
        assert_eq!(settings.database.url, DatabaseUrl::Sqlite(state.join("claimwatch.db")));
        let TransportSettings::File(file) = &settings.mail.transport else { panic!("{:?}", settings.mail) };
        assert_eq!(file.directory, state.join("outbox"));
        assert_eq!(settings.mail.from.to_string(), "claimwatch@localhost");
        assert_eq!(settings.policy.levels[0].recipients.to[0].to_string(), "support@localhost");
        assert_eq!(settings.calendars.default().name(), "default");
        assert_eq!(settings.calendars.default().zone().name(), "UTC");
        assert_eq!((settings.schedule.cron.as_str(), settings.schedule.time_zone.name()), ("0 */5 * * * *", "UTC"));
        assert_eq!(settings.rules, claimwatch::sla::Rule::built_in());
        assert_eq!(settings.source.payments.as_deref(), Some("claim_payments"));
        assert!(settings.obstacles.is_empty() && settings.http.is_none() && settings.policy.send_hours.is_none());
    }
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let settings = accepted("database.url = \"sqlite:data/claims%20of%202026.db\"\nmail.file.directory = \"outbox\"");
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("/etc/claimwatch/data/claims of 2026.db".into()));
    let TransportSettings::File(file) = settings.mail.transport else { panic!() };
    assert_eq!(file.directory, Path::new("/etc/claimwatch/outbox"));
    for (url, path) in
        [("sqlite:///srv/c.db", "/srv/c.db"), ("sqlite:/srv/c.db", "/srv/c.db"), ("sqlite://c.db", "c.db")]
    {
        let here = Settings::parse(None, &format!("database.url = {url:?}"), &environment(&[])).unwrap();
        assert_eq!(here.database.url, DatabaseUrl::Sqlite(path.into()));
    }
}

#[test]
fn calendars_take_weekends_holidays_closures_and_working_days() {
    let settings = accepted(
        r#"
        [calendars.office]
        time_zone = "Asia/Jerusalem"
        weekend = ["FRI", "Saturday"]
        holidays = [{ date = "2026-09-21", name = "Yom Kippur" }, "2026-09-22", 2026-09-23, "2026-09-22"]
        closures = ["2026-12-24", "2026-09-21"]
        working_days = ["2026-09-25", "2026-09-22"]
        "#,
    );
    let calendar = settings.calendars.default();
    let holidays: Vec<(String, &str)> = calendar.holidays().map(|(date, off)| (date.to_string(), off.name)).collect();
    let expected = [("2026-09-21", "Yom Kippur"), ("2026-09-22", ""), ("2026-09-23", ""), ("2026-12-24", "closure")];
    assert_eq!(holidays, expected.map(|(date, name)| (date.to_owned(), name)));
    for (date, worked) in [("2026-09-22", true), ("2026-09-23", false), ("2026-09-25", true), ("2026-10-02", false)] {
        assert_eq!(calendar.is_business_day(date.parse().unwrap()), worked, "{date}");
    }
    assert_eq!(settings.schedule.time_zone.name(), "Asia/Jerusalem");
}

#[test]
fn seven_weekend_days_need_a_working_day() {
    let week = r#"weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#;
    accepted(&format!("[calendars.rare]\n{week}\nworking_days = [\"2026-10-10\"]"));
    accepted("[calendars.always]\nweekend = []");
}

#[test]
fn rules_are_overridden_key_by_key() {
    let settings = accepted(
        r#"
        [calendars.fr]
        [rules.review]
        target = "3 business days"
        counting = "elapsed"
        warn = "1 day"
        calendar = "fr"
        [rules.tax_invoice_payment]
        roll = "next_business_day"
        [rules.dispute]
        enabled = false
        "#,
    );
    let shown: Vec<String> = settings.rules.iter().map(|rule| format!("{} {}", rule.name, rule.target)).collect();
    let expected = [
        "review 3 business days elapsed",
        "dispute 5 business days",
        "payment 45 business days",
        "tax_invoice_payment 30 days roll",
    ];
    assert_eq!(shown, expected);
    let review = settings.rule("review").unwrap();
    assert_eq!(review.warn.map(|warn| warn.to_string()).as_deref(), Some("1 day"));
    assert_eq!(review.calendar.as_deref(), Some("fr"));
    assert!(!settings.rule("dispute").unwrap().enabled);
}

#[test]
fn a_default_of_one_recipient_on_this_machine_serves_files_only() {
    accepted("mail.transport = \"file\"");
    let error = refused("mail.transport = \"sendmail\"\nmail.from = \"a@example.com\"");
    assert!(error.contains("escalation.levels: absent, expected at least one level"), "{error}");
}

#[test]
fn sending_hours_may_last_to_the_end_of_the_day() {
    let hours = accepted("escalation.send_hours = \"07:30 - 24:00\"").policy.send_hours.unwrap();
    assert_eq!(hours.opens.to_string(), "07:30:00");
    assert!(hours.closes > chrono::NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap());
}

#[test]
fn links_can_be_left_out() {
    let policy = accepted("escalation.support_url = \"\"").policy;
    assert_eq!((policy.support_url, policy.claim_url), (None, None));
    assert!(accepted("").policy.support_url.is_some_and(|url| url.starts_with("https://")));
}

const ROUTE: &str = "[[escalation.routes]]\nrule = \"review\"\nto = [\"support@localhost\"]\n";

#[test]
fn a_fingerprint_follows_what_decides_and_nothing_else() {
    let base =
        "[calendars.fr]\nholidays = [\"2026-12-24\", \"2026-12-31\"]\n[rules.review]\ntarget = \"2 business days\"\n";
    let fingerprint = |text: &str| accepted(text).decision_fingerprint();
    let first = fingerprint(base);
    assert_eq!(first.len(), 64);
    for same in [
        &format!("{base}[escalation.brake]\nenabled = false\n[escalation.all_is_well]\nto = [\"ops@localhost\"]\n"),
        "[rules.review]\ntarget = \"2  business days\"\n[calendars.fr]\nholidays = [\"2026-12-31\", \"2026-12-24\"]",
        &format!(
            "{base}[log]\nlevel = \"debug\"\n[database]\nurl = \"sqlite:other.db\"\n[mail]\nfrom = \"x@example.com\""
        ),
    ] {
        assert_eq!(fingerprint(same), first, "{same}");
    }
    let different = [
        base.replace("2026-12-31", "2026-12-30"),
        base.replace("[calendars.fr]", "[calendars.fr]\ntime_zone = \"Europe/Paris\""),
        base.replace("[calendars.fr]", "[calendars.fr]\nweekend = [\"sun\"]"),
        base.replace("[calendars.fr]", "[calendars.fr]\nworking_days = [\"2026-10-10\"]"),
        base.replace("calendars.fr", "calendars.nl"),
        base.replace("2 business", "3 business"),
        format!("{base}warn = \"1 business day\"\n"),
        format!("{base}enabled = false\n"),
        format!("{base}[escalation]\nsend_hours = \"08:00-19:00\"\n"),
        format!("{base}[[escalation.levels]]\nto = [\"support@localhost\"]\nremind_every = \"1 day\"\n"),
        format!("{base}{ROUTE}"),
        format!("{base}{ROUTE}program = \"SURFACE-*\"\n"),
        format!("{base}{ROUTE}paying_entity = \"SURFACE-*\"\n"),
        format!("{base}{ROUTE}currency = \"EUR\"\n"),
        format!("{base}{ROUTE}currency = \"EUR\"\nmin_amount = 10000\n"),
        format!("{base}{ROUTE}currency = \"EUR\"\nmin_amount = \"10000.01\"\n"),
        format!("{base}{ROUTE}calendar = \"fr\"\n"),
    ];
    let mut all: Vec<String> = different.iter().map(|text| fingerprint(text)).chain([first]).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), different.len() + 1);
    // Text and number, with and without decimals, are one amount.
    let [number, text] = ["10000", "\"10000.00\""]
        .map(|amount| fingerprint(&format!("{base}{ROUTE}currency = \"EUR\"\nmin_amount = {amount}\n")));
    assert_eq!(number, text);
}

#[test]
fn the_fingerprint_of_deadlines_follows_rules_and_calendars_and_not_who_is_told() {
    let base = "[calendars.fr]\nholidays = [\"2026-12-24\"]\n[rules.review]\ntarget = \"2 business days\"\n";
    let fingerprint = |text: &str| accepted(text).deadline_fingerprint();
    let first = fingerprint(base);
    for same in [format!("{base}[escalation]\nsend_hours = \"08:00-19:00\"\n"), format!("{base}{ROUTE}")] {
        assert_eq!(fingerprint(&same), first, "{same}");
    }
    for different in [base.replace("2026-12-24", "2026-12-23"), base.replace("2 business", "3 business")] {
        assert_ne!(fingerprint(&different), first, "{different}");
    }
}

#[test]
fn a_file_that_cannot_be_read_as_text_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |name: &str, content: Option<&[u8]>| {
        let file = directory.path().join(name);
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let error = load(Some(&file), &environment(&[])).expect_err(name).to_string();
        error.replace(&*directory.path().to_string_lossy(), "")
    };
    assert_eq!(refused("none.toml", None), "/none.toml: no such file");
    fs::create_dir(directory.path().join("directory.toml")).unwrap();
    assert_eq!(refused("directory.toml", None), "/directory.toml: found a directory, expected a file");
    let latin1 = b"# caf\xe9\n[log]\n";
    assert_eq!(
        refused("latin1.toml", Some(latin1)),
        "/latin1.toml:1:6: found bytes that are not UTF-8, expected UTF-8 text"
    );
    let large = vec![b'#'; 20 << 20];
    assert_eq!(
        refused("large.toml", Some(&large)),
        "/large.toml: found more than 1 MiB, expected a configuration file"
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_accepted_and_places_stay_right() {
    accepted("\u{feff}[log]\r\nlevel = \"info\"\r\n");
    let error = refused("\u{feff}[log]\r\nformat = \"text\" # é\r\nlevel = \"é\"\r\nfromat = \"é\"");
    let expected = "/etc/claimwatch/claimwatch.toml:3:9: log.level: found \"é\", expected one of \"error\", \"warn\", \"info\", \
                    \"debug\", \"trace\"\n\
                    /etc/claimwatch/claimwatch.toml:4:1: log.fromat: unknown key; did you mean \"format\"?";
    assert_eq!(error, expected);
    assert!(refused("\u{feff}lock = 1").starts_with("/etc/claimwatch/claimwatch.toml:1:1: lock: unknown key"));
}

#[test]
fn hostile_files_are_refused_in_few_words() {
    let deep = format!("x = {}", "[".repeat(900_000));
    let long = format!("[mail]\nfrom = \"{}\"", "x".repeat(900_000));
    let zone = format!("[schedule]\ntime_zone = \"{}\"", "Europe/".repeat(100_000));
    let keys: String = (0..10_000).map(|number| format!("key{number} = 1\n")).collect();
    for text in [deep, long, zone, keys] {
        let error = refused(&text);
        assert!(error.len() < 5_000, "{} bytes", error.len());
    }
}
