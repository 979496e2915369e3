//! `claimwatch mail test`: to a mail server that takes it, and to servers that do not.

use std::fs;

use data_encoding::BASE64;

use super::{Desk, files_below};
use crate::smtp_server::{Act, Encryption, Moment, SmtpServer};
use crate::world::claim;

/// A desk whose mail goes out by `server`, with this password.
fn desk(server: &SmtpServer, tls: &str, password: &str) -> Desk {
    Desk::with(&format!(
        "[escalation]\nlanguage = \"fr\"\n[[escalation.levels]]\nto = [\"support@example.com\"]\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"Claims <claims@example.com>\"\nreply_to = \"support@example.com\"\n\
         [mail.smtp]\nhost = \"localhost\"\nport = {}\ntls = \"{tls}\"\nca_file = {:?}\n\
         username = \"claimwatch\"\npassword = {password:?}\n",
        server.port(),
        server.ca_file()
    ))
}

const TO_ADA: [&str; 4] = ["mail", "test", "--to", "Ada <ada@example.com>"];

async fn with_login(encryption: Encryption) -> SmtpServer {
    SmtpServer::with_login(encryption, "claimwatch", "s3cret", "PLAIN LOGIN").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_arrives_and_needs_no_database() {
    let server = with_login(Encryption::StartTls).await;
    let desk = desk(&server, "starttls", "s3cret");
    let told = desk.run(&TO_ADA).done();
    told.says(&[&format!("smtp://localhost:{} (STARTTLS) took the message <", server.port()), "250 2.0.0 queued"]);
    let [received] = &server.received()[..] else { panic!("one message") };
    assert_eq!((received.from.as_str(), &received.to[..]), ("claims@example.com", &["ada@example.com".to_owned()][..]));
    let text = String::from_utf8_lossy(&received.bytes);
    for header in [
        "To: Ada <ada@example.com>",
        "From: Claims <claims@example.com>",
        "Reply-To: support@example.com",
        "Auto-Submitted: auto-generated",
        "X-Claimwatch-Kind: test",
        "Message-ID: <",
        "Date: ",
    ] {
        assert!(text.contains(header), "{header} is not in {text}");
    }
    assert!(text.contains("Les messages de claimwatch vous parviennent"), "{text}");
    assert!(!desk.path("claims.db").exists(), "the outbox has no part in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_shown_as_a_conversation_without_it() {
    for (encryption, tls) in [(Encryption::StartTls, "starttls"), (Encryption::Implicit, "implicit")] {
        let server = with_login(encryption).await;
        let told = desk(&server, tls, "wr0ng").run(&TO_ADA).refused(
            1,
            &[
                "* connected to 127.0.0.1:",
                "* encrypted from here on\n",
                "> EHLO ",
                "< 250-AUTH PLAIN LOGIN\n",
                "> AUTH ***\n< 535 5.7.8 authentication failed\n",
                "AUTH: 535 5.7.8 authentication failed",
            ],
        );
        for secret in ["wr0ng".to_owned(), BASE64.encode(b"wr0ng"), BASE64.encode(b"\0claimwatch\0wr0ng")] {
            assert!(!told.err.contains(&secret), "{}", told.err);
        }
        assert_eq!(server.received(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_the_password_back_does_not_make_us_show_it() {
    let server = with_login(Encryption::StartTls).await;
    server.once(Moment::Auth, Act::Say("535 AGNsYWltd2F0Y2gAczNjcmV0 is not s3cret"));
    let told = desk(&server, "starttls", "s3cret").run(&TO_ADA);
    let told = told.refused(1, &["< 535 *** is not ***\n", "AUTH: 535 *** is not ***"]);
    assert!(!told.err.contains("s3cret"), "{}", told.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_is_shown_with_what_was_said_before() {
    let server = with_login(Encryption::StartTls).await;
    server.whenever(Moment::Rcpt, "ada", Act::Say("550-5.1.1 no such user\r\n550 5.1.1 here"));
    desk(&server, "starttls", "s3cret").run(&TO_ADA).refused(
        1,
        &[
            "> STARTTLS\n* encrypted from here on\n",
            "> AUTH ***\n< 235 2.7.0 welcome\n> MAIL FROM:<claims@example.com>",
            "< 250 2.1.0 ok\n> RCPT TO:<ada@example.com>\n< 550 5.1.1 no such user",
            "> QUIT\n< 221 2.0.0 bye\n",
            "(STARTTLS): RCPT TO: 550 5.1.1 no such user",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_starttls_is_shown_with_what_it_offers_and_told_nothing_more() {
    let server = with_login(Encryption::None).await;
    let told = desk(&server, "starttls", "s3cret")
        .run(&TO_ADA)
        .refused(1, &["< 250-8BITMIME\n", "STARTTLS: the server does not offer it; nothing was sent"]);
    assert!(!told.err.contains("> MAIL") && !told.err.contains("> AUTH"), "{}", told.err);
    assert!(server.commands().iter().all(|command| command.starts_with("EHLO")), "{:?}", server.commands());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_is_shown_up_to_there() {
    let server = with_login(Encryption::StartTls).await;
    server.once(Moment::Rcpt, Act::Silence);
    let desk = desk(&server, "starttls", "s3cret");
    let text = fs::read_to_string(desk.path("claimwatch.toml")).expect("the configuration");
    desk.configure(&text.replace("[mail.smtp]", "timeout_seconds = 2\n[mail.smtp]"));
    let told = desk.run(&TO_ADA);
    told.refused(1, &["> RCPT TO:<ada@example.com>\nclaimwatch: ", "RCPT TO: no answer within 1.0 s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_not_shown_itself() {
    let server = with_login(Encryption::StartTls).await;
    server.once(Moment::Dot, Act::Say("554 5.7.1 looks like spam"));
    let told = desk(&server, "starttls", "s3cret").run(&[&TO_ADA[..], &["--json"]].concat());
    assert_eq!(told.code, 1);
    let outcome = told.json();
    assert_eq!((&outcome["accepted"], &outcome["to"]), (&false.into(), &"ada@example.com".into()));
    assert_eq!(outcome["words"], "end of the message: 554 5.7.1 looks like spam");
    let said = outcome["conversation"].to_string();
    assert!(said.contains("the message follows, ") && said.contains("< 554 5.7.1 looks like spam"), "{said}");
    assert!(!said.contains("claimwatch vous parviennent") && !said.contains("Message-ID"), "{said}");
}

#[test]
fn by_files_it_is_a_file_and_a_wrong_address_is_refused() {
    let desk = Desk::with("[mail.file]\ndirectory = \"outgoing\"\n");
    desk.run(&["mail", "test", "--to", "ada@example.com"]).done().says(&["took the message", "for ada@example.com"]);
    let files = files_below(&desk.path("outgoing"));
    assert_eq!(files.len(), 1);
    assert!(String::from_utf8_lossy(&files[0].1).contains("Subject: [claimwatch] Test message"));
    desk.run(&["mail", "test", "--to", "ada"]).refused(2, &["found \"ada\", expected an address"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_of_ones_own_are_begun_with_the_built_in_ones_tried_and_used() {
    let server = SmtpServer::start(Encryption::None).await;
    let desk = Desk::with(&format!(
        "[[escalation.levels]]\nto = [\"support@example.com\"]\n\
         [mail]\ntransport = \"smtp\"\nfrom = \"claims@example.com\"\ntemplates = \"own\"\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        server.port()
    ));
    let own = desk.path("own");
    let begin = ["mail", "templates", "--to", own.to_str().expect("a path")];
    desk.run(&begin).complains(&["5 templates in "]);
    desk.run(&begin).refused(1, &["own/base.txt.j2: it is there already; nothing was written"]);
    fs::write(own.join("digest/subject.txt.j2"), "Vite ! {{ subject }}\n").expect("a template");
    desk.run(&["check"]).says(&["ok     templates      of your own, tried on samples: base.html.j2, base.txt.j2"]);
    desk.migrate();
    desk.put(claim("C-1", "submitted").on("submitted_at", "2025-01-06T10:00:00Z")).await;
    desk.run(&["scan", "--json"]).done();
    desk.run(&["outbox", "deliver", "--json"]).done();
    let [received] = &server.received()[..] else { panic!("one message") };
    assert!(String::from_utf8_lossy(&received.bytes).contains("Subject: Vite ! [claimwatch] "), "{received:?}");

    let samples = desk.path("samples");
    desk.run(&["mail", "templates", "--samples", samples.to_str().expect("a path")]).complains(&[" samples in "]);
    let pages = files_below(&samples);
    assert!(pages.iter().any(|(page, _)| page.ends_with("escalation-many-fr.html")), "{pages:?}");

    fs::write(own.join("digest/body.html.j2"), "<p>\n{{ subjekt }}</p>").expect("a template");
    let told = desk.run(&["check"]);
    assert_eq!(told.code, 1);
    told.says(&["WRONG  configuration  ", "own/digest/body.html.j2:2: undefined value", "mend it"]);
    desk.run(&["mail", "templates", "--samples", samples.to_str().expect("a path")])
        .refused(1, &["own/digest/body.html.j2:2: undefined value"]);
}
