//! Moving: a whole database into another one of either engine, all of it, verified, or nothing.

mod lived_in;

use std::sync::Arc;

use chrono::TimeDelta;
use claimwatch::store::LeaseTime;
use claimwatch::store::transfer::{Kind, NOT_MOVED, TABLES, Table};
use claimwatch::transfer::{Copied, CopyError, Progress, copy};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::block_in_place;

use crate::delivery::{courier, drain, server};
use crate::on_every_engine;
use crate::world::{Engine, World, at, claim};
use lived_in::lived_in;

const NOW: &str = "2026-11-23T09:00:00Z";
const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

async fn copied(from: &World, to: &World) -> Result<Vec<Copied>, CopyError> {
    copy(&*from.store, &*to.store, from.time.now(), &mut |_| {}).await
}

/// An empty world that decides as `world` does.
async fn beside(world: &World, engine: Engine) -> World {
    let time = world.time.clone();
    World { plan: world.plan.clone(), time, ..World::on(engine).await }
}

/// Every row of a table, as someone sees it who knows nothing of how it was copied.
async fn rows(world: &World, table: &Table) -> Vec<Vec<String>> {
    let shown = |name: &str, kind| match (kind, world.engine()) {
        (Kind::Bytes, Engine::Sqlite) => format!("lower(hex({name}))"),
        (Kind::Bytes, Engine::Postgres) => format!("coalesce(encode({name}, 'hex'), '')"),
        _ => name.to_owned(),
    };
    let stored = table.columns.iter().filter(|column| !column.of_alert);
    let columns: Vec<String> = stored.map(|column| shown(column.name, column.kind)).collect();
    let mut rows = world.sql(&format!("SELECT {} FROM {}", columns.join(", "), table.name)).await;
    rows.sort();
    rows
}

async fn contents(world: &World) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let mut contents = Vec::new();
    for table in &TABLES {
        contents.push((table.name, rows(world, table).await));
    }
    contents
}

/// Nothing but what the migration itself wrote.
async fn assert_empty(world: &World) {
    for (table, rows) in contents(world).await {
        let own = usize::from(table == "settings");
        assert_eq!(rows.len(), own, "{table}: {rows:?}");
    }
}

/// As the schema has it: each table with its columns and their types, and the tables that its rows refer to.
async fn schema(world: &World) -> (Vec<[String; 3]>, Vec<[String; 2]>) {
    let (columns, references) = match world.engine() {
        Engine::Sqlite => (
            "SELECT m.name, c.name, lower(c.type) FROM sqlite_schema m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'",
            "SELECT m.name, f.\"table\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f",
        ),
        Engine::Postgres => (
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relnamespace = 'claimwatch'::regnamespace AND c.relkind IN ('r', 'p')",
            "SELECT c.relname, f.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
             JOIN pg_class f ON f.oid = k.confrelid WHERE k.contype = 'f' AND k.connamespace = 'claimwatch'::regnamespace",
        ),
    };
    let columns = world.sql(columns).await.into_iter().map(|row| row.try_into().expect("three columns"));
    let references = world.sql(references).await.into_iter().map(|row| row.try_into().expect("two columns"));
    (columns.collect(), references.collect())
}

fn stored_type(kind: Kind, engine: Engine) -> &'static str {
    match (kind, engine) {
        (Kind::Text, _) => "text",
        (Kind::Integer, _) | (Kind::Count | Kind::Flag, Engine::Sqlite) => "integer",
        (Kind::Amount | Kind::Instant | Kind::Id | Kind::Json, Engine::Sqlite) => "text",
        (Kind::Bytes, Engine::Sqlite) => "blob",
        (Kind::Count, Engine::Postgres) => "bigint",
        (Kind::Flag, Engine::Postgres) => "boolean",
        (Kind::Amount, Engine::Postgres) => "numeric",
        (Kind::Instant, Engine::Postgres) => "timestamp with time zone",
        (Kind::Id, Engine::Postgres) => "uuid",
        (Kind::Json, Engine::Postgres) => "json",
        (Kind::Bytes, Engine::Postgres) => "bytea",
    }
}

async fn terminate(target: &World) {
    target
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'claimwatch'",
        )
        .await;
}

/// Many more rows than a batch has.
async fn many_claims(world: &World) {
    world.put_all((0..1_700).map(|n| claim(&format!("C-{n}"), "Editing"))).await;
}

on_every_engine! {
    async fn the_list_of_tables_has_every_column_of_the_schema_with_its_type(world in World) {
        let engine = world.engine();
        let (mut found, references) = schema(&world).await;
        found.retain(|[table, ..]| !NOT_MOVED.contains(&table.as_str()));
        let mut listed = Vec::new();
        for table in &TABLES {
            for column in table.columns.iter().filter(|column| engine == Engine::Postgres || !column.of_alert) {
                listed.push([table.name, column.name, stored_type(column.kind, engine)].map(str::to_owned));
            }
        }
        found.sort();
        listed.sort();
        assert_eq!(listed, found);
        let place = |name: &str| TABLES.iter().position(|table| table.name == name).expect("a table");
        assert!(!references.is_empty());
        for [table, other] in references {
            assert!(place(&other) < place(&table), "{table} refers to {other}");
        }
    }

    async fn everything_arrives_on_either_engine_and_comes_back_as_it_was(mut world in World) {
        lived_in(&mut world).await;
        for table in &TABLES {
            for column in table.columns.iter().filter(|column| !column.of_alert) {
                let filled = world.sql(&format!("SELECT count({}) FROM {}", column.name, table.name)).await.concat();
                assert_ne!(filled, ["0"], "{}.{} is never filled", table.name, column.name);
            }
        }
        let before = contents(&world).await;
        let alerts = serde_json::to_string(&world.alerts().await).unwrap();
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            let sums = copied(&world, &there).await.expect("copied");
            assert_eq!(sums.iter().map(|copied| copied.table).collect::<Vec<_>>(), TABLES.each_ref().map(|t| t.name));
            assert_eq!(contents(&there).await, before);
            assert_eq!(serde_json::to_string(&there.alerts().await).unwrap(), alerts);
            let back = beside(&world, world.engine()).await;
            assert_eq!(copied(&there, &back).await.expect("copied"), sums);
            assert_eq!(contents(&back).await, before);
        }
    }

    async fn a_scan_on_the_copy_changes_nothing_and_mails_nothing(mut world in World) {
        lived_in(&mut world).await;
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            copied(&world, &there).await.expect("copied");
            let before = contents(&there).await;
            let found = there.scan(NOW).await;
            assert_eq!((found.opened, found.warned, found.messages), (0, 0, 0));
            let after = contents(&there).await;
            for ((table, before), (_, after)) in before.iter().zip(&after) {
                let more = usize::from(*table == "scans");
                assert_eq!(after.len() - before.len(), more, "{table}");
                assert!(before.iter().all(|row| after.contains(row)), "{table}");
            }
        }
    }

    async fn a_database_that_has_rows_is_not_filled(world in World) {
        many_claims(&world).await;
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            there.put(claim("C-1", "Editing")).await;
            there.put(claim("C-2", "Editing")).await;
            there.program("P-1", None, false).await;
            let before = contents(&there).await;
            let refused = copied(&world, &there).await.expect_err("rows are there").to_string();
            assert_eq!(refused, "the target: found rows in programs (1), claims (2), expected an empty database");
            assert_eq!(contents(&there).await, before);
        }
    }

    async fn values_that_cannot_be_copied_are_named_and_nothing_is_written(world in World) {
        many_claims(&world).await;
        let (instant, amount) = (world.engine().unreadable_instants()[0], world.engine().unreadable_amount());
        world.put(claim("C-7", "Editing").with("reviewed_at", instant).with("amount", amount)).await;
        world.sql(&format!("INSERT INTO claim_history VALUES ('C-9', '{instant}', 'Editing', NULL)")).await;
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            let refused = copied(&world, &there).await.expect_err("they are unreadable").to_string();
            let lines: Vec<&str> = refused.lines().collect();
            let expected = "expected an instant of the years 1 to 9999, in UTC, such as 2018-06-29T12:00:00.000000Z";
            assert_eq!(lines, [
                "the source has values that cannot be copied:",
                &format!("claims, claim_id \"C-7\": reviewed_at: found {instant:?}, {expected}"),
                &format!("claims, claim_id \"C-7\": amount: found {amount:?}, expected a plain decimal of up to 28 digits, such as 1234.50"),
                &format!("claim_history, claim_id \"C-9\", at {instant:?}: at: found {instant:?}, {expected}"),
            ]);
            assert_empty(&there).await;
        }
    }

    async fn what_arrives_otherwise_than_it_was_read_is_refused(world in World) {
        many_claims(&world).await;
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            there.sql(match engine {
                Engine::Sqlite => "CREATE TRIGGER loud AFTER INSERT ON claims WHEN NEW.claim_id = 'C-5' \
                    BEGIN UPDATE claims SET status = 'EDITING' WHERE claim_id = NEW.claim_id; END",
                Engine::Postgres => "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                    IF NEW.claim_id = 'C-5' THEN NEW.status := 'EDITING'; END IF; RETURN NEW; END $$; \
                    CREATE TRIGGER loud BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION loud()",
            }).await;
            let refused = copied(&world, &there).await.expect_err("they differ").to_string();
            assert!(refused.starts_with("claims: read 1700 rows (") && refused.contains("found 1700 ("), "{refused}");
            assert_empty(&there).await;
        }
    }

    async fn a_mail_in_hand_holds_the_copy_up_and_one_that_was_left_is_sent_once(mut world in World) {
        lived_in(&mut world).await;
        let by = if world.engine() == Engine::Sqlite { LeaseTime::At(at(NOW)) } else { LeaseTime::Database };
        let leased = world.store.lease(at(NOW), by, "somebody", 1, TimeDelta::seconds(60)).await.unwrap().remove(0);
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            let refused = copied(&world, &there).await.expect_err("a mail is in hand").to_string();
            assert!(refused.starts_with("the source: somebody has a mail in hand until 2"), "{refused}");
            assert_empty(&there).await;
        }
        // Its holder died.
        world.sql(&format!("UPDATE outbox SET leased_until = '2026-11-20T10:00:00.000000Z' WHERE id = '{}'", leased.id)).await;
        for engine in ENGINES {
            let there = beside(&world, engine).await;
            copied(&world, &there).await.expect("copied");
            let waiting = there.waiting().await.iter().filter(|item| item.next_attempt_at <= Some(at(NOW))).count();
            let server = server().await;
            let report = drain(&courier(&there, &server)).await;
            assert_eq!((report.sent, server.received().len()), (waiting as u64, waiting));
            let (id, now) = (leased.id, there.time.now());
            let perhaps = there.sql(&format!("SELECT perhaps_delivered, state FROM outbox WHERE id = '{id}'")).await;
            assert_eq!(perhaps, [["1", "sent"]], "it is known that it may have arrived before, {now}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_leads_on_either_side_holds_the_copy_up_even_one_that_comes_meanwhile() {
    let (world, there) = (World::on_postgres().await, World::on_postgres().await);
    many_claims(&world).await;
    let lead = async |world: &World| {
        let leases = world.store.leases().expect("leases");
        leases.lead("host:1", TimeDelta::hours(1), LeaseTime::Database).await.expect("asked").expect("led")
    };
    for (leader, side) in [(&world, "source"), (&there, "target")] {
        let term = lead(leader).await;
        let refused = copied(&world, &there).await.expect_err("a daemon leads").to_string();
        assert!(refused.starts_with(&format!("the {side}: daemon host:1 leads until 2")), "{refused}");
        assert!(refused.ends_with("; stop whatever works on it, and copy then"), "{refused}");
        leader.store.leases().expect("leases").resign(term).await.expect("resigned");
    }
    let mut came = false;
    let mut comes = |_: Progress| {
        if !std::mem::replace(&mut came, true) {
            block_in_place(|| Handle::current().block_on(lead(&world)));
        }
    };
    let refused = copy(&*world.store, &*there.store, at(NOW), &mut comes).await.expect_err("a daemon leads");
    assert!(matches!(refused, CopyError::SourceAtWork(_)), "{refused}");
    assert_empty(&there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_cut_off_midway_holds_nothing() {
    let world = World::on_sqlite().await;
    many_claims(&world).await;
    for verifying in [false, true] {
        let there = World::on_postgres().await;
        let mut cut = |progress: Progress| {
            if progress.table == "claims" && progress.rows == 1_000 && progress.verifying == verifying {
                block_in_place(|| Handle::current().block_on(terminate(&there)));
            }
        };
        let failed = copy(&*world.store, &*there.store, at(NOW), &mut cut).await.expect_err("it is cut off");
        assert!(matches!(failed, CopyError::Target(_)), "{failed}");
        assert_empty(&there).await;
    }
}

#[tokio::test]
async fn a_copy_that_is_given_up_midway_leaves_nothing() {
    let world = World::on_sqlite().await;
    many_claims(&world).await;
    for engine in ENGINES {
        let there = World::on(engine).await;
        let midway = Arc::new(Notify::new());
        let mut so_far = |progress: Progress| {
            if progress.table == "claims" && progress.rows == 1_000 {
                midway.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = midway.notified() => {}
            done = copy(&*world.store, &*there.store, at(NOW), &mut so_far) => panic!("{done:?}"),
        }
        assert_empty(&there).await;
        copied(&world, &there).await.expect("it can be begun anew");
    }
}

#[tokio::test]
async fn what_only_sqlite_takes_is_written_in_the_contracts_form_or_refused() {
    let world = World::on_sqlite().await;
    world
        .sql(
            "INSERT INTO claims (claim_id, status, submitted_at, amount) VALUES \
        ('C-1', 'Editing', '2026-11-02T10:00:00Z', '-0.0'), ('C-2', 'Editing', '2026-11-02T10:00:00.5Z', '007.50'), \
        ('C-3', 'Editing', NULL, '.5')",
        )
        .await;
    for engine in ENGINES {
        let there = World::on(engine).await;
        copied(&world, &there).await.expect("copied");
        let stored = there.sql("SELECT submitted_at, amount FROM claims ORDER BY claim_id").await;
        let expected =
            [["2026-11-02T10:00:00.000000Z", "0.0"], ["2026-11-02T10:00:00.500000Z", "7.50"], ["null", "0.5"]];
        assert_eq!(stored, expected, "{engine:?}");
    }
    world.sql("UPDATE claims SET title = CAST(x'ff' AS TEXT), submitted_at = '0000-01-01T00:00:00.000000Z' WHERE claim_id = 'C-1'; \
        UPDATE claims SET title = CAST(x'610062' AS TEXT) WHERE claim_id = 'C-2'; PRAGMA foreign_keys = OFF; \
        INSERT INTO outbox_messages (id, created_at, level, alerts, facts, thread, first_message) VALUES \
        ('m1', '2026-11-02T10:00:00.000000Z', 3000000000, 1, '{', 't', '00000000-0000-0000-0000-000000000001'); \
        INSERT INTO alert_escalations VALUES ('00000000-0000-0000-0000-000000000001', 1, '2026-11-02T10:00:00.000000Z', '2026-11-02T10:00:00.000000Z')").await;
    let wrong = [
        "claims, claim_id \"C-1\": title: found \"\u{fffd}\", expected text in UTF-8",
        "claims, claim_id \"C-1\": submitted_at: found \"0000-01-01T00:00:00.000000Z\", expected an instant of the years 1 to",
        "claims, claim_id \"C-2\": title: found \"a b\", expected text without the character NUL",
        "alert_escalations, alert_id 00000000-0000-0000-0000-000000000001, level 1: claim_id: found \"no alert of this id\", expected one",
        "outbox_messages, id \"m1\": id: found \"m1\", expected an id such as",
        "outbox_messages, id \"m1\": level: found \"3000000000\", expected an integer of 32 bits",
        "outbox_messages, id \"m1\": facts: found \"{\", expected JSON",
    ];
    for engine in ENGINES {
        let there = World::on(engine).await;
        let refused = copied(&world, &there).await.expect_err("wrong values").to_string();
        for wrong in wrong.iter().filter(|wrong| engine == Engine::Postgres || !wrong.contains("NUL")) {
            assert!(refused.contains(wrong), "{wrong} is not in {refused}");
        }
        assert_eq!(refused.lines().count(), if engine == Engine::Postgres { 8 } else { 7 }, "{refused}");
        assert_empty(&there).await;
    }
}
