//! SMTP with a server that is not ours: aiosmtpd, which has its own reading of the protocol.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use claimwatch::delivery::transport::{Attempt, Secret, SmtpSettings, SmtpTransport, Tls, Transport};
use claimwatch::store::StoredMail;
use lettre::Address;

use crate::smtp_server::Trust;

/// The server's process; it ends with its standard input, or when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server; its port.
fn start(trust: &Trust, directory: &Path) -> (Server, u16) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp/independent.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(trust.server_file()).args(["claimwatch", "s3cret, \"ü\""]).arg(directory);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut server = Server(child.expect("this test needs python3 (Debian: apt-get install python3)"));
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().expect("its output")).read_line(&mut port).expect("its first line");
    let port = port.trim().parse().unwrap_or_else(|_| {
        panic!("this test needs aiosmtpd for python3: pip install aiosmtpd==1.4.6, or apt-get install python3-aiosmtpd")
    });
    (server, port)
}

#[tokio::test]
async fn an_independent_mail_server_takes_the_same_bytes_from_us() {
    let (trust, directory) = (Trust::new(&["localhost"]), tempfile::tempdir().expect("a temporary directory"));
    let (_server, port) = start(&trust, directory.path());
    let settings = SmtpSettings {
        host: "localhost".into(),
        port,
        tls: Tls::StartTls,
        credentials: Some(("claimwatch".into(), Secret::new("s3cret, \"ü\"".into()))),
        ca_file: Some(trust.ca_file()),
        max_connections: 1,
        timeout: Duration::from_secs(30),
    };
    let mail = StoredMail {
        message_id: "<1@claims.example>".into(),
        subject: "late".into(),
        bytes: b"Subject: late\r\n\r\n.\r\n..dots\r\n.\r\nend\r\n".to_vec(),
    };
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let from = address("claims-monitor@example.com");

    let transport = SmtpTransport::new(settings.clone());
    for to in ["support@example.com", "nobody@example.com", "lead@example.com", "support@example.com"] {
        let attempt = transport.send(&from, &address(to), &mail).await;
        let expected = match to {
            "nobody@example.com" => Attempt::Refused { error: "RCPT TO: 550 5.1.1 no such user".into() },
            _ => Attempt::Accepted { reply: "250 2.0.0 kept".into() },
        };
        assert_eq!(attempt, expected);
    }
    transport.rest().await;
    for (number, to) in ["support@example.com", "lead@example.com", "support@example.com"].iter().enumerate() {
        let kept = std::fs::read(directory.path().join(number.to_string())).expect("a message");
        assert_eq!(kept, [format!("{from}\n{to}\n").as_bytes(), &mail.bytes].concat());
    }

    let credentials = Some(("claimwatch".into(), Secret::new("wrong".into())));
    let refused = SmtpTransport::new(SmtpSettings { credentials, ..settings });
    let attempt = refused.send(&from, &address("support@example.com"), &mail).await;
    assert!(matches!(&attempt, Attempt::Misconfigured { error } if error.contains("AUTH: 535")), "{attempt:?}");
}
