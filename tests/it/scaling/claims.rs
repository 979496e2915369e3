//! The same claims in tables of different layouts, and what scans find in each.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use claimwatch::scan::ScanSummary;
use claimwatch::store::SourceRelations;

use crate::postgres::PostgresStore;
use crate::world::World;

pub const FIRST: &str = "2026-11-23T09:00:00Z";
pub const SECOND: &str = "2026-11-23T10:00:00Z";
pub const THIRD: &str = "2026-11-23T11:00:00Z";

/// 24,000 claims of two years, 3 % of them with a running clock, some of them late; few have payment lines.
const CLAIMS: &str = "
    INSERT INTO claimwatch.programs (program_id) SELECT 'P-' || n FROM generate_series(0, 19) n;
    INSERT INTO claimwatch.claims (claim_id, program_id, partner_name, status, submitted_at, reviewed_at, disputed_at,
        approved_at, paid_at, amount, currency, updated_at)
    SELECT 'C-' || lpad(n::text, 6, '0'), 'P-' || n % 20, 'Partner ' || n % 700,
        CASE WHEN kind IN (0, 1) THEN (ARRAY['Submitted', 'Under review'])[1 + n / 100 % 2] WHEN kind = 2 THEN 'disputed'
            WHEN kind = 3 THEN 'approved' WHEN kind = 5 THEN 'editing' WHEN kind % 2 = 0 THEN 'rejected' ELSE 'approved' END,
        CASE WHEN kind IN (0, 1) THEN started WHEN kind <> 5 THEN earlier END,
        CASE WHEN kind NOT IN (0, 1, 5) THEN earlier + '1 day' END,
        CASE WHEN kind = 2 THEN started END,
        CASE WHEN kind = 3 THEN started - '80 days'::interval WHEN kind > 5 AND kind % 2 = 1 THEN earlier + '1 day' END,
        CASE WHEN kind > 5 AND kind % 2 = 1 THEN earlier + '9 days' END,
        n % 900 + 0.25, 'EUR', earlier + '9 days'
    FROM (SELECT n, n % 100 AS kind, timestamptz '2025-01-05 10:00Z' + n * 37 % 650 * interval '1 day' AS earlier,
        CASE WHEN n / 100 % 3 = 0 THEN timestamptz '2026-11-20 12:00Z' ELSE timestamptz '2026-11-02 10:00Z' + n / 100 % 9 * interval '1 day'
        END AS started FROM generate_series(0, 23999) n) claims;
    INSERT INTO claimwatch.claim_payments (payment_id, claim_id, paying_entity, amount, currency, paid_at)
    SELECT claim_id || '-' || line, claim_id, 'Entity ' || line, 10.5, 'EUR', CASE line WHEN 1 THEN approved_at + '3 days' END
    FROM claimwatch.claims, generate_series(1, 2) line WHERE claim_id LIKE '%03' AND claim_id < 'C-012';
    VACUUM ANALYZE claimwatch.claims; VACUUM ANALYZE claimwatch.claim_payments; VACUUM ANALYZE claimwatch.programs";

/// A layout of the claims' tables, in a schema of its own beside those with the plain ones.
pub struct Layout {
    pub name: &'static str,
    /// Makes the tables `NAME.claims` and `NAME.claim_payments`, empty.
    pub tables: String,
}

/// Puts the claims into plain tables.
pub async fn fill(world: &World) {
    for statement in CLAIMS.split(';') {
        world.sql(statement).await;
    }
}

/// Copies the claims into `layout`, and leaves the world's scans to find their way there, without an alert yet.
pub async fn move_into(world: &mut World, layout: &Layout) {
    let name = layout.name;
    world.sql(&layout.tables).await;
    for table in ["claims", "claim_payments"] {
        world.sql(&format!("INSERT INTO {name}.{table} SELECT * FROM claimwatch.{table}")).await;
        world.sql(&format!("ANALYZE {name}.{table}")).await;
    }
    let store =
        PostgresStore::connect(&world.database.url(), None, &format!("watch_{name}"), 4).await.expect("a store");
    let sources = SourceRelations {
        claims: format!("{name}.claims"),
        programs: "claimwatch.programs".into(),
        payments: Some(format!("{name}.claim_payments")),
        history: None,
    };
    store.migrate(&sources).await.expect("its schema");
    world.store = Arc::new(store);
}

/// What happens between two scans: claims are decided, resubmitted and deleted, lines are paid.
pub async fn go_on(world: &World, schema: &str) {
    let instant = "timestamptz '2026-11-23 09:30Z'";
    world
        .sql(&format!(
            "UPDATE {schema}.claims SET status = 'approved', reviewed_at = {instant}, approved_at = {instant} \
             WHERE status = 'Under review' AND claim_id LIKE '%5_0'; \
             UPDATE {schema}.claims SET status = 'submitted', submitted_at = timestamptz '2026-11-10 10:00Z' \
             WHERE status = 'editing' AND claim_id LIKE '%105'; \
             DELETE FROM {schema}.claims WHERE status = 'disputed' AND claim_id LIKE '%202'; \
             UPDATE {schema}.claim_payments SET paid_at = {instant} WHERE paid_at IS NULL AND claim_id LIKE '%303'"
        ))
        .await;
}

/// What a scan says and what it leaves: every alert and every count.
pub async fn found(world: &World, instant: &str) -> (ScanSummary, Vec<String>) {
    let summary = world.scan(instant).await;
    let mut alerts: Vec<String> = world
        .alerts()
        .await
        .into_iter()
        .map(|alert| {
            let clock = (&alert.rule, &alert.claim_id, &alert.payment_id, alert.clock_started_at, alert.due_at);
            format!("{clock:?} {:?} {:?} {:?}", alert.state, alert.resolution, alert.stopped_at)
        })
        .collect();
    alerts.sort();
    (ScanSummary { elapsed_ms: 0, ..summary }, alerts)
}

/// All three scans, with what happens after the first one.
pub async fn all_found(world: &World, schema: &str) -> Vec<(ScanSummary, Vec<String>)> {
    let first = found(world, FIRST).await;
    go_on(world, schema).await;
    vec![first, found(world, SECOND).await, found(world, THIRD).await]
}

/// Our own indexes, over the tables of a schema.
pub fn indexes(schema: &str) -> String {
    let migration = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres/0001_first.sql");
    let text = fs::read_to_string(migration).expect("the migration");
    let statements = text.split_inclusive(';').filter_map(|statement| {
        let statement = statement.find("CREATE INDEX claim").map(|place| &statement[place..])?;
        Some(statement.replacen(" ON claim", &format!(" ON {schema}.claim"), 1))
    });
    let indexes: Vec<String> = statements.collect();
    assert!(indexes.len() >= 12, "{indexes:#?}");
    indexes.concat()
}
