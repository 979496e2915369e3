//! What a quiet daemon says: docs/log-messages.md.

use super::*;

/// Lines that are not about scans: the start, who leads, the stop, what came of the outbox.
const BESIDE: [&str; 5] = [
    "claimwatch is ready",
    "this daemon leads",
    "stopping: what is in hand",
    "a message was handed on",
    "the outbox was drained",
];

on_every_engine! {
    async fn each_scan_is_one_line_at_info_and_none_is_above(world in World) {
        let (log, _guard) = Log::keep();
        late(&world).await;
        world.time.set(at("2026-11-23T09:00:30Z"));
        let daemon = start(&world, HOURLY, &mail_as_files(&world)).await;
        until("both mails", async || in_state(&world, DeliveryState::Sent).await == 2).await;
        // One that finds an alert settled, one that raises another, one that finds nothing.
        let reviewed = claim("C-1", "approved").on("submitted_at", "2026-11-16T10:00:00Z");
        world.put(reviewed.on("reviewed_at", "2026-11-23T09:30:00Z").on("approved_at", "2026-11-23T09:30:00Z")).await;
        world.time.set(at("2026-11-23T10:00:00Z"));
        until("the second scan", async || scans(&world).await.len() == 2).await;
        world.put(claim("C-2", "submitted").on("submitted_at", "2026-11-16T10:00:00Z")).await;
        world.time.set(at("2026-11-23T11:00:00Z"));
        until("the third scan", async || scans(&world).await.len() == 3).await;
        world.time.set(at("2026-11-23T12:00:00Z"));
        until("the fourth scan", async || scans(&world).await.len() == 4).await;
        until("word of it", async || log.count("scheduled_for=2026-11-23T12:00:00Z") == 1).await;
        daemon.stopped().await.expect("a clean stop");
        let text = log.text();
        let of_scans: Vec<&str> =
            text.lines().filter(|line| !BESIDE.iter().any(|words| line.contains(words))).collect();
        let times = ["09", "10", "11", "12"].map(|hour| format!("scheduled_for=2026-11-23T{hour}:00:00Z "));
        assert_eq!(of_scans.len(), times.len(), "{of_scans:#?}");
        for (line, time) in of_scans.iter().zip(times) {
            assert!(line.contains("INFO") && line.contains("a scan finished") && line.contains(&time), "{line}");
        }
    }
}
