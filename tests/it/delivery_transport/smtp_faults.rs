//! SMTP as it goes wrong: refusals, silence and lost connections at each step, and servers that lie.

use std::time::Duration;

use claimwatch::delivery::transport::{SmtpSettings, SmtpTransport, Tls, Transport};
use claimwatch::now::Stopwatch;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{LEAD, SUPPORT, assert_told, mail, send};
use crate::smtp_server::{Act, Encryption, Gate, Moment, SmtpServer};

/// Every moment before the message is handed over, with the step's name in an error.
const BEFORE: [(Moment, &str); 7] = [
    (Moment::Greeting, "greeting"),
    (Moment::Ehlo, "greeting"),
    (Moment::StartTls, "STARTTLS"),
    (Moment::Auth, "AUTH"),
    (Moment::Mail, "MAIL FROM"),
    (Moment::Rcpt, "RCPT TO"),
    (Moment::Data, "DATA"),
];

/// Long enough for a busy machine to answer, short enough to wait for.
const SHORT: Duration = Duration::from_secs(4);

/// Whether nothing was said of any message yet.
fn is_greeting(moment: Moment) -> bool {
    matches!(moment, Moment::Greeting | Moment::Ehlo | Moment::StartTls | Moment::Auth)
}

async fn server() -> SmtpServer {
    SmtpServer::with_login(Encryption::StartTls, "claimwatch", "secret", "PLAIN").await
}

fn transport(server: &SmtpServer) -> SmtpTransport {
    SmtpTransport::new(server.settings())
}

#[tokio::test]
async fn a_refusal_for_now_puts_off_the_message_or_before_mail_everything() {
    for (moment, step) in BEFORE.into_iter().chain([(Moment::Dot, "end of the message")]) {
        let server = server().await;
        server.once(moment, Act::Say("451 4.3.0 try later"));
        let attempt = send(&transport(&server), SUPPORT, &mail("late")).await;
        let kind = if is_greeting(moment) { "unreachable" } else { "transient" };
        assert_told(&attempt, kind, &format!("{step}: 451 4.3.0 try later"));
        assert_eq!(server.received(), [], "{moment:?}");
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_about_the_message_from_mail_on_and_about_us_before() {
    for (moment, step) in BEFORE.into_iter().chain([(Moment::Dot, "end of the message")]) {
        let server = server().await;
        server.once(moment, Act::Say("554 5.7.1 not wanted"));
        let attempt = send(&transport(&server), SUPPORT, &mail("late")).await;
        assert_told(
            &attempt,
            if is_greeting(moment) { "misconfigured" } else { "permanent" },
            &format!("{step}: 554 5.7.1 not wanted"),
        );
        assert_eq!(server.received(), [], "{moment:?}");
    }
}

#[tokio::test]
async fn a_full_mailbox_is_neither_gone_nor_refused() {
    let server = server().await;
    server.once(Moment::Rcpt, Act::Say("552 5.2.2 mailbox full"));
    assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, "full", "mailbox full");
}

#[tokio::test]
async fn silence_at_any_step_costs_an_attempt_and_no_more_than_its_timeout() {
    let mut attempts = JoinSet::new();
    for (moment, step) in BEFORE.into_iter().chain([(Moment::Dot, "end of the message")]) {
        attempts.spawn(async move {
            let server = server().await;
            server.once(moment, Act::Silence);
            let transport = SmtpTransport::new(SmtpSettings { timeout: SHORT, ..server.settings() });
            let began = Stopwatch::start();
            let attempt = send(&transport, SUPPORT, &mail("late")).await;
            assert!(began.elapsed() < 3 * SHORT, "{moment:?} took {:?}", began.elapsed());
            let kind = match moment {
                Moment::Dot => "unknown",
                _ if is_greeting(moment) => "unreachable",
                _ => "transient",
            };
            assert_told(&attempt, kind, &format!("{step}: no answer within"));
        });
    }
    while let Some(attempt) = attempts.join_next().await {
        attempt.expect("the attempt ends as it should");
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_message_ends_is_harmless_and_after_it_nobody_knows() {
    for (moment, _) in BEFORE {
        let server = server().await;
        server.once(moment, Act::HangUp);
        let kind = if is_greeting(moment) { "unreachable" } else { "transient" };
        assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, kind, "");
        assert_eq!(server.received(), [], "{moment:?}");
    }
    let server = server().await;
    server.once(Moment::Dot, Act::HangUp);
    assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, "unknown", "perhaps delivered");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_after_the_answer_costs_nothing() {
    let server = server().await;
    server.once(Moment::Dot, Act::AnswerAndHangUp);
    let transport = transport(&server);
    assert_told(&send(&transport, SUPPORT, &mail("first")).await, "accepted", "queued");
    assert_told(&send(&transport, SUPPORT, &mail("second")).await, "accepted", "queued");
    assert_eq!((server.received().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_gave_up_is_replaced_within_the_attempt() {
    let server = server().await;
    let transport = transport(&server);
    assert_told(&send(&transport, SUPPORT, &mail("first")).await, "accepted", "queued");
    server.once(Moment::Mail, Act::Say("421 4.4.2 idle for too long"));
    assert_told(&send(&transport, SUPPORT, &mail("second")).await, "accepted", "queued");
    assert_eq!((server.received().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_late_reply_to_one_message_is_never_taken_for_the_next_ones() {
    let server = server().await;
    let transport = SmtpTransport::new(SmtpSettings { timeout: SHORT, ..server.settings() });
    let gate = Gate::closed();
    server.once(Moment::Data, Act::Wait(gate.clone()));
    assert_told(&send(&transport, SUPPORT, &mail("first")).await, "transient", "DATA: no answer within");
    gate.open();
    server.once(Moment::Dot, Act::Say("554 5.7.1 not wanted"));
    assert_told(&send(&transport, LEAD, &mail("second")).await, "permanent", "end of the message: 554");
    assert_eq!((server.received(), server.connections()), (vec![], 2));
}

#[tokio::test]
async fn only_250_says_that_a_message_was_taken() {
    for reply in ["354 go ahead", "251 will forward", "220 ready", "221 bye"] {
        let server = server().await;
        server.once(Moment::Dot, Act::Say(reply));
        assert_told(
            &send(&transport(&server), SUPPORT, &mail("late")).await,
            "unknown",
            &format!("unexpected reply {reply}"),
        );
    }
    for moment in [Moment::Mail, Moment::Rcpt, Moment::Data] {
        let server = server().await;
        server.once(moment, Act::Say("235 welcome"));
        assert_told(&send(&transport(&server), SUPPORT, &mail("late")).await, "transient", "unexpected reply 235");
    }
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_any_error() {
    for act in [
        Act::Say("451 4.3.0 try later"),
        Act::Say("550 5.1.1 no such user"),
        Act::Say("355 what"),
        Act::Say("gibberish"),
    ] {
        let server = server().await;
        let transport = transport(&server);
        server.once(Moment::Rcpt, act);
        assert_ne!(super::told(&send(&transport, SUPPORT, &mail("first")).await).0, "accepted");
        assert_told(&send(&transport, LEAD, &mail("second")).await, "accepted", "queued");
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn nobody_on_the_way_can_answer_in_the_servers_place_across_starttls() {
    let server = server().await;
    server.once(Moment::StartTls, Act::Say("220 go ahead\r\n250-test\r\n250 AUTH PLAIN"));
    let attempt = send(&transport(&server), SUPPORT, &mail("late")).await;
    assert_told(&attempt, "misconfigured", "STARTTLS: ");
    assert!(!server.commands().iter().any(|command| command == "AUTH"));
}

#[tokio::test]
async fn a_reply_that_the_client_cannot_stand_costs_only_the_attempt() {
    let server = server().await;
    server.once(Moment::Ehlo, Act::Say("250-test\r\n250-   \r\n250 STARTTLS"));
    let transport = transport(&server);
    assert_told(&send(&transport, SUPPORT, &mail("late")).await, "unknown", "the SMTP client failed");
    assert_told(&send(&transport, SUPPORT, &mail("late")).await, "accepted", "queued");
}

#[tokio::test]
async fn a_port_of_the_other_kind_is_recognised() {
    let plain = SmtpServer::start(Encryption::None).await;
    let transport = SmtpTransport::new(SmtpSettings { tls: Tls::Implicit, ..plain.settings() });
    assert_told(&send(&transport, SUPPORT, &mail("late")).await, "misconfigured", "TLS handshake: ");

    let encrypted = SmtpServer::start(Encryption::Implicit).await;
    let settings = SmtpSettings { tls: Tls::StartTls, timeout: SHORT, ..encrypted.settings() };
    assert_told(
        &send(&SmtpTransport::new(settings), SUPPORT, &mail("late")).await,
        "unreachable",
        "greeting: no answer within",
    );
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("the port that was bound").port();
    drop(listener);
    let server = server().await;
    let away = SmtpTransport::new(SmtpSettings { host: "127.0.0.1".into(), port, ..server.settings() });
    let words = format!("connecting to 127.0.0.1:{port}: Connection refused");
    assert_told(&send(&away, SUPPORT, &mail("late")).await, "unreachable", &words);
    let nowhere = SmtpTransport::new(SmtpSettings { host: "mail.invalid".into(), ..server.settings() });
    assert_told(&send(&nowhere, SUPPORT, &mail("late")).await, "unreachable", "connecting to mail.invalid:");
    away.rest().await;
}
