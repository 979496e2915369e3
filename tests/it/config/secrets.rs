//! Secrets from files, the settings of a mail server, and that nothing repeats a password.

use std::fs;

use claimwatch::config::{Affects, load};
use claimwatch::delivery::transport::TransportSettings;

use super::{accepted, environment, refused};

const SMTP: &str = r#"
[mail]
transport = "smtp"
from = "a@example.com"
[mail.smtp]
host = "mail.example.com"
username = "claimwatch"
[[escalation.levels]]
to = ["support@example.com"]
"#;

fn with_smtp(line: &str) -> String {
    SMTP.replace("username", &format!("{line}\nusername"))
}

#[test]
fn a_secret_comes_from_a_file_beside_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("claimwatch.toml");
    fs::write(&file, with_smtp("password_file = \"secret\"")).unwrap();
    for content in ["correct horse\n", "correct horse\r\n", "correct horse"] {
        fs::write(directory.path().join("secret"), content).unwrap();
        let settings = load(Some(&file), &environment(&[])).unwrap();
        assert_eq!(settings.obstacles, []);
        let TransportSettings::Smtp(smtp) = &settings.mail.transport else { panic!() };
        let (username, password) = smtp.credentials.as_ref().unwrap();
        assert_eq!((username.as_str(), password.expose()), ("claimwatch", "correct horse"));
        assert!(!format!("{settings:?}").contains("horse"));
    }
}

#[test]
fn a_secret_that_cannot_be_read_stands_in_the_way_of_delivery_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("claimwatch.toml");
    fs::write(&file, with_smtp("password_file = \"secret\"")).unwrap();
    let secret = directory.path().join("secret");
    let refusal = || {
        let settings = load(Some(&file), &environment(&[])).unwrap();
        assert_eq!(settings.refusal(&[Affects::Deadlines, Affects::Store, Affects::Http]), None);
        settings.refusal(&[Affects::Delivery]).expect("no password")
    };
    assert!(refusal().ends_with("secret cannot be read: No such file or directory (os error 2)"), "{}", refusal());
    let contents: [(&[u8], &str); 4] = [
        (b"\n", "is empty, expected one line of text"),
        (b"two\nlines\n", "found a line break or another control character, expected one line of text"),
        (b"\xff\xfe", "is not UTF-8, expected one line of text"),
        (&b"x".repeat(20_000), "is longer than 10000 bytes, expected one line of text"),
    ];
    for (content, expected) in contents {
        fs::write(&secret, content).unwrap();
        assert!(refusal().ends_with(expected), "{}", refusal());
    }
    fs::remove_file(&secret).unwrap();
    fs::create_dir(&secret).unwrap();
    assert!(refusal().ends_with("secret cannot be read: Is a directory (os error 21)"), "{}", refusal());
}

#[test]
fn no_message_and_no_debug_text_repeats_a_secret() {
    let settings = accepted(&with_smtp("password = \"hunter2\""));
    assert!(!format!("{settings:?}").contains("hunter2"));
    let settings = accepted(
        "database.url = \"postgres://ada:hunter2@db/claims\"\nhttp.listen = \"0.0.0.0:80\"\nhttp.token = \"hunter2\"",
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let settings = accepted(&format!(
        "[webhooks.chat]\nurl = \"https://chat.example.com/hunter2\"\nsecret = {key:?}\nprevious_secret = {key:?}\n"
    ));
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("MfKQ"), "{shown}");
    for text in [
        "[webhooks.chat]\nurl = \"ftp://hunter2\"\nsecret = \"hunter2\"".into(),
        with_smtp("password = \"hunter2\"\npassword_file = \"x\""),
        with_smtp("password = \"hun\\nter2\""),
        with_smtp("password = [\"hunter2\"]"),
        with_smtp("password = hunter2"),
        "database.url = \"mysql://ada:hunter2@db/claims\"".into(),
        "database.url = \"hunter2hunter2hunter2:x\"".into(),
        "database.url = [\"hunter2\"]".into(),
    ] {
        assert!(!refused(&text).contains("hunter2"), "{}", refused(&text));
    }
}

#[test]
fn smtp_ports_follow_from_tls_and_plain_text_stays_on_this_machine() {
    let port = |lines: &str| {
        let settings = accepted(&with_smtp(&format!("password = \"x\"\n{lines}")));
        let TransportSettings::Smtp(smtp) = settings.mail.transport else { panic!() };
        smtp.port
    };
    assert_eq!(port(""), 587);
    assert_eq!(port("tls = \"implicit\""), 465);
    assert_eq!(port("tls = \"none\"\nallow_plaintext = true"), 25);
    assert_eq!(port("tls = \"implicit\"\nport = 2465"), 2465);
    for host in ["localhost", "127.0.0.2", "::1"] {
        accepted(&SMTP.replace("mail.example.com", host).replace("username = \"claimwatch\"", "tls = \"none\""));
    }
}
