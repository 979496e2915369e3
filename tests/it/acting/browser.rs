//! A browser as far as acting goes: it keeps the cookie, says where a form came from, and goes where it is sent.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::http::{Served, exchange};
use crate::world::{World, quoted};

pub struct Browser<'a> {
    pub served: &'a Served,
    /// `name=value`; empty: nobody is signed in.
    pub cookie: String,
    /// What a page of this session carries in its forms.
    pub seal: String,
    pub token: Uuid,
}

/// A token of that name and scope, until `ends_at`, and its text.
pub async fn token(world: &World, name: &str, scope: &str, ends_at: Option<&str>) -> (Uuid, String) {
    let (id, secret) = (Uuid::from_u128(u128::from(name.as_bytes()[0])), format!("token of {name}"));
    let digest: String = Sha256::digest(&secret).iter().map(|byte| format!("{byte:02x}")).collect();
    let ends_at = ends_at.map_or("NULL".to_owned(), quoted);
    world
        .sql(&format!(
            "INSERT INTO tokens (id, name, digest, scope, ends_at) VALUES ('{id}', {}, '{digest}', '{scope}', {ends_at})",
            quoted(name)
        ))
        .await;
    (id, secret)
}

impl<'a> Browser<'a> {
    pub fn anonymous(served: &'a Served) -> Self {
        Self { served, cookie: String::new(), seal: String::new(), token: Uuid::nil() }
    }

    pub async fn signed_in(world: &World, served: &'a Served, name: &str, scope: &str) -> Self {
        let (id, secret) = token(world, name, scope, None).await;
        Self::with(served, id, &secret).await
    }

    /// Signs in with a token.
    pub async fn with(served: &'a Served, token: Uuid, secret: &str) -> Self {
        let mut browser = Self { token, ..Self::anonymous(served) };
        let (head, body) = browser.send("/sign-in", &[("token", secret), ("back", "/outbox?lang=en")], &HERE).await;
        assert!(head.contains("303") && head.contains("location: /outbox?lang=en"), "{head}: {body}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        browser.cookie = cookie.split(';').next().expect("a pair").to_owned();
        let page = browser.view("/silences").await;
        browser.seal = value_of(&page, "seal").expect("a seal");
        browser
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let (head, body) = self.ask("GET", path, "", &[("Accept", "text/html")]).await;
        (status(&head), body)
    }

    pub async fn view(&self, path: &str) -> String {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Sends a form of this session as a browser does.
    pub async fn post(&self, path: &str, fields: &[(&str, impl AsRef<str>)]) -> (u16, String) {
        let (head, body) = self.send(path, &self.sealed(fields), &HERE).await;
        (status(&head), body)
    }

    /// The same, and the page that the browser is sent to.
    pub async fn does(&self, path: &str, fields: &[(&str, impl AsRef<str>)]) -> String {
        let (head, body) = self.send(path, &self.sealed(fields), &HERE).await;
        assert_eq!(status(&head), 303, "{path}: {}", text(&body));
        let place = head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place");
        self.view(place).await
    }

    fn sealed<'f>(&'f self, fields: &'f [(&str, impl AsRef<str>)]) -> Vec<(&'f str, &'f str)> {
        let seal = [("seal", self.seal.as_str())];
        let own = fields.iter().filter(|(name, _)| *name != "seal").map(|(name, value)| (*name, value.as_ref()));
        seal.into_iter().chain(own).collect()
    }

    /// A form with these headers; the head and the body of the answer.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> (String, String) {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.ask("POST", path, &body.finish(), &[&kind, headers].concat()).await
    }

    async fn ask(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> (String, String) {
        let mut lines = vec![
            format!("{method} {path} HTTP/1.1"),
            "Host: localhost".to_owned(),
            "Connection: close".to_owned(),
            format!("Content-Length: {}", body.len()),
        ];
        lines.extend((!self.cookie.is_empty()).then(|| format!("Cookie: other=1; {}", self.cookie)));
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        exchange(self.served, &format!("{}\r\n\r\n{body}", lines.join("\r\n"))).await
    }
}

/// What a browser says of a form that it sends to the page that it came from.
pub const HERE: [(&str, &str); 2] = [("Origin", "http://localhost"), ("Sec-Fetch-Site", "same-origin")];

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// The hidden fields, and the button's, of the first form that goes to `action`.
pub fn fields_of(html: &str, action: &str) -> Vec<(&'static str, String)> {
    let html = plain(html);
    let form = html
        .split("<form")
        .skip(1)
        .find(|form| form.split('>').next().is_some_and(|tag| tag.contains(&format!("action=\"{action}"))));
    let form =
        form.unwrap_or_else(|| panic!("no form goes to {action}: {html}")).split("</form>").next().unwrap_or_default();
    let fields = form.split("<input type=\"hidden\"").skip(1).filter_map(|input| {
        let tag = input.split('>').next()?;
        let part = |name: &str| Some(tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.to_owned());
        Some((&*part("name")?.leak(), part("value")?))
    });
    fields.collect()
}

fn value_of(html: &str, name: &str) -> Option<String> {
    let html = plain(html);
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(rest.split('"').next()?.to_owned())
}

fn plain(html: &str) -> String {
    html.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// What stands between the tags, entities read, runs of blanks as one.
pub fn text(html: &str) -> String {
    let mut text = String::new();
    for (place, part) in html.split('<').enumerate() {
        let shown = if place == 0 { part } else { part.split_once('>').map_or("", |(_, shown)| shown) };
        text.push_str(shown);
        text.push(' ');
    }
    plain(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}
