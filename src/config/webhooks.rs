//! `[webhooks.NAME]`: where messages go beside mail.

use crate::delivery::transport::Secret;
use crate::delivery::webhook::{SigningKey, WebhookSettings, is_loopback};

use super::Affects;
use super::secret::read_secret;
use super::section::{Section, flag, line};

/// The longest name of a webhook, in characters.
const LONGEST_NAME: usize = 60;

/// The names of all webhooks, and those that can be had as configured.
pub fn read(section: &Section<'_>) -> (Vec<String>, Vec<WebhookSettings>) {
    let tables = section.named();
    let names = tables.iter().map(|(name, _)| (*name).to_owned()).collect();
    let webhooks = tables.into_iter().filter_map(|(name, table)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            let what = format!("found this name, expected 1 to {LONGEST_NAME} letters, digits, - and _");
            section.report_at(section.key_place(name), name, what);
        }
        read_webhook(name, table)
    });
    (names, webhooks.collect())
}

fn read_webhook(name: &str, section: Section<'_>) -> Option<WebhookSettings> {
    let url = read_secret(&section, "url", "url_file", Affects::Delivery);
    let given = if section.has("url_file") { "url_file" } else { "url" };
    if !section.has("url") && !section.has("url_file") {
        section
            .report("url", "absent, expected the address that takes messages, as \"https://chat.example.com/hooks/1\"");
    }
    let url = url.and_then(|url| read_url(&url).map_err(|what| section.report(given, what)).ok());
    let plaintext = section.read("allow_plaintext", flag).unwrap_or(false);
    if let Some(url) = &url
        && url.scheme() == "http"
        && !plaintext
        && !is_loopback(url)
    {
        let host = url.host_str().unwrap_or_default();
        let what = format!("found http, but {host} is not this machine; expected https, or allow_plaintext = true");
        section.report(given, what);
    }
    if !section.has("secret") && !section.has("secret_file") {
        section.report("secret", "absent, expected secret_file = \"…\": the file that holds the key of signatures");
    }
    let key = read_key(&section, "secret", "secret_file");
    let previous = read_key(&section, "previous_secret", "previous_secret_file");
    let ca_file = section.read("ca_file", |node| line(node, "the path of a file of certificates"));
    let ca_file = ca_file.map(|path| section.resolve(path));
    section.finish();
    Some(WebhookSettings {
        name: name.to_owned(),
        url: url?,
        keys: std::iter::once(key?).chain(previous).collect(),
        ca_file,
    })
}

fn read_key(section: &Section<'_>, key: &'static str, file_key: &'static str) -> Option<SigningKey> {
    let secret = read_secret(section, key, file_key, Affects::Delivery)?;
    let parsed = SigningKey::parse(&secret);
    if parsed.is_none() {
        let given = if section.has(file_key) { file_key } else { key };
        let what = "expected \"whsec_\" and 24 to 64 bytes in base64, as `openssl rand -base64 32` gives them";
        section.report(given, format!("found another text, {what}"));
    }
    parsed
}

/// An address with a host. What was found is not shown: who knows the address of a chat system's webhook may write there.
fn read_url(url: &Secret) -> Result<reqwest::Url, &'static str> {
    const WHAT: &str =
        "found another text, expected an address without a user, as \"https://chat.example.com/hooks/1\"";
    let url = reqwest::Url::parse(url.expose()).map_err(|_| WHAT)?;
    let fits = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if fits { Ok(url) } else { Err(WHAT) }
}
