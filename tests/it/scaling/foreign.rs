//! Claims on two more servers, as foreign partitions: scans find the same, and each server is asked only for what is late.

use claimwatch::now::TimeSource;
use claimwatch::scan::{Request, Resolved, scan};
use tokio_util::sync::CancellationToken;

use super::claims::{Layout, all_found, fill, move_into};
use super::plans::{Since, Step, TOLD};
use crate::postgres::{Cluster, Database, Stop, rows_of};
use crate::world::{World, at};

const LATER: &str = "2026-11-23T12:00:00Z";

/// Two foreign tables each, as docs/scaling.md shows it.
fn far(servers: [&Cluster; 2]) -> Layout {
    let mut tables = "CREATE EXTENSION postgres_fdw; CREATE SCHEMA far; \
        CREATE TABLE far.claims (LIKE claimwatch.claims) PARTITION BY HASH (claim_id); \
        CREATE TABLE far.claim_payments (LIKE claimwatch.claim_payments) PARTITION BY HASH (claim_id);"
        .to_owned();
    for (n, server) in servers.into_iter().enumerate() {
        tables += &format!(
            "CREATE SERVER far_{n} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{}', port '5432', \
             dbname 'claimwatch', use_remote_estimate 'true', fetch_size '10000', batch_size '1000', async_capable 'true'); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER far_{n} OPTIONS (user 'postgres');",
            server.folder().display()
        );
        for table in ["claims", "claim_payments"] {
            tables += &format!(
                "CREATE FOREIGN TABLE far.{table}_{n} PARTITION OF far.{table} FOR VALUES WITH (MODULUS 2, REMAINDER {n}) \
                 SERVER far_{n} OPTIONS (schema_name 'claimwatch', table_name '{table}');"
            );
        }
    }
    Layout { name: "far", tables }
}

#[tokio::test]
async fn scans_of_claims_on_two_other_servers_find_the_same_and_send_them_the_cutoff_and_the_status() {
    let near = Cluster::create(&TOLD, &[]).expect("a server");
    let (one, two) = (Cluster::create(&TOLD, &[]).expect("a server"), Cluster::create(&TOLD, &[]).expect("a server"));
    let (_one, _two) = (Database::in_cluster(&one).await, Database::in_cluster(&two).await);
    let mut world = World::in_cluster(&near).await;
    fill(&world).await;
    let plain = Layout {
        name: "plain",
        tables: "CREATE SCHEMA plain; CREATE TABLE plain.claims (LIKE claimwatch.claims INCLUDING ALL); \
            CREATE TABLE plain.claim_payments (LIKE claimwatch.claim_payments INCLUDING ALL)"
            .into(),
    };
    move_into(&mut world, &plain).await;
    let expected = all_found(&world, "plain").await;
    assert!(expected[0].0.opened > 300 && expected[1].0.resolved != Resolved::default(), "{:?}", expected[1].0);

    move_into(&mut world, &far([&one, &two])).await;
    for server in [&one, &two] {
        for table in ["claims", "claim_payments"] {
            rows_of(&server.url("claimwatch"), &format!("VACUUM ANALYZE {table}")).await.expect("statistics");
        }
    }
    let (since, since_one, since_two) = (Since::now(&near), Since::now(&one), Since::now(&two));
    assert_eq!(all_found(&world, "far").await, expected);

    let steps = since.steps("claimwatch");
    for part in ["far.claims_0", "far.claims_1"] {
        for (start, status) in [
            ("submitted_at", "'{submitted,underreview}'"),
            ("disputed_at", "= 'disputed'"),
            ("approved_at", "= 'approved'"),
        ] {
            let asks = |step: &&Step| {
                let cutoff = step.remote.contains(&format!("({start} < '2026-"));
                step.relation == part
                    && cutoff
                    && step.remote.contains(status)
                    && step.remote.contains("lower(replace(")
            };
            assert!(steps.iter().any(|step| asks(&step)), "{part} {start}: {steps:#?}");
        }
    }
    for server in [since_one, since_two] {
        let steps = server.steps("postgres_fdw");
        for start in ["submitted_at", "disputed_at", "approved_at"] {
            let asked = |step: &&Step| step.condition.contains(&format!("{start} < '2026-"));
            assert!(steps.iter().any(|step| asked(&step)), "{start}: {steps:#?}");
        }
        // `go_on` writes there too; what a scan reads is a cursor's.
        let whole = steps.iter().filter(|step| step.node == "Seq Scan" && step.statement.starts_with("DECLARE"));
        let whole: Vec<&Step> = whole.collect();
        assert!(whole.is_empty(), "{whole:#?}");
    }

    two.stop(Stop::Fast).expect("stopped");
    let before = world.tables(&["watch_far.sla_alerts", "watch_far.sla_alert_events"]).await;
    let request = Request { at: at(LATER), since: None, dry_run: false, scheduled_for: None, term: None };
    let time = TimeSource::fixed(request.at);
    let failed = scan(&*world.store, &world.plan, &time, &request, &CancellationToken::new(), &|| {}).await;
    assert!(failed.is_err(), "half of the claims cannot be seen");
    assert_eq!(world.tables(&["watch_far.sla_alerts", "watch_far.sla_alert_events"]).await, before);
    two.start().expect("started again");
    assert_eq!(world.scan(LATER).await.resolved, Resolved::default(), "they are as they were");
}
