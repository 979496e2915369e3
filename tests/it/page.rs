//! The page as someone sees it who looks: what views say, in which language, and what they say when they cannot.
//! 2026-11-23 is a Monday.

use claimwatch::escalation::{Glob, Matcher, Silence};
use uuid::Uuid;

use crate::http::{Served, ask, exchange, get, serve};
use crate::on_every_engine;
use crate::world::{World, at, claim, quoted};

const VIEWS: [&str; 8] =
    ["/", "/alerts", "/claims/C%2D1", "/outbox", "/silences", "/calendars", "/calendars/fr", "/problems"];

/// Text that would be something else if it were not shown as text.
const HOSTILE: &str = "<script>alert(1)</script>\"'&\u{202e}";

/// A review that is late, with a mail; a payment line; a data problem; a silence.
async fn with_something_of_everything(world: &World) {
    world.program("P-1", None, false).await;
    world
        .put(
            claim("C-1", "under_review")
                .on("submitted_at", "2026-11-13T10:00:00+01:00")
                .with("partner_name", HOSTILE)
                .with("title", HOSTILE)
                .with("amount", "1234.50")
                .with("currency", "EUR"),
        )
        .await;
    world.put(claim("C-2", "approved").on("approved_at", "2026-09-01T10:00:00+02:00")).await;
    world.line("L-1", "C-2", "10.50", "EUR", None).await;
    world.put(claim("C-3", "mislaid")).await;
    world
        .sql(&format!(
            "INSERT INTO claim_history (claim_id, at, status, note) VALUES \
             ('C-1', '2026-11-13T09:00:00.000000Z', 'submitted', {})",
            quoted(HOSTILE)
        ))
        .await;
    world.scan("2026-11-23T09:00:00+01:00").await;
    let silence = Silence {
        id: Uuid::from_u128(7),
        matcher: Matcher { rule: Some(Glob::new("payment")), ..Matcher::default() },
        author: HOSTILE.to_owned(),
        reason: HOSTILE.to_owned(),
        created_at: at("2026-11-23T09:00:00+01:00"),
        ends_at: at("2026-11-30T00:00:00+01:00"),
        expired_at: None,
        expired_by: None,
    };
    world.store.add_silence(&silence, &[]).await.expect("a silence");
    world.time.set(at("2026-11-23T09:30:00+01:00"));
}

async fn view(served: &Served, path: &str) -> String {
    let (status, body) = get(served, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// What stands between the tags, entities read, runs of blanks as one.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

on_every_engine! {
    async fn each_view_is_whole_in_both_languages_and_asks_nothing_of_others(world in World) {
        with_something_of_everything(&world).await;
        let served = serve(&world, None).await;
        for path in VIEWS {
            for lang in ["en", "fr"] {
                let html = view(&served, &format!("{path}?lang={lang}")).await;
                says(&html, &[&format!("<html lang=\"{lang}\">"), "<h1>", "</html>"]);
                let shown = text(&html);
                assert!(!shown.contains("page-") && !shown.contains("label-"), "{path} {lang} lacks a word: {shown}");
                assert!(!html.contains("<script") && !html.contains("style=\""), "{path}: {html}");
                for address in html.split("src=\"").skip(1).chain(html.split("<link").skip(1)) {
                    assert!(!address.starts_with("http") && !address.split('>').next().unwrap_or("").contains("://"), "{path}: {address}");
                }
            }
        }
    }

    async fn the_overview_counts_what_is_open_and_says_whether_the_work_is_done(world in World) {
        with_something_of_everything(&world).await;
        let served = serve(&world, None).await;
        let shown = text(&view(&served, "/?lang=en").await);
        says(&shown, &["2 late", "1 data problem ", "C-1", "3 business days late", "level 1: 2", "review oldest 3 business days late", "review, running 1 clock", "Monday, 23 November 2026, 09:00 (UTC+1)"]);
        let french = text(&view(&served, "/?lang=fr").await);
        says(&french, &["2 en retard", "3 jours ouvrés de retard", "lundi 23 novembre 2026 à 09:00 (UTC+1)"]);
    }

    async fn what_falls_due_is_on_the_overview_and_in_the_metrics_once_it_was_looked_for(world in World) {
        with_something_of_everything(&world).await;
        world.put(claim("C-4", "submitted").on("submitted_at", "2026-11-23T08:00:00+01:00").with("amount", "200").with("currency", "EUR")).await;
        let served = serve(&world, None).await;
        let mut metrics = String::new();
        let looked_for = async {
            while !metrics.contains("_forecast_due{") {
                metrics = get(&served, "/metrics").await.1;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), looked_for).await.expect("it is looked for");
        says(&metrics, &["claimwatch_forecast_due{rule=\"review\",business_days=\"2\"} 1\n", "claimwatch_forecast_due_amount{rule=\"review\",currency=\"EUR\"} 200.0\n"]);
        let html = view(&served, "/?lang=en").await;
        says(&text(&html), &["Coming", "Wed 25 Nov 2026 1 1 review – 200.00 EUR", "most on Wed 25 Nov 2026"]);
        says(&text(&view(&served, "/?lang=fr").await), &["À venir", "mer. 25 nov. 2026 1 1 examen – 200,00 EUR"]);
    }

    async fn a_list_is_narrowed_by_its_address_and_leafed_through_by_its_links(world in World) {
        for number in 0..120 {
            world.put(claim(&format!("C-{number:03}"), "submitted").on("submitted_at", "2026-11-16T10:00:00Z").with("partner_name", if number % 2 == 0 { "Even" } else { "Odd" })).await;
        }
        world.scan("2026-11-23T09:00:00Z").await;
        let served = serve(&world, None).await;
        let mut path = "/alerts?q=even&sort=claim&lang=en".to_owned();
        let mut seen = Vec::new();
        loop {
            let html = view(&served, &path).await;
            says(&text(&html), &["60 alerts"]);
            seen.extend(html.split("claims&#x2f;C%2D").skip(1).map(|rest| rest[..3].to_owned()));
            let next = html.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
            let Some(next) = next else { break };
            path = next.replace("&#x2f;", "/").replace("&amp;", "&");
            assert!(path.contains("lang=en") && path.contains("q=even"), "{path}");
        }
        let even: Vec<String> = (0..120).step_by(2).map(|number| format!("{number:03}")).collect();
        assert_eq!(seen, even);
        says(&text(&view(&served, "/alerts?q=nobody&lang=en").await), &["No alert", "No alert is like that."]);
        says(&text(&view(&served, "/alerts?state=resolved&lang=fr").await), &["Aucune alerte"]);
        says(&text(&view(&served, "/alerts?rule=gone&lang=en").await), &["No alert"]);
    }

    async fn a_claim_shows_its_deadlines_day_by_day_and_all_that_was_said_of_it(world in World) {
        with_something_of_everything(&world).await;
        let served = serve(&world, None).await;
        let html = view(&served, "/claims/C%2D1?lang=en").await;
        let shown = text(&html);
        says(&shown, &[
            "under review", "late, 3 business days late", "2 business days (Mon 16, Tue 17 Nov)", "Sat 14, Sun 15 Nov (weekend)",
            "end of Tuesday, 17 November 2026", "November 2026", "opened", "told", "level 1", "support@example.com", "1,234.50 EUR",
        ]);
        says(&html, &["class=\"start\"", "class=\"counted\"", "class=\"due\"", "class=\"weekend\"", "day 2, at whose end it is due"]);
        assert!(!html.contains("<script>alert"), "text of a claim is text: {html}");
        says(&shown, &["<script>alert(1)</script>\"'&"]);
        says(&text(&view(&served, "/claims/C%2D2?lang=en").await), &["L-1", "10.50 EUR", "45 business days", "Payment lines"]);
        says(&text(&view(&served, "/claims/C%2D3?lang=en").await), &["unknown status", "There was never an alert."]);
    }

    async fn a_claim_that_is_gone_is_shown_from_its_alerts(world in World) {
        with_something_of_everything(&world).await;
        world.sql("DELETE FROM claims WHERE claim_id = 'C-1'").await;
        let served = serve(&world, None).await;
        says(&text(&view(&served, "/claims/C%2D1?lang=en").await), &["gone from the source", "review"]);
    }

    async fn other_views_show_what_there_is(world in World) {
        with_something_of_everything(&world).await;
        let served = serve(&world, None).await;
        says(&text(&view(&served, "/outbox?lang=en").await), &["support@example.com", "waiting", "next attempt"]);
        says(&text(&view(&served, "/outbox?state=sent&lang=en").await), &["No message is like that."]);
        says(&text(&view(&served, "/silences?lang=en").await), &["rule payment", "in force", "<script>alert(1)</script>"]);
        says(&text(&view(&served, "/problems?lang=en").await), &["C-3", "unknown status", "mislaid"]);
        says(&text(&view(&served, "/calendars?lang=en").await), &["fr", "default", "Europe/Paris", "Saturday, Sunday"]);
        says(&text(&view(&served, "/calendars/fr?year=2024&lang=en").await), &["February 2024", "29", "2023", "2025"]);
    }

    async fn every_list_is_there_as_a_file_that_spreadsheets_open(world in World) {
        with_something_of_everything(&world).await;
        world.put(claim("=1+1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:35:00+01:00").await;
        let served = serve(&world, None).await;
        for (path, column, lines) in [("/alerts.csv", "id", 3), ("/outbox.csv", "id", 2), ("/silences.csv", "id", 1), ("/problems.csv", "claim_id", 1)] {
            let (head, body) = exchange(&served, &format!("GET {path} HTTP/1.0\r\n\r\n")).await;
            assert!(head.contains("200") && head.contains("text/csv") && head.contains("attachment; filename="), "{head}");
            let body = body.strip_prefix('\u{feff}').unwrap_or_else(|| panic!("{path}: {body}"));
            let mut reader = csv::Reader::from_reader(body.as_bytes());
            assert_eq!(&reader.headers().expect("a header")[0], column);
            let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("CSV");
            assert!(rows.len() >= lines, "{path}: {rows:?}");
            assert!(rows.iter().all(|row| row.iter().all(|cell| !cell.starts_with('='))), "{path}: no formula runs: {rows:?}");
        }
    }

    async fn whoever_asks_for_what_cannot_be_is_told_what_can(world in World) {
        with_something_of_everything(&world).await;
        let served = serve(&world, None).await;
        for (path, status, said) in [
            ("/claims/C%2D99", 404, "no such view, claim or calendar"),
            ("/claims/C%00", 404, "no such view"),
            ("/claims/%FF", 400, ""),
            ("/calendars/nowhere", 404, "no such view"),
            ("/nowhere", 404, "no such view"),
            ("/alerts?state=lost", 400, "state: found “lost”, expected open, at_risk, breached, held, resolved"),
            ("/alerts?sort=size", 400, "sort: found “size”"),
            ("/alerts?level=high", 400, "level: found “high”"),
            ("/alerts?after=here", 400, "after: found “here”"),
            ("/alerts?answer=maybe", 400, "expected nothing, unacknowledged, acknowledged, snoozed"),
            ("/outbox?state=lost", 400, "expected pending, sent, dead, settled, folded"),
            ("/outbox?after=7", 400, "expected a delivery's id"),
            ("/calendars/fr?year=0", 400, "expected 1900 to 2200"),
        ] {
            let joined = format!("{path}{}lang=en", if path.contains('?') { "&" } else { "?" });
            let (found, body) = get(&served, &joined).await;
            assert_eq!(found, status, "{path}: {body}");
            says(&text(&body), &[said]);
        }
        let long = format!("/alerts?lang=en&q={}", "x".repeat(201));
        assert_eq!(get(&served, &long).await.0, 400);
    }

    async fn a_database_that_does_not_answer_is_said_to(world in World) {
        world.scan("2026-11-23T09:00:00Z").await;
        let served = serve(&world, None).await;
        world.store.close().await;
        let (status, body) = get(&served, "/alerts?lang=fr").await;
        assert_eq!(status, 503);
        says(&text(&body), &["La base de données ne répond pas", "Rien n’est perdu"]);
        assert_eq!(get(&served, "/calendars").await.0, 200, "what needs no database is there");
    }
}

#[tokio::test]
async fn browsers_are_told_to_run_nothing_and_to_ask_no_one_else() {
    let world = World::on_sqlite().await;
    let served = serve(&world, None).await;
    for path in ["/", "/alerts", "/nowhere", "/alerts?state=lost", "/style.css", "/icon.svg", "/alerts.csv"] {
        let (head, _) = exchange(&served, &format!("GET {path} HTTP/1.0\r\n\r\n")).await;
        let head = head.to_ascii_lowercase();
        for header in [
            "content-security-policy: default-src 'none';",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
        ] {
            assert!(head.contains(header), "{path}: {header} is not in {head}");
        }
        assert!(!head.contains("unsafe-inline"), "{head}");
    }
}

#[tokio::test]
async fn the_language_is_the_addresss_else_the_browsers_else_the_configured_one() {
    let mut world = World::on_sqlite().await;
    world.plan.policy.language = claimwatch::wording::Language::Fr;
    let served = serve(&world, None).await;
    let language = async |path: &str, accepted: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Language: {accepted}\r\n\r\n");
        let (_, body) = ask(&served, &request).await;
        body.split("<html lang=\"").nth(1).map(|rest| rest[..2].to_owned()).expect("a language")
    };
    assert_eq!(language("/", "de").await, "fr");
    assert_eq!(language("/", "en-GB,en;q=0.9").await, "en");
    assert_eq!(language("/?lang=fr", "en").await, "fr");
    assert_eq!(language("/?lang=xx", "en").await, "en");
}
