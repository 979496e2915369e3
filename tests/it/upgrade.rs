//! An upgrade under way: the schema is a newer claimwatch's already, and this one still works on it, or says that it cannot.

use claimwatch::alert::{Resolution, State};
use claimwatch::store::{SourceRelations, StoreError};

use crate::on_every_engine;
use crate::world::{World, claim};

/// What a newer claimwatch's migration makes of the schema: new columns, a new table, and for which programs it is.
async fn expand(world: &World, works_with: i64) {
    world.sql("ALTER TABLE sla_alerts ADD COLUMN owner TEXT; ALTER TABLE outbox ADD COLUMN priority INTEGER NOT NULL DEFAULT 0; \
               CREATE TABLE owners (owner TEXT PRIMARY KEY)").await;
    world
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               SELECT 99, 'owners', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    world.sql(&format!("INSERT INTO schema_versions (version, works_with) VALUES (99, {works_with})")).await;
}

on_every_engine! {
    async fn on_a_schema_that_was_only_expanded_the_work_goes_on_and_may_be_begun(world in World) {
        world.program("P-1", None, false).await;
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-02T10:00:00Z")).await;
        world.scan("2026-11-09T09:00:00Z").await;
        expand(&world, 1).await;

        // One that runs: it scans on, raises and resolves.
        world.put(claim("C-1", "rejected").on("submitted_at", "2026-11-02T10:00:00Z").on("reviewed_at", "2026-11-09T12:00:00Z")).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-03T10:00:00Z")).await;
        let summary = world.scan("2026-11-10T09:00:00Z").await;
        assert_eq!((summary.opened, summary.resolved.late), (1, 1));

        // One that starts, as after an upgrade that was undone: `prepare` and `migrate` leave the schema as it is.
        let sources = SourceRelations::default();
        world.migrate(&sources).await;
        let again = world.database.adapter().await.store();
        again.verify(&sources).await.expect("it works with it");
        again.close().await;
        let newest = world.sql("SELECT max(version) FROM _sqlx_migrations").await;
        assert_eq!(newest, [["99"]]);
        let mut alerts = world.alerts().await;
        alerts.sort_by(|a, b| a.claim_id.cmp(&b.claim_id));
        let told: Vec<_> = alerts.iter().map(|alert| (alert.state, alert.resolution)).collect();
        assert_eq!(told, [(State::Resolved, Some(Resolution::Late)), (State::Breached, None)]);
    }

    async fn a_schema_that_was_contracted_is_refused(world in World) {
        expand(&world, 99).await;
        let refused = world.store.verify(&SourceRelations::default()).await.expect_err("it does not work with it");
        assert!(matches!(&refused, StoreError::Schema(why) if why.contains("at version 99, newer than this claimwatch knows (1)")), "{refused:?}");
    }

    async fn what_this_version_does_not_know_is_not_copied_without_it(world in World) {
        expand(&world, 1).await;
        let Err(refused) = world.store.outgoing().await else { panic!("a copy would lack columns") };
        assert!(refused.to_string().contains("newer than this claimwatch knows"), "{refused}");
    }
}
