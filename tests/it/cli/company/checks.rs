//! `claimwatch check` on a server: what is missing, by its name, with what to paste; and what a scan says of it.

use super::{Company, MAPPED, example};
use crate::postgres::Stop;

const CLAIM: &str = "INSERT INTO sales.schemes VALUES (1, 'One', 'FR', false, 'EUR'); \
    INSERT INTO sales.partners VALUES (1, 'Contoso'); \
    INSERT INTO sales.claims (id, scheme_id, partner_id, state, filed, cents, currency, changed) \
    VALUES (1, 1, 1, 'filed', '2024-06-03 10:00', 10000, 'EUR', '2024-06-03 10:00');";

const ONE_CALENDAR: &str = "[source]\nclaims = \"sales.cw_claims\"\nprograms = \"sales.cw_programs\"\n\
    payments = \"sales.cw_payments\"\nhistory = \"sales.cw_history\"\n[calendars.fr]\ncountry = \"FR\"\n\
    time_zone = \"Europe/Paris\"\n";

#[tokio::test]
async fn a_missing_right_is_named_with_its_table_and_the_scan_that_lacks_it_changes_nothing() {
    let company = Company::moved_into(ONE_CALENDAR, &[&example(), CLAIM]).await;
    for (revoked, table, finding) in [
        (
            "REVOKE INSERT ON claimwatch.sla_alert_events FROM claimwatch",
            "sla_alert_events",
            "claimwatch lacks INSERT on claimwatch.sla_alert_events",
        ),
        (
            "REVOKE INSERT, UPDATE ON claimwatch.outbox FROM claimwatch",
            "outbox",
            "claimwatch lacks INSERT, UPDATE on claimwatch.outbox",
        ),
        (
            "REVOKE INSERT ON claimwatch.threads FROM claimwatch",
            "threads",
            "claimwatch lacks INSERT on claimwatch.threads",
        ),
        (
            "REVOKE SELECT ON claimwatch.silences FROM claimwatch",
            "silences",
            "claimwatch lacks SELECT on claimwatch.silences",
        ),
        (
            "REVOKE SELECT ON claimwatch.source_claims FROM claimwatch",
            "source_claims",
            "claimwatch lacks SELECT on claimwatch.source_claims",
        ),
        (
            "REVOKE SELECT ON sales.cw_claims FROM claimwatch_migrate",
            "cw_claims",
            "claimwatch_migrate, the owner of source_claims, may not read sales.cw_claims",
        ),
        ("REVOKE USAGE ON SCHEMA claimwatch FROM claimwatch", "claimwatch", "claimwatch may not use schema claimwatch"),
    ] {
        company.sql(revoked).await;
        let before = company.recorded().await;
        let told =
            company.run_as("claimwatch", &["scan"]).refused(1, &["permission denied", "deploy/postgres/roles.sql"]);
        assert!(told.err.contains(&format!(" {table}")), "{revoked}: {}", told.err);
        assert_eq!(company.recorded().await, before, "{revoked}");
        let wrong = company.wrong_as("claimwatch");
        let right = wrong.iter().find(|[check, detail, _]| check == "rights" && detail == finding);
        let [_, _, fix] = right.unwrap_or_else(|| panic!("{finding}: {wrong:#?}"));
        company.sql(fix.split(';').next().expect("a statement")).await;
        assert_eq!(company.wrong_as("claimwatch"), [[""; 3]; 0], "{revoked}");
    }
    company.run_as("claimwatch", &["scan"]).done();
}

#[tokio::test]
async fn a_view_that_lost_a_column_fails_the_scan_by_name_and_check_names_the_column() {
    let company = Company::moved_into(ONE_CALENDAR, &[&example(), CLAIM]).await;
    company.run_as("claimwatch", &["scan"]).done();
    let before = company.recorded().await;
    let definition = company.sql("SELECT pg_get_viewdef('sales.cw_claims'::regclass)").await.remove(0).remove(0);
    let columns = "claim_id, program_id, partner_name, title, status, submitted_at, reviewed_at, dispute_resolved_at, \
        approved_at, tax_invoice_approved_at, paid_at, amount::float8 AS amount, currency, updated_at";
    company
        .sql(&format!(
            "DROP VIEW sales.cw_claims CASCADE; CREATE VIEW sales.cw_claims AS SELECT {columns} FROM ({}) whole; \
             GRANT SELECT ON sales.cw_claims TO claimwatch_migrate",
            definition.trim_end_matches(';')
        ))
        .await;
    company.run_as("claimwatch", &["scan"]).refused(1, &["\"source_claims\" does not exist", "claimwatch check"]);
    assert_eq!(company.recorded().await, before);
    let lost = "[source] claims: sales.cw_claims: column disputed_at is missing, expected timestamp with time zone";
    let other = "[source] claims: sales.cw_claims: column amount: found double precision, expected numeric";
    // The runner lacks every right in the schema where it is looked for.
    for role in ["claimwatch", "claimwatch_migrate"] {
        let wrong = company.wrong_as(role);
        for detail in [lost, other, "source_claims is gone, as when sales.cw_claims below it is dropped with CASCADE"] {
            assert!(wrong.iter().any(|found| found[0] == "sources" && found[1] == detail), "{detail}: {wrong:#?}");
        }
    }
    company
        .run_as("claimwatch_migrate", &["migrate"])
        .refused(1, &["column disputed_at is missing", "found double precision"]);
    assert_eq!(company.recorded().await, before);
}

#[tokio::test]
async fn before_the_first_migration_the_configured_relations_are_looked_at() {
    let company = Company::new(MAPPED).await;
    company.script("roles.sql", &[]);
    let wrong = company.wrong_as("claimwatch_migrate");
    assert!(
        wrong.iter().any(|[_, detail, _]| detail.starts_with("[source] claims: sales.cw_claims: found no such table"))
    );
    company.sql(&example()).await;
    company
        .sql(
            "REVOKE ALL ON sales.cw_claims FROM claimwatch_migrate; REVOKE ALL ON SCHEMA sales FROM claimwatch_migrate",
        )
        .await;
    let wrong = company.wrong_as("claimwatch_migrate");
    let rights: Vec<_> = wrong.iter().filter(|found| found[0] == "rights").map(|found| &found[2]).collect();
    assert_eq!(
        rights,
        ["GRANT USAGE ON SCHEMA sales TO claimwatch_migrate", "GRANT SELECT ON sales.cw_claims TO claimwatch_migrate"]
    );
    for grant in rights {
        company.sql(grant).await;
    }
    let wrong = company.wrong_as("claimwatch_migrate");
    assert_eq!(wrong.iter().map(|found| found[0].as_str()).collect::<Vec<_>>(), ["database"], "{wrong:#?}");
}

#[tokio::test]
async fn a_server_that_takes_no_changes_says_that_it_is_a_standby_or_read_only() {
    let company = Company::moved_into(ONE_CALENDAR, &[&example(), CLAIM]).await;
    company.sql("ALTER ROLE claimwatch SET default_transaction_read_only TO on").await;
    let refusal = "the server is a standby, or is set read-only; database.url must name the primary";
    company.run_as("claimwatch", &["scan"]).refused(1, &["the database is not available: ", refusal]);
    let wrong = company.wrong_as("claimwatch");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0][1].ends_with("default_transaction_read_only is on, and nothing can be written"), "{wrong:?}");
    company.sql("ALTER ROLE claimwatch RESET default_transaction_read_only").await;

    company.cluster.stop(Stop::Fast).expect("stopped");
    company.cluster.configure("data/standby.signal", "").expect("a file");
    company.cluster.start().expect("a standby");
    company.run_as("claimwatch", &["scan"]).refused(1, &["the database is not available: ", refusal]);
    let wrong = company.wrong_as("claimwatch");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0][0] == "server" && wrong[0][1].ends_with("a standby, which takes no changes"), "{wrong:?}");
    // What only reads works there.
    assert_eq!(company.run_as("claimwatch", &["alerts", "list"]).code, 0);
}
