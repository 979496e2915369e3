//! A backup of a server's database: its own programs make it, and put it back.

use std::process::Command;

use super::Company;

#[tokio::test]
async fn a_servers_database_is_backed_up_and_restored_by_its_own_programs() {
    let company = Company::moved_into("", &[]).await;
    company.sql("INSERT INTO claimwatch.claims (claim_id, status, submitted_at) VALUES ('C-1', 'submitted', '2024-06-03 10:00Z')").await;
    company.run_as("claimwatch", &["scan"]).done();
    let told = company.run_as("claimwatch", &["backup", "--to", "b.db"]);
    told.refused(2, &["expected a file; `pg_dump --format=custom --schema=claimwatch` makes its backup"]);
    let before = company.recorded().await;
    assert!(!before.is_empty());

    let file = company.desk.path("backup");
    let file = file.to_str().expect("UTF-8");
    let url = company.url_of("postgres");
    let pg = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().unwrap_or_else(|why| panic!("{program}: {why}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    pg("pg_dump", &["--format=custom", "--schema=claimwatch", "--file", file, "--dbname", &url]);
    company.sql("DROP SCHEMA claimwatch CASCADE").await;
    pg("pg_restore", &["--exit-on-error", "--single-transaction", "--dbname", &url, file]);
    assert_eq!(company.recorded().await, before);
    assert_eq!(company.run_as("claimwatch", &["--no-migrate", "scan", "--json"]).done().json()["opened"], 0);
    company.run_as("claimwatch", &["outbox", "deliver"]).done();
}
