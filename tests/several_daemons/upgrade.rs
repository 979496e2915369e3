//! An upgrade of one daemon after the other: the schema is the newer one's already, and the older ones work on.

use crate::fleet::{Daemon, lead, led, number};
use crate::postgres::{Database, rows_of};
use crate::{QUIET, until};

/// What a newer claimwatch's migration leaves: it only added.
const EXPAND: &str = "ALTER TABLE sla_alerts ADD COLUMN owner text; \
    ALTER TABLE outbox ADD COLUMN priority integer NOT NULL DEFAULT 0; CREATE TABLE owners (owner text PRIMARY KEY); \
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'owners', true, '', 0); \
    INSERT INTO schema_versions (version, works_with) VALUES (99, 1)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_daemons_scan_and_deliver_on_a_newer_schema_and_may_be_started_on_it() {
    let _quiet = QUIET.read().await;
    let database = Database::migrated().await;
    let url = database.url();
    let [mut before, mut put_back] = ["before", "put_back"].map(|name| Daemon::new(name, url, ""));
    before.start();
    let first = led(url, None).await;
    rows_of(url, EXPAND).await.expect("a newer schema");

    // The one that was there before finds and tells of what is late.
    let late = "INSERT INTO claims (claim_id, status, submitted_at, amount, currency) \
        VALUES ('C-1', 'submitted', now() - interval '200 days', 10, 'EUR')";
    rows_of(url, late).await.expect("a claim");
    until("the mails", async || number(url, "SELECT count(*) FROM outbox WHERE state = 'sent'").await == 2).await;

    // One that is installed again after the upgrade takes over from it.
    put_back.start();
    put_back.says("another daemon leads: this one delivers").await;
    before.stop().await;
    led(url, Some(&first)).await;
    rows_of(url, "UPDATE claims SET status = 'rejected', reviewed_at = now()").await.expect("done");
    let resolved = "SELECT count(*) FROM sla_alerts WHERE resolution = 'late'";
    until("a resolved alert", async || number(url, resolved).await == 1).await;
    put_back.stop().await;
    assert_eq!(lead(url).await, None);
    assert_eq!(number(url, "SELECT max(version) FROM _sqlx_migrations").await, 99);
}
