//! SMTP as it should go: encryption, authentication, one envelope per recipient, the same bytes.

use std::time::Duration;

use claimwatch::delivery::transport::{
    Secret, SmtpSettings, SmtpTransport, Tls, Transport, TransportSettings, connect,
};
use claimwatch::now::Stopwatch;

use super::{FROM, LEAD, SUPPORT, assert_told, mail, send};
use crate::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};

fn transport(server: &SmtpServer) -> SmtpTransport {
    SmtpTransport::new(server.settings())
}

#[tokio::test]
async fn a_message_arrives_over_starttls_with_authentication() {
    for mechanisms in ["PLAIN LOGIN", "LOGIN", "GSSAPI PLAIN"] {
        let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "s3cret, \"ü\"", mechanisms).await;
        let sent = mail("late");
        let attempt = send(&*connect(&server.transport_settings()), SUPPORT, &sent).await;
        assert_told(&attempt, "accepted", "250 2.0.0 queued");
        let [received] = &server.received()[..] else { panic!("one message with {mechanisms}") };
        assert_eq!((received.from.as_str(), &received.to[..]), (FROM, &[SUPPORT.to_owned()][..]));
        assert_eq!(received.bytes, sent.bytes);
        assert_eq!((received.encrypted, received.user.as_deref()), (true, Some("claimwatch")));
    }
}

#[tokio::test]
async fn a_message_arrives_over_tls_from_the_first_byte_and_in_the_clear() {
    for encryption in [Encryption::Implicit, Encryption::None] {
        let server = SmtpServer::with_login(encryption, "claimwatch", "secret", "PLAIN").await;
        assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, "accepted", "queued");
        let [received] = &server.received()[..] else { panic!("one message over {encryption:?}") };
        assert_eq!(received.bytes, mail("late").bytes);
        assert_eq!(received.encrypted, encryption == Encryption::Implicit);
    }
}

#[tokio::test]
async fn lines_that_begin_with_dots_arrive_as_they_are() {
    let server = SmtpServer::start(Encryption::None).await;
    let mut sent = mail("dots");
    sent.bytes.extend_from_slice(b".\r\n..\r\n.hidden\r\nend.\r\n.\r\n");
    assert_told(&send(&transport(&server), SUPPORT, &sent).await, "accepted", "queued");
    assert_eq!(server.received()[0].bytes, sent.bytes);
}

#[tokio::test]
async fn a_bare_line_feed_cannot_end_the_message_early() {
    let server = SmtpServer::start(Encryption::None).await;
    let mut sent = mail("smuggled");
    sent.bytes.extend_from_slice(b"a\n.\r\nMAIL FROM:<evil@example.com>\r\n");
    assert_told(&send(&transport(&server), SUPPORT, &sent).await, "accepted", "queued");
    let [received] = &server.received()[..] else { panic!("one message") };
    assert!(received.bytes.ends_with(b"a\r\n.\r\nMAIL FROM:<evil@example.com>\r\n"));
}

#[tokio::test]
async fn messages_in_a_row_share_a_connection_until_there_is_nothing_more_to_send() {
    let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await;
    let transport = transport(&server);
    for to in [SUPPORT, LEAD, SUPPORT] {
        assert_told(&send(&transport, to, &mail("late")).await, "accepted", "queued");
    }
    transport.rest().await;
    assert_eq!(server.connections(), 1);
    assert_eq!(
        server.received().iter().map(|received| &received.to[..]).collect::<Vec<_>>(),
        [[SUPPORT], [LEAD], [SUPPORT]]
    );
    assert_eq!(server.commands().last().map(String::as_str), Some("QUIT"));

    assert_told(&send(&transport, LEAD, &mail("late")).await, "accepted", "queued");
    assert_eq!(server.connections(), 2);
}

/// With Nagle's algorithm on, each message waits some 40 ms for a delayed acknowledgement: 4 s in all.
#[tokio::test]
async fn a_hundred_messages_in_a_row_do_not_wait_for_delayed_acknowledgements() {
    let server = SmtpServer::start(Encryption::None).await;
    let transport = transport(&server);
    let began = Stopwatch::start();
    for _ in 0..100 {
        assert_told(&send(&transport, SUPPORT, &mail("late")).await, "accepted", "queued");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_refused_recipient_does_not_hold_up_the_other() {
    let server = SmtpServer::start(Encryption::None).await;
    server.whenever(Moment::Rcpt, SUPPORT, Act::Say("550-5.1.1 no such user\r\n550 5.1.1 here"));
    let transport = transport(&server);
    assert_told(&send(&transport, SUPPORT, &mail("late")).await, "refused", "RCPT TO: 550 5.1.1 no such user here");
    assert_told(&send(&transport, LEAD, &mail("late")).await, "accepted", "queued");
    assert_eq!(server.received().iter().map(|received| &received.to[..]).collect::<Vec<_>>(), [[LEAD]]);
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let server = SmtpServer::start(Encryption::None).await;
    let gate = Gate::closed();
    server.once(Moment::Greeting, Act::Wait(gate.clone()));
    let (transport, late) = (transport(&server), mail("late"));
    let (attempt, ()) = tokio::join!(send(&transport, SUPPORT, &late), async {
        gate.reached().await;
        assert_eq!(server.commands(), Vec::<String>::new());
        gate.open();
    });
    assert_told(&attempt, "accepted", "queued");
}

#[tokio::test]
async fn a_wrong_password_is_ours_to_put_right() {
    for mechanisms in ["PLAIN", "LOGIN"] {
        let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", mechanisms).await;
        let credentials = Some(("claimwatch".to_owned(), Secret::new("wr0ng".into())));
        let transport = SmtpTransport::new(SmtpSettings { credentials, ..server.settings() });
        let attempt = send(&transport, SUPPORT, &mail("late")).await;
        assert_told(&attempt, "misconfigured", "AUTH: 535 5.7.8 authentication failed");
        assert!(!format!("{attempt:?}").contains("wr0ng"));
        assert_eq!(server.received(), []);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_password_which_is_not_configured_says_so() {
    let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await;
    let transport = SmtpTransport::new(SmtpSettings { credentials: None, ..server.settings() });
    assert_told(&send(&transport, SUPPORT, &mail("late")).await, "misconfigured", "MAIL FROM: 530 5.7.0");
}

#[tokio::test]
async fn a_password_is_not_sent_to_a_server_without_a_mechanism_that_we_know() {
    let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "GSSAPI").await;
    assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, "misconfigured", "neither PLAIN nor LOGIN");
    assert!(!server.commands().iter().any(|command| command == "AUTH" || command.starts_with("MAIL")));
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_does_not_offer_starttls() {
    let server = SmtpServer::with_login(Encryption::None, "claimwatch", "secret", "PLAIN").await;
    let transport = SmtpTransport::new(SmtpSettings { tls: Tls::StartTls, ..server.settings() });
    assert_told(
        &send(&transport, SUPPORT, &mail("late")).await,
        "misconfigured",
        "STARTTLS: the server does not offer it",
    );
    let commands = server.commands();
    assert!(commands.len() == 1 && commands[0].starts_with("EHLO "), "{commands:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_for_another_name_stops_everything() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let server = SmtpServer::with_login(encryption, "claimwatch", "secret", "PLAIN").await;
        let untrusted = SmtpSettings { ca_file: None, ..server.settings() };
        let misnamed = SmtpSettings { host: "127.0.0.1".into(), ..server.settings() };
        for (settings, words) in [(untrusted, "UnknownIssuer"), (misnamed, "not valid for name")] {
            let attempt = send(&SmtpTransport::new(settings), SUPPORT, &mail("late")).await;
            assert_told(&attempt, "misconfigured", "invalid peer certificate");
            assert_told(&attempt, "misconfigured", words);
        }
        assert!(!server.commands().iter().any(|command| command == "AUTH" || command.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_file_of_certificates_that_cannot_be_read_is_named() {
    let server = SmtpServer::start(Encryption::StartTls).await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (missing, empty) = (directory.path().join("missing.pem"), directory.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate\n").expect("a file");
    for (file, words) in [(missing, "missing.pem: No such file"), (empty, "empty.pem: found no certificate")] {
        let transport = SmtpTransport::new(SmtpSettings { ca_file: Some(file), ..server.settings() });
        assert_told(&send(&transport, SUPPORT, &mail("late")).await, "misconfigured", words);
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let server = SmtpServer::start(Encryption::None).await;
    let transport = transport(&server);
    assert_told(&send(&transport, "jürgen@bücher.example", &mail("late")).await, "accepted", "queued");
    assert_eq!(server.received()[0].to, ["jürgen@xn--bcher-kva.example"]);
    transport.rest().await;

    server.whenever(Moment::Ehlo, "", Act::Say("250 test"));
    assert_told(&send(&transport, "jürgen@bücher.example", &mail("late")).await, "misconfigured", "SMTPUTF8");
    assert_told(&send(&transport, "info@bücher.example", &mail("late")).await, "accepted", "queued");
    transport.rest().await;
    assert_told(&send(&transport, SUPPORT, &mail("späť")).await, "misconfigured", "8BITMIME");
}

#[tokio::test]
async fn a_transport_describes_itself_without_its_password() {
    let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await;
    let settings = server.settings();
    let text = connect(&TransportSettings::Smtp(settings)).describe();
    assert_eq!(text, format!("smtp://localhost:{} (STARTTLS)", server.port()));
}

#[tokio::test]
async fn a_server_can_be_asked_whether_it_would_take_mail_without_sending_any() {
    let server = SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await;
    assert_told(&transport(&server).probe().await, "accepted", "ready to take mail");
    let credentials = Some(("claimwatch".to_owned(), Secret::new("wr0ng".into())));
    let wrong = SmtpTransport::new(SmtpSettings { credentials, ..server.settings() });
    assert_told(&wrong.probe().await, "misconfigured", "AUTH: 535");
    server.once(Moment::Greeting, Act::HangUp);
    assert_told(&transport(&server).probe().await, "unreachable", "greeting: the server closed the connection");
    assert!(!server.commands().iter().any(|command| command.starts_with("MAIL")));
}
