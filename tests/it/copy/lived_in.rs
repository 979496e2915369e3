//! A world in which much has happened.

use claimwatch::alert::Answer;
use claimwatch::backfill::{self, backfill};
use claimwatch::calendar::{Calendar, Calendars, Zone};
use claimwatch::escalation::{Glob, Matcher, Silence};
use claimwatch::samples::{rules, sample_claims};
use claimwatch::scan::Request;
use claimwatch::store::{ImportMode, Scan};
use uuid::Uuid;

use super::NOW;
use crate::answers::level;
use crate::delivery::{courier, drain, server};
use crate::world::{Engine, World, at, claim, paris};

/// Samples of every rule, scanned over a week, with mails that went out and others that wait, and all that people may have
/// said: every column of every table has a value somewhere.
pub async fn lived_in(world: &mut World) {
    world.plan.rules = rules();
    let gulf = Calendar::new("gulf", Zone::named("Asia/Dubai").expect("a zone"));
    world.plan.calendars = Calendars::new("fr", [paris(), gulf]).expect("calendars");
    let again = Some("1 business day");
    let late = Some("1 business day");
    world.plan.policy.levels = vec![level(None, again, "a@example.com"), level(late, None, "lead@example.com")];
    let calendars = &world.plan.calendars;
    let samples = sample_claims(at(NOW), calendars.default(), calendars.get("gulf").expect("a calendar"));
    world.store.import(&mut samples.into_iter().map(Some), ImportMode::Store).await.expect("samples");
    let server = server().await;
    for instant in ["2026-11-13T09:00:00Z", "2026-11-17T09:00:00Z", "2026-11-20T09:00:00Z"] {
        let when = Some(at(instant));
        world
            .scan_with(Request { at: at(instant), since: None, dry_run: false, scheduled_for: when, term: None })
            .await;
        drain(&courier(world, &server)).await;
        // One that is late is done before the next scan.
        let done = instant.replace('Z', ".000000Z");
        world
            .sql(&format!(
                "UPDATE claims SET status = 'Rejected', reviewed_at = '{done}' WHERE claim_id = (SELECT claim_id \
            FROM sla_alerts WHERE rule = 'review' AND state = 'breached' ORDER BY id LIMIT 1)"
            ))
            .await;
    }
    assert!(!server.received().is_empty(), "mails went out");
    people_speak(world).await;
    before_anyone_watched(world).await;
    corners(world).await;
    world.scan(NOW).await;
    assert!(!world.waiting().await.is_empty(), "mails wait");
}

async fn people_speak(world: &World) {
    world.time.set(at("2026-11-20T10:00:00Z"));
    let open = world.sql("SELECT id FROM sla_alerts WHERE state <> 'resolved' ORDER BY id LIMIT 2").await.concat();
    let [promised, snoozed] = [0, 1].map(|n| open[n].parse::<Uuid>().expect("an id"));
    let note = Some("asked \"them\",\n  twice; Zażółć 東京".into());
    let answers = [
        (promised, Answer::Acknowledge { until: at("2027-01-01T00:00:00Z"), note }),
        (snoozed, Answer::Snooze { until: at("2027-01-01T00:00:00Z") }),
    ];
    world.store.answer(world.time.now(), "Ada", &answers).await.expect("answers");
    let glob = |pattern: &str| Some(Glob::new(pattern));
    let matcher =
        Matcher { rule: glob("r*"), program: glob("P-?"), partner: glob("*"), entity: glob("*"), claim: glob("X-*") };
    for n in [1, 2] {
        let silence = Silence {
            id: Uuid::from_u128(n),
            matcher: matcher.clone(),
            author: "Ada".into(),
            reason: "the bank is closed".into(),
            created_at: at("2026-11-20T10:00:00Z"),
            ends_at: at("2027-01-01T00:00:00Z"),
            expired_at: None,
            expired_by: None,
        };
        world.store.add_silence(&silence, &[]).await.expect("a silence");
    }
    let scan = Scan {
        began_at: at("2026-11-20T10:30:00Z"),
        scheduled_for: Some(at("2026-11-20T10:30:00Z")),
        settings: "the first settings".into(),
        deadlines: "the first rules".into(),
    };
    world.store.fail_scan(&scan, None, "the disk was full").await.expect("noted");
}

/// A claim whose alert is built from history.
async fn before_anyone_watched(world: &World) {
    let late = claim("C-before", "rejected").on("submitted_at", "2026-01-05T10:00:00Z");
    world.put(late.with("program_id", "P-9").on("reviewed_at", "2026-01-20T10:00:00Z")).await;
    let (rules, calendars, now) = (&world.plan.rules[..], &world.plan.calendars, world.time.now());
    let request = backfill::Request { since: at("2026-01-01T00:00:00Z"), rules, calendars, now, dry_run: false };
    let built = backfill(&*world.store, &request, &|| {}).await.expect("what was built");
    assert!(!built.rules.is_empty());
}

/// What seldom happens.
async fn corners(world: &World) {
    let t = "'2026-11-20T10:00:00.000001Z'";
    let message = world.sql("SELECT id FROM outbox_messages ORDER BY id LIMIT 1").await.concat().concat();
    let alert =
        world.sql("SELECT id, claim_id FROM sla_alerts WHERE state = 'resolved' ORDER BY id LIMIT 1").await.concat();
    let bytes = if world.engine() == Engine::Sqlite { "x'00ff0a'" } else { "'\\x00ff0a'" };
    let id = |n: u128| format!("'{}'", Uuid::from_u128(n));
    let delivery = |n, to, state, more: &str| {
        let [id, folded_into] = [n, 21].map(id);
        format!(
            "INSERT INTO outbox (id, message, recipient, state, folded_into, next_attempt_at, attempts, perhaps_delivered, \
            lease_holder, leased_until, last_error, own_subject, own_bytes, own_about) \
            VALUES ({id}, '{message}', '{to}', '{state}', {folded_into}, {more})"
        )
    };
    let claim_of =
        if world.engine() == Engine::Sqlite { ["", ""] } else { ["claim_id, ", &format!("'{}', ", alert[1])] };
    let detail = r#"{ "b":1.50,  "a": "\u0000\ud83d\ude00é", "b" : [ ] }"#;
    for statement in [
        delivery(21, "1@example.com", "pending", &format!("'2027-01-01T00:00:00.000000Z', 2, true, 'dead:1', {t}, '450', 's', {bytes}, 'x'")),
        delivery(22, "2@example.com", "dead", "NULL, 20, false, NULL, NULL, '550 no', NULL, NULL, NULL"),
        delivery(23, "3@example.com", "settled", "NULL, 0, false, NULL, NULL, NULL, NULL, NULL, NULL"),
        delivery(24, "4@example.com", "folded", "NULL, 0, false, NULL, NULL, NULL, NULL, NULL, NULL"),
        format!("INSERT INTO recipients VALUES ('gone@example.com', 3, {t}, '550 5.1.1 who?', {t}, {t})"),
        format!("INSERT INTO tokens VALUES ('aaaaaaaa', 'Ada', 'write', {bytes}, {t}, {t}, {t})"),
        "INSERT INTO settings VALUES ('pruned_before', '2020-01-01T00:00:00.000000Z')".into(),
        format!("UPDATE silences SET expired_at = {t}, expired_by = 'Bo' WHERE id = {}", id(2)),
        format!("UPDATE sla_alerts SET held_since = {t}, stopped_at = {t}, next_escalation_at = {t} WHERE id = '{}'", alert[0]),
        format!("INSERT INTO sla_alert_events ({}alert_id, seq, at, kind, actor, detail) VALUES ({}'{}', 99, {t}, 'told', 'Ada', '{detail}')",
            claim_of[0], claim_of[1], alert[0]),
        format!("INSERT INTO data_problems VALUES ('X-1', 'missing_start', '', {t}, {t}, {t})"),
        "INSERT INTO claims (claim_id, status, title, amount) VALUES ('X-1', 'Editing', '', '-79228162514264337593543950335'), \
         ('X-2', 'Editing', 'a ''b'' \\c', '0.00'), ('X-3', 'Editing', NULL, '1000000'), ('x-3', 'Editing', NULL, '-0.0000000000000000000000000001'), \
         ('X-4', 'Editing', NULL, '10000.10000')".into(),
        format!("UPDATE claims SET dispute_resolved_at = {t}, updated_at = '0001-01-01T00:00:00.000000Z' WHERE claim_id = 'X-1'"),
        "UPDATE programs SET payment_currency = 'EUR', calendar = coalesce(calendar, 'fr')".into(),
        format!("INSERT INTO claim_history VALUES ('X-1', {t}, NULL, 'n'), ('X-1', {t}, 'Editing', NULL)"),
    ] {
        world.sql(&statement).await;
    }
}
