//! A database that was opened to be looked at: whatever is done with it, nothing in it changes.

use claimwatch::store::sqlite::SqliteStore;
use claimwatch::store::{SourceRelations, Store, StoreError};

use crate::on_every_engine;
use crate::postgres::{PostgresStore, SCHEMA};
use crate::world::{Database, at, claim};

/// What refuses to migrate, and then whatever else is done.
async fn opened(database: &Database) -> (Result<(), StoreError>, Box<dyn Store>) {
    let sources = SourceRelations { claims: "programs".into(), ..SourceRelations::default() };
    match database {
        Database::Sqlite(path) => {
            let store = SqliteStore::open_read_only(path).await.expect("a database");
            (store.migrate(&sources).await, Box::new(store))
        }
        Database::Postgres(database, _) => {
            let store = PostgresStore::connect(database.url(), None, SCHEMA, 2).await.expect("a database").read_only();
            (store.migrate(&sources).await, Box::new(store))
        }
    }
}

on_every_engine! {
    async fn what_was_opened_to_be_looked_at_refuses_every_change(world in World) {
        world.put(claim("C-1", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.scan("2026-11-23T09:00:00Z").await;
        let names = ["sla_alerts", "outbox", "settings", "scans"];
        let before = world.tables(&names).await;
        let (migrated, store) = opened(&world.database).await;
        assert!(migrated.is_err());
        assert_eq!(store.next_delivery().await.expect("an answer"), Some(at("2026-11-23T09:00:00Z")));
        let refused = store.retry(None, at("2026-11-24T09:00:00Z")).await.expect_err("no change").to_string();
        assert!(refused.contains("readonly database") || refused.contains("read-only transaction"), "{refused}");
        store.close().await;
        assert_eq!(world.tables(&names).await, before);
    }
}
