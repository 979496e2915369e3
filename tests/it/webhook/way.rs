//! One message to one receiver: certificates, silence, answers without an end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use claimwatch::delivery::transport::Attempt;
use claimwatch::delivery::webhook::{Webhook, WebhookSettings};
use claimwatch::now::Stopwatch;
use uuid::Uuid;

use super::receiver::{Answer, Receiver};
use crate::smtp_server::{Flaw, Trust};

const SHORT: Duration = Duration::from_secs(2);

async fn post(settings: WebhookSettings, timeout: Duration) -> Attempt {
    Webhook::new(settings, timeout).post(Uuid::from_u128(7), b"{}", DateTime::<Utc>::UNIX_EPOCH).await
}

#[tokio::test]
async fn over_tls_a_receiver_is_told_only_if_its_certificate_is_to_be_trusted() {
    let trust = Trust::new(&["localhost"]);
    let trusting =
        |receiver: &Receiver| WebhookSettings { ca_file: Some(trust.ca_file()), ..receiver.settings("chat") };
    let receiver = Receiver::with_tls(trust.acceptor().clone()).await;
    let attempt = post(trusting(&receiver), Duration::from_secs(30)).await;
    assert_eq!(attempt, Attempt::Accepted { reply: "HTTP 204".into() });
    assert_eq!(receiver.received().len(), 1);

    let unknown = post(receiver.settings("chat"), Duration::from_secs(30)).await;
    assert!(matches!(&unknown, Attempt::Misconfigured { error } if error.contains("certificate")), "{unknown:?}");
    for flaw in [Flaw::OtherName, Flaw::Expired, Flaw::OtherAuthority] {
        let receiver = Receiver::with_tls(trust.flawed_acceptor(flaw)).await;
        let attempt = post(trusting(&receiver), Duration::from_secs(30)).await;
        assert!(matches!(&attempt, Attempt::Misconfigured { error } if error.contains("certificate")), "{attempt:?}");
        assert_eq!(receiver.received().len(), 0, "{flaw:?}");
    }
}

#[tokio::test]
async fn silence_costs_the_timeout_and_leaves_open_whether_it_arrived() {
    let receiver = Receiver::start().await;
    receiver.whenever(Answer::Silence);
    let watch = Stopwatch::start();
    let attempt = post(receiver.settings("chat"), SHORT).await;
    assert!(watch.elapsed() >= SHORT);
    assert_eq!(attempt, Attempt::Unknown { error: "no answer within 2 s; perhaps delivered".into() });
}

#[tokio::test]
async fn nobody_there_is_no_delivery() {
    let settings = Receiver::start().await.settings("chat");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let url = format!("http://{port}/hook").parse().expect("an address");
    let attempt = post(WebhookSettings { url, ..settings }, SHORT).await;
    assert!(matches!(&attempt, Attempt::Unreachable { error } if error.contains("refused")), "{attempt:?}");
}

#[tokio::test]
async fn an_answer_without_an_end_is_read_to_its_beginning_and_taken_by_its_status() {
    let receiver = Receiver::start().await;
    receiver.whenever(Answer::Endless);
    let attempt = post(receiver.settings("chat"), Duration::from_secs(30)).await;
    assert!(matches!(&attempt, Attempt::Accepted { reply } if reply.len() < 600), "{attempt:?}");
}

#[tokio::test]
async fn a_probe_hands_nothing_over() {
    let receiver = Receiver::start().await;
    receiver.once(Answer::Say("405 Method Not Allowed", String::new()));
    let attempt = Webhook::new(receiver.settings("chat"), SHORT).probe().await;
    assert_eq!(attempt, Attempt::Accepted { reply: "it answers (HEAD: 405)".into() });
    let [request] = &receiver.received()[..] else { panic!("one request") };
    assert!(request.method == "HEAD" && request.body.is_empty() && !request.headers.contains_key("webhook-id"));
}

#[tokio::test]
async fn while_a_key_takes_the_place_of_another_both_sign() {
    let receiver = Receiver::start().await;
    let mut settings = receiver.settings("chat");
    let old = claimwatch::delivery::transport::Secret::new(format!("whsec_{}", "A".repeat(32)));
    settings.keys.push(claimwatch::delivery::webhook::SigningKey::parse(&old).expect("a key"));
    post(settings.clone(), Duration::from_secs(30)).await;
    let request = &receiver.received()[0];
    let signed = |number: usize| settings.keys[number].sign(request.id(), DateTime::UNIX_EPOCH, b"{}");
    assert_eq!(request.headers["webhook-signature"], format!("{} {}", signed(0), signed(1)));
}
