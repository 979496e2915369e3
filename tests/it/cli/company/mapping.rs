//! Claims of another shape, through views: `deploy/postgres/example-mapping.sql`, and the indexes that `check` asks for.

use std::fmt::Write as _;

use super::{Company, example};
use crate::postgres::rows_of;

const TWO_CALENDARS: &str = "[source]\nclaims = \"sales.cw_claims\"\nprograms = \"sales.cw_programs\"\n\
    payments = \"sales.cw_payments\"\nhistory = \"sales.cw_history\"\n[calendars]\ndefault = \"fr\"\n\
    [calendars.fr]\ncountry = \"FR\"\ntime_zone = \"Europe/Paris\"\n\
    [calendars.de]\ncountry = \"DE\"\ntime_zone = \"Europe/Berlin\"\n";

/// So many claims that reading all of them matters, most of them done; eight with a clock that runs.
const CLAIMS: &str = "
    INSERT INTO sales.schemes VALUES (1, 'French', 'FR', false, 'EUR'), (2, 'German', 'DE', true, NULL);
    INSERT INTO sales.partners VALUES (1, 'Contoso');
    INSERT INTO sales.claims SELECT n, 1, 1, 'Claim ' || n, 'ok', filed, filed + interval '1 hour', NULL, NULL,
        filed + interval '1 hour', NULL, filed + interval '2 days', 10000, 'EUR', filed
        FROM (SELECT n, timestamp '2025-01-01' + n * interval '1 minute' AS filed FROM generate_series(101, 6500) n) many;
    INSERT INTO sales.payouts SELECT id, id, 'Contoso SARL', cents, currency, settled FROM sales.claims;
    INSERT INTO sales.claim_log SELECT id, filed, 'filed', NULL FROM sales.claims;
    INSERT INTO sales.claims VALUES
        (1, 1, 1, 'In euros', 'filed', '2026-11-16 10:00', NULL, NULL, NULL, NULL, NULL, NULL, 123450, 'EUR', '2026-11-16 10:00'),
        (2, 1, 1, 'In yen', 'in_review', '2026-11-16 10:00', NULL, NULL, NULL, NULL, NULL, NULL, 500, 'JPY', '2026-11-16 10:00'),
        (3, 1, 1, 'Appealed', 'appealed', '2026-10-01 10:00', '2026-10-02 10:00', '2026-11-02 10:00', NULL, NULL, NULL, NULL, 100, 'EUR', '2026-11-02 10:00'),
        (4, 1, 1, 'Unpaid', 'ok', '2026-01-05 10:00', '2026-01-06 10:00', NULL, NULL, '2026-01-06 10:00', NULL, NULL, 100, 'EUR', '2026-01-06 10:00'),
        (5, 2, 1, 'Unpaid line', 'ok', '2026-01-05 10:00', '2026-01-06 10:00', NULL, NULL, '2026-01-06 10:00', '2026-01-07 10:00', NULL, 100, 'EUR', '2026-01-07 10:00'),
        (6, 1, 1, 'At no time', 'filed', 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, 100, 'EUR', '2026-11-16 10:00'),
        (7, 1, 1, 'In time', 'filed', '2026-11-20 10:00', NULL, NULL, NULL, NULL, NULL, NULL, 100, 'EUR', '2026-11-20 10:00');
    INSERT INTO sales.payouts VALUES (1, 5, 'Contoso GmbH', 4200, 'KWD', NULL);
    ANALYZE";

/// The statements that `check` gives for missing indexes.
fn missing_indexes(company: &Company) -> Vec<String> {
    let wrong = company.wrong_as("claimwatch").into_iter().filter(|[check, ..]| check != "claims");
    wrong
        .map(|[check, detail, fix]| {
            assert!(check == "indexes" && fix.contains("CREATE INDEX "), "{check}: {detail}: {fix}");
            fix
        })
        .collect()
}

/// Each statement by itself: what is made CONCURRENTLY takes no company.
async fn paste(company: &Company, statements: &[String]) {
    for statement in statements.iter().flat_map(|fix| fix.split("; ")) {
        company.sql(statement).await;
    }
}

#[tokio::test]
async fn claims_of_another_shape_are_watched_through_views_and_their_indexes() {
    let company = Company::moved_into(TWO_CALENDARS, &[&example(), CLAIMS]).await;
    assert_eq!(missing_indexes(&company), [""; 0]);
    let told = company.run_as("claimwatch", &["scan", "--at", "2026-11-23T09:00:00Z"]).done();
    told.says(&["5 breached", "data problems  1"]);
    let alerts = company
        .sql(
            "SELECT rule, claim_id, payment_id, partner_name, amount, currency, paying_entity, calendar, due_at \
            FROM claimwatch.sla_alerts ORDER BY claim_id",
        )
        .await;
    let due = |alert: &[&str]| alert.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        alerts,
        [
            due(&["review", "1", "null", "Contoso", "1234.50", "EUR", "null", "fr", "2026-11-18T23:00:00.000000Z"]),
            due(&["review", "2", "null", "Contoso", "500", "JPY", "null", "fr", "2026-11-18T23:00:00.000000Z"]),
            due(&["dispute", "3", "null", "Contoso", "1.00", "EUR", "null", "fr", "2026-11-09T23:00:00.000000Z"]),
            due(&["payment", "4", "null", "Contoso", "1.00", "EUR", "null", "fr", "2026-03-10T23:00:00.000000Z"]),
            due(&[
                "tax_invoice_payment",
                "5",
                "1",
                "Contoso",
                "4.200",
                "KWD",
                "Contoso GmbH",
                "de",
                "2026-02-06T23:00:00.000000Z"
            ]),
        ]
    );
    let problems = company.sql("SELECT claim_id, kind, detail FROM claimwatch.data_problems").await;
    assert_eq!(problems[0][..2], ["6", "unreadable"]);
    assert!(problems[0][2].starts_with("submitted_at: found \"infinity\""), "{problems:?}");
    // Nothing but what was configured is read, and none of it through the runner's own rights.
    assert!(company.try_sql("claimwatch", "SELECT * FROM sales.claims").await.is_err());
}

#[tokio::test]
async fn an_index_that_is_gone_is_asked_for_with_the_statement_that_makes_it() {
    let company = Company::moved_into(TWO_CALENDARS, &[&example(), CLAIMS]).await;
    company.sql("DROP INDEX sales.claimwatch_claims_review_clock").await;
    let wrong = company.wrong_as("claimwatch");
    let [_, detail, fix] = wrong.iter().find(|found| found[0] == "indexes").expect("a missing index");
    assert!(
        detail.starts_with("sales.claims (6407 rows) is read as a whole, through sales.cw_claims, for "),
        "{detail}"
    );
    assert!(detail.contains("late clocks of review"), "{detail}");
    let start = "CREATE INDEX CONCURRENTLY claimwatch_claims_review_clock ON sales.claims \
        ((filed AT TIME ZONE 'UTC'::text), ((id)::text), ((scheme_id)::text)) WHERE ";
    assert!(fix.starts_with(start), "{fix}");
    paste(&company, std::slice::from_ref(fix)).await;
    assert_eq!(missing_indexes(&company), [""; 0]);

    // All of them are asked for where there is none, and are enough.
    let drops = company
        .sql("SELECT string_agg(format('DROP INDEX sales.%I', indexname), '; ') FROM pg_indexes WHERE indexname LIKE 'claimwatch%'")
        .await
        .concat();
    company.sql(&drops.concat()).await;
    let missing = missing_indexes(&company);
    assert_eq!(missing.len(), 16, "{missing:#?}");
    paste(&company, &missing).await;
    assert_eq!(missing_indexes(&company), [""; 0]);
    let told = company.run_as("claimwatch", &["scan", "--at", "2026-11-23T09:00:00Z"]).done();
    told.says(&["5 breached"]);
}

#[tokio::test]
async fn tables_of_our_own_shape_are_asked_for_the_very_indexes_that_our_own_tables_have() {
    let tables = ["claims", "programs", "claim_payments", "claim_history"];
    let company = Company::moved_into(
        "[source]\nclaims = \"sales.claims\"\nprograms = \"sales.programs\"\npayments = \"sales.claim_payments\"\n\
         history = \"sales.claim_history\"\n",
        &["CREATE SCHEMA sales; GRANT USAGE ON SCHEMA sales TO claimwatch_migrate; \
           CREATE TABLE sales.programs (program_id text, name varchar(40), calendar text, requires_tax_invoice boolean, payment_currency text); \
           CREATE TABLE sales.claims (claim_id text, program_id text, partner_name text, title text, status text, \
           submitted_at timestamptz, reviewed_at timestamptz, disputed_at timestamptz, dispute_resolved_at timestamptz, \
           approved_at timestamptz, tax_invoice_approved_at timestamptz, paid_at timestamptz, amount numeric, currency text, \
           updated_at timestamptz) PARTITION BY HASH (claim_id); \
           CREATE TABLE sales.claims_0 PARTITION OF sales.claims FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
           CREATE TABLE sales.claims_1 PARTITION OF sales.claims FOR VALUES WITH (MODULUS 2, REMAINDER 1); \
           CREATE TABLE sales.claim_payments (payment_id text, claim_id text, paying_entity text, amount numeric, currency text, paid_at timestamptz); \
           CREATE TABLE sales.claim_history (claim_id text, at timestamptz, status text, note text); \
           GRANT SELECT ON ALL TABLES IN SCHEMA sales TO claimwatch_migrate; \
           INSERT INTO sales.programs SELECT 'P-' || n FROM generate_series(1, 7000) n; \
           INSERT INTO sales.claims (claim_id, program_id, status) SELECT 'C-' || n, 'P-1', 'editing' FROM generate_series(1, 7000) n; \
           INSERT INTO sales.claim_payments SELECT 'L-' || n, 'C-' || n FROM generate_series(1, 7000) n; \
           INSERT INTO sales.claim_history SELECT 'C-' || n, now() FROM generate_series(1, 7000) n; ANALYZE"],
    )
    .await;
    let missing = missing_indexes(&company);
    assert_eq!(missing.len(), 17, "{missing:#?}");
    let plain: Vec<String> =
        missing.iter().map(|fix| fix.split("; writers wait").next().expect("it").to_owned()).collect();
    for fix in &plain {
        // Partitions are not indexed one by one without a word, and no table is locked in silence.
        assert_eq!(fix.contains("CONCURRENTLY"), !fix.contains("ON sales.claims "), "{fix}");
    }
    paste(&company, &plain).await;
    assert_eq!(missing_indexes(&company), [""; 0]);
    let mut compared = String::new();
    for table in tables {
        let pairs = company
            .sql(&format!(
                "SELECT theirs.relname, pg_get_indexdef(ours.oid) , pg_get_indexdef(theirs.oid) FROM pg_index i \
                 JOIN pg_class theirs ON theirs.oid = i.indexrelid JOIN pg_class ours \
                 ON ours.relnamespace = 'claimwatch'::regnamespace AND 'claimwatch_' || ours.relname = theirs.relname \
                 WHERE i.indrelid = 'sales.{table}'::regclass"
            ))
            .await;
        for mut pair in pairs {
            let columns = |definition: String| definition.split_once(" USING ").expect("its columns").1.to_owned();
            let (theirs, ours) = (columns(pair.remove(2)), columns(pair.remove(1)));
            assert_eq!(theirs, ours);
            writeln!(compared, "{}", pair.remove(0)).expect("text");
        }
    }
    assert_eq!(compared.lines().count(), 13, "{compared}");
}

#[tokio::test]
async fn a_view_whose_expressions_no_index_can_hold_is_told_so() {
    let company = Company::moved_into(TWO_CALENDARS, &[&example(), CLAIMS]).await;
    let definition = company.sql("SELECT pg_get_viewdef('sales.cw_claims'::regclass)").await.concat().concat();
    for (from, to, said) in [
        ("sales.cw_status(c.state)", "c.state::text", "the view's expressions cannot be indexed"),
        ("(c.filed AT TIME ZONE 'UTC'::text)", "c.filed::timestamptz", "the view's expressions cannot be indexed"),
        ("sales.cw_status(c.state)", "(p.name || sales.cw_status(c.state))", "is not of sales.claims alone"),
    ] {
        let other = definition.replace(from, to);
        assert_ne!(other, definition, "{from}");
        company.sql(&format!("CREATE OR REPLACE VIEW sales.cw_claims AS {other}")).await;
        let wrong = company.wrong_as("claimwatch");
        let told = wrong
            .iter()
            .any(|[check, _, fix]| check == "indexes" && fix.contains(said) && fix.contains("docs/postgresql.md"));
        assert!(told, "{to}: {wrong:#?}");
    }
}

#[tokio::test]
async fn a_foreign_tables_server_is_asked_by_every_condition_once_its_sizes_are_known() {
    let company = Company::new("[source]\nclaims = \"sales.claims\"\npayments = \"\"\nhistory = \"\"\n").await;
    company.script("roles.sql", &[]);
    company.sql("CREATE DATABASE far").await;
    let columns = "claim_id text, program_id text, partner_name text, title text, status text, submitted_at timestamptz, \
        reviewed_at timestamptz, disputed_at timestamptz, dispute_resolved_at timestamptz, approved_at timestamptz, \
        tax_invoice_approved_at timestamptz, paid_at timestamptz, amount numeric, currency text, updated_at timestamptz";
    rows_of(
        &company.cluster.url("far"),
        &format!(
            "CREATE TABLE public.claims ({columns}); INSERT INTO public.claims (claim_id, program_id, status, submitted_at) \
             SELECT 'C-' || n, 'P-1', CASE WHEN n < 4 THEN 'submitted' ELSE 'editing' END, '2024-06-03 10:00Z' \
             FROM generate_series(1, 6000) n"
        ),
    )
    .await
    .expect("claims elsewhere");
    company
        .sql(&format!(
            "CREATE EXTENSION postgres_fdw; CREATE SERVER east FOREIGN DATA WRAPPER postgres_fdw \
             OPTIONS (host '{}', dbname 'far'); CREATE SCHEMA sales; \
             CREATE USER MAPPING FOR claimwatch_migrate SERVER east OPTIONS (user 'postgres', password_required 'false'); \
             CREATE FOREIGN TABLE sales.claims ({columns}) SERVER east OPTIONS (schema_name 'public', table_name 'claims'); \
             GRANT USAGE ON SCHEMA sales TO claimwatch_migrate; GRANT SELECT ON sales.claims TO claimwatch_migrate",
            company.cluster.folder().display()
        ))
        .await;
    let told = company.run_as("claimwatch_migrate", &["migrate"]);
    assert_eq!(told.code, 0, "{told:?}");
    company.script("roles.sql", &[]);
    let wrong = company.wrong_as("claimwatch");
    let fix = "ALTER SERVER east OPTIONS (ADD use_remote_estimate 'true')";
    assert!(wrong.iter().any(|found| found[0] == "indexes" && found[2].contains(fix)), "{wrong:#?}");
    assert!(!wrong.iter().any(|found| found[2].contains("is not asked for")), "every condition is sent: {wrong:#?}");
    company.sql("ALTER SERVER east OPTIONS (ADD use_remote_estimate 'true')").await;
    let wrong = company.wrong_as("claimwatch");
    assert!(!wrong.iter().any(|found| found[0] == "indexes"), "{wrong:#?}");
    company.run_as("claimwatch", &["scan"]).done().says(&["3 breached"]);
}
