//! Claims in partitioned tables: scans find the same as in plain ones, and ask every part for no more than it must give.

use std::collections::BTreeSet;

use claimwatch::scan::{Resolved, ScanSummary};

use super::claims::{Layout, all_found, fill, indexes, move_into};
use super::plans::{Since, Step, TOLD};
use crate::postgres::Cluster;
use crate::world::World;

fn by_month() -> Layout {
    let months = (0..24).map(|month| {
        let day = |month: u32| format!("{}-{:02}-01 00:00Z", 2025 + month / 12, month % 12 + 1);
        format!(
            "CREATE TABLE by_month.claims_{month:02} PARTITION OF by_month.claims FOR VALUES FROM ('{}') TO ('{}');",
            day(month),
            day(month + 1)
        )
    });
    let months: String = months.collect();
    Layout {
        name: "by_month",
        tables: format!(
            "CREATE SCHEMA by_month; \
             CREATE TABLE by_month.claims (LIKE claimwatch.claims) PARTITION BY RANGE (submitted_at); {months} \
             CREATE TABLE by_month.claims_rest PARTITION OF by_month.claims DEFAULT; \
             CREATE INDEX ON by_month.claims (claim_id); \
             CREATE TABLE by_month.claim_payments (LIKE claimwatch.claim_payments, PRIMARY KEY (payment_id)); {}",
            indexes("by_month")
        ),
    }
}

fn by_hash() -> Layout {
    let parts = (0..8).map(|part| {
        let table = |name: &str| {
            format!(
                "CREATE TABLE by_hash.{name}_{part} PARTITION OF by_hash.{name} \
                 FOR VALUES WITH (MODULUS 8, REMAINDER {part});"
            )
        };
        table("claims") + &table("claim_payments")
    });
    let parts: String = parts.collect();
    Layout {
        name: "by_hash",
        tables: format!(
            "CREATE SCHEMA by_hash; \
             CREATE TABLE by_hash.claims (LIKE claimwatch.claims, PRIMARY KEY (claim_id)) PARTITION BY HASH (claim_id); \
             CREATE TABLE by_hash.claim_payments (LIKE claimwatch.claim_payments, PRIMARY KEY (payment_id, claim_id)) \
             PARTITION BY HASH (claim_id); {parts} {}",
            indexes("by_hash")
        ),
    }
}

/// The parts in which an index was asked for starts before the cutoff.
fn asked_by_cutoff(steps: &[Step], start: &str) -> BTreeSet<String> {
    let cutoff = format!("{start} < '2026-");
    steps.iter().filter(|step| step.condition.contains(&cutoff)).map(|step| step.relation.clone()).collect()
}

/// No table with more than a page is read as a whole.
async fn refuse_whole_reads(world: &World, steps: &[Step]) {
    let large = world
        .sql("SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relkind = 'r' AND relpages > 1")
        .await
        .concat();
    let whole =
        |step: &&Step| step.node == "Seq Scan" && large.contains(&step.relation) && step.relation.contains(".claim");
    let whole: Vec<&Step> = steps.iter().filter(whole).collect();
    assert!(whole.is_empty(), "{whole:#?}");
}

/// Both scans and what happens in between, in the layout; each part must be asked in its indexes.
async fn live(cluster: &Cluster, world: &mut World, layout: &Layout) -> (Vec<(ScanSummary, Vec<String>)>, Vec<Step>) {
    move_into(world, layout).await;
    let since = Since::now(cluster);
    let found = all_found(world, layout.name).await;
    let steps = since.steps("claimwatch");
    refuse_whole_reads(world, &steps).await;
    (found, steps)
}

#[tokio::test]
async fn scans_of_claims_by_month_and_by_hash_find_the_same_and_ask_each_part_by_its_index() {
    let cluster = Cluster::create(&TOLD, &[]).expect("a server");
    let mut world = World::in_cluster(&cluster).await;
    fill(&world).await;
    let plain = Layout {
        name: "plain",
        tables: "CREATE SCHEMA plain; CREATE TABLE plain.claims (LIKE claimwatch.claims INCLUDING ALL); \
            CREATE TABLE plain.claim_payments (LIKE claimwatch.claim_payments INCLUDING ALL)"
            .into(),
    };
    let (expected, steps) = live(&cluster, &mut world, &plain).await;
    let [(first, _), (second, alerts), (third, _)] = &expected[..] else { panic!("three scans") };
    let resolved = second.resolved;
    assert!(first.opened > 300 && second.opened > 10, "{first:?} {second:?}");
    assert!(resolved.late > 5 && resolved.withdrawn > 5, "{second:?}");
    assert!(alerts.iter().any(|alert| alert.contains("Some(\"C-000003-2\")")), "lines too");
    assert_eq!((third.opened, third.resolved), (0, Resolved::default()));
    const STARTS: [&str; 3] = ["submitted_at", "disputed_at", "approved_at"];
    for start in STARTS {
        assert_eq!(asked_by_cutoff(&steps, start), ["plain.claims".to_owned()].into(), "{start}");
    }

    let (found, steps) = live(&cluster, &mut world, &by_month()).await;
    assert_eq!(found, expected);
    let parts = |months: std::ops::Range<u32>| months.map(|month| format!("by_month.claims_{month:02}"));
    let rest = ["by_month.claims_rest".to_owned()];
    // Of the key's own rule the months after the cutoff need not be asked: here December.
    assert_eq!(asked_by_cutoff(&steps, "submitted_at"), parts(0..23).chain(rest.clone()).collect());
    for start in &STARTS[1..] {
        let asked = asked_by_cutoff(&steps, start);
        let with_claims: BTreeSet<String> = parts(0..22).chain(rest.clone()).collect();
        assert!(with_claims.is_subset(&asked), "{start}: {asked:?}");
    }

    let (found, steps) = live(&cluster, &mut world, &by_hash()).await;
    assert_eq!(found, expected);
    for start in STARTS {
        let parts = (0..8).map(|part| format!("by_hash.claims_{part}"));
        assert_eq!(asked_by_cutoff(&steps, start), parts.collect(), "{start}");
    }
}
