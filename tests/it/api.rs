//! The API as a program sees it: what it answers by its OpenAPI document, who may do what, and what it says to wrong requests.
//! 2026-11-23 is a Monday.

mod answers;
mod malformed;

use claimwatch::store::{Scope, StoredToken, TokenText};
use serde_json::Value;

use crate::http::{Served, exchange, serve};
use crate::on_every_engine;
use crate::world::{World, at, claim};

/// The OpenAPI document.
fn document() -> Value {
    serde_json::to_value(claimwatch::http::document()).expect("JSON")
}

/// Adds a token to `world` that is good until 2026-12-01.
async fn token(world: &World, name: &str, scope: Scope) -> String {
    let seed = u8::try_from(name.len()).expect("a short name");
    let text = TokenText::of(&[seed; 37]);
    let stored = StoredToken {
        id: text.id().to_owned(),
        name: name.to_owned(),
        scope,
        digest: text.digest(),
        created_at: at("2026-11-01T00:00:00Z"),
        expires_at: at("2026-12-01T00:00:00Z"),
        revoked_at: None,
    };
    assert!(world.store.add_token(&stored).await.expect("a token"));
    text.expose().to_owned()
}

/// What was asked, and what was answered.
struct Told {
    method: String,
    path: String,
    status: u16,
    head: String,
    body: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.path, self.body))
    }

    fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    /// It is what the document says of this path, method and status.
    #[track_caller]
    fn fits(self, document: &Value) -> Self {
        let Self { method, path, status, body, .. } = &self;
        let bare = path.split('?').next().unwrap_or_default();
        let paths = document["paths"].as_object().expect("paths");
        let described = paths.iter().find(|(template, _)| is_of(bare, template));
        let Some((template, item)) = described else { panic!("{bare} is not in the document") };
        let responses = &item[method.to_lowercase()]["responses"];
        let response = &responses[status.to_string()];
        assert!(response.is_object(), "{method} {template} has no {status} in the document: {body}");
        let kind = self.header("content-type").unwrap_or_default();
        match response["content"].as_object() {
            None => assert_eq!(body, "", "{method} {template} {status}"),
            Some(content) => {
                let schema = &content.get(&kind).unwrap_or_else(|| panic!("{path} {status} is {kind}"))["schema"];
                conforms(document, schema, &self.json(), &format!("{method} {path} {status}"));
            }
        }
        self
    }
}

fn is_of(path: &str, template: &str) -> bool {
    let (path, template): (Vec<_>, Vec<_>) = (path.split('/').collect(), template.split('/').collect());
    path.len() == template.len() && path.iter().zip(template).all(|(is, said)| said.starts_with('{') || *is == said)
}

/// `value` is what `schema` of `document` says, and has no names beside it.
#[track_caller]
fn conforms(document: &Value, schema: &Value, value: &Value, what: &str) {
    let whole = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": document["components"],
        "allOf": [schema],
        "unevaluatedProperties": false,
    });
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?} in {value}");
}

async fn send(served: &Served, method: &str, path: &str, headers: &str, body: &str) -> Told {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}{length}\r\n{body}");
    let (head, body) = exchange(served, &request).await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Told { method: method.into(), path: path.into(), status, head, body }
}

async fn get(served: &Served, path: &str) -> Told {
    send(served, "GET", path, "", "").await
}

/// A problem document that says what it is, in every answer that is not what was asked for.
#[track_caller]
fn is_problem(told: &Told) -> Value {
    assert_eq!(told.header("content-type").as_deref(), Some("application/problem+json"), "{} {}", told.path, told.head);
    let (problem, document) = (told.json(), document());
    conforms(&document, &document["components"]["schemas"]["Problem"], &problem, &told.path);
    assert_eq!(problem["status"], told.status, "{problem}");
    problem
}

/// A review that is late, with a mail; a payment line; a data problem.
async fn with_something_of_everything(world: &World) {
    world.program("P-1", None, false).await;
    let review = claim("C-1", "under_review").on("submitted_at", "2026-11-13T10:00:00+01:00");
    world.put(review.with("title", "<b>").with("amount", "1234.50").with("currency", "EUR")).await;
    world.put(claim("C-2", "approved").on("approved_at", "2026-09-01T10:00:00+02:00")).await;
    world.line("L-1", "C-2", "10.50", "EUR", None).await;
    world.put(claim("C-3", "mislaid")).await;
    world
        .sql(
            "INSERT INTO claim_history (claim_id, at, status, note) VALUES \
             ('C-1', '2026-11-13T09:00:00.000000Z', 'submitted', 'came by mail')",
        )
        .await;
    world.scan("2026-11-23T09:00:00+01:00").await;
    world.time.set(at("2026-11-23T09:30:00+01:00"));
}

on_every_engine! {
    async fn every_read_is_what_the_document_says_and_is_not_sent_twice(world in World) {
        with_something_of_everything(&world).await;
        let (served, document) = (serve(&world, None).await, document());
        let id = world.alerts().await[0].id;
        for path in [
            "/alerts", "/alerts?state=breached&sort=due&limit=1", "/alerts?q=c-1", "/claims/C-1", "/claims/C-2",
            &format!("/alerts/{id}"), "/outbox", "/outbox?state=pending", "/silences", "/silences?all=true", "/problems",
            "/calendars", "/status", "/counts", "/daily", "/daily?since=2026-11-01",
        ] {
            let told = get(&served, &format!("/api/v1{path}")).await.fits(&document);
            assert_eq!(told.status, 200, "{path}: {}", told.body);
            let tag = told.header("etag").expect("a tag");
            if path == "/status" {
                continue;
            }
            let known = format!("If-None-Match: \"x\", W/{tag}\r\n");
            let again = send(&served, "GET", &format!("/api/v1{path}"), &known, "").await.fits(&document);
            assert_eq!((again.status, again.header("etag")), (304, Some(tag)), "{path}");
        }
        let claim = get(&served, "/api/v1/claims/C-1").await.json();
        assert_eq!((&claim["amount"], &claim["clocks"][0]["verdict"]), (&"1234.50".into(), &"breached".into()));
        assert_eq!(claim["history"][0]["note"], "came by mail");
        assert_eq!(claim["alerts"][0]["events"][0]["kind"], "opened");
        assert_eq!(claim["deliveries"].as_array().map(Vec::len), Some(1));
    }

    async fn a_list_is_leafed_through_to_its_end(world in World) {
        world.program("P-1", None, false).await;
        for number in 0..7 {
            world.put(claim(&format!("C-{number}"), "submitted").on("submitted_at", "2026-11-13T10:00:00+01:00")).await;
            world.put(claim(&format!("X-{number}"), "mislaid")).await;
        }
        world.scan("2026-11-23T09:00:00+01:00").await;
        let served = serve(&world, None).await;
        for (list, of, name) in [("alerts?sort=claim&", "alerts", "claim_id"), ("problems?", "problems", "claim_id")] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = get(&served, &format!("/api/v1/{list}limit=3{after}")).await.json();
                seen.extend(page[of].as_array().expect("a page").iter().map(|one| one[name].as_str().unwrap().to_owned()));
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            let first = if of == "alerts" { "C" } else { "X" };
            assert_eq!(seen, (0..7).map(|number| format!("{first}-{number}")).collect::<Vec<_>>(), "{list}");
        }
    }

    async fn without_its_database_it_says_so(world in World) {
        let (served, document) = (serve(&world, None).await, document());
        world.store.close().await;
        for path in ["/alerts", "/claims/C-1", "/outbox", "/silences", "/problems", "/status", "/counts", "/daily"] {
            let told = get(&served, &format!("/api/v1{path}")).await.fits(&document);
            assert_eq!((told.status, told.header("retry-after").as_deref()), (503, Some("5")), "{path}");
        }
    }
}

#[test]
fn the_document_is_openapi_3_1_and_each_operation_has_a_name_of_its_own() {
    let document = document();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let items = document["paths"].as_object().expect("paths").values();
    let mut names: Vec<&str> = items
        .flat_map(|item| item.as_object().expect("an item").values())
        .inspect(|operation| {
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.values().all(|one| one["description"].is_string()), "{operation}");
        })
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), all), (20, 20), "{names:?}");
}

#[tokio::test]
async fn who_carries_no_token_looks_only_where_nobody_else_can_ask() {
    let world = World::on_sqlite().await;
    world.time.set(at("2026-11-23T09:30:00+01:00"));
    let (reader, writer) = (token(&world, "Ada", Scope::Read).await, token(&world, "Bo", Scope::Write).await);
    let over = token(&world, "Mallory", Scope::Write).await;
    world.store.revoke_token(TokenText::parse(&over).expect("a token").id(), at("2026-11-20T00:00:00Z")).await.unwrap();
    let (open, closed) = (serve(&world, None).await, serve(&world, Some("open sesame")).await);
    let forged = format!("{}x", &reader[..reader.len() - 1]);
    for (served, carried, read, write) in [
        (&open, None, 200, 403),
        (&closed, None, 401, 401),
        (&closed, Some("open sesame"), 200, 403),
        (&open, Some("open sesame"), 401, 401),
        (&open, Some(reader.as_str()), 200, 403),
        (&closed, Some(reader.as_str()), 200, 403),
        (&closed, Some(writer.as_str()), 200, 200),
        (&closed, Some(over.as_str()), 401, 401),
        (&open, Some(forged.as_str()), 401, 401),
        (&open, Some("é"), 401, 401),
    ] {
        let header = carried.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        for (method, path, status) in [("GET", "/api/v1/silences", read), ("POST", "/api/v1/held/release", write)] {
            let told = send(served, method, path, &header, "").await.fits(&document());
            assert_eq!(told.status, status, "{method} with {carried:?}: {}", told.body);
            if status == 401 {
                assert!(told.header("www-authenticate").is_some_and(|ask| ask.starts_with("Bearer ")));
            }
        }
    }
    world.time.set(at("2026-12-01T00:00:00Z"));
    let header = format!("Authorization: Bearer {writer}\r\n");
    assert_eq!(send(&open, "GET", "/api/v1/silences", &header, "").await.status, 401, "it is over");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let world = World::on_sqlite().await;
    let served = serve(&world, None).await;
    for (path, parameter, found) in [
        ("/alerts?state=late", "state", "late"),
        ("/alerts?limit=0", "limit", "0"),
        ("/alerts?limit=501", "limit", "501"),
        ("/alerts?level=-1", "level", "-1"),
        ("/alerts?after=x", "after", "x"),
        ("/alerts?colour=red", "colour", "red"),
        ("/alerts?rule=a&rule=b", "rule", "b"),
        ("/alerts/C-1", "id", "C-1"),
        ("/outbox?state=late", "state", "late"),
        ("/silences?all=yes", "all", "yes"),
        ("/daily?since=2026-02-30", "since", "2026-02-30"),
        ("/problems?after=x", "after", "x"),
    ] {
        let told = get(&served, &format!("/api/v1{path}")).await.fits(&document());
        let problem = is_problem(&told);
        assert_eq!((told.status, &problem["parameter"], &problem["found"]), (400, &parameter.into(), &found.into()));
        assert!(problem["expected"].is_string(), "{problem}");
    }
    let nothing = uuid::Uuid::nil();
    let alert = format!("/api/v1/alerts/{nothing}");
    for (method, path, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/alerts", 404),
        ("GET", "/api", 404),
        ("POST", "/api/", 404),
        ("GET", alert.as_str(), 404),
        ("GET", "/api/v1/claims/C-1", 404),
        ("DELETE", "/api/v1/alerts", 405),
        ("PATCH", "/api/v1/silences", 405),
    ] {
        let told = send(&served, method, path, "", "").await;
        is_problem(&told);
        assert_eq!(told.status, status, "{method} {path}");
        assert_eq!(told.header("allow").is_some(), status == 405, "{method} {path}: {}", told.head);
    }
    let told = get(&served, &format!("/api/v1/alerts?q={}", "x".repeat(9_000))).await;
    is_problem(&told);
    assert_eq!(told.status, 414);
    let told = send(&served, "GET", "/api/v1/alerts", &format!("X: {}\r\n", "x".repeat(17_000)), "").await;
    is_problem(&told);
    assert_eq!(told.status, 431);
}
