//! Thousands of requests made from the OpenAPI document and then spoiled: none is the server's fault, each refusal says why.

use claimwatch::store::Scope;
use serde_json::{Value, json};

use super::{Told, document, is_problem, send, token, with_something_of_everything};
use crate::http::{Served, serve};
use crate::world::World;

const REQUESTS: u32 = 10_000;

/// Numbers that look random and repeat. Source: Vigna, splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("a small number")
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Values that someone might send, or someone else in bad faith.
const ODD: [&str; 28] = [
    "",
    "0",
    "-1",
    "1",
    "50",
    "256",
    "4294967296",
    "18446744073709551616",
    "1e400",
    "NaN",
    "null",
    "true",
    "%00",
    "a%00b",
    "%F0%9F%92%A5",
    "%E2%80%AE",
    "%FF%FE",
    "%",
    "%zz",
    "..%2F..%2Fetc",
    "';DROP TABLE tokens;--",
    "2026-02-30",
    "%2B99999-01-01",
    "2026-11-24",
    "2026-11-24T09:00:00Z",
    "open",
    "worst",
    // A cursor: by claim, after a text with a NUL; base64 of {"keys":{"claim":"\u0000"},"id":"0…0"}.
    "eyJrZXlzIjp7ImNsYWltIjoiXHUwMDAwIn0sImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIn0",
];

/// Every operation: its method, its path, the names of its query's parameters, and those of its body's fields.
fn operations(document: &Value) -> Vec<(String, String, Vec<String>, Vec<String>)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = parameters.iter().filter(|one| one["in"] == "query");
            let query = query.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect();
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let fields = schema.and_then(|pointer| document.pointer(&pointer[1..]));
            let fields = fields.and_then(|schema| schema["properties"].as_object());
            let fields = fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
            operations.push((method.to_uppercase(), path.clone(), query, fields));
        }
    }
    operations
}

fn body(dice: &mut Dice, fields: &[String]) -> String {
    let mut value = serde_json::Map::new();
    for name in fields.iter().filter(|_| true) {
        let odd = match dice.below(8) {
            0 => Value::Null,
            1 => json!(dice.next()),
            2 => json!([1, {"a": []}]),
            3 => json!("\u{0}"),
            4 => json!("\u{202e}💥 é"),
            5 => json!("2026-11-30"),
            6 => json!("*"),
            _ => continue,
        };
        value.insert(name.clone(), odd);
    }
    if dice.below(6) == 0 {
        value.insert("extra".into(), json!(1.5e300));
    }
    let text = Value::Object(value).to_string();
    match dice.below(10) {
        0 => text.chars().take(text.len() / 2).collect(),
        1 => "[".repeat(5_000),
        2 => "x".repeat(20_000),
        _ => text,
    }
}

/// A request: method, path, headers, body.
fn request(
    dice: &mut Dice,
    operations: &[(String, String, Vec<String>, Vec<String>)],
    ids: &[String],
    tokens: &[String],
) -> [String; 4] {
    let (method, path, query, fields) = dice.one(operations);
    let method = if dice.below(10) == 0 {
        dice.one(&["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
    } else {
        &method.as_str()
    };
    let id = if dice.below(2) == 0 { dice.one(ids).clone() } else { (*dice.one(&ODD)).to_owned() };
    let id = if id.is_empty() || !id.is_ascii() { "x".to_owned() } else { id.replace([' ', ';'], "+") };
    let mut path = path.replace("{id}", &id);
    let mut separator = '?';
    for name in query.iter().map(String::as_str).chain(["colour"]) {
        if dice.below(3) == 0 {
            let value = dice.one(&ODD).replace(' ', "+");
            path += &format!("{separator}{name}={value}");
            separator = '&';
        }
    }
    let mut headers = match dice.below(4) {
        0 => String::new(),
        1 => "Authorization: Basic x\r\n".into(),
        _ => format!("Authorization: Bearer {}\r\n", dice.one(tokens)),
    };
    headers += match dice.below(5) {
        0 => "Content-Type: text/plain\r\n",
        1 => "If-None-Match: *, \"\r\nAccept: nonsense;q=9\r\n",
        _ => "Content-Type: application/json\r\n",
    };
    let body = if fields.is_empty() && dice.below(4) > 0 { String::new() } else { body(dice, fields) };
    [(*method).to_owned(), path, headers, body]
}

async fn all(world: &World, served: &Served, requests: u32) -> [u32; 3] {
    let tokens = [token(world, "Ada", Scope::Write).await, token(world, "Bo", Scope::Read).await, "cw_x".to_owned()];
    let mut ids: Vec<String> = world.alerts().await.iter().map(|alert| alert.id.to_string()).collect();
    ids.extend(["C-1".to_owned(), uuid::Uuid::nil().to_string()]);
    ids.extend(world.sql("SELECT id FROM outbox").await.concat());
    let operations = operations(&document());
    let (mut dice, mut counts) = (Dice(20_261_123), [0; 3]);
    for number in 0..requests {
        let [method, path, headers, body] = request(&mut dice, &operations, &ids, &tokens);
        let told: Told = send(served, &method, &path, &headers, &body).await;
        match told.status {
            200..=299 => counts[0] += 1,
            304 => counts[1] += 1,
            400..=499 => {
                is_problem_unless_bare(&told);
                counts[2] += 1;
            }
            status => panic!("request {number}: {method} {path} {headers}{body}: {status} {}", told.body),
        }
    }
    counts
}

/// A problem document; but to HEAD and to what is no HTTP there is no body.
fn is_problem_unless_bare(told: &Told) {
    if !told.body.is_empty() {
        is_problem(told);
    } else {
        assert_eq!(told.status, 400, "{} {} {}", told.method, told.path, told.head);
    }
}

#[tokio::test]
async fn ten_thousand_malformed_requests_are_refused_with_reasons_and_break_nothing() {
    let world = World::on_sqlite().await;
    with_something_of_everything(&world).await;
    let served = serve(&world, None).await;
    let [done, same, refused] = all(&world, &served, REQUESTS).await;
    assert!(refused > REQUESTS / 2 && done > 100 && same > 10, "{done} done, {same} same, {refused} refused");
    assert_eq!(crate::http::get(&served, "/healthz").await.0, 200);
}

#[tokio::test]
async fn a_thousand_malformed_requests_break_nothing_on_postgresql_either() {
    let world = World::on_postgres().await;
    with_something_of_everything(&world).await;
    let served = serve(&world, None).await;
    all(&world, &served, 1_000).await;
    assert_eq!(crate::http::get(&served, "/healthz").await.0, 200);
}
