//! Mails a second through the SMTP transport alone, from memory: what `tests/speed/mail` sets beside Postfix's `smtp-source`.
//!
//! `MAIL_SPEED="PORT SESSIONS MAILS BYTES" cargo bench --bench mail` sends to a server on this machine; without it, nothing is
//! measured. Prints seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use claimwatch::delivery::transport::{Attempt, SmtpSettings, SmtpTransport, Tls, Transport};
use claimwatch::now::Stopwatch;
use claimwatch::store::StoredMail;
use lettre::Address;
use tokio::task::JoinSet;

fn main() {
    let Ok(given) = std::env::var("MAIL_SPEED") else { return };
    let numbers: Vec<usize> = given.split(' ').map(|number| number.parse().expect("a number")).collect();
    let [port, sessions, mails, bytes] = numbers[..] else {
        panic!("expected PORT SESSIONS MAILS BYTES, found {given}")
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{:.3}", runtime.block_on(send(port, sessions, mails, bytes)).as_secs_f64());
}

/// How long it takes to send `mails` of `bytes` over `sessions` to the server at `port`.
async fn send(port: usize, sessions: usize, mails: usize, bytes: usize) -> Duration {
    let transport = Arc::new(SmtpTransport::new(SmtpSettings {
        host: "127.0.0.1".into(),
        port: port.try_into().expect("a port"),
        tls: Tls::None,
        credentials: None,
        ca_file: None,
        max_connections: sessions,
        timeout: Duration::from_secs(60),
    }));
    let line = format!("{}\r\n", "x".repeat(70));
    let mail = Arc::new(StoredMail {
        message_id: "<1@example.com>".into(),
        subject: "late".into(),
        bytes: format!("Subject: late\r\n\r\n{}", line.repeat(bytes / line.len())).into_bytes(),
    });
    let (from, to): (Address, Address) =
        ("claims@example.com".parse().expect("an address"), "support@example.com".parse().expect("an address"));
    let next = Arc::new(AtomicUsize::new(0));
    let (began, mut workers) = (Stopwatch::start(), JoinSet::new());
    for _ in 0..sessions {
        let (transport, mail, next) = (Arc::clone(&transport), Arc::clone(&mail), Arc::clone(&next));
        let (from, to) = (from.clone(), to.clone());
        workers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < mails {
                let attempt = transport.send(&from, &to, &mail).await;
                assert!(matches!(attempt, Attempt::Accepted { .. }), "{attempt:?}");
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.expect("every mail taken");
    }
    transport.rest().await;
    began.elapsed()
}
