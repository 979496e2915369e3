//! `[mail]`: the way out, and whom messages are from.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use crate::delivery::MOST_AN_HOUR;
use crate::delivery::transport::{FileSettings, SendmailSettings, SmtpSettings, Tls, TransportSettings};

use super::error::Place;
use super::secret::read_secret;
use super::section::{Section, choice, expected, flag, integer, line};
use super::tree::Node;
use super::{Affects, MailSettings, read_mailbox};

/// Which way out was chosen, and where.
pub struct Way {
    pub name: &'static str,
    /// Whether messages stay on this machine, as files.
    pub stays_here: bool,
    pub place: Place,
}

/// The settings, and the way out for what else depends on it.
pub fn read(section: Section<'_>, state_directory: &Path) -> (MailSettings, Way) {
    let ways = [("file", "file"), ("smtp", "smtp"), ("sendmail", "sendmail")];
    let name = section.read("transport", |node| choice(node, &ways)).unwrap_or("file");
    let way = Way { name, stays_here: name == "file", place: section.place("transport").clone() };
    let seconds = section.read("timeout_seconds", |node| integer(node, &(1..=3_600)));
    let timeout = Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(60));
    let from = section.read("from", read_mailbox);
    if from.is_none() && !section.has("from") && !way.stays_here {
        section.report_at(
            &way.place,
            "from",
            format!("absent, expected the sender's address, as mail goes out by {name}"),
        );
    }
    let from = from.unwrap_or_else(|| Mailbox::new(None, Address::new_dangerous("claimwatch", "localhost")));
    let reply_to = section.read("reply_to", read_mailbox);
    let templates = super::templates::read(&section);
    let most_an_hour = section.read("max_per_hour", |node| integer(node, &(1..=100_000)));
    let most_an_hour = most_an_hour.and_then(|most| u32::try_from(most).ok()).unwrap_or(MOST_AN_HOUR);
    let smtp = read_smtp(section.section("smtp"), &way, timeout);
    let sendmail = read_sendmail(section.section("sendmail"), timeout);
    let file = read_file(section.section("file"), state_directory);
    section.finish();
    let transport = match name {
        "smtp" => TransportSettings::Smtp(smtp),
        "sendmail" => TransportSettings::Sendmail(sendmail),
        _ => TransportSettings::File(file),
    };
    (MailSettings { transport, from, reply_to, templates, most_an_hour, timeout }, way)
}

fn read_smtp(section: Section<'_>, way: &Way, timeout: Duration) -> SmtpSettings {
    let host = section.read("host", read_host);
    if host.is_none() && !section.has("host") && way.name == "smtp" {
        section.report_at(&way.place, "host", "absent, expected the name of a mail server, as mail goes out by smtp");
    }
    let host = host.unwrap_or_default();
    let choices = [("starttls", Tls::StartTls), ("implicit", Tls::Implicit), ("none", Tls::None)];
    let tls = section.read("tls", |node| choice(node, &choices)).unwrap_or(Tls::StartTls);
    let port = section.read("port", |node| integer(node, &(1..=65_535))).and_then(|port| u16::try_from(port).ok());
    let port = port.unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    });
    let plaintext = section.read("allow_plaintext", flag).unwrap_or(false);
    if tls == Tls::None && !plaintext && !host.is_empty() && !is_loopback(&host) {
        section.report(
            "tls",
            format!("found \"none\", but {host} is not this machine; expected \"starttls\" or \"implicit\", or allow_plaintext = true"),
        );
    }
    let username = section.read("username", |node| line(node, "a user name")).map(str::to_owned);
    let has_password = section.has("password") || section.has("password_file");
    let password = read_secret(&section, "password", "password_file", Affects::Delivery);
    if section.has("username") && !has_password {
        section.report("username", "found a user name without a password, expected password_file = \"…\" beside it");
    }
    if has_password && !section.has("username") {
        let key = if section.has("password_file") { "password_file" } else { "password" };
        section.report(key, "found a password without a user name, expected username = \"…\" beside it");
    }
    let ca_file = section.read("ca_file", |node| line(node, "the path of a file of certificates"));
    let ca_file = ca_file.map(|path| section.resolve(path));
    let connections = section.read("max_connections", |node| integer(node, &(1..=100)));
    let max_connections = connections.and_then(|count| usize::try_from(count).ok()).unwrap_or(4);
    section.finish();
    SmtpSettings { host, port, tls, credentials: username.zip(password), ca_file, max_connections, timeout }
}

fn read_sendmail(section: Section<'_>, timeout: Duration) -> SendmailSettings {
    let program = section.read("program", |node| line(node, "the path of a program"));
    let program = program.map_or_else(|| "/usr/sbin/sendmail".into(), |path| section.resolve(path));
    section.finish();
    SendmailSettings { program, timeout }
}

fn read_file(section: Section<'_>, state_directory: &Path) -> FileSettings {
    let directory = section.read("directory", |node| line(node, "the path of a directory"));
    let directory = directory.map_or_else(|| state_directory.join("outbox"), |path| section.resolve(path));
    section.finish();
    FileSettings { directory }
}

fn read_host(node: &Node) -> Result<String, String> {
    let what = "the name or address of a mail server, without a port";
    let host = line(node, what)?;
    let is_name = host.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c));
    if is_name || host.parse::<IpAddr>().is_ok() { Ok(host.to_owned()) } else { Err(expected(node, what)) }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
