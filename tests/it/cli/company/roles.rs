//! `deploy/postgres/roles.sql`: what each role can do, and what it cannot.

use super::Company;

/// What dashboards may read.
const PUBLIC: [&str; 5] = ["data_problems", "sla_alert_events", "sla_alerts", "sla_daily", "sla_open_alerts"];

const CLAIMS: &str = "INSERT INTO claimwatch.programs (program_id) VALUES ('P-1'); \
    INSERT INTO claimwatch.claims (claim_id, program_id, status, submitted_at, amount, currency) \
    VALUES ('C-1', 'P-1', 'submitted', '2024-06-03T10:00:00Z', 100.00, 'EUR');";

#[tokio::test]
async fn the_runner_scans_and_delivers_and_changes_nothing_else() {
    let company = Company::moved_into("", &[]).await;
    company.sql(CLAIMS).await;
    company.run_as("claimwatch", &["check"]).done().says(&["ok     rights         claimwatch has those that it needs"]);
    company.run_as("claimwatch", &["scan"]).done().says(&["1 breached", "1 to deliver"]);
    company.run_as("claimwatch", &["outbox", "deliver"]).done();
    company.run_as("claimwatch", &["alerts", "show", "C-1"]).done();
    // The clock starts anew: an alert is resolved, another raised.
    company.sql("UPDATE claimwatch.claims SET submitted_at = '2024-06-10T10:00:00Z'").await;
    company.run_as("claimwatch", &["scan"]).done().says(&["1 restarted"]);
    assert_eq!(company.sql("SELECT count(*) FROM claimwatch.sla_alerts").await, [["2"]]);

    let before = company.recorded().await;
    for statement in [
        "INSERT INTO claims (claim_id, status) VALUES ('C-2', 'submitted')",
        "UPDATE claims SET status = 'approved'",
        "UPDATE source_claims SET status = 'approved'",
        "DELETE FROM claim_payments",
        "DELETE FROM sla_alerts",
        "DELETE FROM sla_alert_events",
        "UPDATE sla_alert_events SET actor = 'nobody'",
        "TRUNCATE sla_alert_events",
        "DELETE FROM outbox",
        "DELETE FROM scans",
        "UPDATE settings SET value = 'nothing'",
        "DELETE FROM _sqlx_migrations",
        "CREATE TABLE claimwatch.another (n int)",
        "CREATE VIEW claimwatch.another AS SELECT 1 AS n",
        "SET ROLE claimwatch_migrate",
    ] {
        let refused = company.try_sql("claimwatch", statement).await.expect_err(statement);
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
    }
    for statement in [
        "DROP TABLE sla_alerts",
        "DROP VIEW source_claims",
        "ALTER TABLE sla_alert_events DISABLE TRIGGER ALL",
        "DROP SCHEMA claimwatch CASCADE",
        "CREATE INDEX ON sla_alerts (rule)",
    ] {
        let refused = company.try_sql("claimwatch", statement).await.expect_err(statement);
        assert!(refused.contains("must be owner"), "{statement}: {refused}");
    }
    assert_eq!(company.recorded().await, before);
}

#[tokio::test]
async fn the_runner_can_neither_migrate_nor_import_and_is_told_who_can() {
    let company = Company::new("").await;
    company.script("roles.sql", &[]);
    for args in [&["migrate"][..], &["scan"]] {
        let told = company.run_as("claimwatch", args);
        assert_eq!(told.code, 1, "{told:?}");
        assert!(told.err.contains("run `claimwatch migrate`") || told.err.contains("roles.sql"), "{told:?}");
    }
    let wrong = company.wrong_as("claimwatch");
    assert!(wrong.contains(&[
        "rights".into(),
        "claimwatch may not make tables in schema claimwatch".into(),
        "run `claimwatch migrate` as claimwatch_migrate, whose schema it is".into(),
    ]));
    company.run_as("claimwatch_migrate", &["migrate"]);
    // Before the rights on what was made.
    company
        .run_as("claimwatch", &["scan"])
        .refused(1, &["permission denied for table _sqlx_migrations; see deploy/postgres/roles.sql"]);
    company.script("roles.sql", &[]);

    company.desk.file("claims.csv", "claim_id,status,submitted_at\nC-1,submitted,2024-06-03T10:00:00Z\n");
    for args in [&["import", "--claims", "claims.csv"][..], &["import", "--claims", "claims.csv", "--dry-run"]] {
        company
            .run_as("claimwatch", args)
            .refused(1, &["permission denied for table claims; see deploy/postgres/roles.sql"]);
    }
    let told = company.run_as("claimwatch_migrate", &["import", "--claims", "claims.csv"]);
    assert_eq!(told.code, 0, "{told:?}");
    // As the script's head has it for a role that imports and no more.
    company
        .sql("CREATE ROLE claims_import LOGIN; GRANT claimwatch TO claims_import; GRANT SELECT, INSERT, UPDATE ON \
            claimwatch.programs, claimwatch.claims, claimwatch.claim_payments, claimwatch.claim_history TO claims_import")
        .await;
    let told = company.run_as("claims_import", &["import", "--claims", "claims.csv"]);
    assert_eq!(told.code, 0, "{told:?}");
}

#[tokio::test]
async fn only_who_owns_the_alerts_or_was_granted_that_prunes_them() {
    let company = Company::moved_into("", &[]).await;
    company.sql(CLAIMS).await;
    company.run_as("claimwatch", &["scan"]).done();
    company.run_as("claimwatch", &["outbox", "deliver"]).done();
    company.sql("UPDATE claimwatch.claims SET status = 'editing'").await;
    company.run_as("claimwatch", &["scan"]).done();
    company.sql("UPDATE claimwatch.sla_alerts SET resolved_at = '2024-07-01 00:00Z'").await;
    let prune = ["alerts", "prune", "--before", "2025-01-01", "--yes"];
    let before = company.recorded().await;
    company.run_as("claimwatch", &prune).complains(&["permission denied for table ", "see deploy/postgres/roles.sql"]);
    assert_eq!(company.recorded().await, before);
    company
        .sql(
            "CREATE ROLE claims_prune LOGIN; GRANT claimwatch TO claims_prune; GRANT DELETE ON claimwatch.sla_alerts, \
            claimwatch.sla_alert_events, claimwatch.outbox, claimwatch.outbox_messages, claimwatch.data_problems, \
            claimwatch.scans TO claims_prune; GRANT INSERT, UPDATE ON claimwatch.settings TO claims_prune",
        )
        .await;
    let told = company.run_as("claims_prune", &prune);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(company.sql("SELECT count(*) FROM claimwatch.sla_alerts").await, [["0"]]);
}

#[tokio::test]
async fn the_runner_may_copy_from_it_and_only_the_owner_into_it() {
    let (old, new) = (Company::moved_into("", &[]).await, Company::moved_into("", &[]).await);
    old.sql(CLAIMS).await;
    old.run_as("claimwatch", &["scan"]).done();
    let (from, to) = (old.url_of("claimwatch"), new.url_of("claimwatch"));
    let refused = old.desk.run(&["copy", "--from", &from, "--to", &to]);
    refused.refused(1, &["the target: ", "permission denied for table ", "see deploy/postgres/roles.sql"]);
    assert!(new.recorded().await.is_empty());
    let done = old.desk.run(&["copy", "--from", &from, "--to", &new.url_of("claimwatch_migrate"), "--json"]);
    done.done();
    assert_eq!(new.recorded().await, old.recorded().await);
    new.run_as("claimwatch", &["outbox", "deliver"]).done();
    assert_eq!(new.run_as("claimwatch", &["scan", "--json"]).done().json()["opened"], 0);
}

#[tokio::test]
async fn dashboards_read_the_public_relations_and_nothing_else() {
    let company = Company::moved_into("", &[]).await;
    let relations = company
        .sql("SELECT relname FROM pg_class WHERE relnamespace = 'claimwatch'::regnamespace AND relkind IN ('r', 'v')")
        .await
        .concat();
    assert!(relations.len() >= 20, "{relations:?}");
    for relation in &relations {
        // By its name alone: the schema is where this role looks.
        let answer = company.try_sql("claimwatch_read", &format!("SELECT count(*) FROM {relation}")).await;
        assert_eq!(answer.is_ok(), PUBLIC.contains(&relation.as_str()), "{relation}: {answer:?}");
        let written = company.try_sql("claimwatch_read", &format!("DELETE FROM {relation}")).await;
        assert!(written.is_err(), "{relation}");
    }
    let found = company.try_sql("claimwatch_read", "SELECT to_regclass('sla_open_alerts')::text").await;
    assert_eq!(found.expect("an answer"), [["sla_open_alerts"]]);
}

#[tokio::test]
async fn what_later_migrations_make_is_the_runners_at_once_and_the_script_takes_back_what_is_too_much() {
    let company = Company::moved_into("", &[]).await;
    let may = async |role: &str, relation: &str, right: &str| {
        let asked = format!("SELECT has_table_privilege('{role}', 'claimwatch.{relation}', '{right}')");
        company.sql(&asked).await[0][0] == "1"
    };
    company.try_sql("claimwatch_migrate", "CREATE TABLE claimwatch.later (n int)").await.expect("a table");
    for (right, expected) in [("SELECT", true), ("INSERT", true), ("UPDATE", true), ("DELETE", false)] {
        assert_eq!(may("claimwatch", "later", right).await, expected, "{right}");
    }
    assert!(!may("claimwatch_read", "later", "SELECT").await);
    // The views are made anew, which default privileges would let the runner write through.
    company.run_as("claimwatch_migrate", &["migrate"]);
    assert!(may("claimwatch", "source_claims", "SELECT").await);
    for right in ["INSERT", "UPDATE", "DELETE"] {
        assert!(!may("claimwatch", "source_claims", right).await, "{right}");
    }
    company.run_as("claimwatch", &["scan"]).done();

    company
        .sql("GRANT DELETE ON claimwatch.sla_alerts TO claimwatch; GRANT SELECT ON claimwatch.outbox TO claimwatch_read; \
            REVOKE UPDATE ON claimwatch.outbox FROM claimwatch; ALTER TABLE claimwatch.outbox OWNER TO postgres")
        .await;
    company.script("roles.sql", &[]);
    assert!(!may("claimwatch", "sla_alerts", "DELETE").await);
    assert!(!may("claimwatch_read", "outbox", "SELECT").await);
    assert!(may("claimwatch", "outbox", "UPDATE").await);
    assert!(may("claimwatch_migrate", "outbox", "DELETE").await);
    company.run_as("claimwatch", &["check"]).done();
}

#[tokio::test]
async fn schema_database_and_roles_may_have_other_names() {
    let company = Company::new("schema = \"Sla\"\n").await;
    company.sql("CREATE DATABASE other").await;
    let names = ["database=claims", "schema=Sla", "migrator=Keeper", "runner=watch", "reader=wall"];
    company.script("roles.sql", &names);
    company.run_as("Keeper", &["migrate"]);
    company.script("roles.sql", &names);
    company.sql("REVOKE INSERT ON \"Sla\".scans FROM watch").await;
    let grant = company.wrong_as("watch").remove(0)[2].split(';').next().expect("a statement").to_owned();
    assert_eq!(grant, "GRANT INSERT ON \"Sla\".scans TO watch");
    company.sql(&grant).await;
    company.run_as("watch", &["check"]).done();
    company.run_as("watch", &["scan"]).done();
    company.try_sql("wall", "SELECT * FROM \"Sla\".sla_open_alerts").await.expect("rows");
    assert_eq!(company.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'claimwatch%'").await, [["0"]]);
}
