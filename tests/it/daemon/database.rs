//! A daemon whose database goes away, is another's, or lacks what it needs.

use claimwatch::daemon::DaemonError;
use claimwatch::store::DeliveryState;
use tokio::time::Instant;

use super::*;
use crate::postgres::{Cluster, Stop};
use crate::{on_every_engine, on_sqlite};

on_every_engine! {
    async fn deliveries_that_fail_are_tried_again_soon_and_said_once(world in World) {
        late(&world).await;
        world.scan("2026-11-23T09:00:00Z").await;
        world.sql("ALTER TABLE outbox RENAME TO elsewhere").await;
        let (log, _guard) = Log::keep();
        let daemon = start(&world, "0 0 0 1 1 *", &mail_as_files(&world)).await;
        until("ticks without an outbox", async || daemon.heard.count("Alive") >= 5).await;
        assert_eq!(log.count("deliveries fail"), 1, "{}", log.text());
        world.sql("ALTER TABLE elsewhere RENAME TO outbox").await;
        let began = Instant::now();
        until("the mail", async || in_state(&world, DeliveryState::Sent).await == 1).await;
        assert!(began.elapsed() < Duration::from_secs(20), "sooner than it would look without a reason");
        until("a word about it", async || log.count("deliveries succeed again") == 1).await;
        daemon.stopped().await.expect("a clean stop");
    }
}

on_sqlite! {
    async fn a_second_daemon_on_one_file_refuses_to_start_and_does_no_harm_to_the_first(world in World) {
        late(&world).await;
        let first = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("readiness", async || first.heard.count("Ready") == 1).await;
        let second = start(&world, HOURLY, &mail_as_files(&world)).await;
        let heard = Arc::clone(&second.heard);
        let error = second.ended().await.expect_err("a refusal");
        assert!(matches!(&error, DaemonError::Another { pid, .. } if *pid == std::process::id().to_string()), "{error}");
        assert_eq!(heard.news(), [""; 0]);
        until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
        first.stopped().await.expect("a clean stop");
        start(&world, HOURLY, &mail_as_files(&world)).await.stopped().await.expect("the file is free again");
    }

    async fn a_database_that_is_moved_away_and_back_is_waited_for_and_another_in_its_place_is_not_touched(world in World) {
        late(&world).await;
        let database = world.folder.path().join("claimwatch.db");
        let aside = world.folder.path().join("aside.db");
        let (log, _guard) = Log::keep();
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("the first scan", async || scans(&world).await.len() == 1).await;
        std::fs::rename(&database, &aside).expect("moved away");
        world.time.set(at("2026-11-23T10:00:00Z"));
        let before = daemon.heard.count("Alive");
        until("ticks without a database", async || daemon.heard.count("Alive") >= before + 3).await;
        assert!(!database.exists());
        std::fs::rename(&aside, &database).expect("moved back");
        until("the scan that was due", async || scans(&world).await.len() == 2).await;
        until("word of it", async || log.count("the database is available again") == 1).await;
        assert_eq!(log.count("the database is not available; trying"), 1);

        std::fs::copy(&database, &aside).expect("a backup");
        std::fs::rename(&aside, &database).expect("the backup in its place");
        world.time.set(at("2026-11-23T11:00:00Z"));
        let error = daemon.ended().await.expect_err("another file");
        assert!(matches!(error, DaemonError::Replaced(_)), "{error}");
    }
}

mod on_postgres {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_stopped_and_started_is_waited_for_and_what_was_due_is_done() {
        for how in [Stop::Fast, Stop::Immediate] {
            let cluster = Cluster::create(&[], &[]).expect("a server");
            let world = World::in_cluster(&cluster).await;
            late(&world).await;
            let (log, _guard) = Log::keep();
            let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
            until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
            cluster.stop(how).expect("stopped");
            world.time.set(at("2026-11-23T10:00:00Z"));
            let before = daemon.heard.count("Alive");
            until("ticks without a server", async || daemon.heard.count("Alive") >= before + 3).await;
            cluster.start().expect("started");
            until("the scan that was due", async || scans(&world).await.len() == 2).await;
            until("a word about it", async || log.count("the database is available again") == 1).await;
            assert_eq!(log.count("the database is not available; trying"), 1, "{}", log.text());
            daemon.stopped().await.expect("a clean stop");
            assert_eq!(world.sql("SELECT count(*) FROM outbox").await, [["2"]], "each mail once");
        }
    }
}
